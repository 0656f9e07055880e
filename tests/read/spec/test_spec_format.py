"""Tests the YAML format of specs, feature by feature: each test compares a spec with the model that it describes."""

import io
import sys
from pathlib import Path

import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read import load
from convcalc.read.spec.spec import read_spec
from tests.paths import SPECS


def report(text: str) -> Report:
    return infer(read_spec(Source("spec.yaml", text)))


def names(text: str) -> list[str]:
    return [row.name for row in report(text).layers]


def shapes(text: str) -> list[tuple]:
    return [row.output_shapes[0][1:] for row in report(text).layers]


def test_arguments_by_position_by_name_single_and_none() -> None:
    for entry in (
        "Conv2D: [8, 3]",
        "Conv2D: {filters: 8, kernel_size: [3, 3]}",
        "Convolution2D: {kernel_size: 3, filters: 8}",
    ):
        assert shapes(f"input: [9, 9, 1]\nlayers:\n  - {entry}") == [(7, 7, 8)]
    for entry in (
        "MaxPooling2D",
        "MaxPooling2D:",
        "MaxPooling2D: 2",
        "MaxPooling2D: {}",
        "MaxPooling2D: []",
        "{MaxPool2D: 2}",
    ):
        assert shapes(f"input: [9, 9, 1]\nlayers:\n  - {entry}") == [(4, 4, 1)]


def test_common_keys_may_be_among_the_arguments_or_beside_them() -> None:
    inside = "input: [4]\nlayers: [{Dense: {units: 3, name: a, trainable: false, dtype: float16}}]"
    beside = "input: [4]\nlayers:\n  - Dense: 3\n    name: a\n    trainable: false\n    dtype: float16\n"
    assert report(inside).as_dict() == report(beside).as_dict()


def test_automatic_names_are_those_of_keras() -> None:
    text = "input: [8, 8, 3]\nlayers: [{Conv2D: [1, 1]}, BatchNormalization, {Conv2D: [1, 1]}, PReLU, {Conv2DTranspose: [1, 1]}, ELU, ReLU]"
    assert names(text) == ["conv2d", "batch_normalization", "conv2d_1", "p_re_lu", "conv2d_transpose", "elu", "re_lu"]
    assert report(text).model.name == "sequential"


def test_automatic_names_are_numbered_through_nested_models() -> None:
    text = "input: [4]\nlayers: [{Dense: 4}, {Model: {input: [4], layers: [{Dense: 4}]}}, {Dense: 4}]"
    assert names(text) == ["dense", "sequential", "dense_1", "dense_2"]


def test_a_chain_is_sequential_and_branches_are_functional() -> None:
    assert report("input: [4]\nlayers: [{Dense: 3}]").model.class_name == "Sequential"
    for text in (
        "inputs: {a: [4]}\nlayers: [{Dense: 3}]",
        "input: [4]\nlayers: [{Dense: {units: 3, name: d}}]\noutputs: d",
        "input: [4]\nlayers: [{Dense: {units: 3, name: d}}, {Dense: {units: 3, from: d}}]",
    ):
        made = report(text)
        assert made.model.class_name == "Functional"
        assert made.layers[0].class_name == "InputLayer"


def test_several_inputs_and_outputs() -> None:
    made = report(
        """
        inputs:
          image: [8, 8, 3]
          extra: {shape: [4], dtype: int32, batch_size: 2}
        layers:
          - Flatten: {from: image, name: flat}
          - Dense: {units: 3, from: extra, name: side}
        outputs: [side, flat]
        """
    )
    assert made.input_shapes == ((UNKNOWN, 8, 8, 3), (2, 4))
    assert made.output_shapes == ((2, 3), (UNKNOWN, 192))


def test_an_input_layer_may_come_first_as_in_keras() -> None:
    assert shapes("layers:\n  - InputLayer: {shape: [4]}\n  - Dense: 3") == [(3,)]
    assert report("layers: [{InputLayer: {batch_shape: [2, 4]}}, {Dense: 3}]").output_shapes == ((2, 3),)


def test_sizes_may_be_unknown() -> None:
    assert shapes("input: [null, 7, 3]\nlayers: [{Conv2D: {filters: 2, kernel_size: 3, padding: same}}, Flatten]") == [
        (UNKNOWN, 7, 2),
        (UNKNOWN,),
    ]
    assert report("input: 784\nlayers: [{Dense: 3}]").input_shapes == ((UNKNOWN, 784),)


