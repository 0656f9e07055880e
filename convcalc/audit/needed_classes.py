"""Finds the custom classes and functions in a config. Keras needs their code to load the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from convcalc.audit.keras_functions import FUNCTIONS
from convcalc.audit.objects import objects
from convcalc.audit.references import keras_part
from convcalc.layers import lookup_builtin
from convcalc.layers.arguments import KnownName
from convcalc.layers.keras2 import keras2_layer
from convcalc.read.keras_files import origin
from convcalc.read.keras_files.upgrade_keras2 import LAMBDAS


def needed_classes(config: Any) -> list[tuple[str, str]]:
    """Returns the path and the name of each custom class or function. Each name appears once, at its first path."""
    first: dict[str, str] = {}
    for path, value in objects(config):
        for name in _custom_in(path, value):
            first.setdefault(name, path)
    return [(path, name) for name, path in first.items()]


def custom_names(config: Any) -> list[str]:
    """Returns the names of the custom classes and functions in a config, without their packages."""
    return sorted({name for _, name in needed_classes(config)})


def _custom_in(path: str, value: Mapping[str, Any]) -> Iterator[str]:
    name, module, inner = value.get("class_name"), value.get("module"), value.get("config")
    if not isinstance(name, str) or name.startswith("__"):
        return
    if name == "function" and isinstance(inner, str):
        if ">" in inner or not any(inner in names for names in FUNCTIONS.values()):
            yield inner.rpartition(">")[2]
        return
    class_name = name.rpartition(">")[2]
    is_layer = re.search(r"(^|\.)layers\[\d+\]$", path) is not None
    unlisted = "module" not in value and is_layer and not _is_known(class_name)
    is_keras = isinstance(module, str) and keras_part(module) is not None
    if unlisted or not (origin.may_be_keras(value) or (is_keras and _keeps_its_class(value, class_name))):
        yield class_name
    definition = lookup_builtin(class_name)
    arguments = inner if isinstance(inner, Mapping) else {}
    for argument in definition.arguments if definition is not None else ():
        given = arguments.get(argument.name)
        if isinstance(argument.kind, KnownName) and (function := origin.custom_function(given, argument.kind)):
            yield function.rpartition(">")[2]


def _keeps_its_class(value: Mapping[str, Any], class_name: str) -> bool:
    """Returns False if a class that the user registered could replace the class of Keras."""
    registered = value.get("registered_name")
    return not isinstance(registered, str) or ">" not in registered or registered == f"Custom>{class_name}"


def _is_known(class_name: str) -> bool:
    return (
        lookup_builtin(class_name) is not None
        or keras2_layer(class_name) is not None
        or class_name in ("Functional", "Model", "Sequential", *LAMBDAS)
    )
