"""Functions on tensors: operations of Keras, `keras.backend` and TensorFlow."""
