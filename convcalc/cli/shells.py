"""Completion scripts that differ from click's. Imported only when a shell asks for completion."""

from __future__ import annotations

from click.shell_completion import FishComplete, add_completion_class


@add_completion_class
class _Fish(FishComplete):
    """Click's script for fish, except that only the first comma of a line ends the type."""

    name = "fish"
    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')
