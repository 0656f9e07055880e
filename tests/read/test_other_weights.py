"""Tests layers that seem to be Keras's, but whose stored weights differ from those of Keras's class.

The layouts and the numbers are from Keras 3.15.1 and tf_keras 2.21. ``tests/live/test_other_weights.py`` compares such models
with the installed versions.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from convcalc import Report, infer, render
from convcalc.analyse.study import Study
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.checking.budget import check_budget, limits_of
from convcalc.keras_text.totals import totals_with_optimizer
from convcalc.model import Foreign
from convcalc.read import load, read
from convcalc.write import FORMATS, classes_to_supply
from tests.helpers.keras_configs import INPUT, functional, layer, sequential, tensor
from tests.helpers.saved_models import Writer, described, variable
from tests.helpers.weights_files import Shapes, archive_with_weights, legacy, tree

ARGUMENTS = {
    "units": 4,
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": "zeros",
    "bias_initializer": "zeros",
    **dict.fromkeys(("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")),
}
OWN = {"kernel:0": (3, 4), "bias:0": (4,), "extra:0": (3,)}  # a subclass of Dense with an additional weight
KERAS = {"kernel:0": (3, 4), "bias:0": (4,)}


def of(content: bytes) -> Report:
    return infer(read(content, "file"))


def old(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    """Returns a layer in the form of Keras 2, without a module."""
    return {"class_name": class_name, "config": {"name": name, "trainable": True, "dtype": "float32", **config}}


def old_model(*names: str) -> dict[str, Any]:
    """Returns a Sequential of Keras 2 with a Dense of each name. All of them have 4 units."""
    start = old("InputLayer", "x", batch_input_shape=[None, 3])
    layers = [start, *(old("Dense", name, **ARGUMENTS) for name in names)]
    return {"class_name": "Sequential", "config": {"name": "old", "layers": layers}}


def within(name: str, weights: Shapes) -> Shapes:
    return {f"{name}/{weight}": shape for weight, shape in weights.items()}


def params(report: Report) -> list[tuple[str, Any]]:
    return [(row.path, row.params) for row in report.layers if row.params != 0]


def warnings(report: Report) -> list[str]:
    return [problem.message for problem in report.problems]


def test_a_layer_with_more_weights_than_the_class_of_keras_is_custom() -> None:
    weights = {"a": within("a", OWN), "b": within("b", {"kernel:0": (4, 4), "bias:0": (4,)})}
    report = of(legacy(weights, old_model("a", "b")))
    first, second = report.layers[-2:]
    assert params(report) == [("a", 19), ("b", 20)]
    assert report.totals.params == 39
    assert "params" not in report.totals.incomplete
    assert first.recorded
    assert isinstance(first.definition, Foreign)
    assert first.output_shapes == (None,)  # the output of a custom class is unknown
    assert second.class_name == "Dense"
    (message,) = warnings(report)
    reason = "the file stores 19 parameters for it, but Keras's class has 16"
    assert message == f"'a' (Dense) is not Keras's class, because {reason}: its output shapes and costs are unknown"


@pytest.mark.parametrize(
    ("weights", "count"),
    [
        ({"kernel:0": (3, 4)}, 12),
        ({"kernel:0": (3, 4), "bias:0": (5,)}, 17),
        ({}, 0),
    ],
)
def test_a_layer_with_fewer_or_other_weights_is_custom(weights: Shapes, count: int) -> None:
    second = {"b": within("b", {"kernel:0": (4, 4), "bias:0": (4,)})}
    report = of(legacy({"a": within("a", weights), **second}, old_model("a", "b")))
    assert params(report) == ([("a", count)] if count else []) + [("b", 20)]
    assert report.totals.params == count + 20
    assert len(warnings(report)) == 1


def test_layers_with_the_weights_of_keras_are_known() -> None:
    report = of(legacy({"a": within("a", KERAS)}, old_model("a")))
    assert not report.problems
    assert report.totals.params == report.totals.trainable_params == 16


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ({"kernel:0": (4, 3), "bias:0": (4,)}, "(4, 3) instead of (3, 4)"),
        ({"kernel:0": (2, 6), "bias:0": (4,)}, "(2, 6) instead of (3, 4)"),
        ({"kernel:0": (3, 4), "a:0": (2,), "b:0": (2,)}, "(2,) instead of (4,)"),
        ({"all:0": (16,)}, "(16,) instead of (3, 4)"),
    ],
)
def test_a_layer_with_as_many_weights_of_other_shapes_is_custom(weights: Shapes, reason: str) -> None:
    second = {"b": within("b", {"kernel:0": (4, 4), "bias:0": (4,)})}
    report = of(legacy({"a": within("a", weights), **second}, old_model("a", "b")))
    assert params(report) == [("a", 16), ("b", 20)]
    assert report.totals.params == 36
    assert isinstance(report.layers[-2].definition, Foreign)
    (message,) = warnings(report)
    assert message.startswith(
        f"'a' (Dense) is not Keras's class, because the file stores weights of other shapes for it ({reason})"
    )


def test_the_order_of_weights_does_not_matter() -> None:
    report = of(legacy({"a": within("a", dict(reversed(KERAS.items())))}, old_model("a")))
    assert not report.problems


def test_a_nested_model_with_weights_of_other_shapes_is_custom() -> None:
    # one weight has the name of no layer, so the model's weights are compared as a whole
    weights = {**within("d1", {"kernel:0": (4, 3), "bias:0": (4,)}), "table:0": (20,)}
    report = of(legacy({"inner": weights, **END}, nested_config()))
    assert params(report) == [("inner", 36), ("end", 20)]
    assert "weights of other shapes" in warnings(report)[0]


def test_a_file_without_any_weights_says_nothing_about_the_classes() -> None:
    report = of(legacy({"a": {}}, old_model("a")))
    assert not report.problems
    assert report.totals.params == 16


def test_the_names_of_layers_can_contain_slashes() -> None:
    weights = {"a": within("a", KERAS), "a/b": within("a/b", {**OWN, "kernel:0": (4, 4)})}
    report = of(legacy(weights, old_model("a", "a/b")))
    assert params(report) == [("a", 16), ("a/b", 23)]


def nested_config() -> dict[str, Any]:
    inner = {**old_model("d1", "d2"), "name": "inner"}
    inner["config"] = {**inner["config"], "name": "inner"}
    start = old("InputLayer", "x", batch_input_shape=[None, 3])
    layers = [start, inner, old("Dense", "end", **ARGUMENTS)]
    return {"class_name": "Sequential", "config": {"name": "outer", "layers": layers}}


INNER = {**within("d1", OWN), **within("d2", {"kernel:0": (4, 4), "bias:0": (4,)})}
END = {"end": within("end", {"kernel:0": (4, 4), "bias:0": (4,)})}


@pytest.mark.parametrize("prefix", ["", "inner/"])
def test_layers_in_a_nested_model_are_found_by_the_names_of_the_weights(prefix: str) -> None:
    weights = {f"{prefix}{name}": shape for name, shape in INNER.items()}
    report = of(legacy({"inner": weights, **END}, nested_config()))
    assert params(report) == [("inner", 39), ("inner/d1", 19), ("inner/d2", 20), ("end", 20)]
    assert report.totals.params == 59
    assert "'inner/d1' (Dense)" in warnings(report)[0]


def test_a_nested_model_whose_weights_belong_to_no_layer_in_it_is_custom() -> None:
    weights = {**INNER, "table:0": (7,)}
    report = of(legacy({"inner": weights, **END}, nested_config()))
    assert params(report) == [("inner", 46), ("end", 20)]
    assert report.totals.params == 66
    assert "or contains a custom class" in warnings(report)[0]


def test_a_wrapper_of_a_custom_class_is_one_custom_layer() -> None:
    start = old("InputLayer", "x", batch_input_shape=[None, 5, 3])
    wrapper = old("TimeDistributed", "td", layer=old("Dense", "inner", **ARGUMENTS))
    config = {"class_name": "Sequential", "config": {"name": "old", "layers": [start, wrapper]}}
    report = of(legacy({"td": within("td", OWN)}, config))
    assert params(report) == [("td", 19)]
    assert "TimeDistributed) is not Keras's class, or contains a custom class" in warnings(report)[0]


def test_nested_models_of_keras2_in_an_archive_state_no_modules() -> None:
    inner = layer("Sequential", "inner", [tensor("x")], layers=old_model("d1")["config"]["layers"], module="keras")
    config = functional(INPUT, inner, outputs=[["inner", 0, 0]])
    nested = "layers/sequential/layers/dense/vars"
    content = tree({f"{nested}/0": (3, 4), f"{nested}/1": (4,), f"{nested}/2": (3,)})
    report = of(archive_with_weights(config, content))
    assert params(report) == [("inner", 19), ("inner/d1", 19)]
    assert report.totals.params == 19


def test_a_saved_model(tmp_path: Path) -> None:
    writer = Writer()
    start = described("InputLayer", "start", batch_input_shape=[None, 3])
    dense = described("Dense", "dense", [None, 3], **ARGUMENTS)
    weights = [writer.add(variable(f"dense/{name}", shape)) for name, shape in OWN.items()]
    numbers = [writer.layer(start), writer.layer(dense, weights, trainable=weights[:2])]
    entries = [
        {**{key: each[key] for key in ("class_name", "config", "name")}, "inbound_nodes": nodes}
        for each, nodes in ((start, []), (dense, [[["start", 0, 0, {}]]]))
    ]
    config = {
        "name": "whole",
        "layers": entries,
        "input_layers": [["start", 0, 0]],
        "output_layers": [["dense", 0, 0]],
    }
    root = {**described("Functional", "whole"), "config": config}
    writer.layer(root, weights, numbers, weights[:2], root=True)
    report = infer(load(writer.write(tmp_path / "model")))
    assert params(report) == [("dense", 19)]
    assert report.totals.trainable_params == 16
    assert "'dense' (Dense) is not Keras's class" in warnings(report)[0]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_such_a_layer_is_not_converted(name: str) -> None:
    report = of(legacy({"a": within("a", OWN)}, old_model("a")))
    with pytest.raises(ConvcalcError, match="only its weights show that its class is custom"):
        FORMATS[name](report)


# Layers that model.quantize() changes without a trace in the config -------------------------------------------------------


def test_attention_in_a_quantized_model_has_the_stored_weights() -> None:
    attention = layer("MultiHeadAttention", "mha", [tensor("x"), tensor("x")], num_heads=1, key_dim=4)
    dense = layer("Dense", "dense", [tensor("mha")], units=4, dtype="int8_from_float32")
    start = layer("InputLayer", "x", batch_shape=[None, 5, 3], dtype="float32")
    shapes: dict[str, tuple[int, ...]] = {"layers/dense/vars/0": (3, 4), "layers/dense/vars/1": (4,)}
    shapes["layers/dense/vars/2"] = (4,)
    for name in ("query", "key", "value"):
        path = f"layers/multi_head_attention/{name}_dense/vars"
        shapes |= {f"{path}/0": (3, 1, 4), f"{path}/1": (1, 4), f"{path}/2": (1, 4)}
    path = "layers/multi_head_attention/output_dense/vars"
    shapes |= {f"{path}/0": (1, 4, 3), f"{path}/1": (3,), f"{path}/2": (3,)}
    report = of(archive_with_weights(functional(start, attention, dense), tree(shapes)))
    assert dict(params(report))["mha"] == 78
    assert report.totals.params == 98
    message = next(message for message in warnings(report) if message.startswith("'mha'"))
    assert "Probably model.quantize() changed its weights" in message
    assert "cannot load the file" in message


# Cells that are used twice -----------------------------------------------------------------------------------------------


def cell(number: int) -> dict[str, Any]:
    config = {"name": "lstm_cell", "units": 3}
    own = {"module": "keras.layers", "class_name": "LSTMCell", "config": config, "registered_name": None}
    return {**own, "shared_object_id": number}


@pytest.mark.parametrize(("numbers", "known"), [((1, 1), False), ((1, 2), True)])
def test_a_cell_that_is_used_twice_has_its_weights_once(numbers: tuple[int, int], known: bool) -> None:
    cells = {"class_name": "StackedRNNCells", "module": "keras.layers", "registered_name": None}
    cells["config"] = {"name": "cells", "cells": [cell(number) for number in numbers]}
    start = layer("InputLayer", "x", batch_shape=[None, 5, 3], dtype="float32")
    config = functional(start, layer("RNN", "rnn", [tensor("x")], cell=cells), outputs=[["rnn", 0, 0]])
    alone = of(archive_with_weights(config, b""))
    assert (alone.layers[-1].params == 168) is known
    assert (alone.layers[-1].params is UNKNOWN) is not known
    path = "layers/rnn/cell/cells/lstm_cell/vars"
    stored = tree({f"{path}/0": (3, 12), f"{path}/1": (3, 12), f"{path}/2": (12,)})
    if not known:
        report = of(archive_with_weights(config, stored))
        assert report.totals.params == report.layers[-1].params == 84
        assert any("uses one layer twice" in message for message in warnings(report))
        assert "StackedRNNCells" not in classes_to_supply(report)


# Weights outside of the graph --------------------------------------------------------------------------------------------


def own_class(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "module": None, "class_name": "Own", "registered_name": "pkg>Own"}


DENSE = layer("Dense", "dense", [tensor("x")], units=4)
INSIDE = {"layers/dense/vars/0": (3, 4), "layers/dense/vars/1": (4,)}
OUTSIDE = {"vars/0": (5,), "extra/vars/0": (4, 7), "heads/dense/vars/0": (2, 2), "optimizer/vars/0": ()}


def test_the_weights_of_a_custom_model_outside_of_its_graph_are_a_row() -> None:
    report = of(archive_with_weights(own_class(functional(INPUT, DENSE)), tree({**INSIDE, **OUTSIDE})))
    assert params(report) == [("dense", 16), ("outside", 37)]
    assert report.totals.params == 53
    assert report.totals.incomplete["trainable_params"] == "partial"
    assert classes_to_supply(report) == ["Own"]


def test_such_weights_of_a_nested_model_are_a_row_of_this_model() -> None:
    inner = {
        **own_class(functional(INPUT, DENSE)),
        "name": "inner",
        "inbound_nodes": layer("", "", [tensor("x")])["inbound_nodes"],
    }
    inner["config"] = {**inner["config"], "name": "inner"}
    config = functional(INPUT, inner, outputs=[["inner", 1, 0]])
    shapes = {f"layers/own/{path}": shape for path, shape in {**INSIDE, **OUTSIDE}.items() if "optimizer" not in path}
    report = of(archive_with_weights(config, tree(shapes)))
    assert params(report) == [("inner", 53), ("inner/dense", 16), ("inner/outside", 37)]
    assert report.totals.params == 53


def test_other_models_have_only_the_weights_of_their_layers() -> None:
    """When Keras loads a model of its own class, it does not count the weights in other attributes."""
    report = of(archive_with_weights(functional(INPUT, DENSE), tree({**INSIDE, **OUTSIDE})))
    assert params(report) == [("dense", 16)]
    assert report.totals.params == 16


@pytest.mark.parametrize(
    ("outside", "count"),
    [
        (OUTSIDE, 5),
        ({"vars/0": (13,), "vars/1": (2,)}, 15),
        ({"head/vars/0": (5, 6), "head/vars/1": (6,)}, 0),
    ],
)
def test_a_custom_sequential_counts_its_own_variables_but_no_layers_in_attributes(outside: Shapes, count: int) -> None:
    report = of(archive_with_weights(own_class(sequential(INPUT, DENSE)), tree({**INSIDE, **outside})))
    assert params(report) == [("dense", 16), *([("outside", count)] if count else [])]
    assert report.totals.params == 16 + count


def test_the_weights_outside_of_the_graph_are_not_written() -> None:
    report = of(archive_with_weights(own_class(functional(INPUT, DENSE)), tree({**INSIDE, **OUTSIDE})))
    again = infer(read(FORMATS[".json"](report).encode(), "written.json"))
    assert params(again) == [("dense", 16)]
    assert again.model.shown_class == "Own"


def nested_in(inner: dict[str, Any]) -> dict[str, Any]:
    """Returns a functional model that calls ``inner`` and then a Dense."""
    called = {**inner, "name": "inner", "inbound_nodes": layer("", "", [tensor("x")])["inbound_nodes"]}
    called["config"] = {**inner["config"], "name": "inner"}
    end = layer("Dense", "dense", [tensor("inner")], units=2)
    return functional(INPUT, called, end)


INNER_SEQUENTIAL = sequential(INPUT, DENSE)
OWN_MODELS = {
    "functional": own_class(functional(INPUT, DENSE)),
    "sequential": own_class(INNER_SEQUENTIAL),
    "nested functional": nested_in(own_class(functional(INPUT, DENSE))),
    "nested sequential": nested_in(own_class(INNER_SEQUENTIAL)),
}


@pytest.mark.parametrize("name", OWN_MODELS)
def test_the_config_of_a_custom_model_alone_gives_a_lower_bound(name: str) -> None:
    """The class can create layers and variables that the config does not list."""
    report = of(json.dumps(OWN_MODELS[name]).encode())
    count = 26 if "nested" in name else 16
    totals = report.totals
    assert (totals.params, totals.trainable_params, totals.non_trainable_params) == (count, count, UNKNOWN)
    for field in ("params", "trainable_params", "param_bytes"):
        assert totals.incomplete[field] == "partial", field
    assert any("the number of parameters is a lower bound" in message for message in warnings(report))
    assert f"Total params: ≥ {count} (≥ {4 * count}.00 B)" in render(report, "keras")
    assert f"Total params: ≥ {count} (≥ {4 * count}.00 Byte)" in render(report, "keras2")
    assert f"Total params: ≥ {count}" in render(report, "table")
    assert json.loads(render(report, "json"))["totals"]["incomplete"]["params"] == "partial"
    (exceeded,) = check_budget(Study.of(report), limits_of({"params": 100}))
    assert exceeded.code == "incomplete"
    assert not list(check_budget(Study.of(report), limits_of({"params": 100}), allow_incomplete=True))
    assert [problem.code for problem in check_budget(Study.of(report), limits_of({"params": 9}))] == ["over-budget"]


def test_the_layers_of_a_custom_model_without_known_weights_are_no_known_zero() -> None:
    report = of(json.dumps(own_class(sequential(INPUT, layer("ReLU", "relu")))).encode())
    assert report.totals.params is UNKNOWN
    assert "Total params: ? (?)" in render(report, "keras")


def test_a_frozen_custom_model_has_no_trainable_parameters() -> None:
    report = of(json.dumps(own_class(functional(INPUT, DENSE, trainable=False))).encode())
    assert report.totals.trainable_params == 0
    assert report.totals.non_trainable_params == 16
    assert set(report.totals.incomplete) == {"params", "param_bytes", "non_trainable_params"}


@pytest.mark.parametrize(
    ("config", "more", "count", "exact"),
    [
        # Keras 3 stores only the layers of the graph, but all variables of a Sequential.
        (own_class(functional(INPUT, DENSE)), {}, 16, False),
        (own_class(functional(INPUT, DENSE)), {"top_level_model_weights": {"w": (5,)}}, 21, False),
        (own_class(INNER_SEQUENTIAL), {}, 16, True),
        (own_class(INNER_SEQUENTIAL), {"top_level_model_weights": {"w": (5,)}}, 21, True),
    ],
)
def test_an_hdf5_file_of_keras3_lacks_the_layers_outside_of_a_functional(
    config: dict[str, Any], more: dict[str, Shapes], count: int, exact: bool
) -> None:
    report = of(legacy({"dense": within("dense", KERAS)} | more, config))
    assert report.totals.params == count
    assert report.totals.incomplete.get("params") == (None if exact else "partial")
    assert any("is a lower bound" in message for message in warnings(report)) is not exact


@pytest.mark.parametrize(
    ("name", "more", "count"),
    [
        ("functional", {}, 16),
        ("functional", {"extra/vars/0": (4, 7)}, 44),
        ("sequential", {"extra/vars/0": (4, 7)}, 16),
        ("nested functional", {"layers/own/extra/vars/0": (4, 7)}, 54),
        ("nested sequential", {"layers/own/extra/vars/0": (4, 7)}, 26),
        ("nested sequential", {"layers/own/vars/0": (5,)}, 31),
    ],
)
def test_the_archive_of_a_custom_model_gives_the_exact_total(name: str, more: Shapes, count: int) -> None:
    start = "layers/own/" if "nested" in name else ""
    end = {"layers/dense/vars/0": (4, 2), "layers/dense/vars/1": (2,)} if start else {}
    inside = {f"{start}{path}": shape for path, shape in INSIDE.items()}
    report = of(archive_with_weights(OWN_MODELS[name], tree({**inside, **end, **more})))
    assert report.totals.params == count
    assert "params" not in report.totals.incomplete
    assert not any("lower bound" in message for message in warnings(report))


# Files with weights alone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "minimum", "exact"),
    [
        # Two models contain a layer of the same name, and all its weights are constant.
        ({"m1": {"bn/gamma:0": (4,), "bn/beta:0": (4,)}, "m2": {"bn/gamma:0": (4,), "bn/beta:0": (4,)}}, 8, False),
        ({"m1": {"s/kernel:0": (4, 5)}, "m2": {"s/kernel:0": (4, 5), "t/kernel:0": (5, 2)}}, 30, False),
        ({"m1": {"s/kernel:0": (4, 5)}, "m2": {"s/kernel:0": (4, 6)}}, 44, True),
        ({"m1": {"s/kernel:0": (4, 5)}, "m2": {"t/kernel:0": (4, 5)}}, 40, True),
        # Names of weights in Keras 3.0 do not contain the layer. Only an automatic name shows that a layer has no inner
        # layers.
        ({f"layer_normalization{n}": {"gamma": (4,), "beta": (4,)} for n in ("", "_1")}, 16, True),
        ({"dense": {"kernel": (4, 5)}, "dense_1": {"kernel": (4, 5)}}, 40, True),
        ({"head": {"kernel": (4, 5)}, "tail": {"kernel": (4, 5)}}, 20, False),
        ({"bidirectional": {"kernel": (4, 5)}, "bidirectional_1": {"kernel": (4, 5)}}, 20, False),
    ],
)
def test_weights_that_may_be_stored_twice_give_a_lower_bound(
    layers: dict[str, Shapes], minimum: int, exact: bool
) -> None:
    report = of(legacy(layers))
    assert report.totals.params == minimum
    assert report.totals.incomplete.get("params") == (None if exact else "partial")
    assert any("may share weights" in message for message in warnings(report)) is not exact
    counts = [sum(size[0] * (size[1] if size[1:] else 1) for size in weights.values()) for weights in layers.values()]
    assert [row.params for row in report.layers] == counts


@pytest.mark.parametrize(
    ("inner", "others", "total", "exact"),
    [
        # Two layers have different kernels of the same name, so their equal constants are different weights too.
        ("norm/gamma", {}, 2 * (12 + 4), True),
        ("norm/gamma", {"m3": {"kernel/kernel": (3, 4)}}, 2 * (12 + 4) + 12, True),
        ("rotary/frequencies", {}, 2 * (12 + 4), True),
        # The third layer has no kernel, so its constants may be those of the first layer.
        ("norm/gamma", {"m3": {"norm/gamma": (4,)}}, 2 * (12 + 4), False),
        ("inner/norm/gamma", {}, 2 * (12 + 4), True),
    ],
)
def test_equal_constants_count_separately_if_two_layers_use_the_same_names(
    inner: str, others: dict[str, Shapes], total: int, exact: bool
) -> None:
    file = io.BytesIO(legacy({name: {"kernel/kernel": (3, 4), inner: (4,)} for name in ("m1", "m2")} | others))
    with h5py.File(file, "r+") as written:
        for number, name in enumerate(("m1", "m2", *others)):
            if "kernel" in written[name]:
                written[name]["kernel/kernel"][...] = np.random.default_rng(number).normal(size=(3, 4))
            if inner in written[name]:
                written[name][inner][...] = [1, 0.5, 0.25, 0.125] if "rotary" in inner else [1, 1, 1, 1]
    report = of(file.getvalue())
    assert report.totals.params == total
    assert report.totals.incomplete.get("params") == (None if exact else "partial")
    assert any("the total counts both" in message for message in warnings(report))
    assert any("may share weights" in message for message in warnings(report)) is not exact


@pytest.mark.parametrize(
    ("shapes", "total", "doubtful"),
    [
        ({"wn/vars/0": (4,), "wn/vars/1": (3, 4), "wn/vars/2": ()}, 17, False),
        ({"weight_normalization/vars/0": (4,), "weight_normalization/vars/2": ()}, 5, True),
        ({"a/weight_normalization_3/vars/0": (4,), "a/weight_normalization_3/vars/2": ()}, 5, True),
        ({"multi_head/layer/vars/0": (5,), "multi_head/layers/dense/vars/0": (5,)}, 5, True),
        ({"multi_head/layer/vars/0": (5,)}, 5, False),
        ({"quantize_wrapper_v2_1/vars/0": (5,), "quantize_wrapper_v2_1/vars/1": ()}, 6, True),
    ],
)
def test_classes_whose_weights_are_counted_differently_give_a_lower_bound(
    shapes: Shapes, total: int, doubtful: bool
) -> None:
    report = of(tree({f"layers/{path}": shape for path, shape in shapes.items()}))
    assert report.totals.params == total
    assert report.totals.incomplete.get("params") == ("partial" if doubtful else None)
    assert "matrices of LoRA" in warnings(report)[0]
    assert any("lower bound" in message for message in warnings(report)) is doubtful


@pytest.mark.parametrize(
    ("variables", "optimizer", "exact"),
    [
        ({"2": (3, 4), "3": (4,)}, "adam", True),
        ({"2": (4,), "3": (3, 2), "4": (2, 4)}, "adam", False),
        ({"2": (4,), "3": (3, 2), "4": (2, 4)}, "", False),  # no names before Keras 3.6
        ({"2": (3,), "3": (4,)}, "adafactor", True),
        ({}, "sgd", True),
    ],
)
def test_an_optimizer_of_weights_that_are_not_stored_gives_a_lower_bound(
    variables: Shapes, optimizer: str, exact: bool
) -> None:
    """Keras adds the matrices of LoRA to the kernel, and stores only the sum. Their optimizer has variables for them."""
    shapes = {f"optimizer/vars/{name}": shape for name, shape in {"0": (), "1": (), **variables}.items()}
    report = of(tree({**INSIDE, **shapes}, {"optimizer": optimizer}))
    assert report.totals.params == 16
    assert report.totals.incomplete.get("params") == (None if exact else "partial")
    assert any("probably matrices of LoRA" in message for message in warnings(report)) is not exact


@pytest.mark.parametrize(
    ("path", "flag", "exact"),
    [
        ("wn/vars/2", True, False),
        ("block/inner/vars/2", False, False),
        ("wn/vars/2", 1, True),  # a counter
        ("wn/vars/3", True, True),
    ],
)
def test_a_layer_with_a_flag_as_third_variable_may_be_a_weight_normalization(path: str, flag: Any, exact: bool) -> None:
    """WeightNormalization of tensorflow_addons has a copy of its kernel, which some archives do not store."""
    group = path.rpartition("/")[0]
    shapes: Shapes = {f"layers/{group}/0": (4,), f"layers/{group}/1": (3, 4)}
    report = of(tree(shapes, values={f"layers/{path}": np.array(flag)}))
    assert report.totals.params == 17
    assert report.totals.incomplete.get("params") == (None if exact else "partial")


# The variables of an optimizer -------------------------------------------------------------------------------------------


def test_the_optimizer_of_a_model_with_a_custom_layer_has_the_stored_variables() -> None:
    custom = {**layer("Own", "own", [tensor("x")]), "module": None, "registered_name": "pkg>Own"}
    adam = {"module": "keras.optimizers", "class_name": "Adam", "config": {}, "registered_name": None}
    config = {**functional(INPUT, custom, outputs=[["own", 0, 0]]), "compile_config": {"optimizer": adam}}
    sizes = {"optimizer/vars/0": (), "optimizer/vars/1": (), "optimizer/vars/2": (3, 4), "optimizer/vars/3": (3, 4)}
    report = of(archive_with_weights(config, tree({"layers/own/vars/0": (3, 4), "layers/own/vars/1": (2,), **sizes})))
    lines = {line.label: (line.params, line.partial) for line in totals_with_optimizer(report)}
    assert lines["Total"] == (14 + 26, False)
    assert lines["Optimizer"] == (26, False)
