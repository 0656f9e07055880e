"""Builders of the models of packages. Each module has a function `models`, which yields names and functions."""
