"""The graph of a report as data: the layers, and the tensors that go from one to another. Mermaid and DOT draw it.

A nested model that is opened is a group with nodes of its own; a tensor that reaches it goes to its inputs, and what it gives
comes from its outputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from convcalc.analyse.report import LayerReport, Report
from convcalc.base.structs import Struct
from convcalc.base.text import number_text, shapes_text
from convcalc.model import Model, Ref

# A tensor as a report names it: the layer, which of its calls, which of the outputs.
_TENSOR = re.compile(r"(.*)(\[\d+\]\[(\d+)\])", re.DOTALL)


class Node(Struct):
    """A layer: an id of our own, the lines that say what it is, and the group that it stands in."""

    id: str
    lines: tuple[str, ...]
    group: str = ""


class Group(Struct):
    """A nested model that is opened, and the group around it; what stands in none has the empty name for it."""

    id: str
    title: str
    group: str = ""


class Edge(Struct):
    """A tensor that goes from one node to another; the label says which where it is not the first of the first call."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and groups in the order of the summary; ``inputs`` and ``outputs`` are the nodes where the model's are."""

    title: str
    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    inputs: frozenset[str]
    outputs: frozenset[str]


def graph(report: Report, depth: int = 0) -> Graph:
    """The graph of a report, with so many levels of nested models opened."""
    drawing = _Drawing()
    rows = [row for row in report.layers if row.depth <= depth]
    top = drawing.level(report.model, rows, "")
    edges = tuple(_edges(top))
    inputs = [top.target(_layer(report.model, ref), 0) for ref in report.model.inputs]
    outputs = [top.source(_layer(report.model, ref), ref.output) for ref in report.model.outputs]
    title = f'Model: "{report.model.name}"'
    return Graph(title, tuple(drawing.nodes), tuple(drawing.groups), edges, frozenset(inputs), frozenset(outputs))


@dataclass
class _Level:
    """A model whose layers are shown: their rows, their nodes by name, and the levels of those that are opened."""

    model: Model
    rows: list[LayerReport] = field(default_factory=list)
    nodes: dict[str, str] = field(default_factory=dict)
    opened: dict[str, _Level] = field(default_factory=dict)

    def source(self, name: str, output: int) -> str:
        """The node that a tensor comes from."""
        level = self
        while name in level.opened:
            level = level.opened[name]
            ref = level.model.outputs[output]
            name, output = _layer(level.model, ref), ref.output
        return level.nodes[name]

    def target(self, name: str, number: int) -> str:
        """The node that an input of a layer goes to. A mask, which is none of a model's inputs, goes to the first."""
        level = self
        while name in level.opened:
            level = level.opened[name]
            inputs = level.model.inputs
            name = _layer(level.model, inputs[number if number < len(inputs) else 0])
        return level.nodes[name]


@dataclass
class _Drawing:
    """The nodes and groups as they are found."""

    nodes: list[Node] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def level(self, model: Model, rows: Sequence[LayerReport], group: str) -> _Level:
        """The nodes of a model's layers, and of what is opened of them."""
        level = _Level(model)
        nested = {layer.name: layer.model for layer in model.layers}
        for name, shape in _inputs_without_rows(model, rows):
            level.nodes[name] = self._node((f"{name} (InputLayer)", shape), group)
        for row, inside in _apart(rows):
            level.rows.append(row)
            inner = nested[row.name]
            if inside and inner is not None:
                opened = Group(f"g{len(self.groups) + 1}", f"{row.name} ({row.class_name})", group)
                self.groups.append(opened)
                level.opened[row.name] = self.level(inner, inside, opened.id)
            else:
                level.nodes[row.name] = self._node(_lines(row), group)
        return level

    def _node(self, lines: tuple[str, ...], group: str) -> str:
        self.nodes.append(Node(f"n{len(self.nodes) + 1}", lines, group))
        return self.nodes[-1].id


def _layer(model: Model, ref: Ref) -> str:
    return model.layer_of(ref).name


def _apart(rows: Sequence[LayerReport]) -> Iterator[tuple[LayerReport, list[LayerReport]]]:
    """The rows of one level, each with those of its nested model."""
    start = 0
    while start < len(rows):
        end = start + 1
        while end < len(rows) and rows[end].depth > rows[start].depth:
            end += 1
        yield rows[start], list(rows[start + 1 : end])
        start = end


def _inputs_without_rows(model: Model, rows: Sequence[LayerReport]) -> Iterator[tuple[str, str]]:
    """The inputs of a Sequential, which no summary lists, and their shapes."""
    own = [row for row, _ in _apart(rows)]
    names = [_layer(model, ref) for ref in model.inputs]
    for name in sorted({*names} - {row.name for row in own}, key=names.index):
        taken = ((call.inputs, call.input_shapes) for row in own for call in row.calls)
        shapes = [shape for tensors in taken for tensor, shape in zip(*tensors) if _split(tensor)[0] == name]
        yield name, shapes_text(shapes[:1])


def _lines(row: LayerReport) -> tuple[str, ...]:
    """What a node says of its layer: its name and class, what it gives, and its parameters where it has any."""
    params = number_text(row.params, row.incomplete.get("params"))
    said = (f"{row.name} ({row.class_name})", shapes_text(row.output_shapes))
    return said if params == "0" else (*said, f"{params} params")


def _split(tensor: str) -> tuple[str, int, str]:
    """The layer that a tensor comes from, which of the outputs it is, and both numbers as they are written."""
    match = _TENSOR.fullmatch(tensor)
    assert match is not None, tensor
    return match[1], int(match[3]), match[2]


def _edges(level: _Level) -> Iterator[Edge]:
    """The tensors that go to the layers of a level, call by call, and those in what is opened of it."""
    for row in level.rows:
        for call in row.calls:
            for number, tensor in enumerate(call.inputs):
                name, output, which = _split(tensor)
                label = "" if which == "[0][0]" else which
                yield Edge(level.source(name, output), level.target(row.name, number), label)
        if row.name in level.opened:
            yield from _edges(level.opened[row.name])
