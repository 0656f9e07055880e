"""Values and layers as Python expressions that make them."""

from __future__ import annotations

import json
import keyword
import math
from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import error
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import REQUIRED
from convcalc.layers.sublayer import SubLayer, SubModel
from convcalc.model import Constant, Layer
from convcalc.write.arguments import own_arguments, settings

WIDTH = 100
# Where Keras keeps what an argument may be an object of.
_OBJECTS = {"initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints"}


class Code(str):
    """A text that stands in the code as it is."""

    __slots__ = ()


class Made(Struct):
    """An expression: what is called and its arguments; None for one that is no call."""

    head: str
    arguments: Sequence[str] | None

    def lines(self, before: str = "", behind: str = "") -> list[str]:
        """The expression between two texts, on several lines where one is too long."""
        if self.arguments is None:
            return [f"{before}{self.head}{behind}"]
        line = f"{before}{self.head}({', '.join(self.arguments)}){behind}"
        if len(line) <= WIDTH or not self.arguments:
            return [line]
        indent = " " * (len(before) - len(before.lstrip()))
        return [f"{before}{self.head}(", *(f"{indent}    {each}," for each in self.arguments), f"{indent}){behind}"]


def made_layer(kind: LayerDefinition, layer: Layer | SubLayer, name: str | None) -> Made:
    """The expression that makes a layer of Keras's; ``name`` is None where Keras finds it by itself."""
    names = [argument.name for argument in kind.arguments]
    own = {key: value for key, value in own_arguments(kind, layer.args).items() if key in names}
    arguments = []
    for argument in kind.arguments:  # those that must be given come first, and need no names
        if argument.default is not REQUIRED or argument.name not in own:
            break
        arguments.append(expression(own.pop(argument.name), argument.name))
    more = {**own, **settings(kind, layer), **({} if name is None else {"name": name})}
    head = kind.name if kind.is_custom or not kind.is_exported else f"layers.{kind.name}"
    return Made(head, [*arguments, *named(more)])


def is_name(word: str) -> bool:
    """Whether code can use a word as a name; of letters beyond ASCII, Python takes some for others."""
    return word.isascii() and word.isidentifier() and not keyword.iskeyword(word) and word != "__debug__"


def named(values: Mapping[str, Any]) -> list[str]:
    """Arguments by name."""
    return [
        f"{key}={expression(value, key)}" if is_name(key) else f"**{{{key!r}: {expression(value)}}}"
        for key, value in values.items()
    ]


def expression(value: Any, argument: str = "") -> str:
    """A value as Python writes it; that of an argument may be one of Keras's objects."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, Constant):
        return f"ops.convert_to_tensor({expression(value.value)}, dtype={expression(value.dtype)})"
    if isinstance(value, SubModel):
        raise error(
            codes.CANNOT_WRITE, "a model inside of a layer, as this TimeDistributed holds one, is not written as code"
        )
    if isinstance(value, SubLayer):
        made = made_layer(value.definition, value, value.name)
        return f"{made.head}({', '.join(made.arguments or ())})"
    if isinstance(value, (tuple, list)):
        parts = [expression(part, argument) for part in value]
        if isinstance(value, list):
            return f"[{', '.join(parts)}]"
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    if isinstance(value, Mapping):
        return _object(value, argument) or (
            f"{{{', '.join(f'{expression(key)}: {expression(part)}' for key, part in value.items())}}}"
        )
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return "None" if value is UNKNOWN else repr(value)


def _object(value: Mapping[str, Any], argument: str) -> str | None:
    """An initializer and the like, of its class and its config; None for another mapping."""
    module, name, config = _OBJECTS.get(argument.rpartition("_")[2]), value.get("class_name"), value.get("config")
    if module is None or not isinstance(name, str) or not is_name(name) or not isinstance(config, Mapping):
        return None
    return f"keras.{module}.{name}({', '.join(named(config))})"