def test_labels_name_outputs_without_naming_layers() -> None:
    text = """
input: [4]
layers:
  - Dense: {units: 3, as: left}
  - Dense: {units: 3, from: left, as: right}
  - Add: {from: [left, right]}
"""
    made = report(text)
    assert [row.name for row in made.layers] == ["input_layer", "dense", "dense_1", "add"]
    assert made.layers[-1].calls[0].inputs == ("dense[0][0]", "dense_1[0][0]")


BLOCK = """
blocks:
  twice:
    arguments: [units, {activation: relu}, {name: x}]
    layers:
      - Dense: {units: $units, activation: $activation, name: "${name}_a"}
      - Dense: {units: "${units * 2 + 1}", name: "${name}_${units}"}
input: [4]
layers:
"""


def test_blocks_take_arguments_by_position_and_by_name() -> None:
    assert names(BLOCK + "  - twice: 3") == ["x_a", "x_3"]
    assert names(BLOCK + "  - twice: [3, tanh, y]") == ["y_a", "y_3"]
    assert shapes(BLOCK + "  - twice: {units: 5, name: z}") == [(5,), (11,)]
    assert report(BLOCK + "  - twice: [3, tanh]").layers[0].config["activation"] == "tanh"


def test_a_block_reads_its_input_and_its_output_has_a_label() -> None:
    made = report(
        """
        blocks:
          residual:
            arguments: [units]
            layers:
              - Dense: {units: $units, as: main}
              - Add: {from: [$input, main]}
        input: [4]
        layers:
          - residual: [4]
            as: first
          - residual: {units: 4, as: second}
          - Concatenate: {from: [first, second]}
        """
    )
    assert made.output_shapes == ((UNKNOWN, 8),)
    assert made.layers[2].calls[0].inputs == ("input_layer[0][0]", "dense[0][0]")


def test_a_block_may_merge_several_inputs() -> None:
    made = report(
        """
        blocks:
          join: {layers: [{Concatenate: {from: $input}}, {Dense: 3}]}
        inputs: {a: [2], b: [5]}
        layers:
          - join: {from: [a, b]}
        """
    )
    assert [row.params for row in made.layers] == [0, 0, 0, 24]


def test_repeats_are_numbered_and_can_be_nested() -> None:
    text = """
input: [4]
layers:
  - repeat: 2
    index: i
    layers:
      - repeat: 2
        index: j
        layers:
          - Dense: {units: "${10 * i + j}", name: "d${i}${j}"}
"""
    assert names(text) == ["d11", "d12", "d21", "d22"]
    assert shapes(text) == [(11,), (12,), (21,), (22,)]
    assert names("input: [4]\nlayers: [{repeat: 0, layers: [Flatten]}, {Dense: 2}]") == ["dense"]


