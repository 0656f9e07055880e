"""Tests that each insight is found in the smallest model with the problem, and not in a similar model without the
problem.

Also tests the printed output.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from convcalc import Report, infer
from convcalc.base.codes import CODES, Code
from convcalc.base.problems import ConvcalcError, Source
from convcalc.checking.insights import INSIGHT_RULES, Insight, InsightRule, insights
from convcalc.cli import cli
from convcalc.layers import CATALOGUE, LayerDefinition
from convcalc.layers.examples import example_spec
from convcalc.read import load
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.insights import MOST_PER_CODE, insights_text
from convcalc.rendering.style import TextStyle
from tests.paths import SPECS


def spec(*layers: Any, size: Any = (6, 6, 1), **more: Any) -> Report:
    """Returns the report of a model with one input ``x``."""
    return infer(read_spec(Source("spec.yaml", json.dumps({"inputs": {"x": size}, "layers": list(layers), **more}))))


def conv(kernel: Any = 3, strides: Any = 1, padding: str = "valid", name: str = "c", **more: Any) -> dict[str, Any]:
    arguments = {"filters": 2, "kernel_size": kernel, "strides": strides, "padding": padding, "name": name, **more}
    return {"Conv2D": arguments}


def norm(**more: Any) -> dict[str, Any]:
    return {"BatchNormalization": {"name": "n", **more}}


def dense(units: int, name: str, **more: Any) -> dict[str, Any]:
    return {"Dense": {"units": units, "name": name, **more}}


def pool(size: int, **more: Any) -> dict[str, Any]:
    return {"MaxPooling2D": {"pool_size": size, "name": "p", **more}}


def layers_of(report: Report, code: str) -> list[str]:
    return [result.layer for result in insights(report) if result.code == code]


def shared(first: dict[str, Any], *further: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns four layers: a first layer, two layers that both read its output, and an Add of their outputs."""
    one, other = further
    (kind, arguments), (other_kind, other_arguments) = *one.items(), *other.items()
    return [
        first,
        {kind: {**arguments, "from": "c", "name": "left"}},
        {other_kind: {**other_arguments, "from": "c", "name": "right"}},
        {"Add": {"from": ["left", "right"]}},
    ]


