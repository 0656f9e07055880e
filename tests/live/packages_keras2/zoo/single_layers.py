"""Models of one random layer each, for every version of Keras 2.

The environment variable ``CASES`` is the path of a JSON file with the cases. A case is a list: the layer's name, its arguments, the
shapes and the dtype of its inputs, and ``trainable``.
"""

import json
import os

from record import keras_module

MANY = 0  # SavedModels would take most of the time
# In Keras 3, these layers have other arguments or another meaning.
OTHER = ("Discretization", "IntegerLookup", "StringLookup", "TextVectorization", "Hashing", "Normalization")


def models():
    """Yields the models that this version of Keras can build."""
    keras, _ = keras_module()
    with open(os.environ["CASES"]) as stream:
        cases = json.load(stream)
    for number, (name, args, shapes, dtype, trainable) in enumerate(cases):
        cls = getattr(keras.layers, name, None)
        if cls is None or name in OTHER or name.startswith("Random"):
            continue
        if name == "HashedCrossing" and shapes[0][0]:  # here, Keras 2 loses the batch size, but Keras 3 keeps it
            continue
        keras.backend.clear_session()
        try:
            model = built(keras, cls, args, shapes, dtype, trainable)
        except Exception:  # this version refuses the layer, its arguments or its inputs
            continue
        yield "{}_{}".format(name, number), lambda: model


def built(keras, cls, args, shapes, dtype, trainable):
    """Returns a model of one layer."""
    args = {key: made(keras, key, value) for key, value in args.items()}
    layer = cls(**args) if trainable else cls(trainable=False, **args)
    inputs = [keras.layers.Input(batch_shape=tuple(shape), dtype=dtype) for shape in shapes]
    if len(inputs) == 1:
        outputs = layer(inputs[0])
    elif cls.__name__ == "MultiHeadAttention":
        outputs = layer(*inputs)
    elif hasattr(layer, "cell") or hasattr(layer, "forward_layer"):
        outputs = layer(inputs[0], initial_state=inputs[1:])
    else:
        outputs = layer(inputs)
    return keras.models.Model(inputs, outputs)


def made(keras, key, value):
    """Returns an argument. A layer is given as a mapping from its name to its arguments."""
    if key in ("layer", "backward_layer", "cell") and isinstance(value, dict):
        ((name, args),) = value.items()
        if not isinstance(args, dict):
            return getattr(keras.layers, name)(args)
        return getattr(keras.layers, name)(**{key: made(keras, key, part) for key, part in args.items()})
    if key in ("layers", "cells"):
        return [made(keras, "layer", part) for part in value]
    if isinstance(value, list):  # Keras 2 distinguishes lists and tuples in some places
        return tuple(made(keras, "", part) for part in value)
    return value
