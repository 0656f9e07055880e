"""Tests the calculator, as a function and as a command: it uses the rules of the layers, and gives clear error
messages.
"""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from convcalc.base.numbers import UNKNOWN, plain
from convcalc.base.problems import ConvcalcError, Refusal
from convcalc.base.window import slide, slide_transposed
from convcalc.calculator.conv import conv
from convcalc.calculator.inverse import inverse, nearest
from convcalc.cli.conv import command
from convcalc.layers import apply, bind, find, parameters, sample_macs


def test_the_answer_as_data_matches_its_contract() -> None:
    answer = conv([6, 6], 3, strides=2, padding="same", channels=1, filters=32)
    assert answer.as_dict() == {
        "schema_version": 1,
        "input": [6, 6],
        "kernel_size": [3, 3],
        "strides": [2, 2],
        "dilation": [1, 1],
        "padding": [[0, 1], [0, 1]],
        "output": [3, 3],
        "unrounded": [3.0, 3.0],
        "unread": [0, 0],
        "output_shape": [None, 3, 3, 32],
        "params": 320,
        "macs": 2592,
        "formulas": {
            "output": "(6 − 3 + 1)/2 + 1 = 3",
            "params": "3·3·1·32 + 32 = 320",
            "macs": "3·3·1·32·3·3 = 2,592",
        },
    }


def test_one_size_is_one_axis_and_missing_answers_are_null() -> None:
    data = conv(6, 3, strides=2).as_dict()
    assert (data["input"], data["output"], data["unrounded"], data["unread"]) == ([6], [2], [2.5], [1])
    assert data["output_shape"] is data["params"] is data["macs"] is None
    named = conv("H", 3, strides=2).as_dict()
    assert (named["output"], named["formulas"]["output"]) == ([None], "floor((H − 3)/2) + 1")


# Each row: a calculation, and the expected output size of each axis. Keras 3.15.1 computed the sizes, or PyTorch
# documents them.
QUESTIONS = [
    (dict(input=6, kernel_size=3, strides=2, padding=((1, 0), (0, 1))), (3, 3)),
    (dict(input=32, kernel_size=3, dilation=4), (24,)),
    (dict(input=4, kernel_size=3, strides=2, padding="same", transpose=True), (8,)),
    (dict(input=4, kernel_size=3, strides=2, transpose=True), (9,)),
    (dict(input=4, kernel_size=2, strides=3, transpose=True), (12,)),
    (dict(input=4, kernel_size=3, strides=2, padding="same", transpose=True, output_padding=0), (7,)),
    (dict(input=4, kernel_size=4, strides=2, padding="same", transpose=True, output_padding=0), (6,)),
    (dict(input=4, kernel_size=3, strides=2, padding=1, transpose=True, output_padding=1, framework="torch"), (8,)),
    (dict(input=4, kernel_size=2, strides=3, transpose=True, framework="torch"), (11,)),
    (dict(input=50, kernel_size=3, dilation=2, padding="causal"), (50,)),
    (dict(input=7, kernel_size=2, pool="max"), (3,)),
    (dict(input=7, kernel_size=2, pool="max", padding="same"), (4,)),
    (dict(input=112, kernel_size=3, strides=2, padding=1, pool="max", framework="torch"), (56,)),
    (dict(input=112, kernel_size=3, strides=2, padding=1, pool="max", framework="torch", ceil_mode=True), (57,)),
    (dict(input=32, kernel_size=1, strides=2, pool="max", framework="torch", ceil_mode=True), (16,)),
    (dict(input=12, kernel_size=3, strides=2, dilation=2, framework="torch"), (4,)),
    (dict(input=(28, 28), kernel_size=(3, 5), padding=(1, 2)), (28, 28)),
]


@pytest.mark.parametrize(("question", "output"), QUESTIONS)
def test_answers_match_keras_and_pytorch(question: dict, output: tuple) -> None:
    assert conv(**question).output == output


SIZES = st.lists(st.integers(1, 20), min_size=1, max_size=3)


