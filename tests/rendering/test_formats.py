"""Reads every format with an independent parser.

Each cell must have the original text, even if a name contains the format's special characters.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import convcalc
from convcalc import Report, infer
from convcalc.base.problems import Source
from convcalc.base.text import visible
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.columns import FIELDS
from convcalc.rendering.csv import csv_text
from convcalc.rendering.dot import dot_text
from convcalc.rendering.formats import REPORT_FORMATS
from convcalc.rendering.graph import Edge, Graph, graph
from convcalc.rendering.html import html_fragment, html_page
from convcalc.rendering.latex import latex_text
from convcalc.rendering.markdown import markdown_text
from convcalc.rendering.mermaid import mermaid_text
from convcalc.rendering.sheet import Column, Sheet, with_model
from convcalc.rendering.table import summary_sheet
from tests.generators import hostile_names as hostile
from tests.generators import reports as graphs
from tests.helpers.html_page import Page

UNKNOWN = "input: [8]\nlayers: [{Dense: 3}, {my.Layer: {expect: {output_shape: [null, 3]}}}, {Dense: 2}]"


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    return graphs.every()


def of_text(text: str) -> Report:
    return infer(read_spec(Source("spec", text)))


def hostile_sheet() -> Sheet:
    """Returns a sheet that contains every hostile name in each of its parts: title, heading, text cell, number cell and
    note.
    """
    columns = [Column("Name | `x`"), Column("Number", right=True), Column("<b>Again</b>")]
    rows = [(name, "1,234", name[::-1]) for name in hostile.NAMES]
    return Sheet(hostile.NAMES[0], ("name", "number", "again"), columns, rows, [f" {name}" for name in hostile.NAMES])


def shown(rows: list[tuple[str, ...]]) -> list[list[str]]:
    return [[visible(cell) for cell in row] for row in rows]


# CSV ------------------------------------------------------------------------------------------------------------------


def read_csv(text: str) -> list[list[str]]:
    """Returns the rows without the apostrophe that prevents a spreadsheet from running a cell as a formula."""
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    return [[cell[1:] if re.match(r"'[=+\-@]", cell) else cell for cell in row] for row in rows]


@pytest.mark.slow
def test_csv_has_each_cell_of_each_report(reports: dict[str, Report]) -> None:
    for report in reports.values():
        sheet = summary_sheet(report, list(FIELDS), 5, plain=True)
        header, *rows = read_csv(csv_text(sheet))
        assert header == list(sheet.fields)
        assert rows == shown(sheet.rows)
        by_name = [dict(zip(header, row)) for row in rows]
        assert [int(row["params"]) for row in by_name] == [layer.params for layer in report.layers]
        assert [row["path"] for row in by_name] == [visible(layer.path) for layer in report.layers]


def test_a_spreadsheet_runs_no_cell_and_numbers_stay_numbers() -> None:
    sheet = Sheet("", ("a",), [Column("a")], [[text] for text in (*hostile.NAMES, "-5", "+5", "-0.5", "1e5", "-1-1")])
    cells = [row[0] for row in csv.reader(io.StringIO(csv_text(sheet, header=False), newline=""))]
    for cell in cells:
        assert not cell.startswith(("=", "@", "\t", "\r", "\n"))
        if cell.startswith(("+", "-")):
            float(cell)
    assert cells[-5:] == ["-5", "+5", "-0.5", "1e5", "'-1-1"]


def test_csv_shows_what_is_unknown() -> None:
    report = of_text(UNKNOWN)
    header, *rows = read_csv(csv_text(summary_sheet(report, ["name", "params", "macs", "percent"], plain=True)))
    assert header == ["name", "params", "macs", "percent", "incomplete"]
    assert rows[0] == ["dense", "27", "24", "77.1429", "percent=partial"]
    assert rows[1][1:3] == ["", ""]
    assert rows[1][-1] == "params=unknown; macs=unknown; percent=unknown"


def test_a_lower_bound_is_a_number_with_a_label() -> None:
    text = f"input: [8]\nlayers:\n  - Model: {{name: m, input: [8], layers: {UNKNOWN.split('layers: ')[1]}}}"
    sheet = summary_sheet(of_text(text), ["name", "params"], plain=True)
    assert list(sheet.rows) == [["m", "35", "params=partial"]]


def test_several_models_are_distinguished() -> None:
    sheet = with_model(summary_sheet(graphs.nested(), plain=True), "a,b.yaml")
    rows = read_csv(csv_text(sheet))
    assert {row[0] for row in rows} == {"model", "a,b.yaml"}


# JSON lines -----------------------------------------------------------------------------------------------------------


def test_a_report_is_one_line_of_json(reports: dict[str, Report]) -> None:
    for report in reports.values():
        text = convcalc.render(report, "jsonl")
        assert text.count("\n") == 1
        assert text.endswith("\n")
        assert json.loads(text) == json.loads(convcalc.render(report, "json"))


# HTML -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [lambda sheet: html_page([sheet]), html_fragment])
def test_html_has_each_cell_and_no_other_markup(reports: dict[str, Report], write) -> None:
    for sheet in (hostile_sheet(), *(summary_sheet(report, depth=5) for report in reports.values())):
        text = write(sheet)
        page = Page(text)
        assert page.tables == [[[column.heading for column in sheet.columns], *shown(sheet.rows)]]
        assert page.headings == [visible(sheet.title)]
        assert page.items == [visible(note.strip()) for note in sheet.notes]
        assert page.tags <= {
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "section",
            "h2",
            "table",
            "thead",
            "tbody",
        } | {"tr", "th", "td", "ul", "li"}
        assert page.attributes <= {"lang", "charset", "name", "content", "class", "scope"}
        assert not re.search(r"https?://", re.sub(r"<(td|li|h2)[^>]*>.*?</\1>", "", text)), (
            "the page loads an external file"
        )


def test_a_notebook_shows_a_report() -> None:
    report = graphs.of_spec("lenet5")
    assert Page(report._repr_html_() or "").tables[0][1][0] == "C1 (Conv2D)"


# Markdown -------------------------------------------------------------------------------------------------------------

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def content(token: Token) -> str:
    """Returns the visible text of an inline token. Only text and code are allowed."""
    parts = []
    for child in token.children or []:
        assert child.type in ("text", "text_special", "code_inline"), (child.type, token.content)
        # GitHub gives these characters a special meaning (mentions, issues, formulas) unless they are in a code span.
        assert child.type != "code_inline" or re.fullmatch("[@#$]+", child.content)
        assert child.type == "code_inline" or not re.search(r"[@#$]", child.content)
        parts.append(child.content)
    return "".join(parts).replace("\xa0", " ")


@pytest.mark.slow
def test_markdown_has_each_cell_and_no_markup(reports: dict[str, Report]) -> None:
    for sheet in (hostile_sheet(), *(summary_sheet(report, depth=5) for report in reports.values())):
        tokens = MARKDOWN.parse(markdown_text(sheet))
        inline = [content(token) for token in tokens if token.type == "inline"]
        width = len(sheet.columns)
        title, headings, rest = inline[0], inline[1 : 1 + width], inline[1 + width :]
        cells, notes = rest[: width * len(sheet.rows)], rest[width * len(sheet.rows) :]
        assert title.strip() == visible(sheet.title).strip()
        assert headings == [column.heading for column in sheet.columns]
        wanted = [visible(cell) for row in sheet.rows for cell in row]
        assert [cell.rstrip() for cell in cells] == [cell.rstrip() for cell in wanted]
        assert notes == [visible(note.strip()) for note in sheet.notes]
        kinds = {token.tag for token in tokens} - {""}
        assert kinds <= {"h2", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "p"}
        right = [token.attrs.get("style") == "text-align:right" for token in tokens if token.type == "th_open"]
        assert right == [column.right for column in sheet.columns]


def test_markdown_links_no_address() -> None:
    text = markdown_text(hostile_sheet())
    linked = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert "<a " not in linked
    assert not re.search(r"(?<!\\)(www\.|http://)", text)


# LaTeX ----------------------------------------------------------------------------------------------------------------

LATEX = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "\0",
    r"\textasciicircum{}": "^",
    r"\textasciigrave{}": "`",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\ldots{}": "…",
    r"$\times$": "×",
    r"$\geq$": "≥",
    r"$\leq$": "≤",
    r"$\rightarrow$": "→",
    r"$\hookrightarrow$": "└",
    "$-$": "−",
    "{''}": '"',
    r"\'{e}": "é",
    r"\~{n}": "ñ",
    "{}": "",
    "~": " ",
    **{f"\\{sign}": sign for sign in "#$%&_{}"},
}
_LATEX = re.compile("|".join(sorted(map(re.escape, LATEX), key=len, reverse=True)) + "|(?P<wrong>[\\\\{}$&#^_~%])")


def typeset(text: str) -> str:
    """Returns the text that LaTeX prints for a cell.

    Only the commands that convcalc writes are allowed. Other special characters are errors.
    """

    def one(match: re.Match[str]) -> str:
        assert match["wrong"] is None, text
        return LATEX[match[0]]

    return _LATEX.sub(one, text).replace("\0", "~")


def test_latex_has_each_cell(reports: dict[str, Report]) -> None:
    for sheet in (hostile_sheet(), *(summary_sheet(report, depth=5) for report in reports.values())):
        lines = latex_text(sheet).splitlines()
        rows = lines[lines.index("\\endlastfoot") + 1 : -1]
        cells = [[typeset(cell) for cell in row.removesuffix(" \\\\").split(" & ")] for row in rows]
        # Characters that LaTeX cannot print are escaped.
        wanted = [
            [cell.replace("中文", "\\u4e2d\\u6587").replace("文中", "\\u6587\\u4e2d") for cell in row]
            for row in shown(sheet.rows)
        ]
        assert cells == wanted
        assert not any(row.startswith(("[", "*")) for row in rows)


# Graphs ---------------------------------------------------------------------------------------------------------------


def read_mermaid(text: str) -> tuple[dict[str, list[str]], list[Edge]]:
    """Parses nodes and edges in the form in which convcalc writes them. Any other line is an error."""
    nodes, edges = {}, []
    for line in text.splitlines()[4:]:
        node = re.fullmatch(r' *(n\d+)\(?\["([^"]*)"\]\)?', line)
        edge = re.fullmatch(r' *(n\d+) -->(?:\|"([^"]*)"\|)? (n\d+)', line)
        if node:
            nodes[node[1]] = [_entities(each) for each in node[2].split("<br/>")]
        elif edge:
            edges.append(Edge(edge[1], edge[3], _entities(edge[2] or "")))
        else:
            assert re.fullmatch(r' *(subgraph g\d+\["[^"]*"\]|end|class(Def)? \S+ \S+)', line), line
    return nodes, edges


def _entities(text: str) -> str:
    assert not re.search(r'["`<>\[\]{}|\\*@]', text)
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", text))


def read_dot(text: str) -> tuple[dict[str, list[str]], list[Edge]]:
    nodes, edges = {}, []
    quoted = r'"((?:[^"\\]|\\.)*)"'
    for line in text.splitlines():
        node = re.fullmatch(rf" *(n\d+) \[label={quoted}(, shape=ellipse)?(, style=\"rounded,bold\")?\]", line)
        edge = re.fullmatch(rf" *(n\d+) -> (n\d+)(?: \[label={quoted}\])?", line)
        if node:
            nodes[node[1]] = [_unquoted(each) for each in _lines(node[2])]
        elif edge:
            edges.append(Edge(edge[1], edge[2], _unquoted(edge[3] or "")))
    return nodes, edges


def _lines(label: str) -> list[str]:
    """Returns the lines of a label. The characters ``\\n`` end a line, unless the backslash itself is escaped."""
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[0], label).split("\n")


def _unquoted(text: str) -> str:
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


@pytest.mark.parametrize("depth", [0, 1, 5])
@pytest.mark.parametrize(("write", "read"), [(mermaid_text, read_mermaid), (dot_text, read_dot)])
def test_a_drawing_has_the_nodes_and_edges_of_the_graph(reports: dict[str, Report], write, read, depth: int) -> None:
    for name, report in reports.items():
        drawing = graph(report, depth)
        nodes, edges = read(write(drawing))
        assert nodes == {node.id: [visible(line) for line in node.lines] for node in drawing.nodes}, name
        assert edges == list(drawing.edges), name


def test_a_graph_has_the_tensors_of_the_report(reports: dict[str, Report]) -> None:
    for name, report in reports.items():
        drawing = graph(report)
        called = {node.id: node.lines[0].rpartition(" (")[0] for node in drawing.nodes}
        edges = [(called[edge.source], called[edge.target]) for edge in drawing.edges]
        assert sorted(edges) == sorted(graphs.tensors(report).elements()), name
        assert {called[node] for node in drawing.outputs} == {row.name for row in _ends(report)}, name
        assert all(node in {edge.source for edge in drawing.edges} for node in drawing.inputs), name


def _ends(report: Report) -> list:
    """Returns the rows of the layers that produce the model's outputs."""
    names = {report.model.layers[report.model.calls[ref.call].layer].name for ref in report.model.outputs}
    return [row for row in report.layers if row.depth == 0 and row.name in names]


