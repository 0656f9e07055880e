"""Tests Mermaid graphs with Mermaid's parser and renderer in a browser.

The nodes, edges and labels of the picture must agree with the report.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from convcalc.base.text import visible
from convcalc.rendering.graph import Graph, graph
from convcalc.rendering.mermaid import mermaid_text
from tests.generators import reports as graphs
from tests.helpers.html_page import Page
from tests.paths import ROOT
from tests.tools.browser import document

MERMAID = Path(os.environ.get("CONVCALC_MERMAID", ROOT / ".node/node_modules/mermaid/dist/mermaid.min.js"))
# Drawing the largest graphs is slow, so they are only parsed. Mermaid's parser reads all graphs.
MOST_DRAWN = 120

PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<title>mermaid</title>
<ul><li id="result"></li></ul>
<script src="%(mermaid)s"></script>
<script>
const texts = %(texts)s, drawn = %(drawn)s;
mermaid.initialize({startOnLoad: false, maxTextSize: 10000000, maxEdges: 100000});
async function main() {
  const found = {};
  for (const [name, text] of Object.entries(texts)) {
    try {
      await mermaid.parse(text);
      found[name] = {};
      if (!drawn.includes(name)) continue;
      const holder = document.createElement("div");
      holder.innerHTML = (await mermaid.render("m" + Object.keys(found).length, text)).svg;
      holder.querySelectorAll("br").forEach(br => br.replaceWith("\\n"));
      const labels = [...holder.querySelectorAll("g.node")].map(
        node => [node.id, node.querySelector(".nodeLabel").textContent]);
      found[name] = {
        labels,
        edges: holder.querySelectorAll("path.flowchart-link").length,
        edgeLabels: [...holder.querySelectorAll(".edgeLabel .edgeLabel")].map(e => e.textContent).filter(t => t),
        groups: [...holder.querySelectorAll("g.cluster")].map(g => g.querySelector(".nodeLabel").textContent),
        links: holder.querySelectorAll("a, script, img").length,
        outputs: [...holder.querySelectorAll("g.node.output")].map(node => node.id),
      };
    } catch (error) {
      found[name] = {error: String(error)};
    }
  }
  document.getElementById("result").textContent = JSON.stringify(found);
}
main();
</script>
"""


@pytest.fixture(scope="module")
def drawings() -> dict[str, Graph]:
    return {
        f"{name}, depth {depth}": graph(report, depth)
        for name, report in graphs.every().items()
        for depth in ((0, 1, 5) if name == "nested" else (5,))
    }


@pytest.fixture(scope="module")
def found(drawings: dict[str, Graph], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Returns the nodes, edges and labels that Mermaid found in every graph."""
    assert MERMAID.is_file(), "Mermaid is missing; tests/tools/__init__.py says how to install it"
    texts = {name: mermaid_text(drawing) for name, drawing in drawings.items()}
    small = [name for name, drawing in drawings.items() if len(drawing.nodes) <= MOST_DRAWN]
    page = tmp_path_factory.mktemp("mermaid") / "page.html"
    scripts = {"texts": _script(texts), "drawn": _script(small), "mermaid": MERMAID.resolve().as_uri()}
    page.write_text(PAGE % scripts, encoding="utf-8")
    shown = Page(document(page, 600_000))
    assert shown.title[:1] == ["mermaid"]
    result: dict[str, Any] = json.loads(shown.items[0])
    return result


def _script(value: Any) -> str:
    return json.dumps(value).replace("<", "\\u003c")


def test_mermaid_reads_every_graph(found: dict[str, Any], drawings: dict[str, Graph]) -> None:
    assert found.keys() == drawings.keys()
    assert {name: each["error"] for name, each in found.items() if "error" in each} == {}
    assert sum("labels" in each for each in found.values()) >= 20


def test_the_picture_has_the_nodes_and_edges_of_the_report(found: dict[str, Any], drawings: dict[str, Graph]) -> None:
    for name, each in found.items():
        if "labels" not in each:
            continue
        drawing = drawings[name]
        labels = {_id(node): text for node, text in each["labels"]}
        assert labels == {node.id: "\n".join(map(_shown, node.lines)) for node in drawing.nodes}, name
        assert each["edges"] == len(drawing.edges), name
        assert sorted(each["edgeLabels"]) == sorted(edge.label for edge in drawing.edges if edge.label), name
        assert sorted(each["groups"]) == sorted(group.title for group in drawing.groups), name
        assert {_id(node) for node in each["outputs"]} == drawing.outputs, name
        assert each["links"] == 0, name


def _id(element: str) -> str:
    """Returns convcalc's id of a node from the id of an element: ``n2`` from ``m1-flowchart-n2-3``."""
    return element.split("flowchart-")[1].split("-")[0]


def _shown(line: str) -> str:
    r"""Returns a line as Mermaid draws it: with a line break in place of ``\n``."""
    return visible(line).replace("\\n", "\n")
