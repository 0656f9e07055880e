"""The shells whose scripts for completion are ours: imported where a shell asks for one, and click is told of it."""

from __future__ import annotations

from click.shell_completion import FishComplete, add_completion_class


@add_completion_class
class _Fish(FishComplete):
    """Click's script for fish, which takes an offer only up to its first comma."""

    name = "fish"
    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')
