"""The graph of a report as data: nodes are layers, edges are tensors. The formats ``mermaid`` and ``dot`` draw it.

A nested model whose layers are shown is a group of nodes. An edge to a nested model ends at the node of the nested
model's input. An edge from a nested model begins at the node of its output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from convcalc.analyse.report import LayerReport, Report
from convcalc.base.structs import Struct
from convcalc.base.text import number_text, shapes_text
from convcalc.model import Model, Ref

# The name of a tensor, such as "lstm[0][1]": the layer, the number of the call and the number of the output.
_TENSOR = re.compile(r"(.*)(\[\d+\]\[(\d+)\])", re.DOTALL)


class Node(Struct):
    """A layer in the graph.

    ``lines`` is the label of the node. ``group`` is the id of the group that contains the node, or empty.
    """

    id: str
    lines: tuple[str, ...]
    group: str = ""


class Group(Struct):
    """A nested model whose layers are shown.

    ``group`` is the id of the group that contains this group, or empty.
    """

    id: str
    title: str
    group: str = ""


class Edge(Struct):
    """A tensor from one node to another. The label has the numbers of the call and of the output, unless both are 0."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes and groups of a graph, in the order of the summary.

    ``inputs`` and ``outputs`` are the ids of the nodes of the model's inputs and outputs.
    """

    title: str
    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    inputs: frozenset[str]
    outputs: frozenset[str]


def graph(report: Report, depth: int = 0) -> Graph:
    """Returns the graph of a report. ``depth`` is the number of levels of nested models whose layers are shown."""
    builder = _GraphBuilder()
    rows = [row for row in report.layers if row.depth <= depth]
    top = builder.level(report.model, rows, "")
    edges = tuple(_edges(top))
    inputs = [top.target(_layer(report.model, ref), 0) for ref in report.model.inputs]
    outputs = [top.source(_layer(report.model, ref), ref.output) for ref in report.model.outputs]
    title = f'Model: "{report.model.name}"'
    return Graph(title, tuple(builder.nodes), tuple(builder.groups), edges, frozenset(inputs), frozenset(outputs))


@dataclass
class _Level:
    """A model whose layers are shown.

    Attributes:
        model: The model whose layers are shown.
        rows: The rows of the model's layers.
        nodes: Maps the name of a layer to the id of its node.
        opened: The levels of the nested models whose layers are shown, by name.
    """

    model: Model
    rows: list[LayerReport] = field(default_factory=list)
    nodes: dict[str, str] = field(default_factory=dict)
    opened: dict[str, _Level] = field(default_factory=dict)

    def source(self, name: str, output: int) -> str:
        """Returns the id of the node that computes an output of the layer ``name``."""
        level = self
        while name in level.opened:
            level = level.opened[name]
            outputs = level.model.outputs
            # a Sequential lists only the first output of its last layer in ``outputs``
            ref = outputs[output] if output < len(outputs) else outputs[-1]._replace(output=output)
            name, output = _layer(level.model, ref), ref.output
        return level.nodes[name]

    def target(self, name: str, number: int) -> str:
        """Returns the id of the node that receives an input of the layer ``name``.

        A nested model has no input for a mask, so the edge of a mask ends at the node of the first input.
        """
        level = self
        while name in level.opened:
            level = level.opened[name]
            inputs = level.model.inputs
            name = _layer(level.model, inputs[number if number < len(inputs) else 0])
        return level.nodes[name]


@dataclass
class _GraphBuilder:
    """Collects nodes and groups."""

    nodes: list[Node] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def level(self, model: Model, rows: Sequence[LayerReport], group: str) -> _Level:
        """Adds the nodes of a model and of the nested models whose layers are shown.

        Returns the level of the model.
        """
        level = _Level(model)
        nested = {layer.name: layer.model for layer in model.layers}
        for name, shape in _inputs_without_rows(model, rows):
            level.nodes[name] = self._node((f"{name} (InputLayer)", shape), group)
        for row, inside in _rows_with_inner(rows):
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


def _rows_with_inner(rows: Sequence[LayerReport]) -> Iterator[tuple[LayerReport, list[LayerReport]]]:
    """Yields each row of one level, with the rows of the layers inside it."""
    start = 0
    while start < len(rows):
        end = start + 1
        while end < len(rows) and rows[end].depth > rows[start].depth:
            end += 1
        yield rows[start], list(rows[start + 1 : end])
        start = end


def _inputs_without_rows(model: Model, rows: Sequence[LayerReport]) -> Iterator[tuple[str, str]]:
    """Yields the name and the shape of each input that has no row: a summary of a Sequential does not show inputs."""
    level_rows = [row for row, _ in _rows_with_inner(rows)]
    names = [_layer(model, ref) for ref in model.inputs]
    for name in sorted({*names} - {row.name for row in level_rows}, key=names.index):
        received = ((call.inputs, call.input_shapes) for row in level_rows for call in row.calls)
        shapes = [shape for tensors in received for tensor, shape in zip(*tensors) if _split(tensor)[0] == name]
        yield name, shapes_text(shapes[:1])


def _lines(row: LayerReport) -> tuple[str, ...]:
    """Returns the label of a layer: its name and class, and its output shapes.

    The number of parameters follows unless it is 0.
    """
    params = number_text(row.params, row.incomplete.get("params"))
    lines = (f"{row.name} ({row.class_name})", shapes_text(row.output_shapes, row.may_have_more_outputs))
    return lines if params == "0" else (*lines, f"{params} params")


def _split(tensor: str) -> tuple[str, int, str]:
    """Splits the name of a tensor into layer, output number and rest: ``lstm[0][1]`` → ``("lstm", 1, "[0][1]")``."""
    match = _TENSOR.fullmatch(tensor)
    assert match is not None, tensor
    return match[1], int(match[3]), match[2]


def _edges(level: _Level) -> Iterator[Edge]:
    """Yields the edges to the layers of a level, call by call.

    Also yields the edges inside nested models whose layers are shown.
    """
    for row in level.rows:
        for call in row.calls:
            for number, tensor in enumerate(call.inputs):
                name, output, numbers = _split(tensor)
                label = "" if numbers == "[0][0]" else numbers
                yield Edge(level.source(name, output), level.target(row.name, number), label)
        if row.name in level.opened:
            yield from _edges(level.opened[row.name])
