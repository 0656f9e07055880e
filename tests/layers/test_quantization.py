"""Tests quantized dtype policies: the weights of each layer that Keras 3.15 can quantize. The expected values are from
Keras.
"""

from __future__ import annotations

from typing import Any

import pytest

from convcalc.base.problems import Refusal
from convcalc.layers import apply, bind, find, parameters
from convcalc.layers.application import known_macs, output_dtypes
from convcalc.layers.dtypes import find_policy, inner_policy, is_policy

ZERO, G = "kernel_zero", "g_idx"
DENSE = ("Dense", {"units": 5}, [(3, 4)])
HEADS = ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": [None, 3, 2]}, [(3, 5, 4)])
MERGED = ("EinsumDense", {"equation": "abde,dec->abc", "output_shape": [None, 5]}, [(3, 5, 3, 2)])
TABLE = ("Embedding", {"input_dim": 7, "output_dim": 5}, [(3, 4)])
UNTIED = ("ReversibleEmbedding", {"input_dim": 7, "output_dim": 5, "tie_weights": False}, [(3, 4)])

# (layer, policy, weights). A weight is (name, shape, dtype). The bias is left out.
CASES: list[tuple[Any, str, list[tuple[str, tuple[int, ...], str]]]] = [
    (DENSE, "int8_from_bfloat16", [("kernel", (4, 5), "int8"), ("kernel_scale", (5,), "bfloat16")]),
    (DENSE, "int4_from_float32", [("kernel", (4, 3), "int8"), ("kernel_scale", (5,), "float32")]),
    (DENSE, "int4/-1_from_float64", [("kernel", (4, 3), "int8"), ("kernel_scale", (5,), "float64")]),
    (
        DENSE,
        "int4/3_from_float16",
        [("kernel", (4, 3), "int8"), ("kernel_scale", (2, 5), "float16"), (ZERO, (2, 5), "int8"), (G, (4,), "float32")],
    ),
    (
        DENSE,
        "gptq/4/2_from_mixed_float16",
        [
            ("kernel", (3, 4), "uint8"),
            ("kernel_scale", (5, 2), "float32"),
            (ZERO, (5, 2), "uint8"),
            (G, (4,), "float32"),
        ],
    ),
    (
        DENSE,
        "gptq/3/-1_from_bfloat16",
        [
            ("kernel", (5, 4), "uint8"),
            ("kernel_scale", (5, 1), "bfloat16"),
            (ZERO, (5, 1), "uint8"),
            (G, (4,), "float32"),
        ],
    ),
    (
        DENSE,
        "awq/4/3_from_float16",
        [
            ("kernel", (3, 4), "uint8"),
            ("kernel_scale", (5, 2), "float16"),
            (ZERO, (5, 2), "uint8"),
            ("awq_scales", (4,), "float16"),
            (G, (4,), "float32"),
        ],
    ),
    (HEADS, "int8_from_float32", [("kernel", (4, 3, 2), "int8"), ("kernel_scale", (1, 1, 3, 2), "float32")]),
    (
        HEADS,
        "int4/3_from_float32",
        [("kernel", (4, 3), "int8"), ("kernel_scale", (2, 6), "float32"), (ZERO, (2, 6), "int8"), (G, (4,), "float32")],
    ),
    (
        MERGED,
        "int4/3_from_float32",
        [("kernel", (6, 3), "int8"), ("kernel_scale", (2, 5), "float32"), (ZERO, (2, 5), "int8"), (G, (6,), "float32")],
    ),
    (
        MERGED,  # the kernel's last axis is the largest, so gptq merges the other two
        "gptq/8/4_from_float32",
        [
            ("kernel", (5, 6), "uint8"),
            ("kernel_scale", (5, 2), "float32"),
            ("zero_point", (5, 2), "uint8"),
            (G, (6,), "float32"),
        ],
    ),
    (TABLE, "int4_from_float32", [("embeddings", (7, 3), "int8"), ("embeddings_scale", (7,), "float32")]),
    (
        TABLE,
        "int4/3_from_bfloat16",
        [
            ("embeddings", (7, 3), "int8"),
            ("embeddings_scale", (7, 2), "bfloat16"),
            ("embeddings_zero", (7, 2), "int8"),
            (G, (5,), "float32"),
        ],
    ),
    (
        UNTIED,
        "int4/3_from_float32",
        [
            ("embeddings", (7, 3), "int8"),
            ("embeddings_scale", (7, 2), "float32"),
            ("embeddings_zero", (7, 2), "int8"),
            (G, (5,), "float32"),
            ("reverse_embeddings", (3, 7), "int8"),
            ("reverse_embeddings_scale", (2, 7), "float32"),
            ("reverse_embeddings_zero", (2, 7), "float32"),
        ],
    ),
]


