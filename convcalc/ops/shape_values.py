"""The values of small integer tensors, from which TensorFlow's functions compute shapes.

Example: a file of Keras 2 stores ``tf.reshape(x, [tf.shape(x)[0], -1])`` as three calls. The first computes a shape,
the second selects an element, the third uses the element as a size.

A value is a number, or a tuple of numbers for a vector. An element that depends on the model's input is
:data:`UNKNOWN`. tf_keras computes these values too (``inferred_value`` in ``keras_tensor.py``).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from convcalc.base.numbers import UNKNOWN, product
from convcalc.ops.tensor import Tensor

# the maximum number of elements of a vector that can be a shape: a tensor has at most 64 axes
_LONGEST = 64


def value_of(operation: str, args: Mapping[str, Any]) -> Any:
    """Returns the value of an operation's first output; None if the value is unknown."""
    rule = _RULES.get(operation)
    value = rule(args) if rule is not None else None
    return value if not isinstance(value, tuple) or len(value) <= _LONGEST else None


def known_value(operand: Any) -> Any:
    """Returns the value of an operand; None if the value is unknown.

    The operand is a tensor, a whole number or a list of whole numbers.
    """
    if isinstance(operand, Tensor):
        return operand.value
    if isinstance(operand, int) and not isinstance(operand, bool):
        return operand
    if isinstance(operand, (list, tuple)):
        parts = tuple(known_value(part) for part in operand)
        return None if any(part is None or isinstance(part, tuple) for part in parts) else parts
    return None


def _elementwise(compute: Callable[[Any, Any], Any]) -> Callable[[Mapping[str, Any]], Any]:
    def rule(args: Mapping[str, Any]) -> Any:
        left, right = known_value(args["x1"]), known_value(args["x2"])
        if left is None or right is None:
            return None
        if not isinstance(left, tuple) and not isinstance(right, tuple):
            return _computed(compute, left, right)
        length = max(len(side) for side in (left, right) if isinstance(side, tuple))
        rows = [side if isinstance(side, tuple) else (side,) * length for side in (left, right)]
        rows = [row * length if len(row) == 1 else row for row in rows]
        return tuple(_computed(compute, a, b) for a, b in zip(*rows))

    return rule


def _computed(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    return UNKNOWN if UNKNOWN in (left, right) or (right == 0 and compute in _DIVISIONS) else compute(left, right)


_DIVISIONS = (operator.floordiv, operator.mod)


def _selected(args: Mapping[str, Any]) -> Any:
    """Returns the value of ``x[key]`` for a vector ``x``; None if the value is unknown."""
    value = known_value(args["x"])
    key = args["key"]
    key = key[0] if isinstance(key, list) and len(key) == 1 else key
    if not isinstance(value, tuple):
        return None
    if isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else None
    bounds = (key.start, key.stop, key.step) if isinstance(key, slice) else (..., ..., ...)
    return value[key] if all(bound is None or isinstance(bound, int) for bound in bounds) and key.step != 0 else None


def _concatenated(args: Mapping[str, Any]) -> Any:
    parts = [known_value(part) for part in args.get("xs", args.get("values", ()))]
    return sum(parts, ()) if all(isinstance(part, tuple) for part in parts) else None


def _cast(args: Mapping[str, Any]) -> Any:
    return known_value(args["x"]) if "int" in str(args["dtype"]) else None


def _multiplied(args: Mapping[str, Any]) -> Any:
    value = known_value(args["x"])
    return product(value) if isinstance(value, tuple) and args.get("keepdims", False) is False else None


_RULES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "tf.shape": lambda args: args["input"].shape,
    "tf.size": lambda args: product(args["input"].shape),
    "tf.rank": lambda args: len(args["input"].shape),
    "GetItem": _selected,
    "Concatenate": _concatenated,
    "tf.concat": _concatenated,
    "Stack": lambda args: known_value(args["x"]),
    "tf.stack": lambda args: known_value(args["values"]),
    "tf.getitem": lambda args: _selected({**args, "key": args["key"][0]}) if len(args["key"]) == 1 else None,
    "Cast": _cast,
    "Prod": _multiplied,
    "Add": _elementwise(operator.add),
    "Subtract": _elementwise(operator.sub),
    "Multiply": _elementwise(operator.mul),
    "FloorDivide": _elementwise(operator.floordiv),
    "Mod": _elementwise(operator.mod),
    "Maximum": _elementwise(max),
    "Minimum": _elementwise(min),
    "StopGradient": lambda args: known_value(args["variable"]),
}
