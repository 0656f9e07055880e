"""``convcalc audit``."""

from __future__ import annotations

import click

from convcalc.cli import FAILED, FINE


@click.command("audit")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
def command(models: tuple[str, ...]) -> int:
    """What would run or be opened if Keras loaded each MODEL: Lambda bytecode, foreign modules, paths. Nothing is run here.

    Exit code 1 where there is any.
    """
    from convcalc.check.audit import audit
    from convcalc.read import config_in

    code = FINE
    for model in models:
        config = config_in(model)
        findings = [] if config is None else audit(config)
        for finding in findings:
            click.echo(f"{model}: {finding.path}: {finding.kind}: {finding.message}")
        if findings:
            code = FAILED
        else:
            why = "a spec holds no code" if config is None else "nothing in it is code of its own, and it names no file"
            click.echo(f"{model}: nothing would run or be opened: {why}")
    return code
