"""An explanation as text."""

from __future__ import annotations

import textwrap

from convcalc.analyse.explain import Explanation
from convcalc.base.text import visible
from convcalc.rendering.grid import TextStyle
from convcalc.rendering.text import arguments_text


def explanation(what: Explanation, look: TextStyle) -> str:
    """The explanation in lines; long ones wrap under their text."""
    row = what.layer
    config = arguments_text(row.config)
    out = [look.painted(f"{visible(row.path)} ({visible(row.class_name)}), layer {what.number} of {what.of}", "bold")]
    out.extend(_wrapped(visible(what.sentence), "", look))
    if config:
        out.extend(_wrapped(visible(config), "", look))
    for section in what.sections:
        out += ["", look.painted(section.title, "bold")]
        indent = max((len(label) for label, _ in section.lines), default=0) + 4
        for label, text in section.lines:
            first, *rest = _wrapped(visible(text), " " * indent, look)
            out.append(f"  {visible(label)}{first[len(visible(label)) + 2 :]}")
            out.extend(rest)
    return "".join(f"{look.signs(line)}\n" for line in out)


def _wrapped(text: str, indent: str, look: TextStyle) -> list[str]:
    if look.width is None:
        return [indent + text]
    width = max(look.width, len(indent) + 20)
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False) or [
        indent
    ]
