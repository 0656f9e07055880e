"""Tests custom classes and functions in Keras files: they do not count as Keras's, and their files are not refused.

The numbers are from Keras 3.15 and tf_keras 2.21. ``tests/live/test_custom_files.py`` compares files with the installed
Keras.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import h5py
import numpy as np
import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.model import Foreign
from convcalc.read import read
from convcalc.rendering.style import TextStyle
from convcalc.rendering.table import table
from convcalc.write.config import config_json
from tests.helpers.keras_configs import data, functional, layer, sequential, tensor

INPUT = layer("InputLayer", "x", batch_shape=[None, 5, 3], dtype="float32")
# its input shape shows that "made" has the output shape (None, 3)
END = layer("Dense", "dense", [tensor("made")], units=4)
# The arguments that every version of Keras 2 writes for a layer.
DENSE = {
    "units": 4,
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": "zeros",
    "bias_initializer": "zeros",
    **dict.fromkeys(("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")),
}
EMBEDDING = {
    "input_dim": 7,
    "output_dim": 2,
    "mask_zero": False,
    "embeddings_initializer": "uniform",
    **dict.fromkeys(("embeddings_regularizer", "embeddings_constraint")),
}
LSTM_CELL = {"module": "keras.layers", "class_name": "LSTMCell", "config": {"units": 2}, "registered_name": None}


def custom(class_name: str, name: str = "inner", **more: Any) -> dict[str, Any]:
    """Returns the config of an object as Keras 3 writes it.

    The class is defined in the program that saved the file, not in a package.
    """
    written = {"module": None, "registered_name": class_name, **more}
    return {"class_name": class_name, "config": {"name": name, "amount": 3}, **written}


def called(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns a copy of a layer's config, with the name ``made`` and with a call on the model's input."""
    entry = {**entry, "config": {**entry["config"], "name": "made"}}
    return {**entry, "name": "made", "inbound_nodes": [{"args": [tensor("x")], "kwargs": {}}]}


def old(class_name: str, **config: Any) -> dict[str, Any]:
    """Returns a layer in the form of the ``.h5`` files of Keras 2."""
    return {"class_name": class_name, "config": {"name": "made", "trainable": True, "dtype": "float32", **config}}


def report(content: Any) -> Report:
    return infer(read(data(content), "model.json"))


def messages(result: Report, code: str = "unknown-layer") -> list[str]:
    return [problem.message for problem in result.problems if problem.code == code]


@pytest.mark.parametrize("class_name", ["RMSNormalization", "LayerScale", "Attention", "MultiHeadAttention", "Dense"])
@pytest.mark.parametrize(
    ("module", "package"), [(None, ""), (None, "Custom>"), (None, "pkg>"), ("my.module", ""), ("my.module", "pkg>")]
)
def test_a_custom_class_with_a_name_of_keras_is_foreign(class_name: str, module: str | None, package: str) -> None:
    entry = custom(class_name, module=module, registered_name=package + class_name)
    result = report(functional(INPUT, called(entry), END))
    made = result.layers[1]
    assert isinstance(made.definition, Foreign)
    assert made.params is UNKNOWN
    assert made.output_shapes == ((UNKNOWN, 3),)
    assert result.layers[2].params == 16
    (message,) = messages(result)
    assert f"({class_name}, module {module or 'null'}, registered_name {package + class_name})" in message
    assert "output shapes, weights and costs are unknown" in message


@pytest.mark.parametrize("registered", [None, "TFDIdentity"])
def test_the_own_layers_of_keras_may_repeat_their_name(registered: str | None) -> None:
    entry = custom("TFDIdentity", module="keras.src.layers.preprocessing.feature_space", registered_name=registered)
    result = report(functional(INPUT, called(entry), END))
    assert not messages(result)
    assert result.layers[1].params == 0