CONDITIONS = """
input: [4]
blocks:
  part:
    arguments: [{bias: true}, {rate: 0}, {norm: null}]
    layers:
      - when: {bias: [true], norm: [null, layer]}
        layers: [{Dense: {units: 3, name: both}}]
      - unless: {rate: [0]}
        layers: [{Dropout: {rate: $rate, name: drop}}]
      - when: {norm: [layer, batch]}
        layers:
          - when: {norm: [batch]}
            layers: [{BatchNormalization: {name: batch}}]
          - unless: {norm: [batch]}
            layers: [{LayerNormalization: {name: layer}}]
      - ReLU: {name: last}
layers:
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("{}", ["both", "last"]),
        ("{bias: false}", ["last"]),
        ("{bias: 1, rate: 0.5}", ["drop", "last"]),  # 1 is not true in YAML, so the layer "both" is left out
        ("{rate: 0.0, norm: layer}", ["both", "layer", "last"]),
        ("{norm: batch}", ["batch", "last"]),
    ],
)
def test_layers_can_depend_on_arguments(arguments: str, expected: list[str]) -> None:
    assert names(f"{CONDITIONS}  - part: {arguments}") == expected


def test_dollar_signs_can_be_escaped() -> None:
    assert names("input: [4]\nlayers: [{Dense: {units: 3, name: 'a$$b'}}]") == ["a$b"]


def test_nested_models_may_be_sequential_or_functional() -> None:
    made = report(
        """
        input: [4]
        layers:
          - Model: {name: one, input: [4], layers: [{Dense: 3}]}
          - Functional:
              name: two
              inputs: {x: [3]}
              layers: [{Dense: 2}]
        """
    )
    assert [(row.path, row.class_name) for row in made.layers] == [
        ("one", "Sequential"),
        ("one/dense", "Dense"),
        ("two", "Functional"),
        ("two/x", "InputLayer"),
        ("two/dense_1", "Dense"),
    ]


def test_a_nested_model_may_be_called_again() -> None:
    made = report(
        """
        inputs: {a: [4], b: [4]}
        layers:
          - Model: {name: tower, input: [4], layers: [{Dense: 3}], from: a, as: left}
          - call: tower
            from: b
            as: right
          - Dot: {axes: 1, from: [left, right]}
        """
    )
    assert (made.totals.params, made.totals.macs) == (15, 12 + 12 + 3)


def test_anchors_work_as_in_any_yaml() -> None:
    text = "input: [4]\nlayers:\n  - Dense: &wide {units: 9}\n  - Dense: *wide\n"
    assert shapes(text) == [(9,), (9,)]


def test_expectations_and_budgets_are_kept() -> None:
    made = read_spec(
        Source("s", "input: [4]\nbudget: {params: 5M}\nlayers: [{Dense: {units: 3, expect: {params: 15}}}]")
    )
    assert made.budget == {"params": "5M"}
    assert made.layers[1].expect == {"params": 15}


def test_words_are_strings_and_numbers_are_numbers() -> None:
    made = report(
        "input: [4]\nlayers: [{Dense: {units: 0x10, name: on}}, {Dropout: 1e-1}, {Dense: {units: 3, name: 007}}]"
    )
    assert [row.name for row in made.layers] == ["on", "dropout", "7"]
    assert made.layers[0].output_shapes[0][1] == 16


def inputs(text: str, layer: int = -1) -> tuple[str, ...]:
    """Returns the names of the tensors that a layer reads."""
    return report(text).layers[layer].calls[-1].inputs


def test_one_of_several_outputs_is_selected_by_number() -> None:
    lstm = "input: [5, 4]\nlayers:\n  - LSTM: {units: 3, return_state: true, name: l}\n"
    assert inputs(lstm + "  - Add: {from: [[l, 1], [l, 2]]}\noutputs: add") == ("l[0][1]", "l[0][2]")
    assert inputs(lstm + "  - Dense: {units: 1, from: [l, 2]}") == ("l[0][2]",)
    assert inputs(lstm + "  - Add: {from: [l, l]}") == ("l[0][0]", "l[0][0]")


def test_the_input_of_a_block_may_be_anywhere_in_a_list() -> None:
    text = "blocks:\n  b: {layers: [{Dense: {units: 4, as: x}}, {Add: {from: %s}}]}\ninput: [4]\nlayers: [b]"
    assert inputs(text % "[x, $input]") == ("dense[0][0]", "input_layer[0][0]")
    assert inputs(text % "[$input, x]") == ("input_layer[0][0]", "dense[0][0]")
    assert inputs(text % "[$input, $input, x]") == ("input_layer[0][0]", "input_layer[0][0]", "dense[0][0]")


@pytest.mark.parametrize("path", sorted((SPECS).glob("*.yaml")), ids=lambda path: path.stem)
def test_every_spec_of_the_project_is_read(path: Path) -> None:
    assert infer(load(path)).totals.params is not UNKNOWN


def test_one_input_of_a_block_is_selected_by_number() -> None:
    text = """
blocks:
  second: {layers: [{Dense: {units: 3, from: [$input, 1]}}]}
inputs: {a: [2], b: [5]}
layers:
  - second: {from: [a, b]}
"""
    assert inputs(text) == ("b[0][0]",)


def test_a_block_argument_may_be_a_label_or_a_list_of_labels() -> None:
    text = """
blocks:
  join: {arguments: [of], layers: [{Add: {from: $of}}]}
input: [4]
layers:
  - Dense: {units: 4, as: left}
  - Dense: {units: 4, as: right}
  - join: {of: [left, right]}
  - join: {of: left}
"""
    made = report(text.replace("  - join: {of: left}\n", ""))
    assert made.layers[-1].calls[0].inputs == ("dense[0][0]", "dense_1[0][0]")


def test_a_block_sees_outer_labels_and_hides_its_inner_labels() -> None:
    text = """
blocks:
  b: {layers: [{Dense: {units: 4, as: x}}, {Add: {from: [x, outer]}}]}
input: [4]
layers:
  - Dense: {units: 4, as: outer}
  - Dense: {units: 4, as: x}
  - b
  - Add: {from: [x, outer], name: last}
