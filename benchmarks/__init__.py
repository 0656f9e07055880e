"""Compares the speed of convcalc with that of other programs, as ratios: ``python -m benchmarks``. See README.md."""
