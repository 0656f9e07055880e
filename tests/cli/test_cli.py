"""Tests the outputs and exit codes of the command line."""

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.command_line import _read, on_a_terminal, run
from tests.paths import CHANGED, SPECS

pytestmark = pytest.mark.slow

FASHION = str(SPECS / "fashion_mnist.yaml")


def test_summary_prints_the_table() -> None:
    done = run("summary", FASHION)
    assert done.returncode == 0
    assert done.stderr == ""
    for word in ("320", "18,496", "(None, 13, 13, 64)", "10816", "1,081,700", "1,010", "1,101,526 (4.20 MB)"):
        assert word in done.stdout
    assert "\x1b" not in done.stdout


def test_json_of_one_model_is_an_object_and_of_several_an_array() -> None:
    one = json.loads(run("summary", FASHION, "--format", "json").stdout)
    assert one["totals"]["params"] == 1_101_526
    assert json.loads(run("summary", FASHION, FASHION, "--format", "json").stdout) == [one, one]


def test_several_tables_follow_one_another() -> None:
    done = run("summary", FASHION, FASHION)
    assert done.stdout.count('Model: "fashion_mnist"') == 2
    assert '\n\nModel: "fashion_mnist"' in done.stdout


def test_a_model_that_fails_does_not_hide_the_others() -> None:
    done = run("summary", "missing.yaml", FASHION)
    assert done.returncode == 2
    assert "missing.yaml: no such file or directory" in done.stderr
    assert "1,101,526" in done.stdout


def test_standard_input() -> None:
    done = run("summary", "-", text="input: [4]\nlayers: [{Dense: 3}]")
    assert "dense (Dense)" in done.stdout
    assert run("summary", "-", text="input: [4]\nlayers: [{Dens: 3}]").stderr.startswith(
        "<stdin>:2:11: error[unknown-layer]"
    )


def test_nothing_is_cropped_in_a_pipe() -> None:
    name = "a_name_that_is_longer_than_any_terminal_is_wide_" * 5
    done = run("summary", "-", text=f"input: [4]\nlayers: [{{Dense: {{units: 3, name: {name}}}}}]", COLUMNS="40")
    assert name in done.stdout


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_no_line_is_longer_than_a_given_width(width: int) -> None:
    done = run("summary", FASHION, "--width", str(width))
    assert all(len(line) <= width for line in done.stdout.splitlines())
    assert "probabilities" in done.stdout


def test_a_large_model_is_folded_onto_one_screen() -> None:
    done = run("summary", "specs/resnet50.yaml", "--fold", "--width", "80")
    assert len(done.stdout.splitlines()) <= 45
    assert " Total params: 25,636,712 " in done.stdout
    rows = run("summary", "specs/resnet50.yaml", "--fold", "--format", "csv").stdout.splitlines()
    assert rows[9].startswith("conv2_block2…3 ×2,10 layers each,")


def test_rows_are_chosen_only_in_tables() -> None:
    for option in (("--fold",), ("--top", "3"), ("--sort", "macs"), ("--layers", "conv*")):
        done = run("summary", FASHION, *option, "--format", "json")
        assert done.returncode == 2
        assert f"{option[0]} works with --format" in done.stderr


def test_ascii() -> None:
    done = run("summary", FASHION, "--ascii")
    assert done.stdout.isascii()
    assert run("explain", FASHION, "1", "--ascii").stdout.isascii()


