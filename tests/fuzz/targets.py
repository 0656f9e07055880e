"""The targets of the fuzzer: functions that must not raise an exception for any bytes. Each target has its own first
inputs.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import click

from convcalc import Report, infer
from convcalc.audit.config import audit_config
from convcalc.audit.file import audit_open_file
from convcalc.base.numbers import Unknown
from convcalc.base.problems import ConvcalcError, Refusal, Source
from convcalc.checking.against_snapshot import compare_with_snapshot
from convcalc.checking.budget import check_budget, limits_of
from convcalc.checking.quantities import quantity
from convcalc.checking.verify import verify
from convcalc.cli import cli
from convcalc.cli.inputs import Inputs
from convcalc.cli.project import project
from convcalc.cli.sizes import parse_padding, parse_sizes
from convcalc.model import Model
from convcalc.ops.keys import key_text, read_key
from convcalc.read import read
from convcalc.read.code.file import follow, read_program
from convcalc.read.code.targets import targets_of
from convcalc.read.container import parse_json
from convcalc.read.keras_files.weights import weights_in
from convcalc.read.spec.expressions import evaluate
from convcalc.snapshot.load import snapshot_in
from tests.fuzz import files, seeds
from tests.fuzz.oracle import LONGEST_MESSAGE, judge, refused


class Target(NamedTuple):
    """A function to fuzz.

    ``mutate`` changes the data that the bytes contain, and returns new bytes; None if they contain no data.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    mutate: Callable[[bytes, Random], bytes | None] | None = None


def _read(data: bytes, name: str) -> Model | None:
    try:
        return read(data, name)
    except ConvcalcError as failed:
        refused(failed)
        return None


def model(data: bytes) -> None:
    """Reads any file: a spec or a config."""
    if (result := _read(data, "any")) is not None:
        judge(result)


def config(data: bytes) -> None:
    """Reads a Keras config, and runs the audit, which searches the config for code."""
    model(data)
    with suppress(ConvcalcError, UnicodeDecodeError):
        audit_config(parse_json(Source("any", data.decode())))


def program(data: bytes) -> None:
    """Follows Python code, and reads the first of its models."""
    text = data.decode(errors="replace")
    try:
        names = [target.name for target in targets_of(follow(text, "any.py"))]
        for name in names[:3]:
            judge(read_program(text, "any.py", target=name))
    except ConvcalcError as failed:
        refused(failed)


def weighed(data: bytes) -> None:
    """Reads a file with weights, compares the weights with the model, and audits the file under two endings."""
    for name in ("any", "any.keras"):
        with suppress(ConvcalcError):
            audit_open_file(io.BytesIO(data), name)
    if (result := _read(data, "any")) is None:
        return
    judge(result)
    with suppress(ConvcalcError):
        verify(infer(result), weights_in(io.BytesIO(data), "any", result))


@cache
def _reports() -> tuple[Report, ...]:
    return tuple(infer(read(text, "any")) for text in seeds.recorded())


def record(data: bytes) -> None:
    """Reads a record, and compares it with a few models."""
    text = data.decode(errors="replace")
    for report in _reports():
        try:
            result = snapshot_in(text, "any", report)
        except ConvcalcError as failed:
            refused(failed)
            return
        for problem in compare_with_snapshot(report, result)[1]:
            assert len(str(problem)) < LONGEST_MESSAGE


def resize(data: bytes) -> None:
    """Changes the input sizes of a few models.

    The first line is the batch size, or empty. Each other line is one ``--input``.
    """
    batch, *inputs = data.decode(errors="replace").split("\n")
    for model in (*map(_model, seeds.recorded()), _model(seeds.foreign_input())):
        try:
            options = Inputs((), tuple(inputs), int(batch) if re.fullmatch("[1-9][0-9]{0,17}", batch) else None)
            judge(options.finished(model, is_code=False))
        except ConvcalcError as failed:
            refused(failed)


@cache
def _model(text: bytes) -> Model:
    return read(text, "any")


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="convcalc-fuzz-"))


def settings(data: bytes) -> None:
    """Reads a pyproject.toml, checks models against the budgets in it, and opens the records that are named in it."""
    (_folder() / "pyproject.toml").write_bytes(data)
    try:
        result = project(_folder())
    except ConvcalcError as failed:
        refused(failed)
        return
    for name in result.records:
        result.record_of(name)
    for report in _reports():
        try:
            problems = check_budget(report, limits_of(result.budget, result.file or ""), result.allow_incomplete)
        except ConvcalcError as failed:
            problems = failed.problems
        assert all(len(str(problem)) < LONGEST_MESSAGE for problem in problems)


