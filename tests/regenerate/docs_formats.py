"""Makes the page ``docs/formats.md``: every format with a sample."""

from __future__ import annotations

from convcalc import Report, infer
from convcalc.base.problems import Source
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.formats import REPORT_FORMATS, FormatRequest, write_reports
from tests.generators.reports import NESTED

HEAD = """\
# Formats

```sh
convcalc summary model.yaml --format csv     # writes CSV to standard output
convcalc summary model.yaml -o model.tex     # writes LaTeX: without --format, the ending of the file decides
```

If `-o FILE` fails, it leaves no partial file. In Python, `convcalc.render(report, NAME)` returns the text; notebooks show a report as
HTML. Every format escapes its special characters in names, and all formats escape control and invisible characters (`\\x1b`).

This page is generated: `python -m tests.regenerate.docs`.

| format | endings | special options | several models |
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

# The description of each format, and the language for the syntax highlighting of its samples.
ABOUT = {
    "table": (
        "text",
        "For people. In a terminal, it has colours and is as wide as the terminal. In a pipe or a file, it has "
        "no colours and is as wide as its longest row. If the terminal is too narrow, shapes are written without the "
        "batch axis, then the frame is left out and cells have several lines, and at last each layer is a paragraph. "
        "Numbers and words are never broken.",
    ),
    "keras": (
        "text",
        "Exactly what `model.summary()` of Keras 3 prints.",
    ),
    "keras2": (
        "text",
        "Exactly what `model.summary()` of Keras 2 prints.",
    ),
    "json": (
        "json",
        "The complete report, `schema_version` 1: one object, or a list of objects for several models. A layer of Python code also has "
        '`made_at`: the file, line and column that make it, such as `{"file": "train.py", "line": 12, "column": 5}`. For a notebook, '
        "the file ends with the cell: `train.ipynb:cell3`.",
    ),
    "jsonl": (
        "json",
        "The same report on one line. Each model is written as soon as it is read, which suits `jq` and many models.",
    ),
    "csv": (
        "csv",
        "For programs and spreadsheets (RFC 4180, UTF-8). Numbers have no separators. The columns have the names "
        "that `--columns` accepts. The cell of an unknown number is empty, and the last column names it: "
        "`macs=unknown`, or `params=partial` for a lower bound. With `--depth`, each row has its `path` and "
        "`depth`. With several models, there is one header and a first column `model`. A spreadsheet would run a "
        "text that begins with `=`, `+`, `-` or `@`, so an apostrophe is put before it.",
    ),
    "markdown": (
        "markdown",
        "A table of GitHub's Markdown, for a README or a pull request. `@`, `#` and `$` in names are "
        "written as code, so that GitHub does not mention people or link issues.",
    ),
    "html": (
        "html",
        "One page without scripts or other files. It is light or dark like the reader's system. Notebooks show "
        "the same table.",
    ),
    "latex": (
        "latex",
        "A `longtable` with the lines of `booktabs`; every LaTeX distribution contains both packages. It can "
        "continue over several pages, with the header on each. `longtable` does not work in two columns: put "
        "`\\onecolumn` before it.",
    ),
    "mermaid": (
        "mermaid",
        "The model as a graph, which GitHub and GitLab draw in Markdown. Inputs have round ends, outputs have a "
        "thick border. A tensor that is not the first output of a layer's first call has Keras's label, such as "
        "`[1][0]`. `--depth` shows the layers of nested models. By default, Mermaid draws at most 500 edges and "
        "50,000 characters; a note on standard error tells you if a graph is larger.",
    ),
    "dot": (
        "dot",
        "The same graph for Graphviz: `convcalc summary MODEL --format dot | dot -Tsvg -o model.svg`. It has no "
        "limit of size.",
    ),
}


_MOST_JSON = 900  # the maximum length of a sample report, in characters


def page() -> str:
    """Returns the whole page."""
    small, pair = (
        infer(read_spec(Source(f"{name}.yaml", text))) for name, text in (("small", SMALL), ("pair", NESTED))
    )
    parts = [
        HEAD + "".join(map(_row, REPORT_FORMATS)),
        f"The samples show this model, `small.yaml`:\n\n{_fenced('yaml', SMALL)}",
    ]
    parts.append(f"The samples of graphs show another model, `pair.yaml`:\n\n{_fenced('yaml', NESTED.lstrip())}")
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
    # The sample is shortened, because the complete JSON report would be the longest part of the page.
    return f"{text[:_MOST_JSON].rstrip()} …\n" if name in ("json", "jsonl") else text


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.replace(chr(13), '')}```\n"
