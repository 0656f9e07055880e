"""Reads Keras models from Python code. The code is parsed and interpreted; it is never imported, compiled or executed."""
