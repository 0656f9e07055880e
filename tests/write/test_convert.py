"""Tests that reading a file written by ``convcalc convert`` gives the same model. tests/live builds the written models
in Keras.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from convcalc import infer
from convcalc.base.problems import ConvcalcError
from convcalc.cli import cli
from convcalc.read import load, read
from convcalc.rendering import render
from convcalc.write import FORMATS, classes_to_supply
from convcalc.write.config import config_json
from convcalc.write.python import python_code
from convcalc.write.spec import spec_yaml
from tests.helpers.keras_configs import DENSE, INPUT, functional, layer, sequential, tensor
from tests.paths import SPECS


def rows(report: Any) -> list[tuple[Any, ...]]:
    """Returns the numbers of each layer in a report."""
    return [
        (
            row.path,
            row.class_name,
            row.output_shapes,
            row.params,
            row.trainable_params,
            row.macs,
            [c.inputs for c in row.calls],
        )
        for row in report.layers
    ]


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_spec_written_as_a_config_is_the_same_model(path: Path) -> None:
    report = infer(load(path))
    again = infer(read(config_json(report).encode(), "written.json"))
    # vit_tiny declares custom layers. A config has no declarations, so their parameters become unknown. Only the other
    # columns are compared.
    if path.stem == "vit_tiny":
        assert [row[:3] for row in rows(again)] == [row[:3] for row in rows(report)]
        return
    assert not again.problems
    assert rows(again) == rows(report)
    assert again.totals == report.totals


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_model_written_as_a_spec_is_the_same_model(path: Path) -> None:
    """A model is written as a config, read, and written as a spec. Its names, arguments and order of tensors stay the
    same.
    """
    report = infer(load(path))
    assert rows(infer(read(spec_yaml(report).encode(), "x.yaml"))) == rows(report)
    # vit_tiny declares custom layers, and a config has no declarations.
    if path.stem == "vit_tiny":
        return
    again = infer(read(spec_yaml(infer(read(config_json(report).encode(), "x.json"))).encode(), "x.yaml"))
    assert rows(again) == rows(report)
    assert again.totals == report.totals


def test_a_spec_is_written_as_a_person_would_write_it() -> None:
    forward, backward = "{units: 8, name: forward_lstm}", "{units: 8, go_backwards: true, name: backward_lstm}"
    expected = f"""name: words
inputs:
  words: {{shape: [12], dtype: int32}}
layers:
  - Embedding: {{input_dim: 1000, output_dim: 16, mask_zero: true}}
  - Bidirectional: {{layer: {{LSTM: {forward}}}, backward_layer: {{LSTM: {backward}}}}}
  - Dense: {{units: 1, activation: sigmoid, name: positive}}
"""
    assert spec_yaml(infer(load(SPECS / "files" / "words.json"))) == expected


def test_shared_layers_states_and_odd_names_survive_a_spec() -> None:
    text = """
name: "a: b"
inputs:
  first in: [4, 3]
  "true": [4, 3]
layers:
  - Dense: {units: 3, name: "yes", from: first in, as: early}
  - call: "yes"
    from: "true"
  - Add: {from: [early, "yes"], name: $$odd}
  - LSTM: {units: 3, return_sequences: true, return_state: true, trainable: false, dtype: float16}
  - Model:
      name: inner
      trainable: false
      input: [4, 3]
      layers: [{Dense: 2}, Flatten]
      from: [lstm, 0]
outputs: [inner, [lstm, 2], early]
"""
    report = infer(read(text.encode(), "spec.yaml"))
    assert rows(infer(read(spec_yaml(report).encode(), "again.yaml"))) == rows(report)


def test_masks_states_and_multiple_outputs_keep_their_positions() -> None:
    text = """
inputs: {words: {shape: [5], dtype: int32}}
layers:
  - Embedding: {input_dim: 9, output_dim: 4, mask_zero: true, from: words}
  - LSTM: {units: 3, return_sequences: true, return_state: true, name: first}
  - LSTM: {units: 3, from: [first, [first, 1], [first, 2]], name: second}
  - MultiHeadAttention: {num_heads: 2, key_dim: 3, use_causal_mask: true, from: [first, embedding]}
outputs: [second, multi_head_attention]
"""
    report = infer(read(text.encode(), "spec.yaml"))
    config = json.loads(config_json(report))
    nodes = {entry["name"]: entry["inbound_nodes"] for entry in config["config"]["layers"]}
    assert nodes["first"][0]["kwargs"]["mask"]["config"]["keras_history"] == ["not_equal", 0, 0]
    states = [tensor["config"]["keras_history"] for tensor in nodes["second"][0]["kwargs"]["initial_state"]]
    assert states == [["first", 0, 1], ["first", 0, 2]]
    assert nodes["multi_head_attention"][0]["kwargs"] == {"use_causal_mask": True}
    assert rows(infer(read(json.dumps(config).encode(), "written.json"))) == rows(report)


def test_the_command_writes_the_whole_file_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "model.json"
    done = CliRunner().invoke(cli, ["convert", str(SPECS / "lenet5.yaml"), "-o", str(target)], standalone_mode=False)
    assert done.return_value == 0
    assert infer(load(target)).totals.params == 61_706
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(ConvcalcError, match="unknown-format"):
        CliRunner().invoke(
            cli, ["convert", str(target), "-o", str(tmp_path / "x.txt")], standalone_mode=False, catch_exceptions=False
        )
    assert list(tmp_path.iterdir()) == [target]


FOREIGN = """\
name: foreign
input: [10, 4]
layers:
  - my_pkg.layers.Attention: {heads: 2, expect: {output_shape: [null, 10, 8]}}
  - "mine>Thing": {trainable: false, expect: {output_shape: [null, 8]}}
  - Lambda: {function: double, expect: {output_shape: [null, 8]}}
  - Dense: {units: 4}
