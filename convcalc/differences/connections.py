"""The connections between the layers of a model, in a form that can be compared between two models."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from convcalc.base.structs import Struct
from convcalc.differences.align import Link
from convcalc.stored import Cell, Row

_TENSOR = re.compile(r"(.+)(\[\d+\]\[\d+\])", re.DOTALL)
_OUTSIDE = -1  # stands for a layer that is unknown, or not in the same model


class TensorOrigin(Struct):
    """The layer that outputs a tensor. ``model`` is the name of the model that has the layer; empty if both models have
    it.
    """

    model: str
    layer: int
    tensor: str


def links_of(rows: Sequence[Row]) -> list[tuple[Link, ...]]:
    """Returns the tensors that each layer reads. A layer with unknown inputs is assumed to read the layer above it."""
    names = _Names(rows)
    links: list[tuple[Link, ...]] = []
    for number, row in enumerate(rows):
        if row.sources is None:
            links.append((Link(number - 1, "[0][0]"),) if number else ())
        else:
            links.append(tuple(names.link(source) for source in row.sources))
    return links


def links_of_tensors(rows: Sequence[Row], tensors: Sequence[Cell]) -> tuple[Link, ...]:
    """Returns a link for each tensor of a model with these layers."""
    names = _Names(rows)
    return tuple(map(names.link, tensors))


class _Names:
    """Finds layers by their names, which may be cropped."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._whole: dict[str, int] = {}
        self._cropped: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            if "name" in row.cells and row.cells["name"].cropped:
                self._cropped.setdefault(row.name.partition("…")[0], []).append(number)
            else:
                self._whole[row.name] = number
        self._lengths = {len(beginning) for beginning in self._cropped}

    def link(self, source: Cell) -> Link:
        """Returns a link to the sibling that outputs a tensor.

        The link has the number -1 if no sibling has the name, or if the name is cropped and fits several siblings.
        """
        match = _TENSOR.fullmatch(source.text)
        if match is None:
            return Link(_OUTSIDE, source.text)
        name, tensor = match[1], match[2]
        if name in self._whole:
            return Link(self._whole[name], tensor)
        same_beginning = [number for length in self._lengths for number in self._cropped.get(name[:length], ())]
        candidates = [number for number in same_beginning if self._rows[number].cells["name"].agrees(Cell(name))]
        return Link(candidates[0] if len(candidates) == 1 else _OUTSIDE, tensor)


def tensor_origins(model: str, links: Sequence[Sequence[Link]], shared: Mapping[int, int]) -> list[list[TensorOrigin]]:
    """Returns the origins of each layer's inputs, in a form that is comparable between two models.

    An added layer with one input is skipped. Example: if ``bn`` is inserted in ``conv → relu``, the origin of
    ``relu``'s input is still ``conv``.

    Args:
        model: A name for the model that contains these layers.
        links: The tensors that each layer reads.
        shared: The layers that both models have, as a dict: number in this model → common number.
    """
    skipped: dict[int, TensorOrigin] = {_OUTSIDE: TensorOrigin("", _OUTSIDE, "")}
    origins = []
    for number, layer_links in enumerate(links):
        layer_origins = [
            skipped[link.layer]
            if link.layer in skipped
            else TensorOrigin("", shared[link.layer], link.tensor)
            if link.layer in shared
            else TensorOrigin(model, link.layer, link.tensor)
            for link in layer_links
        ]
        origins.append(layer_origins)
        if number not in shared and len(set(layer_origins)) <= 1:
            skipped[number] = layer_origins[0] if layer_origins else skipped[_OUTSIDE]
    return origins
