"""Tests the engine: shapes, parameters and costs of whole models."""

import gc
from contextlib import suppress

import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read import read
from convcalc.read.spec.spec import read_spec


def report(text: str) -> Report:
    return infer(read_spec(Source("spec.yaml", text)))


def test_fashion_mnist_matches_numbers_computed_by_hand() -> None:
    result = report(
        """
        input: [28, 28, 1]
        layers:
          - Conv2D: {filters: 32, kernel_size: 3, padding: same}
          - Conv2D: [64, 3]
          - MaxPooling2D: 2
          - Flatten
          - Dense: 100
          - Dense: 10
        """
    )
    assert [row.params for row in result.layers] == [320, 18_496, 0, 0, 1_081_700, 1_010]
    assert result.layers[2].output_shapes == ((UNKNOWN, 13, 13, 64),)
    assert result.layers[3].output_shapes == ((UNKNOWN, 10_816),)
    assert result.totals.params == 1_101_526
    assert result.totals.param_bytes == 4 * 1_101_526
    assert result.linear


def test_a_shared_layer_counts_parameters_once_and_macs_per_call() -> None:
    result = report(
        """
        inputs: {a: [8], b: [8]}
        layers:
          - Dense: {units: 4, name: shared, from: a, as: left}
          - call: shared
            from: b
            as: right
          - Add: {from: [left, right]}
        """
    )
    row = next(row for row in result.layers if row.name == "shared")
    assert (row.params, row.macs, len(row.calls)) == (36, 64, 2)
    assert (result.totals.params, result.totals.macs) == (36, 64)
    assert result.layers[-1].calls[0].inputs == ("shared[0][0]", "shared[1][0]")


NESTED = """
input: [16]
layers:
  - Model:
      name: outer
      input: [16]
      layers:
        - Dense: 8
        - Model: {name: inner, trainable: false, input: [8], layers: [{Dense: 4}, BatchNormalization]}
  - Dense: 2
"""


def test_a_nested_model_is_a_total_followed_by_its_layers() -> None:
    result = report(NESTED)
    assert [(row.path, row.depth, row.params) for row in result.layers] == [
        ("outer", 0, 188),
        ("outer/dense", 1, 136),
        ("outer/inner", 1, 52),
        ("outer/inner/dense_1", 2, 36),
        ("outer/inner/batch_normalization", 2, 16),
        ("dense_2", 0, 10),
    ]
    assert result.totals.params == 198
    # The weights of a frozen nested model are not trainable, even if the layers in the nested model are trainable.
    assert result.totals.trainable_params == 136 + 10
    assert result.totals.param_bytes == 4 * 198


def test_a_nested_model_is_costed_at_the_actual_input_sizes() -> None:
    result = report(
        """
        input: [8, 8, 3]
        layers:
          - Model: {input: [null, null, 3], layers: [{Conv2D: [2, 3]}]}
        """
    )
    outer, inner = result.layers
    assert outer.output_shapes == ((UNKNOWN, 6, 6, 2),)
    assert outer.macs == 3 * 3 * 3 * 2 * 36
    assert inner.output_shapes == ((UNKNOWN, UNKNOWN, UNKNOWN, 2),)
    assert (inner.macs, inner.incomplete) == (UNKNOWN, {"macs": "unknown"})


def test_unknown_sizes_leave_parameters_known_and_macs_unknown() -> None:
    result = report("input: [null, null, 3]\nlayers: [{Conv2D: [8, 3]}]")
    assert result.layers[0].params == 224
    assert result.layers[0].macs is UNKNOWN
    assert result.totals.incomplete == {"macs": "unknown"}
    assert result.as_dict()["totals"]["macs"] is None


def test_a_total_with_unknown_parts_is_a_lower_bound() -> None:
    result = report(
        """
        input: [null, 4]
        layers: [{Conv1D: [8, 3]}, GlobalMaxPooling1D, {Dense: 10}]
        """
    )
    assert (result.totals.macs, result.totals.incomplete) == (80, {"macs": "partial"})


def test_costs_are_for_the_given_batch_size() -> None:
    result = report("input: {shape: [4], batch_size: 5}\nlayers: [{Dense: 3}]")
    assert result.layers[0].output_shapes == ((5, 3),)
    assert result.totals.macs == 60


def test_frozen_layers_and_moving_statistics_are_not_trainable() -> None:
    result = report("input: [4]\nlayers: [{Dense: {units: 2, trainable: false}}, BatchNormalization]")
    assert [(row.params, row.trainable_params, row.non_trainable_params) for row in result.layers] == [
        (10, 0, 10),
        (8, 4, 4),
    ]


def test_bytes_follow_the_dtype() -> None:
    result = report(
        "input: [4]\nlayers: [{Dense: {units: 2, dtype: float16}}, {Dense: {units: 1, dtype: mixed_float16}}]"
    )
    assert result.totals.param_bytes == 2 * 10 + 4 * 3


def test_dtypes_follow_the_layers() -> None:
    result = report(
        """
        input: {shape: [6], dtype: int32}
        layers:
          - Reshape: {target_shape: [2, 3]}
          - Embedding: {input_dim: 5, output_dim: 4, dtype: mixed_float16}
          - Flatten: {dtype: float64}
          - Dense: 1
        """
    )
    assert [row.calls[0].output_dtypes for row in result.layers] == [
        ("int32",),
        ("float16",),
        ("float64",),
        ("float32",),
    ]


