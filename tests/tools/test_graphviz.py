"""Tests that Graphviz reads and draws convcalc's DOT files.

The nodes, edges and clusters must agree with the report, and the labels must be unchanged.
"""

import json
import subprocess
from collections import Counter
from xml.etree import ElementTree

import pytest

from convcalc.base.text import visible
from convcalc.rendering.dot import dot_text
from convcalc.rendering.graph import Graph, graph
from tests.generators import reports as graphs

SVG = "{http://www.w3.org/2000/svg}"


def dot(text: str, format: str) -> str:
    done = subprocess.run(
        ["dot", f"-T{format}"], input=text, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("depth", [0, 5])
def test_graphviz_reads_the_graph_of_every_report(depth: int) -> None:
    for name, report in graphs.every().items():
        drawing = graph(report, depth)
        read = json.loads(dot(dot_text(drawing), "dot_json"))
        objects = read.get("objects", [])
        names = {each["_gvid"]: each["name"] for each in objects}
        nodes = [each for each in objects if "nodes" not in each and "subgraphs" not in each]
        assert {each["name"] for each in nodes} == {node.id for node in drawing.nodes}, name
        edges = Counter((names[edge["tail"]], names[edge["head"]], edge.get("label", "")) for edge in read["edges"])
        assert edges == Counter((edge.source, edge.target, edge.label) for edge in drawing.edges), name
        clusters = {each["name"]: each for each in objects if each["name"].startswith("cluster_")}
        assert clusters.keys() == {f"cluster_{group.id}" for group in drawing.groups}, name
        for group in drawing.groups:
            inside = {names[number] for number in clusters[f"cluster_{group.id}"]["nodes"]}
            assert {node.id for node in drawing.nodes if node.group == group.id} <= inside


@pytest.mark.parametrize("name", ["nested", "hostile", "unet", "convnext_tiny"])
def test_graphviz_draws_the_exact_labels(name: str) -> None:
    drawing = graph(graphs.every()[name], 5)
    assert drawn_labels(drawing) == {node.id: [visible(line) for line in node.lines] for node in drawing.nodes}


def drawn_labels(drawing: Graph) -> dict[str, list[str]]:
    """Returns the lines of text in each node of the picture."""
    picture = ElementTree.fromstring(dot(dot_text(drawing), "svg"))
    nodes = [group for group in picture.iter(f"{SVG}g") if group.get("class") == "node"]
    assert not list(picture.iter(f"{SVG}a")), "a name became a link"
    return {
        node.findtext(f"{SVG}title", ""): [_blanks(text.text or "") for text in node.iter(f"{SVG}text")]
        for node in nodes
    }


def _blanks(text: str) -> str:
    """Replaces non-breaking spaces by spaces. Graphviz writes spaces as non-breaking spaces in SVG."""
    return text.replace("\xa0", " ")