def named(drawing: Graph) -> list[tuple[str, str, str]]:
    called = {node.id: node.lines[0].rpartition(" (")[0] for node in drawing.nodes}
    return [(called[edge.source], called[edge.target], edge.label) for edge in drawing.edges]


def test_a_shared_model_is_drawn_once_and_opens() -> None:
    closed, opened = graph(graphs.nested()), graph(graphs.nested(), 2)
    assert named(closed) == [
        ("a", "tower", ""),
        ("b", "tower", ""),
        ("tower", "both", ""),
        ("tower", "both", "[1][0]"),
    ]
    assert named(opened) == [
        ("a", "input_layer", ""),
        ("b", "input_layer", ""),
        ("input_layer", "lstm", ""),
        ("lstm", "input_layer_1", "[0][1]"),
        ("input_layer_1", "last", ""),
        ("last", "both", ""),
        ("last", "both", "[1][0]"),
    ]
    assert [(group.id, group.group) for group in opened.groups] == [("g1", ""), ("g2", "g1")]
    assert {node.lines[0]: node.group for node in opened.nodes}["last (Dense)"] == "g2"


DEEP = """
input: [4]
layers:
  - Model:
      name: outer
      input: [4]
      layers:
        - Model:
            name: inner
            input: [4]
            layers: [{Dense: {units: 2, name: p}}, {Dense: {units: 3, name: q}}]
            outputs: [p, q]
      outputs: [[inner, 1]]
  - Dense: {units: 1, name: end}
"""


