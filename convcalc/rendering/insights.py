"""Insights as text: what was found in a model, and what a code means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from convcalc.base.text import visible, wrapped
from convcalc.checking.insights import Insight
from convcalc.rendering.grid import TextStyle

MOST_OF_A_KIND = 6  # lines: a deep network can have the same thing in each of its layers
_INDENT = "   "


def insights_text(found: Sequence[Insight], look: TextStyle) -> str:
    """A line for each insight, wrapped to the width; of many of one kind the first few, and how many more there are."""
    if not found:
        return " Insights: none\n"
    lines = [" Insights (`convcalc explain CODE` says more)"]
    for text in told(found):
        lines += textwrap.wrap(visible(text), look.width or 100, initial_indent=_INDENT, subsequent_indent=2 * _INDENT)
    return "".join(f"{look.signs(line)}\n" for line in lines)


def told(found: Sequence[Insight]) -> Iterator[str]:
    """A line for each insight; of many of one kind the first few, and how many more there are."""
    for code, group in groupby(found, lambda each: each.code):
        same = list(group)
        yield from (f"{code}: {each.layer} {each.message}" for each in same[:MOST_OF_A_KIND])
        if len(same) > MOST_OF_A_KIND:
            yield f"{code}: {len(same) - MOST_OF_A_KIND} more, which --format json lists"


def code_page(code: str, title: str, explanation: str, look: TextStyle) -> str:
    """The meaning of a code: its title, why it matters and what to do."""
    lines = [look.painted(code, "bold"), *wrapped(f"{title}\n\n{explanation}", look.width)]
    return "".join(f"{look.signs(line)}\n" for line in lines)
