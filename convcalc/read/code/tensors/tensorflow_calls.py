"""Calls TensorFlow's functions. An operation of Keras, or a rule of convcalc, replaces each function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.ops import TENSORFLOW, Operation, find_function, find_operation
from convcalc.read.code.data.array_dtypes import cast
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.keras.graph import TensorValue, WeightValue, tensors_in
from convcalc.read.code.keras.layer_arguments import dtype_name
from convcalc.read.code.language.values import MISSING, Library, LibraryObject, Spot, Unknown, first_unknown
from convcalc.read.code.tensors.operations import call_operation, opaque_call
from convcalc.read.code.tensors.sizes import on_sizes, size_list
from convcalc.read.code.tensors.tensorflow_signatures import RENAMED, SIGNATURES
from convcalc.read.keras_files.tf_functions import keras_call, keras_operation, own_function

_WITHOUT_EFFECT = ("name", "seed", "validate_indices", "stable", "layout", "grad_a", "grad_b")


def call_tensorflow(run: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], spot: Spot) -> Any:
    """Returns the result of ``tf.NAME(*args, **kwargs)``. ``name`` is, for example, "nn.conv2d"."""
    if name.rpartition(".")[2] == "einsum":
        return _einsum(run, args, kwargs, spot)
    if name == "meshgrid":
        return _of_keras(run, "meshgrid", args, kwargs, spot)
    parameters = SIGNATURES.get(name, ())
    named = {RENAMED.get(key, key): value for key, value in kwargs.items() if key not in _WITHOUT_EFFECT}
    named = {_v2_name(key, parameters): value for key, value in named.items()}
    values: dict[str, Any] = {**dict(zip(parameters, args)), **named}
    ordered = [values[key] for key in parameters if key in values]
    sizes = on_sizes(run, name.rpartition(".")[2], ordered, spot)
    if sizes is not MISSING:
        return sizes
    if not ordered or parameters[0] not in values:
        return _unknown(run, name, args, kwargs, spot)
    reduction = _REDUCTIONS.get(name.rpartition(".")[2])
    if reduction is not None and _has_content(values[parameters[0]]):
        axis = {key: value for key, value in values.items() if key in ("axis", "keepdims") and value is not None}
        return run.call_library(reduction, [values[parameters[0]]], axis, spot)
    values = {key: _plain(value) for key, value in values.items()}
    first = values.pop(parameters[0])
    return _replaced(run, name, parameters[0], first, values, spot)


_REDUCTIONS = {
    "reduce_prod": "numpy.prod",
    "reduce_sum": "numpy.sum",
    "reduce_max": "numpy.max",
    "reduce_min": "numpy.min",
}


def _has_content(value: Any) -> bool:
    """Returns True for an array or a list whose elements are all known."""
    if not isinstance(value, (Array, list, tuple)) or tensors_in(value):
        return False
    array = as_array(value)
    return array is not None and array.flat is not None


def constant(run: Any, value: Any, dtype: str | None, shape: Any, spot: Spot) -> Any:
    """Returns the array of ``tf.constant``. Python's floats become ``float32``, its whole numbers ``int32``."""
    array = as_array(value)
    if array is None:
        return run.unknown("the value of this constant is not supported", spot)
    if not isinstance(value, Array) and dtype is None:
        dtype = {"float64": "float32", "int64": "int32"}.get(array.dtype, array.dtype)
    dtype = dtype or array.dtype
    flat = array.flat
    if flat is not None and dtype != array.dtype and dtype.startswith(("float", "int", "uint")):
        flat = [cast(part, dtype) for part in flat]
    result = Array(array.shape, dtype, flat=flat)
    sizes = size_list(shape) if shape is not None else None
    if isinstance(sizes, list):
        if array.shape == () or (flat is not None and len(flat) == 1):
            return Array(sizes, dtype)
        return run.call_library("numpy.reshape", [result, sizes], {}, spot)
    return result


def _v2_name(key: str, parameters: Sequence[str]) -> str:
    """Converts the name of a parameter from TensorFlow 1 to TensorFlow 2: ``filter`` → ``filters``."""
    for old, new in (
        ("filter", "filters"),
        ("value", "input"),
        ("input", "value"),
        ("tensor", "input"),
        ("stride", "strides"),
    ):
        if key == old and key not in parameters and new in parameters:
            return new
    return key


