"""The calculator: computes one convolution or pooling from numbers, without a model. It does not import the engine."""
