"""Tests colours: when texts have them, what they mark, and that they change no character."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.helpers.command_line import run

FASHION = "specs/fashion_mnist.yaml"
WRONG = "tests/read/spec/broken/unknown_argument.yaml"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
CHANGED = "tests/cli/changed/fashion_mnist.yaml"
COMMANDS = (
    ("summary", FASHION),
    ("summary", WRONG),
    ("conv", "--in", "6x6", "--k", "3", "--s", "2", "--pad", "same"),
    ("conv", "--in", "7", "--k", "3", "--s", "3", "--ascii"),
    ("explain", FASHION, "conv2d"),
    ("explain", "over-budget"),
    ("check", FASHION, CHANGED, "--max-params", "1.2M"),
    ("diff", FASHION, CHANGED),
    ("layers", "Conv2D"),
)


def test_no_command_has_colours_in_a_pipe_unless_the_user_asks() -> None:
    for args in COMMANDS:
        plain = run(*args)
        assert "\x1b" not in plain.stdout + plain.stderr
        for painted in (run(*args, "--color", "always"), run(*args, FORCE_COLOR="1")):
            assert "\x1b[" in painted.stdout + painted.stderr, args
            assert ESCAPE.sub("", painted.stdout) == plain.stdout
            assert ESCAPE.sub("", painted.stderr) == plain.stderr


@pytest.mark.parametrize(
    ("options", "environment", "has_colours"),
    [
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (("--no-color",), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "0"}, False),
    ],
)
def test_the_option_is_stronger_than_the_environment(
    options: tuple[str, ...], environment: dict[str, str], has_colours: bool
) -> None:
    assert ("\x1b[" in run("summary", FASHION, *options, **environment).stdout) is has_colours


def test_an_error_has_a_bold_place_a_red_kind_and_an_underlined_word() -> None:
    lines = run("summary", WRONG, FORCE_COLOR="1").stderr.splitlines()
    assert lines[0].startswith(f"\x1b[1m{WRONG}:3:27: \x1b[0m\x1b[1;31merror[unknown-argument]\x1b[0m: ")
    assert "\x1b[4;31mkernal_size\x1b[0m" in lines[1]
    assert ESCAPE.sub("", lines[2]).strip() == "| " + 26 * " " + 11 * "^"


def test_differences_are_green_and_red_by_their_sign() -> None:
    grown = run("diff", FASHION, CHANGED, FORCE_COLOR="1").stdout
    assert "\x1b[32m+302,876\x1b[0m" in grown
    assert "\x1b[32m(+303,412, +27.5 %)\x1b[0m" in grown
    shrunk = run("diff", CHANGED, FASHION, FORCE_COLOR="1").stdout
    assert "\x1b[31m-302,876\x1b[0m" in shrunk


def test_html_marks_the_sign_of_a_difference() -> None:
    assert '<td class="number more">+302,876</td>' in run("diff", FASHION, CHANGED, "--format", "html").stdout
    assert '<td class="number less">-302,876</td>' in run("diff", CHANGED, FASHION, "--format", "html").stdout


def test_errors_of_the_command_line_look_like_other_errors() -> None:
    for args, text in (
        (("summary", FASHION, "--fol"), "error[usage]: no such option '--fol'"),
        (("summary",), "error[usage]: missing argument 'MODEL...'; `convcalc summary --help` shows the options"),
        (("nosuch",), "error[usage]: there is no command 'nosuch'"),
        (("summary", FASHION, "--depth", "x"), "error[usage]: "),
    ):
        done = run(*args)
        assert done.returncode == 2
        assert done.stderr.startswith(text), done.stderr
        assert done.stderr.count("\n") == 1


def test_several_checks_end_with_their_number() -> None:
    done = run("check", FASHION, CHANGED, "--max-params", "1.2M")
    assert done.stdout.splitlines()[-1] == "2 checked, 1 failed"
    assert "checked" not in run("check", FASHION).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is needed")
@pytest.mark.parametrize("width", [50, 80, 120])
def test_an_error_is_wrapped_between_words_in_a_terminal(width: int, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    environment |= {"TERM": "xterm", "PYTHONIOENCODING": "utf-8", "FORCE_COLOR": ""}
    command = [sys.executable, "-m", "convcalc", "summary", WRONG]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment):
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
    os.close(ours)
    lines = ESCAPE.sub("", text.decode().replace("\r\n", "\n")).splitlines()
    plain = run("summary", WRONG).stderr
    assert max(map(len, lines)) <= max(width, len(WRONG) + 6)
    assert " ".join(" ".join(lines).split()) == " ".join(plain.split())


def _read(file: int) -> bytes:
    try:
        return os.read(file, 4096)
    except OSError:  # the command has ended
        return b""
