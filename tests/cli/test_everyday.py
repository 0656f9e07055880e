"""What users type in the first minutes: short forms, files in place of commands, and options without effect."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helpers.command_line import run
from tests.paths import SPECS

LENET = str(SPECS / "lenet5.yaml")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("6x6 3 -s 2 -p same", "--in 6x6 --k 3 --s 2 --pad same"),
        ("28x28x1 3 -f 32", "--in 28x28x1 --k 3 --filters 32"),
        ("-i 28x28 -k 3x5", "--in 28x28 --k 3x5"),
        ("28 --out 14", "--in 28 --out 14"),
        ("28x28 -k 5", "--in 28x28 --k 5"),
        ("6x6 3 --pad (1,0),(0,1)", "--in 6x6 --k 3 --pad ((1,0),(0,1))"),
        ("50x4 3 -p causal -f 8", "--in 50 --channels 4 --k 3 --pad causal --filters 8"),
    ],
)
def test_short_forms_of_conv(short: str, long: str) -> None:
    first, second = run("conv", *short.split(" ")), run("conv", *long.split(" "))
    assert first.returncode == 0
    assert first.stdout == second.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("6x6 --k 3 --filters 32", "write 6x6x3 for an image with 3 channels, or --in 6 --channels 6 for a sequence"),
        ("50x4 3 -f 8", "--in 50 --channels 4 for a sequence"),
        ("6 6 3", "such as 6x6 3"),
        ("6 3 --k 5", "--k is given twice: 3 and 5"),
        ("3 --in 6", "--in is given twice: 3 and 6"),
        ("-k 3", "such as `convcalc conv 28x28 3`"),
    ],
)
def test_unclear_sizes_of_conv(arguments: str, text: str) -> None:
    result = run("conv", *arguments.split(" "))
    assert result.returncode == 2
    assert text in result.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("6x6 3 -p ((1,0),(0,1))", "ZeroPadding2D(((1, 0), (0, 1)))"),
        ("6 3 -p 1", "ZeroPadding1D(1)"),
        ("6 3 -p ((1,2))", "ZeroPadding1D((1, 2))"),
        ("6x6x6 3 -p 2", "ZeroPadding3D(2)"),
    ],
)
def test_the_line_of_keras_that_pads(arguments: str, line: str) -> None:
    assert f"in Keras: {line}, then padding='valid'" in run("conv", *arguments.split(" ")).stdout


def test_a_model_in_place_of_a_command_is_its_summary(tmp_path: Path) -> None:
    assert run(LENET, "--columns", "params").stdout == run("summary", LENET, "--columns", "params").stdout
    program = tmp_path / "net.py"
    program.write_text("import keras\nm = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n")
    assert "Total params: 8" in run(f"{program}:m").stdout
    missing = run(str(tmp_path / "missing.yaml"))
    assert (missing.returncode, "missing.yaml: no such file" in missing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("show", "convcalc summary MODEL"),
        ("compare", "convcalc diff A B"),
        ("export", "convcalc convert"),
        ("sumary", "'summary'"),
    ],
)
def test_words_that_are_no_command(word: str, hint: str) -> None:
    result = run(word, "x")
    assert (result.returncode, hint in result.stderr) == (2, True)


def test_version_and_help() -> None:
    assert run("-V").stdout == run("--version").stdout
    assert run("help", "conv").stdout == run("conv", "--help").stdout
    assert run("help").stdout == run("--help").stdout


def test_convert_does_not_overwrite_its_own_file(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    shutil.copy(LENET, spec)
    before = spec.read_text(encoding="utf-8")
    for name in (spec, tmp_path / "sub" / ".." / "net.yaml"):
        (tmp_path / "sub").mkdir(exist_ok=True)
        refused = run("convert", str(spec), "-o", str(name))
        assert (refused.returncode, "would-overwrite" in refused.stderr, "--force" in refused.stderr) == (2, True, True)
        assert spec.read_text(encoding="utf-8") == before
    assert run("convert", str(spec), "-o", str(spec), "--force").returncode == 0
    assert spec.read_text(encoding="utf-8") != before
    assert run("convert", str(spec), "-o", str(tmp_path / "net.json")).returncode == 0


def test_options_without_effect() -> None:
    twice = run("summary", LENET, "--input", "28x28x1", "--input", "32x32x1")
    assert (twice.returncode, "--input is given twice" in twice.stderr) == (2, True)
    assert "--inplace changes nothing here; add --memory" in run("summary", LENET, "--inplace").stderr
    assert "--assume-dtype changes nothing" in run("summary", LENET, "--assume-dtype", "int8").stderr
    for shown in (["--memory"], ["--columns", "memory"], ["--format", "json"], ["--training", "adam"]):
        assert "changes nothing" not in run("summary", LENET, "--inplace", *shown).stderr
    assert run("summary", LENET, "--format", "md").stdout == run("summary", LENET, "--format", "markdown").stdout


def test_explain_and_layers_know_what_users_mean() -> None:
    assert "`convcalc layers Conv2D`" in run("explain", "Conv2D").stderr
    assert run("layers", "keras.layers.Dense").stdout == run("layers", "Dense").stdout
    for name, hint in (
        ("pad", "ZeroPadding2D"),
        ("Batch", "BatchNormalization"),
        ("Linear", "'Dense'"),
        ("sigmoid", "Activation"),
    ):
        assert hint in run("layers", name).stderr


def test_files_of_similar_names(tmp_path: Path) -> None:
    shutil.copy(LENET, tmp_path / "lenet5.yaml")
    assert f"did you mean '{tmp_path}/lenet5.yaml'?" in run("summary", str(tmp_path / "lenet5.yml")).stderr
    assert "no file matches this pattern" in run("summary", str(tmp_path / "*.keras")).stderr
    assert "there is no folder" in run("summary", str(tmp_path / "missing" / "m.yaml")).stderr
    assert "write the whole name" in run(str(tmp_path / "lenet5")).stderr


@pytest.mark.parametrize("sizes", ["32 32 1", "32*32*1", "(32, 32, 1)", "[32, 32, 1]", "32×32×1"])
def test_sizes_in_other_forms(sizes: str) -> None:
    assert run("summary", LENET, "--input", sizes).stdout == run("summary", LENET, "--input", "32x32x1").stdout
