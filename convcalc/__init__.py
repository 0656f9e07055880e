"""A Keras model-summary calculator: shapes, parameters and costs of a model, without Keras."""

__version__ = "0.1.0"
