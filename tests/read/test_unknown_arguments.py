"""Arguments that a layer or a Keras object does not have are reported with their place: errors in specs, warnings in files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read import read
from convcalc.read.spec.spec import read_spec
from tests.helpers.keras_configs import functional, layer, tensor


def problem_of(text: str) -> str:
    with pytest.raises(ConvcalcError) as caught:
        infer(read_spec(Source("model.yaml", text)))
    return caught.value.problems[0].message


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("activation: {foo: bar}", "write {class_name: …, config: {…}}"),
        ("activation: {PReLU: {}}", "write {class_name: …, config: {…}}"),
        ("kernel_regularizer: {l2: 0.01}", "write {class_name: L2, config: {l2: 0.01}}"),
        ("kernel_initializer: {HeNormal: {seed: 1}}", "write {class_name: HeNormal, config: {seed: 1}}"),
        ("kernel_constraint: {max_norm: 2}", "write {class_name: MaxNorm, config: {max_value: 2}}"),
        ("kernel_initializer: {class_name: HeNormal, config: {sead: 1}}", "no argument 'sead'; did you mean 'seed'?"),
        ("bias_regularizer: {class_name: L1L2, config: {l3: 1}}", "L1L2 has no argument 'l3'"),
        (
            "bias_constraint: {class_name: NonNeg, config: {axis: 0}}",
            "NonNeg has no argument 'axis': it has no arguments",
        ),
        ("kernel_initializer: {class_name: Zeros, konfig: {}}", "the unknown key 'konfig'; did you mean 'config'?"),
    ],
)
def test_objects_in_a_spec(argument: str, words: str) -> None:
    assert words in problem_of(f"input: [4]\nlayers:\n  - Dense: {{units: 3, {argument}}}\n")


@pytest.mark.parametrize(
    "argument",
    [
        "kernel_initializer: {class_name: VarianceScaling, config: {scale: 2.0, mode: fan_in}}",
        "kernel_regularizer: {class_name: L2, config: {l2: 0.01}}",
        "kernel_constraint: {module: keras.constraints, class_name: MaxNorm, config: {max_value: 2}}",
        "activation: {class_name: function, config: relu}",
    ],
)
def test_right_objects_are_accepted(argument: str) -> None:
    assert (
        infer(read_spec(Source("m.yaml", f"input: [4]\nlayers:\n  - Dense: {{units: 3, {argument}}}\n"))).totals.params
        == 15
    )


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (
            "{class_name: Dense, config: {units: 3, uze_bias: false}}",
            "Dense has no argument 'uze_bias'; did you mean 'use_bias'?",
        ),
        ("{class_name: Conv1D, config: {filters: 3, kernel_size: 1, stride: 2}}", "Conv1D has no argument 'stride'"),
        ("{class_name: Dense, config: {units: 3}, konfig: 1}", "a layer has no key 'konfig'"),
    ],
)
def test_layers_inside_layers(inner: str, words: str) -> None:
    assert words in problem_of(f"input: [5, 4, 2]\nlayers:\n  - TimeDistributed: {{layer: {inner}}}\n")


def test_weights_of_custom_layers() -> None:
    text = "custom:\n  G: {input: [n], output: [n], weights: {k: {shape: [3], trainabel: false}}}\ninput: [4]\nlayers: [G]\n"
    assert "has a weight 'k' with the unknown key 'trainabel'; did you mean 'trainable'?" in problem_of(text)


def warnings(**config: Any) -> list[tuple[str | None, str]]:
    made = layer("Dense", "made", units=3, **config) | {"module": "keras.layers"}
    made["inbound_nodes"] = [{"args": [tensor("x")], "kwargs": {}}]
    start = layer("InputLayer", "x", batch_shape=[None, 4])
    report = infer(read(json.dumps(functional(start, made, outputs=[["made", 0, 0]])).encode(), "model.json"))
    assert report.totals.params == 15
    return [(each.layer, each.message) for each in report.problems if each.code == codes.UNKNOWN_ARGUMENT]


def test_arguments_in_a_file() -> None:
    assert warnings(use_bias=True) == []
    ((name, message),) = warnings(use_bais=False)
    assert name == "made"
    assert "config.layers[1]" in message
    assert (
        "has the argument 'use_bais', which Dense does not have, so it is ignored; did you mean 'use_bias'?" in message
    )


@pytest.mark.parametrize(("key", "count"), [("sead", 1), ("dtype", 0), ("seed", 0)])
def test_objects_in_a_file(key: str, count: int) -> None:
    """Keras 2 writes the dtype of an initializer."""
    value = {"module": "keras.initializers", "class_name": "HeNormal", "config": {key: None}}
    found = warnings(kernel_initializer=value)
    assert len(found) == count
    assert all("HeNormal has no 'sead'; did you mean 'seed'?" in message for _, message in found)
