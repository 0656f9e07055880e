"""``convcalc audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from convcalc.base.problems import ConvcalcError
from convcalc.cli import CHECK_FAILED, OK, USAGE_ERROR, warn, warn_lines
from convcalc.cli.command import EXIT_CODE, declare, option
from convcalc.cli.completion import files
from convcalc.cli.custom import custom_option
from convcalc.cli.custom_files import custom_layers
from convcalc.cli.output import Output, output_options

if TYPE_CHECKING:
    from convcalc.audit.file import Audit
    from convcalc.base.problems import Problem


@declare(
    "audit",
    examples=(
        "convcalc audit model.keras",
        "convcalc audit downloads/*.keras downloads/*.h5",
        "convcalc audit model.h5 --format sarif -o audit.sarif",
    ),
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=files)
@custom_option
@output_options(("text", "json", "sarif"), default="text")
@option("--strict", is_flag=True, heading=EXIT_CODE, help="Exit with 1 also if Keras needs the code of custom classes.")
def command(models: tuple[str, ...], custom: tuple[str, ...], to: Output, strict: bool) -> int:
    """Find code and file accesses hidden in a Keras file.

    Lists everything that would run or be opened if Keras loaded MODEL: Lambda bytecode, functions named by their module, pickles,
    paths, links, two models in one file. convcalc runs and opens none of it. docs/audit.md lists all risks.

    The exit code is 0 if nothing was found, 1 if something was found, and 2 if a file cannot be read. Custom classes alone are no
    finding, unless --strict is given. --custom declares classes only for convcalc: Keras still needs their code.
    """
    from convcalc.audit.file import audit_file
    from convcalc.rendering.audit import json_text, sarif_text, text_lines

    declarations = custom_layers(custom)
    audits: list[Audit] = []
    problems: list[tuple[str, Problem]] = []
    for model in models:
        try:
            audits.append(audit_file(model, declarations))
        except ConvcalcError as failed:
            warn_lines(str(failed))
            problems += [(model, problem) for problem in failed.problems[:1]]
            continue
        if audits[-1].has_graph:
            warn(f"{model}: note: of its TensorFlow graph, only operations on files and calls of Python were checked")
        if to == Output("text"):  # shown at once, also if a later file takes long
            to.write(f"{line}\n" for line in text_lines(audits[-1]))
    if to.format != "text":
        to.write([json_text(audits, problems) if to.format == "json" else sarif_text(audits, problems)])
    elif to.file is not None:
        to.write(f"{line}\n" for audit in audits for line in text_lines(audit))
    if problems:
        return USAGE_ERROR
    return CHECK_FAILED if any(audit.findings if strict else audit.risks for audit in audits) else OK
