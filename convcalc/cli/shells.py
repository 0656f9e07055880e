"""Completion scripts that replace scripts of click. This module is imported only when a shell asks for completion."""

from __future__ import annotations

from click.shell_completion import BashComplete, CompletionItem, FishComplete, add_completion_class


@add_completion_class
class _Fish(FishComplete):
    """Click's completion script for the shell fish, for suggestions that contain commas.

    The script splits a suggestion only at its first comma.
    """

    name = "fish"
    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


@add_completion_class
class _Bash(BashComplete):
    """Click's completion for the shell bash, for words with colons, such as ``train.py:build``.

    Bash splits words at colons. This class joins the parts, and suggests only the part after the colon.
    """

    name = "bash"
    _start = 0  # bash keeps this many characters of the word and replaces the rest

    def get_completion_args(self) -> tuple[list[str], str]:
        """Returns the words before the cursor, and the word to complete."""
        args, incomplete = super().get_completion_args()
        words = [""]
        for word in [*args, incomplete]:
            joins = word.startswith(":") or words[-1].endswith(":")
            words[-1:] = [words[-1] + word] if joins else [words[-1], word]
        self._start = words[-1].rfind(":") + 1 if incomplete != words[-1] or incomplete.endswith(":") else 0
        return words[1:-1], words[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """Returns a suggestion for the shell."""
        return f"{item.type},{str(item.value)[self._start :] if item.type == 'plain' else item.value}"
