"""The graph of a report in DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from convcalc.base.text import visible
from convcalc.rendering.graph import Graph, Node, graph
from convcalc.rendering.output_format import FormatRequest, OutputFormat

if TYPE_CHECKING:
    from convcalc.analyse.study import Study

_HEAD = """\
digraph {{
  label={title}
  labelloc=t
  fontname="Helvetica"
  node [shape=box, style=rounded, fontname="Helvetica"]
  edge [fontname="Helvetica", fontsize=10]
"""


def dot_text(graph: Graph) -> str:
    """Returns a directed graph. Inputs are ellipses, outputs have a bold border, nested models are clusters."""
    return _HEAD.format(title=_quoted(graph.title)) + "".join(_lines(graph)) + "}\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield from _group_lines(graph, "", "  ")
    for edge in graph.edges:
        label = f" [label={_quoted(edge.label)}]" if edge.label else ""
        yield f"  {edge.source} -> {edge.target}{label}\n"


def _group_lines(graph: Graph, group: str, indent: str) -> Iterator[str]:
    """Yields the lines for the nodes and groups that are inside a group."""
    for node in graph.nodes:
        if node.group == group:
            yield f"{indent}{node.id} [label={_quoted(*node.lines)}{_style(graph, node)}]\n"
    for inner in graph.groups:
        if inner.group == group:
            yield f"{indent}subgraph cluster_{inner.id} {{\n{indent}  label={_quoted(inner.title)}\n"
            yield from _group_lines(graph, inner.id, indent + "  ")
            yield f"{indent}}}\n"


def _style(graph: Graph, node: Node) -> str:
    shape = ", shape=ellipse" if node.id in graph.inputs else ""
    return shape + (', style="rounded,bold"' if node.id in graph.outputs else "")


def _quoted(*lines: str) -> str:
    """Returns the lines as one quoted string, with escapes and entities escaped."""
    return '"' + "\\n".join(map(_escaped, lines)) + '"'


def _escaped(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def dot_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Yields the graph of each report."""
    return (dot_text(graph(report, request.depth)) for report in reports)


FORMATS = (OutputFormat("dot", (".dot", ".gv"), options=("depth",), reports="convcalc.rendering.dot:dot_reports"),)
