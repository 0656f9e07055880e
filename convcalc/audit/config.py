"""Checks the objects in a config, at any depth: layers, wrappers, nested models, losses, metrics and functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from convcalc.audit.needed_classes import needed_classes
from convcalc.audit.objects import objects
from convcalc.audit.references import DATA, Verdict, class_verdict, function_verdict
from convcalc.audit.rules import BYTECODE, FILE_ARGUMENT, OUTSIDE_PATH, OWN_CODE, RUNNING_LAYER, TF_FUNCTION, Finding
from convcalc.audit.tensorflow_names import is_computation, risky_operation
from convcalc.layers import lookup_builtin
from convcalc.layers.arguments import REQUIRED
from convcalc.read.custom_layers import CustomLayers, class_names

# Arguments that are paths or URLs, of layers and tokenizers of all packages.
_FILE_KEYS = {
    "vocabulary": "reads its vocabulary from",
    "vocabulary_file": "reads its vocabulary from",
    "merges": "reads the rules of its tokenizer from",
    "proto": "reads its tokenizer from",
    "ckpt_to_load_from": "reads its weights from",
    "filepath": "loads",
    "handle": "loads, or downloads and loads,",
}
# Layers of Keras 2 that call a function of TensorFlow by its name.
_TF_LAYERS = ("TFOpLambda", "ClassMethod")


def audit_config(config: Any) -> list[Finding]:
    """Returns the findings in a parsed config, in the order of the file."""
    findings = [finding for path, value in objects(config) for finding in _audit_object(path, value)]
    running = {finding.path for finding in findings}
    findings += [Finding(OWN_CODE, path, text) for path, text in needed_classes(config) if path not in running]
    return findings


def declared_names(config: Any, custom: CustomLayers) -> dict[str, str]:
    """Returns the classes in a config that are declared in ``custom``, as a dict: class → file with the declaration."""
    found = ((value, custom.find(*class_names(value))) for _, value in objects(config) if "class_name" in value)
    known = {
        str(value["class_name"]).rpartition(">")[2]: declared.source
        for value, declared in found
        if declared and not declared.built_in
    }
    return dict(sorted(known.items()))


def _audit_object(path: str, value: Mapping[str, Any]) -> Iterator[Finding]:
    name, module, config = value.get("class_name"), value.get("module"), value.get("config")
    arguments = config if isinstance(config, Mapping) else {}
    yield from _outside_names(path, value, arguments)
    if not isinstance(name, str):
        return
    class_name = name.rpartition(">")[2]  # without the package: "Class" for "pkg>Class"
    layer_name = arguments.get("name")
    subject = f"{class_name} '{layer_name}'" if isinstance(layer_name, str) else class_name
    if class_name == "__lambda__":
        yield Finding(BYTECODE, path, f"{subject}: Python bytecode, which is loaded and called")
        return
    verdict = _verdict(value, class_name, module, config)
    if verdict is not None:
        label = str(config) if class_name == "function" else subject
        yield Finding(verdict.rule, path, f"{label}: {verdict.sentence}")
    definition = lookup_builtin(class_name)
    if definition is not None and definition.runs_code and config is not None:
        yield Finding(RUNNING_LAYER, path, f"{subject}: {definition.runs_code}")
    yield from _tensorflow(path, subject, class_name, arguments)
    opens = dict(_FILE_KEYS)
    if definition is not None:
        opens |= definition.file_arguments
        for key in definition.file_arguments:
            argument = definition.argument(key)
            if argument is not None and argument.default is REQUIRED and not isinstance(arguments.get(key), str):
                yield Finding(FILE_ARGUMENT, path, f"{subject}: {opens[key]} {arguments.get(key)!r}")
    for key, does in opens.items():
        if isinstance(arguments.get(key), str) and arguments[key]:
            yield Finding(FILE_ARGUMENT, path, f"{subject}: {does} {_short(arguments[key])!r}")


def _verdict(value: Mapping[str, Any], class_name: str, module: Any, config: Any) -> Verdict | None:
    """Returns the verdict on the class or function that an object names."""
    if not isinstance(module, str):
        return None
    if class_name == "function":
        return function_verdict(config, module) if isinstance(config, str) else None
    if class_name == "__typespec__":
        spec = value.get("spec_name")
        if isinstance(spec, str) and not module.startswith("tensorflow."):
            return class_verdict(spec, module)
    if class_name in DATA:
        return None
    if module == "builtins":
        return function_verdict(class_name, module)
    return class_verdict(class_name, module)


def _tensorflow(path: str, subject: str, class_name: str, arguments: Mapping[str, Any]) -> Iterator[Finding]:
    """Yields the findings of layers of Keras 2 that call a function or an operation of TensorFlow by its name."""
    function = arguments.get("function")
    if class_name in _TF_LAYERS and isinstance(function, str) and not is_computation(function):
        yield Finding(TF_FUNCTION, path, f"{subject}: calls tf.{function}")
    if class_name == "TensorFlowOpLayer":
        operation = re.search(r'"?op"?\s*:\s*"(\w+)"', str(arguments.get("node_def")))
        if operation is not None and risky_operation(operation[1]):
            yield Finding(TF_FUNCTION, path, f"{subject}: runs TensorFlow's operation {operation[1]}")


def _outside_names(path: str, value: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[Finding]:
    """Yields a finding if the name of a layer leads out of a folder. Keras makes paths of the names of layers."""
    if "class_name" not in value:
        return
    for name in {str(value.get("name")), str(arguments.get("name"))}:
        if leads_outside(name):
            yield Finding(
                OUTSIDE_PATH, path, f"the name {_short(name)!r} leads out of the folder where Keras saves the model"
            )


def leads_outside(path: str) -> bool:
    """Returns True if a relative path leads out of its folder, or is absolute."""
    return (
        re.search(r"(?:^|[/\\])\.\.(?:$|[/\\])", path) is not None
        or path.startswith(("/", "\\"))
        or re.match(r"[A-Za-z]:[/\\]", path) is not None
    )


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
