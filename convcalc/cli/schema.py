"""``convcalc schema``."""

from __future__ import annotations

from convcalc.cli import OK
from convcalc.cli.command import declare
from convcalc.cli.terminal import write


@declare("schema", examples=("convcalc schema > convcalc.schema.json", "convcalc schema | jq '.properties | keys'"))
def command() -> int:
    """Print the JSON Schema of YAML specs, for editors.

    With the schema, an editor completes a spec and checks it while you write.
    """
    from convcalc.rendering.schema import json_schema

    write(json_schema())
    return OK
