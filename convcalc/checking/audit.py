"""Finds code that Keras runs, and files that Keras opens, when Keras loads a model file.

The audit itself runs no code and opens no other file. It checks all objects in the config, including those in wrappers,
nested models and ``compile_config``. Sources: Keras's ``saving/serialization_lib.py``, and the ``from_config`` of the
layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from convcalc.base.structs import Struct
from convcalc.layers import lookup_builtin
from convcalc.layers.arguments import REQUIRED, KnownName
from convcalc.layers.keras2 import keras2_layer
from convcalc.read.custom_layers import CustomLayers, class_names
from convcalc.read.keras_files import origin
from convcalc.read.keras_files.upgrade_keras2 import LAMBDAS


class AuditFinding(Struct):
    """A risk (``runs-code``, ``imports-code`` or ``opens-file``), and the path of the risky object in the file."""

    risk: str
    path: str
    message: str


# A Python function that a file stores as bytecode: its class name there, and our description.
_BYTECODE = {"__lambda__": "Python bytecode, which is loaded and called"}
_SAFE_MODULES = ("keras", "keras_core", "tf_keras", "builtins")


def audit(config: Any) -> list[AuditFinding]:
    """Returns the findings in a parsed config, in the order of the file."""
    return [finding for path, value in _objects(config) for finding in _audit_object(path, value)]


def declared_names(config: Any, custom: CustomLayers) -> dict[str, str]:
    """Returns the classes in a config that are declared in ``custom``, as a dict: class → file with the declaration."""
    found = ((value, custom.find(*class_names(value))) for _, value in _objects(config) if "class_name" in value)
    known = {
        str(value["class_name"]).rpartition(">")[2]: declared.source
        for value, declared in found
        if declared and not declared.built_in
    }
    return dict(sorted(known.items()))


def custom_names(config: Any) -> list[str]:
    """Returns the names of the custom classes and functions in a config. Keras needs their code to load the file."""
    names: dict[str, None] = {}
    for path, value in _objects(config):
        name, module, inner = value.get("class_name"), value.get("module"), value.get("config")
        if not isinstance(name, str) or name.startswith("__"):
            continue
        if name == "function" and isinstance(inner, str):
            if ">" in inner or (isinstance(module, str) and module.partition(".")[0] not in _SAFE_MODULES):
                names.setdefault(inner.rpartition(">")[2])
            continue
        class_name = name.rpartition(">")[2]
        is_layer = re.search(r"(^|\.)layers\[\d+\]$", path) is not None
        unlisted = "module" not in value and is_layer and not _is_known(class_name)
        if not origin.may_be_keras(value) or unlisted:
            names.setdefault(class_name)
        definition = lookup_builtin(class_name)
        arguments = inner if isinstance(inner, Mapping) else {}
        for argument in definition.arguments if definition is not None else ():
            given = arguments.get(argument.name)
            if isinstance(argument.kind, KnownName) and (function := origin.custom_function(given, argument.kind)):
                names.setdefault(function.rpartition(">")[2])
    return sorted(names)


def _is_known(class_name: str) -> bool:
    return (
        lookup_builtin(class_name) is not None
        or keras2_layer(class_name) is not None
        or class_name in ("Functional", "Model", "Sequential", *LAMBDAS)
    )


def audit_links(links: Iterable[tuple[str, str]]) -> list[AuditFinding]:
    """Returns the findings for external links in an HDF5 file. ``links`` has pairs of the link's path and the linked
    file.
    """
    return [AuditFinding("opens-file", path, f"HDF5 link: opens the file {file!r}") for path, file in links]


def _objects(config: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields every mapping in the config, with its path."""
    waiting = [("", config)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            yield path or "the file", value
            inside = [(f"{path}.{key}".lstrip("."), part) for key, part in value.items()]
        elif isinstance(value, list):
            inside = [(f"{path}[{number}]", part) for number, part in enumerate(value)]
        else:
            continue
        waiting.extend(reversed(inside))


def _audit_object(path: str, value: Mapping[str, Any]) -> Iterator[AuditFinding]:
    name, module, config = value.get("class_name"), value.get("module"), value.get("config")
    # without the package: "Class" for "pkg>Class"
    class_name = name.rpartition(">")[2] if isinstance(name, str) else ""
    arguments = config if isinstance(config, Mapping) else {}
    layer_name = arguments.get("name")
    suffix = f" '{layer_name}'" if isinstance(layer_name, str) else ""
    definition = lookup_builtin(class_name)
    code = _BYTECODE.get(class_name) if definition is None else definition.runs_code
    if code and config is not None:
        yield AuditFinding("runs-code", path, f"{class_name}{suffix}: {code}")
    if definition is not None:
        for key, opens in definition.file_arguments.items():
            argument = definition.argument(key)
            if isinstance(arguments.get(key), str) or (argument is not None and argument.default is REQUIRED):
                yield AuditFinding("opens-file", path, f"{class_name}{suffix}: {opens} {arguments.get(key)!r}")
    if isinstance(module, str) and name is not None and module.partition(".")[0] not in _SAFE_MODULES:
        yield AuditFinding(
            "imports-code", path, f"{class_name or name}{suffix}: its class is imported from the module '{module}'"
        )
    if isinstance(name, str) and ">" in name and not isinstance(module, str):
        yield AuditFinding("imports-code", path, f"{name}{suffix}: is a custom class, which must be registered")