@pytest.mark.parametrize(
    "entry",
    [
        old("Attention", units=8),
        old("MultiHeadAttention", head_num=2),
        old("LayerNormalization"),
        old("Dense", **{**DENSE, "units": "4"}),
        old("Dense", units=4),
        old("Dense", units=4, activation="linear", use_bias=True),
        old("Conv1D", filters=4, kernel_size=3, strides=1, padding="same", activation="relu"),
        old("LSTM", units=4, return_sequences=True, activation="tanh"),
        old("BatchNormalization", axis=-1, momentum=0.9, groups=2),
        old("Softmax", units=3),
        old("pkg>Dense", units=4, activation="linear", use_bias=True),
        old("Custom>Attention", use_scale=False),
    ],
    ids=lambda entry: f"{entry['class_name']} {sorted(entry['config'])[-1]}",
)
def test_without_a_module_a_class_is_of_keras_only_if_keras_has_its_arguments(entry: dict[str, Any]) -> None:
    for place in (sequential(INPUT, entry), sequential(INPUT, layer("TimeDistributed", "made", layer=entry))):
        result = report(place)
        (message,) = messages(result)
        assert entry["class_name"] in message
        assert result.layers[-1].params is UNKNOWN
    reason = "not a layer of Keras" if ">" in entry["class_name"] else "not Keras's class, "
    assert reason in message


@pytest.mark.parametrize(
    ("entry", "params"),
    [
        (old("Dense", **DENSE, batch_input_shape=[None, 5, 3]), 16),
        (old("LeakyReLU", alpha=0.2), 0),
        (old("SpatialDropout1D", rate=0.1, noise_shape=None, seed=None), 0),
        (old("Embedding", **EMBEDDING, input_length=5), 14),
        (old("Flatten"), 0),
    ],
    ids=lambda value: value["class_name"] if isinstance(value, dict) else "",
)
def test_without_a_module_the_layers_of_keras_are_known(entry: dict[str, Any], params: int) -> None:
    first = (
        layer("InputLayer", "x", batch_shape=[None, 5], dtype="float32") if "input_dim" in entry["config"] else INPUT
    )
    result = report(sequential(first, entry))
    assert not result.problems
    assert result.layers[-1].params == params


def test_without_a_module_a_layer_of_keras_inside_a_wrapper_is_known() -> None:
    entry = old("LeakyReLU", alpha=0.2)
    result = report(sequential(INPUT, layer("TimeDistributed", "made", layer=entry)))
    assert not result.problems
    assert result.layers[-1].output_shapes == ((UNKNOWN, 5, 3),)


@pytest.mark.parametrize(
    "entry",
    [
        {**old("CustomScaleLayer", scale=0.2), "registered_name": "Custom>CustomScaleLayer"}
        | {"module": "tf_keras.src.applications.inception_resnet_v2"},
        old("Custom>CustomScaleLayer", scale=0.2),
    ],
)
def test_a_layer_that_keras_2_registered_as_custom_is_known(entry: dict[str, Any]) -> None:
    called_entry = {**entry, "name": "made", "inbound_nodes": [{"args": [[tensor("x"), tensor("x")]], "kwargs": {}}]}
    result = report(functional(INPUT, called_entry, END))
    assert not messages(result)
    assert result.layers[1].params == 0


def test_a_class_of_keras_with_wrong_arguments_is_an_error() -> None:
    with pytest.raises(ConvcalcError, match="needs the argument 'units'"):
        report(functional(INPUT, layer("Dense", "made", [tensor("x")]), END))


