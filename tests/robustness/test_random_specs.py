"""Tests that reading a text as a spec quickly gives a report or a :class:`ConvcalcError`, whatever the text is."""

import re
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcalc import Report, infer
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read import parse
from convcalc.read.spec.expressions import evaluate
from convcalc.read.spec.nodes import decode
from convcalc.read.spec.spec import read_spec
from convcalc.rendering import render
from tests.paths import BROKEN, SPECS

pytestmark = pytest.mark.slow

PATHS = sorted(SPECS.glob("*.yaml"))
SMALL = [text for path in [*PATHS, *sorted(BROKEN.glob("*.yaml"))] if len(text := path.read_text("utf-8")) < 4000]
TOKEN = re.compile(r"[\w$.*+-]+|[^\w\s]|\s+")
TEXTS = [path.read_text(encoding="utf-8") for path in PATHS]


def outcome(text: str) -> Report | ConvcalcError:
    """Returns the report of the model in a text, or the error that reading the text raises."""
    try:
        report = infer(read_spec(Source("any.yaml", text)))
        render(report)
        return report
    except ConvcalcError as refused:
        assert str(refused)
        return refused


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text(text: str) -> None:
    outcome(text)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes(data: bytes) -> None:
    try:
        outcome(decode(data, "any").text)
    except ConvcalcError as refused:
        assert str(refused)


_WORDS = (
    "Conv2D Dense Flatten Add from as name repeat call Model input layers $input ${x} null -1 [] {} [3,4] é ~ *a &a"
)
WORDS = st.sampled_from(_WORDS.split())


@given(
    st.recursive(
        WORDS | st.integers(-3, 300) | st.booleans(),
        lambda part: st.lists(part, max_size=4) | st.dictionaries(WORDS, part, max_size=4),
        max_leaves=25,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_structure(value: object) -> None:
    import json

    outcome(f"input: [8, 8, 3]\nlayers: {json.dumps(value)}\n")
    outcome(f"input: {json.dumps(value)}\nlayers:\n  - Dense: 3\n")


@given(st.integers(0, len(TEXTS) - 1), st.integers(0, 10**9))
@settings(max_examples=150, deadline=None)
def test_any_mutation_of_a_real_spec(which: int, seed: int) -> None:
    random = Random(seed)
    lines = TEXTS[which].splitlines()
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(lines))
        other = random.randrange(len(lines))
        match random.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[other])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                cut = random.randrange(len(lines[at]) + 1)
                lines[at] = (
                    lines[at][:cut]
                    + random.choice(["", "3", "x", ":", "[", "}", "$", "'", "\t", "é", " - "])
                    + lines[at][cut + 1 :]
                )
            case 4:
                lines[at] = lines[at].replace("3", random.choice(["0", "-1", "null", "99999999", "1e3", "[3]"]))
            case _:
                lines[at] = " " * random.randint(0, 4) + lines[at]
        if not lines:
            break
    outcome("\n".join(lines))


# Typical mistakes in handwritten specs.
_SLIPS = ["0", "-1", "null", "true", "[]", "{}", "[null]", "1e30", "9" * 25, "$input", "${1/0}", "*a", "&a", "x"]
_SLIPS += ["[3, 3]", "{a: 1}", "1000000", "<<", "!", "%", "''"]


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 10**9))
@settings(max_examples=400, deadline=None)
def test_any_mistake_in_a_valid_or_broken_spec(which: int, seed: int) -> None:
    random = Random(seed)
    parts = TOKEN.findall(SMALL[which])
    words = TOKEN.findall(random.choice(SMALL))
    for _ in range(random.randint(1, 6)):
        at, other = random.randrange(len(parts)), random.randrange(len(parts))
        match random.randrange(6):
            case 0:
                parts[at] = random.choice(words)
            case 1:
                del parts[at : at + (len(parts) > 1)]
            case 2:
                parts.insert(at, random.choice(words))
            case 3:
                parts[at], parts[other] = parts[other], parts[at]
            case 4:
                parts[at] = random.choice(_SLIPS)
            case _:
                parts[at:at] = parts[other : other + random.randint(1, 12)]
    outcome("".join(parts))


