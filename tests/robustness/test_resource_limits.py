"""Tests that the command line answers or refuses hostile input within limits of processor time and memory.

Each case runs in its own process. The limits are at least ten times what a case needs. They are too low for an algorithm
of quadratic time, or for one whose time doubles with each level of nesting.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from convcalc import infer
from convcalc.base.problems import ConvcalcError
from convcalc.base.text import visible
from convcalc.read import read
from convcalc.rendering import render
from convcalc.rendering.formats import REPORT_FORMATS
from tests.helpers.fork_server import run_forked
from tests.helpers.keras_configs import DENSE, INPUT, archive, data, functional, layer, tensor

pytestmark = pytest.mark.slow

SECONDS = 20  # the limit of processor time
ROOM = 2**30  # the limit of memory (address space), in bytes
LIMITS = {"RLIMIT_CPU": SECONDS, "RLIMIT_AS": ROOM, "RLIMIT_CORE": 0}


def run(
    folder: Path, *arguments: str, file: bytes | None = None, limits: Mapping[str, int] = LIMITS
) -> subprocess.CompletedProcess[str]:
    """Runs convcalc with these arguments. The argument ``FILE`` is the name of a file with the bytes of ``file``."""
    if file is not None:
        (folder / "FILE").write_bytes(file)
    return run_forked(arguments, folder=folder, limits=limits)


def answered(done: subprocess.CompletedProcess[str]) -> None:
    """Checks that the command gave a result and printed nothing on standard error, or gave one clear error."""
    assert done.returncode in (0, 2), done.stderr[-2000:]
    assert "internal" not in done.stderr and "Traceback" not in done.stderr, done.stderr[-2000:]
    # A model with an error is shown down to the error.
    assert (
        "The table ends at" in done.stdout
        if done.returncode and done.stdout
        else bool(done.stdout) == (done.returncode == 0)
    )
    assert ("error[" in done.stderr or "Error: " in done.stderr) == (done.returncode == 2)
    assert len(done.stderr) < 60_000  # at most 100 problems, each with its source line


def spec(layers: str, first: str = "", size: str = "[3]") -> bytes:
    """Returns a spec with these layers."""
    return f"{first}\ninput: {size}\nlayers: {layers}\n".encode()


def aliases(leaf: str, each: Callable[[str], str]) -> str:
    """Returns a YAML text whose forty anchors each have nine aliases of the previous anchor: 9^39 values when expanded."""
    lines = [f"a0: &a0 {leaf}", *(f"a{n}: &a{n} {each(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 40))]
    return "\n".join(lines)


def doubled(levels: int) -> dict[str, Any]:
    """Returns nested models, each called twice on inputs of other sizes than it declares."""
    inner = functional(INPUT, DENSE | {"config": {"name": "dense", "units": 3}}, name="m0")
    for level in range(1, levels):
        name = inner["config"]["name"]
        nodes = [{"args": [each], "kwargs": {}} for each in (tensor("x"), tensor(name, 1))]
        first = layer("InputLayer", "x", batch_shape=[None, None if level % 2 else 3])
        inner = functional(
            first, {**inner, "name": name, "inbound_nodes": nodes}, name=f"m{level}", outputs=[[name, 2, 0]]
        )
    return inner


def members(count: int) -> bytes:
    """Returns an archive with many members. The config is the last member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for number in range(count):
            packed.writestr(f"m{number}", "")
        packed.writestr("config.json", data(functional(INPUT, DENSE)))
    return file.getvalue()


def added(inputs: int) -> bytes:
    """Returns a spec with this many inputs and their sum."""
    names = [f"i{number}" for number in range(inputs)]
    return f"inputs: {{{', '.join(f'{name}: [3]' for name in names)}}}\nlayers: [{{Add: {{from: [{', '.join(names)}]}}}}]".encode()


def merged(tensors: int) -> dict[str, Any]:
    """Returns a model with a layer that reads one tensor many times. The file does not record the tensor's shape."""
    given = {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}
    return functional(INPUT, layer("Add", "dense", [[given] * tensors]))