RNN = {"module": "keras.layers", "class_name": "RNN", "config": {"cell": custom("Cell")}, "registered_name": None}
WRAPPERS: dict[str, dict[str, Any]] = {
    "TimeDistributed": {"layer": custom("Mine")},
    "TimeDistributed ": {"layer": custom("Dense", registered_name="pkg>Dense")},
    "TimeDistributed  ": {"layer": {**layer("TimeDistributed", "t"), "config": {"layer": custom("Mine")}}},
    "TimeDistributed   ": {"layer": RNN},
    "RNN": {"cell": custom("Cell")},
    "RNN ": {"cell": [custom("GRUCell"), LSTM_CELL]},
    "RNN  ": {"cell": {**layer("StackedRNNCells", "s"), "config": {"cells": [LSTM_CELL, custom("Cell")]}}},
    "Bidirectional": {"layer": RNN, "merge_mode": "concat"},
    "Bidirectional ": {"layer": custom("LSTM", registered_name="Custom>LSTM")},
    "SpectralNormalization": {"layer": custom("Mine")},
    "Pipeline": {"layers": [custom("Mine"), {**layer("Rescaling", "r"), "config": {"scale": 2.0}}]},
    "Pipeline ": {"layers": [{**layer("TimeDistributed", "t"), "config": {"layer": RNN}}]},
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_custom_layer_inside_a_wrapper_makes_only_its_numbers_unknown(wrapper: str) -> None:
    config = functional(INPUT, layer(wrapper.strip(), "made", [tensor("x")], **WRAPPERS[wrapper]), END)
    if isinstance(WRAPPERS[wrapper].get("cell"), list):
        stack = {**layer("StackedRNNCells", "s"), "config": {"cells": WRAPPERS[wrapper]["cell"]}}
        config = functional(INPUT, layer("RNN", "made", [tensor("x")], cell=stack), END)
    result = report(config)
    made = result.layers[1]
    assert made.class_name == wrapper.strip()
    assert made.params is UNKNOWN
    assert made.macs is UNKNOWN
    assert made.output_shapes == ((UNKNOWN, 3),)
    assert result.layers[2].params == 16
    (message,) = messages(result)
    assert "the layer in 'made' (" in message
    # convcalc writes the model and reads it again
    again = report(config_json(result).encode())
    assert [row.params for row in again.layers] == [row.params for row in result.layers]
    assert messages(again)[0].partition(": the layer")[2] == message.partition(": the layer")[2]


def test_the_weights_in_an_archive_count_for_a_wrapper() -> None:
    """The archive stores a (3, 3) kernel and a (3,) bias for a custom layer that is inside a TimeDistributed layer."""
    config = functional(INPUT, layer("TimeDistributed", "made", [tensor("x")], layer=custom("Mine")), END)
    weights, file = BytesIO(), BytesIO()
    with h5py.File(weights, "w") as written:
        written["layers/time_distributed/layer/vars/0"] = np.zeros((3, 3), "float32")
        written["layers/time_distributed/layer/vars/1"] = np.zeros(3, "float32")
        written["layers/dense/vars/0"] = np.zeros((3, 4), "float32")
        written["layers/dense/vars/1"] = np.zeros(4, "float32")
    with ZipFile(file, "w") as packed:
        packed.writestr("config.json", data(config))
        packed.writestr("model.weights.h5", weights.getvalue())
    result = infer(read(file.getvalue(), "model.keras"))
    assert [row.params for row in result.layers] == [0, 12, 16]
    assert result.totals.params == 28


def function(name: str, module: str = "builtins") -> dict[str, Any]:
    """Returns a function in the form in which Keras 3 writes it."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


ACTIVATIONS = [
    function("my_function"),
    function("pkg>my_function"),
    function("softmax_v2"),  # the name of tf.nn.softmax in files
    function("log_softmax_v2"),
    function("sin", "keras.src.ops.numpy"),
    "my_function",  # Keras 2 writes only the name of a function
    "softmax_v2",
    custom("MyActivation"),
    {"class_name": "pkg>MyActivation", "config": {}},
]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_a_custom_activation_changes_only_flops(activation: Any) -> None:
    def inner(class_name: str, **config: Any) -> dict[str, Any]:
        return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}

    lstm_cell = inner("LSTMCell", units=2, recurrent_activation=activation)
    for made, params, shape in (
        (layer("Dense", "made", units=4, activation=activation), 16, (UNKNOWN, 5, 4)),
        (layer("Activation", "made", activation=activation), 0, (UNKNOWN, 5, 3)),
        (layer("LSTM", "made", units=2, recurrent_activation=activation), 48, (UNKNOWN, 2)),
        (layer("TimeDistributed", "made", layer=inner("Dense", units=4, activation=activation)), 16, (UNKNOWN, 5, 4)),
        (layer("Bidirectional", "made", layer=inner("GRU", units=2, activation=activation)), 84, (UNKNOWN, 4)),
        (layer("RNN", "made", cell=inner("StackedRNNCells", cells=[lstm_cell])), 48, (UNKNOWN, 2)),
    ):
        result = report(sequential(INPUT, made))
        row = result.layers[-1]
        assert (row.params, row.output_shapes) == (params, (shape,))
        (message,) = messages(result, "unknown-function")
        assert "FLOPs are unknown" in message
        name = activation if isinstance(activation, str) else activation["class_name"]
        assert (activation["config"] if name == "function" else name) in message
        flops = result.as_dict()["layers"][-1]["flops"]
        assert flops is None
        again = report(config_json(result).encode())
        assert again.layers[-1].params == params


@pytest.mark.parametrize("argument", ["kernel_initializer", "kernel_regularizer", "kernel_constraint"])
@pytest.mark.parametrize(
    "value",
    ["my_object", function("my_object"), function("pkg>my_object"), custom("MyObject"), custom("Zeros")],
    ids=str,
)
def test_other_custom_objects_change_no_number(argument: str, value: Any) -> None:
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 4, argument: value}}
    for made in (
        layer("Dense", "made", units=4, **{argument: value}),
        layer("TimeDistributed", "made", layer={**dense, "registered_name": None}),
    ):
        result = report(sequential(INPUT, made))
        assert result.totals.params == 16
        (message,) = messages(result, "unknown-function")
        assert argument in message
        assert "no number depends on it" in message


def test_the_objects_of_keras_cause_no_warning() -> None:
    values = {
        "activation": {"module": "keras.layers", "class_name": "LeakyReLU", "config": {}, "registered_name": None},
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
        "bias_initializer": {
            "module": "keras.initializers",
            "class_name": "Zeros",
            "config": {},
            "registered_name": None,
        },
        "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}},
    }
    assert not report(sequential(INPUT, layer("Dense", "made", units=4, **values))).problems


def test_a_layer_inside_a_wrapper_may_have_an_unknown_dtype() -> None:
    inner = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 4, "dtype": "complex64"}}
    made = layer("TimeDistributed", "made", layer={**inner, "registered_name": None})
    assert messages(report(sequential(INPUT, made)), "unknown-dtype")


@pytest.mark.parametrize(
    ("used", "text"),
    [
        ([0], "(None, 3), … (recorded)"),
        ([1], "[?, (None, 3), …] (recorded)"),
        ([0, 1], "[(None, 3), (None, 3), …] (recorded)"),
    ],
)
def test_a_custom_layer_may_have_more_outputs_than_the_file_records(used: list[int], text: str) -> None:
    """A file records only the outputs that other layers use."""
    dense = [layer("Dense", f"dense{number}", [tensor("made", 0, number)], units=4) for number in used]
    outputs = [[entry["name"], 0, 0] for entry in dense]
    result = report(functional(INPUT, called(custom("Two")), *dense, outputs=outputs))
    assert f" {text} " in table(result, TextStyle())
    assert [row.name for row in result.layers if row.may_have_more_outputs] == ["made"]
    told = result.as_dict()["layers"][1]
    assert told["may_have_more_outputs"] is True
    assert told["calls"][0]["may_have_more_outputs"] is True


def test_a_sequential_records_all_outputs_of_a_custom_layer() -> None:
    """The file states the input shape of the next layer. It is one shape, so the custom layer has one output."""
    end = {**layer("Dense", "dense", units=4), "build_config": {"input_shape": [None, 5, 3]}}
    result = report(sequential(INPUT, custom("One", "made"), end))
    assert result.layers[0].output_shapes == ((UNKNOWN, 5, 3),)
    assert not result.layers[0].may_have_more_outputs