outputs: [last, add]
"""
    made = report(text)
    calls = {row.name: row.calls[0].inputs for row in made.layers}
    assert calls["add"] == ("dense_2[0][0]", "dense[0][0]")
    assert calls["last"] == ("dense_1[0][0]", "dense[0][0]")


def test_labels_of_a_repeat_are_those_of_its_last_round() -> None:
    text = "input: [4]\nlayers:\n  - repeat: 3\n    layers: [{Dense: {units: 4, as: x}}]\n  - ReLU\n  - Add: {from: [x, re_lu]}"
    assert inputs(text) == ("dense_2[0][0]", "re_lu[0][0]")


@pytest.mark.parametrize("name", ["Dense", "layers.Dense", "keras.layers.Dense", "tf.keras.layers.Dense"])
def test_layers_may_be_named_with_their_module(name: str) -> None:
    assert report(f"input: [4]\nlayers: [{{{name}: 3}}]").totals.params == 15


@pytest.mark.parametrize("name", ["InputLayer", "Input", "keras.Input", "keras.layers.Input"])
def test_an_input_layer_has_several_names(name: str) -> None:
    made = report(f"layers: [{{{name}: {{shape: [4], name: x}}}}, {{Dense: 3}}]")
    assert (made.model.class_name, made.totals.params) == ("Sequential", 15)


def test_a_custom_class_is_not_the_keras_class_of_its_name() -> None:
    made = report("input: [4]\nlayers: [{package.Dense: 3}]")
    assert made.totals.params is UNKNOWN
    assert made.layers[0].class_name == "package.Dense"


def test_an_input_may_have_options_besides_its_shape() -> None:
    made = report(
        "input: {shape: [4], dtype: int32, batch_size: 2, name: words}\nlayers: [{Dense: {units: 3, from: words}}]"
    )
    assert made.input_shapes == ((2, 4),)
    assert (made.layers[0].name, made.layers[0].calls[0].output_dtypes) == ("words", ("int32",))


def test_frozen_and_half_precision_layers() -> None:
    made = report(
        "input: [4]\nlayers: [{Dense: {units: 3, trainable: false}}, {Dense: {units: 3, dtype: float16}},"
        " {Model: {input: [3], trainable: false, layers: [{Dense: 2}]}}]"
    )
    assert [row.trainable_params for row in made.layers] == [0, 12, 0, 0]
    assert made.layers[1].weights[0].dtype == "float16"


def test_a_block_and_a_repeat_may_be_inside_a_nested_model() -> None:
    text = """
blocks:
  wide: {arguments: [units], layers: [{Dense: $units}, {Model: {input: [$units], layers: [{Dense: "${units * 2}"}]}}]}
input: [4]
layers: [{wide: 3}]
"""
    assert [row.path for row in report(text).layers] == ["dense", "sequential", "sequential/dense_1"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"\xef\xbb\xbfinput: [4]\r\nlayers: [{Dense: 3}]\r\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    made = load("-")
    assert (made.source, len(made.layers)) == ("<stdin>", 2)


def test_an_alias_repeats_its_value() -> None:
    text = """
input: &size [4]
layers:
  - Model: {name: m, input: *size, layers: &same [{Dense: &n 4}]}
  - Model: {input: *size, layers: *same}
  - Dense: *n
"""
    assert [row.params for row in report(text).layers] == [20, 20, 20, 20, 20]


@pytest.mark.parametrize(
    ("outputs", "names", "layers"),
    [
        ("{b: two, a: one}", ("b", "a"), ["one", "two"]),
        ("{only: one}", ("only",), ["one"]),
        ("{state: [one, 0], x: two}", ("state", "x"), ["one", "two"]),
    ],
)
def test_outputs_with_names_are_a_dict(outputs: str, names: tuple[str, ...], layers: list[str]) -> None:
    more = "  - Dense: {units: 3, name: two, from: one}\n" if "two" in outputs else ""
    model = report(f"input: [4]\nlayers:\n  - Dense: {{units: 2, name: one}}\n{more}outputs: {outputs}\n").model
    assert model.output_names == names
    assert [model.layer_of(ref).name for ref in model.outputs] == layers  # sorted by key, as in Keras


def test_outputs_without_a_name_are_refused() -> None:
    with pytest.raises(ConvcalcError, match="'outputs' is empty; name at least one layer"):
        report("input: [4]\nlayers:\n  - Dense: {units: 2, name: a}\noutputs: {}\n")


def test_a_named_output_is_one_layer() -> None:
    text = "input: [4]\nlayers:\n  - Dense: {units: 2, name: a}\n  - Dense: {units: 2, name: b}\noutputs: {x: [a, b]}\n"
    with pytest.raises(ConvcalcError, match="the output 'x' must be one layer"):
        report(text)
