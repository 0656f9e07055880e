"""The explanation of a layer as text."""

from __future__ import annotations

import re
import textwrap

from convcalc.analyse.explain import Explanation
from convcalc.base.text import visible
from convcalc.rendering.style import TextStyle, width_of
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
        # The labels can have names of axes or layers in any script, so they are measured in columns of the terminal.
        lines = [(visible(label), visible(text)) for label, text in section.lines]
        indent = max((width_of(label) for label, _ in lines), default=0) + 4
        for label, text in lines:
            first, *rest = _wrapped(text, " " * indent, style)
            blank = " " * (indent - 2 - width_of(label))
            out.append(f"  {style.painted(label, 'dim')}{blank}{_with_result(first[indent:], style)}")
            out.extend(rest)
    return "".join(f"{style.encoded(line)}\n" for line in out)


def _with_result(text: str, style: TextStyle) -> str:
    """Returns a worked formula with its result in bold: the number after the last ``=`` or ``→``."""
    match = re.match(r"(.*[=→] )([\d,]+)(.*)", text)
    return f"{match[1]}{style.painted(match[2], 'bold')}{match[3]}" if match else text


def _wrapped(text: str, indent: str, style: TextStyle) -> list[str]:
    if style.width is None:
        return [indent + text]
    width = max(style.width, len(indent) + 20)
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False) or [
        indent
    ]