@pytest.mark.slow
@given(
    SIZES,
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(["same", "valid"]),
    st.integers(1, 4),
    st.integers(1, 4),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_the_calculator_agrees_with_the_layer(sizes, kernel, stride, padding, channels, filters, transpose) -> None:
    kind = find(f"Conv{len(sizes)}D{'Transpose' if transpose else ''}")
    args, _ = bind(kind, (filters, kernel, stride, padding), {})
    try:
        layer = apply(kind, args, [(UNKNOWN, *sizes, channels)])
    except Refusal:
        with pytest.raises(ConvcalcError):
            conv(sizes, kernel, strides=stride, padding=padding, transpose=transpose)
        return
    answer = conv(
        sizes, kernel, strides=stride, padding=padding, channels=channels, filters=filters, transpose=transpose
    )
    assert answer.output_shape == (None, *layer.outputs[0][1:])
    assert (plain(answer.params), plain(answer.macs)) == (parameters(layer), sample_macs(layer))


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_listed_setting_gives_the_size(before, after, transpose) -> None:
    for setting in inverse((before,), (after,), transpose=transpose):
        cells = setting.padding if isinstance(setting.padding, str) else (setting.padding, setting.padding)
        rule = slide_transposed if transpose else slide
        extra = {} if setting.output_padding is None else {"output_padding": setting.output_padding}
        assert rule(before, setting.kernel_size, setting.strides, 1, cells, **extra).output == after


def test_the_usual_settings_come_first() -> None:
    first = inverse((224,), (112,))[0]
    assert (first.padding, first.kernel_size % 2, first.strides) == ("same", 1, 2)
    assert inverse((6,), (100,)) == []


@pytest.mark.parametrize(
    ("before", "after", "kernel", "more", "first"),
    [
        (12, 23, 3, {"transpose": True}, "--k 3 --s 2 --pad same --output-padding 0"),
        (20, 39, 3, {"transpose": True}, "--k 3 --s 2 --pad same --output-padding 0"),
        (3, 6, 3, {"transpose": True, "framework": "torch"}, "--k 3 --s 2 --pad 1 --output-padding 1"),
        (35, 13, 5, {}, "--k 5 --s 3 --pad 3"),
        (4, 12, 9, {"framework": "torch"}, "--k 9 --s 1 --pad 8"),
    ],
)
def test_large_paddings_and_output_padding_are_tried_last(before, after, kernel, more, first) -> None:
    options = [setting.options for setting in inverse((before,), (after,), kernel_size=kernel, **more)]
    assert options[0] == first


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--in", "8x8x3", "--k", "3", "--depthwise", "--filters", "100"], "give depth_multiplier instead of filters"),
        (
            ["--in", "6", "--out", "3", "--dilation", "2"],
            "--out cannot be combined with --dilation; leave out --dilation",
        ),
        (["--in", "6", "--out", "3", "--pool", "max"], "--out cannot be combined with --pool; leave out --pool"),
        (
            ["--in", "6", "--out", "13", "--transpose", "--output-padding", "1"],
            "cannot be combined with --output-padding",
        ),
    ],
)
def test_an_option_without_effect_is_refused(args, message) -> None:
    with pytest.raises(ConvcalcError, match=message):
        CliRunner().invoke(command, args, standalone_mode=False, catch_exceptions=False)


def test_an_impossible_size_has_a_nearest_possible_size() -> None:
    closest = nearest((6,), (100,))
    assert closest is not None and (closest.output, closest.options) == ((11,), "--k 6 --s 1 --pad 5")
    assert nearest((6,), (100,), kernel_size=9, padding="valid") is None


def test_axes_get_separate_strides_if_no_common_one_fits() -> None:
    assert all(isinstance(setting.strides, int) for setting in inverse((28, 28), (14, 14)))
    first = inverse((28, 14), (14, 14))[0]
    assert first.options == "--k 3 --s 2x1 --pad same"
    assert conv((28, 14), first.kernel_size, strides=first.strides, padding=first.padding).output == (14, 14)


def test_large_ratios_and_global_kernels_are_found() -> None:
    assert inverse((1000,), (3,), kernel_size=3, padding="valid")[0].strides == 333
    assert inverse((2**53,), (3,))[0].output == (3,)
    assert "--k 28 --s 1 --pad valid" in [setting.options for setting in inverse((28,), (1,))]
    assert inverse((8,), (1,), kernel_size=2**53) != []


@given(st.integers(1, 40), st.integers(1, 40), st.booleans(), st.sampled_from(["keras", "torch"]))
@settings(max_examples=30, deadline=None)
def test_listed_settings_are_valid_in_the_framework(before, after, transpose, framework) -> None:
    for setting in inverse((before,), (after,), transpose=transpose, framework=framework):
        kernel, strides, padding = setting.kernel_size, setting.strides, setting.padding
        sides = {"padding": padding, "transpose": transpose, "output_padding": setting.output_padding}
        answer = conv(before, kernel, strides=strides, framework=framework, **sides)
        assert answer.output == (after,)


def test_two_sizes_with_filters_have_two_meanings() -> None:
    result = CliRunner().invoke(command, ["--in", "28x28", "--k", "3", "--filters", "8"], standalone_mode=False)
    assert "write 28x28x3 for an image with 3 channels, or --in 28 --channels 28 for a sequence" in str(
        result.exception
    )


def test_the_longest_axis_has_a_picture() -> None:
    done = CliRunner().invoke(command, ["--in", str(2**53), "--k", "3"], standalone_mode=False)
    assert done.exception is None
    assert "9,007,199,254,740,990" in done.output and max(map(len, done.output.splitlines())) <= 80