def _applied(layer: Any, policy: str, **more: Any) -> Any:
    name, args, shapes = layer
    definition = find(name)
    assert definition is not None
    bound, refusals = bind(definition, (), {**args, **more})
    assert not refusals
    return apply(definition, bound, shapes, policy)


@pytest.mark.parametrize(("layer", "policy", "weights"), CASES)
def test_a_quantized_policy_changes_the_weights(layer: Any, policy: str, weights: list[Any]) -> None:
    result = _applied(layer, policy)
    own = [weight for weight in result.weights if weight.name != "bias"]
    assert [(weight.name, weight.shape, weight.dtype) for weight in own] == weights
    assert not any(weight.trainable for weight in own)
    assert known_macs(result) == known_macs(_applied(layer, "float32"))


@pytest.mark.parametrize(
    ("block", "params"),
    [(2, 5 + 12 + 10 + 10 + 4), (None, 5 + 12 + 5), (-1, 5 + 12 + 5), (128, 5 + 12 + 5 + 5 + 4)],
)
def test_a_quantization_config_comes_before_the_policy(block: int | None, params: int) -> None:
    config = {"class_name": "Int4QuantizationConfig", "config": {"block_size": block}}
    assert parameters(_applied(DENSE, "int4/3_from_float32", quantization_config=config)) == params


@pytest.mark.parametrize(
    "config", [{"class_name": "Mine", "config": {}}, {}, 3, {"class_name": "GPTQConfig", "config": 2}]
)
def test_an_unknown_quantization_config_makes_the_parameters_unknown(config: Any) -> None:
    assert "params" in _applied(DENSE, "int4/3_from_float32", quantization_config=config).unknown
    assert "params" not in _applied(DENSE, "float32", quantization_config=config).unknown


def test_a_history_has_the_length_that_its_policy_says() -> None:
    assert parameters(_applied(DENSE, "float8/16_from_float32")) == 76
    assert parameters(_applied(DENSE, "float8/1_from_float32")) == 31
    assert parameters(_applied(DENSE, "float8_from_float64")) == 3100


def test_lora_trains_matrices_as_large_as_the_whole_kernel() -> None:
    weights = {weight.name: weight.shape for weight in _applied(HEADS, "int4/3_from_float32", lora_rank=2).weights}
    assert (weights["lora_kernel_a"], weights["lora_kernel_b"]) == ((4, 3, 2), (2, 2))
    weights = {weight.name: weight.shape for weight in _applied(UNTIED, "int8_from_float32", lora_rank=2).weights}
    assert (weights["lora_embeddings_a"], weights["lora_embeddings_b"]) == ((7, 2), (2, 5))


