"""Generates cases for the layers that prepare images, words and sound. See also ``cases.py``.

Keras builds some layers that fail later, when they run. convcalc refuses them at once, so no case contains an invalid
``value_range``, an unknown interpolation, or a size of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from convcalc.layers import CATALOGUE
from tests.live.judge import Case

POLICIES = ["", "", "float32", "mixed_float16", "bfloat16", "float16"]
DTYPES = ["float32", "float32", "uint8", "int32", "float16", "float64"]
FACTORS = [0, 0.1, 0.5, 1, (0.1, 0.4), (0.9, 0.2), [0.0, 1.0]]
ODD_FACTORS = [-0.5, -1, 1.5, 9, (0.5, 3), (2, 3), (-2, -1.5), (0.1,), "wrong", None, (0.1, 0.2, 0.3)]
FORMATS = ["channels_last", "channels_first", "channels_last", "channels_first", "wrong", None]

# These classes check their value range in the constructor; other classes do not check it.
CHECKS_VALUES = {
    "AugMix",
    "AutoContrast",
    "Equalization",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomPosterization",
    "RandomSaturation",
    "RandomSharpness",
    "Solarization",
}
IMAGES = [
    name
    for name, kind in CATALOGUE.items()
    if kind.family == "image_preprocessing" and name not in ("Resizing", "CenterCrop", "RandomCrop")
]


def _given(random: Random, chance: float = 0.35) -> bool:
    return random.random() < chance


def _size(random: Random, low: int = 1, high: int = 12, unknown: float = 0.1) -> int | None:
    return None if _given(random, unknown) else random.randint(low, high)


def _batch(random: Random) -> int | None:
    return random.choice([None, None, None, 1, 3])


def _image(random: Random, channels_first: bool) -> tuple[int | None, ...]:
    sizes = [_size(random, 4, 20), _size(random, 4, 20)]
    channels = random.choice([3, 3, 3, 3, 3, 3, 1, None])
    body = [channels, *sizes] if channels_first else [*sizes, channels]
    if _given(random, 0.12):
        body = random.choice([body[:-1], [*body, 2], body[:1], [5, *body]])
    return (_batch(random), *body)


def _value(random: Random, name: str, argument: str) -> Any:
    """Returns a value for an argument of an augmentation, sometimes a wrong one."""
    wrong = _given(random, 0.1)
    if argument == "scale" and name == "RandomPerspective":
        return random.choice([-0.1, 1.5]) if wrong else random.choice([0, 0.5, 1.0])
    if argument == "factor" and name == "RandomPosterization":
        return random.choice([0, 9, 0.5, (9, 10), None]) if wrong else random.choice([1, 4, 8, (2, 5), (0, 3)])
    if argument == "factor" and name == "RandomGrayscale":
        return random.choice([-0.1, 1.5, "wrong"]) if wrong else random.choice([0, 0.5, 1])
    if argument.endswith("factor") or argument in ("scale", "sigma"):
        return random.choice(ODD_FACTORS if wrong else FACTORS)
    if argument == "value_range":
        odd: list[Any] = [(0,), 255, (0, 1, 2), "wrong"]
        return random.choice(odd if wrong and name in CHECKS_VALUES else [(0, 1), (-1.0, 1.0), [255, 0]])
    if argument == "fill_value" and name == "MaxNumBoundingBoxes":
        return random.choice([-1, 0, 5])
    choices: dict[str, list[Any]] = {
        "interpolation": ["bicubic", "wrong"] if wrong else ["nearest", "bilinear"],
        "fill_mode": ["wrong"] if wrong else ["reflect", "wrap", "constant", "nearest"],
        "kernel_size": [2, (3, 4), (3,), "wrong"] if wrong else [1, 3, 5, (3, 7)],
        "data_format": FORMATS,
        "mode": ["horizontal", "vertical"],
        "fill_value": [0.0, 1, None],
        "seed": [7, 0, None],
        "alpha": [0.1, 1.0],
        "bins": [16, 256],
        "clip_limit": [2.0, 4],
        "tile_grid_size": [(4, 4), (8, 2)],
        "num_ops": [1, 3],
        "num_chains": [2],
        "chain_depth": [2],
        "all_ops": [False, True],
        "max_number": [1, 10],
    }
    return random.choice(choices[argument])


def _augmentation(random: Random, names: Sequence[str]) -> Case:
    name = random.choice(names)
    args: dict[str, Any] = {}
    for argument in CATALOGUE[name].arguments:
        needed = "factor" in argument.name or argument.name == "max_number"
        if _given(random, 0.93 if needed else 0.3):
            args[argument.name] = _value(random, name, argument.name)
    if _given(random, 0.05):
        args["nonsense"] = 1
    shape = _image(random, args.get("data_format") == "channels_first")
    return Case(name, args, [shape], dtype=random.choice(DTYPES), policy=random.choice(POLICIES))


def _augmentations(number: int, parts: int) -> Callable[[Random], Case]:
    """Returns a generator of cases for one part of the augmentations: part ``number`` of ``parts``.

    A part has few augmentations, so that each of them is tested often.
    """

    def generator(random: Random) -> Case:
        return _augmentation(random, IMAGES[number::parts])

    generator.__name__ = f"preprocessing_augmentation_{number + 1}"
    return generator


def preprocessing_sizes(random: Random) -> Case:
    name = random.choice(["Resizing", "CenterCrop", "RandomCrop"])
    args: dict[str, Any] = {"height": random.randint(1, 30), "width": random.randint(1, 30)}
    if _given(random):
        args["data_format"] = random.choice(FORMATS)
    if name == "Resizing":
        options = {
            "interpolation": random.choice(["nearest", "bicubic", "lanczos3", "area"]),
            "crop_to_aspect_ratio": True,
            "pad_to_aspect_ratio": True,
            "fill_value": 1.0,
            "antialias": True,
        }
        args |= {key: value for key, value in options.items() if _given(random, 0.2)}
    if name == "RandomCrop" and _given(random):
        args["seed"] = 3
    if _given(random, 0.12):
        wrong = random.choice(["height", "width", "nonsense"])
        args[wrong] = random.choice([-1, "wrong", (3, 4)])
    if _given(random, 0.05):
        args.pop("height")
    shape = _image(random, args.get("data_format") == "channels_first")
    return Case(name, args, [shape], dtype=random.choice(DTYPES), policy=random.choice(POLICIES))


def _shape(random: Random) -> tuple[int | None, ...]:
    return (_batch(random), *(random.choice([1, 1, 2, 5, None]) for _ in range(random.choice([0, 1, 1, 1, 2, 3]))))


def _mode(random: Random, *modes: str) -> str:
    return random.choice([*modes, "wrong"] if _given(random, 0.15) else list(modes))


def preprocessing_categories(random: Random) -> Case:
    name = random.choice(["CategoryEncoding", "Discretization", "Hashing", "Hashing", "HashedCrossing"])
    shapes = [_shape(random)]
    args: dict[str, Any] = {}
    policy = random.choice(["", "", "", "float32", "float16", "mixed_bfloat16", "mixed_float16", "int32", "int64"])
    bins = random.choice([1, 3, 10, 0, -1, None, "wrong"] if _given(random, 0.15) else [1, 3, 10])
    if name == "CategoryEncoding":
        if _given(random, 0.95):
            args["num_tokens"] = bins
        if _given(random, 0.7):
            args["output_mode"] = _mode(random, "one_hot", "multi_hot", "count", "binary")
    elif name == "Discretization":
        forms = [{"num_bins": bins}, {"bin_boundaries": [0.0, 1.5, 2]}, {"bin_boundaries": (), "epsilon": 0.1}]
        args |= random.choice(forms) if _given(random, 0.9) else random.choice([{}, {**forms[0], **forms[1]}])
        if _given(random, 0.7):
            args["output_mode"] = _mode(random, "int", "one_hot", "multi_hot", "count")
    elif name == "Hashing":
        args["num_bins"] = bins
        if _given(random, 0.7):
            args["output_mode"] = _mode(random, "int", "one_hot", "multi_hot", "count")
        if _given(random):
            args["salt"] = random.choice([7, (1, 2), [3, 4], (1,), "wrong", None])
        if _given(random):
            args["mask_value"] = random.choice(["", 0])
    else:
        args["num_bins"] = random.choice([1, 5])
        if _given(random, 0.7):
            args["output_mode"] = _mode(random, "int", "one_hot")
        shapes = shapes * 2 if _given(random, 0.85) else random.choice([[*shapes, _shape(random)], shapes * 3])
    sparse_checked = name in ("Discretization", "Hashing") or args.get("output_mode", "int") != "int"
    if sparse_checked and _given(random, 0.25):
        args["sparse"] = random.random() < 0.5
    if name != "HashedCrossing" and _given(random, 0.04):  # HashedCrossing accepts and ignores any argument
        args["nonsense"] = 1
    return Case(
        name,
        args,
        shapes,
        dtype=random.choice(["int32", "int64", "float32", "string"]),
        policy=policy,
    )


def preprocessing_lookups(random: Random) -> Case:
    return _lookup(random, random.choice(["IntegerLookup", "StringLookup"]))


def preprocessing_texts(random: Random) -> Case:
    return _lookup(random, "TextVectorization")


def _lookup(random: Random, name: str) -> Case:
    words: list[Any] = [7, 8, 9, 10] if name == "IntegerLookup" else ["a", "b", "c", "d"]
    mode = _mode(random, "int", "one_hot", "multi_hot", "count", "tf_idf", "binary", "tf-idf")
    args: dict[str, Any] = {} if _given(random, 0.2) else {"output_mode": mode}
    mode = args.get("output_mode", "int")
    if name != "TextVectorization":
        _lookup_options(random, args, name, words)
    vocabulary = words[: random.randint(1, 4)]
    special = _special(args, name, mode)
    if _given(random, 0.25) and None not in special:
        vocabulary = [*special, *vocabulary]
    if _given(random, 0.06):
        vocabulary = random.choice([[], [*vocabulary, vocabulary[0]], [*vocabulary, *special]])
    if _given(random, 0.6) and None not in vocabulary:
        args["vocabulary"] = vocabulary
    if ("idf" in mode and _given(random, 0.85)) or _given(random, 0.03):
        args["idf_weights"] = [0.5] * random.choice([*[len(vocabulary)] * 8, len(vocabulary) + 1])
    if _given(random, 0.4):
        args["max_tokens"] = random.choice([12, 20, 12, 5, 3, 1, None])
    if _given(random, 0.3):
        args["pad_to_max_tokens"] = random.random() < 0.7
    if _given(random, 0.1):
        args["sparse"] = random.random() < 0.7
    if name == "TextVectorization":
        _text_options(random, args, mode)
    if _given(random, 0.04):
        args["nonsense"] = 1
    dtype = "int64" if name == "IntegerLookup" else "string"
    return Case(
        name,
        args,
        [_shape(random)],
        dtype=dtype,
        policy=random.choice(["", "float32", "float16", "mixed_float16", "int32"]),
    )


def _lookup_options(random: Random, args: dict[str, Any], name: str, words: list[Any]) -> None:
    whole = name == "IntegerLookup"
    if _given(random, 0.35):
        args["num_oov_indices"] = random.choice([0, 1, 2, 3, *([-1] if _given(random, 0.3) else [])])
    if _given(random, 0.3):
        args["mask_token"] = random.choice([0 if whole else "", None, *(words[:1] if _given(random, 0.2) else [])])
    if _given(random, 0.25):
        args["oov_token"] = random.choice([-5 if whole else "?", *(words[:1] if _given(random, 0.3) else [])])
    if _given(random, 0.12):
        args["invert"] = True
    if _given(random, 0.12):
        args["salt"] = random.choice([5, (1, 2), (1, 2, 3), "wrong"])
    if whole and _given(random, 0.25):
        args["oov_method"] = random.choice(["floormod", "farmhash", "farmhash", "wrong"])
    if whole and _given(random, 0.1):
        args["vocabulary_dtype"] = random.choice(["int64", "int32"])


def _special(args: dict[str, Any], name: str, mode: str) -> list[Any]:
    """Returns the first tokens of a vocabulary: the tokens for the mask and for unknown words."""
    if name == "TextVectorization":
        return ["", "[UNK]"] if mode == "int" else ["[UNK]"]
    mask = args.get("mask_token")
    oov = args.get("oov_token", -1 if name == "IntegerLookup" else "[UNK]")
    return [*([mask] if mask is not None and mode == "int" else []), *[oov] * args.get("num_oov_indices", 1)]


def _text_options(random: Random, args: dict[str, Any], mode: str) -> None:
    if _given(random, 0.6 if mode == "int" else 0.05):
        args["output_sequence_length"] = random.choice([1, 20, 50, None, *(["x", -3] if _given(random, 0.1) else [])])
    if _given(random, 0.3):
        args["standardize"] = random.choice(["lower", "strip_punctuation", None, None, "wrong"])
    if _given(random, 0.5):
        args["split"] = random.choice(["character", "whitespace", None, None, None, "wrong"])
    if _given(random, 0.2):
        args["ngrams"] = random.choice([1, 2, (1, 3), "wrong"])
    if _given(random, 0.1):
        args["ragged"] = random.random() < 0.6


def preprocessing_spectrograms(random: Random) -> Case:
    if _given(random, 0.4):
        return _mel(random)
    args: dict[str, Any] = {} if _given(random, 0.5) else {"window": random.choice([None, "hamming", "boxcar"])}
    frame = random.choice([4, 10, 32, 256])
    if frame != 256:
        args["frame_length"] = frame
    options: dict[str, Callable[[], Any]] = {
        "mode": lambda: _mode(random, "log", "magnitude", "psd", "real", "imag", "angle", "stft"),
        "frame_step": lambda: random.choice(
            [1, frame // 2, frame, None, *([0, frame + 1] if _given(random, 0.3) else [])]
        ),
        "fft_length": lambda: random.choice(
            [frame, frame * 2, frame + 1, *([frame - 1] if _given(random, 0.3) else [])]
        ),
        "padding": lambda: random.choice(["valid", "same", "same", *(["causal"] if _given(random, 0.2) else [])]),
        "expand_dims": lambda: random.random() < 0.8,
        "data_format": lambda: random.choice(FORMATS),
        "periodic": lambda: True,
        "scaling": lambda: random.choice(["density", "spectrum", None, *(["wrong"] if _given(random, 0.3) else [])]),
    }
    args |= {name: make() for name, make in options.items() if _given(random, 0.4)}
    length, channels = _size(random, 1, 600, 0.15), _size(random, 1, 4, 0.05)
    body = [channels, length] if args.get("data_format") == "channels_first" else [length, channels]
    if _given(random, 0.05):
        body = random.choice([body[:1], [*body, 2]])
    return Case(
        "STFTSpectrogram",
        args,
        [(_batch(random), *body)],
        trainable=random.random() < 0.85,
        policy=random.choice(["", "float32", "float16", "mixed_float16"]),
    )


def _mel(random: Random) -> Case:
    options: dict[str, Any] = {
        "fft_length": random.choice([256, 512, 2048]),
        "sequence_stride": random.choice([1, 64, 100, 512]),
        "sequence_length": random.choice([128, 400, 2048, None]),
        "window": random.choice(["hamming", None]),
        "sampling_rate": random.choice([8000, 44100]),
        "num_mel_bins": random.choice([1, 40, 80]),
        "min_freq": 10.0,
        "max_freq": random.choice([4000, None]),
        "power_to_db": False,
        "top_db": 60.0,
        "nonsense": 1,
    }
    args = {name: value for name, value in options.items() if _given(random, 0.06 if name == "nonsense" else 0.4)}
    shape = (_batch(random), *(_size(random, 1, 30000, 0.15) for _ in range(random.choice([0, 1, 1, 1, 1, 2]))))
    return Case(
        "MelSpectrogram", args, [shape], dtype=random.choice(["float32", "int32"]), policy=random.choice(POLICIES)
    )


PREPROCESSING = (
    *(_augmentations(number, 7) for number in range(7)),
    preprocessing_sizes,
    preprocessing_categories,
    preprocessing_lookups,
    preprocessing_texts,
    preprocessing_spectrograms,
)
