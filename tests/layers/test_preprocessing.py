"""Tests preprocessing layers: the inputs that they refuse, and the dtypes of their outputs."""

from __future__ import annotations

from typing import Any

import pytest

from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import Refusal
from convcalc.layers import SAME, Inferred, apply, bind, find
from convcalc.layers.registry import VARIABLE


def inferred(name: str, args: dict[str, Any], *shapes: tuple[int, ...]) -> Inferred:
    kind = find(name)
    assert kind is not None
    bound, refusals = bind(kind, (), args)
    if refusals:
        raise refusals[0]
    return apply(kind, bound, [(UNKNOWN, *shape) for shape in shapes])


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("RandomBrightness", {"factor": 1.5}, "from -1 to 1"),
        ("RandomZoom", {"height_factor": -1}, "above -1 up to 1"),
        ("RandomTranslation", {"height_factor": [0.5, 2], "width_factor": 0}, "from -1 to 1"),
        ("RandomPosterization", {"factor": 0}, "from 1 to 8"),
        ("RandomGaussianBlur", {"kernel_size": 4}, "odd"),
        ("AutoContrast", {"value_range": [0]}, "a list of two numbers"),
        ("RandomColorDegeneration", {"factor": 0.1}, "3 channels"),
        ("CategoryEncoding", {}, "num_tokens"),
        ("Discretization", {"num_bins": 3, "bin_boundaries": [1.0]}, "either"),
        ("Hashing", {"num_bins": 3, "sparse": True}, "sparse"),
        ("Hashing", {"num_bins": 3, "salt": [1, 2, 3]}, "salt"),
        ("IntegerLookup", {"vocabulary": [1, 1]}, "duplicate"),
        ("IntegerLookup", {"vocabulary": [-1]}, "contains only special tokens"),
        ("IntegerLookup", {"vocabulary": []}, "contains only special tokens"),
        ("IntegerLookup", {"vocabulary": [1, 2], "max_tokens": 2}, "3 tokens"),
        ("IntegerLookup", {"salt": 1}, "farmhash"),
        ("IntegerLookup", {"invert": True, "output_mode": "count"}, "can invert only"),
        ("StringLookup", {"vocabulary": ["a"], "output_mode": "tf_idf"}, "idf_weights"),
        ("StringLookup", {"pad_to_max_tokens": True}, "max_tokens"),
        ("TextVectorization", {"output_mode": "count", "output_sequence_length": 4}, "output_sequence_length"),
        ("MelSpectrogram", {"fft_length": 8, "sequence_length": 9}, "sequence_length of 9"),
    ],
)
def test_inputs_that_keras_refuses_are_refused(name: str, args: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        inferred(name, args, (8, 8, 4))


@pytest.mark.parametrize(
    ("name", "args", "dtype"),
    [
        ("RandomGrayscale", {}, SAME),
        ("Equalization", {}, SAME),
        ("Resizing", {"height": 2, "width": 2}, None),
        ("CategoryEncoding", {"num_tokens": 3}, None),
        ("Discretization", {"num_bins": 3}, "int32"),
        ("Discretization", {"num_bins": 3, "output_mode": "count"}, None),
        ("Hashing", {"num_bins": 3}, VARIABLE),
        ("StringLookup", {}, "int64"),
        ("StringLookup", {"output_mode": "count"}, "float32"),
        ("TextVectorization", {}, "int64"),
    ],
)
def test_dtypes_of_the_outputs(name: str, args: dict[str, Any], dtype: str | None) -> None:
    assert inferred(name, args, (8, 8, 3)).dtype == dtype


def test_a_vocabulary_may_begin_with_its_special_tokens() -> None:
    plain = inferred("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "count"}, (3,))
    special = inferred("StringLookup", {"vocabulary": ["[UNK]", "a", "b"], "output_mode": "count"}, (3,))
    assert plain.outputs == special.outputs == ((UNKNOWN, 3),)


def test_a_spectrogram_costs_as_much_as_its_convolutions() -> None:
    from convcalc.layers import sample_macs

    result = inferred("STFTSpectrogram", {"frame_length": 200, "frame_step": 100, "mode": "real"}, (1000, 2))
    assert sample_macs(result) == 9 * 2 * 200 * 129
