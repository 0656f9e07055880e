"""Completion scripts that replace scripts of click. This module is imported only when a shell asks for completion."""

from __future__ import annotations

from click.shell_completion import FishComplete, add_completion_class


@add_completion_class
class _Fish(FishComplete):
    """The completion script of click for the shell fish, with one change.

    The changed script splits a suggestion only at the first comma, because a suggested value can contain commas itself.
    """

    name = "fish"
    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')