FIRES = {
    "a Dense layer on an image": ("dense-on-image", spec(conv(), dense(10, "d", activation="softmax")), ["d"]),
    "a Dense layer on a volume": ("dense-on-image", spec(dense(3, "d"), size=(4, 4, 4, 1)), ["d"]),
    "two Dense layers on an image": (
        "dense-on-image",
        spec(pool(2), dense(9, "a", activation="relu"), dense(3, "b", activation="softmax")),
        ["b"],
    ),
    "two linear layers": ("linear-layers", spec(dense(8, "a"), dense(8, "b"), size=(4,)), ["a"]),
    "a dropout between linear layers": (
        "linear-layers",
        spec(dense(8, "a"), {"Dropout": 0.5}, dense(2, "b"), size=(4,)),
        ["a"],
    ),
    "linear layers in a nested model": (
        "linear-layers",
        spec({"Sequential": {"name": "m", "input": [4], "layers": [dense(8, "a"), dense(8, "b")]}}, size=(4,)),
        ["m/a"],
    ),
    "a dropout at the end": (
        "dropout-last",
        spec(dense(3, "a"), {"Dropout": {"rate": 0.5, "name": "z"}}, size=(4,)),
        ["z"],
    ),
    "a spatial dropout at the end": (
        "dropout-last",
        spec(conv(), {"SpatialDropout2D": {"rate": 0.5, "name": "z"}}),
        ["z"],
    ),
    "a softmax over one unit": ("softmax-of-one", spec(dense(1, "a", activation="softmax"), size=(4,)), ["a"]),
    "a softmax over one channel": (
        "softmax-of-one",
        spec({"Conv2D": {"filters": 1, "kernel_size": 1, "activation": "softmax", "name": "c"}}),
        ["c"],
    ),
    "a softmax layer": (
        "softmax-of-one",
        spec(dense(1, "a"), {"Activation": {"activation": "softmax", "name": "z"}}, size=(4,)),
        ["z"],
    ),
    "logits": ("no-final-activation", spec(dense(10, "a"), size=(4,)), ["a"]),
    "explicitly linear": ("no-final-activation", spec(dense(2, "a", activation="linear"), size=(4,)), ["a"]),
    "one of two outputs": (
        "no-final-activation",
        spec(
            dense(3, "a", activation="softmax"),
            {"Dense": {"units": 2, "from": "x", "name": "b"}},
            size=(4,),
            outputs=["a", "b"],
        ),
        ["b"],
    ),
    "at least half of the parameters": ("most-params", spec(dense(8, "a"), dense(2, "b"), size=(4,)), ["a"]),
    "at least half of the MACs": ("most-macs", spec(conv(3, name="a"), conv(1, name="b")), ["a"]),
    "a peak": ("most-memory", spec(conv(1, filters=9), pool(6), conv(1, name="b"), conv(1, name="d")), ["c"]),
    "a row and a column": ("unread-input", spec(conv(3, 2)), ["c"]),
    "a pool": ("unread-input", spec(pool(4)), ["p"]),
    "more than the gaps drop": ("unread-input", spec(conv(2, 3), size=(10, 10, 1)), ["c"]),
    "a shortcut": ("skipped-input", spec(conv(1, 2)), ["c"]),
    "an even kernel": ("even-kernel-same", spec(conv(4, padding="same")), ["c"]),
    "same padding on an unknown size": ("even-kernel-same", spec(conv(4, padding="same"), size=(None, None, 1)), ["c"]),
    "on one axis": ("even-kernel-same", spec(conv([3, 2], padding="same")), ["c"]),
    "a stride with 'same'": ("uneven-padding", spec(conv(3, 2, "same")), ["c"]),
    "a pool with 'same'": ("uneven-padding", spec(pool(2, padding="same"), size=(7, 7, 1)), ["p"]),
    "a bias": ("bias-before-norm", spec(conv(), norm()), ["c"]),
    "a bias of Dense": ("bias-before-norm", spec(dense(4, "d"), norm(), size=(4,)), ["d"]),
    "a bias, channels first": (
        "bias-before-norm",
        spec(conv(data_format="channels_first"), norm(axis=1), size=(1, 6, 6)),
        ["c"],
    ),
    "a bias with two readers": ("bias-before-norm", spec(*shared(conv(), norm(), norm())), ["c"]),
    "a bias in a nested model": (
        "bias-before-norm",
        spec({"Sequential": {"name": "m", "input": [6, 6, 1], "layers": [conv(), norm()]}}),
        ["m/c"],
    ),
    "the first layer beyond the input": ("field-beyond-input", spec(conv(7, padding="same"), conv(3, name="d")), ["c"]),
}
NEARLY = {
    "flattened before": ("dense-on-image", spec({"Flatten": {}}, dense(10, "d"))),
    "a Dense layer on each word": ("dense-on-image", spec(dense(10, "d"), size=(7, 8))),
    "inside of an image model": ("dense-on-image", spec(dense(10, "d"), {"GlobalAveragePooling2D": {}})),
    "an activation between Dense layers": (
        "linear-layers",
        spec(dense(8, "a", activation="relu"), dense(8, "b"), size=(4,)),
    ),
    "an activation layer between Dense layers": (
        "linear-layers",
        spec(dense(8, "a"), {"ReLU": {}}, dense(8, "b"), size=(4,)),
    ),
    "a bottleneck": ("linear-layers", spec(dense(2, "a"), dense(8, "b"), size=(4,))),
    "also an output": ("linear-layers", spec(dense(8, "a"), dense(8, "b"), size=(4,), outputs=["a", "b"])),
    "a dropout before the last layer": ("dropout-last", spec({"Dropout": 0.5}, dense(3, "a"), size=(4,))),
    "noise at the end": ("dropout-last", spec(dense(3, "a"), {"GaussianNoise": 0.1}, size=(4,))),
    "a softmax over two": ("softmax-of-one", spec(dense(2, "a", activation="softmax"), size=(4,))),
    "a sigmoid over one": ("softmax-of-one", spec(dense(1, "a", activation="sigmoid"), size=(4,))),
    "one number": ("no-final-activation", spec(dense(1, "a"), size=(4,))),
    "a softmax after it": ("no-final-activation", spec(dense(3, "a"), {"Softmax": {}}, size=(4,))),
    "just half": ("most-params", spec(dense(4, "a"), dense(4, "b"), size=(4,))),
    "the only one with parameters": ("most-params", spec(dense(4, "a"), {"ReLU": {}}, size=(4,))),
    "unknown parameters": ("most-params", spec(dense(8, "a"), dense(2, "b"), {"my>Layer": {}}, size=(4,))),
    "exactly half of the MACs": ("most-macs", spec(dense(4, "a"), dense(4, "b"), size=(4,))),
    "unknown MACs": ("most-macs", spec(conv(3, name="a"), conv(1, name="b"), size=(None, None, 1))),
    "level memory": ("most-memory", spec(dense(4, "a"), dense(4, "b"), dense(4, "c"), size=(4,))),
    "unknown memory": ("most-memory", spec(conv(1, filters=99), conv(1, name="b"), size=(None, None, 1))),
    "all read": ("unread-input", spec(conv(3, 2), size=(7, 7, 1))),
    "everything read by 'same'": ("unread-input", spec(conv(3, 2, "same"))),
    "cropped on purpose": ("unread-input", spec({"Cropping2D": 1})),
    "no more than the gaps drop": ("unread-input", spec(conv(1, 2))),
    "unknown size": ("unread-input", spec(conv(3, 2), size=(None, None, 1))),
    "windows side by side": ("skipped-input", spec(conv(2, 2))),
    "a single window": ("skipped-input", spec(conv(6, 8))),
    "an odd kernel": ("even-kernel-same", spec(conv(3, padding="same"))),
    "even and valid": ("even-kernel-same", spec(conv(4))),
    "a dilation makes it odd": ("even-kernel-same", spec(conv(2, padding="same", dilation_rate=2))),
    "a pool's stride": ("even-kernel-same", spec(pool(2, padding="same"), size=(7, 7, 1))),
    "transposed": (
        "even-kernel-same",
        spec({"Conv2DTranspose": {"filters": 1, "kernel_size": 4, "padding": "same"}}),
    ),
    "odd size": ("uneven-padding", spec(conv(3, 2, "same"), size=(7, 7, 1))),
    "an even kernel is reported as such": ("uneven-padding", spec(conv(4, padding="same"))),
    "an unknown size": ("uneven-padding", spec(conv(3, 2, "same"), size=(None, None, 1))),
    "no bias": ("bias-before-norm", spec(conv(use_bias=False), norm())),
    "an activation between": ("bias-before-norm", spec(conv(activation="relu"), norm())),
    "a layer between": ("bias-before-norm", spec(conv(), {"ReLU": {}}, norm())),
    "no beta": ("bias-before-norm", spec(conv(), norm(center=False))),
    "another axis": ("bias-before-norm", spec(conv(), norm(axis=1))),
    "another reader": ("bias-before-norm", spec(*shared(conv(), norm(), {"ReLU": {}}))),
    "an output of the model": ("bias-before-norm", spec(conv(), norm(), outputs=["c", "n"])),
    "layer normalization": ("bias-before-norm", spec(conv(), {"LayerNormalization": {}})),
    "exactly the input": ("field-beyond-input", spec(conv(5, padding="same"), {"Flatten": {}}, dense(1, "d"))),
    "an unknown input": ("field-beyond-input", spec(conv(7, padding="same"), size=(None, None, 1))),
}


