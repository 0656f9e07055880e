"""How the arguments of layers are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from convcalc.layers.sublayer import SubLayer, SubModel


def arguments_text(args: Mapping[str, Any]) -> str:
    """Arguments by name: ``filters=32, kernel_size=3×3``."""
    return ", ".join(f"{name}={value_text(value)}" for name, value in args.items())


def value_text(value: Any) -> str:
    """An argument's value: ``3×3`` for a size on each axis, ``LSTM(units=64)`` for a layer."""
    if isinstance(value, SubModel):
        return f"the model '{value.name}'"
    if isinstance(value, SubLayer):
        return f"{value.definition.name}({arguments_text(value.args)})"
    if isinstance(value, (tuple, list)):
        if value and all(isinstance(part, int) for part in value):
            return "×".join(map(str, value))
        return f"({', '.join(map(value_text, value))})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {value_text(part)}' for key, part in value.items())}}}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def blank_line_between(texts: Iterable[str]) -> Iterator[str]:
    """The texts, with an empty line before each but the first."""
    return ("\n" * (number > 0) + text for number, text in enumerate(texts))
