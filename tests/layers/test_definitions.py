"""Tests that only the readers choose a layer's definition, and that the layer's family has no effect on results."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import convcalc
from convcalc import Report, infer
from convcalc.base.problems import ConvcalcError, Source
from convcalc.checking.insights import insights
from convcalc.layers import CATALOGUE, LayerDefinition
from convcalc.layers.examples import example_spec
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Foreign, Layer, Model
from convcalc.ops import Operation
from convcalc.read import read
from convcalc.read.spec.spec import read_spec
from convcalc.report_json.write import report_json
from convcalc.snapshot.of_report import snapshot_of_report
from convcalc.write.config import config_json
from convcalc.write.python import python_code

PACKAGE = Path(convcalc.__file__).parent
# Only these modules may use a layer's family: to find layers, and to group the list of layers.
INDEXES = {"layers/registry.py", "ops/registry.py", "rendering/catalogue.py"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_indexes_know_families(path: Path) -> None:
    attributes = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert "family" not in attributes or str(path.relative_to(PACKAGE)) in INDEXES


def moved(value: Any) -> Any:
    """Returns a layer, or an argument with layers in it, in which every family is ``elsewhere``."""
    if isinstance(value, Layer) and isinstance(value.definition, LayerDefinition):
        args = {name: moved(part) for name, part in value.args.items()}
        return value._replace(definition=value.definition._replace(family="elsewhere"), args=args)
    if isinstance(value, SubLayer):
        return value._replace(definition=value.definition._replace(family="elsewhere"))
    return tuple(map(moved, value)) if isinstance(value, tuple) else value


def results(report: Report) -> list[Any]:
    """Returns everything that the program writes about a model. An error is replaced by its message."""
    functions: list[Callable[[Report], Any]] = [report_json, insights, config_json, python_code, snapshot_of_report]
    texts = []
    for function in functions:
        try:
            texts.append(function(report))
        except ConvcalcError as failed:
            texts.append(str(failed))
    return texts


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=lambda definition: definition.name)
def test_a_rule_in_another_file_changes_nothing(definition: LayerDefinition) -> None:
    model = read_spec(Source("example", example_spec(definition)))
    elsewhere = model._replace(layers=tuple(map(moved, model.layers)))
    assert any(
        isinstance(layer.definition, LayerDefinition) and layer.definition.family == "elsewhere"
        for layer in elsewhere.layers
    )
    assert results(infer(elsewhere)) == results(infer(model))


SPEC = """
name: all_of_them
input: [8]
custom:
  Scale: {input: [..., channels], output: [..., channels], weights: {gamma: [channels]}, macs: 0}
layers:
  - Dense: 8
  - Scale
  - ops.relu
  - Model: {name: inner, input: [8], layers: [{Dense: 4}]}
  - mypackage.Mine: {expect: {output_shape: [4]}}
"""


def test_the_reader_of_specs_decides_what_a_layer_is() -> None:
    model = read_spec(Source("spec", SPEC))
    definitions = [layer.definition for layer in model.layers]
    assert [type(definition) for definition in definitions] == [
        *[LayerDefinition] * 3,
        *[Operation, Model, Foreign],
    ]
    assert definitions[1] is CATALOGUE["Dense"]
    assert [getattr(definition, "is_custom", False) for definition in definitions] == [False, False, True, *[False] * 3]
    assert definitions[-1] == Foreign("Mine", module="mypackage")


def test_the_reader_of_configs_decides_the_same() -> None:
    model = read_spec(Source("spec", SPEC))
    again = read(config_json(infer(model)).encode(), "config.json")
    definitions = {layer.name: layer.definition for layer in again.layers}
    assert definitions["dense"] is CATALOGUE["Dense"]
    config = {"name": "scale", "trainable": True, "dtype": "float32"}
    # the config does not contain the spec's declaration, so the class is unknown
    assert definitions["scale"] == Foreign("Scale", registered_name="Custom>Scale", config=config)
    assert isinstance(definitions["relu"], Operation)
    assert isinstance(definitions["inner"], Model)
    assert definitions["mine"] == Foreign("Mine", module="mypackage", config={**config, "name": "mine"})
