"""Insights as text, and pages with the meaning of a code."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from convcalc.base.text import visible, wrapped
from convcalc.checking.insights import Insight
from convcalc.rendering.style import TextStyle

MOST_PER_CODE = 6  # the maximum number of lines for one code, because each layer of a deep network may cause one
_INDENT = "   "


def insights_text(results: Sequence[Insight], style: TextStyle) -> str:
    """Returns a line for each insight, wrapped to the width in ``style``.

    Shows at most :data:`MOST_PER_CODE` insights with the same code.
    """
    if not results:
        return " Insights: none\n"
    lines = [" Insights (for details: convcalc explain CODE)"]
    for text in insight_lines(results):
        lines += textwrap.wrap(visible(text), style.width or 100, initial_indent=_INDENT, subsequent_indent=2 * _INDENT)
    return "".join(f"{style.encoded(line)}\n" for line in lines)


def insight_lines(results: Sequence[Insight]) -> Iterator[str]:
    """Yields a line for each insight.

    After :data:`MOST_PER_CODE` insights with the same code, yields one line with the number of the others.
    """
    for code, group in groupby(results, lambda insight: insight.code):
        same_code = list(group)
        yield from (f"{code}: {insight.layer} {insight.message}" for insight in same_code[:MOST_PER_CODE])
        if len(same_code) > MOST_PER_CODE:
            yield f"{code}: {len(same_code) - MOST_PER_CODE} more; --format json lists them all"


def code_page(code: str, title: str, explanation: str, style: TextStyle) -> str:
    """Returns the page of a code: its title, why the problem or insight matters, and what to do."""
    lines = [style.painted(code, "bold"), *wrapped(f"{title}\n\n{explanation}", style.width)]
    return "".join(f"{style.encoded(line)}\n" for line in lines)
