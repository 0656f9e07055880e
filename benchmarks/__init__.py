"""Compares the speed of convcalc with the speed of other programs: ``python -m benchmarks``. See README.md."""
