"""What convcalc takes beside others, in ratios: ``python -m benchmarks``. README.md says how to read them."""
