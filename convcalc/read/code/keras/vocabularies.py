"""The vocabulary of layers that look up words or numbers: given, adapted to data, or unknown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.read.code.data.arrays import as_array
from convcalc.read.code.keras.graph import LayerValue, engine_size, program_size
from convcalc.read.code.language.values import MISSING, FunctionValue, Native, Spot, Unknown, UnknownNumber

_PUNCTUATION = re.compile(r"[!\"#$%&()*+,\-./:;<=>?@\[\]^_`{|}~\\']")


def has_vocabulary(layer: LayerValue) -> bool:
    """Returns True for a layer that looks up words or numbers in a vocabulary."""
    definition = layer.definition
    return layer.cls is None and isinstance(definition, LayerDefinition) and definition.records_vocabulary_size


def vocabulary_attribute(layer: LayerValue, name: str) -> Any:
    """Returns a method of a layer with a vocabulary, or MISSING."""
    methods = {
        "adapt": _adapt,
        "set_vocabulary": _set,
        "get_vocabulary": _tokens,
        "vocabulary_size": _size,
    }
    method = methods.get(name)
    return (
        MISSING if method is None else Native(name, lambda run, args, kwargs, at: method(run, layer, args, kwargs, at))
    )


def _adapt(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    data = args[0] if args else kwargs.get("data")
    array = as_array(data)
    flat = array.flat if array is not None else None
    words = None if flat is None or run.doubt is not None else _words(layer, flat)
    if words is not None:
        limit = layer.args.get("max_tokens")
        listed = list(dict.fromkeys(words))
        if isinstance(limit, int):
            listed = listed[: max(1, limit - len(_special(layer)))]
        layer.args = {**layer.args, "vocabulary": tuple(listed)}
        return
    text = "the vocabulary is unknown, because the data to which the layer adapts are not part of the code"
    open_vocabulary(run, layer, text, spot)


def open_vocabulary(run: Any, layer: LayerValue, text: str, spot: Spot) -> None:
    """Gives a name to the unknown size of a layer's vocabulary. ``text`` is the reason why it is unknown."""
    name = f"{layer.name}.vocabulary_size"
    given = run.settings.get(name)
    reason = Unknown(text, spot, name)
    size = given if isinstance(given, int) else UnknownNumber(reason.reason, spot, name)
    layer.args = {**layer.args, "vocabulary_size": engine_size(size)}
    mode = layer.args.get("output_mode", "int")
    if not isinstance(size, int) and mode != "int" and layer.args.get("pad_to_max_tokens") is not True:
        text = f"{layer.class_name}'s `vocabulary_size` is `{name}`, which is unknown: {reason.reason}"
        layer.unknown = layer.unknown or Unknown(text, spot, name)


def _words(layer: LayerValue, values: Sequence[Any]) -> list[Any] | None:
    """Returns the tokens in data; None if the layer splits texts in a way that is not supported."""
    standard = ("standardize", "split", "ngrams")
    if "split" not in layer.definition.rule_arguments(layer.args):
        return list(values)
    if any(name in layer.given for name in standard) or not all(isinstance(value, str) for value in values):
        return None
    return [word for value in values for word in _PUNCTUATION.sub("", value.lower()).split()]


def _set(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    value = args[0] if args else kwargs.get("vocabulary")
    array = as_array(value)
    if array is not None and array.flat is not None and run.doubt is None:
        layer.args = {**layer.args, "vocabulary": tuple(array.flat)}
    else:
        _adapt(run, layer, [None], {}, spot)


def _special(layer: LayerValue) -> list[Any]:
    """Returns the tokens before the words: for masks and for unknown words."""
    arguments = layer.definition.rule_arguments(layer.args)
    mask, unknown = (
        arguments.get("mask_token", ""),
        arguments.get("oov_token", "[UNK]"),
    )  # or those of a layer that splits
    count = arguments.get("num_oov_indices", 1)
    return [*([mask] if mask is not None and arguments["output_mode"] == "int" else []), *[unknown] * int(count)]


def _tokens(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    words = layer.args.get("vocabulary")
    if not isinstance(words, (list, tuple)):
        return run.unknown(f"the vocabulary of `{layer.name}` is unknown", spot)
    special = _special(layer)
    words = list(words)[len(special) :] if list(words[: len(special)]) == special else list(words)
    with_special = kwargs.get("include_special_tokens", args[0] if args else True)
    return [*special, *words] if with_special else words


def _size(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    words = _tokens(run, layer, [], {}, spot)
    if isinstance(words, list):
        return len(words)
    size = program_size(layer.args.get("vocabulary_size"))
    return size if size is not None else UnknownNumber(f"the vocabulary of `{layer.name}` is unknown", spot)


def plain_text_arguments(args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Returns the arguments of a TextVectorization without functions: they do not change the shape of its output."""
    is_function = (FunctionValue, Native)
    kwargs = {
        name: value
        for name, value in kwargs.items()
        if name not in ("standardize", "split") or not isinstance(value, is_function)
    }
    args = [
        ("lower", "whitespace")[at - 1] if at in (1, 2) and isinstance(value, is_function) else value
        for at, value in enumerate(args)
    ]
    return args, kwargs
