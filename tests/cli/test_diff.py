"""Tests ``convcalc diff``: output, formats and exit codes, for files and for revisions in git."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import convcalc
from convcalc.cli.git import at_revision
from tests.helpers.command_line import run
from tests.paths import SPECS

pytestmark = pytest.mark.slow

VGG16 = str(SPECS / "vgg16.yaml")
SMALL = "input: [8, 8, 3]\nlayers:\n  - Conv2D: [4, 3]\n  - Flatten:\n  - Dense: 2\n"


@pytest.fixture
def vgg19(tmp_path: Path) -> str:
    text = Path(VGG16).read_text(encoding="utf-8")
    for n, filters in ((3, 256), (4, 512), (5, 512)):
        text = text.replace(
            f"[block{n}_conv3, {filters}]", f"[block{n}_conv3, {filters}]\n  - conv: [block{n}_conv4, {filters}]"
        )
    path = tmp_path / "vgg19.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., str]:
    """Returns a function that writes a small model to a file. The function's arguments are the name of the file and
    edits of the text.
    """

    def written(name: str, *edits: tuple[str, str]) -> str:
        text = SMALL
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return written


def test_the_table_shows_added_layers_and_their_costs(vgg19: str) -> None:
    done = run("diff", VGG16, vgg19)
    assert done.returncode == 1
    assert done.stderr == ""
    rows = [line for line in done.stdout.splitlines() if line.startswith("│")]
    assert [row.split("│")[1:3] for row in rows] == [[" + ", f" block{n}_conv4 (Conv2D) "] for n in (3, 4, 5)]
    assert "+590,080" in rows[0]
    assert " Layers: 3 added, 23 unchanged\n" in done.stdout
    assert " Params: 138,357,544 → 143,667,240 (+5,309,696, +3.8 %)\n" in done.stdout
    assert " Peak activation memory: 25,690,112 bytes, unchanged\n" in done.stdout


def test_swapped_models_show_removed_layers(vgg19: str) -> None:
    done = run("diff", vgg19, VGG16)
    assert "│ - │ block3_conv4 (Conv2D)" in done.stdout
    assert "(-5,309,696, -3.7 %)" in done.stdout


def test_no_differences_are_reported() -> None:
    done = run("diff", VGG16, VGG16)
    assert done.returncode == 0
    assert " No differences\n" in done.stdout
    assert "│" not in done.stdout
    assert run("diff", VGG16, VGG16, "--all").stdout.count("\n│  │ ") == 23


def test_exit_codes_and_quiet(vgg19: str) -> None:
    quiet = run("diff", VGG16, vgg19, "-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (1, "", "")
    assert run("diff", VGG16, vgg19, "--exit-zero").returncode == 0
    for wrong in ([VGG16], [VGG16, "missing.yaml"], ["-", "-"], [VGG16, vgg19, "--git", "HEAD"], [VGG16, vgg19, VGG16]):
        done = run("diff", *wrong, text="")
        assert done.returncode == 2, wrong
        assert done.stderr.count("error[") == 1, done.stderr
        assert "Traceback" not in done.stderr


def test_names_can_be_ignored(small: Callable[..., str]) -> None:
    one, two = small("one.yaml"), small("two.yaml", ("- Dense: 2", "- Dense: {units: 2, name: head}"))
    done = run("diff", one, two)
    assert done.returncode == 1
    assert "│ → │ dense → head (Dense)" in done.stdout
    assert run("diff", one, two, "--ignore-names").returncode == 0


def test_renumbered_automatic_names_are_mentioned(small: Callable[..., str]) -> None:
    one = small("one.yaml", ("- Dense: 2", "- Dense: {units: 2, name: dense_4}"))
    two = small("two.yaml", ("- Dense: 2", "- Dense: {units: 2, name: dense_7}"))
    done = run("diff", one, two)
    assert done.returncode == 0
    assert " No differences, except the numbers in automatic names such as dense_1\n" in done.stdout
    assert "1 renumbered (automatic names such as dense_1)" in done.stdout
    assert "dense_4 → dense_7 (Dense)" in run("diff", one, two, "--all").stdout


def test_changed_connections_are_shown(small: Callable[..., str]) -> None:
    branches = "  - Conv2D: [4, 3]\n  - {Conv2D: [4, 1], as: b}\n  - Add: {from: [conv2d, b]}\n  - Multiply: {from: [add, b]}\n"
    one = small("one.yaml", ("  - Conv2D: [4, 3]\n", branches))
    two = small("two.yaml", ("  - Conv2D: [4, 3]\n", branches.replace("[add, b]", "[add, conv2d]")))
    assert "reads conv2d_1 → conv2d " in run("diff", one, two).stdout


def test_layers_that_exchange_their_automatic_names(tmp_path: Path) -> None:
    """The text ``subtract(dense, dense_1)`` stays the same, but it means other layers."""
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    text = "inputs: {i: [8]}\nlayers:\n  - Dense: {units: 8, activation: %s, from: i}\n  - Dense: {units: 8, activation: %s, from: i}\n"
    text += "  - Subtract: {from: [dense, dense_1]}\n"
    one.write_text(text % ("relu", "tanh"))
    two.write_text(text % ("tanh", "relu"))
    done = run("diff", str(one), str(two), "--width", "120")
    assert (done.returncode, done.stderr) == (1, "")
    assert "reads dense, dense_1 → other layers, now called dense, dense_1" in done.stdout
    checked = run("check", str(two), "--against", str(one))
    assert checked.returncode == 1
    assert "internal" not in checked.stderr


@pytest.mark.parametrize("width", [50, 80, 120])
def test_a_given_width_wraps_cells_but_no_numbers(vgg19: str, width: int) -> None:
    done = run("diff", VGG16, vgg19, "--width", str(width))
    table = [line for line in done.stdout.splitlines() if line[0] in "┏┃┡│└"]
    assert all(len(line) <= width for line in table)
    if width >= 80:
        assert "+1,849,688,064" in done.stdout


def test_ascii(small: Callable[..., str]) -> None:
    done = run("diff", small("one.yaml"), small("two.yaml", ("[4, 3]", "[6, 3]")), "--ascii")
    assert done.stdout.isascii()
    row = next(line for line in done.stdout.splitlines() if line.startswith("| ~ | conv2d (Conv2D)"))
    assert (
        "| filters 4 -> 6, output (None, 6, 6, 4) -> (None, 6, 6, 6), params 112 -> 168, MACs 3,888 -> 5,832 |" in row
    )
    assert "Params +/-" in done.stdout


def test_json_has_numbers_and_null(small: Callable[..., str]) -> None:
    unknown = (
        "[8, 8, 3]\nlayers:\n  - Conv2D: [4, 3]\n  - Flatten:",
        "[null, 8, 3]\nlayers:\n  - Conv2D: [4, 3]\n  - GlobalMaxPooling2D:",
    )
    one, two = small("one.yaml"), small("two.yaml", unknown)
    done = run("diff", one, two, "--format", "json")
    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert data["schema_version"] == 1
    assert data["before"] == {"source": one, "name": "sequential"}
    assert data["totals"]["input_bytes"] == {"before": 768, "after": None, "difference": None, "percent": None}
    assert data["totals"]["macs"]["incomplete"] == {"after": "partial"}
    params = data["totals"]["params"]
    assert params["after"] - params["before"] == params["difference"] == -280
    assert params["percent"] == pytest.approx(100 * -280 / params["before"])
    assert [layer["status"] for layer in data["layers"]] == ["follows", "removed", "added", "follows"]
    assert data["totals"]["input_shapes"]["after"] == "(None, None, 8, 3)"
    assert data["layers"][1]["after"] is None
    assert {"field": "macs", "before": 3888, "after": None} in data["layers"][0]["changes"]
    assert json.loads(run("diff", one, two, "--format", "jsonl").stdout) == data


def test_csv_has_one_number_per_column(small: Callable[..., str]) -> None:
    done = run("diff", small("one.yaml"), small("two.yaml", ("[4, 3]", "[6, 3]")), "--format", "csv")
    first = next(csv.DictReader(io.StringIO(done.stdout)))
    assert (first["status"], first["name_before"], first["type"]) == ("changed", "conv2d", "Conv2D")
    assert (first["params_before"], first["params_after"], first["params_difference"]) == ("112", "168", "56")


@pytest.mark.parametrize(
    ("name", "part"), [("d.md", "| \\~ |"), ("d.html", '<td class="sign">~</td>'), ("d.tex", "\\begin{")]
)
def test_differences_are_written_to_files(small: Callable[..., str], tmp_path: Path, name: str, part: str) -> None:
    done = run("diff", small("one.yaml"), small("two.yaml", ("[4, 3]", "[6, 3]")), "-o", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (1, "")
    assert part in (tmp_path / name).read_text(encoding="utf-8")


def test_names_cannot_control_the_terminal_or_markdown(small: Callable[..., str]) -> None:
    one, two = small("one.yaml"), small("two.yaml", ("- Dense: 2", r'- Dense: {units: 2, name: "\e[31m|<b>"}'))
    assert "\x1b" not in run("diff", one, two).stdout
    assert r"\|\<b\>" in run("diff", one, two, "--format", "markdown").stdout


def test_the_python_function() -> None:
    report = convcalc.infer(convcalc.load(VGG16))
    assert convcalc.diff(report, report).same


# Revisions in git -----------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns a git repository with three versions of a model: two commits, and the file in the working directory."""
    if shutil.which("git") is None:
        pytest.skip("git is missing")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "config").write_text("[user]\n\tname = A Name\n\temail = name@example.org\n")
    folder = tmp_path / "a repository"
    (folder / "models").mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    for filters in (4, 6):
        (folder / "models" / "m.yaml").write_text(SMALL.replace("[4, 3]", f"[{filters}, 3]"))
        _git(folder, "add", ".")
        _git(folder, "commit", "-q", "-m", f"{filters} filters")
    (folder / "models" / "m.yaml").write_text(SMALL.replace("[4, 3]", "[8, 3]"))
    return folder


