"""Values as texts of YAML in its flow style."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import error
from convcalc.layers.sublayer import SubLayer, SubModel
from convcalc.write.arguments import own_arguments, settings

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def value_text(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, SubModel):
        raise error(codes.CANNOT_WRITE, "a spec has no model inside of a layer, as this TimeDistributed holds one")
    if isinstance(value, SubLayer):
        args = value_texts(own_arguments(value.definition, value.args))
        if value.name is not None:
            args["name"] = word_text(value.name)
        return f"{{{value.definition.name}: {flow(args | value_texts(settings(value.definition, value)))}}}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, dict):
        return flow({word_text(str(key)): value_text(part) for key, part in value.items()})
    if value is None or value is UNKNOWN:
        return "null"
    if value is ... or isinstance(value, slice):
        raise error(codes.CANNOT_WRITE, "a spec has a part of a tensor in the key of ops.get_item alone")
    return word_text(value) if isinstance(value, str) else json.dumps(value)


def value_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Each value as its text."""
    return {name: value_text(value) for name, value in values.items()}


def flow(fields: Mapping[str, str]) -> str:
    """A mapping of texts in one line."""
    return f"{{{', '.join(f'{key}: {value}' for key, value in fields.items())}}}"


def word_text(value: str) -> str:
    """A word as it is where YAML takes it for one, quoted elsewhere. '$' begins a variable in a spec."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value.replace("$", "$$"), ensure_ascii=False)
