"""The explanation of a layer as text."""

from __future__ import annotations

import textwrap

from convcalc.analyse.explain import Explanation
from convcalc.base.text import visible
from convcalc.rendering.style import TextStyle
from convcalc.rendering.text import arguments_text


def explanation_text(explanation: Explanation, style: TextStyle) -> str:
    """Returns the explanation as text. Long lines wrap and are indented."""
    row = explanation.layer
    config = arguments_text(row.config)
    out = [
        style.painted(
            f"{visible(row.path)} ({visible(row.class_name)}), layer {explanation.number} of {explanation.layer_count}",
            "bold",
        )
    ]
    out.extend(_wrapped(visible(explanation.summary), "", style))
    if config:
        out.extend(_wrapped(visible(config), "", style))
    for section in explanation.sections:
        out += ["", style.painted(section.title, "bold")]
        indent = max((len(label) for label, _ in section.lines), default=0) + 4
        for label, text in section.lines:
            first, *rest = _wrapped(visible(text), " " * indent, style)
            out.append(f"  {visible(label)}{first[len(visible(label)) + 2 :]}")
            out.extend(rest)
    return "".join(f"{style.encoded(line)}\n" for line in out)


def _wrapped(text: str, indent: str, style: TextStyle) -> list[str]:
    if style.width is None:
        return [indent + text]
    width = max(style.width, len(indent) + 20)
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False) or [
        indent
    ]
