"""Compares convcalc with old versions of Keras. The models have Keras's own layers, or are from packages for Keras 2."""
