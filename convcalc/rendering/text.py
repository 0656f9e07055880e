"""Writes the arguments of layers, and blank lines between texts, for several formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel


def arguments_text(args: Mapping[str, Any]) -> str:
    """Returns arguments and their names as text, such as ``filters=32, kernel_size=3×3``."""
    return ", ".join(f"{name}={value_text(value)}" for name, value in args.items())


def value_text(value: Any) -> str:
    """Returns the value of an argument as text, such as ``3×3`` for sizes and ``LSTM(units=64)`` for a layer."""
    if isinstance(value, SubModel):
        return f"the model '{value.name}'"
    if isinstance(value, SubForeign):
        return f"the custom layer {value.name}"
    if isinstance(value, SubLayer):
        return f"{value.definition.name}({arguments_text(value.args)})"
    if isinstance(value, (tuple, list)):
        if value and all(isinstance(part, int) for part in value):
            return "×".join(map(str, value))
        return f"({', '.join(map(value_text, value))})"
    if isinstance(value, dict) and value.get("class_name") == "function" and isinstance(value.get("config"), str):
        return str(value["config"])
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {value_text(part)}' for key, part in value.items())}}}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def blank_line_between(texts: Iterable[str]) -> Iterator[str]:
    """Yields the texts, with an empty line between two texts."""
    return ("\n" * (number > 0) + text for number, text in enumerate(texts))
