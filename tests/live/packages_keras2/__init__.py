"""Compares convcalc with old versions of Keras, for models of Keras's own layers and of packages for Keras 2."""
