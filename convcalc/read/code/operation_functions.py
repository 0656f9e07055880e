"""The functions of ``keras.ops`` and ``keras.activations``."""

from __future__ import annotations

from typing import Any

from convcalc.ops import find_function
from convcalc.ops.registry import _classes
from convcalc.read.code.arrays import Array
from convcalc.read.code.graph import TensorValue, WeightValue
from convcalc.read.code.libraries import FUNCTIONS, function
from convcalc.read.code.operations import call_operation
from convcalc.read.code.values import Spot


@function("keras.ops.shape")
def _shape(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0]
    if isinstance(value, TensorValue):
        return value.sizes
    return tuple(value.shape) if isinstance(value, (Array, WeightValue)) else run.unknown("the shape is unknown", spot)


@function("keras.ops.convert_to_tensor", "keras.ops.stop_gradient")
def _same(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return args[0]


def _operation(name: str) -> Any:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        operation = find_function(name)
        if operation is None:
            return run.unknown(f"`keras.ops.{name}` is not known", spot)
        return call_operation(run, operation, args, kwargs, spot)

    return run_it


for _name in [*_classes()]:
    for _path in (
        f"keras.ops.{_name}",
        f"keras.ops.numpy.{_name}",
        f"keras.ops.nn.{_name}",
        f"keras.ops.image.{_name}",
    ):
        FUNCTIONS.setdefault(_path, _operation(f"image.{_name}" if ".image." in _path else _name))
    FUNCTIONS.setdefault(f"keras.activations.{_name}", _operation(_name))
