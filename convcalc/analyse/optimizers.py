"""The variables that Keras's optimizers make for each variable that they train.

Sources: ``build`` in ``keras/src/optimizers/*.py``. What an optimizer keeps besides (``iteration``, ``learning_rate``) is in
:data:`OWN_BYTES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from convcalc.layers.registry import Weight
from convcalc.numbers import Shape


def _alike(count: int) -> Callable[[Shape], tuple[Shape, ...]]:
    """So many variables of the shape of the one that is trained."""
    return lambda shape: (shape,) * count


def _factored(shape: Shape) -> tuple[Shape, ...]:
    """Adafactor: a velocity, and of a matrix one sum over each of its last two axes."""
    return (shape,) if len(shape) < 2 else (shape[:-1], (*shape[:-2], shape[-1]), shape)


SLOTS: dict[str, Callable[[Shape], tuple[Shape, ...]]] = {
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
OWN_BYTES = 8  # the count of steps (int32) and the learning rate (float32)


def slots(optimizer: str, weights: Iterable[Weight]) -> list[Weight]:
    """What the optimizer keeps for these weights; each has the type of the weight that it is for."""
    return [weight._replace(shape=shape) for weight in weights for shape in SLOTS[optimizer](weight.shape)]
