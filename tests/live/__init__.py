"""Compares convcalc with the installed Keras, whose results are taken as correct.

Run with ``pytest -m keras tests/live``.
"""
