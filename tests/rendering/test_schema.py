"""The JSON schema for editors accepts every spec that the reader accepts, and refuses specs with a wrong form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from convcalc.base.problems import ConvcalcError, Source
from convcalc.layers import CATALOGUE
from convcalc.layers.arguments import Anything
from convcalc.layers.examples import example_spec
from convcalc.read.spec.nodes import MappingNode, Node, SequenceNode, compose
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.argument_schema import kind_schema
from convcalc.rendering.schema import json_schema
from tests.paths import BROKEN, SPECS

SCHEMA = json.loads(json_schema())
VALIDATOR = Draft202012Validator(SCHEMA)

# Broken specs that the schema must refuse. An editor finds their mistakes without computing shapes and without looking
# up names in the spec.
_MALFORMED = (
    "block_definitions block_inside both_inputs budget call_unknown causal_2d dtype empty empty_layers expect "
    "huge_number input_mapping input_of_words inputs_as_a_list list_at_the_top merge_without_from "
    "missing_argument name_of_no_word negative_input nested_model no_input no_layer_in_an_entry no_layers "
    "number_at_the_top out_of_range positional_wrong_kind reading_and_shape_in_one readme repeat "
    "too_many_arguments trainable two_layers_in_an_entry unknown_argument unknown_argument_without_a_guess "
    "unknown_from unknown_key unknown_layer wide_characters wrong_kind wrong_word"
)


def plain(node: Node | None) -> Any:
    """Converts a node to the data that an editor gets from the YAML text."""
    if isinstance(node, MappingNode):
        return {key: plain(value) for key, (_, value) in node.fields.items()}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    return None if node is None else node.value


def problems(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(plain(compose(Source("spec.yaml", text), [])))]


def of_entry(entry: str, above: str = "") -> list[str]:
    return problems(f"{above}input: [8, 8, 4]\nlayers:\n  - {entry}\n")


@pytest.mark.slow
def test_the_schema_is_valid_for_any_validator() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    names = set(SCHEMA["$defs"])

    def refs(value: Any) -> Any:
        if isinstance(value, dict):
            yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            for each in value.values():
                yield from refs(each)
        elif isinstance(value, list):
            for each in value:
                yield from refs(each)

    assert {ref.split("/")[2] for ref in refs(SCHEMA)} <= names


def test_the_command_prints_the_schema() -> None:
    done = subprocess.run([sys.executable, "-m", "convcalc", "schema"], capture_output=True, check=True)
    assert json.loads(done.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_spec_passes(path: Path) -> None:
    assert not problems(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_example_passes(name: str) -> None:
    assert not problems(example_spec(CATALOGUE[name]))


@pytest.mark.parametrize("name", _MALFORMED.split())
def test_a_spec_with_a_wrong_form_fails(name: str) -> None:
    assert problems((BROKEN / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_spec_that_the_reader_accepts_passes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    try:
        refused = read_spec(Source("spec.yaml", text)).problems
    except ConvcalcError:
        return
    assert refused or not problems(text)


def test_every_kind_of_argument_has_its_schema() -> None:
    kinds = {type(a.kind) for kind in CATALOGUE.values() for a in (*kind.arguments, *kind.call_arguments)}
    unknown = kind_schema.dispatch(object)
    assert {kind for kind in kinds if kind_schema.dispatch(kind) is unknown} <= {Anything}


@pytest.mark.parametrize(
    "entry",
    [
        "Flatten",
        "Flatten:",
        "Dropout: 0.5",
        "Conv2D: [64, 3]",
        "Conv2D: {filters: 8, kernel_size: [3, 1], padding: SAME}",
        "Conv2D: {filters: 8, kernel_size: 3, activation: {class_name: relu}}",
        "{Conv2D: {filters: 8, kernel_size: 3}, name: a, as: b, trainable: false, dtype: mixed_float16}",
        "Dense: {units: 3, expect: {params: 5M, output_shape: [null, 3]}}",
        "Add: {from: [a, [b, 1]]}",
        "Add:\n    from: [a, b]",
        "call: a\n    from: b\n    as: c",
        "call: a\n    reverse: true",
        "repeat: 3\n    index: i\n    layers: [Flatten, {Dense: $i}]",
        "when: {use_bias: [true]}\n    layers: [Flatten, {Dense: 3}]",
        "unless: {rate: [0, null]}\n    layers: [{Dropout: $rate}]",
        "Model: {name: inner, input: [4], layers: [Flatten], from: a}",
        "Sequential: {layers: [{InputLayer: [4]}, Flatten]}",
        "Bidirectional: {layer: {LSTM: 32}, merge_mode: null}",
        "TimeDistributed: {layer: {class_name: Dense, config: {units: 3}}}",
        "RNN: {cell: {StackedRNNCells: {cells: [{LSTMCell: 3}, {GRUCell: [4]}]}}}",
        "GlobalAvgPool2D",
        "my_package.Thing: {x: 1}",
        "my_package>Thing",
    ],
)
def test_forms_of_an_entry_that_pass(entry: str) -> None:
    assert not of_entry(entry)


@pytest.mark.parametrize(
    "entry",
    [
        "Dense",
        "Dense:",
        "Flatten:\n    Dense: 3",
        "{name: a}",
        "{}",
        "3",
        "[Flatten]",
        "flatten",
        "Conv2d: 3",
        "Conv2D: 3",
        "Conv2D: [3]",
        "Conv2D: [3, [3, 3, 3]]",
        "Conv2D: {filters: 0, kernel_size: 3}",
        "Dense: {units: 3, trainable: 1}",
        "Dense: {units: 3, name: a, form: b}",
        "Bidirectional: {layer: {LSTMM: 32}}",
        "Bidirectional: {layer: {LSTM: {unit: 32}}}",
        "repeat: 3",
        "repeat: 3\n    layers: [Flaten]",
        "when: {use_bias: [true]}",
        "when: {use_bias: true}\n    layers: [Flatten]",
        "when: {use_bias: [true]}\n    unless: {rate: [0]}\n    layers: [Flatten]",
        "unless: {}\n    layers: [Flatten]",
        "call: a\n    name: b",
        "Model: {input: [3], layers: [Flaten]}",
        "Model: {layers: [Flatten]}",
        "Model",
    ],
)
def test_forms_of_an_entry_that_fail(entry: str) -> None:
    assert of_entry(entry)


BLOCKS = "blocks: {res: {arguments: [n, {s: 1}], layers: [{Dense: {units: '${n * 2}', use_bias: $s, name: 'd_$n'}}]}}\n"
CUSTOM = "custom: {Scale: {arguments: [{init: 1}], output: [..., c], weights: {g: [c], h: {shape: [2]}}, macs: 0}}\n"


@pytest.mark.parametrize(
    ("above", "entry", "passes"),
    [
        (BLOCKS, "res: [3]", True),
        (BLOCKS, "res", True),
        (BLOCKS, "res: {n: 3, from: a}", True),
        (BLOCKS, "Ress: [3]", False),
        (BLOCKS.replace("res", "Res"), "Res: [3]", True),
        (BLOCKS.replace("Dense", "Dens"), "Flatten", False),
        (BLOCKS.replace("units", "unit"), "Flatten", False),
        (BLOCKS.replace("arguments", "args"), "Flatten", False),
        (BLOCKS.replace("res", "Dense"), "Flatten", False),
        (CUSTOM, "Scale: {init: 2}", True),
        (CUSTOM.replace("output", "outputs"), "Flatten", False),
        (CUSTOM, "Dense: {unit: 2}", False),
    ],
)
def test_blocks_and_custom_layers(above: str, entry: str, passes: bool) -> None:
    assert (not of_entry(entry, above)) is passes
