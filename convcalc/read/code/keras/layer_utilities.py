"""Functions of Keras's ``conv_utils``, such as ``normalize_tuple``. Code of custom layers calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.read.code.language.values import Spot, Unknown
from convcalc.read.code.libraries import function


def _given(names: str, args: list[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(zip(names.split(), args)), **kwargs}


@function(
    "keras.utils.normalize_tuple",
    "keras.utils.argument_validation.standardize_tuple",
)
def _normalize_tuple(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("value n name", args, kwargs)
    value, count = given["value"], given["n"]
    if isinstance(value, (list, tuple)):
        return tuple(value)
    return (value,) * count if isinstance(count, int) and 0 <= count < 10 else Unknown("the length is unknown", spot)


@function(
    "keras.backend.normalize_data_format",
    "keras.backend.common.normalize_data_format",
    "keras.backend.standardize_data_format",
    "keras.utils.normalize_data_format",
)
def _normalize_data_format(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else kwargs.get("value")
    return run.data_format if value is None else value.lower() if isinstance(value, str) else value


@function("keras.utils.normalize_padding")
def _normalize_padding(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else kwargs.get("value")
    return value.lower() if isinstance(value, str) else value


@function("keras.utils.conv_output_length")
def _conv_output_length(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {"dilation": 1, **_given("input_length filter_size padding stride dilation", args, kwargs)}
    length, size, padding = given["input_length"], given["filter_size"], given["padding"]
    stride, dilation = given["stride"], given["dilation"]
    if length is None:
        return None
    unknown = next((value for value in given.values() if isinstance(value, Unknown)), None)
    if unknown is not None:
        return unknown
    window = size + (size - 1) * (dilation - 1)
    total = (
        length if padding in ("same", "causal") else length - window + 1 if padding == "valid" else length + window - 1
    )
    return (total + stride - 1) // stride


@function("keras.utils.deconv_length", "keras.utils.deconv_output_length")
def _deconv_length(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("dim_size stride_size kernel_size padding output_padding", args, kwargs)
    size, stride, kernel = given["dim_size"], given["stride_size"], given["kernel_size"]
    if size is None:
        return None
    if not all(isinstance(value, int) for value in (size, stride, kernel)) or given.get("output_padding") is not None:
        return Unknown("this length is not supported", spot)
    return size * stride if given.get("padding") == "same" else size * stride + max(kernel - stride, 0)