"""


def test_layers_with_python_code_keep_their_known_shape() -> None:
    report = infer(read(FOREIGN.encode(), "x.yaml"))
    assert report.layers[-1].params == 36
    assert spec_yaml(report) == FOREIGN
    layers = json.loads(config_json(report))["config"]["layers"]
    assert [(entry["module"], entry["registered_name"], entry["class_name"]) for entry in layers[1:3]] == [
        ("my_pkg.layers", None, "Attention"),
        (None, "mine>Thing", "Thing"),
    ]
    again = infer(read(config_json(report).encode(), "x.json"))
    assert rows(again) == rows(report)
    assert spec_yaml(again) == FOREIGN


def test_python_code_says_what_is_missing() -> None:
    code = python_code(infer(read(FOREIGN.encode(), "x.yaml")))
    compile(code, "written", "exec")
    assert "\n# from my_pkg.layers import Attention\n" in code
    assert "\n# from custom_objects import Thing\n# from custom_objects import lambda_function\n" in code
    assert '\nraise NotImplementedError("supply Attention, Thing, lambda_function; then delete this line")\n' in code
    assert 'Thing(trainable=False, name="thing"),\n' in code
    assert "layers.Lambda(lambda_function" in code


@pytest.mark.parametrize("flow", [False, None])
@pytest.mark.parametrize("name", ["resnet50", "siamese", "transformer_encoder"])
def test_a_config_as_yaml_equals_its_json(name: str, flow: bool | None) -> None:
    path = next(SPECS.glob(f"{name}*.yaml"), SPECS / "fashion_mnist.yaml")
    config = config_json(infer(load(path)))
    text = yaml.safe_dump(json.loads(config), default_flow_style=flow, sort_keys=False)
    assert rows(infer(read(text.encode(), "x.yaml"))) == rows(infer(read(config.encode(), "x.json")))


OWN = {"module": "my.models", "class_name": "Backbone", "registered_name": "my>Backbone"}
FUNCTIONAL = functional(INPUT, DENSE, name="own")
CALLED = {"name": "own", "inbound_nodes": [{"args": [tensor("x")], "kwargs": {}}]}


@pytest.mark.parametrize(
    "config",
    [
        {**FUNCTIONAL, **OWN},
        {**sequential(INPUT, layer("Dense", "dense", units=4)), **OWN},
        functional(INPUT, {**FUNCTIONAL, **OWN, **CALLED}, outputs=[["own", 1, 0]]),
    ],
    ids=["functional", "sequential", "nested"],
)
def test_a_model_of_a_custom_class_keeps_its_class(config: dict[str, Any]) -> None:
    """Specs and code cannot name the class of a model, so ``convert`` refuses to write such a model as a spec or as
    code. In a summary, Keras shows the class of a nested model.
    """
    report = infer(read(json.dumps(config).encode(), "m.json"))
    is_nested = config["class_name"] == "Functional"
    written = json.loads(FORMATS[".json"](report))
    inner = written["config"]["layers"][1] if is_nested else written
    assert {key: inner[key] for key in OWN} == OWN
    assert ("│ own (Backbone) " in render(report, "keras")) == is_nested
    for ending in (".py", ".yaml"):
        with pytest.raises(ConvcalcError, match="is a model of the custom class Backbone"):
            FORMATS[ending](report)
    assert classes_to_supply(report) == ["Backbone"]


@pytest.mark.parametrize("class_name", ["Functional", "Model", "Sequential"])
def test_a_model_of_a_custom_class_with_the_name_of_a_keras_class_keeps_its_class(class_name: str) -> None:
    own = {"module": None, "class_name": class_name, "registered_name": f"my>{class_name}"}
    layers = sequential(INPUT, layer("Dense", "dense", units=4)) if class_name == "Sequential" else FUNCTIONAL
    report = infer(read(json.dumps({**layers, **own}).encode(), "m.json"))
    written = json.loads(FORMATS[".json"](report))
    assert {key: written[key] for key in own} == own
    with pytest.raises(ConvcalcError, match=f"is a model of the custom class {class_name}"):
        FORMATS[".py"](report)


def test_a_config_states_the_data_format() -> None:
    """Keras would read null as its own setting, which can be channels_first."""
    inner = layer(
        "TimeDistributed", "dense", [tensor("x")], layer={**layer("Conv2D", "conv", filters=2, kernel_size=1)}
    )
    start = layer("InputLayer", "x", batch_shape=[None, 2, 4, 4, 3], dtype="float32")
    config = json.loads(config_json(infer(read(json.dumps(functional(start, inner)).encode(), "x.json"))))
    assert config["config"]["layers"][1]["config"]["layer"]["config"]["data_format"] == "channels_last"
