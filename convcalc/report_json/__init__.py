"""The JSON report."""

SCHEMA_VERSION = 1
"""Version of the JSON report; CHANGELOG.md notes every change."""
