"""Tests declarations that describe a custom layer or a whole model by its inner layers.

The numbers of the encoder and of BERT are from keras_hub 0.32.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcalc.analyse import Report, Study, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read import read
from convcalc.read.custom_layers import CustomLayers
from convcalc.read.spec.layers_file import read_layers
from convcalc.read.spec.spec import read_spec
from convcalc.write import FORMATS
from tests.helpers.keras_configs import layer, tensor

ENCODER = """
custom:
  Encoder:
    summary: Encodes a sequence.
    arguments: [units, {heads: 2}]
    input: [..., length, features]
    layers:
      - MultiHeadAttention: {num_heads: $heads, key_dim: "${features // heads}", from: [$input, $input], name: attention}
      - Add: {from: [$input, attention], name: residual}
      - LayerNormalization: {name: norm}
      - Dense: {units: $units, name: inner}
      - Dense: {units: $features, name: outer}
  Two:
    input: [..., c]
    layers: [{Encoder: 5}, {Encoder: [7, 1]}]
  Tied:
    arguments: [units]
    inputs: {a: [c], b: [c]}
    layers:
      - Dense: {units: $units, name: shared, from: a, as: first}
      - {call: shared, from: b, as: second}
      - Concatenate: {from: [first, second]}
  Self:
    input: [..., c]
    layers: [Self, Self]
  Sized:
    arguments: [size, {width: 4}]
    inputs: {x: [$size, "${width * 2}"]}
    layers: [{Conv1D: [$width, 3]}, Flatten]
"""


def report(layers: str) -> Report:
    return infer(read_spec(Source("spec.yaml", f"{ENCODER}\ninput: [null, 8]\nlayers: {layers}")))


def rows(found: Report) -> list[Any]:
    return [(row.depth, row.name, row.class_name, row.params) for row in found.layers]


def test_a_layer_of_layers_has_a_row_and_the_rows_of_its_layers() -> None:
    found = report("[{Encoder: 16}, Two]")
    assert rows(found)[:6] == [
        (0, "encoder", "Encoder", 584),
        (1, "attention", "MultiHeadAttention", 288),
        (1, "residual", "Add", 0),
        (1, "norm", "LayerNormalization", 16),
        (1, "inner", "Dense", 144),
        (1, "outer", "Dense", 136),
    ]
    assert [row[1:] for row in rows(found) if row[0] < 2][6:] == [
        ("two", "Two", 828),
        ("encoder", "Encoder", 397),
        ("encoder_1", "Encoder", 431),
    ]
    assert (found.totals.params, found.totals.trainable_params, found.totals.param_bytes) == (1412, 1412, 5648)
    assert found.output_shapes == ((UNKNOWN, UNKNOWN, 8),)


def test_the_macs_of_a_layer_of_layers_are_the_sum_of_its_layers() -> None:
    spec = f"{ENCODER}\ninput: [5, 8]\nlayers: [{{Encoder: 16}}]"
    row = infer(read_spec(Source("spec.yaml", spec))).layers[0]
    assert row.macs == 5 * (4 * 64 + 2 * 5 * 8 + 2 * 8 * 16)


OPERATIONS = """
custom:
  Skip: {inputs: {a: {shape: [...]}, b: {shape: [...]}}, layers: [{ops.add: {from: [a, b]}}]}
  Gate: {input: [..., c], layers: [{Dense: $c}, ops.sigmoid, {ops.multiply: {from: [$input, sigmoid]}}]}
  Outer: {input: [..., c], layers: [{Gate: }, {Add: {from: [gate, $input]}}, {ops.multiply: 2.0}]}
