"""Layers that preprocess numbers, words and sound. Sources: ``keras/src/layers/preprocessing``.

The size of a vocabulary that ``adapt()`` computes from data is unknown, as in Keras before ``adapt()``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, plain
from convcalc.base.problems import Refusal
from convcalc.base.window import slide
from convcalc.layers import costs, views
from convcalc.layers.arguments import (
    DATA_FORMAT,
    Anything,
    Argument,
    Boolean,
    Choice,
    Integer,
    IntegerOrIntegers,
    Real,
    Text,
    ignored_arguments,
)
from convcalc.layers.data_arguments import Items
from convcalc.layers.registry import VARIABLE, Args, Inferred, Weight, layer, required


def _modes(*words: str, default: str = "int") -> Argument:
    return Argument("output_mode", Choice(words), default)


_NUMBERS = Items(Real(), "numbers")
_SALT = Argument("salt", IntegerOrIntegers(), None, nullable=True)
_SPARSE = Argument("sparse", Boolean(), False)


def _check_sparse(a: Args) -> None:
    if a["sparse"] and a["output_mode"] == "int":
        raise Refusal("cannot be sparse with output_mode 'int'", codes.INVALID_VALUE, "sparse")


def _one_hot(x: Shape, depth: Number) -> Shape:
    """Returns the one-hot shape: ``depth`` replaces a last axis of size 1, or becomes a new last axis."""
    return (*(x[:-1] if len(x) > 1 and x[-1] == 1 else x), depth)


@layer(
    "CategoryEncoding",
    Argument("num_tokens", Integer(1), None, nullable=True),
    _modes("multi_hot", "one_hot", "count", "binary", default="multi_hot"),
    _SPARSE,
    autocasts=False,
    receptive_field_rule=views.unknown,
    flops=costs.free,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="CategoryEncoding: 10",
)
def category_encoding(a: Args, x: Shape) -> Inferred:
    """Encodes whole numbers as one-hot, multi-hot or count vectors.

    'one_hot': num_tokens replaces a last axis of size 1, or becomes a new last axis. Other modes replace the last axis
    by num_tokens.
    """
    depth = a["num_tokens"]
    if depth is None:
        raise Refusal("needs num_tokens", codes.MISSING_ARGUMENT, "num_tokens")
    return Inferred((_one_hot(x, depth) if a["output_mode"] == "one_hot" else (*x[:-1], depth),))


@layer(
    "Discretization",
    Argument("bin_boundaries", _NUMBERS, None, nullable=True),
    Argument("num_bins", Integer(0), None, nullable=True),
    Argument("epsilon", Real(), 0.01),
    _modes("int", "one_hot", "multi_hot", "count"),
    _SPARSE,
    unsupported_options=("trainable",),
    receptive_field_rule=views.unknown,
    flops=costs.unknown,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Discretization: [[0.0, 1.0, 2.0]]",
)
def discretization(a: Args, x: Shape) -> Inferred:
    """Replaces numbers by the index of their bin, or encodes that index.

    'int': the shape does not change. 'one_hot': the number of bins replaces a last axis of size 1, or becomes a new
    last axis. Other modes remove the first axis after the batch axis and add the number of bins as the last axis.
    """
    _check_sparse(a)
    bounds, bins = a["bin_boundaries"], a["num_bins"]
    if (bounds is None) == (bins is None):
        raise Refusal("needs either bin_boundaries or num_bins", codes.MISSING_ARGUMENT, "bin_boundaries")
    depth = bins if bounds is None else len(bounds) + 1
    if a["output_mode"] == "int":
        return Inferred((x,), dtype="int32")
    if a["output_mode"] == "one_hot":
        return Inferred((_one_hot(x, depth),))
    return Inferred(((*x[:1], *x[2:], depth) if len(x) > 1 else (depth,),))


def _require_integer_dtype(a: Args, policy: str, result: Inferred) -> Inferred:
    if a["output_mode"] == "int" and policy not in ("int32", "int64"):
        raise Refusal(
            f"returns whole numbers, so its dtype cannot be {policy}: leave the dtype out", codes.INVALID_VALUE, "dtype"
        )
    return result


@layer(
    "Hashing",
    Argument("num_bins", Integer(1)),
    Argument("mask_value", Anything(), None, nullable=True),
    _SALT,
    _modes("int", "one_hot", "multi_hot", "count"),
    _SPARSE,
    default_policy=lambda a: "int64" if a["output_mode"] == "int" else "float32",
    quantization_rule=_require_integer_dtype,
    autocasts=False,
    receptive_field_rule=views.unknown,
    flops=costs.free,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Hashing: 10",
)
def hashing(a: Args, x: Shape) -> Inferred:
    """Hashes words or whole numbers to a bin index, or encodes that index.

    'int': the shape does not change. Other modes replace the last axis by num_bins.
    """
    _check_sparse(a)
    _check_salt(a)
    if a["output_mode"] == "int":
        return Inferred((x,), dtype=VARIABLE)
    return Inferred(((*x[:-1], a["num_bins"]),), dtype=VARIABLE)


def _check_salt(a: Args) -> None:
    if isinstance(a["salt"], tuple) and len(a["salt"]) != 2:
        raise Refusal("needs a salt of one or two whole numbers", codes.INVALID_VALUE, "salt")


@layer(
    "HashedCrossing",
    Argument("num_bins", Integer(1)),
    _modes("int", "one_hot"),
    _SPARSE,
    inputs=2,
    default_policy=lambda a: "int64" if a["output_mode"] == "int" else "float32",
    autocasts=False,
    receptive_field_rule=views.unknown,
    flops=costs.free,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="HashedCrossing: {{num_bins: 10, from: [a, b]}}",
    example_input=(1,),
)
def hashed_crossing(a: Args, x: Shape, y: Shape) -> Inferred:
    """Hashes pairs of two features to a bin index, or encodes that index.

    'int': the shape does not change. 'one_hot': num_bins replaces a last axis of size 1, or becomes a new last axis.
    """
    if plain(x[-1]) != plain(y[-1]):
        raise Refusal("needs two inputs of the same shape", codes.SHAPES_DIFFER)
    if a["output_mode"] == "int":
        return Inferred((x,))
    return Inferred(((*(x[:-1] if x[-1] == 1 else x), a["num_bins"]),))


def _lookup_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts one multiplication for each token with ``tf_idf``. The rest of a lookup is integer arithmetic."""
    return costs.per_output(int(a["output_mode"] in ("tf_idf", "tf-idf")))(a, inputs, result)