def test_all_problems_are_reported_in_the_order_of_the_file() -> None:
    with pytest.raises(ConvcalcError) as failed:
        report("input: [28, 28]\nlayers:\n  - Conv2D: [8, 3]\n  - Dense: {unit: 3}\n  - Dropout: 3\n")
    assert [problem.code for problem in failed.value.problems] == ["wrong-rank", "unknown-argument", "invalid-value"]
    assert [problem.mark.line for problem in failed.value.problems if problem.mark] == [3, 4, 5]
    assert "write [28, 28, 1]" in str(failed.value)


def test_the_json_report_matches_its_contract() -> None:
    data = report(
        "name: net\ninput: [28, 28, 1]\nlayers: [{Conv2D: {filters: 32, kernel_size: 3, padding: same}}]"
    ).as_dict()
    assert data["model"] == {
        "name": "net",
        "class_name": "Sequential",
        "source": "spec.yaml",
        "input_shapes": [[None, 28, 28, 1]],
        "output_shapes": [[None, 28, 28, 32]],
        "inputs": ["input_layer[0][0]"],
        "outputs": ["conv2d[0][0]"],
    }
    field = {
        "input": "input_layer",
        "size": [3, 3],
        "stride": [1, 1],
        "padding": [1, 1],
        "exceeds_input": False,
        "misaligned": [],
    }
    assert data["layers"] == [
        {
            "name": "conv2d",
            "class_name": "Conv2D",
            "module": "keras.layers",
            "path": "conv2d",
            "depth": 0,
            "output_shapes": [[None, 28, 28, 32]],
            "trainable": True,
            "dtype": "float32",
            "arguments": {"filters": 32, "kernel_size": 3, "padding": "same"},
            "calls": [
                {
                    "inputs": ["input_layer[0][0]"],
                    "input_shapes": [[None, 28, 28, 1]],
                    "output_shapes": [[None, 28, 28, 32]],
                    "output_dtypes": ["float32"],
                    "macs": 225_792,
                    "flops": 2 * 225_792 + 28 * 28 * 32,
                    "receptive_field": field,
                    "output_bytes": 100_352,
                }
            ],
            "params": 320,
            "trainable_params": 320,
            "non_trainable_params": 0,
            "weights": [
                {"name": "kernel", "shape": [3, 3, 1, 32], "dtype": "float32", "trainable": True},
                {"name": "bias", "shape": [32], "dtype": "float32", "trainable": True},
            ],
            "macs": 225_792,
            "flops": 2 * 225_792 + 28 * 28 * 32,
            "receptive_field": field,
            "incomplete": {},
            "output_bytes": 100_352,
        }
    ]
    assert data["totals"] == {
        "params": 320,
        "trainable_params": 320,
        "non_trainable_params": 0,
        "param_bytes": 1280,
        "macs": 225_792,
        "input_bytes": 3136,
        "activation_bytes": 100_352,
        "peak_activation_bytes": 103_488,
        "peak_layer": "conv2d",
        "weight_bytes": 1280,
        "flops": 2 * 225_792 + 28 * 28 * 32,
        "incomplete": {},
    }
    assert data["flops_convention"] == "convcalc"
    assert data["memory"] == {
        "dtype": None,
        "in_place": False,
        "batch": 1,
        "weights": [{"dtype": "float32", "trainable": True, "bytes": 1280}],
        "alive_at_peak": [
            {"tensor": "input_layer[0][0]", "bytes": 3136},
            {"tensor": "conv2d[0][0]", "bytes": 100_352},
        ],
        "steps": [
            {"layer": "input_layer", "call": 0, "alive_bytes": 3136},
            {"layer": "conv2d", "call": 0, "alive_bytes": 103_488},
        ],
        "training": None,
    }
    assert (data["schema_version"], data["problems"]) == (1, [])


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("spec", ["input: [3]\nlayers: [Dense: 2]", "input: [3]\nlayers: [Conv2D: 2]", "layers: ["])
def test_the_garbage_collector_is_restored(running: bool, spec: str) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if running else gc.disable)()
        with suppress(ConvcalcError):
            infer(read(spec.encode(), "spec.yaml"))
        assert gc.isenabled() == running
    finally:
        (gc.enable if before else gc.disable)()


def test_a_spectral_normalization_trains_the_wrapped_weights() -> None:
    """Keras's total counts the inner layer's kernel and bias as trainable, even if the SpectralNormalization is frozen.

    The SpectralNormalization's own vector is never trainable.
    """
    text = "input: [4]\nlayers: [{SpectralNormalization: {layer: {Dense: 8}}}]\n"
    result = infer(read_spec(Source("spec.yaml", text)))
    assert (result.totals.params, result.totals.trainable_params) == (4 * 8 + 8 + 8, 4 * 8 + 8)
    frozen = infer(read_spec(Source("spec.yaml", text.replace("Dense: 8}", "Dense: 8}, trainable: false"))))
    assert (frozen.layers[-1].trainable_params, frozen.totals.trainable_params) == (0, 40)
