"""Reads the files that Keras writes: configs, ``.keras`` archives, HDF5."""
