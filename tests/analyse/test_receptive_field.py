"""Tests receptive fields: how each layer reads its inputs, for which layers the field is unknown, and how fields are
printed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.analyse.explain import explain
from convcalc.analyse.receptive_field import Field
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Source
from convcalc.layers import CATALOGUE, apply, bind
from convcalc.layers.examples import example_spec
from convcalc.model import Call, Constant, Layer, Model, Ref, Slot
from convcalc.ops import OPERATIONS, Tensor
from convcalc.read import load
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.style import TextStyle
from convcalc.rendering.table import table
from tests.helpers.handmade import handmade_layer
from tests.helpers.receptive_fields import conv, field, numbers, spec
from tests.paths import SPECS


def looks(name: str, args: dict[str, Any], *shapes: Any) -> list[list[tuple[int, ...]]]:
    """Returns, for each axis of each input, the output axes on which the read position depends.

    ``()`` means that an output position reads the whole axis: ``[[(0,), (), (1,)]]`` for a GlobalMaxPooling1D.
    """
    kind = CATALOGUE[name]
    given = bind(kind, (), args)[0]
    views = kind.receptive_field_rule({**kind.defaults, **given}, shapes, apply(kind, given, shapes))  # type: ignore[misc]
    return [[view.axes for view in each] for each in views]


# How layers read their inputs -----------------------------------------------------------------------------------------

KINDS = [
    ([{"Conv1D": [1, 3, 1]}], (3, 1, 0)),
    ([{"Conv1D": {"filters": 1, "kernel_size": 3, "dilation_rate": 4, "padding": "causal"}}], (9, 1, 8)),
    ([{"SeparableConv1D": [1, 3, 2]}], (3, 2, 0)),
    ([{"DepthwiseConv1D": {"kernel_size": 3, "padding": "same"}}], (3, 1, 1)),
    ([{"AveragePooling1D": 4}], (4, 4, 0)),
    ([{"ZeroPadding1D": [[3, 0]]}, {"Conv1D": [1, 3]}], (3, 1, 3)),
    ([{"Cropping1D": [[3, 0]]}, {"Conv1D": [1, 3]}], (3, 1, -3)),
    ([{"UpSampling1D": 2}], (1, 0.5, 0)),
    ([{"UpSampling1D": 2}, {"Conv1D": {"filters": 1, "kernel_size": 3, "padding": "same"}}], (2, 0.5, 1)),
    ([{"UpSampling1D": 4}, {"AveragePooling1D": 4}], (1, 1, 0)),
    ([{"Conv1DTranspose": [1, 4, 2, "same"]}], (2, 0.5, 1)),
    ([{"Conv1DTranspose": [1, 1, 2]}], (1, 0.5, 0)),  # every second output position reads no input
    ([{"Conv1DTranspose": [1, 1, 2]}, {"Conv1D": [1, 3]}], (2, 0.5, 0)),
    ([{"Conv1D": [1, 3]}, "GlobalAveragePooling1D"], (64, 0, 0)),
    ([{"Cropping1D": [[3, 2]]}, {"GlobalMaxPooling1D": {"keepdims": True}}], (59, 0, -3)),
    ([{"Cropping1D": [[3, 2]]}, {"ZeroPadding1D": 4}, "GlobalMaxPooling1D"], (59, 0, -3)),
    ([{"AdaptiveAveragePooling1D": 16}], (4, 4, 0)),
    ([{"AdaptiveAveragePooling1D": 48}], (UNKNOWN, None, UNKNOWN)),
    ([{"Dense": 4}], (1, 1, 0)),
    # With one channel, Flatten keeps the positions. With two channels, it mixes positions and channels, so the stride
    # and the padding of the field are unknown.
    ([{"Conv1D": [1, 3]}, "Flatten"], (3, 1, 0)),
    ([{"Conv1D": [2, 3]}, "Flatten"], (3, None, UNKNOWN)),
    ([{"Conv1D": [1, 3]}, "Flatten", {"Dense": 4}], (64, 0, 0)),
    ([{"Permute": [[2, 1]]}, {"Dense": 4}], (64, 0, 0)),
    ([{"Permute": [[2, 1]]}, {"Permute": [[2, 1]]}, {"Conv1D": [1, 3]}], (3, 1, 0)),
    ([{"Permute": [[2, 1]]}, {"Conv1D": [1, 1]}], (64, 0, 0)),
    ([{"Reshape": [[64, 1, 1]]}, {"Conv2D": [1, [3, 1]]}], (3, 1, 0)),
    ([{"Reshape": [[8, 8]]}], (1, None, UNKNOWN)),
    ([{"Reshape": [[8, 8]]}, {"Conv1D": [1, 3]}], (UNKNOWN, None, UNKNOWN)),
    ([{"Reshape": [[8, 8, 1]]}, "GlobalAveragePooling2D"], (64, 0, 0)),
    ([{"Reshape": [[8, 8]]}, {"Dense": 1}], (UNKNOWN, None, UNKNOWN)),
    ([{"LSTM": 4}], (64, 0, 0)),
    ([{"Bidirectional": {"layer": {"GRU": 4}}}], (64, 0, 0)),
    ([{"TimeDistributed": {"layer": {"Dense": 4}}}, {"Conv1D": [1, 3]}], (3, 1, 0)),
    ([{"Conv1D": [1, 3]}, "BatchNormalization", "ReLU", {"Dropout": 0.5}], (3, 1, 0)),
    (["LayerNormalization"], (1, 1, 0)),
    ([{"LayerNormalization": {"axis": 1}}], (64, 0, 0)),
    ([{"GroupNormalization": {"groups": 1}}], (64, 0, 0)),
    ([{"Softmax": {"axis": 1}}], (64, 0, 0)),
    ([{"Activation": "softmax"}], (1, 1, 0)),
    ([{"EinsumDense": {"equation": "abc,cd->abd", "output_shape": [None, 4]}}], (1, 1, 0)),
    ([{"EinsumDense": {"equation": "abc,bd->adc", "output_shape": [4, None]}}], (64, 0, 0)),
    ([{"EinsumDense": {"equation": "ab,bc->ac", "output_shape": 1}}], (UNKNOWN, None, UNKNOWN)),
    ([{"EinsumDense": {"equation": "...c,cd->...d", "output_shape": 4}}], (1, 1, 0)),
    ([{"SpectralNormalization": {"layer": {"Conv1D": [1, 3]}}}], (3, 1, 0)),
    ([{"Lambda": {"function": "f", "output_shape": [64, 1]}}, {"Dense": 1}], (UNKNOWN, None, UNKNOWN)),
]


@pytest.mark.parametrize(("layers", "expected"), KINDS, ids=lambda case: json.dumps(case, default=str))
def test_receptive_fields_of_layers(layers: list[Any], expected: tuple[object, object, object]) -> None:
    report = spec(*layers)
    assert numbers(field(report, report.layers[-1].path)) == [expected]


IMAGES = [
    ([{"UpSampling2D": {"size": [2, 3], "interpolation": "bilinear"}}], [(2, 0.5, 1), (2, 1 / 3, 1)]),
    ([{"UpSampling2D": {"interpolation": "bilinear"}}, {"AveragePooling2D": 2}], [(3, 1, 1)] * 2),
    ([{"UpSampling2D": {"size": 2, "interpolation": "bicubic"}}], [(UNKNOWN, None, UNKNOWN)] * 2),
    ([{"Resizing": [8, 8]}], [(UNKNOWN, None, UNKNOWN)] * 2),
    ([{"RandomFlip": "horizontal"}, {"Rescaling": 0.5}, conv(3)], [(3, 1, 0)] * 2),
    ([{"Permute": [[2, 1, 3]]}, conv([3, 5])], [(5, 1, 0), (3, 1, 0)]),
    ([{"Reshape": [[-1, 3]]}, {"LSTM": 2}], [(24, 0, 0)] * 2),
    ([{"TimeDistributed": {"layer": {"Conv1D": [2, 3]}}}], [(1, 1, 0), (3, 1, 0)]),
]


@pytest.mark.parametrize(("layers", "expected"), IMAGES, ids=lambda case: json.dumps(case, default=str))
def test_receptive_fields_of_layers_on_images(layers: list[Any], expected: list[tuple[object, object, object]]) -> None:
    report = spec(*layers, size=(24, 24, 3))
    assert numbers(field(report, report.layers[-1].path)) == expected


LOOKS = [
    ("GlobalMaxPooling2D", {}, [(2, 5, 7, 3)], [[(0,), (), (), (1,)]]),
    ("GlobalMaxPooling2D", {"keepdims": True}, [(2, 5, 7, 3)], [[(0,), (), (), (3,)]]),
    ("GlobalMaxPooling2D", {"data_format": "channels_first"}, [(2, 3, 5, 7)], [[(0,), (1,), (), ()]]),
    ("Dot", {"axes": [2, 1]}, [(2, 3, 4), (2, 4, 5)], [[(0,), (1,), ()], [(0,), (), (2,)]]),
    ("Dot", {"axes": [1, 2]}, [(2, 3, 4, 5), (2, 6, 3)], [[(0,), (), (1,), (2,)], [(0,), (3,), ()]]),
    ("ReversibleEmbedding", {"input_dim": 9, "output_dim": 4}, [(2, 5)], [[(0,), (1,)]]),
    ("ReversibleEmbedding", {"input_dim": 9, "output_dim": 4, "reverse": True}, [(2, 5, 4)], [[(0,), (1,), ()]]),
]


@pytest.mark.parametrize(("name", "args", "shapes", "axes"), LOOKS, ids=[f"{row[0]} {row[1]}" for row in LOOKS])
def test_output_axes_that_have_the_positions_of_the_input(
    name: str, args: dict[str, Any], shapes: Any, axes: Any
) -> None:
    assert looks(name, args, *shapes) == axes


def test_regions_of_channels_first_are_windows() -> None:
    report = spec({"AdaptiveMaxPooling1D": {"output_size": 4, "data_format": "channels_first"}}, size=(2, 64))
    assert numbers(field(report, report.layers[-1].path)) == [(16, 16, 0)]


def test_channels_first() -> None:
    first = {"data_format": "channels_first"}
    report = spec(conv([3, 5], 2, name="conv", **first), {"MaxPooling2D": {"pool_size": 2, **first}}, size=(3, 32, 40))
    assert numbers(field(report, "max_pooling2d")) == [(5, 4, 0), (7, 4, 0)]


def test_squeeze_and_excitation_reads_the_whole_input() -> None:
    report = spec(
        {"Conv1D": [4, 3, 1, "same"]},
        {"Dense": {"units": 4, "name": "trunk"}},
        {"GlobalAveragePooling1D": {"keepdims": True}},
        {"Dense": {"units": 4, "name": "weights"}},
        {"Multiply": {"from": ["trunk", "weights"], "name": "scaled"}},
    )
    assert numbers(field(report, "scaled")) == [(64, 0, 0)]
    assert field(report, "scaled").misaligned == ()


def test_attention_reads_all_positions() -> None:
    heads = {"num_heads": 1, "key_dim": 2, "from": ["conv", "conv"], "name": "attention"}
    report = spec({"Conv1D": {"filters": 4, "kernel_size": 3, "name": "conv"}}, {"MultiHeadAttention": heads})
    assert numbers(field(report, "attention")) == [(64, 0, 0)]


def test_axes_reordered_in_the_same_way_are_joined() -> None:
    report = spec(
        {"Conv2D": {"filters": 1, "kernel_size": 3, "name": "conv"}},
        {"Reshape": {"target_shape": [36, 1], "name": "tokens"}},
        {"Dense": {"units": 1, "name": "features"}},
        {"Add": {"from": ["tokens", "features"], "name": "alike"}},
        {"Permute": {"dims": [2, 1, 3], "from": "conv"}},
        {"Reshape": {"target_shape": [36, 1], "name": "turned"}},
        {"Add": {"from": ["alike", "turned"], "name": "otherwise"}},
        {"Concatenate": {"axis": 1, "from": ["tokens", "turned"], "name": "behind"}},
        size=(8, 8, 1),
        outputs=["otherwise", "behind"],
    )
    assert numbers(field(report, "alike")) == numbers(field(report, "behind")) == [(3, None, UNKNOWN)] * 2
    assert "receptive_field" not in field(report, "alike").labels | field(report, "behind").labels
    assert field(report, "otherwise").labels["receptive_field"] == "partial"


def test_a_thousand_windows_on_two_paths_need_no_recursion() -> None:
    layers = [handmade_layer("x", "InputLayer", {"shape": (8, 1)})]
    calls = [Call(0, ())]
    for number in range(1500):
        for source in (max(2 * number - 1, 0), 2 * number):
            layers.append(
                handmade_layer(f"conv_{len(layers)}", "Conv1D", {"filters": 1, "kernel_size": (3,), "padding": "same"})
            )
            calls.append(Call(len(calls), (Ref(source),)))
    layers.append(handmade_layer("sum", "Add"))
    calls.append(Call(len(calls), (Ref(2999), Ref(3000))))
    report = infer(Model("model", "Functional", tuple(layers), tuple(calls), (Ref(0),), (Ref(3001),)))
    assert numbers(field(report, "sum")) == [(3001, 1, 1500)]


def test_dot_sums_over_one_axis() -> None:
    report = spec(
        {"Dense": {"units": 4, "name": "a"}},
        {"Conv1D": {"filters": 5, "kernel_size": 3, "padding": "same", "name": "b"}},
        {"Dot": {"axes": 1, "from": ["a", "b"], "name": "over_steps"}},
        {"Dot": {"axes": 2, "from": ["a", "a"], "name": "over_features"}},
        outputs=["over_steps", "over_features"],
    )
    assert numbers(field(report, "over_steps")) == [(64, 0, 0)]
    # An output of ``over_features`` combines two steps that can be far apart, so its field is no window.
    assert numbers(field(report, "over_features")) == [(UNKNOWN, None, UNKNOWN)]


# Inputs, nested models, shared layers, operations ---------------------------------------------------------------------


def test_each_input_has_its_own_field() -> None:
    report = spec(
        {"Conv1D": {"filters": 1, "kernel_size": 3, "padding": "same", "from": "x", "name": "a"}},
        {"Conv1D": {"filters": 1, "kernel_size": 5, "padding": "same", "from": "y", "name": "b"}},
        {"Add": {"from": ["a", "b"], "name": "sum"}},
        inputs={"x": [64, 1], "y": [64, 1]},
    )
    assert [(each.input, *numbers(each)) for each in report.receptive_fields["sum"][0]] == [
        ("x", (3, 1, 1)),
        ("y", (5, 1, 2)),
    ]
    row = next(row for row in report.as_dict()["layers"] if row["name"] == "sum")
    assert [each["input"] for each in row["other_receptive_fields"]] == ["y"]


def test_fields_pass_through_nested_models() -> None:
    inner = {"name": "inner", "input": [None, 1], "layers": [{"Conv1D": {"filters": 1, "kernel_size": 3, "name": "c"}}]}
    report = spec({"MaxPooling1D": 2}, {"Model": inner}, {"Conv1D": {"filters": 1, "kernel_size": 3, "name": "last"}})
    assert numbers(field(report, "inner")) == numbers(field(report, "inner/c")) == [(6, 2, 0)]
    assert numbers(field(report, "last")) == [(10, 2, 0)]


def test_a_shared_layer_has_a_field_for_each_call() -> None:
    shared = {"Conv1D": {"filters": 1, "kernel_size": 3, "name": "shared"}}
    report = spec(shared, {"call": "shared"}, {"call": "shared"})
    assert [numbers(call[0]) for call in report.receptive_fields["shared"]] == [[(3, 1, 0)], [(5, 1, 0)], [(7, 1, 0)]]
    calls = report.as_dict()["layers"][-1]["calls"]
    assert [call["receptive_field"]["size"] for call in calls] == [[3], [5], [7]]


def test_receptive_fields_of_operations() -> None:
    report = spec(
        {"Conv1D": {"filters": 1, "kernel_size": 3, "name": "conv"}},
        {"ops.relu": {"name": "relu"}},
        {"ops.mean": {"axis": 1, "from": "relu", "name": "mean"}},
        {"ops.softmax": {"axis": 2, "from": "relu", "name": "softmax"}},
        {"ops.flip": {"axis": 1, "from": "relu", "name": "flip"}},
        {"ops.add": {"from": ["relu", "conv"], "name": "add"}},
        {"ops.transpose": {"axes": [0, 2, 1], "from": "relu", "name": "transpose"}},
        {"ops.sum": {"axis": -1, "name": "sum"}},
        outputs=["mean", "softmax", "flip", "add", "sum"],
    )
    assert numbers(field(report, "relu")) == numbers(field(report, "softmax")) == numbers(field(report, "add"))
    assert numbers(field(report, "relu")) == numbers(field(report, "transpose")) == [(3, 1, 0)]
    assert numbers(field(report, "mean")) == numbers(field(report, "sum")) == [(64, 0, 0)]
    assert numbers(field(report, "flip")) == [(UNKNOWN, None, UNKNOWN)]


# Unknown fields -------------------------------------------------------------------------------------------------------


def test_same_padding_of_an_unknown_size_is_unknown() -> None:
    report = spec(
        {"Conv1D": {"filters": 1, "kernel_size": 3, "padding": "same", "name": "even"}},
        {"Conv1D": {"filters": 1, "kernel_size": 3, "strides": 2, "padding": "same", "name": "strided"}},
        {"GlobalAveragePooling1D": {"name": "all"}},
        size=(None, 1),
    )
    # With a stride of 1, the padding is the same for every input size, so the padding is known.
    assert numbers(field(report, "even")) == [(3, 1, 1)]
    assert numbers(field(report, "strided")) == [(5, 2, UNKNOWN)]
    assert field(report, "strided").labels == {"receptive_field_padding": "unknown"}
    assert numbers(field(report, "all")) == [(UNKNOWN, 0, 0)]
    assert field(report, "all").labels == {"receptive_field": "unknown"}
    assert "all" in table(report, TextStyle(), ["receptive_field"])


def test_branches_with_unknown_alignment() -> None:
    def joined(one: int, other: int, stride: int) -> Field:
        same = {"filters": 1, "strides": stride, "padding": "same", "from": "x"}
        report = spec(
            {"Conv1D": {**same, "kernel_size": one, "name": "one"}},
            {"Conv1D": {**same, "kernel_size": other, "name": "two"}},
            {"Add": {"from": ["one", "two"], "name": "sum"}},
            size=(None, 1),
        )
        return field(report, "sum")

    # Whatever the padding is, the window of 3 contains the window of 1. So the field is 3, and only its padding is
    # unknown.
    assert numbers(joined(3, 1, 2)) == [(3, 2, UNKNOWN)]
    assert joined(3, 1, 2).labels == {"receptive_field_padding": "unknown"}
    # For a kernel of 4, the padding before the input is 1 for every size. The window of 4 contains that of 3.
    assert numbers(joined(4, 3, 2)) == [(4, 2, 1)]
    # Each padding is 0 or 1. If the window of 3 has padding 1 and the window of 4 has 0, they span 5 positions. So 4 is
    # a lower bound.
    assert numbers(joined(4, 3, 3)) == [(4, 3, UNKNOWN)]
    assert joined(4, 3, 3).labels["receptive_field"] == "partial"


def test_fields_after_an_unknown_layer_are_unknown(tmp_path: Path) -> None:
    names = (
        ("InputLayer", {"name": "x", "batch_shape": [None, 32, 1]}),
        ("Conv1D", {"name": "conv1d", "filters": 1, "kernel_size": 3}),
    )
    foreign = {"class_name": "Foreign", "module": "my.code", "registered_name": "my>Foreign", "config": {"name": "own"}}
    build = {"build_config": {"input_shape": [None, 30, 1]}}
    layers = [{"class_name": name, "module": "keras.layers", "config": config} for name, config in names]
    pool = {"class_name": "GlobalAveragePooling1D", "module": "keras.layers", "config": {"name": "pool"}}
    config = {"class_name": "Sequential", "config": {"name": "model", "layers": [*layers, {**foreign, **build}, pool]}}
    file = tmp_path / "model.json"
    file.write_text(json.dumps(config))
    report = infer(load(file))
    assert numbers(field(report, "conv1d")) == [(3, 1, 0)]
    for name in ("own", "pool"):
        assert numbers(field(report, name)) == [(UNKNOWN, None, UNKNOWN)]
        row = next(row for row in report.as_dict()["layers"] if row["name"] == name)
        assert row["receptive_field"]["size"] == [None]
        assert row["incomplete"]["receptive_field"] == "unknown"
    assert "unknown" in dict(explain(report, "pool").sections[-1].lines)["length"]


def test_a_period_that_is_too_long_is_unknown() -> None:
    report = spec({"UpSampling1D": 99_999}, {"UpSampling1D": 99}, size=(2, 1))
    assert numbers(field(report, "up_sampling1d_1")) == [(UNKNOWN, None, UNKNOWN)]


# Declarations, JSON, the table and explanations -----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_layer_declares_how_it_reads_its_inputs(name: str) -> None:
    kind = CATALOGUE[name]
    assert kind.receptive_field_rule is not None
    report = infer(read_spec(Source("spec.yaml", example_spec(kind))))
    for row in report.layers[-1:]:  # the input layer is left out, because it has no rule
        shapes = [shape for shape in row.calls[-1].input_shapes if shape is not None]
        args = {**kind.defaults, **row.config, **kind.rule_options}
        views = kind.receptive_field_rule(args, shapes, apply(kind, row.config, shapes))
        assert [len(view) for view in views] == [len(shape) for shape in shapes]
        axes = [axis for view in views for each in view if each for axis in each.axes]
        assert all(axis < len(row.output_shapes[0] or ()) for axis in axes)


READ = sorted(key for key, operation in OPERATIONS.items() if operation.receptive_field_rule is not None)
MADE = {"axis": 1, "newshape": [2, 12], "dtype": "float32", "x_min": 0, "x_max": 1, "threshold": 0, "default_value": 0}


@pytest.mark.parametrize("last", [(2, 3, 4), (4,), ()])
@pytest.mark.parametrize("key", READ, ids=lambda key: key[1])
def test_operations_with_a_field_rule_have_a_view_for_each_axis(key: tuple[str, str], last: tuple[int, ...]) -> None:
    operation = OPERATIONS[key]
    taken = [name for name in operation.parameters if name in operation.required or operation.takes_list]
    shapes = [(2, 3, 4)] * max(len(taken) - 1, 1) + [last] * (len(taken) > 1)
    slots = [Slot(number) for number in range(len(shapes))]
    call: dict[str, Any] = {taken[0]: slots} if operation.takes_list else dict(zip(taken, slots))
    if operation.name == "Select":
        call = {"condlist": [slots[0]], "choicelist": [slots[1]]}
    made = {
        name: value for name, value in MADE.items() if name in operation.init_parameters and name in operation.required
    }
    result = operation.infer(made, call, [Tensor(shape, "float32") for shape in shapes])
    assert operation.receptive_field_rule is not None
    views = operation.receptive_field_rule({**operation.defaults, **made, **call}, shapes, result)
    assert [len(view) for view in views] == [len(shape) for shape in shapes]
    (output,) = result.outputs
    assert output is not None
    assert all(0 <= axis < len(output) for view in views for each in view if each for axis in each.axes)


def test_an_operation_on_constants_reads_no_input() -> None:
    mean = OPERATIONS["keras.src.ops.numpy", "Mean"]
    layers = (handmade_layer("x", "InputLayer", {"shape": (8, 1)}), Layer("mean", "Mean", mean, {"axis": 0}))
    calls = (Call(0, ()), Call(1, (), args={"x": Constant([[1.0, 2.0]], "float32")}))
    report = infer(Model("model", "Functional", layers, calls, (Ref(0),), (Ref(0), Ref(1))))
    assert report.receptive_fields["mean"] == ((),)
    row = report.as_dict()["layers"][-1]
    assert (row["name"], row["receptive_field"]) == ("mean", None)
    assert "receptive_field" not in row["incomplete"]


def test_receptive_fields_in_json() -> None:
    report = infer(load(SPECS / "vgg16.yaml"))
    rows = {row["name"]: row for row in report.as_dict()["layers"]}
    expected = {
        "input": "input_layer",
        "size": [212, 212],
        "stride": [32, 32],
        "padding": [90, 90],
        "exceeds_input": False,
        "misaligned": [],
    }
    assert rows["block5_pool"]["receptive_field"] == rows["block5_pool"]["calls"][0]["receptive_field"] == expected
    assert rows["flatten"]["incomplete"] == {
        "receptive_field_stride": "unknown",
        "receptive_field_padding": "unknown",
    }


def test_fields_larger_than_the_input_are_pointed_out() -> None:
    report = spec({"Conv1D": [1, 5, 1, "same"]}, {"Conv1D": [1, 5, 1, "same"]}, size=(8, 1))
    assert [field(report, row.path).exceeds for row in report.layers] == [False, False, True]
    text = table(report, TextStyle(), ["name", "field"])
    assert "9 *" in text
    assert "* the receptive field is larger than the input: 'conv1d_1'" in text


def test_misaligned_paths_are_named_under_the_table() -> None:
    report = infer(load(SPECS / "xception.yaml"))
    text = table(report, TextStyle(), ["field"])
    paths = "the path through block3_sepconv1, block3_sepconv2 and block3_pool, and the path through conv2d_1"
    assert f"! misaligned at 'add_1': {paths}" in text


def test_explain_shows_the_sum_step_by_step() -> None:
    report = infer(load(SPECS / "alexnet.yaml"))
    (section,) = (each for each in explain(report, "pool2").sections if each.title == "Receptive field")
    assert section.lines == (
        ("height and width", "67; stride 16, padding 16"),
        ("conv1", "1 + (11 − 1)·1 = 11; stride 1·4"),
        ("pool1", "11 + (3 − 1)·4 = 19; stride 4·2"),
        ("conv2", "19 + (5 − 1)·8 = 51"),
        ("pool2", "51 + (3 − 1)·8 = 67; stride 8·2"),
    )


def test_a_column_is_selected_by_its_name() -> None:
    with pytest.raises(ConvcalcError, match="receptive_field"):
        table(spec("ReLU"), TextStyle(), ["receptive_fields"])