def test_an_encoding_without_box_characters_gets_ascii() -> None:
    done = run("summary", FASHION, PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "conv2d (Conv2D)" in done.stdout


def test_columns_are_selected() -> None:
    done = run("summary", FASHION, "--columns", "name,type,config,input-shape,percent,trainable")
    assert [cell.strip() for cell in done.stdout.splitlines()[4].split("│")[1:-1]] == [
        "conv2d",
        "Conv2D",
        "filters=32, kernel_size=3×3, padding=same, activation=relu",
        "(None, 28, 28, 1)",
        "0.0 %",
        "Y",
    ]
    wrong = run("summary", FASHION, "--columns", "nam")
    assert wrong.returncode == 2
    assert "there is no column 'nam'; did you mean 'name'?" in wrong.stderr


def test_another_input_size_and_batch() -> None:
    done = json.loads(run("summary", FASHION, "--input", "32x32x3", "--batch", "8", "--format", "json").stdout)
    assert done["model"]["input_shapes"] == [[8, 32, 32, 3]]
    assert done["layers"][0]["params"] == 896
    assert done["layers"][0]["macs"] == 8 * 3 * 3 * 3 * 32 * 32 * 32


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--input", "32x"], "--input expects sizes of at least 1, such as 6, 28x28"),
        (["--input", "nose=3"], "there is no input 'nose'"),
        (["--input", f"{'9' * 1000}x3"], "--input expects sizes of at least 1, such as 6, 28x28"),
        (["--batch", "0"], "0 is not in the range"),
        (["--width", "x"], "is not a valid integer"),
        (["--format", "jsn"], "jsn"),
    ],
)
def test_wrong_options_are_one_clear_error(args: list[str], message: str) -> None:
    done = run("summary", FASHION, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_nested_models_are_opened_by_depth() -> None:
    text = "input: [4]\nlayers: [{Model: {name: inner, input: [4], layers: [{Dense: 3}]}}]"
    closed, opened = run("summary", "-", text=text).stdout, run("summary", "-", "--depth", "1", text=text).stdout
    assert "1 layer of nested models is not shown: --depth 1 shows it" in closed
    assert "└ dense (Dense)" in opened


def test_explain_and_layers() -> None:
    assert "3·3·1·32 + 32 = 320" in run("explain", FASHION, "conv2d").stdout
    assert run("explain", FASHION, "nosuch").returncode == 2
    assert "Conv2DTranspose" in run("layers").stdout
    assert "kernel_size" in run("layers", "Convolution2D").stdout
    assert "did you mean 'Conv2D'" in run("layers", "Conv2d_").stderr


def test_check_exits_with_1_if_a_check_fails() -> None:
    text = "input: [4]\nbudget: {params: 10}\nlayers: [{Dense: 3}]"
    done = run("check", "-", text=text)
    assert done.returncode == 1
    assert "15 params, 5 more than the budget of 10" in done.stderr
    assert run("check", FASHION).returncode == 0


def test_unknown_commands_and_help() -> None:
    done = run("sumary")
    assert done.returncode == 2
    assert "did you mean 'summary'" in done.stderr
    assert "summary" in run("--help").stdout
    assert run("--version").stdout.startswith("convcalc ")


def test_a_closed_pipe_ends_cleanly() -> None:
    done = subprocess.run(
        f"{sys.executable} -m convcalc summary {' '.join([FASHION] * 200)} | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.stdout == 'Model: "fashion_mnist"\n'
    assert done.stderr == ""


def test_control_characters_and_markup_in_names_are_harmless() -> None:
    name = r'"\e[31m[bold red]x[bold]"'
    done = run("summary", "-", text=f"input: [4]\nlayers: [{{Dense: {{units: 3, name: {name}}}}}]")
    assert "\x1b" not in done.stdout
    assert r"\x1b[31m[bold red]x[bold]" in done.stdout
    wrong = run("summary", "-", text=f"input: [4]\nlayers: [{{Add: {{from: {name}}}}}]")
    assert "\x1b" not in wrong.stderr
    assert r"\x1b[31m" in wrong.stderr


def test_a_terminal_gets_its_width_and_colour() -> None:
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    environment |= {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen([sys.executable, "-m", "convcalc", "summary", FASHION], stdout=theirs, env=environment):
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
    lines = text.decode().replace("\r\n", "\n").splitlines()
    assert lines[0] == '\x1b[1mModel: "fashion_mnist"\x1b[0m'
    assert any("\x1b[2m" in line for line in lines)  # details are dimmed
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) <= 60


def test_a_layer_in_an_argument_is_printed_as_written() -> None:
    done = run("summary", "specs/lstm_text.yaml", "--columns", "name,config")
    assert "layer=LSTM(units=64, return_sequences=true)" in done.stdout
    assert "LayerDefinition" not in done.stdout


def test_memory_follows_the_options() -> None:
    spec = str(SPECS / "resnet8.yaml")
    done = run("summary", spec, "--memory", "--inplace", "--assume-dtype", "int8")
    assert "Peak live memory: 49,152 bytes (48.00 KB) at conv2d_2" in done.stdout
    data = json.loads(run("summary", spec, "--format", "json", "--training", "sgd", "--batch", "2").stdout)
    assert data["memory"]["training"]["optimizer_bytes"] == 12
    assert data["totals"]["peak_activation_bytes"] == 2 * 196_608
    assert "Memory" not in run("summary", spec).stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--training", "adm"], "--training: unknown value 'adm'; did you mean 'adam'?"),
        (["--assume-dtype", "int9"], "--assume-dtype: unknown value 'int9'; did you mean 'int8'?"),
        (["--assume-dtype", "string"], "--assume-dtype: unknown value 'string'"),
    ],
)
def test_options_of_memory_accept_only_known_words(args: list[str], message: str) -> None:
    done = run("summary", FASHION, *args)
    assert done.returncode == 2
    assert message in done.stderr


