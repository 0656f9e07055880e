"""Tests models that Keras 2 accepts and Keras 3 refuses. The numbers are those of tf_keras;
`live/test_keras2_layers.py` compares such models with the installed tf_keras.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.read import read
from convcalc.write import FORMATS
from tests.helpers.weights_files import legacy

CONV = {
    "filters": 4,
    "strides": [1, 1],
    "padding": "valid",
    "data_format": "channels_last",
    "use_bias": True,
    "activation": "linear",
    "kernel_initializer": "zeros",
    "bias_initializer": "zeros",
    "kernel_size": [3, 3],
    **dict.fromkeys(("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")),
}
DENSE = {
    "units": 4,
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": "zeros",
    "bias_initializer": "zeros",
    **dict.fromkeys(("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")),
}
LSTM = {
    "units": 4,
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "return_state": False,
    "kernel_initializer": "zeros",
    "recurrent_initializer": "zeros",
    "bias_initializer": "zeros",
    **dict.fromkeys(("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")),
    **dict.fromkeys(("recurrent_regularizer", "recurrent_constraint")),
}


def layer(class_name: str, name: str, before: str = "", **config: Any) -> dict[str, Any]:
    nodes = [[[before, 0, 0, {}]]] if before else []
    config = {"name": name, "trainable": True, "dtype": "float32", **config}
    return {"class_name": class_name, "config": config, "name": name, "inbound_nodes": nodes}


def sequential(name: str, shape: list[Any], *layers: dict[str, Any]) -> dict[str, Any]:
    first = layer("InputLayer", f"{name}_input", batch_input_shape=shape)
    config = {"name": name, "layers": [{k: e[k] for k in ("class_name", "config")} for e in (first, *layers)]}
    return {"class_name": "Sequential", "config": config, "name": name, "build_config": {"input_shape": shape}}


def functional(shape: list[Any], *entries: dict[str, Any]) -> Report:
    """Returns the report of a chain of layers."""
    last = entries[-1]["name"]
    config = {
        "name": "model",
        "layers": [layer("InputLayer", "x", batch_input_shape=shape), *entries],
        "input_layers": [["x", 0, 0]],
        "output_layers": [[last, 0, 0]],
    }
    return infer(read(json.dumps({"class_name": "Functional", "config": config}).encode(), "model.json"))


def sizes(shapes: Any) -> list[list[Any]]:
    return [[None if size is UNKNOWN else size for size in shape] for shape in shapes]


def called(model: dict[str, Any]) -> dict[str, Any]:
    return {**model, "inbound_nodes": [[["x", 0, 0, {}]]]}


def after(name: str) -> dict[str, Any]:
    return {**layer("Activation", "end", activation="relu"), "inbound_nodes": [[[name, 1, 0, {}]]]}


@pytest.mark.parametrize(
    ("shape", "layers", "own", "result", "params"),
    [
        ([None, 3, 6], [layer("Dense", "d", **DENSE)], [None, 4], [None, 3, 4], 28),
        ([None, 2, 3, 6], [layer("Dense", "d", **DENSE)], [None, 4], [None, 2, 3, 4], 28),
        ([5, 6], [layer("Dense", "d", **DENSE)], [None, 4], [5, 4], 28),
    ],
)
def test_a_nested_model_is_called_on_other_shapes(
    shape: list[Any], layers: list[Any], own: list[Any], result: list[Any], params: int
) -> None:
    report = functional(shape, called(sequential("inner", [None, 6], *layers)), after("inner"))
    assert not report.problems
    rows = {row.path: row for row in report.layers}
    # For a nested model, Keras 2 shows the output shape for the inputs in the model's constructor, not for those of the
    # call.
    assert sizes(rows["inner"].output_shapes) == [own]
    assert sizes(rows["end"].output_shapes) == [result]
    assert report.totals.params == params


@pytest.mark.parametrize(("size", "result"), [(16, 14), (None, None), (8, 6)])
def test_a_nested_convolution_is_called_on_images_of_other_sizes(size: int | None, result: int | None) -> None:
    inner = sequential("inner", [None, 8, 8, 3], layer("Conv2D", "c", **CONV))
    report = functional([None, size, size, 3], called(inner), after("inner"))
    assert not report.problems
    rows = {row.path: row for row in report.layers}
    assert sizes(rows["inner"].output_shapes) == sizes(rows["inner/c"].output_shapes) == [[None, 6, 6, 4]]
    assert sizes(rows["end"].output_shapes) == [[None, result, result, 4]]
    assert report.totals.params == 112


def test_a_nested_model_is_refused_on_shapes_that_need_other_weights() -> None:
    inner = sequential("inner", [None, 6], layer("Dense", "d", **DENSE))
    with pytest.raises(ConvcalcError, match="weights of other shapes"):
        functional([None, 5], called(inner), after("inner"))


@pytest.mark.parametrize(
    ("shape", "config", "result", "params"),
    [
        ([None, 5, 8, 8, 3], {}, [None, 5, 6, 6, 4], 112),
        ([None, 2, 5, 8, 8, 3], {"padding": "same", "strides": [2, 2]}, [None, 2, 5, 4, 4, 4], 112),
        ([None, 5, 3, 8, 8], {"data_format": "channels_first"}, [None, 5, 4, 6, 6], 112),
        ([None, None, 8, 8, 3], {"use_bias": False}, [None, None, 6, 6, 4], 108),
    ],
)
def test_a_convolution_accepts_further_axes(
    shape: list[Any], config: dict[str, Any], result: list[Any], params: int
) -> None:
    report = functional(shape, layer("Conv2D", "c", "x", **{**CONV, **config}))
    assert not report.problems
    row = report.layers[-1]
    assert (sizes(row.output_shapes), row.params) == ([result], params)


def test_the_multiply_accumulates_of_a_convolution_are_counted_on_all_axes() -> None:
    many, one = (functional([None, *axes, 8, 8, 3], layer("Conv2D", "c", "x", **CONV)) for axes in ((2, 5), ()))
    assert many.totals.macs == 10 * one.totals.macs


@pytest.mark.parametrize(
    ("merge_mode", "sequences", "states", "result"),
    [
        ("concat", False, False, [[None, 7]]),
        ("concat", True, False, [[None, 5, 7]]),
        (None, True, False, [[None, 5, 4], [None, 5, 3]]),
        ("concat", False, True, [[None, 7], [None, 4], [None, 4], [None, 3]]),
    ],
)
def test_the_two_layers_of_a_bidirectional_have_different_sizes(
    merge_mode: str | None, sequences: bool, states: bool, result: list[Any]
) -> None:
    both = {"return_sequences": sequences, "return_state": states}
    forward = layer("LSTM", "f", **{**LSTM, **both, "go_backwards": False})
    backward = layer("GRU", "b", **{**LSTM, **both, "units": 3, "go_backwards": True, "reset_after": True})
    entry = layer("Bidirectional", "bi", "x", layer=forward, backward_layer=backward, merge_mode=merge_mode)
    report = functional([None, 5, 6], entry)
    assert not report.problems
    row = report.layers[-1]
    assert sizes(row.output_shapes) == result
    assert row.params == 4 * 4 * (6 + 4 + 1) + 3 * 3 * (6 + 3 + 2)


# Each case is a frozen layer that contains layers, its entry in the config, and the parameters that tf_keras counts.
@pytest.mark.parametrize(
    ("frozen", "params"),
    [
        (layer("TimeDistributed", "f", "x", trainable=False, layer=layer("Dense", "d", **DENSE)), 16),
        (layer("Bidirectional", "f", "x", trainable=False, layer=layer("LSTM", "l", **LSTM), merge_mode="sum"), 256),
        (
            layer(
                "TimeDistributed",
                "f",
                "x",
                trainable=False,
                layer=sequential("s", [None, 3], layer("Dense", "d", **DENSE)),
            ),
            16,
        ),
        (layer("Own>Block", "f", "x", trainable=False), UNKNOWN),
    ],
)
def test_a_frozen_layer_freezes_the_layers_in_it(frozen: dict[str, Any], params: Any) -> None:
    """This is so in files of Keras 2. In Keras 3, the inner layers would be trainable, because each has its own flag."""
    start = layer("InputLayer", "x", batch_input_shape=[None, 5, 3])
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["f", 0, 0]]}
    config = {"name": "m", "layers": [start, frozen], **ends}
    totals = infer(read(json.dumps({"class_name": "Functional", "config": config}).encode(), "m.json")).totals
    assert (UNKNOWN if "params" in totals.incomplete else totals.params) == params
    assert (totals.trainable_params, totals.incomplete.get("trainable_params")) == (0, None)


# A model of Keras 2 has each layer that is an attribute of the model, also if nothing calls the layer.
BUILT = {"build_config": {"input_shape": [None, 3]}}


@pytest.mark.parametrize(
    ("uncalled", "own", "total", "stored"),
    [
        (layer("Dropout", "more", rate=0.2), 0, 8, {}),
        (layer("Dense", "more", **DENSE), 0, 8, {}),  # never built
        ({**layer("Dense", "more", **DENSE), **BUILT}, UNKNOWN, 8, {}),
        ({**layer("Dense", "more", **DENSE), **BUILT}, 16, 24, {"kernel:0": (3, 4), "bias:0": (4,)}),
        ({**layer("Own", "more"), **BUILT}, UNKNOWN, 8, {}),
        ({**layer("Own", "more"), **BUILT}, 6, 14, {"w:0": (6,)}),
        (
            {**sequential("more", [None, 3], layer("Dense", "d", **DENSE))},
            16,
            24,
            {"d/kernel:0": (3, 4), "d/bias:0": (4,)},
        ),
    ],
)
def test_a_layer_that_nothing_calls_is_a_row(
    uncalled: dict[str, Any], own: Any, total: int, stored: dict[str, tuple[int, ...]]
) -> None:
    called_layer = {**layer("Dense", "d1", "x", **DENSE), "build_config": {"input_shape": [None, 1]}}
    first = layer("InputLayer", "x", batch_input_shape=[None, 1])
    config = {
        "name": "m",
        "layers": [first, uncalled | {"inbound_nodes": []}, called_layer],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["d1", 0, 0]],
    }
    data = {"class_name": "Functional", "config": config, "keras_version": "2.15.0"}
    weights = {"x": {}, "d1": {"kernel:0": (1, 4), "bias:0": (4,)}, "more": stored}
    content = legacy(weights, data) if stored else json.dumps(data).encode()
    report = infer(read(content, "model.h5" if stored else "model.json"))
    assert [(row.name, row.params) for row in report.layers] == [("x", 0), ("d1", 8), ("more", own)]
    assert report.layers[-1].output_shapes == (None,)
    assert (report.totals.params, report.totals.macs) == (total, 4)
    assert report.totals.incomplete.get("params") == ("partial" if own is UNKNOWN else None)
    # The layer is not written: only the graph is.
    again = infer(read(FORMATS[".json"](report).encode(), "again.json"))
    assert [row.name for row in again.layers] == ["x", "d1"]
