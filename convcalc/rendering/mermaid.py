"""The graph of a report in the language of Mermaid, which GitHub and GitLab draw where it stands in Markdown."""

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

# A label is read as HTML, as Markdown and for entities: what may mean something there is written as an entity of Mermaid's.
_MEANT = re.compile(r"[^\w \-(),:\x80-\U0010ffff]|^[- ]|(?<![^\W_])_|_(?![^\W_])")

# What Mermaid draws at most, as it stands: its maxTextSize and maxEdges, which a text cannot raise.
MOST_CHARACTERS, MOST_EDGES = 50_000, 500


def mermaid_text(graph: Graph) -> str:
    """A flowchart: inputs have round ends, outputs a thick border, nested models are subgraphs."""
    title = json.dumps(visible(graph.title), ensure_ascii=False)
    return f"---\ntitle: {title}\n---\nflowchart TB\n" + "".join(f"  {line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield from _inside(graph, "")
    for edge in graph.edges:
        label = f"|{_quoted(edge.label)}|" if edge.label else ""
        yield f"{edge.source} -->{label} {edge.target}"
    if graph.outputs:
        yield "classDef output stroke-width:4px"
        yield f"class {','.join(node.id for node in graph.nodes if node.id in graph.outputs)} output"


def _inside(graph: Graph, group: str) -> Iterator[str]:
    """What stands in a group."""
    for node in graph.nodes:
        if node.group == group:
            left, right = ("([", "])") if node.id in graph.inputs else ("[", "]")
            yield f"{node.id}{left}{_quoted(*node.lines)}{right}"
    for inner in graph.groups:
        if inner.group == group:
            yield f"subgraph {inner.id}[{_quoted(inner.title)}]"
            yield from (f"  {line}" for line in _inside(graph, inner.id))
            yield "end"


def _quoted(*lines: str) -> str:
    return '"' + "<br/>".join(_MEANT.sub(lambda sign: f"#{ord(sign[0])};", visible(line)) for line in lines) + '"'


def mermaid_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """The graph of each report. A note says if Mermaid refuses it."""
    for report in reports:
        drawing = graph(report, request.depth)
        text = mermaid_text(drawing)
        if len(text) > MOST_CHARACTERS or len(drawing.edges) > MOST_EDGES:
            request.note(
                "Mermaid refuses a graph of this size unless its maxTextSize and maxEdges are raised; dot does not"
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
