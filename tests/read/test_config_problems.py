"""Tests that one run reports every problem of a config: problems of layers, calls and arguments, and problems that
rules find.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read import read
from tests.helpers.keras_configs import functional, layer, sequential, untold
from tests.helpers.whole_files import at, inputs


def problems(config: Any) -> list[str]:
    """Returns the texts of the problems of a config."""
    with pytest.raises(ConvcalcError) as failed:
        infer(read(json.dumps(config).encode(), "m.json"))
    return [problem.message for problem in failed.value.problems]


def test_the_problems_of_three_layers() -> None:
    config = functional(
        inputs(4),
        layer("Dense", "a", [at("x", 4)], units=0, kernel_initializer={}),
        layer("Dense", "b", [at("x", 4)], units="many"),
        layer("Conv1D", "c", [at("x", 4)], filters=2, kernel_size=[3]),
        layer("Add", "d", [[at("a", 0), at("b", 0), at("c", 2)]]),
        layer("Dense", "dense", [at("d", 0)], units=2),
    )
    first, second, third, fourth = problems(config)
    assert first.startswith("m.json: config.layers[1]: 'a': Dense's argument 'units' expects")
    assert second.startswith("m.json: config.layers[1]: 'a': Dense's argument 'kernel_initializer' expects")
    assert third.startswith("m.json: config.layers[2]: 'b': Dense's argument 'units' expects")
    assert fourth.startswith("Conv1D 'c' expects (length, channels)")


def test_the_problems_of_a_nested_model_and_of_a_sequential() -> None:
    entries = [
        layer("InputLayer", "x", batch_shape=[None, 4], dtype="float32"),
        layer("Dense", "a", units=-1),
        layer("Dense", "b", units=None),
        layer("Softmax", "c"),
    ]
    inner = [{key: entry[key] for key in ("module", "class_name", "config", "registered_name")} for entry in entries]
    first, second = problems(sequential(*inner))
    assert "config.layers[1]: 'a'" in first
    assert "config.layers[2]: 'b'" in second
    nested = {**sequential(*inner), "name": "model", "inbound_nodes": [{"args": [at("x", 4)], "kwargs": {}}]}
    after = layer("Dense", "dense", [at("x", 4)], units=0)
    first, second, third = problems(functional(inputs(4), nested, after))
    assert "config.layers[1].config.layers[1]: 'a'" in first
    assert "config.layers[1].config.layers[2]: 'b'" in second
    assert "config.layers[2]: 'dense'" in third


def test_the_problems_of_calls() -> None:
    config = functional(
        inputs(4),
        layer("Dense", "a", [at("missing", 4)], units=2),
        layer("Dense", "b", [at("x", 4, node=3)], units=2),
        layer("Dense", "c", [untold(shape=[None, 4])], units=2),
        {**layer("Dense", "d", units=2), "inbound_nodes": 5},
        layer("Dense", "e", [at("c", 2)], units=0),
        layer("Dense", "f", [at("a", 2)], units=2),
        layer("Dense", "dense", [at("f", 2)], units=2),
    )
    texts = problems(config)
    assert sorted(texts) == [
        "m.json: config.layers[1].inbound_nodes[0]: refers to call 0 of 'missing', which does not exist",
        "m.json: config.layers[2].inbound_nodes[0]: refers to call 3 of 'x', which does not exist",
        "m.json: config.layers[3].inbound_nodes[0]: contains a tensor that does not name its call",
        "m.json: config.layers[4].inbound_nodes: expects a list, not a number",
        "m.json: config.layers[5]: 'e': Dense's argument 'units' expects a whole number of at least 1, not 0",
    ]


def test_a_layer_without_a_name_causes_no_further_problems() -> None:
    config = functional(
        inputs(4),
        {"class_name": "Dense", "module": "keras.layers", "config": {"units": 2}, "inbound_nodes": []},
        layer("Dense", "b", [at("unnamed", 4)], units=2),
        layer("Dense", "dense", [at("b", 2)], units=2),
    )
    assert problems(config) == ["m.json: config.layers[1].config.name: expects a name, not null"]


def test_at_most_20_errors_are_shown() -> None:
    broken = [layer("Dense", f"d{number}", [at("x", 4)], units=0) for number in range(50)]
    texts = problems(functional(inputs(4), *broken, layer("Dense", "dense", [at("x", 4)], units=2)))
    assert len(texts) == 21
    assert texts[-1] == "30 more errors are not shown; correct the shown errors first"


@pytest.mark.parametrize(
    ("class_name", "args", "argument"),
    [
        ("LSTM", {"units": 2, "dropout": None}, "dropout"),
        ("GRU", {"units": 2, "recurrent_dropout": None}, "recurrent_dropout"),
        ("LSTM", {"units": 2, "use_cudnn": None}, "use_cudnn"),
        ("SimpleRNN", {"units": 2, "seed": 2.0}, "seed"),
        ("BatchNormalization", {"epsilon": None}, "epsilon"),
        ("BatchNormalization", {"momentum": None}, "momentum"),
        ("ReLU", {"threshold": None}, "threshold"),
        ("LeakyReLU", {"negative_slope": None}, "negative_slope"),
        ("Conv1D", {"filters": 2, "kernel_size": [1], "kernel_regularizer": {}}, "kernel_regularizer"),
    ],
)
def test_values_that_keras_refuses_in_a_file(class_name: str, args: dict[str, Any], argument: str) -> None:
    config = functional(inputs(5, 4), layer(class_name, "made", [at("x", 5, 4)], **args), outputs=[["made", 0, 0]])
    (problem,) = problems(config)
    assert f"{class_name}'s argument '{argument}' expects" in problem
