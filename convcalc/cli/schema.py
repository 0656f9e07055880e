"""``convcalc schema``."""

from __future__ import annotations

import click

from convcalc.cli import OK
from convcalc.cli.terminal import write


@click.command("schema")
def command() -> int:
    """A JSON Schema of the YAML spec, with which editors complete specs and check them while they are written."""
    from convcalc.rendering.schema import json_schema

    write(json_schema())
    return OK
