"""The graph of a report in the language of Mermaid. GitHub and GitLab draw Mermaid graphs in Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from convcalc.base.text import visible
from convcalc.rendering.graph import Graph, graph
from convcalc.rendering.output_format import FormatRequest, OutputFormat

if TYPE_CHECKING:
    from convcalc.analyse.study import Study

# Mermaid reads labels as HTML and as Markdown. Characters with a meaning in HTML or Markdown are written as entities.
_SPECIAL = re.compile(r"[^\w \-(),:\x80-\U0010ffff]|^[- ]|(?<![^\W_])_|_(?![^\W_])")

# The default values of Mermaid's limits maxTextSize and maxEdges. The text of a graph cannot change these limits.
MOST_CHARACTERS, MOST_EDGES = 50_000, 500


def mermaid_text(graph: Graph) -> str:
    """Returns a flowchart. Inputs have round ends, outputs have a thick border, and nested models are subgraphs."""
    title = json.dumps(visible(graph.title), ensure_ascii=False)
    return f"---\ntitle: {title}\n---\nflowchart TB\n" + "".join(f"  {line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield from _group_lines(graph, "")
    for edge in graph.edges:
        label = f"|{_quoted(edge.label)}|" if edge.label else ""
        yield f"{edge.source} -->{label} {edge.target}"
    if graph.outputs:
        yield "classDef output stroke-width:4px"
        yield f"class {','.join(node.id for node in graph.nodes if node.id in graph.outputs)} output"


def _group_lines(graph: Graph, group: str) -> Iterator[str]:
    """Yields the lines for the nodes and groups that are inside a group."""
    for node in graph.nodes:
        if node.group == group:
            left, right = ("([", "])") if node.id in graph.inputs else ("[", "]")
            yield f"{node.id}{left}{_quoted(*node.lines)}{right}"
    for inner in graph.groups:
        if inner.group == group:
            yield f"subgraph {inner.id}[{_quoted(inner.title)}]"
            yield from (f"  {line}" for line in _group_lines(graph, inner.id))
            yield "end"


def _quoted(*lines: str) -> str:
    return '"' + "<br/>".join(_SPECIAL.sub(lambda match: f"#{ord(match[0])};", visible(line)) for line in lines) + '"'


def mermaid_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Yields the graph of each report.

    Also shows a note to the user if a graph is so large that Mermaid refuses to draw it.
    """
    for report in reports:
        layers = graph(report, request.depth)
        text = mermaid_text(layers)
        if len(text) > MOST_CHARACTERS or len(layers.edges) > MOST_EDGES:
            request.note(
                "Mermaid refuses a graph of this size unless you raise its maxTextSize and maxEdges; --format dot has no limit"
            )
        yield text


FORMATS = (
    OutputFormat(
        "mermaid",
        (".mmd", ".mermaid"),
        options=("depth",),
        several=False,
        reports="convcalc.rendering.mermaid:mermaid_reports",
    ),
)
