"""Tests the completions that a shell offers after TAB.

The tests use the protocol of click's scripts for bash, zsh and fish.
"""

import json
from pathlib import Path

import click
import pytest

from convcalc.cli import COMMANDS, cli
from tests.helpers.command_line import run
from tests.paths import ROOT

pytestmark = pytest.mark.slow

SHELLS = ("bash", "zsh", "fish")


def offers(shell: str, line: str, cwd: Path = ROOT) -> list[tuple[str, str, str]]:
    """Returns the type, value and help of each completion of the last word of a command line."""
    words = line.split(" ")
    environment = {
        "_CONVCALC_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
    }
    done = run(folder=cwd, **environment)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    if shell == "zsh":
        return [(type_, value, help_) for type_, value, help_ in zip(lines[::3], lines[1::3], lines[2::3])]
    result = []
    for each in filter(None, lines):
        type_, _, rest = each.partition(",")
        value, _, help_ = rest.partition("\t")
        result.append((type_, value, help_))
    return result


def values(line: str, shell: str = "bash", cwd: Path = ROOT) -> list[str]:
    return [value for _, value, _ in offers(shell, line, cwd)]


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_are_offered_with_their_help(shell: str) -> None:
    assert [(value, help_) for _, value, help_ in offers(shell, "convcalc sum")] == [
        ("summary", "" if shell == "bash" else COMMANDS["summary"])
    ]
    assert values("convcalc ", shell) == list(COMMANDS)


@pytest.mark.parametrize("shell", SHELLS)
def test_options_are_offered(shell: str) -> None:
    assert "--format" in values("convcalc summary --f", shell)
    assert "--version" in values("convcalc --ver", shell)


def test_formats_are_offered() -> None:
    from convcalc.cli.summary import command

    (choices,) = (option.type.choices for option in command.params if option.name == "format_")
    assert values("convcalc summary --format ") == list(choices)
    assert values("convcalc summary --format ker") == ["keras", "keras2"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", ["summary", "summary a.yaml", "check", "audit", "convert", "convert a -o", "explain"])
def test_models_are_completed_as_files(line: str, shell: str) -> None:
    ((type_, _, _),) = offers(shell, f"convcalc {line} ")
    assert type_ == "file"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_file_argument_is_completed_as_a_file(name: str) -> None:
    context = click.Context(cli)
    command = cli.get_command(context, name)
    assert command is not None
    for parameter in command.params:
        said = f"{parameter.metavar} {parameter.name}".upper()
        if any(word in said for word in ("MODEL", "FILE", "RECORD")) and "RECEPTIVE" not in said:
            (offer,) = parameter.shell_complete(context, "")
            assert offer.type == "file", f"{name} {parameter.name}"


@pytest.mark.parametrize("shell", SHELLS)
def test_columns_are_completed_as_a_list(shell: str) -> None:
    assert values("convcalc summary --columns par", shell) == ["params"]
    assert values("convcalc summary --columns layer,p", shell) == ["layer,params", "layer,percent"]
    assert values("convcalc summary --columns layer,params,p", shell) == ["layer,params,percent"]
    assert {"cost", "memory", "field", "all"} <= set(values("convcalc summary --columns ", shell))


def test_layers_in_any_case_and_operations_are_offered() -> None:
    assert "Conv2D" in values("convcalc layers conv")
    assert ("plain", "Flatten") in {(type_, value) for type_, value, _ in offers("zsh", "convcalc layers fl")}
    assert "ops.matmul" in values("convcalc layers ops.mat")
    assert values("convcalc layers op") == ["ops"]
    assert all(help_ not in ("", "_") for _, _, help_ in offers("zsh", "convcalc layers "))


def test_explain_offers_the_layers_of_its_model() -> None:
    assert values("convcalc explain specs/fashion_mnist.yaml c") == ["conv2d", "conv2d_1"]
    assert values("convcalc explain no-such-file.yaml c") == []


@pytest.mark.parametrize("place", ["before", "after", "project"])
def test_explain_offers_the_layers_inside_declared_layers(place: str, tmp_path: Path) -> None:
    Path(tmp_path, "m.yaml").write_text("input: [4]\nlayers: [Two]\n")
    Path(tmp_path, "layers.yaml").write_text("custom: {Two: {input: [c], layers: [{Dense: 3}, {Dense: 2}]}}\n")
    Path(tmp_path, "broken.yaml").write_text("custom: {Two: 3}\n")
    line = {"before": "--custom layers.yaml m.yaml ", "after": "m.yaml --custom layers.yaml ", "project": "m.yaml "}
    if place == "project":
        Path(tmp_path, "pyproject.toml").write_text('[tool.convcalc]\ncustom = "layers.yaml"\n')
    assert values(f"convcalc explain {line[place]}", cwd=tmp_path) == ["two", "two/dense", "two/dense_1"]
    assert values("convcalc explain m.yaml --custom broken.yaml t", cwd=tmp_path) == []


def test_a_name_that_a_shell_would_run_is_not_offered(tmp_path: Path) -> None:
    hostile = ["$(touch run)", "`x`", "a;b", "a b", "a'b", "a&b", "-o", "a\nplain,b", "*"]
    layers = [{"class_name": "Dense", "config": {"name": name, "units": 1}} for name in [*hostile, "fine_é-1.x"]]
    layers.insert(0, {"class_name": "InputLayer", "config": {"name": "input", "batch_shape": [None, 4]}})
    model = {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}
    (tmp_path / "m.json").write_text(json.dumps(model))
    assert values("convcalc explain m.json ", cwd=tmp_path) == ["fine_é-1.x"]


def test_codes_of_insights_are_offered_unless_a_file_matches(tmp_path: Path) -> None:
    assert values("convcalc explain most-p", cwd=tmp_path) == ["most-params"]
    (tmp_path / "most.yaml").write_text("")
    ((type_, _, _),) = offers("bash", "convcalc explain most", tmp_path)
    assert type_ == "file"


def test_dtypes_and_optimizers_are_offered() -> None:
    assert values("convcalc summary --assume-dtype int8") == ["int8"]
    assert "adam" in values("convcalc summary --training ad")
