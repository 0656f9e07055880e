"""The page ``docs/formats.md``: every format with a sample."""

from __future__ import annotations

from convcalc import Report, infer
from convcalc.base.problems import Source
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.formats import REPORT_FORMATS, FormatRequest, write_reports
from tests.generators.reports import NESTED

HEAD = """\
# Formats

`convcalc summary MODEL --format NAME` writes any of these, and `-o FILE` writes it to a file, whole or not at all; where there is no
`--format`, the file's ending says which. In Python, `convcalc.render(report, NAME)` returns the text, and a report at the end of
a notebook's cell is shown as HTML. Names in a model cannot break out of any format: each writes what would mean something to it in
another way, and characters that steer a terminal or hide are written out everywhere (`\\x1b`). This page is made by
`python -m tests.regenerate.docs`.

| format | endings | options that go with it | several models |
|---|---|---|---|
"""

SMALL = """\
name: small
input: [28, 28, 1]
layers:
  - Conv2D: {filters: 8, kernel_size: 3, name: edges}
  - Flatten
  - Dense: {units: 10, name: digits}
"""

# A description of each format, and the language of its samples for syntax highlighting.
ABOUT = {
    "table": (
        "text",
        "For people, in a terminal: as wide as that is, in colour. In a pipe and in a file as wide as it "
        "needs, without.",
    ),
    "keras": (
        "text",
        "What `model.summary()` of Keras 3 prints, to the letter.",
    ),
    "keras2": (
        "text",
        "What `model.summary()` of Keras 2 prints, to the letter.",
    ),
    "json": (
        "json",
        "The whole report, `schema_version` 1: one object, or a list of them where several models are given.",
    ),
    "jsonl": (
        "json",
        "The same report on one line, a line for each model as it is read: for `jq` and for long lists of models.",
    ),
    "csv": (
        "csv",
        "For programs and spreadsheets (RFC 4180, UTF-8). Numbers have no separators, columns the names that "
        "`--columns` takes. What is not known is an empty cell, and the last column says so (`macs=unknown`, "
        "`params=partial` for a lower bound). With `--depth` each row has its `path` and `depth`; with "
        "several models there is one header and a first column `model`. A text that begins with `=`, `+`, `-` "
        "or `@`, which a spreadsheet would run, has an apostrophe before it.",
    ),
    "markdown": (
        "markdown",
        "A table of GitHub's Markdown, for a README or a pull request. `@`, `#` and `$` in names stand in "
        "code, so that nobody is mentioned.",
    ),
    "html": (
        "html",
        "One page that needs nothing besides: no script, no other file; light or dark as the reader's system "
        "is. A notebook shows the same table.",
    ),
    "latex": (
        "latex",
        "A `longtable` with the rules of `booktabs`, which goes on over pages with its header on each. (Those "
        "packages are in every distribution; in a document of two columns, where there is no `longtable`, put "
        "`\\onecolumn` before it.)",
    ),
    "mermaid": (
        "mermaid",
        "The model as a graph, which GitHub and GitLab draw where it stands in Markdown. Inputs have round "
        "ends, outputs a thick border; a tensor that is not the first output of a layer's first call is named "
        "as Keras names it, `[1][0]`. `--depth` opens nested models. Mermaid draws no more than 500 edges and "
        "50,000 characters unless the page is set up for more; a note on standard error says so.",
    ),
    "dot": (
        "dot",
        "The same graph for Graphviz: `convcalc summary MODEL --format dot | dot -Tsvg -o model.svg`. It "
        "draws the largest.",
    ),
}


_MOST_JSON = 900  # characters of a report


def page() -> str:
    """Returns the whole page."""
    small, pair = (
        infer(read_spec(Source(f"{name}.yaml", text))) for name, text in (("small", SMALL), ("pair", NESTED))
    )
    parts = [
        HEAD + "".join(map(_row, REPORT_FORMATS)),
        f"The samples are of this model, `small.yaml`:\n\n{_fenced('yaml', SMALL)}",
    ]
    parts.append(f"and those of graphs of this one, `pair.yaml`:\n\n{_fenced('yaml', NESTED.lstrip())}")
    for name in REPORT_FORMATS:
        language, about = ABOUT[name]
        report, depth = (pair, 1) if name in ("mermaid", "dot") else (small, 0)
        command = f"convcalc summary {report.model.source} --format {name}{' --depth 1' * depth}"
        parts.append(f"## {name}\n\n{about}\n\n`{command}`\n\n{_fenced(language, _sample(name, report, depth))}")
    return "\n".join(parts)


def _row(name: str) -> str:
    endings = ", ".join(f"`{ending}`" for ending in REPORT_FORMATS[name].endings)
    options = ", ".join(f"`--{option.replace('_', '-')}`" for option in REPORT_FORMATS[name].options)
    return f"| [{name}](#{name}) | {endings or '–'} | {options} | {'yes' if REPORT_FORMATS[name].several else 'no'} |\n"


def _sample(name: str, report: Report, depth: int) -> str:
    text = "".join(write_reports(REPORT_FORMATS[name], [report], FormatRequest(depth=depth)))
    # The complete JSON would be the longest part of the page.
    return f"{text[:_MOST_JSON].rstrip()} …\n" if name in ("json", "jsonl") else text


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.replace(chr(13), '')}```\n"
