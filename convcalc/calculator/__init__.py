"""Computes one convolution or pooling from numbers, without a model."""
