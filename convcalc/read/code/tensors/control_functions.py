"""Functions that call functions of the program: ``tf.cond``, ``tf.map_fn``, ``tf.while_loop``, and the same functions
of ``keras.ops``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.ops import find_function
from convcalc.read.code.keras.graph import TensorValue, mapped, tensors_in
from convcalc.read.code.language.values import DynamicSize, Spot, Unknown
from convcalc.read.code.libraries import function
from convcalc.read.code.tensors.operations import call_operation, get_item
from convcalc.read.code.tensors.tensorflow_calls import call_tensorflow


def _given(names: str, args: list[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(zip(names.split(), args)), **kwargs}


def _value(run: Any, branch: Any, spot: Spot) -> Any:
    """Returns a branch of ``tf.cond``: a value, or the result of a function without arguments."""
    is_value = isinstance(branch, (TensorValue, int, float, Unknown, list, tuple)) or branch is None
    return branch if is_value else run.call(branch, [], {}, spot)


def choose(run: Any, condition: Any, first: Any, second: Any, spot: Spot) -> Any:
    """Returns ``first`` or ``second``. If the condition is unknown, returns a tensor if both have the same shape."""
    truth = run.truth(condition)
    if not isinstance(truth, Unknown):
        return _value(run, first if truth else second, spot)
    one, two = _value(run, first, spot), _value(run, second, spot)
    return _either(run, condition, one, two, truth, spot)


def _either(run: Any, condition: Any, one: Any, two: Any, truth: Unknown, spot: Spot) -> Any:
    if isinstance(one, (list, tuple)) and isinstance(two, (list, tuple)) and len(one) == len(two):
        return [_either(run, condition, left, right, truth, spot) for left, right in zip(one, two)]
    if one is two:
        return one
    operation = find_function("where")
    if tensors_in((one, two)) and operation is not None and getattr(one, "shape", ()) == getattr(two, "shape", ()):
        test = condition if isinstance(condition, TensorValue) and condition.shape == () else True
        return call_operation(run, operation, [test, one, two], {}, spot)
    return run.merged([one, two], truth)


@function("tensorflow.cond", "keras.ops.cond", "tensorflow.smart_cond", "tensorflow.__internal__.smart_cond.smart_cond")
def _cond(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("pred true_fn false_fn", args, kwargs)
    first, second = given.get("true_fn", given.get("fn1")), given.get("false_fn", given.get("fn2"))
    return choose(run, given["pred"], first, second, spot)


@function(
    "tensorflow.map_fn",
    "tensorflow.vectorized_map",
    "keras.ops.map",
    "keras.ops.vectorized_map",
    "keras.backend.map_fn",
)
def _map(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("fn elems", args, kwargs)
    body = given.get("fn", given.get("f", given.get("function")))
    elements = given.get("elems", given.get("xs", given.get("elements")))
    tensors = tensors_in(elements)
    if not tensors:
        return run.unknown("a function is applied to the elements of a value that is not a tensor", spot)
    first = mapped(elements, lambda value: get_item(run, value, 0, spot) if isinstance(value, TensorValue) else value)
    result = run.call(body, [first], {}, spot)
    shape = tensors[0].sizes
    count = shape[0] if isinstance(shape, tuple) and shape else None
    return _stacked(run, result, count, spot)


def _stacked(run: Any, result: Any, count: Any, spot: Spot) -> Any:
    """Returns the results of ``tf.map_fn`` as one tensor: ``result``, repeated ``count`` times along a new first axis."""
    count = DynamicSize("the number of elements is known only when the model runs", spot) if count is None else count

    def stack(value: Any) -> Any:
        if not isinstance(value, TensorValue):
            return value
        return call_tensorflow(
            run, "repeat", [call_tensorflow(run, "expand_dims", [value, 0], {}, spot), count, 0], {}, spot
        )

    return mapped(result, stack)


@function("tensorflow.while_loop", "keras.ops.while_loop")
def _while_loop(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("cond body loop_vars", args, kwargs)
    variables = run.iterate(given["loop_vars"], spot)
    if isinstance(variables, Unknown):
        return variables
    results = run.call(given["body"], list(variables), {}, spot)
    results = list(results) if isinstance(results, (list, tuple)) else [results]
    if len(results) != len(variables):
        return run.unknown("the result of this loop is unknown", spot)
    return [_invariant(run, before, after, spot) for before, after in zip(variables, results)]


def _invariant(run: Any, before: Any, after: Any, spot: Spot) -> Any:
    """Returns the value of a loop variable after the loop. It is known if a round of the loop keeps its shape."""
    known = isinstance(after, TensorValue) and after.shape is not None
    if known and getattr(before, "shape", None) is not None and tuple(before.shape) == tuple(after.shape or ()):
        return after
    return run.unknown("this variable changes in a loop that is not supported", spot)
