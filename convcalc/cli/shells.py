"""Completion scripts that replace scripts of click. This module is imported only when a shell asks for completion."""

from __future__ import annotations

from click.shell_completion import FishComplete, add_completion_class


@add_completion_class
class _Fish(FishComplete):
    """The script of click for fish, with one change.

    It splits a line only at the first comma, which ends the type of the suggestion.
    """

    name = "fish"
    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')