def conv(data: bytes) -> None:
    """Runs the calculator's command line, with one argument per line."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            cli.main(["conv", *data.decode(errors="replace").split("\n")], "convcalc", standalone_mode=False)
        except ConvcalcError as failed:
            refused(failed)
        except click.ClickException as failed:
            assert failed.format_message()
    assert len(said.getvalue()) < 2_000_000


def sizes(data: bytes) -> None:
    """Parses sizes, paddings and the indices of ``x[…]``."""
    text = data.decode(errors="replace")
    for parse in (lambda: parse_sizes(text, "--in", names=True), lambda: parse_padding(text)):
        try:
            parse()
        except ConvcalcError as failed:
            refused(failed)
    with suppress(Refusal):
        key = read_key(text)
        assert read_key(key_text(key)) == key


def quantities(data: bytes) -> None:
    """Parses quantities such as 5M. A quantity must not be negative. A text of digits, such as 12, must give this
    number.
    """
    text = data.decode(errors="replace")
    with suppress(Refusal):
        value = quantity(text)
        assert value >= 0
        assert not (text.isascii() and text.isdecimal()) or value == int(text)


def expression(data: bytes) -> None:
    """Evaluates an expression. If the expression has a value, Python's integer arithmetic must give the same value."""
    text = data.decode(errors="replace")
    with suppress(Refusal):
        value = evaluate(text, {"x": 7, "y": 12})
        assert not isinstance(value, Unknown)
        python = re.sub(r"\b0+(?=[0-9])", "", text.strip()).replace("//", "|").replace("/", "//").replace("|", "//")
        # eval is safe here: ``evaluate`` accepts only names, whole numbers and operators.
        assert value == eval(re.sub(r"\s+", " ", python), {"x": 7, "y": 12})


def _lines(*texts: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [text.encode() for text in texts]


_CONV = (
    "--in 6 --k 3 --s 2 --pad same",
    "--in 28x28x1 --k 3x3 --filters 32 --format json",
    "--in 6 --k 3 --pad ((1,0),(0,1)) --dilation 2",
    "--in 50x4 --k 3 --pad causal --filters 8",
    "--in 4 --k 3 --s 2 --pad 1 --transpose --output-padding 1 --framework torch",
    "--in 14x14x16 --k 3 --depthwise --depth-multiplier 2 --no-bias --ascii",
    "--in 112 --k 3 --s 2 --pool max --framework torch --ceil-mode",
    "--in HxWx3 --k 3 --s S --filters F --groups 1",
    "--in 28x28 --out 14x14",
    "--in 7 --out 14 --transpose --format json",
    "--in ? --k 3 --channels 4",
)

_SETTINGS = (
    "[tool.convcalc]\nallow-incomplete = true\nignore-names = false\n",
    '[tool.convcalc.budget]\nparams = "5M"\nmacs = 1_000\nmin_receptive_field = [64, 48]\nflops = 0x1F\n',
    '[tool.convcalc.records]\n"models/a.yaml" = "records/a.txt"\n',
    'tool = {convcalc = {budget = {peak_activation_bytes = "256KiB", min_receptive_field = "9x9"}}}\n',
)

TARGETS = {
    "spec": Target(model, seeds.specs, files.mutated_yaml),
    "config": Target(config, seeds.configs, files.mutated_json),
    "legacy": Target(config, seeds.legacy, files.mutated_json),
    "archive": Target(weighed, seeds.archives, files.mutated_archive),
    "hdf5": Target(weighed, seeds.hdf5s, files.mutated_hdf5),
    "program": Target(program, seeds.programs, files.mutated_code),
    "record": Target(record, seeds.records, files.mutated_json),
    "conv": Target(conv, _lines(*(line.replace(" ", "\n") for line in _CONV))),
    "resize": Target(resize, _lines("", "3\n28x28x1", "\nimage=8x8x3", "2\nx=5", "\n(?, 3, 1)")),
    "settings": Target(settings, _lines(*_SETTINGS)),
    "sizes": Target(sizes, _lines("6", "28x28", "3,5", "(1,2)", "?", "HxWx3", "((1,0),(0,1))", "same", "[:, ::2, ..., None]")),
    "quantities": Target(quantities, _lines("5M", "1.5G", "4MB", "256KiB", "1_000", "1,000")),
    "expression": Target(expression, _lines("x*2+y//3", "(x-1)/2", "-y % 5", "--x", "007")),
}  # fmt: skip


def run(target: str, data: bytes) -> Any:
    """Runs one case. Raises an exception only if the case fails."""
    return TARGETS[target].run(data)
