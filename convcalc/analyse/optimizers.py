"""The variables of Keras's optimizers: variables for each trainable weight (*slots*), and a few global variables.

A slot is, for example, the momentum of a weight.


Sources: ``build`` in ``keras/src/optimizers/*.py``. The dtypes are as on the TensorFlow backend, where Keras's "int"
means int64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcalc.layers.registry import Weight


def _copies(count: int) -> Callable[[Weight], tuple[Weight, ...]]:
    """Returns a function from a weight to its slots: ``count`` variables with the weight's shape and dtype."""
    return lambda weight: () if weight.replaced_by_gradient else (weight,) * count


def _factored(weight: Weight) -> tuple[Weight, ...]:
    """Returns the slots of Adafactor for a weight: one of the same shape, and two with one axis less.

    For a weight with fewer than two axes, the last two slots are scalars.
    """
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
    """Returns all variables that the optimizer creates to train ``weights``."""
    variables = [slot for weight in weights for slot in SLOTS[optimizer](weight)]
    if optimizer == "nadam":  # Nadam has a further global variable, u_product, with the dtype of the first weight
        variables.append(Weight("u_product", (), dtype=weights[0].dtype if weights else "float32"))
    return [*_OPTIMIZER, *variables]


# Maps class names of optimizers to keys in SLOTS. The variables of these optimizers depend on no argument.
_CLASSES = {
    "adamw": "adamw",
    "nadam": "nadam",
    "adamax": "adamax",
    "adagrad": "adagrad",
    "adadelta": "adadelta",
    "adafactor": "adafactor",
    "lion": "lion",
    "lamb": "lamb",
    "ftrl": "ftrl",
    "schedulefreeadamw": "schedule_free_adamw",
}
_LOSS_SCALE = (Weight("step_counter", (), dtype="int64"), Weight("dynamic_scale", (), dtype="float32"))


def variables_in_file(optimizer: Any, weights: Sequence[Weight]) -> list[Weight] | None:
    """Returns the variables of the optimizer of a compiled model (``Model.optimizer``), or None if they are unknown.

    ``weights`` are the trainable weights of the model, with their paths as names. The optimizers of Keras 2 and custom
    optimizers are unknown.
    """
    name: Any = optimizer
    config: Any = {}
    if isinstance(optimizer, str):
        pass
    elif isinstance(optimizer, Mapping) and optimizer.get("module") == "keras.optimizers":
        name, config = optimizer.get("class_name"), optimizer.get("config")
    else:
        return None
    if not isinstance(name, str) or not isinstance(config, Mapping) or "is_legacy_optimizer" in config:
        return None
    if name == "LossScaleOptimizer":
        inner = variables_in_file(config.get("inner_optimizer"), weights)
        return None if inner is None else [*_OPTIMIZER, *_LOSS_SCALE, *inner]
    own = _own_variables(name.lower(), config, weights)
    if own is None:
        return None
    averages = [slot for weight in weights for slot in _copies(bool(config.get("use_ema")))(weight)]
    # Every weight has an accumulator, even a weight for which the optimizer has no slot.
    accumulators = weights if config.get("gradient_accumulation_steps") else ()
    variables = [*own, *averages, *accumulators]
    # with a schedule, there is no variable for the learning rate
    has_schedule = isinstance(config.get("learning_rate"), Mapping)
    return [variable for variable in variables if not (has_schedule and variable is _OPTIMIZER[1])]


def _own_variables(name: str, config: Mapping[str, Any], weights: Sequence[Weight]) -> list[Weight] | None:
    """Returns the variables that the class of an optimizer creates; None if they are unknown."""
    if name == "muon":
        if weights and config.get("exclude_layers"):  # regular expressions in a file are never run
            return None
        own = [slot for weight in weights for slot in _copies(1 if _is_matrix(weight, config) else 2)(weight)]
        return [*_OPTIMIZER, *own]
    known = _named(name, config)
    return None if known is None else slots(known, weights)


def _is_matrix(weight: Weight, config: Mapping[str, Any]) -> bool:
    """Returns True for a weight that Muon trains by its own rule. Muon trains all other weights by the rule of Adam."""
    is_embedding = "embedding" in weight.name.lower() and config.get("exclude_embeddings", True)
    return len(weight.shape) == 2 and not is_embedding


def _named(name: str, config: Mapping[str, Any]) -> str | None:
    """Returns the key in :data:`SLOTS` for the name of a class and its config."""
    if name == "sgd":
        return "momentum" if config.get("momentum") else "sgd"
    if name in ("adam", "adamw") and config.get("amsgrad"):
        return "amsgrad"
    if name == "rmsprop":
        momentum, centered = "_momentum" * bool(config.get("momentum")), "_centered" * bool(config.get("centered"))
        return f"rmsprop{momentum}{centered}"
    return "adam" if name == "adam" else _CLASSES.get(name)
