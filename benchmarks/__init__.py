"""Compares the speed of convcalc with the speed of other programs, as ratios: ``python -m benchmarks``. See README.md."""
