"""``convcalc audit``."""

from __future__ import annotations

import click

from convcalc.base.problems import listed
from convcalc.cli import CHECK_FAILED, OK, warn
from convcalc.cli.command import declare
from convcalc.cli.completion import files
from convcalc.cli.custom import custom_option
from convcalc.cli.custom_files import custom_layers


@declare("audit", examples=("convcalc audit model.keras", "convcalc audit downloads/*.keras downloads/*.h5"))
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=files)
@custom_option
def command(models: tuple[str, ...], custom: tuple[str, ...]) -> int:
    """Find code and file accesses hidden in a Keras file.

    Lists everything that would run or be opened if Keras loaded MODEL: Lambda bytecode, imported modules, paths. convcalc runs
    and opens none of it.

    The exit code is 1 if anything was found. --custom declares classes only for convcalc: Keras still needs their code.
    """
    from convcalc.base.text import visible
    from convcalc.checking.audit import audit, audit_links, custom_names, declared_names
    from convcalc.read import config_in, has_graph, open_source
    from convcalc.read.code_settings import names_code, split_target
    from convcalc.read.keras_files.external_links import external_links

    code = OK
    declarations = custom_layers(custom)
    for model in models:
        if names_code(model):
            with open_source(split_target(model)[0]) as (_, file):  # raises an error if the file does not exist
                click.echo(
                    visible(f"{file}: is Python code: all of it runs when Python runs it; convcalc only reads it")
                )
            code = CHECK_FAILED
            continue
        config = config_in(model)
        findings = [] if config is None else audit(config)
        findings += audit_links(external_links(model))
        if has_graph(model):
            warn(
                f"{model}: note: its TensorFlow graph was not checked; a graph can read and write files when TensorFlow runs it"
            )
        for finding in findings:
            click.echo(visible(f"{model}: {finding.path}: {finding.risk}: {finding.message}"))
        if names := custom_names(config):
            click.echo(visible(f"{model}: to load the file, Keras needs custom_objects with {listed(names, 'and')}"))
        for name, source in declared_names(config, declarations).items():
            click.echo(visible(f"{model}: {name} is declared in {source} for convcalc, not for Keras"))
        if findings:
            code = CHECK_FAILED
        else:
            why = (
                "a spec contains no code" if config is None else "the file contains no code and refers to no other file"
            )
            click.echo(f"{model}: nothing would run or be opened: {why}")
    return code
