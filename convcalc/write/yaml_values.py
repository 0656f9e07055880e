"""Writes values in the flow style of YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import error
from convcalc.layers.spelling import common_options, non_default_arguments
from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def value_text(value: Any) -> str:
    """Returns a value in the flow style of YAML."""
    if isinstance(value, SubModel):
        raise error(codes.CANNOT_WRITE, "a model inside a layer (here in TimeDistributed) cannot be written as a spec")
    if isinstance(value, SubForeign):
        message = f"a custom layer inside another layer (here {value.name}) cannot be written as a spec"
        raise error(codes.CANNOT_WRITE, message)
    if isinstance(value, SubLayer):
        args = value_texts(non_default_arguments(value.definition, value.args))
        if value.name is not None:
            args["name"] = word_text(value.name)
        return f"{{{value.definition.name}: {flow(args | value_texts(common_options(value.definition, value)))}}}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, dict):
        return flow({word_text(str(key)): value_text(part) for key, part in value.items()})
    if value is None or value is UNKNOWN:
        return "null"
    if value is ... or isinstance(value, slice):
        raise error(codes.CANNOT_WRITE, "a spec can contain a slice only as the key of ops.get_item")
    return word_text(value) if isinstance(value, str) else json.dumps(value)


def value_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Returns the mapping with each value written in the flow style of YAML."""
    return {name: value_text(value) for name, value in values.items()}


def flow(fields: Mapping[str, str]) -> str:
    """Returns a mapping of names to YAML texts, written on one line."""
    return f"{{{', '.join(f'{key}: {value}' for key, value in fields.items())}}}"


def word_text(value: str) -> str:
    """Returns a string as YAML, in quotes if YAML needs quotes.

    Each '$' is doubled, because a single '$' begins a variable in a spec.
    """
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value.replace("$", "$$"), ensure_ascii=False)
