"""Converts the objects in Keras's configs to plain values for the arguments of layers.

Source: ``keras/src/saving/serialization_lib.py``. No class that a file names is created: an object stays a dict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base.keras_names import snake_case
from convcalc.base.numbers import UNKNOWN, Shape
from convcalc.base.structs import Struct
from convcalc.layers import lookup_builtin
from convcalc.layers.dtypes import DTYPES
from convcalc.model import Constant
from convcalc.read.keras_files.policies import is_policy_object, layer_policy, policy


class KerasTensor(Struct):
    """A reference to a tensor in a config: the layer, the number of its call (``node``), and the number of the output."""

    layer: str
    node: int
    output: int
    shape: Shape | None
    dtype: str


# Default settings of initializers, regularizers and constraints. If all settings of an object are defaults, its name
# replaces it: "random_normal".
_PLAIN: dict[str, tuple[Any, ...]] = {
    "config": ({}, None),
    "seed": (None,),
    "input_axes": (None,),
    "output_axes": (None,),
    "mean": (0.0,),
    "stddev": (0.05,),
    "minval": (-0.05,),
    "maxval": (0.05,),
    "gain": (1.0,),
}
MAX_OUTPUTS = 10_000  # maximum number of outputs of one call
_CONSTANTS = ("__numpy__", "__tensor__")
_KERAS_OBJECTS = ("keras.initializers", "keras.regularizers", "keras.constraints")


def is_trainable(config: Mapping[str, Any]) -> bool:
    """Returns True if the layer of a config is trainable.

    Older versions of Keras save any value, such as 0, and use its truth value. Keras 3.15 accepts only booleans.
    """
    return bool(config.get("trainable", True))


def is_tensor(value: Any) -> bool:
    """Returns True if a value is a reference to a tensor."""
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def tensor(value: Mapping[str, Any]) -> KerasTensor:
    """Returns the tensor that a value refers to. Raises :class:`ValueError` for a malformed reference."""
    config = value.get("config")
    history = config.get("keras_history") if isinstance(config, dict) else None
    if not isinstance(history, list) or len(history) != 3:
        raise ValueError
    name, node, output = history
    if not isinstance(name, str) or not _is_index(node) or not _is_index(output) or output >= MAX_OUTPUTS:
        raise ValueError
    assert isinstance(config, dict)
    dtype = config.get("dtype")
    return KerasTensor(name, node, output, recorded_shape(config.get("shape")), dtype if isinstance(dtype, str) else "")


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def recorded_shape(value: Any) -> Shape | None:
    """Returns a shape that a file records; None for any other value."""
    if isinstance(value, dict):
        value = value.get("items")
    if not isinstance(value, list) or not all(size is None or _is_index(size) for size in value):
        return None
    return tuple(UNKNOWN if size is None else size for size in value)


def constant(value: Any) -> Constant | None:
    """Returns a constant tensor of a config; None for any other value."""
    config = value.get("config") if isinstance(value, dict) and value.get("class_name") in _CONSTANTS else None
    if not isinstance(config, dict) or config.get("dtype") not in DTYPES:
        return None
    return Constant(plain(config.get("value")), config["dtype"])


def operand(value: Any) -> Any:
    """Returns an operand: a constant tensor, a slice or an ellipsis from ``x[…]``, or a plain value (see
    :func:`plain`).
    """
    name, config = (value.get("class_name"), value.get("config")) if isinstance(value, Mapping) else (None, None)
    if name == "__slice__" and isinstance(config, Mapping):
        return slice(config.get("start"), config.get("stop"), config.get("step"))
    if name == "__ellipsis__":
        return ...
    return constant(value) or plain(value)


def plain(value: Any) -> Any:
    """Converts a value of a config for an argument: a tuple to a list, a dtype policy to its name.

    An object with default settings becomes its name, too. The recursion cannot be too deep: the reader of the file
    limits the depth.
    """
    if isinstance(value, list):
        return [plain(part) for part in value]
    if not isinstance(value, dict):
        return value
    name, config = value.get("class_name"), value.get("config")
    if name == "__tuple__" and isinstance(value.get("items"), list):
        return [plain(part) for part in value["items"]]
    if name in _CONSTANTS and isinstance(config, dict):
        return plain(config.get("value"))
    if is_policy_object(value):
        return policy(value)
    if isinstance(name, str) and value.get("module") in _KERAS_OBJECTS and isinstance(config, dict):
        if value["module"] == "keras.initializers":
            name = name.removesuffix(
                "Initializer"
            )  # Keras 3.0 to 3.6 write OrthogonalInitializer; later versions write Orthogonal
        if all(key in _PLAIN and setting in _PLAIN[key] for key, setting in config.items()):
            return snake_case(name)
        return {"class_name": name, "config": {key: plain(part) for key, part in config.items()}}
    if (
        isinstance(name, str) and isinstance(config, dict) and isinstance(config.get("dtype"), dict)
    ):  # only a layer has a dtype policy
        built = value.get("build_config")
        dtype = layer_policy(config["dtype"], config.get("name"), lookup_builtin(name), built, own_path=False)
        value = {**value, "config": {**config, "dtype": dtype}}
    if name == "function" and isinstance(config, str):
        return config
    return {key: plain(part) for key, part in value.items()}