def test_strict_fails_if_a_total_is_unknown(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("input: [8]\nlayers: [{Dense: 3}, {my.Layer: {expect: {output_shape: [null, 3]}}}]\n")
    assert run("summary", str(spec)).returncode == 0
    done = run("summary", str(spec), "--strict")
    assert done.returncode == 1
    assert f"{spec}: params is only a lower bound (--strict)\n" in done.stderr
    assert run("summary", str(SPECS / "lenet5.yaml"), "--strict", "--memory").returncode == 0


@pytest.mark.parametrize("command", [("check",), ("summary", "--format", "json")])
def test_progress_of_many_files_is_only_for_terminals(command: tuple[str, ...]) -> None:
    name, *options = command
    specs = [FASHION] * 6
    shown = on_a_terminal(name, *specs, *options)
    assert f"1/6 {FASHION}"[:79] in shown
    assert shown.endswith("\r\x1b[K")  # these control codes remove the progress line at the end
    assert on_a_terminal(name, *specs[:4], *options) == ""
    assert on_a_terminal(name, *specs, *options, "--quiet") == ""
    assert run(name, *specs, *options).stderr == ""


def test_results_and_messages_contain_no_progress() -> None:
    lines = on_a_terminal("check", *[FASHION] * 4, "missing.yaml", FASHION, output_too=True).split("\n")
    cleared = [re.sub(r"\x1b\[[0-9;]*m", "", line.rpartition("\x1b[K")[2]) for line in lines]
    assert sum(line.startswith(FASHION) for line in cleared) == 5
    assert "error[cannot-read]: missing.yaml: no such file or directory" in cleared


def test_quiet_keeps_the_exit_code() -> None:
    changed = str(CHANGED / "fashion_mnist.yaml")
    unknown = "input: [null, null, 3]\nlayers: [{Conv2D: [4, 3]}]"
    for code, text, words in [
        (0, None, ("check", FASHION)),
        (1, None, ("check", FASHION, "--max-params", "1")),
        (1, None, ("check", changed, "--against", str(SPECS / "records" / "fashion_mnist.txt"))),
        (2, None, ("check", "missing.yaml")),
        (1, None, ("diff", FASHION, changed)),
        (1, unknown, ("summary", "-", "--strict")),
        (0, unknown, ("summary", "-")),
    ]:
        done = run(*words, "-q", text=text)
        assert (done.returncode, done.stdout, done.stderr) == (code, "", ""), words


def test_a_broken_plugin_is_a_warning(tmp_path: Path) -> None:
    info = tmp_path / "broken_layers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-layers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[convcalc.layers]\nmine = no_such_module\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run("layers", "NoSuchLayer", PYTHONPATH=path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "warning: the layers 'mine' of the package 'broken-layers' cannot be loaded: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )


@pytest.mark.parametrize("value", ["bogus", "", "bash_bogus", "source"])
def test_a_meaningless_completion_variable_is_ignored(value: str) -> None:
    done = run("check", FASHION, "--max-params", "1", _CONVCALC_COMPLETE=value)
    assert done.returncode == 1
    assert "over-budget" in done.stderr


def test_a_name_with_line_breaks_cannot_start_a_line(tmp_path: Path) -> None:
    """A line that begins with two colons would be a command of GitHub's runner."""
    name = "x\\n::stop-commands::t\\r\\n::add-mask::e\\u2028::error::"
    file = tmp_path / "model.json"
    config = f'{{"name": "m", "layers": [{{"class_name": "Foo", "module": "evil", "config": {{"name": "{name}"}}}}]}}'
    file.write_text(f'{{"class_name": "Sequential", "config": {config}}}')
    for args in (["summary"], ["check"], ["check", "--format", "github"], ["audit"], ["diff", FASHION]):
        done = run(args[0], *args[1:], str(file))
        assert ("::stop" in done.stdout + done.stderr) == (args != ["audit"])  # audit names classes, not layers
        for stream in (done.stdout, done.stderr):
            assert not any(line.startswith(("::stop", "::add", "::error::")) for line in stream.splitlines())


def test_an_expectation_that_no_model_can_meet_is_a_wrong_input() -> None:
    for value in ("-112", "many", "[1]"):
        spec = f"input: [4]\nlayers:\n  - Dense: {{units: 3, expect: {{params: {value}}}}}\n"
        done = run("check", "-", text=spec)
        assert (done.returncode, "has an invalid expectation of 'params'" in done.stderr) == (2, True)


def test_a_size_that_is_too_large_for_a_float() -> None:
    done = run("summary", "-", text=f"input: [{', '.join(['9007199254740992'] * 20)}]\nlayers:\n  - Flatten\n")
    assert done.returncode == 2
    assert "error[too-large]: Flatten 'flatten' results in a size of 1.23e+319" in done.stderr