@pytest.mark.parametrize("case", FIRES)
def test_each_insight_is_reported(case: str) -> None:
    code, report, layers = FIRES[case]
    assert layers_of(report, code) == layers


@pytest.mark.parametrize("case", NEARLY)
def test_no_insight_is_reported_on_a_near_miss(case: str) -> None:
    code, report = NEARLY[case]
    assert code in INSIGHT_RULES
    assert layers_of(report, code) == []


def test_each_code_has_a_hit_and_a_near_miss() -> None:
    assert {code for code, *_ in FIRES.values()} == set(INSIGHT_RULES) == {code for code, _ in NEARLY.values()}


def test_positions_dropped_by_floor_name_their_layer() -> None:
    assert insights(spec(conv(3, 2)))[-1] == Insight(
        "unread-input", "c", "does not use the last 1 of 6 positions of height and 1 of 6 positions of width"
    )


def test_the_layer_with_most_parameters_of_vgg16() -> None:
    # Source: https://keras.io/api/applications, 138.4 million parameters, of which fc1 has 7·7·512·4096 + 4096.
    assert insights(infer(load(SPECS / "vgg16.yaml")))[0] == Insight(
        "most-params", "fc1", "has 102,764,544 of 138,357,544 parameters (74.3 %)"
    )


def test_a_layer_of_a_nested_model_is_named_and_not_the_model() -> None:
    inner = {"name": "m", "input": [4], "layers": [dense(8, "a"), dense(2, "b")]}
    assert layers_of(spec({"Sequential": inner}, size=(4,)), "most-params") == ["m/a"]


