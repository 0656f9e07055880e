"""Masks: which steps of a sequence count. Keras makes and hands them on while layers are called.

A layer's mask rule gets its arguments, the tensors of a call and their masks (None where there is none), all of which it only
passes on, and gives the masks of its outputs, the first first. A mask that is worked out is :class:`Computed`.

Sources: ``compute_mask`` of the layers, and ``Layer.__call__`` in ``keras/src/layers/layer.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any


class Computed:
    """A mask that an operation of ``keras.ops`` makes. Arguments hold tensors, masks, lists of them, and plain values."""

    __slots__ = ("call", "made", "module", "name")

    def __init__(self, name: str, call: Mapping[str, Any], module: str = "numpy", **made: Any) -> None:
        self.name = name
        self.module = module
        self.call = call
        self.made = made


Given = Sequence[Any]


def keeps(a: Mapping[str, Any], inputs: Given, masks: Given) -> Given:
    """The mask of the first input goes on."""
    return masks[:1]


def loses(a: Mapping[str, Any], inputs: Given, masks: Given) -> Given:
    """No output has a mask."""
    return ()


def sequences(a: Mapping[str, Any], inputs: Given, masks: Given) -> Given:
    """The mask goes on where the layer returns sequences."""
    return masks[:1] if a["return_sequences"] else ()


def either(a: Mapping[str, Any], inputs: Given, masks: Given) -> Given:
    """Where all inputs have masks, a step counts that counts in one of them."""
    if any(mask is None for mask in masks):
        return ()
    return (reduce(lambda one, other: Computed("LogicalOr", {"x1": one, "x2": other}), masks),)


def joined(a: Mapping[str, Any], inputs: Given, masks: Given) -> Given:
    """The masks are joined as the inputs are; an input without one counts everywhere."""
    if all(mask is None for mask in masks):
        return ()
    whole = [_whole(each, mask) for each, mask in zip(inputs, masks)]
    return (Computed("Any", {"x": Computed("Concatenate", {"xs": whole}, axis=a["axis"])}, axis=-1),)


def _whole(tensor: Any, mask: Any) -> Computed:
    """A mask with the axes of its tensor. (Keras leaves it as it is where it has as many axes already, which no mask that
    the catalogue's layers make has.)
    """
    if mask is None:
        return Computed("OnesLike", {"x": tensor}, dtype="bool")
    wider = Computed("ExpandDims", {"x": mask}, axis=-1)
    return Computed("LogicalOr", {"x1": wider, "x2": Computed("ZerosLike", {"x": tensor}, dtype="bool")})
