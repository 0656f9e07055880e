"""Checks: a report held against what it should be."""
