"""Tests explanations. To make an explanation, the program runs the rule of a layer on traced numbers."""

import pytest

from convcalc import infer
from convcalc.analyse.explain import _trace, explain, find_layer
from convcalc.base.numbers import plain
from convcalc.base.problems import ConvcalcError, Source
from convcalc.layers import CATALOGUE, find, parameters, sample_macs
from convcalc.layers.examples import example_spec
from convcalc.read.spec.spec import read_spec

SPEC = """
input: [28, 28, 1]
layers:
  - Conv2D: {filters: 32, kernel_size: 3, strides: 2, padding: same}
  - Conv2D: {filters: 8, kernel_size: 3, strides: 2, name: second}
  - BatchNormalization
  - Dense: {units: 2, trainable: false, name: seventh}
"""


def report(text: str):
    return infer(read_spec(Source("spec.yaml", text)))


def lines(selector: str, text: str = SPEC) -> dict[str, list[tuple[str, str]]]:
    return {section.title: list(section.lines) for section in explain(report(text), selector).sections}


def test_same_padding_is_explained() -> None:
    result = lines("conv2d")
    assert ("height", "ceil(28/2) = 14") in result["Output"]
    assert ("", "padding 0 before and 1 after: (28 − 3 + 1)/2 + 1 = 14") in result["Output"]
    assert result["Parameters"][-1] == ("params", "3·3·1·32 + 32 = 320")
    assert result["MACs"] == [("MACs", "3·3·1·32·14·14 = 56,448 for one sample")]


def test_the_remainder_of_a_floor_is_mentioned() -> None:
    result = lines("second")
    assert ("height", "(14 − 3)/2 + 1 = 6.5 → 6") in result["Output"]
    assert ("", "the last position is never used") in result["Output"]


def test_explanations_say_why_weights_are_not_trainable() -> None:
    assert any("running statistic" in text for _, text in lines("batch_n")["Parameters"])
    assert any("trainable is false" in text for _, text in lines("seventh")["Parameters"])


def test_unknown_sizes_give_the_formula() -> None:
    result = lines("1", "input: [null, null, 3]\nlayers: [{Conv2D: {filters: 8, kernel_size: 3, strides: 2}}]")
    assert ("height", "floor((height − 3)/2) + 1") in result["Output"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_traced_numbers_agree_with_plain_ones(name: str) -> None:
    """The rule of each layer is run on the layer's example. The results for ints and traced numbers are equal."""
    kind = find(name)
    assert kind is not None
    result = report(example_spec(kind))
    rows = [row for row in result.layers if row.class_name == name]
    for row in rows:
        traced = _trace(kind, row)
        assert [shape and tuple(map(plain, shape)) for shape in traced.outputs] == list(row.output_shapes)
        assert "params" in traced.unknown or plain(parameters(traced)) == row.params
        assert "macs" in traced.unknown or plain(sample_macs(traced)) == row.macs
        explain(result, row.name)


def test_a_layer_is_selected_by_name_number_or_prefix() -> None:
    result = report(SPEC)
    for selector, name in {"conv2d": "conv2d", "2": "second", "sev": "seventh"}.items():
        assert find_layer(result, selector)[1].name == name


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("9", "there is no layer 9; the model has 4 layers"),
        ("se", "'se' could be 'second' or 'seventh'; write the whole name"),
        ("secund", "the model has no layer 'secund'; did you mean 'second'?"),
    ],
)
def test_a_selector_without_a_match_is_one_clear_error(selector: str, message: str) -> None:
    with pytest.raises(ConvcalcError, match="error") as failed:
        find_layer(report(SPEC), selector)
    assert message in str(failed.value)