_OLD_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
_LOOKUP_MODES = _modes("int", "one_hot", "multi_hot", "count", "tf_idf", "binary", "tf-idf")
_MAX_TOKENS = Argument("max_tokens", Integer(2), None, nullable=True)
_OOV_INDICES = Argument("num_oov_indices", Integer(0), 1)
_IDF = Argument("idf_weights", _NUMBERS, None, nullable=True)
_INVERT = Argument("invert", Boolean(), False)
_PAD = Argument("pad_to_max_tokens", Boolean(), False)
_WORDS = Argument("vocabulary", Items(Text(), "words", file=True), None, nullable=True)


_FILES = {name: f"reads its {name} from the file" for name in ("vocabulary", "idf_weights")}


@layer(
    "IntegerLookup",
    _MAX_TOKENS,
    _OOV_INDICES,
    Argument("mask_token", Integer(), None, nullable=True),
    Argument("oov_token", Integer(), -1, nullable=True),
    Argument("vocabulary", Items(Integer(), "whole numbers", file=True), None, nullable=True),
    Argument("vocabulary_dtype", Choice(("int64",)), "int64"),
    _IDF,
    _INVERT,
    _LOOKUP_MODES,
    _SPARSE,
    _PAD,
    Argument("oov_method", Choice(("floormod", "farmhash")), "floormod"),
    _SALT,
    autocasts=False,
    records_vocabulary_size=True,
    receptive_field_rule=views.unknown,
    file_arguments=_FILES,
    flops=_lookup_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="IntegerLookup: {{vocabulary: [12, 36, 1138]}}",
)
def integer_lookup(a: Args, x: Shape) -> Inferred:
    """Replaces whole numbers by their index in a vocabulary, or encodes that index.

    'int': the shape does not change. 'one_hot': the vocabulary size replaces a last axis of size 1, or becomes a new
    last axis. Other modes replace the last axis by the vocabulary size. With pad_to_max_tokens, this size is
    max_tokens. Without a vocabulary, it is unknown before adapt().
    """
    if a["salt"] is not None and a["oov_method"] != "farmhash":
        raise Refusal("accepts a salt only with oov_method 'farmhash'", codes.INVALID_VALUE, "salt")
    return _lookup(a, x)


