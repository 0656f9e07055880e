"""``convcalc check``."""

from __future__ import annotations

import click

from convcalc.cli import FAILED, FINE, say
from convcalc.cli.completion import files


@click.command("check")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=files)
@click.option("--allow-incomplete", is_flag=True, help="Let a budget pass whose number is unknown or a lower bound.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing that is fine.")
def command(models: tuple[str, ...], allow_incomplete: bool, quiet: bool) -> int:
    """Hold each MODEL to the expectations and the budget in its spec.

    Exits with 1 when one does not hold.
    """
    from convcalc.analyse import infer
    from convcalc.check.expectations import check_expectations
    from convcalc.read import parse

    code = FINE
    for source in models:
        report = infer(parse(source))
        problems = check_expectations(report, allow_incomplete)
        for problem in problems:
            code = FAILED
            say(str(problem))
        if not problems and not quiet:
            click.echo(
                f"{source}: {len(report.layers)} layers, {report.totals.params:,} parameters: all expectations hold"
            )
    return code