def test_a_field_beyond_the_input_is_reported_once_per_input() -> None:
    report = spec(conv(7, padding="same"), conv(3, name="d", padding="same"))
    (result,) = (each for each in insights(report) if each.code == "field-beyond-input")
    assert result.message == "sees 7×7 positions of the input 'x', which has only 6×6"


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.name)
def test_insights_work_for_every_layer(kind: LayerDefinition) -> None:
    report = infer(read_spec(Source("example", example_spec(kind))))
    assert {result.layer for result in insights(report)} <= {row.path for row in report.layers} | {"input_layer"}


@pytest.mark.parametrize("kind", INSIGHT_RULES.values(), ids=lambda kind: kind.code)
def test_every_code_is_explained(kind: InsightRule) -> None:
    assert kind.title.endswith(".") and "\n" not in kind.title and kind.explanation
    said = run("explain", kind.code, "--width", "70")
    assert said.exit_code == 0
    assert said.output.startswith(f"{kind.code}\n") and " ".join(kind.explanation.split()) in " ".join(
        said.output.split()
    )
    assert max(map(len, said.output.splitlines())) <= 70


# Printed output -------------------------------------------------------------------------------------------------------


def run(*words: str) -> Any:
    return CliRunner().invoke(cli, list(words))


def refused(*words: str) -> str:
    failed = run(*words).exception
    assert isinstance(failed, ConvcalcError)
    return str(failed)


@pytest.mark.parametrize("code", CODES)
def test_the_code_of_every_problem_is_explained(code: str) -> None:
    meaning = CODES[Code(code)]
    text = " ".join(run("explain", code).output.split())
    assert text == " ".join(f"{code} {meaning.title} {meaning.help}".split())


def test_a_word_that_is_not_a_code_is_one_clear_error() -> None:
    assert refused("explain", "most-parms").endswith("no code 'most-parms'; did you mean 'most-params'?")
    assert (
        "no code 'specs/vgg16.yaml'; to explain a layer of a model, use `convcalc explain specs/vgg16.yaml LAYER`"
        in refused("explain", "specs/vgg16.yaml")
    )


def test_the_table_shows_insights_below_on_request() -> None:
    path = str(SPECS / "vgg16.yaml")
    plain, asked = run("summary", path).output, run("summary", path, "--insights", "--width", "60").output
    assert "most-params" not in plain
    below = asked[asked.index(" Insights") :]
    assert "   most-params: fc1 has 102,764,544 of 138,357,544\n      parameters (74.3 %)\n" in below
    assert max(map(len, below.splitlines())) <= 60


def test_the_json_report_has_insights_only_on_request() -> None:
    path = str(SPECS / "vgg16.yaml")
    assert "insights" not in json.loads(run("summary", path, "--format", "json").output)
    asked = json.loads(run("summary", path, "--format", "json", "--insights").output)["insights"]
    assert asked == [result._asdict() for result in insights(infer(load(path)))]
    assert asked[0]["code"] == "most-params" and asked[0]["layer"] == "fc1"


def test_each_of_several_models_has_its_own_insights_in_json() -> None:
    paths = [str(SPECS / f"{name}.yaml") for name in ("vgg16", "lenet5")]
    data = json.loads(run("summary", *paths, "--format", "json", "--insights").output)
    assert [report["insights"][0]["layer"] for report in data] == ["fc1", "C5"]


def test_keras_summaries_refuse_insights() -> None:
    assert "--insights works with --format table, json, " in refused(
        "summary", str(SPECS / "vgg16.yaml"), "--format", "keras", "--insights"
    )


def test_many_insights_of_one_kind_are_cut_and_counted() -> None:
    many = [Insight("skipped-input", f"c{number}", "skips") for number in range(MOST_PER_CODE + 3)]
    lines = insights_text(many, TextStyle()).splitlines()
    assert len(lines) == 1 + MOST_PER_CODE + 1
    assert lines[-1] == "   skipped-input: 3 more; --format json lists them all"


def test_a_report_without_insights_says_so() -> None:
    assert insights_text(insights(spec({"Flatten": {}})), TextStyle()) == " Insights: none\n"


def test_a_name_cannot_control_the_terminal() -> None:
    assert "\x1b" not in insights_text([Insight("skipped-input", "a\x1b[2Jb", "skips")], TextStyle())