def _plain(value: Any) -> Any:
    """Returns an argument with tuples as lists, and dtypes as names."""
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (Library, LibraryObject)):
        return dtype_name(value) or value
    return value


def _replaced(run: Any, name: str, parameter: str, first: Any, values: dict[str, Any], spot: Spot) -> Any:
    """Calls the operation that replaces a function. If Keras's operation refuses the arguments, calls convcalc's own
    rule.
    """
    tensors: list[Any] = []

    def marked(value: Any) -> Any:
        if isinstance(value, list):
            return [marked(part) for part in value]
        if isinstance(value, (TensorValue, WeightValue)) or (isinstance(value, Array) and value.value is None):
            tensors.append(value)
            return {"class_name": "__keras_tensor__", "config": {"keras_history": [len(tensors) - 1]}}
        if isinstance(value, Array):
            content = value.value
            if isinstance(content, list) and "int" in value.dtype:
                return content
            tensors.append(value)
            return {"class_name": "__keras_tensor__", "config": {"keras_history": [len(tensors) - 1]}}
        return value

    def restored(value: Any) -> Any:
        if isinstance(value, list):
            return [restored(part) for part in value]
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            return tensors[value["config"]["keras_history"][0]]
        return value

    if isinstance(first, (int, float)) and not isinstance(first, bool):
        first = constant(run, first, None, None, spot)
    name = next((full for full in (name, f"math.{name}", f"nn.{name}", f"dtypes.{name}") if _is_known(full)), name)
    call = keras_call(name, marked(first), {key: marked(value) for key, value in values.items()})
    module, class_name = keras_operation(name)
    operation = find_operation(class_name, module) if class_name else None
    if call is not None and operation is not None and (tensors or not isinstance(first, list)):
        args, called, made = call
        return call_operation(
            run, operation, [restored(arg) for arg in args], restored_items({**called, **made}, restored), spot, name
        )
    own = own_function(name)
    operation = find_operation(own, TENSORFLOW) if own is not None else None
    if operation is None:
        return _unknown(run, name, [first], values, spot)
    given = {key: value for key, value in values.items() if value is not None}
    return call_operation(run, operation, [first], _renamed(operation, given), spot, name)


def _is_known(name: str) -> bool:
    return bool(keras_operation(name)[1]) or own_function(name) is not None


def restored_items(values: Mapping[str, Any], restored: Any) -> dict[str, Any]:
    """Applies ``restored`` to the value of each named argument."""
    return {key: restored(value) for key, value in values.items()}


def _renamed(operation: Operation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the named arguments under the names that the operation uses: ``y`` → ``x2``."""
    names = {*operation.parameters, *operation.init_parameters}
    other = {"filters": "filter", "filter": "filters", "ksize": "ksizes", "y": "x2"}
    return {
        (other[key] if key not in names and other.get(key) in names else key): value for key, value in values.items()
    }


def _einsum(run: Any, args: Sequence[Any], kwargs: Mapping[str, Any], spot: Spot) -> Any:
    equation = args[0] if args else kwargs.get("equation")
    operands = [*args[1:], *kwargs.get("inputs", ())]
    if not isinstance(equation, str):
        return _unknown(run, "einsum", args, kwargs, spot)
    operation = find_function("einsum")
    assert operation is not None
    return call_operation(run, operation, operands, {"subscripts": equation}, spot)


def _of_keras(run: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], spot: Spot) -> Any:
    operation = find_function(name)
    assert operation is not None
    return call_operation(run, operation, list(args), kwargs, spot)


def _unknown(run: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], spot: Spot) -> Any:
    tensors = tensors_in((list(args), dict(kwargs)))
    unknown = first_unknown((list(args), dict(kwargs)))
    reason = Unknown(unknown.reason, unknown.spot) if unknown else Unknown(f"`tf.{name}` is not supported", spot)
    return opaque_call(run, name.rpartition(".")[2], tensors, reason, spot) if tensors else reason
