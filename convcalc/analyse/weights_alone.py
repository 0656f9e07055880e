"""Finds the weights of a layer whose input shapes are unknown.

The layer's rule runs on sample shapes. The result is valid if it has no weights, or if the file stores weights of the
same shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.problems import Refusal
from convcalc.layers import Inferred, LayerDefinition
from convcalc.model import Layer, StoredWeight

ApplyRule = Callable[[LayerDefinition, Any, Sequence[Any], str], Inferred]

_MAX_RANK = 5
_MAX_SIZES = 12
_SOME_SIZE = 64


def weights_alone(layer: Layer, definition: LayerDefinition, count: int, apply_rule: ApplyRule) -> Inferred | None:
    """Returns the rule's result for ``count`` inputs of unknown shapes; None if the weights are unknown.

    Use only its ``weights`` and ``products``: the output shapes belong to a sample shape.
    """
    stored = layer.stored or ()
    for shape in _shapes(definition, layer):
        try:
            inferred = apply_rule(definition, layer.args, (shape,) * count, layer.dtype)
        except Refusal:
            continue
        if "params" in inferred.unknown:
            return None
        if not inferred.weights or _agree(inferred, stored):
            return inferred
    return None


def _agree(inferred: Inferred, stored: Sequence[StoredWeight]) -> bool:
    """Returns True if the file stores weights of exactly the shapes that the rule gives."""
    by_rule = [weight.shape for weight in inferred.weights]
    if any(size is UNKNOWN for shape in by_rule for size in shape):
        return False
    return sorted(by_rule) == sorted(weight.shape for weight in stored)


def _sizes(layer: Layer) -> Sequence[Number]:
    """Returns the sizes to try for the features axis: sizes of the stored weights, and lengths of list arguments."""
    sizes = [size for weight in layer.stored or () for size in weight.shape]
    sizes += [len(value) for value in layer.args.values() if isinstance(value, (list, tuple)) and value]
    return [*list(dict.fromkeys(sizes))[:_MAX_SIZES], UNKNOWN]


def _shapes(definition: LayerDefinition, layer: Layer) -> Iterator[Shape]:
    """Yields the input shapes to try, such as (None, None, 8) and (None, 64, 8) for 8 features.

    The other axes are first unknown, and then have a fixed size.
    """
    if definition.axes is not None:
        ranks: Sequence[int] = [len(definition.axes)]
    else:
        ranks = range(max(1, definition.min_axes), _MAX_RANK)
    first = layer.args.get("data_format") == "channels_first"
    for other in (UNKNOWN, _SOME_SIZE):
        for size in _sizes(layer):
            for rank in ranks:
                others = (other,) * (rank - 1)
                last = other if size is UNKNOWN else size
                yield (UNKNOWN, last, *others) if first else (UNKNOWN, *others, last)[: rank + 1]
    if definition.axes is None and definition.example_input:
        yield (UNKNOWN, *definition.example_input)
