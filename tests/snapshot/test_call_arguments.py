"""Arguments of calls that are not tensors are part of a model: a change of one is a difference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.analyse.study import Study
from convcalc.differences.compare import diff
from convcalc.read import read
from tests.helpers.keras_configs import functional, layer, tensor

IMAGE = layer("InputLayer", "x", batch_shape=[None, 4, 6])


def model(
    class_name: str, args: list[Any], kwargs: dict[str, Any], module: str = "keras.layers", **config: Any
) -> Study:
    """Returns the study of a model with one layer or operation, which is called with these arguments."""
    made = layer(class_name, "made", **config) | {"module": module}
    made["inbound_nodes"] = [{"args": args, "kwargs": kwargs}]
    return Study.of(infer(read(json.dumps(functional(IMAGE, made, outputs=[["made", 0, 0]])).encode(), "model.json")))


def spec(operation: str) -> Study:
    return Study.of(infer(read(f"input: [4, 6]\nlayers:\n  - {operation}\n".encode(), "model.yaml")))


def changed_fields(before: Study, after: Study) -> list[str]:
    return [change.field for pair in diff(before, after).pairs for change in pair.changes]


X = tensor("x")


@pytest.mark.parametrize(
    ("class_name", "config", "name", "values"),
    [
        ("Dropout", {"rate": 0.5}, "training", (True, False)),
        ("LSTM", {"units": 3}, "training", (True, None)),
        ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, "use_causal_mask", (True, False)),
    ],
)
def test_arguments_of_the_calls_of_layers(
    class_name: str, config: dict[str, Any], name: str, values: tuple[Any, Any]
) -> None:
    args = [X, X] if class_name == "MultiHeadAttention" else [X]
    first, second = (model(class_name, args, {name: value}, **config) for value in values)
    without = model(class_name, args, {}, **config)
    assert changed_fields(first, second) == [f"argument {name}"]
    assert changed_fields(first, without) == [f"argument {name}"]
    assert changed_fields(first, first) == []


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ("ops.multiply: {x2: 2.0}", "ops.multiply: {x2: 3.0}", "x2"),
        ("ops.maximum: {x2: 0.5}", "ops.maximum: {x2: 0.25}", "x2"),
        ("ops.power: {x2: 2}", "ops.power: {x2: 3}", "x2"),
    ],
)
def test_constants_of_operations(one: str, other: str, name: str) -> None:
    assert changed_fields(spec(one), spec(other)) == [f"argument {name}"]
    assert changed_fields(spec(one), spec(one)) == []


def test_indices() -> None:
    def taken(index: int) -> Study:
        every = {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": None}}
        return model("GetItem", [X, [every, index]], {}, module="keras.src.ops.numpy")

    assert changed_fields(taken(0), taken(1)) == ["argument key"]
    assert changed_fields(taken(1), taken(1)) == []


def test_a_file_and_a_spec_of_one_model_are_equal() -> None:
    """A spec cannot state ``training``, and 2.0 is 2."""
    dropout = model("Dropout", [X], {"training": True}, rate=0.5)
    assert changed_fields(dropout, spec("Dropout: {rate: 0.5, name: made}")) == []
    doubled = model("Multiply", [X, 2.0], {}, module="keras.src.ops.numpy")
    assert changed_fields(doubled, spec("ops.multiply: {x2: 2}")) == ["name", "name"]
