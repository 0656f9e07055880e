"""``convcalc audit``."""

from __future__ import annotations

import click

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError
from convcalc.cli import CHECK_FAILED, OK, warn
from convcalc.cli.completion import files


@click.command("audit")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=files)
def command(models: tuple[str, ...]) -> int:
    """What would run or be opened if Keras loaded each MODEL: Lambda bytecode, foreign modules, paths. Nothing is run here.

    Exit code 1 where there is any.
    """
    from convcalc.base.text import visible
    from convcalc.checking.audit import audit, audit_links
    from convcalc.read import config_in
    from convcalc.read.keras_files.external_links import external_links

    code = OK
    for model in models:
        config = config_in(model)
        findings = [] if config is None else audit(config)
        try:
            findings += audit_links(external_links(model))
        except ConvcalcError as unread:
            if unread.problems[0].code != codes.NEEDS_H5PY:
                raise
            warn(
                f"{model}: note: links out of its HDF5 are not looked for: that needs h5py, of the extra convcalc[hdf5]"
            )
        for finding in findings:
            click.echo(visible(f"{model}: {finding.path}: {finding.risk}: {finding.message}"))
        if findings:
            code = CHECK_FAILED
        else:
            why = "a spec holds no code" if config is None else "nothing in it is code of its own, and it names no file"
            click.echo(f"{model}: nothing would run or be opened: {why}")
    return code