def _git(folder: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(folder), *args], check=True)


@pytest.mark.parametrize(
    ("revisions", "change"),
    [
        ("HEAD", "filters 6 → 8"),
        ("HEAD~1", "filters 4 → 8"),
        ("HEAD~1..HEAD", "filters 4 → 6"),
        ("main..HEAD~1", "filters 6 → 4"),
        ("HEAD~1..", "filters 4 → 6"),
        ("..HEAD~1", "filters 6 → 4"),
    ],
)
def test_revisions(repository: Path, revisions: str, change: str) -> None:
    done = run("diff", str(repository / "models" / "m.yaml"), "--git", revisions)
    assert done.returncode == 1
    assert change in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("revisions", "message"),
    [
        ("nosuch", "no revision 'nosuch'"),
        ("--output=x", "is not a revision"),
        ("HEAD..-x", "is not a revision"),
        ("HEAD:models", "is not a revision"),
        ("HEAD...HEAD~1", "expects REV or REV..REV"),
        ("", "is not a revision"),
        ("HEAD\x1b", "is not a revision"),
    ],
)
def test_an_unknown_revision_is_one_clear_error(repository: Path, revisions: str, message: str) -> None:
    done = run("diff", str(repository / "models" / "m.yaml"), f"--git={revisions}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "\x1b" not in done.stderr


def test_a_file_that_is_in_no_revision(repository: Path) -> None:
    new = repository / "new.yaml"
    new.write_text(SMALL)
    done = run("diff", str(new), "--git", "HEAD")
    assert (done.returncode, "new.yaml: does not exist in the revision 'HEAD'" in done.stderr) == (2, True)
    outside = repository.parent / "outside.yaml"
    outside.write_text(SMALL)
    assert "is not in a git repository" in run("diff", str(outside), "--git", "HEAD").stderr


def test_an_error_in_a_revision_has_its_position(repository: Path) -> None:
    path = repository / "models" / "m.yaml"
    path.write_text("input: [4]\nlayers: [{Dens: 3}]")
    _git(repository, "commit", "-qam", "wrong")
    path.write_text(SMALL)
    done = run("diff", str(path), "--git", "HEAD")
    assert done.returncode == 2
    assert f"HEAD:{path}:2:11: error[unknown-layer]" in done.stderr


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(convcalc.ConvcalcError, match="which is not installed"):
        at_revision(str(repository / "models" / "m.yaml"), "HEAD")
