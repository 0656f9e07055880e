"""Builders of two models, and a layer of their own class."""

import keras
from keras import layers


class Scale(layers.Layer):
    """Multiplies each channel by a weight."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), name="scale")

    def call(self, x):
        return x * self.scale


def block(x, filters):
    """Two convolutions side by side."""
    shortcut = layers.Conv2D(filters, 1)(x)
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.add([Scale()(x), shortcut])


def classifier(num_classes, size=32):
    """Returns a classifier of two blocks."""
    inputs = keras.Input((size, size, 3))
    x = block(block(inputs, 16), 32)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


def features(size=32):
    """Returns a model of one block."""
    inputs = keras.Input((size, size, 3))
    return keras.Model(inputs, block(inputs, 64))
