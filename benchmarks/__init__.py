"""Compares the speed of convcalc with that of other programs, in ratios: ``python -m benchmarks``. README.md explains them."""
