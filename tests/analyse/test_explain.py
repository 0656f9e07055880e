"""Tests explanations. convcalc explains a layer by running its rule on traced numbers, which record how they were
computed.
"""

import pytest

from convcalc import infer
from convcalc.analyse.explain import _trace, explain, find_layer
from convcalc.base.numbers import plain, shape_text
from convcalc.base.problems import ConvcalcError, Source
from convcalc.layers import CATALOGUE, find, parameters, sample_macs
from convcalc.layers.examples import example_spec
from convcalc.read.keras_files.config import read_config
from convcalc.read.spec.spec import read_spec
from tests.helpers.keras_configs import functional, layer
from tests.helpers.whole_files import at, inputs

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


@pytest.mark.parametrize(
    ("layer", "height", "width"),
    [
        ("ZeroPadding2D: {padding: [[1, 0], [0, 1]]}", "1 + 28 + 0 = 29", "0 + 28 + 1 = 29"),
        ("ZeroPadding2D: 2", "2 + 28 + 2 = 32", "2 + 28 + 2 = 32"),
        ("ZeroPadding2D: {padding: [[0, 0], [0, 3]]}", "28", "0 + 28 + 3 = 31"),
        ("Cropping2D: {cropping: [[1, 0], [0, 2]]}", "28 − 1 − 0 = 27", "28 − 0 − 2 = 26"),
    ],
)
def test_padding_is_added_where_it_is(layer: str, height: str, width: str) -> None:
    """The zeros above a picture and those below it are different numbers, also if one of them is 0."""
    result = lines("1", f"input: [28, 28, 1]\nlayers: [{{{layer}}}]")
    assert ("height", height) in result["Output"]
    assert ("width", width) in result["Output"]


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
    """The rule of each layer gives equal results for ints and for traced numbers."""
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


SEQUENCE_LAYERS = (
    "LSTM: 2",
    "GRU: {units: 2, return_sequences: true}",
    "SimpleRNN: 2",
    "RNN: {cell: {LSTMCell: 2}}",
    "RNN: {cell: {StackedRNNCells: [[{GRUCell: 2}, {LSTMCell: 3}]]}}",
    "Bidirectional: {layer: {LSTM: 2}}",
    "Bidirectional: {layer: {GRU: 2}, merge_mode: null}",
    "TimeDistributed: {layer: {Dense: 2}}",
    "GlobalAveragePooling1D",
    "BatchNormalization",
    "Softmax",
    "Dense: 3",
    "Attention: {from: [steps, steps]}",
    "AdditiveAttention: {from: [steps, steps]}",
    "Attention: {from: [steps, steps], return_attention_scores: true}",
    "MultiHeadAttention: {num_heads: 2, key_dim: 2, from: [steps, steps]}",
    "MultiHeadAttention: {num_heads: 2, key_dim: 2, from: [steps, steps], return_attention_scores: true}",
    "Add: {from: [steps, steps]}",
    "Concatenate: {from: [steps, steps]}",
)


@pytest.mark.parametrize("layer", SEQUENCE_LAYERS)
@pytest.mark.parametrize("steps", ["Masking: {name: steps}", "ReLU: {name: steps}"])
@pytest.mark.parametrize("above", ["", "  - Masking\n"])
def test_a_layer_with_masks_is_explained(layer: str, steps: str, above: str) -> None:
    """The explained output shapes equal the shapes in the report, even if the layer is called with a mask."""
    result = report(f"input: [5, 4]\nlayers:\n{above}  - {steps}\n  - {layer}")
    number = len(result.layers)
    explanation = explain(result, str(number))
    (output,) = (section for section in explanation.sections if section.title == "Output")
    assert [text for label, text in output.lines if label.startswith("output")] == list(
        map(shape_text, result.layers[-1].output_shapes)
    )


def test_inputs_and_masks_have_their_own_shapes_in_any_order() -> None:
    """A Keras file sorts the arguments of a call by name, so a mask can come before an input."""
    kwargs = {"attention_mask": at("mask", 3, 5), "query": at("query", 3, 4), "value": at("value", 5, 6)}
    attention = layer("MultiHeadAttention", "attention", num_heads=2, key_dim=2)
    config = functional(
        inputs(3, 5, name="mask"),
        inputs(3, 4, name="query"),
        inputs(5, 6, name="value"),
        {**attention, "inbound_nodes": [{"args": [], "kwargs": kwargs}]},
        input_layers=[["mask", 0, 0], ["query", 0, 0], ["value", 0, 0]],
        outputs=[["attention", 0, 0]],
    )
    result = infer(read_config(config, "model.json"))
    received = explain(result, "attention").sections[0]
    assert received.lines == (
        ("input", "(None, 3, 5) from mask"),
        ("input", "(None, 3, 4) from query"),
        ("input", "(None, 5, 6) from value"),
    )


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
