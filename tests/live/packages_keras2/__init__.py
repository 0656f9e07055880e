"""Compares files of packages for Keras 2, and of old versions of Keras, with what Keras says about the models."""
