"""Lists all output formats, so that the module of a format is imported only when the format is used.

Generated from the declarations: run `python -m tests.regenerate.formats` after adding a format.
"""

from __future__ import annotations

from convcalc.rendering.output_format import OutputFormat

INDEX = (
    OutputFormat(
        name="table",
        endings=(".txt",),
        options=("columns", "depth", "convention", "fold", "sort", "top", "layers", "memory", "training", "insights"),
        reports="convcalc.rendering.table:table_reports",
        comparison="convcalc.rendering.table:table_comparison",
        check_pieces="convcalc.rendering.checks:check_pieces",
    ),
    OutputFormat(
        name="keras",
        options=("line_length", "positions", "expand_nested", "show_trainable", "layer_range"),
        reports="convcalc.rendering.keras:keras_reports",
    ),
    OutputFormat(
        name="keras2",
        options=("line_length", "positions", "expand_nested", "show_trainable", "layer_range"),
        reports="convcalc.rendering.keras:keras2_reports",
    ),
    OutputFormat(
        name="json",
        endings=(".json",),
        machine=True,
        options=("convention", "memory", "training", "insights"),
        reports="convcalc.rendering.json:json_reports",
        comparison="convcalc.rendering.json:json_comparison",
        check_result="convcalc.rendering.checks:model_dict",
        checks="convcalc.rendering.json:json_checks",
    ),
    OutputFormat(
        name="jsonl",
        endings=(".jsonl",),
        machine=True,
        options=("convention", "memory", "training", "insights"),
        reports="convcalc.rendering.json:jsonl_reports",
        comparison="convcalc.rendering.json:jsonl_comparison",
        check_result="convcalc.rendering.json:jsonl_check_result",
        checks="convcalc.rendering.json:jsonl_checks",
    ),
    OutputFormat(
        name="csv",
        endings=(".csv",),
        machine=True,
        options=("columns", "depth", "convention", "fold", "sort", "top", "layers"),
        sheets="convcalc.rendering.csv:csv_sheets",
    ),
    OutputFormat(
        name="markdown",
        endings=(".md", ".markdown"),
        options=("columns", "depth", "convention", "fold", "sort", "top", "layers", "insights"),
        sheets="convcalc.rendering.markdown:markdown_sheets",
    ),
    OutputFormat(
        name="html",
        endings=(".html", ".htm"),
        options=("columns", "depth", "convention", "fold", "sort", "top", "layers", "insights"),
        sheets="convcalc.rendering.html:html_sheets",
    ),
    OutputFormat(
        name="latex",
        endings=(".tex",),
        options=("columns", "depth", "convention", "fold", "sort", "top", "layers"),
        sheets="convcalc.rendering.latex:latex_sheets",
    ),
    OutputFormat(
        name="mermaid",
        endings=(".mmd", ".mermaid"),
        options=("depth",),
        several=False,
        reports="convcalc.rendering.mermaid:mermaid_reports",
    ),
    OutputFormat(
        name="dot",
        endings=(".dot", ".gv"),
        options=("depth",),
        reports="convcalc.rendering.dot:dot_reports",
    ),
    OutputFormat(
        name="github",
        machine=True,
        check_result="convcalc.rendering.github:commands",
        checks="convcalc.rendering.github:joined_commands",
    ),
    OutputFormat(
        name="sarif",
        endings=(".sarif",),
        machine=True,
        check_result="convcalc.rendering.sarif:findings",
        checks="convcalc.rendering.sarif:sarif",
    ),
    OutputFormat(
        name="junit",
        endings=(".xml",),
        machine=True,
        check_result="convcalc.rendering.junit:suite",
        checks="convcalc.rendering.junit:junit",
    ),
)
