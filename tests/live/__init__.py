"""Comparison with the live Keras, which is the judge. Run with ``pytest -m keras tests/live``."""