"""


@pytest.mark.parametrize(
    ("layers", "inside", "flops"),
    [
        ("[{Dense: 8}, {Skip: {from: [dense, input]}}]", [], 8),
        ("[Gate]", [(1, "dense", "Dense")], 136 + 32 + 8),
        ("[Outer]", [(1, "gate", "Gate"), (2, "dense", "Dense"), (1, "add", "Add")], 136 + 32 + 8 + 8 + 8),
    ],
)
def test_operations_inside_a_declared_layer_have_no_rows_but_costs(layers: str, inside: Any, flops: int) -> None:
    found = Study.of(infer(read_spec(Source("spec.yaml", f"{OPERATIONS}\ninputs: {{input: [8]}}\nlayers: {layers}"))))
    assert [row[:3] for row in rows(found) if row[0]] == inside
    outer = [row for row in found.with_flops("convcalc").layers if row.depth == 0][-1]
    assert outer.flops == flops
    assert found.memory is not None


def test_shared_weights_are_counted_once() -> None:
    layers = "[{Tied: {units: 4, from: [p, q], as: one}}, {call: tied, from: [q, p]}]"
    spec = f"{ENCODER}\ninputs: {{p: [3], q: [3]}}\nlayers: {layers}\noutputs: [one, tied]"
    found = infer(read_spec(Source("spec.yaml", spec)))
    assert (found.layers[2].params, found.totals.params, found.layers[2].macs) == (16, 16, 48)
    assert found.output_shapes == ((UNKNOWN, 8),) * 2


def test_a_frozen_layer_of_layers() -> None:
    found = report("[{Encoder: {units: 16, trainable: false}}]")
    # In Keras, ``trainable: false`` does not freeze inner layers. So the encoder's row shows 0 trainable parameters,
    # but the total shows 584.
    assert (found.layers[0].trainable_params, found.totals.trainable_params, found.totals.trainable_bytes) == (
        0,
        584,
        2336,
    )


def test_the_layers_have_the_policy_of_the_outer_layer() -> None:
    found = report("[{Encoder: {units: 16, dtype: mixed_float16}}]")
    assert {row.dtype for row in found.layers} == {"mixed_float16"}
    assert found.layers[0].calls[0].output_dtypes == ("float16",)


WRONG = [
    ("[{Encoder: {}}]", "needs the argument 'units'"),
    ("[{Encoder: x}]", "expects a whole number"),
    ("[{Encoder: [8, 3]}, Flatten, {Encoder: 8}]", "expects (..., length, features)"),
    ("[{Encoder: [8, 0]}]", "divides by zero"),
    ("[Self]", "the maximum is 16 levels"),
    ("[{Sized: [3, 3]}]", "expects (3, 6)"),
]


@pytest.mark.parametrize(("layers", "message"), WRONG)
def test_a_use_that_does_not_fit_is_refused_with_its_place(layers: str, message: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        report(layers)
    assert message in str(failed.value) and "spec.yaml:" in str(failed.value)
    assert len(str(failed.value)) < 1500


def test_a_spec_with_layers_of_layers_is_written_and_read_again() -> None:
    found = report("[{Encoder: 16}, Two]")
    text = FORMATS[".yaml"](found)
    assert rows(infer(read_spec(Source("again.yaml", text)))) == rows(found)


# Keras files ----------------------------------------------------------------------------------------------------------


def top(class_name: str, **config: Any) -> bytes:
    names = {"module": "pkg.models", "class_name": class_name, "registered_name": f"pkg>{class_name}"}
    return json.dumps({**names, "config": {"name": "mine", "trainable": True, "dtype": "float32", **config}}).encode()


LAYERS: CustomLayers = read_layers(Source("layers.yaml", ENCODER.replace("Sized:", "pkg>Sized:")))


def test_a_whole_model_is_a_spec_with_arguments() -> None:
    found = infer(read(top("Sized", size=9), "config.json", LAYERS))
    assert rows(found) == [
        (0, "x", "InputLayer", 0),
        (0, "conv1d", "Conv1D", 100),
        (0, "flatten", "Flatten", 0),
    ]
    assert (found.model.name, found.model.class_name) == ("mine", "Sized")
    assert found.input_shapes == ((UNKNOWN, 9, 8),) and found.output_shapes == ((UNKNOWN, 28),)
    assert not found.problems


UNFIT = [
    ({}, "needs the argument 'size'"),
    ({"size": "wide"}, "a size must be a whole number"),
    ({"size": 2}, "has a kernel of 3"),
    ({"size": 9, "dtype": "int8_from_float32"}, "quantized"),
]


@pytest.mark.parametrize(("config", "reason"), UNFIT)
def test_a_model_that_does_not_fit_its_declaration_is_shown_without_it(config: Any, reason: str) -> None:
    found = infer(read(top("Sized", **config), "config.json", LAYERS))
    assert [row.class_name for row in found.layers] == ["Sized"]
    assert found.layers[0].params is UNKNOWN
    assert any(reason in str(problem) and problem.severity == "warning" for problem in found.problems)


def test_a_declared_model_inside_a_model() -> None:
    x = layer("InputLayer", "x", batch_shape=[None, 9, 8], dtype="float32")
    shape = tensor("x")
    shape["config"]["shape"] = [None, 9, 8]
    inner = {**layer("Sized", "s", [shape], size=9), "module": "pkg.models", "registered_name": "pkg>Sized"}
    last = tensor("s")
    last["config"]["shape"] = [None, 28]
    config = {"name": "m", "layers": [x, inner, layer("Dense", "d", [last], units=2)]}
    config |= {"input_layers": ["x", 0, 0], "output_layers": ["d", 0, 0]}
    data = json.dumps({"module": "keras", "class_name": "Functional", "config": config, "registered_name": None})
    found = infer(read(data.encode(), "m.json", LAYERS))
    assert [row[1:] for row in rows(found)] == [
        ("x", "InputLayer", 0),
        ("s", "Sized", 100),
        ("conv1d", "Conv1D", 100),
        ("flatten", "Flatten", 0),
        ("d", "Dense", 58),
    ]
    assert found.totals.params == 158 and not found.problems
    written = FORMATS[".json"](found)
    assert json.loads(written)["config"]["layers"][1]["registered_name"] == "pkg>Sized"


BERT = {
    "vocabulary_size": 100,
    "num_layers": 3,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 12,
    "dropout": 0.1,
    "max_sequence_length": 16,
    "num_segments": 2,
}


def test_bert_of_keras_hub_is_known(tmp_path: Path) -> None:
    names = {
        "class_name": "BertBackbone",
        "registered_name": "keras_hub>BertBackbone",
        "module": "keras_hub.src.models",
    }
    config = {"name": "bert_backbone", "trainable": True, "dtype": "float32", **BERT}
    found = infer(read(json.dumps({**names, "config": config}).encode(), "config.json"))
    assert not found.problems
    top_rows = [(row.name, row.class_name, row.params) for row in found.layers if row.depth == 0]
    assert top_rows == [
        ("token_ids", "InputLayer", 0),
        ("token_embedding", "ReversibleEmbedding", 800),
        ("segment_ids", "InputLayer", 0),
        ("position_embedding", "PositionEmbedding", 128),
        ("segment_embedding", "Embedding", 16),
        ("embeddings_add", "Add", 0),
        ("embeddings_layer_norm", "LayerNormalization", 16),
        ("embeddings_dropout", "Dropout", 0),
        ("padding_mask", "InputLayer", 0),
        *((f"transformer_layer_{number}", "TransformerEncoder", 532) for number in range(3)),
        ("get_item", "GetItem", 0),
        ("pooled_dense", "Dense", 72),
    ]
    assert found.totals.params == found.totals.trainable_params == 2628
    assert found.output_shapes == ((UNKNOWN, 8), (UNKNOWN, UNKNOWN, 8))
    # A layer with an unknown argument may have other weights, because its class may have another version.
    other = json.dumps({**names, "config": {**config, "new_argument": 1}}).encode()
    assert "it has no argument 'new_argument'" in str(infer(read(other, "config.json")).problems[-1])


LLAMA = {
    "vocabulary_size": 100,
    "num_layers": 2,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 24,
}


@pytest.mark.parametrize(
    ("name", "arguments", "total", "decoder", "embedding"),
    [
        ("LlamaBackbone", {}, 7120, 1952, 3200),
        ("LlamaBackbone", {"num_key_value_heads": 4, "num_layers": 3}, 9840, 2208, 3200),
        ("Llama3Backbone", {"hidden_dim": 32, "num_key_value_heads": 1, "dropout": 0.1}, 16288, 4928, 6400),
    ],
)
def test_llama_of_keras_hub_is_known(name: str, arguments: Any, total: int, decoder: int, embedding: int) -> None:
    config = {"name": "m", **LLAMA, "rope_low_freq_factor": None, **arguments}
    names = {"class_name": name, "registered_name": f"keras_hub>{name}", "module": "keras_hub.src.models"}
    found = infer(read(json.dumps({**names, "config": config}).encode(), "config.json"))
    assert not found.problems
    assert found.totals.params == total
    top = {row.name: row.params for row in found.layers if row.depth == 0}
    assert (top["transformer_layer_1"], top["token_embedding"]) == (decoder, embedding)
    inside = [row.name for row in found.layers if row.path.startswith("transformer_layer_0/self_attention/")]
    assert sorted(inside) == sorted(
        ["query", "key", "value", "llama_rotary_embedding", "attention_softmax", "dropout", "attention_output"]
    )


@pytest.mark.parametrize(
    ("arguments", "total", "block", "norms"),
    [
        ({}, 4336, 1760, 2),
        ({"use_post_ffw_norm": True}, 4368, 1776, 3),
        (
            {"use_post_ffw_norm": True, "use_post_attention_norm": True, "dropout": 0.1, "num_key_value_heads": 1},
            4016,
            1600,
            4,
        ),
    ],
)
def test_gemma_of_keras_hub_is_known(arguments: Any, total: int, block: int, norms: int) -> None:
    config = {"name": "m", **LLAMA, "vocabulary_size": 50, "head_dim": 6, **arguments}
    names = {
        "class_name": "GemmaBackbone",
        "registered_name": "keras_hub>GemmaBackbone",
        "module": "keras_hub.src.models",
    }
    found = infer(read(json.dumps({**names, "config": config}).encode(), "config.json"))
    assert not found.problems
    assert found.totals.params == total
    inside = [row for row in found.layers if row.prefix == "decoder_block_1/"]
    assert sum(row.class_name.endswith("RMSNormalization") for row in inside) == norms
    assert sum(row.class_name == "Dropout" for row in inside) == (2 if "dropout" in arguments else 0)
    assert {row.name: row.params for row in found.layers if row.depth == 0}["decoder_block_1"] == block


SMALL_LAYERS: list[tuple[str, dict[str, Any], int, int | None]] = [
    ("kimm>LayerScale", {"axis": [-1]}, 1, 8),
    ("kimm>LayerScale", {"axis": 1}, 1, None),
    ("kimm>LearnableAffine", {"scale_value": 1.0, "bias_value": 0.0}, 1, 2),
    ("keras_rs>FeatureCross", {"projection_dim": None, "diag_scale": 0.0}, 2, 72),
    ("keras_rs>FeatureCross", {"projection_dim": 2, "diag_scale": 0.3, "use_bias": False}, 2, 32),
    ("keras_rs>FeatureCross", {"projection_dim": None, "diag_scale": None, "use_bias": False}, 2, 64),
    ("keras_rs>FeatureCross", {"projection_dim": None}, 1, None),
    ("keras_rs>EmbedReduce", {"input_dim": 9, "output_dim": 8, "combiner": "sum"}, 1, 72),
]


@pytest.mark.parametrize(("class_name", "config", "inputs", "params"), SMALL_LAYERS)
def test_layers_of_kimm_and_keras_rs(class_name: str, config: Any, inputs: int, params: int | None) -> None:
    x = tensor("x")
    x["config"]["shape"] = [None, 8]
    entry = {
        **layer(class_name.rpartition(">")[2], "s", [x] * inputs, **config),
        "module": "m",
        "registered_name": class_name,
    }
    if inputs == 2:
        entry["inbound_nodes"] = [{"args": [x, x], "kwargs": {}}]
    first = layer("InputLayer", "x", batch_shape=[None, 8], dtype="float32")
    whole = {"name": "m", "layers": [first, entry], "input_layers": ["x", 0, 0], "output_layers": ["s", 0, 0]}
    data = {"module": "keras", "class_name": "Functional", "config": whole, "registered_name": None}
    found = infer(read(json.dumps(data).encode(), "model.json"))
    row = next(row for row in found.layers if row.name == "s")
    assert row.params == (UNKNOWN if params is None else params), found.problems
    assert bool(found.problems) is (params is None)
    if params is not None:
        assert row.output_shapes == ((UNKNOWN, 8),)


KERAS_2_LAYERS: list[tuple[str, dict[str, Any], int, bool]] = [
    ("FixedDropout", {"rate": 0.2, "noise_shape": [None, 1], "seed": None}, 1, True),
    ("FixedDropout", {"rate": 0.2}, 1, True),
    ("Addons>StochasticDepth", {"survival_probability": 0.7}, 2, True),
    ("keras_cv>StochasticDepth", {"rate": 0.7}, 2, True),
    ("keras_cv>DropPath", {"rate": 0.7, "seed": 1}, 1, True),
    ("FixedDropout", {"rate": 0.2, "factor": 3}, 1, False),
    ("own>FixedDropout", {"rate": 0.2}, 1, False),
    ("StochasticDepth", {"survival_probability": 0.7}, 2, False),
    ("Addons>StochasticDepth", {"survival_probability": 0.7}, 1, False),
]


@pytest.mark.parametrize(("class_name", "config", "inputs", "known"), KERAS_2_LAYERS)
def test_layers_of_packages_for_keras_2(class_name: str, config: Any, inputs: int, known: bool) -> None:
    def entry(class_name: str, name: str, *inputs: str, **config: Any) -> Any:
        nodes = [[[key, 0, 0, {}] for key in inputs]] if inputs else []
        return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}

    layers = [
        entry("InputLayer", "x", batch_input_shape=[None, 8], dtype="float32"),
        entry("Dense", "before", "x", units=8),
        entry(class_name, "s", *["x", "before"][-inputs:], trainable=True, dtype="float32", **config),
        entry("Dense", "after", "s", units=2),
    ]
    whole = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["after", 0, 0]]}
    data = json.dumps({"class_name": "Functional", "config": whole, "keras_version": "2.11.0"}).encode()
    found = infer(read(data, "model.json"))
    rows = {row.name: row for row in found.layers if row.depth == 0}
    assert bool(found.problems) is not known
    if known:
        assert (rows["s"].params, rows["s"].macs, rows["s"].output_shapes) == (0, 0, ((UNKNOWN, 8),))
        assert (rows["after"].params, found.totals.params, found.totals.incomplete) == (18, 90, {})
    else:
        assert rows["s"].params is UNKNOWN
        assert "params" in found.totals.incomplete


# Elements of lists ----------------------------------------------------------------------------------------------------

LISTS = """
custom:
  Net:
    arguments: [widths, {kinds: [relu, tanh]}, {sizes: [[1, 2], 3]}]
    input: [..., features]
    layers:
      - repeat: "${len(widths)}"
        index: i
        layers: [{Dense: {units: "${2 * widths[i - 1] + 1}", activation: "${kinds[(i - 1) % len(kinds)]}", name: "d${i}_${widths[i - 1]}"}}]