WRONG = [
    (["--in", "6", "--k", "7"], "the layer has a kernel of 7, but an input of 6; "),
    (["--in", "6"], "give the kernel size with --k"),
    (
        ["--in", "6", "--k", "3", "--s", "2", "--dilation", "2"],
        "Keras does not accept strides above 1 together with a dilation above 1",
    ),
    (
        ["--in", "6x6x5", "--k", "3", "--filters", "4", "--groups", "2"],
        "receives 5 channels, not divisible by its 2 groups",
    ),
    (["--in", "6x6x4", "--k", "3", "--filters", "3", "--groups", "2"], "has 3 filters, not divisible by its 2 groups"),
    (
        ["--in", "4", "--k", "3", "--s", "2", "--transpose", "--output-padding", "2"],
        "output_padding must be below the stride",
    ),
    (["--in", "6x", "--k", "3"], "--in expects sizes of at least 1, such as 6, 28x28 or 3,5"),
    (["--in", "0", "--k", "3"], "--in expects sizes"),
    (["--in", "-3", "--k", "3"], "--in expects sizes"),
    (["--in", "\u0663", "--k", "3"], "--in expects sizes"),
    (["--in", "4", "--k", "3", "--pad", "1", "--transpose"], "numbers need --framework torch"),
    (["--in", "28x28x1", "--k", "3"], "if the last size is the channels, add --filters"),
    (["--in", "28x28", "--k", "3x3", "--filters", "8"], "write --in 28x28x3, or --channels 3"),
    (["--in", "", "--k", "3"], "--in expects sizes"),
    (["--in", "9" * 1000, "--k", "3"], "--in expects sizes"),
    (["--in", "6", "--k", "3", "--pad", "sane"], "--pad expects same, valid, causal"),
    (["--in", "6", "--k", "3", "--pad", "((1,0),(0,1)"], "--pad expects same, valid, causal"),
    (["--in", "6", "--k", "3", "--pad", "[" * 190], "--pad expects same, valid, causal"),
    (["--in", "6x6", "--k", "3x3x3"], "the sizes have different numbers of axes: 2 and 3"),
    (["--in", "6x6x6x6", "--k", "3"], "--in has 4 axes"),
    (["--in", "6", "--k", "3", "--filters", "8"], "parameters depend on the channels: write --in 6x3, or --channels 3"),
    (["--in", "6", "--k", "3", "--ceil-mode"], "ceil_mode is only for PyTorch's pooling"),
    (["--in", "6x6", "--k", "3", "--pad", "causal"], "padding 'causal' exists only in Keras's Conv1D"),
    (["--in", "6", "--k", "3", "--framework", "torch", "--pad", "1,0"], "PyTorch pads both sides by the same amount"),
    (
        ["--in", "6", "--k", "3", "--s", "2", "--framework", "torch", "--pad", "same"],
        "PyTorch accepts padding 'same' only",
    ),
    (["--in", "H", "--out", "3"], "--out needs numbers"),
    (["--in", "6", "--out", "3x3x3x3"], "1, 2 or 3"),
]


@pytest.mark.parametrize(("args", "message"), WRONG, ids=[" ".join(args)[:60] for args, _ in WRONG])
def test_an_impossible_question_is_one_clear_error(args: list[str], message: str) -> None:
    done = CliRunner().invoke(command, args, standalone_mode=False)
    assert isinstance(done.exception, ConvcalcError), done.output
    (problem,) = done.exception.problems
    assert message in problem.message


@pytest.mark.slow
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_an_answer_or_an_error(sizes, kernel, padding) -> None:
    done = CliRunner().invoke(command, [f"--in={sizes}", f"--k={kernel}", f"--pad={padding}"], standalone_mode=False)
    assert done.exception is None or isinstance(done.exception, ConvcalcError)


def test_json_output_is_valid_json() -> None:
    for args in (["--in", "6", "--k", "3"], ["--in", "6", "--out", "3"], ["--in", "HxW", "--k", "3"]):
        json.loads(CliRunner().invoke(command, [*args, "--format", "json"], standalone_mode=False).output)


@pytest.mark.parametrize(
    ("kernel", "options", "message"),
    [
        (3, {"pool": "max", "dilation": 2}, "Keras's pooling has no dilation"),
        (3, {"pool": "avg", "dilation": 2, "framework": "torch"}, "PyTorch's average pooling has no dilation"),
        (3, {"depthwise": True, "padding": "causal", "channels": 3}, "only in Keras's Conv1D"),
        (
            4,
            {"framework": "torch", "dilation": 2, "transpose": True, "output_padding": 2},
            "below the stride or the dilation",
        ),
    ],
)
def test_settings_that_a_framework_refuses(kernel: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConvcalcError, match=message):
        conv(8, kernel, **options)


def test_settings_that_only_pytorch_accepts() -> None:
    assert conv(8, 4, framework="torch", dilation=2, transpose=True, output_padding=1).output == (15,)
    assert conv(8, 3, framework="torch", pool="max", dilation=2).output == (2,)
    assert conv([8, 8, 8], 3, framework="torch", depthwise=True, channels=4).output_shape == (None, 6, 6, 6, 4)
