"""What a Keras file would run or open if Keras loaded it, told without doing either.

Every object in the file is looked at, at any depth: in wrappers, in nested models, in ``compile_config``. Source: what
``keras/src/saving/serialization_lib.py`` and the layers do when they are made from a config.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from convcalc.base.structs import Struct
from convcalc.layers import lookup_builtin
from convcalc.layers.arguments import REQUIRED


class AuditFinding(Struct):
    """``risk`` is ``runs-code``, ``imports-code`` or ``opens-file``; ``path`` is the place in the file."""

    risk: str
    path: str
    message: str


# A class that is not a layer.
_BYTECODE = {"__lambda__": "Python bytecode, which is unmarshalled and called"}
_OWN_MODULES = ("keras", "keras_core", "tf_keras", "builtins")


def audit(config: Any) -> list[AuditFinding]:
    """The findings in a parsed config, in the order of the file."""
    return [finding for path, value in _objects(config) for finding in _of_object(path, value)]


def audit_links(links: Iterable[tuple[str, str]]) -> list[AuditFinding]:
    """The findings for what the HDF5 in a file links to: places, and the files that they name."""
    return [AuditFinding("opens-file", place, f"HDF5 link: leads to the file {name!r}") for place, name in links]


def _objects(config: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping in the tree, with its path."""
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


def _of_object(path: str, value: Mapping[str, Any]) -> Iterator[AuditFinding]:
    name, module, config = value.get("class_name"), value.get("module"), value.get("config")
    short = name.rpartition(">")[2] if isinstance(name, str) else ""
    settings = config if isinstance(config, Mapping) else {}
    called = settings.get("name")
    whose = f" '{called}'" if isinstance(called, str) else ""
    definition = lookup_builtin(short)
    code = _BYTECODE.get(short) if definition is None else definition.runs_code
    if code and config is not None:
        yield AuditFinding("runs-code", path, f"{short}{whose}: {code}")
    if definition is not None:
        for key, opens in definition.file_arguments.items():
            argument = definition.argument(key)
            if isinstance(settings.get(key), str) or (argument is not None and argument.default is REQUIRED):
                yield AuditFinding("opens-file", path, f"{short}{whose}: {opens} {settings.get(key)!r}")
    if isinstance(module, str) and name is not None and module.partition(".")[0] not in _OWN_MODULES:
        yield AuditFinding(
            "imports-code", path, f"{short or name}{whose}: is looked up in the module '{module}', which is imported"
        )
    if isinstance(name, str) and ">" in name and not isinstance(module, str):
        yield AuditFinding("imports-code", path, f"{name}{whose}: is a class of someone else's, which has to be there")
