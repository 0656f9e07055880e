"""Writes dtype policies. A policy is written by name if Keras knows the name, otherwise as an object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from convcalc.analyse.report import Report
from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.layers.dtypes import DTYPES, find_policy, is_policy, own_policy
from convcalc.layers.sublayer import SubModel, sublayers_of
from convcalc.model import Layer, Model

_MODULE = "keras.dtype_policies"
_ANY = ".*"


def require_known_policies(report: Report) -> None:
    """Raises :class:`ConvcalcError` if a dtype policy of the model is unknown."""
    for layer in _layers(report.model):
        sublayers = [
            (layer.dtype, layer.class_name == "InputLayer"),
            *((s.dtype, False) for s in sublayers_of(layer.args)),
        ]
        for dtype, is_input in sublayers:
            if not (dtype in DTYPES if is_input else is_policy(dtype)):
                message = f"'{layer.name}' cannot be written: its dtype '{dtype}' is unknown"
                raise error(codes.CANNOT_WRITE, message)


def _layers(model: Model) -> Iterator[Layer]:
    for layer in model.layers:
        yield layer
        if isinstance(layer.definition, Model):
            yield from _layers(layer.definition)
        for value in layer.args.values():
            if isinstance(value, SubModel):
                yield from _layers(value.model)


def policy_json(name: str, layer: str | None) -> Any:
    """Returns a dtype policy as JSON. ``layer`` is the name of the layer with this policy, or None."""
    policy = find_policy(name)
    if policy is None:
        return name
    if policy.inner:
        by_path = {_path(layer or _ANY, inner): _object(part) for inner, part in policy.inner.items()}
        return _keras_object("DTypePolicyMap", {"default_policy": _object(own_policy(name)), "policy_map": by_path})
    return _object(name) if _has_no_name(name) else name


def policy_code(name: str, layer: str | None) -> str:
    """Returns the policy of a layer as a Python expression."""
    policy = find_policy(name)
    if policy is not None and policy.inner:
        parts = [f"{json.dumps(_path(layer or _ANY, inner))}: {_made(part)}" for inner, part in policy.inner.items()]
        return f"{_MODULE}.DTypePolicyMap({_made(own_policy(name))}, {{{', '.join(parts)}}})"
    return _made(name) if _has_no_name(name) else json.dumps(name, ensure_ascii=False)


def _path(layer: str, inner: str) -> str:
    """Returns a regular expression for the path of an inner layer: ``attention/query`` or ``model/attention/query``."""
    return f"(.*/)?{layer if layer == _ANY else re.escape(layer)}/{inner}"


def _has_no_name(name: str) -> bool:
    """Returns True if Keras has no name for the policy, so that it must be written as an object."""
    return name.startswith("float8/")


def _object(name: str) -> Any:
    policy = find_policy(name)
    if policy is None or not policy.mode:
        return {**_keras_object("DTypePolicy", {"name": name}), "module": "keras"}
    mode = name.partition("_from_")[0]
    config: dict[str, Any] = {"mode": mode, "source_name": policy.source}
    if policy.mode == "float8":
        config |= {"mode": "float8", "amax_history_length": policy.history}
        return _keras_object("QuantizedFloat8DTypePolicy", config)
    classes = {"int4": "Int4DTypePolicy", "gptq": "GPTQDTypePolicy", "awq": "AWQDTypePolicy"}
    return _keras_object(classes[policy.mode] if "/" in mode else "QuantizedDTypePolicy", config)


def _keras_object(name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": _MODULE, "class_name": name, "config": config, "registered_name": None}


def _made(name: str) -> str:
    policy = find_policy(name)
    if policy is not None and _has_no_name(name):
        history = f"amax_history_length={policy.history}"
        return f'{_MODULE}.QuantizedFloat8DTypePolicy("float8", "{policy.source}", {history})'
    return f"{_MODULE}.get({json.dumps(name, ensure_ascii=False)})"
