"""Hostile Python code and notebooks of up to 50 MB."""

from __future__ import annotations

import json

from tests.bounds.texts import SIZE, Made, numbered, repeated

_KERAS = b"import keras\nfrom keras import layers\nmodel = keras.Sequential([keras.Input((3,)), layers.Dense(3)])\n"
_MB = 1_000_000


def after(code: str) -> Made:
    """Returns a function that makes a small program: a model, and then this code."""
    return lambda: _KERAS + code.encode()


def notebook(*cells: str, outputs: str = "") -> bytes:
    """Returns a notebook with these cells of code."""
    data = [{"cell_type": "code", "source": cell, "outputs": [{"text": outputs}], "metadata": {}} for cell in cells]
    return json.dumps({"cells": data, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def _wide_outputs(size: int) -> bytes:
    """Returns a notebook with long outputs. One character makes Python use four bytes for each character of the file."""
    return notebook(_KERAS.decode(), outputs="x" * size).replace(b'x"', '\U0001f600"'.encode())


PROGRAMS: dict[str, Made] = {
    "comments": repeated(b"# a\n", _KERAS),
    "a comment": repeated(b"a", _KERAS + b"#"),
    "a string": repeated(b"a", _KERAS + b'x = "', b'"\n'),
    "a string of 3 MB": repeated(b"a", _KERAS + b'x = "', b'"\n', 3 * _MB),
    "a string of escapes": repeated(b"\\n", _KERAS + b'x = "', b'"\n', _MB),
    "a docstring": repeated(b"a\n", _KERAS + b'"""', b'"""\n', _MB),
    "an open string": repeated(b"a\n", _KERAS + b'x = """', size=_MB),
    "statements": repeated(b"x=1\n", _KERAS),
    "statements of 1 MB": repeated(b"x=1\n", _KERAS, size=_MB),
    "statements of 300 KB": repeated(b"x=1\n", _KERAS, size=300_000),
    "statements in a line": repeated(b"x;", _KERAS, b"x\n", _MB),
    "a list": repeated(b"1,", _KERAS + b"x = [", b"1]\n"),
    "a list of 1 MB": repeated(b"1,", _KERAS + b"x = [", b"1]\n", _MB),
    "a list of 300 KB": repeated(b"1,", _KERAS + b"x = [", b"1]\n", 300_000),
    "a list of lists": repeated(b"[],", _KERAS + b"x = [", b"1]\n", 500_000),
    "a dictionary": repeated(b"1:1,", _KERAS + b"x = {", b"1:1}\n", 500_000),
    "a sum": repeated(b"1+", _KERAS + b"x = ", b"1\n", _MB),
    "a sum of 20,000": repeated(b"1+", _KERAS + b"x = ", b"1\n", 40_000),
    "a sum of 2,000": repeated(b"1+", _KERAS + b"x = ", b"1\n", 4_000),
    "attributes": repeated(b".a", _KERAS + b"x = a", b"\n", 20_000),
    "calls": repeated(b"()", _KERAS + b"x = a", b"\n", 20_000),
    "signs": repeated(b"-", _KERAS + b"x = ", b"1\n", 20_000),
    "nots": repeated(b"not ", _KERAS + b"x = ", b"1\n", 20_000),
    "brackets": repeated(b"(", _KERAS + b"x = ", size=_MB),
    "brackets 150 deep": lambda: _KERAS + b"x = " + b"(" * 150 + b")" * 150 + b"\n",
    "lambdas": repeated(b"lambda: ", _KERAS + b"x = ", b"1\n", 20_000),
    "f-strings": repeated(b"{a}", _KERAS + b'x = f"', b'"\n', 300_000),
    "conditions": repeated(b"1 if 1 else ", _KERAS + b"x = ", b"1\n", 20_000),
    "elifs": lambda: _KERAS + b"if x: pass\n" + b"elif x: pass\n" * 3_000,
    "blocks": lambda: _KERAS + b"".join(b" " * n + b"if x:\n" for n in range(95)) + b" " * 95 + b"pass\n",
    "functions": numbered("def f%d(): pass\n", _KERAS.decode(), "", 500_000),
    "functions that make models": numbered("def f%d():\n return keras.Sequential([layers.Dense(3)])\n", _KERAS.decode(), "", 300_000),
    "classes": numbered("class C%d(keras.Model): pass\n", _KERAS.decode(), "", 300_000),
    "layers": repeated(b"layers.Dense(3),", _KERAS + b"m = keras.Sequential([", b"])\n", 300_000),
    "layers added": repeated(b"model.add(layers.Dense(3))\n", _KERAS, size=300_000),
    "a loop": after("x = 0\nwhile True:\n    x = x + 1\n"),
    "loops": lambda: _KERAS + b"".join(b" " * n + b"for i%d in range(1000):\n" % n for n in range(15)) + b" " * 15 + b"x = 1\n",
    "a loop that makes layers": after(
        "x = keras.Input((3,))\nfor i in range(1000000):\n    x = layers.Dense(3)(x)\nm = keras.Model(x, x)\n"
    ),
    "a loop that doubles a list": after("x = [1]\nfor i in range(100):\n    x = x + x\n"),
    "a loop that doubles a text": after("x = 'a'\nfor i in range(100):\n    x = x + x\n"),
    "a loop that nests a list": after("x = []\nfor i in range(100000):\n    x = [x, x]\n"),
    "powers": after("x = 9**9**9**9\ny = 1 << 10**12\nz = 'a' * 10**12\n"),
    "powers in a loop": after("x = 3\nfor i in range(100):\n    x = x * x\n"),
    "recursion": after("def f(n):\n    return f(n - 1) + f(n - 2)\nf(1000)\n"),
    "recursion without end": after("def f():\n    return f()\nf()\n"),
    "a generator": after("def f():\n    while True:\n        yield 1\nx = list(f())\n"),
    "comprehensions": after("x = [a for a in range(1000) for b in range(1000) for c in range(1000)]\n"),
    "ranges": after("x = list(range(10**9))\ny = list(range(190000)) * 1000\n"),
    "lists in a dictionary": after("d = {}\nfor i in range(190000):\n    d[i] = list(range(190000))\n"),
    "large lists": after("x = [list(range(190000)) for i in range(1900)]\n"),
    "large texts": after("x = [('a' * 190000) + str(i) for i in range(1900)]\n"),
    "arrays": after("import numpy as np\nx = [np.zeros((10**6, 10**6)) + i for i in range(1900)]\n"),
    "formats": after("x = '{:>1000000000}'.format(1)\ny = f'{1:>1000000000}'\nz = '%1000000000d' % 1\n"),
    "a pattern": after("import re\nx = re.match('(a+)+$', 'a' * 100 + 'b')\ny = re.sub('(a|a)*$', '', 'a' * 100 + 'b')\n"),
    "replaced texts": after("x = 'a' * 1000\ny = x.replace('a', x).replace('a', x).replace('a', x)\n"),
    "joined texts": after("x = ('a' * 100000).join(['b'] * 100000)\n"),
    "padded texts": after("x = 'a'.ljust(10**10)\ny = 'a'.zfill(10**10)\nz = 'a'.center(10**10)\n"),
    "tabs": after("x = ('\\t' * 100000).expandtabs(100000)\n"),
    "JSON in a text": after("import json\nx = json.loads('[' * 100000)\n"),
    "combinations": after(
        "import itertools\nx = list(itertools.product(range(100), repeat=10))\ny = list(itertools.permutations(range(20)))\n"
    ),
    "a factorial": after("import math\nx = math.factorial(10**9)\ny = math.comb(10**9, 10**8)\n"),
    "an integer": repeated(b"9", _KERAS + b"x = ", b"\n", 100_000),
    "a hexadecimal integer": repeated(b"f", _KERAS + b"x = 0x", b"\n", _MB),
    "decorators": repeated(b"@a\n", _KERAS, b"def f(): pass\n", 60_000),
    "names": numbered("x%d = 1\n", _KERAS.decode(), "", 400_000),
    "imports": numbered("import a%d\n", _KERAS.decode(), "", 200_000),
    "carriage returns": repeated(b"\r", _KERAS, size=_MB),
    "form feeds": repeated(b"\f", _KERAS, b"\n", _MB),
    "continued lines": repeated(b"\\\n", _KERAS + b"x = ", b"1\n", _MB),
    "NULs": repeated(b"\0", _KERAS, size=_MB),
    "a faulty end": repeated(b"x = 1\n", _KERAS, b"x = = 1\n", 300_000),
    "wide characters": repeated("é".encode(), _KERAS + b"x = '", b"'\n", _MB),
}  # fmt: skip

NOTEBOOKS: dict[str, Made] = {
    "a cell of 3 MB": lambda: notebook(_KERAS.decode(), "x=1\n" * 750_000),
    "a cell of 50 MB": lambda: notebook(_KERAS.decode(), "x=1\n" * 10_000_000),
    "outputs of 50 MB": lambda: notebook(_KERAS.decode(), outputs="iVBOR" * 10_000_000)[:SIZE] + b'"}], "metadata": {}}]}',
    "outputs with a wide character": lambda: _wide_outputs(45_000_000),
    "cells": lambda: notebook(_KERAS.decode(), *["x = 1\n"] * 100_000),
    "empty cells": repeated(b"{},", b'{"cells": [', b"{}]}"),
    "cells without code": repeated(b'{"cell_type":"code"},', b'{"cells": [', b"{}]}"),
    "numbers": repeated(b"1,", b'{"cells": [], "a": [', b"1]}"),
    "brackets": repeated(b"[", b'{"cells": '),
    "magics": lambda: notebook(_KERAS.decode(), "%matplotlib inline\n" * 20_000),
    "lines and magics": lambda: notebook(_KERAS.decode(), "x = 1\n!ls\n" * 20_000),
    "spaces and magics": lambda: notebook(_KERAS.decode(), " " * 100_000 + "x\n", "a" * 100_000 + "\n", "a, " * 100_000 + "\n"),
    "lines of a cell": lambda: json.dumps({"cells": [{"cell_type": "code", "source": ["\n"] * 1_000_000}]}).encode(),
    "faulty cells": lambda: notebook(_KERAS.decode(), *["x = = 1\n"] * 10_000),
}  # fmt: skip