@layer(
    "StringLookup",
    _MAX_TOKENS,
    _OOV_INDICES,
    Argument("mask_token", Text(), None, nullable=True),
    Argument("oov_token", Text(), "[UNK]", nullable=True),
    _WORDS,
    _IDF,
    _INVERT,
    _LOOKUP_MODES,
    _PAD,
    _SPARSE,
    *ignored_arguments("encoding", default="utf-8"),
    _SALT,
    autocasts=False,
    records_vocabulary_size=True,
    receptive_field_rule=views.unknown,
    file_arguments=_FILES,
    flops=_lookup_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="StringLookup: {{vocabulary: [cat, dog], output_mode: one_hot}}",
)
def string_lookup(a: Args, x: Shape) -> Inferred:
    """Replaces words by their index in a vocabulary, or encodes that index.

    'int': the shape does not change. 'one_hot': the vocabulary size replaces a last axis of size 1, or becomes a new
    last axis. Other modes replace the last axis by the vocabulary size. With pad_to_max_tokens, this size is
    max_tokens. Without a vocabulary, it is unknown before adapt().
    """
    return _lookup(a, x)


def _lookup(a: Args, x: Shape) -> Inferred:
    """Computes a lookup. It has no weights: Keras keeps the vocabulary in a table."""
    mode = _OLD_MODES.get(a["output_mode"]) or str(a["output_mode"])
    _check_sparse(a)
    _check_salt(a)
    if a["pad_to_max_tokens"] and a["max_tokens"] is None:
        raise Refusal("needs max_tokens with pad_to_max_tokens", codes.MISSING_ARGUMENT, "max_tokens")
    if a["invert"] and mode != "int":
        raise Refusal("can invert only with output_mode 'int'", codes.INVALID_VALUE, "invert")
    if a["idf_weights"] is not None and mode != "tf_idf":
        raise Refusal("accepts idf_weights only with output_mode 'tf_idf'", codes.INVALID_VALUE, "idf_weights")
    known = _vocabulary_size(a, mode)
    if mode == "int":
        return Inferred((x,), dtype="int64")
    depth = a["max_tokens"] if a["pad_to_max_tokens"] else known
    return Inferred((_one_hot(x, depth) if mode == "one_hot" else (*x[:-1], depth),), dtype="float32")


def _vocabulary_size(a: Args, mode: str) -> Number:
    """Returns the size of the vocabulary, including special tokens. The size is unknown if the vocabulary is missing or
    in a file.
    """
    words = a["vocabulary"]
    if words is not None and mode == "tf_idf" and a["idf_weights"] is None:
        raise Refusal("needs idf_weights together with its vocabulary", codes.MISSING_ARGUMENT, "idf_weights")
    if words is None or isinstance(words, str):
        size: Number = a.get("vocabulary_size", UNKNOWN)  # ``vocabulary_size`` exists only in Keras files
        return size
    masks = [a["mask_token"]] * (a["mask_token"] is not None and mode == "int")
    special = (*masks, *[a["oov_token"]] * int(a["num_oov_indices"]))
    tokens = words[len(special) :] if words[: len(special)] == special else words
    _check_tokens(a, tokens)
    size = len(special) + len(tokens)
    if a["max_tokens"] is not None and size > a["max_tokens"]:
        raise Refusal(
            f"has a vocabulary of {size} tokens, more than max_tokens ({a['max_tokens']})",
            codes.TOO_LARGE,
            "vocabulary",
        )
    if a["idf_weights"] is not None and len(a["idf_weights"]) != len(words):
        raise Refusal("needs one idf weight for each token of its vocabulary", codes.SHAPES_DIFFER, "idf_weights")
    return size


