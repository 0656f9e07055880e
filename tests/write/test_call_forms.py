"""Tests that ``convcalc convert`` keeps the form of calls: the written config calls each layer with the same arguments
as the file.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read import read
from convcalc.write import FORMATS


def tensor(name: str, shape: tuple[int | None, ...] = (None, 5, 4), dtype: str = "float32") -> dict[str, Any]:
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": list(shape), "dtype": dtype, "keras_history": [name, 0, 0]},
    }


def entry(
    class_name: str, name: str, *calls: Any, module: str | None = "keras.layers", **config: Any
) -> dict[str, Any]:
    nodes = [{"args": args, "kwargs": kwargs} for args, kwargs in calls]
    registered = None if module == "keras.layers" else f"pkg>{class_name}"
    made = {"name": name, "trainable": True, "dtype": "float32", **config}
    return {
        "module": module,
        "class_name": class_name,
        "config": made,
        "registered_name": registered,
        "name": name,
        "inbound_nodes": nodes,
    }


def source(name: str, shape: tuple[int | None, ...] = (None, 5, 4), dtype: str = "float32") -> dict[str, Any]:
    config = {"batch_shape": list(shape), "dtype": dtype, "name": name}
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": config,
        "registered_name": None,
        "name": name,
        "inbound_nodes": [],
    }


def model(*layers: dict[str, Any], inputs: Any = None, outputs: Any = None, **more: Any) -> dict[str, Any]:
    names = [each["name"] for each in layers if each["class_name"] == "InputLayer"]
    config = {
        "name": "m",
        "trainable": True,
        "layers": list(layers),
        "input_layers": [[name, 0, 0] for name in names] if inputs is None else inputs,
        "output_layers": [layers[-1]["name"], 0, 0] if outputs is None else outputs,
        **more,
    }
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional"}


def converted(config: dict[str, Any], ending: str = ".json") -> Any:
    text = FORMATS[ending](infer(read(json.dumps(config).encode(), "model.json")))
    return json.loads(text) if ending == ".json" else text


A, B = tensor("a"), tensor("b")
M = tensor("m", (None, 5), "bool")
ATTENTION = {"num_heads": 2, "key_dim": 3}
CONSTANT = {"class_name": "__numpy__", "config": {"value": [[True] * 5], "dtype": "bool"}}
CALLS = {
    "attention_mask": ("MultiHeadAttention", ATTENTION, [A, B], {"attention_mask": M}),
    "query_mask and key_mask": ("MultiHeadAttention", ATTENTION, [A, B], {"query_mask": M, "key_mask": M}),
    "the query by name": ("MultiHeadAttention", ATTENTION, [], {"query": A, "value": B, "value_mask": M}),
    "one mask twice": ("Attention", {}, [[A, B]], {"mask": [M, M]}),
    "one mask of two": ("Attention", {}, [[A, B]], {"mask": [None, M]}),
    "one tensor twice": ("Add", {}, [[A, A]], {}),
    "a tuple": ("Add", {}, [{"class_name": "__tuple__", "items": [A, B]}], {}),
    "a constant mask": ("LSTM", {"units": 3}, [A], {"mask": CONSTANT}),
    "training": ("Dropout", {"rate": 0.5}, [A], {"training": True}),
}


@pytest.mark.parametrize("what", CALLS)
def test_the_call_of_a_layer_keeps_its_arguments(what: str) -> None:
    class_name, arguments, args, kwargs = CALLS[what]
    config = model(
        source("a"),
        source("b"),
        source("m", (None, 5), "bool"),
        entry(class_name, "layer", (args, kwargs), **arguments),
    )
    assert converted(config)["config"]["layers"][-1]["inbound_nodes"] == [{"args": args, "kwargs": kwargs}]


FOREIGN_CALLS = {
    "two arguments": ([A, B], {}),
    "a list": ([[A, B]], {}),
    "a list as second argument": ([A, [B, A]], {}),
    "a mapping": ([{"y": A, "x": B}], {}),
    "a named tensor": ([A], {"memory": B}),
    "a number": ([A, None, 3.0], {}),
    "flags": ([A], {"training": False, "factor": 2}),
    "a mask": ([A], {"padding_mask": M}),
    "a constant": ([A, CONSTANT], {}),
    "a function": ([A], {"f": {"module": "builtins", "class_name": "function", "config": "f", "registered_name": "f"}}),
}


@pytest.mark.parametrize("what", FOREIGN_CALLS)
def test_the_call_of_a_custom_class_keeps_its_arguments(what: str) -> None:
    args, kwargs = FOREIGN_CALLS[what]
    config = model(
        source("a"), source("b"), source("m", (None, 5), "bool"), entry("Mine", "mine", (args, kwargs), module=None)
    )
    assert converted(config)["config"]["layers"][-1]["inbound_nodes"] == [{"args": args, "kwargs": kwargs}]


def test_the_config_of_a_custom_class_is_unchanged() -> None:
    """Keras passes the config unchanged to ``from_config``. So an object in the config must stay an object, and a tuple
    must stay a tuple.
    """
    arguments = {
        "size": {"class_name": "__tuple__", "items": [1, 2]},
        "start": {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None},
        "dtype": {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": "float32"},
            "registered_name": None,
        },
    }
    config = model(source("a"), entry("Mine", "mine", ([A], {}), module=None, **arguments))
    assert converted(config)["config"]["layers"][-1]["config"] == config["config"]["layers"][-1]["config"]


@pytest.mark.parametrize(
    "outputs",
    [
        ["d", 0, 0],
        [["d", 0, 0]],
        [["d", 0, 0], ["e", 0, 0]],
        {"y": ["d", 0, 0], "x": ["e", 0, 0]},
        [["d", 0, 0], [["e", 0, 0]]],
    ],
    ids=str,
)
def test_outputs_keep_their_arrangement(outputs: Any) -> None:
    names = str(outputs)
    layers = [entry("Dense", name, ([A], {}), units=3) for name in ("d", "e") if f"'{name}'" in names]
    config = model(source("a"), *layers, outputs=outputs, inputs={"a": ["a", 0, 0]})
    written = converted(config)["config"]
    assert written["output_layers"] == outputs
    assert written["input_layers"] == {"a": ["a", 0, 0]}


def test_a_frozen_model_stays_frozen() -> None:
    config = model(source("a"), entry("Dense", "d", ([A], {}), units=3), trainable=False)
    assert converted(config)["config"]["trainable"] is False


def test_a_tensor_of_unknown_shape_is_refused() -> None:
    unknown = tensor("mine")
    unknown["config"]["shape"] = None
    layers = [entry("Mine", "mine", ([A], {}), module=None), entry("Dense", "d", ([unknown], {}), units=3)]
    with pytest.raises(ConvcalcError, match="'d' reads output 0 of 'mine', whose shape is unknown"):
        converted(model(source("a"), *layers))


@pytest.mark.parametrize("ending", [".json", ".yaml", ".py"])
def test_a_model_without_inputs_is_refused(ending: str) -> None:
    report = infer(read(json.dumps(model(source("a"), entry("Dense", "d", ([A], {}), units=3))).encode(), "m.json"))
    without = report.model._replace(inputs=())
    with pytest.raises(ConvcalcError, match="the model has no inputs"):
        FORMATS[ending](infer(without))


# Python code ----------------------------------------------------------------------------------------------------------


def code(*layers: dict[str, Any], **more: Any) -> str:
    return converted(model(source("a"), source("b"), source("m", (None, 5), "bool"), *layers, **more), ".py")


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        (entry("MultiHeadAttention", "y", ([A, B], {"attention_mask": M}), **ATTENTION), "(a, b, attention_mask=m)"),
        (entry("Attention", "y", ([[A, B]], {"mask": [None, M]})), "([a, b], mask=[None, m])"),
        (entry("Mine", "y", ([A, B], {}), module=None), "(a, b)"),
        (entry("Mine", "y", ([[A, B]], {"padding_mask": M}), module=None), "([a, b], padding_mask=m)"),
        (entry("Dropout", "y", ([A], {"training": False}), rate=0.5), "(a, training=False)"),
        (entry("LSTM", "y", ([A], {"mask": CONSTANT}), units=3), 'dtype="bool"))'),
    ],
)
def test_code_calls_a_layer_as_the_file_does(layer: dict[str, Any], line: str) -> None:
    assert line in code(layer)


@pytest.mark.parametrize(
    ("class_name", "keys", "shapes", "options"),
    [
        ("MixUp", ("images", "labels"), ((None, 8, 8, 3), (None, 4)), {}),
        ("CutMix", ("images", "labels"), ((None, 8, 8, 3), (None, 4)), {"factor": 1.0}),
        ("RandomFlip", ("images", "labels"), ((None, 8, 8, 3), (None, 4)), {}),
    ],
)
@pytest.mark.parametrize("number", [0, 1])
def test_code_takes_the_outputs_of_a_layer_on_a_dict_in_the_order_of_keras(
    class_name: str, keys: tuple[str, ...], shapes: Any, options: Any, number: int
) -> None:
    sources = [source(key, shape) for key, shape in zip(keys, shapes)]
    tensors = {key: tensor(key, shape) for key, shape in zip(keys, shapes)}
    mixed = entry(class_name, "y", ([tensors], {}), **options)
    text = converted(model(*sources, mixed, outputs=["y", 0, number]), ".py")
    assert f"keras.tree.flatten(x)[{number}]" in text


@pytest.mark.parametrize(
    ("class_name", "module", "args", "config", "line"),
    [
        ("Where", "numpy", [A, None, None], {}, "x1=None, x2=None)"),
        ("RMSNorm", "nn", [A], {"axis": -1, "epsilon": 0.1}, "scale=None)"),
        ("LayerNorm", "nn", [A], {"axis": -1, "epsilon": 0.1}, "gamma=None, beta=None)"),
    ],
)
def test_code_gives_the_class_of_an_operation_the_tensors_without_a_default(
    class_name: str, module: str, args: list[Any], config: dict[str, Any], line: str
) -> None:
    made = {
        **entry(class_name, "w_7", (args, {}), module=f"keras.src.ops.{module}"),
        "config": {"name": "w_7", **config},
    }
    assert line in converted(model(source("a"), made, outputs=["w_7", 0, 0]), ".py")


def test_code_keeps_a_frozen_model_and_mappings_of_tensors() -> None:
    layer = entry("Dense", "d", ([A], {}), units=3)
    text = converted(model(source("a"), layer, outputs={"y": ["d", 0, 0]}, trainable=False), ".py")
    assert 'keras.Model([a], {"y": x}, name="m", trainable=False)' in text


def test_code_leaves_custom_initializers_and_functions_to_the_user() -> None:
    made = {"module": "pkg.start", "class_name": "Scaled", "config": {"scale": 2.0}, "registered_name": "pkg>Scaled"}
    function = {"module": "builtins", "class_name": "function", "config": "pkg>act", "registered_name": "function"}
    text = code(entry("Dense", "d", ([A], {}), units=3, kernel_initializer=made, activation=function))
    assert "\n# from pkg.start import Scaled\n" in text
    assert "\n# from custom_objects import act\n" in text
    assert "activation=act, kernel_initializer=Scaled(scale=2.0)" in text


def test_code_gives_a_custom_class_its_config_unchanged() -> None:
    text = code(entry("Mine", "y", ([A], {}), module=None, size={"class_name": "__tuple__", "items": [1, 2]}))
    assert "Mine.from_config(" in text
    assert '"size": {"class_name": "__tuple__", "items": [1, 2]}' in text


def test_code_takes_states_of_stacked_cells_in_the_order_of_keras() -> None:
    cells = [
        {"module": "keras.layers", "class_name": "LSTMCell", "config": {"units": n}, "registered_name": None}
        for n in (2, 3)
    ]
    stacked = {
        "module": "keras.layers",
        "class_name": "StackedRNNCells",
        "config": {"cells": cells},
        "registered_name": None,
    }
    layer = entry("RNN", "rnn", ([A], {}), cell=stacked, return_state=True)
    state = tensor("rnn", (None, 3))
    state["config"]["keras_history"] = ["rnn", 0, 3]
    text = converted(model(source("a"), layer, entry("Dense", "d", ([state], {}), units=3)), ".py")
    assert "keras.tree.flatten(x)[3]" in text


def test_no_variable_of_the_code_has_the_name_of_a_builtin() -> None:
    layers = [entry("Dense", "slice", ([A], {}), units=3), entry("Dense", "d", ([A], {}), units=3)]
    text = converted(model(source("a"), *layers, outputs=[["slice", 0, 0], ["d", 0, 0], ["slice", 0, 0]]), ".py")
    assert "slice_2 = " in text


# Specs ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (entry("Mine", "y", ([A, B], {}), module=None), "'y' is called with several arguments"),
        (entry("Mine", "y", ([A], {"factor": 2}), module=None), "'y' is called with factor"),
        (entry("MultiHeadAttention", "y", ([A, B], {"attention_mask": M}), **ATTENTION), "the inputs of 'y' would be"),
        (entry("LSTM", "y", ([A], {"mask": CONSTANT}), units=3), "'y' is called with mask"),
        (
            entry("Add", "y", ([[A, {**CONSTANT, "config": {"value": [[[1.0]]], "dtype": "float32"}}]], {})),
            "on a constant",
        ),
    ],
)
def test_a_call_that_a_spec_cannot_describe_is_refused(layer: dict[str, Any], message: str) -> None:
    config = model(source("a"), source("b"), source("m", (None, 5), "bool"), layer)
    with pytest.raises(ConvcalcError, match=message):
        converted(config, ".yaml")


def test_a_spec_refuses_a_frozen_model() -> None:
    with pytest.raises(ConvcalcError, match="'m' is frozen"):
        converted(model(source("a"), entry("Dense", "d", ([A], {}), units=3), trainable=False), ".yaml")


def test_a_spec_leaves_out_details_without_effect() -> None:
    """A spec leaves out the module of a registered class, masks that are all None, and default arguments."""
    own = entry("Mine", "mine", ([A], {}), module=None)
    own["module"] = "pkg.layers"
    pad = entry(
        "Pad", "pad", ([A], {}), module="keras.src.ops.numpy", pad_width=[[0, 0], [1, 1], [0, 0]], mode="constant"
    )
    pad["config"] = {key: value for key, value in pad["config"].items() if key not in ("trainable", "dtype")}
    merged = entry("Add", "add", ([[A, B]], {"mask": [None, None]}))
    ends = [["mine", 0, 0], ["pad", 0, 0], ["add", 0, 0]]
    text = converted(model(source("a"), source("b"), own, pad, merged, outputs=ends), ".yaml")
    assert '- "pkg>Mine": {from: a}' in text
    assert "ops.pad" in text
    assert "Add: {from: [a, b]}" in text


@pytest.mark.parametrize(
    ("kwargs", "code"),
    [
        ({"training": False}, 'layers.LSTM(3, name="y")(x)'),
        ({"training": None}, 'layers.LSTM(3, name="y")(x)'),
        ({"training": True}, 'layers.LSTM(3, name="y")(embedding, mask=not_equal, training=True)'),
    ],
)
def test_a_call_in_code_gets_its_automatic_mask(kwargs: dict[str, Any], code: str) -> None:
    """Keras 3.15 creates no automatic mask for a call with a keyword argument, even for ``training=False``.

    So the code leaves out ``training=False``. With ``training=True``, the code passes the mask explicitly.
    """
    spec = """
inputs: {ids: {shape: [5], dtype: int32}}
layers:
  - Embedding: {input_dim: 9, output_dim: 4, mask_zero: true}
  - LSTM: {units: 3, name: y}
outputs: [y]
"""
    config = json.loads(FORMATS[".json"](infer(read(spec.encode(), "spec"))))
    last = config["config"]["layers"][-1]["inbound_nodes"][0]
    last["kwargs"] = {**last["kwargs"], **kwargs}
    assert "mask" in last["kwargs"]
    written = FORMATS[".py"](infer(read(json.dumps(config).encode(), "model.json")))
    assert code in written, written