@pytest.mark.parametrize(("depth", "source", "label"), [(0, "outer", ""), (1, "inner", ""), (2, "q", "")])
def test_an_edge_begins_where_the_tensor_is_made(depth: int, source: str, label: str) -> None:
    edges = named(graph(of_text(DEEP), depth))
    assert (source, "end", label) in edges
    assert len([edge for edge in edges if edge[1] == "end"]) == 1


def test_a_sequential_shows_its_input() -> None:
    drawing = graph(graphs.of_spec("lenet5"))
    assert drawing.nodes[0].lines == ("input_layer (InputLayer)", "(None, 32, 32, 1)")
    assert drawing.inputs == {drawing.nodes[0].id}
    assert drawing.outputs == {drawing.nodes[-1].id}


def test_unknown_numbers_are_shown_in_a_graph() -> None:
    assert [node.lines[-1] for node in graph(of_text(UNKNOWN)).nodes][2] == "? params"


# All formats ----------------------------------------------------------------------------------------------------------


def test_rich_is_imported_only_for_the_terminal() -> None:
    formats = [name for name in REPORT_FORMATS if name not in ("table", "keras", "keras2")]
    code = (
        "import sys, convcalc; report = convcalc.infer(convcalc.load('specs/lenet5.yaml'))\n"
        f"for name in {formats}: convcalc.render(report, name)\n"
        "report._repr_html_(); assert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=graphs.SPECS.parent, timeout=60)


@pytest.mark.slow
def test_ten_thousand_rows_take_seconds() -> None:
    report = graphs.of_spec("lenet5")
    report = replace(report, layers=report.layers * 1250)
    begun = time.process_time()
    for plain, write in ((True, csv_text), (False, markdown_text), (False, latex_text), (False, html_fragment)):
        write(summary_sheet(report, plain=plain))
    assert len(report.layers) == 10_000
    assert time.process_time() - begun < 6


@pytest.mark.slow
@pytest.mark.parametrize("name", REPORT_FORMATS)
def test_every_format_writes_every_report(reports: dict[str, Report], name: str) -> None:
    for report in reports.values():
        text = convcalc.render(report, name)
        assert text.endswith("\n")
        assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", text)