def _check_tokens(a: Args, tokens: Sequence[Any]) -> None:
    if not tokens:
        raise Refusal("has a vocabulary that contains only special tokens", codes.INVALID_VALUE, "vocabulary")
    if len(set(tokens)) < len(tokens):
        raise Refusal("has a vocabulary with a duplicate token", codes.INVALID_VALUE, "vocabulary")
    if a["mask_token"] is not None and a["mask_token"] in tokens:
        raise Refusal("has its mask_token inside the vocabulary", codes.INVALID_VALUE, "vocabulary")
    if a["invert"] and a["oov_token"] is not None and a["oov_token"] in tokens:
        raise Refusal("has its oov_token inside the vocabulary", codes.INVALID_VALUE, "vocabulary")


@layer(
    "TextVectorization",
    _MAX_TOKENS,
    Argument(
        "standardize",
        Choice(("lower_and_strip_punctuation", "lower", "strip_punctuation")),
        "lower_and_strip_punctuation",
        nullable=True,
    ),
    Argument("split", Choice(("whitespace", "character")), "whitespace", nullable=True),
    Argument("ngrams", IntegerOrIntegers(), None, nullable=True),
    _LOOKUP_MODES,
    Argument("output_sequence_length", Integer(0), None, nullable=True),
    _PAD,
    _WORDS,
    _IDF,
    _SPARSE,
    Argument("ragged", Boolean(), False),
    *ignored_arguments("encoding", default="utf-8"),
    autocasts=False,
    records_vocabulary_size=True,
    receptive_field_rule=views.unknown,
    file_arguments=_FILES,
    flops=_lookup_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="TextVectorization: {{output_sequence_length: 20}}",
    example_input=(1,),
    hidden_sublayers=("StringLookup",),
)
def text_vectorization(a: Args, x: Shape) -> Inferred:
    """Splits texts into words and replaces them by their index in a vocabulary, or encodes that index.

    'int': (batch, output_sequence_length). In other modes, the words become a new last axis (unless split is null), and
    are encoded as by StringLookup.
    """
    if a["output_mode"] != "int" and a["output_sequence_length"] is not None:
        raise Refusal(
            "accepts output_sequence_length only with output_mode 'int'",
            codes.INVALID_VALUE,
            "output_sequence_length",
        )
    if a["output_mode"] != "int" and a["ragged"]:
        raise Refusal("can be ragged only with output_mode 'int'", codes.INVALID_VALUE, "ragged")
    words = (*x, UNKNOWN) if a["split"] is not None else x if len(x) > 1 else (*x, 1)
    inner = {"mask_token": "", "oov_token": "[UNK]", "num_oov_indices": 1, "invert": False, "salt": None}
    result = _lookup({**a, **inner}, words)
    if a["output_mode"] != "int":
        return result
    length = a["output_sequence_length"]
    return result._replace(outputs=((x[0], UNKNOWN if length is None else length),))