@pytest.mark.parametrize(
    ("layer", "policy", "more", "reason"),
    [
        (DENSE, "gptq/4/2_from_float32", {"lora_rank": 2}, "lora_rank"),
        (DENSE, "awq/4/2_from_float32", {"lora_rank": 2}, "lora_rank"),
        (TABLE, "gptq/4/2_from_float32", {}, "only to int8 or int4"),
        (UNTIED, "float8_from_float32", {}, "only to int8 or int4"),
        (
            ("EinsumDense", {"equation": "...a,ab->...b", "output_shape": [5]}, [(3, 4)]),
            "int4_from_float32",
            {},
            "'...'",
        ),
        (
            ("EinsumDense", {"equation": "ab,bcde->acde", "output_shape": [2, 2, 2]}, [(3, 4)]),
            "awq/4/2_from_float32",
            {},
            "2 or 3 axes",
        ),
    ],
)
def test_what_keras_cannot_quantize_is_refused(layer: Any, policy: str, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal, match=reason.replace(".", r"\.")):
        _applied(layer, policy, **more)


@pytest.mark.parametrize("policy", ["int4/2_from_bfloat16", "gptq/4/2_from_mixed_bfloat16", "awq/4/-1_from_bfloat16"])
@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [("LSTM", {"units": 2}, (3, 5, 4)), ("Conv1D", {"filters": 2, "kernel_size": 2}, (3, 5, 4)), ("ReLU", {}, (3, 4))],
)
def test_a_layer_that_does_not_quantize_has_the_source_dtype(policy: str, name: str, args: Any, shape: Any) -> None:
    result = _applied((name, args, [shape]), policy)
    assert output_dtypes(result, "float32", policy) == ("bfloat16",)
    plain = policy.partition("_from_")[2]
    assert result.weights == _applied((name, args, [shape]), plain).weights


@pytest.mark.parametrize(
    "name",
    [
        "int4/0_from_float32", "int4/-2_from_float32", "int4/a_from_float32", "int4/2/3_from_float32", "int4", "int8",
        "gptq/5/2_from_float32", "gptq_from_float32", "awq/8/2_from_float32", "awq/4_from_float32", "int4/2_from_int5",
        "float8/0_from_float32", "int8_from_float16", "int8_from_mixed_float16", "complex64", "", "float32; ", "x; y: float32",
        "float32; query: int5", "float32; query: float16; key",
    ],
)  # fmt: skip
def test_other_policies_are_unknown(name: str) -> None:
    assert not is_policy(name)
    result = _applied(DENSE, name or "?")
    assert result.weights == ()
    assert "params" in result.unknown
    assert known_macs(result) == 20
    if name not in ("int8", "complex64"):
        assert output_dtypes(result, "float32", name) == ("",)


def test_a_policy_can_contain_policies_of_inner_layers() -> None:
    name = "float32; query: int8_from_bfloat16; value: float16"
    policy = find_policy(name)
    assert policy is not None
    assert (policy.source, policy.mode) == ("float32", "")
    assert [inner_policy(name, part) for part in ("query", "key", "value")] == [
        "int8_from_bfloat16",
        "float32",
        "float16",
    ]
    result = _applied(("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, [(1, 5, 4), (1, 5, 4)]), name)
    dtypes = [(weight.name, weight.dtype) for weight in result.weights]
    assert dtypes[:3] == [("kernel", "int8"), ("kernel_scale", "bfloat16"), ("bias", "bfloat16")]
    assert dtypes[3:] == [(part, dtype) for dtype in ("float32", "float16", "float32") for part in ("kernel", "bias")]


def test_spectral_normalization_needs_a_kernel_of_floats() -> None:
    for policy in ("int8_from_float32", "int4_from_float32", "awq/4/2_from_float32"):
        with pytest.raises(Refusal, match="quantized"):
            _applied(
                ("SpectralNormalization", {"layer": {"Dense": {"units": 5, "dtype": policy}}}, [(3, 4)]), "float32"
            )


@pytest.mark.parametrize(
    ("args", "params"), [({}, 3), ({"scale": False}, 3), ({"center": False}, 3), ({"axis": [1, 2]}, 15)]
)
def test_layer_normalization_with_rms_scaling_has_only_a_scale(args: dict[str, Any], params: int) -> None:
    result = _applied(("LayerNormalization", {**args, "rms_scaling": True}, [(2, 5, 3)]), "float32")
    assert [weight.name for weight in result.weights] == ["gamma"]
    assert parameters(result) == params
