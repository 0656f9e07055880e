"""Comparison with the live Keras, whose results are taken as correct. Run with ``pytest -m keras tests/live``."""
