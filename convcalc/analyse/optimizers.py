"""The variables that Keras's optimizers make: for each variable that they train, and for themselves.

Sources: ``build`` in ``keras/src/optimizers/*.py``; types as on TensorFlow, where Keras's "int" has 64 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convcalc.layers.registry import Weight


def _alike(count: int) -> Callable[[Weight], tuple[Weight, ...]]:
    """So many variables like the one that is trained."""
    return lambda weight: () if weight.replaced_by_gradient else (weight,) * count


def _factored(weight: Weight) -> tuple[Weight, ...]:
    """Adafactor: a velocity, and of a matrix sums over each of its last two axes; of a vector, two numbers stand for these."""
    shape = weight.shape
    if len(shape) < 2:
        return (*_alike(1)(weight), *(Weight(name, (), dtype="int32") for name in ("rows", "columns")))
    return (weight, weight._replace(shape=shape[:-1]), weight._replace(shape=(*shape[:-2], shape[-1])))


SLOTS: dict[str, Callable[[Weight], tuple[Weight, ...]]] = {
    "sgd": _alike(0),
    "momentum": _alike(1),
    "nesterov": _alike(1),
    "adam": _alike(2),
    "amsgrad": _alike(3),
    "adamw": _alike(2),
    "nadam": _alike(2),
    "adamax": _alike(2),
    "adagrad": _alike(1),
    "adadelta": _alike(2),
    "rmsprop": _alike(1),
    "rmsprop_momentum": _alike(2),
    "rmsprop_centered": _alike(2),
    "rmsprop_momentum_centered": _alike(3),
    "adafactor": _factored,
    "lion": _alike(1),
    "lamb": _alike(2),
    "ftrl": _alike(2),
    "schedule_free_adamw": _alike(2),
}
_OWN = (Weight("iteration", (), dtype="int64"), Weight("learning_rate", (), dtype="float32"))


def slots(optimizer: str, weights: Sequence[Weight]) -> list[Weight]:
    """The variables that the optimizer makes to train these weights."""
    made = [slot for weight in weights for slot in SLOTS[optimizer](weight)]
    if optimizer == "nadam":  # the product of its momentum's schedule, in the type of the first weight
        made.append(Weight("u_product", (), dtype=weights[0].dtype if weights else "float32"))
    return [*_OWN, *made]