"""


@pytest.mark.parametrize("widths", [[4], [4, 6, 5], []])
def test_the_elements_of_a_list_are_variables(widths: list[int]) -> None:
    text = f"{LISTS}\ninput: [8]\nlayers: [{{Net: {{widths: {widths}}}}}, Dense: 1]"
    if not widths:
        text = text.replace("layers:\n      - repeat", "layers:\n      - Dense: 1\n      - repeat")
    found = infer(read_spec(Source("spec.yaml", text)))
    inside = [
        row for row in found.layers if row.path.startswith("net/d") and row.class_name == "Dense" and "_" in row.name
    ]
    assert [(row.name, row.output_shapes[0][-1]) for row in inside if row.output_shapes[0]] == [
        (f"d{number}_{width}", 2 * width + 1) for number, width in enumerate(widths, 1)
    ]
    kinds = ["relu", "tanh", "relu"][: len(widths)]
    assert [row.config["activation"] for row in inside] == kinds


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("${widths[3]}", "'widths' has 2 elements, from 0 to 1, not 3"),
        ("${widths[0 - 1]}", "'widths' has 2 elements, from 0 to 1, not -1"),
        ("${features[0]}", "'features' is 8, not a list"),
        ("${len(features)}", "'features' is 8, but len() needs a list"),
        ("${kinds[0] + 1}", "'kinds' is "),
        ("${widths[0}", "is not an integer expression"),
        ("${len(widths}", "is not an integer expression"),
        ("${width[0]}", "there is no variable 'width'"),
    ],
)
def test_a_wrong_element_is_an_error(expression: str, message: str) -> None:
    text = LISTS.replace('"${2 * widths[i - 1] + 1}"', f'"{expression}"')
    with pytest.raises(ConvcalcError) as failed:
        infer(read_spec(Source("spec.yaml", f"{text}\ninput: [8]\nlayers: [{{Net: {{widths: [4, 6]}}}}]")))
    assert message in str(failed.value)
