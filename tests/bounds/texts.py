"""Hostile texts: specs, configs, JSON, records and settings of up to 50 MB."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.helpers.keras_configs import INPUT, data, functional, layer, sequential, tensor

SIZE = 50_000_000  # the largest file for which the limits are promised, in bytes
YAML = 4_000_000  # a YAML text of this size is still read

Made = Callable[[], bytes]


def repeated(part: bytes, start: bytes = b"", end: bytes = b"", size: int = SIZE) -> Made:
    """Returns a function that makes a file of ``size`` bytes: ``start``, many times ``part``, and ``end``."""
    return lambda: start + part * ((size - len(start) - len(end)) // len(part)) + end


def in_config(part: bytes, size: int = SIZE, end: bytes = b"0", around: tuple[bytes, bytes] = (b"[", b"]")) -> Made:
    """Returns a function that makes a config with an argument of a layer that repeats ``part``."""
    start, _, rest = data(functional(INPUT, layer("Dense", "dense", [tensor("x")], units=4, hole=0))).partition(
        b'"hole": 0'
    )
    return repeated(part, start + b'"hole": ' + around[0], end + around[1] + rest, size)


def numbered(part: str, start: str, end: str, size: int) -> Made:
    """Like :func:`repeated`, but each ``%d`` is the number of its part."""

    def made() -> bytes:
        count = max(1, (size - len(start) - len(end)) // (len(part) + 4))
        return (start + "".join(part.replace("%d", str(number)) for number in range(count)) + end).encode()

    return made


def keys_of_layer(count: int, word: str = "unite") -> Made:
    """Returns a function that makes a config of an LSTM with many unknown arguments."""
    unknown: dict[str, Any] = {f"{word}{number}": 1 for number in range(count)}
    return lambda: data(functional(INPUT, layer("LSTM", "dense", [tensor("x")], units=4, **unknown)))


def many_layers(count: int) -> bytes:
    """Returns a Sequential of many small layers."""
    return data(sequential(INPUT, *(layer("ReLU", f"r{number}") for number in range(count))))


def unknown_layers(count: int) -> bytes:
    """Returns a Sequential of many layers of unknown classes with similar names."""
    return data(sequential(INPUT, *({"class_name": f"Dens{number}", "config": {}} for number in range(count))))


def policy_map(count: int) -> bytes:
    """Returns a config whose layer has a map of many dtype policies."""
    policies = {f"d{number}": "x" for number in range(count)}
    policy = {"class_name": "DTypePolicyMap", "config": {"policy_map": policies}}
    return data(functional(INPUT, layer("Dense", "dense", [tensor("x")], units=4, dtype=policy)))


_REPORT = b'{"schema_version": 1, "model": {"name": "m", "source": "a"}, "totals": {}, "layers": ['
_SPEC = b"input: [3]\nlayers:\n"
_TABLE = "┏━━━━━━━━┳━━━━━━━━┓\n┃ Layer (type) ┃ Output Shape ┃ Param # ┃\n┡━━━━━━━━╇━━━━━━━━┩\n".encode()
_KERAS2 = (
    b'Model: "m"\n'
    + b"_" * 65
    + b"\n Layer (type)                Output Shape              Param #   \n"
    + b"=" * 65
    + b"\n"
)
_TFJS = b'{"format": "layers-model", "modelTopology": {}, "weightsManifest": [{"paths": ["a"], "weights": ['

SPECS: dict[str, Made] = {
    "a word": repeated(b"x", _SPEC),
    "a word of 4 MB": repeated(b"x", _SPEC, size=YAML),
    "comments": repeated(b"# a\n", _SPEC, size=YAML),
    "empty lines": repeated(b"\n", _SPEC, size=YAML),
    "spaces": repeated(b" ", _SPEC + b"- ", size=YAML),
    "layers": repeated(b"- Flatten\n", _SPEC, size=YAML),
    "layers of one letter": repeated(b"- a\n", _SPEC, size=YAML),
    "misspelled layers": numbered("- Dense%d: 3\n", _SPEC.decode(), "", 1_000_000),
    "misspelled arguments": numbered("- Dense: {unit%d: 3}\n", _SPEC.decode(), "", 1_000_000),
    "misspelled arguments of one layer": numbered(" unite%d: 3,", _SPEC.decode() + "- LSTM: {", "}\n", 3_500_000),
    "misspelled sources": numbered("- Dense: {units: 3, from: lyer%d}\n", _SPEC.decode(), "", 1_000_000),
    "unknown keys": numbered("laxer%d: 1\n", _SPEC.decode() + "- Flatten\n", "", YAML),
    "keys twice": repeated(b"a: 1\n", _SPEC + b"- Flatten\n", size=YAML),
    "open brackets": repeated(b"[", _SPEC + b"- ", size=YAML),
    "lists in a line": repeated(b"[],", _SPEC + b"- [", b"]\n", YAML),
    "braces": repeated(b"{a: ", _SPEC + b"- ", size=YAML),
    "quoted escapes": repeated(b"\\n", _SPEC + b'- "', b'"\n', YAML),
    "an open quote": repeated(b"\\n", _SPEC + b'- "', size=YAML),
    "dashes": repeated(b"- ", _SPEC, size=YAML),
    "question marks": repeated(b"? ", _SPEC, size=YAML),
    "anchors": numbered("a%d: &a%d 1\n", _SPEC.decode() + "- Flatten\n", "", YAML),
    "tags": repeated(b"!a ", _SPEC + b"- ", size=YAML),
    "documents": repeated(b"---\n", _SPEC, size=YAML),
    "a block text": repeated(b"  a\n", _SPEC + b"- |\n", size=YAML),
    "a folded text": repeated(b"  a\n\n", _SPEC + b"- >\n", size=YAML),
    "wide characters": repeated("\U0001f600".encode(), _SPEC + b"- ", size=SIZE),
    "wide characters of 4 MB": repeated("\U0001f600".encode(), _SPEC + b"- ", size=YAML),
    "blocks": numbered("  b%d: [Flatten]\n", "input: [3]\nlayers: [Flatten]\nblocks:\n", "", YAML),
    "inputs": numbered("  i%d: [3]\n", "layers: [{Add: {from: [i0, i1]}}]\ninputs:\n", "", 2_000_000),
    "variables": numbered("  v%d: 3\n", "input: [3]\nlayers: [Flatten]\nvariables:\n", "", YAML),
    "custom layers": numbered("  C%d: {output: [3]}\n", "input: [3]\nlayers: [Flatten]\ncustom:\n", "", YAML),
    "expressions": repeated(b"+1", _SPEC + b"- Dense: '${1", b"}'\n", YAML),
    "many expressions": repeated(b"- Dense: '${1+1}'\n", _SPEC, size=1_000_000),
    "repeats": lambda: _SPEC + b"- {repeat: 20000, layers: [{Dense: 3}, BatchNormalization, {Activation: relu}]}\n",
    "repeats in repeats": lambda: _SPEC + b"- {repeat: 20000, layers: [{repeat: 0, layers: [Flatten]}]}\n" * 10_000,
}  # fmt: skip

CONFIGS: dict[str, Made] = {
    "a string": in_config(b"x", around=(b'"', b'"')),
    "a string of 20 MB": in_config(b"x", 20_000_000, around=(b'"', b'"')),
    "a string of escapes": in_config(b"\\n", around=(b'"', b'"')),
    "a string of wide characters": in_config("\U0001f600".encode(), around=(b'"', b'"')),
    "one wide character": in_config(b"x", end="\U0001f600".encode(), around=(b'"', b'"')),
    "a string of escapes of wide characters": in_config(b"\\ud83d\\ude00", around=(b'"', b'"')),
    "a string of brackets": in_config(b"[{", around=(b'"', b'"')),
    "a string that is not closed": in_config(b"x", around=(b'"', b"")),
    "lists": in_config(b"[],"),
    "objects": in_config(b"{},"),
    "objects of one entry": in_config(b'{"a":{}},'),
    "objects in objects": in_config(b'{"a":{"b":{"c":{}}}},'),
    "open brackets": in_config(b"[", end=b"", around=(b"", b"")),
    "brackets 190 deep": in_config(b"[" * 190 + b"]" * 190 + b","),
    "numbers": in_config(b"1,"),
    "large numbers": in_config(b"12345678901234567890,"),
    "a number": in_config(b"1", end=b"", around=(b"", b"")),
    "fractions": in_config(b"1.5,"),
    "short strings": in_config(b'"a",'),
    "different strings": numbered('"s%d",', '{"class_name": "Sequential", "config": {"a": [', "0]}}", SIZE),
    "keys": numbered('"s%d":0,', '{"class_name": "Sequential", "config": {', '"a":0}}', SIZE),
    "the same key": repeated(b'"a":0,', b'{"class_name": "Sequential", "config": {', b'"a":0}}'),
    "spaces": repeated(b" ", b'{"class_name": "Sequential", "config": {', b"}}"),
    "lines": repeated(b"\n", b'{"class_name": "Sequential", "config": {', b"}}"),
    "commas": repeated(b",", b'{"class_name": "Sequential", "config": {', b"}}"),
    "quotes": repeated(b'"', b'{"class_name": "Sequential", "config": {', b"}}"),
    "backslashes": repeated(b"\\", b'{"class_name": "Sequential", "config": {"a": "', b'"}}'),
    "140,000 unknown arguments": keys_of_layer(140_000),
    "unknown arguments that are no words": keys_of_layer(140_000, "\u0111"),
    "20,000 layers": lambda: many_layers(20_000),
    "100,000 layers": lambda: many_layers(100_000),
    "20,000 unknown layers": lambda: unknown_layers(20_000),
    "300,000 unknown layers": lambda: unknown_layers(300_000),
    "empty layers": repeated(b"{},", b'{"class_name": "Sequential", "config": {"layers": [', b"{}]}}"),
    "numbers as layers": repeated(b"1,", b'{"class_name": "Sequential", "config": {"layers": [', b"1]}}", 2_000_000),
    "nodes": in_config(b"[[]],", 4_000_000),
    "calls": lambda: data(functional(INPUT, layer("Dense", "dense", *[[tensor("x")]] * 100_000, units=4))),
    "a shape": in_config(b"3,", 4_000_000),
    "quantization": lambda: policy_map(100_000),
    "a JSON string": repeated(b'\\"', b'"{\\"class_name\\": \\"Sequential\\", \\"config\\": {\\"a\\": \\"', b'\\"}}"'),
    "a JSON string of numbers": repeated(b"1,", b'"{\\"class_name\\": \\"Sequential\\", \\"config\\": {\\"a\\": [', b'1]}}"'),
    "a YAML config": repeated(b"  a: 1\n", b"class_name: Sequential\nconfig:\n", size=YAML),
    "a YAML config of lists": repeated(b"[],", b"class_name: Sequential\nconfig: {layers: [", b"]}\n", YAML),
    "a layer in layers": lambda: _nested(190),
}  # fmt: skip


def _nested(levels: int) -> bytes:
    inner = '{"class_name": "Dense", "config": {"units": 3}}'
    for _ in range(levels // 2):
        inner = '{"class_name": "TimeDistributed", "config": {"layer": ' + inner + "}}"
    return ('{"class_name": "Sequential", "config": {"layers": [' + inner + "]}}").encode()


OTHER_JSON: dict[str, Made] = {
    "tfjs weights": repeated(b'{"name":"a","shape":[],"dtype":"f"},', _TFJS, b"{}]}]}"),
    "tfjs weights, 100,000": lambda: _tfjs(100_000),
    "tfjs shapes": repeated(b"1,", _TFJS + b'{"name":"a","dtype":"f","shape":[', b"1]}]}]}"),
    "tfjs groups": repeated(b'{"weights":[]},', b'{"modelTopology": {}, "weightsManifest": [', b"{}]}"),
    "sharded names": numbered('"p%d": "m_%d.weights.h5",', '{"weight_map": {', '"a": "m.weights.h5"}}', SIZE),
    "sharded lists": repeated(b'"m.weights.h5",', b'{"weight_map": {"a": [', b'"m.weights.h5"]}}'),
    "a report of layers": repeated(b'{"name":"a"},', _REPORT, b"{}]}"),
    "a report of small layers": repeated(b"{},", _REPORT, b"{}]}"),
    "reports": repeated(_REPORT + b"]}\n"),
    "reports in a list": repeated(_REPORT + b"]},", b"[", _REPORT + b"]}]"),
    "lines of objects": repeated(b'{"schema_version":1,"layers":[]}\n'),
    "lines of empty objects": repeated(b"{}\n", b'{"schema_version":1,"layers":[]}\n'),
    "a list of lists": repeated(b"[],", b"[", b"[]]"),
}


def _tfjs(count: int) -> bytes:
    weights = [{"name": f"l{number}/kernel", "shape": [3, 3], "dtype": "float32"} for number in range(count)]
    return json.dumps({"modelTopology": {"node": []}, "weightsManifest": [{"paths": [], "weights": weights}]}).encode()


def _table(rows: int, columns: int = 3) -> bytes:
    def lines() -> Iterator[str]:
        yield "┏" + "┳".join(["━" * 20] * columns) + "┓"
        yield (
            "┃"
            + "┃".join(
                f" {name:<19}" for name in ("Layer (type)", "Output Shape", "Param #", *map(str, range(columns - 3)))
            )
            + "┃"
        )
        yield "┡" + "╇".join(["━" * 20] * columns) + "┩"
        for number in range(rows):
            yield (
                "│"
                + "│".join(f" {cell:<19}" for cell in (f"d{number} (Dense)", "(None, 3)", "12", *[""] * (columns - 3)))
                + "│"
            )
        yield "└" + "┴".join(["─" * 20] * columns) + "┘"
        yield " Total params: 12 (48.00 B)"

    return ('Model: "m"\n' + "\n".join(lines()) + "\n").encode()


RECORDS: dict[str, Made] = {
    "escapes": repeated(b"\x1b]", _KERAS2),
    "escapes, closed": repeated(b"\x1b]0;a\x07", _KERAS2),
    "escapes of colours": repeated(b"\x1b[1m", _KERAS2),
    "equals signs in lines": repeated(b"=\n", _KERAS2),
    "empty lines": repeated(b"\n", _KERAS2),
    "empty lines alone": repeated(b"\n", b"x", b"Model: \"m\"\n"),
    "lines with a space": repeated(b" \n", _KERAS2),
    "underscores": repeated(b"_", b"", b"x"),
    "equals signs": repeated(b"=", _KERAS2),
    "underscores in lines": repeated(b"_" * 65 + b"\n"),
    "heads": repeated(_KERAS2),
    "one line": repeated(b"x ", _KERAS2),
    "words": repeated(b"dense (Dense)   (None, 3)   12\n", _KERAS2, b"=" * 65 + b"\nTotal params: 12\n"),
    "20,000 words": repeated(b"dense (Dense)   (None, 3)   12\n", _KERAS2, b"=" * 65 + b"\nTotal params: 12\n", 600_000),
    "brackets": repeated(b"(", _KERAS2),
    "square brackets": repeated(b"a[0][0], ", _KERAS2),
    "commas": repeated(b"1,", _KERAS2 + b"dense (Dense)   (None, 3)   "),
    "digits": repeated(b"1", _KERAS2 + b"dense (Dense)   (None, 3)   "),
    "carriage returns": repeated(b"\r", _KERAS2),
    "backspaces": repeated(b"a\b", _KERAS2),
    "box edges": repeated("┏".encode()),
    "box lines": repeated("━".encode(), "┏".encode(), "┓\n".encode()),
    "rows of boxes": repeated("│ a │ b │ c │\n".encode(), _TABLE),
    "an open box": repeated("┏━━━━━━━━┳━━━━━━━━┓\n".encode()),
    "heads of boxes": repeated(_TABLE),
    "a table of 20,000 rows": lambda: _table(20_000),
    "a table of 500,000 rows": lambda: _table(500_000),
    "a table of many columns": lambda: _table(20, 20_000),
    "models": repeated(b'Model: "m"\n'),
    "totals": repeated(b"Total params: 12 (48.00 B)\n"),
    "NULs": repeated(b"\0"),
    "spaces": repeated(b" ", _KERAS2),
    "tabs": repeated(b"\t", _KERAS2),
    "quotes": repeated(b"> ", _KERAS2),
    "lines with comments": repeated(b"# ", _KERAS2),
    "wide characters": repeated("畳".encode(), _KERAS2),
    "combining characters": repeated("\u0301".encode(), _KERAS2 + b"a"),
    "HTML": repeated(b"<span>", b"<pre>Model: \"m\"\n"),
    "HTML entities": repeated(b"&amp;", b"<pre>Model: \"m\"\n"),
    "log lines": repeated(b"2024-01-01T00:00:00.000Z ", _KERAS2),
}  # fmt: skip

SETTINGS: dict[str, Made] = {
    "8,000 unknown keys": numbered("allow%d = 1\n", "[tool.convcalc]\n", "", 110_000),
    "unknown keys": numbered("allow%d = 1\n", "[tool.convcalc]\n", "", SIZE),
    "unknown budgets": numbered("params%d = 1\n", "[tool.convcalc.budget]\n", "", 900_000),
    "records": numbered('"m%d.yaml" = "r"\n', "[tool.convcalc.records]\n", "", 900_000),
    "records that are numbers": numbered('"m%d.yaml" = 1\n', "[tool.convcalc.records]\n", "", 900_000),
    "a long line": repeated(b"x", b'[tool.convcalc]\ncustom = "', b'"\n'),
    "other tables": repeated(b"[[tool.a]]\n", b"[tool.convcalc]\n"),
    "other tables, 1 MB": repeated(b"[[tool.a]]\n", b"[tool.convcalc]\n", size=1_000_000),
    "lists": repeated(b"[", b"[tool.convcalc]\ncustom = ", size=1_000_000),
    "dotted keys": repeated(b"a.", b"[tool.convcalc]\n", b"b = 1\n", 1_000_000),
    "quotes": repeated(b"'", b"[tool.convcalc]\nunknown = 1\n", size=900_000),
    "comments": repeated(b"#", b"[tool.convcalc]\n"),
    "brackets": repeated(b"[\n", b"[tool.convcalc]\nunknown = 1\n", size=900_000),
}
