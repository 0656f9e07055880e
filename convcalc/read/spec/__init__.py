"""YAML specs."""
