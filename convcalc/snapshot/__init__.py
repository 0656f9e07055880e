"""Snapshots of models: read from a printed summary, a JSON report or a model file, or made from a report."""
