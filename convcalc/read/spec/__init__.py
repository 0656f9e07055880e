"""Reads YAML specs."""
