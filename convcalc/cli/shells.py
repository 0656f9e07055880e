"""Completion scripts that replace scripts of click. This module is imported only when a shell asks for completion."""

from __future__ import annotations

from click.shell_completion import FishComplete, add_completion_class


@add_completion_class
class _Fish(FishComplete):
    """Click's completion script for the shell fish, with one change.

    A suggested value can contain commas. So the script splits a suggestion only at the first comma.
    """

    name = "fish"
    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')