@given(st.text(alphabet="0123456789+-*/%() xy", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_expression(text: str) -> None:
    """If an expression in a spec has a value, Python's integer arithmetic gives the same value."""
    from convcalc.base.problems import Refusal

    try:
        value = evaluate(text, {"x": 7, "y": 12})
    except Refusal:
        return
    python = re.sub(r"\b0+(?=[0-9])", "", text).replace("//", "|").replace("/", "//").replace("|", "//")
    assert value == eval(python, {"x": 7, "y": 12})


def grow(value: str, wide: str) -> str:
    """Returns a spec in which a block passes a growing argument to the next block, twelve times.

    The first block gets ``value``. Each block passes ``wide``, which contains its argument ``$x`` several times.
    """
    lines = [f"  b{n}: {{arguments: [x], layers: [{{b{n + 1}: {{x: {wide}}}}}]}}" for n in range(12)]
    last = "  b12: {arguments: [x], layers: [{Dense: {units: $x, name: $x}}]}"
    return "\n".join(["blocks:", *lines, last, "input: [3]", f"layers: [{{b0: {value}}}]"])


def doubled(models: int) -> str:
    """Returns a spec with nested models, each called twice, whose input has an axis of unknown size."""
    inner = "{Dense: 3}"
    for n in range(models):
        inner = f"{{Model: {{name: m{n}, input: [null, 3], layers: [{inner}]}}}}, {{call: m{n}}}"
    return f"input: [5, 3]\nlayers: [{inner}]"


REPEAT = "input: [3, 3]\nlayers:\n  - repeat: 19000\n    index: i\n    layers: "
HOSTILE = {
    "a word that grows": grow("long", "$x$x$x$x$x$x$x$x$x$x"),
    "a list that grows": grow("1", "[$x, $x, $x, $x, $x, $x, $x, $x, $x, $x]"),
    "aliases in aliases": "a0: &a0 "
    + "[" * 60
    + "]" * 60
    + "".join(f"\na{n}: &a{n} {'[' * 60}*a{n - 1}{']' * 60}" for n in range(1, 100))
    + "\ninput: [3]\nlayers: [Dense: *a99]",
    "blocks in repeats in blocks": "blocks:\n"
    + "".join(f"  b{n}: {{layers: [{'{repeat: 1, layers: [' * 18}b{n + 1}{']}' * 18}]}}\n" for n in range(15))
    + "  b15: {layers: [Flatten]}\ninput: [3]\nlayers: [b0]",
    "models in blocks in models": "blocks:\n"
    + "".join(f"  b{n}: {{layers: [{'{Model: {input: [3], layers: [' * 14}b{n + 1}{']}}' * 14}]}}\n" for n in range(15))
    + "  b15: {layers: [Flatten]}\ninput: [3]\nlayers: [b0]",
    "models called in models": doubled(20),
    "a model called often": "input: [4]\nlayers:\n  - Model: {name: m, input: [null], layers: [{repeat: 2000, layers: [ReLU]}]}\n"
    "  - {repeat: 2000, layers: [{call: m}]}",
    "a long repeat": REPEAT + "[Flatten]",
    "a long repeat of a long list": REPEAT + "[" + "Flatten, " * 1000 + "Flatten]",
    "a long repeat of long values": REPEAT + "[{Dense: {units: [" + "1, " * 10_000 + "1]}}]",
    "a long repeat of expressions": REPEAT + "[{Dense: '${" + "+".join("i" * 49) + "}'}]",
    "a long repeat of an unknown layer": REPEAT + "[Flattenn]",
    "a long repeat of unknown names": REPEAT + "[{Dense: {units: 3, name: d$i}}, {Dense: {units: 3, from: x$i}}]",
    "a long repeat of wide merges": REPEAT + "[{Add: {from: [" + "input_layer, " * 2000 + "input_layer]}}]",
    "sizes that grow": REPEAT + "[{UpSampling1D: 9007199254740992}]",
    "many axes": "input: [" + "9007199254740992, " * 5000 + "1]\nlayers: [Flatten]",
    "many empty lines": "\n" * 4_000_000 + "input: [3]\nlayers:\n" + "  - Flattn\n" * 200,
    "a long comment": "#" * 4_000_000 + "\ninput: [3]\nlayers: [Flatten]",
    "nested lists": "input: " + "[" * 100_000,
    "nested maps": "a: " * 1 + "{a: " * 100_000,
    "nested blocks": "".join(f"{' ' * n}a:\n" for n in range(2000)),
    "brackets in an expression": "input: [3]\nlayers:\n  - repeat: 1\n    index: x\n    layers:\n      - Dense: '${"
    + "(" * 100_000
    + "x'",
    "minus signs in an expression": "input: [3]\nlayers:\n  - repeat: 1\n    index: x\n    layers:\n      - Dense: '${"
    + "-" * 100_000
    + "x}'",
    "a repeat without end": "input: [3]\nlayers:\n  - repeat: 99999999999\n    layers: [Flatten]",
    "repeats in repeats": "input: [3]\nlayers:\n"
    + "".join(f"{'    ' * n}  - repeat: 999\n{'    ' * n}    layers:\n" for n in range(10))
    + "    " * 10
    + "  - Flatten",
    "blocks in blocks": "blocks:\n"
    + "".join(f"  b{n}:\n    layers: [{', '.join([f'b{n + 1}'] * 9)}]\n" for n in range(12))
    + "  b12:\n    layers: [Flatten]\ninput: [3]\nlayers: [b0]",
    "a name without end": "input: [3]\nlayers:\n  - Dense: {units: 3, name: " + "x" * 1_000_000 + "}",
    "a number without end": "input: [" + "9" * 1_000_000 + "]\nlayers: [Flatten]",
    "many documents": "--- 1\n" * 10_000,
    "many keys": "".join(f"k{n}: 1\n" for n in range(20_000)),
    "many problems": "input: [3]\nlayers:\n" + "  - Dens: 3\n" * 5_000,
    "a wide merge": "input: [3]\nlayers:\n  - Flatten: {name: a}\n  - Add: {from: [" + "a, " * 20_000 + "a]}",
    "control characters": "input: [3]\nlayers: [\x00\x1b]",
    "surrogates": "input: [3]\nlayers: ['\\ud800']",
    "sizes that multiply": "input: [9007199254740992, 9007199254740992, 9007199254740992]\nlayers: [Flatten, {Dense: 9007199254740992}]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_answered_quickly(name: str) -> None:
    began = time.process_time()
    outcome(HOSTILE[name])
    # Each spec normally takes much less than a second. The high limit detects only endless loops.
    assert time.process_time() - began < 20


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, ending: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(f"input: [3]{ending}layers:{ending}  - Dense: {{units: 3, name: größe}}{ending}".encode(encoding))
    report = infer(parse(path))
    assert (report.layers[0].name, report.totals.params) == ("größe", 12)


def test_an_unreadable_file_is_one_clear_error(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path, "is a folder without a model"),
        (tmp_path / "missing.yaml", "no such file or directory"),
        ("nul\0.yaml", "embedded null"),
    ):
        with pytest.raises(ConvcalcError, match=message):
            parse(path)
    binary = tmp_path / "model.bin"
    binary.write_bytes(b"\x89XYZ\r\n\x1a\n\xff\xfe\x00")
    with pytest.raises(ConvcalcError, match="is not valid UTF-8"):
        parse(binary)