MODELS = "{Model: {input: [3], layers: ["
WIDE = f"[{', '.join(['9007199254740992'] * 60)}]"
# Each file is made only when a test needs it, because some are large.
FILES: dict[str, Callable[[], bytes]] = {
    "aliases of lists": lambda: spec("*a39", aliases("[x]", lambda text: f"[{text}]")),
    "aliases of layers, repeated": lambda: spec(
        "[{repeat: 3, layers: *a39}]", aliases("[Flatten]", lambda text: f"[{text}]")
    ),
    "aliases that are merged": lambda: spec("[Flatten]", aliases("{k: 1}", lambda text: f"{{<<: [{text}]}}")),
    "a list inside itself": lambda: b"layers: &a [*a]\ninput: [3]\n",
    "a hundred thousand anchors": lambda: "".join(f"k{n}: &a{n} 1\n" for n in range(100_000)).encode(),
    "models three hundred deep": lambda: spec(f"[{MODELS * 300}Flatten{']}}' * 300}]"),
    "question marks": lambda: b"? " * 3_000,
    "dashes": lambda: b"- " * 3_000,
    "a plain word of two megabytes": lambda: spec("x" * 2_000_000),
    "names similar to known ones": lambda: spec(
        f"[{', '.join(f'{{Dense: {{units: 3, name: layer{n}}}}}' for n in range(2000))},"
        f" {', '.join(f'{{Dense: {{units: 3, from: lyer{n}}}}}' for n in range(2000))}]"
    ),
    "models called twice, in files": lambda: data(doubled(25)),
    "half a million outputs": lambda: data(functional(INPUT, DENSE, outputs=[["dense", 0, 0]] * 500_000)),
    "a hundred thousand inputs": lambda: data(functional(INPUT, DENSE, input_layers=[["x", 0, 0]] * 100_000)),
    "twenty thousand inputs that are added": lambda: added(20_000),
    "a merge of a hundred thousand": lambda: data(merged(100_000)),
    "a million layers": lambda: spec("[{repeat: 1000000, layers: [Flatten]}]"),
    "a hundred thousand lines of layers": lambda: b"input: [3]\nlayers:\n" + b"- Flatten\n" * 100_000,
    "three hundred thousand outputs": lambda: spec("[{Dense: {units: 3, name: d}}]", f"outputs: [{'d, ' * 300_000}d]"),
    "sizes that multiply beyond a float": lambda: spec(
        f"[{{LayerNormalization: {{axis: {[*range(1, 61)]}}}}}]", size=WIDE
    ),
    "an archive of sixty thousand members": lambda: members(60_000),
    "an archive that expands much by bzip2": lambda: archive(b" " * 60_000_000, method=zipfile.ZIP_BZIP2),
    "an archive that expands much by LZMA": lambda: archive(b" " * 60_000_000, method=zipfile.ZIP_LZMA),
    "an archive with too large a config": lambda: archive(b" " * 70_000_000, method=zipfile.ZIP_STORED),
    "a string that is never closed": lambda: b'{"class_name": "Functional", "config": ["' + b'\\"' * 2_000_000,
    "a string of escapes": lambda: b'{"class_name": "Functional", "config": ["' + b'\\"' * 2_000_000 + b'"]}',
    "quotes that are never closed": lambda: b'{"class_name": "Functional", "config": ' + b'"' * 1_000_001,
    "a NUL in a spec": lambda: b"input: [3]\0\nlayers: [Flatten]\n",
    "only NULs": lambda: bytes(100_000),
    "nothing": lambda: b"",
    "only a byte order mark": lambda: b"\xef\xbb\xbf",
    "two byte order marks": lambda: b"\xef\xbb\xbf" * 2 + spec("[Flatten]"),
    "a tab": lambda: b"input: [3]\nlayers:\n\t- Flatten\n",
    "a Python tag": lambda: b"layers: !!python/object/apply:os.system [exit]\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_stays_within_the_limits(name: str, tmp_path: Path) -> None:
    answered(run(tmp_path, "summary", "FILE", "--memory", "--insights", file=FILES[name]()))


def test_the_limits_are_enforced(tmp_path: Path) -> None:
    """The limits must stop a process that runs too long or takes too much memory."""
    slow = FILES["a merge of a hundred thousand"]()
    done = run(tmp_path, "summary", *["FILE"] * 20, file=slow, limits={**LIMITS, "RLIMIT_CPU": 1})
    with pytest.raises(AssertionError):
        answered(done)
    done = run(tmp_path, "summary", *["FILE"] * 20, file=slow, limits={**LIMITS, "RLIMIT_AS": 2**26})
    assert done.returncode != 0 and not done.stdout


# Huge numbers ---------------------------------------------------------------------------------------------------------

GIANTS = ("9" * 1_000, "1" + "0" * 100_000, "-" + "9" * 1_000, "0x" + "f" * 10_000, "0b" + "1" * 20_000, "1e1000")
PLACES = {
    "units": "input: [3]\nlayers: [{Dense: N}]",
    "a size": "input: [N]\nlayers: [Flatten]",
    "a batch": "input: {shape: [3], batch_size: N}\nlayers: [Flatten]",
    "a repeat": "input: [3]\nlayers: [{repeat: N, layers: [Flatten]}]",
    "an expression": "input: [3]\nlayers: [{repeat: 2, index: i, layers: [{Dense: '${i*N*N}'}]}]",
    "a budget": "input: [3]\nbudget: {params: N, min_receptive_field: N}\nlayers: [Flatten]",
    "an expectation": "input: [3]\nlayers: [{Dense: {units: 3, expect: {params: N, output_shape: [N]}}}]",
    "an operand": "input: [3]\nlayers: [{ops.add: [$input, N]}]",
    "a name": "name: N\ninput: [3]\nlayers: [{Flatten: {name: N}}]",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_huge_number_in_a_spec(place: str) -> None:
    for giant in GIANTS:
        text = PLACES[place].replace("N", giant)
        try:
            report = infer(read(text.encode(), "spec.yaml"))
        except ConvcalcError as failed:
            assert len(str(failed)) < 2_000
        else:
            render(report)


@pytest.mark.parametrize("giant", GIANTS[:2])
def test_a_huge_number_in_a_config(giant: str, tmp_path: Path) -> None:
    config = data(functional(INPUT, DENSE)).replace(b'"units": 4', b'"units": ' + giant.encode())
    done = run(tmp_path, "summary", "FILE", file=config)
    answered(done)
    assert done.returncode == 2


COMMANDS = (
    *(
        f"conv --in {rest}"
        for rest in ("N --k 3", "6 --k N", "6 --k 3 --s N", "6 --k 3 --pad N", "6 --k 3 --dilation N")
    ),
    *(f"conv --in {rest}" for rest in ("6 --k 3 --filters N", "6x3 --k 3 --filters 4 --groups N", "6 --k 3 --out N")),
    *(f"summary FILE {rest}" for rest in ("--input N", "--batch N", "--width N", "--depth N", "--columns N")),
    *(
        f"summary FILE --format keras {rest}"
        for rest in ("--line-length N", "--positions N", "--layer-range N flatten")
    ),
    *(f"check FILE {rest}" for rest in ("--max-params N", "--max-flops N", "--min-receptive-field N", "--input x=N")),
    *("explain FILE N", "layers N", "diff FILE --git N"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_huge_number_on_the_command_line(command: str, tmp_path: Path) -> None:
    """Every command gives a result or an error, although the number has 1,000 digits."""
    words: Sequence[str] = command.replace("N", "9" * 1_000).split()
    answered(run(tmp_path, *words, file=spec("[Flatten]")))


# Encodings ------------------------------------------------------------------------------------------------------------

TEXT = "input: [3]\r\nlayers:\r\n- Dense: {units: 3, name: größe}\r\n"
CONFIG = json.dumps(
    functional(INPUT, layer("Dense", "größe", [tensor("x")], units=3), outputs=[["größe", 0, 0]]), ensure_ascii=False
)
READ = ("utf-8", "utf-8-sig", "utf-16")
REFUSED = ("latin-1", "cp1252", "cp037", "utf-32")


@pytest.mark.parametrize("encoding", (*READ, *REFUSED))
@pytest.mark.parametrize("text", [TEXT, CONFIG], ids=["spec", "config"])
def test_a_text_in_any_encoding_is_read_or_refused(text: str, encoding: str) -> None:
    """Files in UTF-8, with or without a byte order mark, and in UTF-16 are read. Names must keep the right letters."""
    try:
        report = infer(read(text.encode(encoding), "any"))
    except ConvcalcError as failed:
        assert encoding in REFUSED
        assert len(failed.problems) == 1
        assert len(str(failed)) < 500
    else:
        assert encoding in READ
        assert report.layers[-1].name == "größe"


# Unusual names --------------------------------------------------------------------------------------------------------

NAMES = {
    "combining": "e\u0301t\u0308\u0323" + "\u0301" * 40,
    "right to left": "שלום עולם",
    "both directions": "abc \u202eשלום\u202c עולם \u2067x\u2069",
    "wide": "畳み込み層",
    "joined signs": "👩\u200d👩\u200d👧\u200d👦🏽🇩🇪❤\ufe0f",
    "without width": "a\u200b\u200d\u2060\ufeffb",
    "Rich markup": "[bold]x[/bold] [red]y[/] [link=http://a]z[/link] [/] \\[b] :smile:",
    "terminal escapes": "\x1b[2J\x1b]0;title\x07\x9b31m\x1b]8;;http://a\x1b\\x\x08\x7f",
    "line ends": "a\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h",
    "letters of other Unicode planes": "𝒳\U0001d173x\U000e0041y\U0010ffff",
}


@pytest.mark.parametrize("format", REPORT_FORMATS)
@pytest.mark.parametrize("kind", NAMES)
def test_a_name_of_any_letters_in_every_format(kind: str, format: str) -> None:
    """Control and formatting characters are escaped, and all lines of a table have the same width."""
    name = NAMES[kind]
    config = functional(INPUT, layer("Dense", name, [tensor("x")], units=4), outputs=[[name, 0, 0]], name=name)
    try:
        text = render(infer(read(data(config), "model.json")), format)
    except ConvcalcError as failed:  # Keras cannot print this name
        assert format in ("keras", "keras2")
        assert all(str(each) == visible(str(each)) for each in failed.problems)
        return
    assert all(line == visible(line) for line in re.split("\r?\n", text))
    if format == "table":
        framed = [cell_len(line) for line in text.splitlines() if line[:1] in tuple("┏┃┡│└")]
        assert len(framed) > 3
        assert len(set(framed)) == 1


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_of_any_letters_in_an_error(kind: str, tmp_path: Path) -> None:
    name = NAMES[kind]
    config = functional(INPUT, layer("Dense", name, [tensor("x")], units=-4), outputs=[[name, 0, 0]])
    done = run(tmp_path, "summary", "FILE", file=data(config))
    answered(done)
    assert done.returncode == 2
    assert all(line == visible(line) for line in done.stderr.split("\n"))
