"""Writes the arguments of layers, and blank lines between texts, for several formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel

_SHAPE = r"\(None, ([^()]+)\)"  # a text: most commands do not need the compiled pattern
# The names of arguments that are sizes. Other tuples, such as axes or padding before and after, are not sizes.
_SIZES = ("_size", "size", "shape", "strides", "dilation_rate", "output_padding")


def arguments_text(args: Mapping[str, Any]) -> str:
    """Returns arguments and their names as text, such as ``filters=32, kernel_size=3×3``."""
    return ", ".join(f"{name}={value_text(value, name)}" for name, value in args.items())


def value_text(value: Any, name: str = "") -> str:
    """Returns the value of the argument ``name`` as text.

    Sizes are written as ``3×3``, other tuples as in Python, and layers as ``LSTM(units=64)``.
    """
    if isinstance(value, SubModel):
        return f"the model '{value.name}'"
    if isinstance(value, SubForeign):
        return f"the custom layer {value.name}"
    if isinstance(value, SubLayer):
        return f"{value.definition.name}({arguments_text(value.args)})"
    if isinstance(value, (tuple, list)):
        if value and name.endswith(_SIZES) and all(isinstance(part, int) for part in value):
            return "×".join(map(str, value))
        if len(value) == 1 and isinstance(value[0], tuple):  # padding before and after the only axis
            return value_text(value[0])
        return f"({', '.join(map(value_text, value))}{',' * (len(value) == 1)})"
    if isinstance(value, dict) and value.get("class_name") == "function" and isinstance(value.get("config"), str):
        return str(value["config"])
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {value_text(part)}' for key, part in value.items())}}}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def without_batch(text: str) -> str:
    """Returns a text with shorter shapes: ``32×32×16`` for ``(None, 32, 32, 16)``. Other shapes keep their brackets."""
    return re.sub(_SHAPE, _sizes, text)


def _sizes(shape: re.Match[str]) -> str:
    sizes = shape[1].removesuffix(",").split(", ")
    if any(" " in size for size in sizes):  # a formula
        return shape[0]
    return "×".join("?" if size == "None" else size for size in sizes)


def blank_line_between(texts: Iterable[str]) -> Iterator[str]:
    """Yields the texts, with an empty line between two texts."""
    return ("\n" * (number > 0) + text for number, text in enumerate(texts))
