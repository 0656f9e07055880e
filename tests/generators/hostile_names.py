"""A model with names that are markup or code in at least one output format."""

from __future__ import annotations

from convcalc import Report, infer
from convcalc.model import Call, Model, Ref
from tests.helpers.handmade import handmade_layer

NAMES = (
    "</td><script>document.title='run'</script>",
    "<img src=x onerror=document.title='run'>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    r"| a \| b \\| `c` **d** _e_ ~~f~~",
    "@someone #12 GH-12 <b>bold</b> [link](javascript:alert) ![i](x)",
    r"$x_{1}$ \input{x} \end{longtable} ~^%&#{} --'' \"\"`` ?` !`",
    "*a*",
    "[2em]",
    "q\"u'o,t;e",
    "new\nline\r\nand\ttab",
    "left\u202eright\u200bhidden\x1b[31m\x00",
    "&lt;b&gt;&#60;&amp;",
    '"] ; click n1 href "javascript:alert(1)"',
    "x --> y\nend\nsubgraph z",
    r"\N\G\l\n\E",
    "é ñ 中文 → ≥ × −",
    "1. first",
    "12) second",
    "- item",
    "# heading #quot; #35;",
    "    four blanks",
    "_a_ b_c __d__",
    "www.example.com http://example.com a@example.com",
    "---",
    "end",
    "%%{init: {}}%%",
    "null",
    "007",
    "1e5",
)


def report() -> Report:
    """Returns the report of a chain of layers with these names. The name of the model is hostile too."""
    layers = [handmade_layer("in | <put>", "InputLayer", {"shape": (4,)})]
    layers += [handmade_layer(name, "Dense", {"units": 3}) for name in NAMES]
    calls = [Call(0, ()), *(Call(number + 1, (Ref(number),)) for number in range(len(NAMES)))]
    name = r"""m" <script>document.title='run'</script> | @you #1 $x$ \o"""
    model = Model(name, "Functional", tuple(layers), tuple(calls), (Ref(0),), (Ref(len(NAMES)),))
    return infer(model)
