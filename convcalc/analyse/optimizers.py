"""The variables of Keras's optimizers: *slots* for each trainable weight, and a few global variables.

Sources: ``build`` in ``keras/src/optimizers/*.py``; the dtypes are those on TensorFlow, where Keras's "int" is int64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convcalc.layers.registry import Weight


def _copies(count: int) -> Callable[[Weight], tuple[Weight, ...]]:
    """Returns a function that returns ``count`` slots with the shape and dtype of a weight."""
    return lambda weight: () if weight.replaced_by_gradient else (weight,) * count


def _factored(weight: Weight) -> tuple[Weight, ...]:
    """Returns Adafactor's slots: a velocity, and one sum over each of the last two axes of a matrix (for a vector, two scalars)."""
    shape = weight.shape
    if len(shape) < 2:
        return (*_copies(1)(weight), *(Weight(name, (), dtype="int32") for name in ("rows", "columns")))
    return (weight, weight._replace(shape=shape[:-1]), weight._replace(shape=(*shape[:-2], shape[-1])))


SLOTS: dict[str, Callable[[Weight], tuple[Weight, ...]]] = {
    "sgd": _copies(0),
    "momentum": _copies(1),
    "nesterov": _copies(1),
    "adam": _copies(2),
    "amsgrad": _copies(3),
    "adamw": _copies(2),
    "nadam": _copies(2),
    "adamax": _copies(2),
    "adagrad": _copies(1),
    "adadelta": _copies(2),
    "rmsprop": _copies(1),
    "rmsprop_momentum": _copies(2),
    "rmsprop_centered": _copies(2),
    "rmsprop_momentum_centered": _copies(3),
    "adafactor": _factored,
    "lion": _copies(1),
    "lamb": _copies(2),
    "ftrl": _copies(2),
    "schedule_free_adamw": _copies(2),
}
_OPTIMIZER = (Weight("iteration", (), dtype="int64"), Weight("learning_rate", (), dtype="float32"))


def slots(optimizer: str, weights: Sequence[Weight]) -> list[Weight]:
    """Returns the variables that the optimizer creates to train these weights."""
    variables = [slot for weight in weights for slot in SLOTS[optimizer](weight)]
    if optimizer == "nadam":  # the product of the momentum schedule has the dtype of the first weight
        variables.append(Weight("u_product", (), dtype=weights[0].dtype if weights else "float32"))
    return [*_OPTIMIZER, *variables]
