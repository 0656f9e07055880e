"""A mask is a boolean tensor that is False at the time steps to skip. Keras passes masks from layer to layer.

A mask rule receives the layer's arguments, the tensors of a call and their masks (None: no mask). It returns the masks
of the outputs, in order. A mask that an operation computes is a :class:`Computed`.

Sources: ``compute_mask`` of the layers, and ``Layer.__call__`` in ``keras/src/layers/layer.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any


class Computed:
    """A mask that an operation of ``keras.ops`` computes, such as ``Any(axis=-1)``.

    ``made`` has the arguments of the operation's constructor, ``call`` those of its call: tensors, masks, lists or
    plain values.
    """

    __slots__ = ("call", "made", "module", "name")

    def __init__(self, name: str, call: Mapping[str, Any], module: str = "numpy", **made: Any) -> None:
        self.name = name
        self.module = module
        self.call = call
        self.made = made


Tensors = Sequence[Any]


def keeps(a: Mapping[str, Any], inputs: Tensors, masks: Tensors) -> Tensors:
    """Returns the mask of the first input."""
    return masks[:1]


def loses(a: Mapping[str, Any], inputs: Tensors, masks: Tensors) -> Tensors:
    """Returns no masks: the layer removes the mask."""
    return ()


def sequences(a: Mapping[str, Any], inputs: Tensors, masks: Tensors) -> Tensors:
    """Returns the mask of the first input if the layer returns sequences, otherwise no mask."""
    return masks[:1] if a["return_sequences"] else ()


def either(a: Mapping[str, Any], inputs: Tensors, masks: Tensors) -> Tensors:
    """Returns the union (logical OR) of all masks. If one of the inputs has no mask, returns no mask."""
    if any(mask is None for mask in masks):
        return ()
    return (reduce(lambda x1, x2: Computed("LogicalOr", {"x1": x1, "x2": x2}), masks),)


def joined(a: Mapping[str, Any], inputs: Tensors, masks: Tensors) -> Tensors:
    """Returns the masks of all inputs, concatenated along the same axis as the inputs.

    A missing mask is replaced by True values. If all masks are missing, returns no mask.
    """
    if all(mask is None for mask in masks):
        return ()
    whole = [_whole(tensor, mask) for tensor, mask in zip(inputs, masks)]
    return (Computed("Any", {"x": Computed("Concatenate", {"xs": whole}, axis=a["axis"])}, axis=-1),)


def _whole(tensor: Any, mask: Any) -> Computed:
    """Returns the mask in the shape of its tensor, as ``expand_dims(mask, -1) | zeros_like(tensor)``.

    A missing mask becomes True everywhere.
    """
    if mask is None:
        return Computed("OnesLike", {"x": tensor}, dtype="bool")
    wider = Computed("ExpandDims", {"x": mask}, axis=-1)
    return Computed("LogicalOr", {"x1": wider, "x2": Computed("ZerosLike", {"x": tensor}, dtype="bool")})