@layer(
    "MelSpectrogram",
    Argument("fft_length", Integer(1), 2048),
    Argument("sequence_stride", Integer(1), 512),
    Argument("sequence_length", Integer(1), None, nullable=True),
    *ignored_arguments("window", default="hann"),
    Argument("sampling_rate", Real(), 16000),
    Argument("num_mel_bins", Integer(1), 128),
    Argument("min_freq", Real(), 20.0),
    Argument("max_freq", Real(), None, nullable=True),
    Argument("power_to_db", Boolean(), True),
    Argument("top_db", Real(), 80.0),
    Argument("mag_exp", Real(), 2.0),
    Argument("min_power", Real(), 1e-10),
    Argument("ref_power", Real(), 1.0),
    receptive_field_rule=views.unknown,
    flops=costs.unknown,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="MelSpectrogram",
    example_input=(16000,),
)
def mel_spectrogram(a: Args, x: Shape) -> Inferred:
    """Converts audio to mel spectrograms; the MACs are unknown.

    (batch, samples) becomes (batch, num_mel_bins, floor((samples + stride + 1) / stride)).
    """
    length = a["sequence_length"]
    if length is not None and a["fft_length"] < length:
        raise Refusal(
            f"has an fft_length smaller than its sequence_length of {length}", codes.INVALID_VALUE, "fft_length"
        )
    stride = a["sequence_stride"]
    time = 0 if len(x) == 1 else 1
    output = (*x[:time], a["num_mel_bins"], (x[time] + stride + 1) // stride)
    # The MACs depend on the algorithm of the Fourier transform, which is unknown.
    return Inferred((output,), unknown=frozenset({"macs"}))


# Operations for each output element after the convolutions. psd: two squares and two additions. magnitude: two squares,
# an addition, a maximum and a root. log: two more, a maximum and a logarithm.
_OF_MODES = {"real": 0, "imag": 0, "stft": 0, "angle": 1, "psd": 4, "magnitude": 5, "log": 7}


def _spectrogram_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations by which ``mode`` combines the real and the imaginary part."""
    return costs.per_output(_OF_MODES[a["mode"]])(a, inputs, result)


@layer(
    "STFTSpectrogram",
    Argument("mode", Choice(("log", "magnitude", "psd", "real", "imag", "angle", "stft")), "log"),
    Argument("frame_length", Integer(1), 256),
    Argument("frame_step", Integer(1), None, nullable=True),
    Argument("fft_length", Integer(1), None, nullable=True),
    *ignored_arguments("window", default="hann"),
    Argument("periodic", Boolean(), False),
    Argument("scaling", Choice(("density", "spectrum")), "density", nullable=True),
    Argument("padding", Choice(("valid", "same")), "valid"),
    Argument("expand_dims", Boolean(), False),
    DATA_FORMAT,
    axes=("length", "channels"),
    receptive_field_rule=views.unknown,
    flops=_spectrogram_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="STFTSpectrogram",
    example_input=(16000, 1),
)
def stft_spectrogram(a: Args, x: Shape) -> Inferred:
    """Converts signals to spectrograms (STFT), by convolutions with fixed kernels.

    Frequencies: floor(fft_length / 2) + 1, twice as many with mode 'stft'. (length, channels) becomes (frames, channels
    · frequencies), or (frames, frequencies, channels) with expand_dims. Parameters: a kernel of (frame_length, 1,
    frequencies) for the real part and one for the imaginary part; modes 'real' and 'imag' need only one of them.
    """
    first = a["data_format"] == "channels_first"
    length, frame = x[2 if first else 1], a["frame_length"]
    channels = required(x[1 if first else 2], "number of channels")
    step = a["frame_step"] if a["frame_step"] is not None else frame // 2
    if step > frame or step < 1:
        raise Refusal("needs a frame_step between 1 and its frame_length", codes.INVALID_VALUE, "frame_step")
    fft = a["fft_length"] if a["fft_length"] is not None else _next_power_of_two(frame)
    if fft < frame:
        raise Refusal(f"has an fft_length smaller than its frame_length of {frame}", codes.INVALID_VALUE, "fft_length")
    window = slide(length, frame, step, 1, a["padding"])
    waves = fft // 2 + 1
    parts = {"real": ["real_kernel"], "imag": ["imag_kernel"]}.get(a["mode"], ["real_kernel", "imag_kernel"])
    weights = tuple(Weight(part, (frame, 1, waves), channels * window.output) for part in parts)
    depth = waves * 2 if a["mode"] == "stft" else waves
    sizes: Shape
    if a["expand_dims"]:
        sizes = (channels, window.output, depth) if first else (window.output, depth, channels)
    else:
        sizes = (depth * channels, window.output) if first else (window.output, depth * channels)
    return Inferred(((x[0], *sizes),), weights, windows=(window,))


def _next_power_of_two(number: int) -> int:
    return 1 << (int(number) - 1).bit_length()
