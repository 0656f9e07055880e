"""Nothing in a file or a repository is run, fetched, or printed so that a terminal or GitHub acts on it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.base import json_text
from convcalc.base.text import visible
from convcalc.read import read
from convcalc.write import FORMATS
from tests.helpers.fork_server import run_forked
from tests.helpers.keras_configs import DENSE, INPUT, data, functional, layer, tensor

# Repositories ---------------------------------------------------------------------------------------------------------

_SPEC = "input: [3]\nlayers:\n- Dense: 4\n"
# Settings of git that are commands. MARK is a command that writes a file.
_SETTINGS = {
    "ssh": {"core.sshCommand": "MARK"},
    "the server's program": {"remote.origin.url": "FOLDER", "remote.origin.uploadpack": "MARK"},
    "a program as a protocol": {"remote.origin.url": "ext::sh -c MARK", "protocol.ext.allow": "always"},
    "the monitor of files": {"core.fsmonitor": "MARK"},
    "a text conversion": {"diff.x.textconv": "MARK", "diff.x.command": "MARK"},
    "a filter": {"filter.x.smudge": "MARK", "filter.x.clean": "MARK", "filter.x.process": "MARK", "filter.x.required": "true"},
    "a hook": {"core.hooksPath": "HOOKS"},
    "a pager": {"core.pager": "MARK", "pager.cat-file": "MARK"},
    "a proxy": {"core.gitProxy": "MARK", "remote.origin.url": "git://127.0.0.1:9/x"},
    "alternate references": {"core.alternateRefsCommand": "MARK"},
    "credentials": {"credential.helper": "!MARK", "remote.origin.url": "https://127.0.0.1:9/x"},
    "an alias": {"alias.cat-file": "!MARK", "alias.rev-parse": "!MARK"},
}  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    """Runs git in a folder, independent of the user's configuration."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *own, *arguments], cwd=folder, env=environment, check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.fixture(scope="module")
def partial_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes a repository that claims to be a partial clone, and lacks an object."""
    repository = tmp_path_factory.mktemp("clone")
    git(repository, "init", "-q")
    (repository / ".gitattributes").write_text("* diff=x filter=x\n", encoding="utf-8")
    (repository / "x.yaml").write_text(_SPEC, encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "a")
    missing = git(repository, "rev-parse", "HEAD:x.yaml")
    (repository / "x.yaml").write_text(_SPEC.replace("4", "5"), encoding="utf-8")
    git(repository, "commit", "-q", "-a", "-m", "b")
    (repository / ".git" / "objects" / missing[:2] / missing[2:]).unlink()
    return repository


def with_settings(clone: Path, folder: Path, settings: dict[str, str]) -> tuple[Path, Path]:
    """Copies a repository, and adds settings that are commands.

    Returns the folder of the copy, and the path of the file that a command writes.
    """
    repository, marker, hooks, command = (folder / name for name in ("repository", "marker", "hooks", "mark"))
    shutil.copytree(clone, repository)
    hooks.mkdir()
    command.write_text(f"#!/bin/sh\ntouch '{marker}'\nexit 1\n", encoding="utf-8")
    command.chmod(0o755)
    for hook in ("post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman", "post-checkout"):
        shutil.copy(command, hooks / hook)
    every = {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": "ssh://127.0.0.1/x",
        "remote.origin.promisor": "true",
        **settings,
    }
    lines = []
    for key, value in every.items():
        value = value.replace("MARK", str(command)).replace("HOOKS", str(hooks)).replace("FOLDER", str(repository))
        section, *subsection, name = key.split(".")
        heading = f'{section} "{subsection[0]}"' if subsection else section
        lines.append(f'[{heading}]\n{name} = "{value}"\n')
    with (repository / ".git" / "config").open("a", encoding="utf-8") as config:
        config.writelines(lines)
    return repository, marker


@pytest.mark.parametrize("name", _SETTINGS)
def test_git_runs_no_command_of_a_repository(name: str, partial_clone: Path, tmp_path: Path) -> None:
    """Neither for a missing object (HEAD~1) nor for an existing one (HEAD)."""
    repository, marker = with_settings(partial_clone, tmp_path, _SETTINGS[name])
    for revision, code, message in (("HEAD~1", 2, "is not in this clone; fetch it first"), ("HEAD", 0, "")):
        done = run_forked(["diff", "x.yaml", "--git", revision], folder=repository)
        assert not marker.exists()
        assert done.returncode == code, done.stderr
        assert message in done.stderr


@pytest.mark.parametrize("name", ["ssh", "the server's program", "a program as a protocol"])
def test_the_hostile_repository_is_one(name: str, partial_clone: Path, tmp_path: Path) -> None:
    """Git itself runs the command, so the tests above would notice it."""
    repository, marker = with_settings(partial_clone, tmp_path, _SETTINGS[name])
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "cat-file", "blob", "HEAD~1:x.yaml")
    assert marker.exists()


def test_a_repository_in_a_folder_of_the_repository_is_not_used(partial_clone: Path, tmp_path: Path) -> None:
    """A bare repository can be committed as plain files, with its configuration."""
    inner = tmp_path / "inner"
    repository, marker = with_settings(partial_clone, tmp_path, {})
    git(tmp_path, "clone", "-q", "--bare", "--no-local", str(_sound(tmp_path)), str(inner))
    git(inner, "config", "core.worktree", str(repository))
    git(inner, "config", "core.bare", "false")
    git(inner, "config", "core.fsmonitor", str(tmp_path / "mark"))
    (inner / "x.yaml").write_text(_SPEC, encoding="utf-8")
    done = run_forked(["diff", "x.yaml", "--git", "HEAD"], folder=inner)
    assert not marker.exists()
    assert done.returncode == 2


def _sound(folder: Path) -> Path:
    sound = folder / "sound"
    sound.mkdir()
    git(sound, "init", "-q")
    (sound / "x.yaml").write_text(_SPEC, encoding="utf-8")
    git(sound, "add", ".")
    git(sound, "commit", "-q", "-m", "a")
    return sound


# Code -----------------------------------------------------------------------------------------------------------------

# A function or a class that a file names: where it is in the config, as a layer that has it.
_NAMED: dict[str, dict[str, Any]] = {
    "a layer": layer("system", "dense", [tensor("x")], module="os", command="touch MARK"),
    "a layer of Keras's utilities": layer("get_file", "dense", [tensor("x")], module="keras.utils", origin="file:///MARK"),
    "a layer with a nested config": layer("Popen", "dense", [tensor("x")], module="subprocess", args={"a": ["touch", "MARK"]}),
    "a layer of builtins": layer("exec", "dense", [tensor("x")], module="builtins", source="open('MARK', 'w')"),
    "an activation": layer("Dense", "dense", [tensor("x")], units=4, activation={
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system"}),
    "an initializer": layer("Dense", "dense", [tensor("x")], units=4, kernel_initializer={
        "module": "shutil", "class_name": "rmtree", "config": {"path": "MARK"}, "registered_name": "rmtree"}),
    "a function of Keras's regularizers": layer("Dense", "dense", [tensor("x")], units=4, kernel_regularizer={
        "module": "keras.regularizers", "class_name": "deserialize", "config": {"config": {"module": "os"}}, "registered_name": None}),
    "a function of Keras's initializers": layer("Dense", "dense", [tensor("x")], units=4, kernel_initializer={
        "module": "keras.initializers", "class_name": "get", "config": {"identifier": "x"}, "registered_name": None}),
    "a regularizer of Keras's modules": layer("Dense", "dense", [tensor("x")], units=4, kernel_regularizer={
        "module": "keras.src.utils.file_utils", "class_name": "get_file", "config": {"origin": "file:///MARK"}, "registered_name": "x"}),
}  # fmt: skip


@pytest.mark.parametrize("name", _NAMED)
def test_written_code_imports_nothing_that_the_file_names(name: str) -> None:
    text = FORMATS[".py"](infer(read(data(functional(INPUT, _NAMED[name])), "x.json")))
    lines = text.split("\n")
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    assert all(
        re.fullmatch(r"import keras|import numpy|from keras import (layers|ops|layers, ops)", line) for line in imports
    )
    stop = next(number for number, line in enumerate(lines) if line.startswith("raise NotImplementedError("))
    assert stop < next(number for number, line in enumerate(lines) if line.startswith("def build"))
    config = _NAMED[name]
    inner = next(
        (value for value in config["config"].values() if isinstance(value, dict) and "module" in value), config
    )
    function = inner["config"] if inner["class_name"] == "function" else inner["class_name"]
    assert any(re.fullmatch(rf"# from [\w.]+ import {function}", line) for line in lines)


def test_a_model_of_keras_needs_no_code_of_the_user() -> None:
    assert "raise" not in FORMATS[".py"](infer(read(data(functional(INPUT, DENSE)), "x.json")))


# Characters -----------------------------------------------------------------------------------------------------------

_HIDDEN = {
    *"\u061c\u00ad\u115f\u3164\U000e0041",
    # relatives: other fillers, selectors of variants, joiners, marks of musical notation and shorthand, unassigned ones
    *"\u1160\uffa0\u034f\u17b4\u17b5\u180b\u180e\u180f\ufe00\ufe0f\U000e0100\U000e01ef\u2065\ufff0\U0001bca0\U0001d173\U000e0001",
}


def test_invisible_characters_are_escaped() -> None:
    """Those of the categories Cf, Cc, Zl, Zp and Cs of Unicode, and those that Unicode says to ignore in display."""
    by_category = {
        chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cf", "Cc", "Zl", "Zp", "Cs")
    }
    for character in _HIDDEN | by_category:
        assert visible(f"a{character}b").isascii(), hex(ord(character))
        written = json_text.line(f"é{character}")
        assert character not in written[1:-2]
        assert json.loads(written) == f"é{character}"


def test_letters_of_all_scripts_are_shown() -> None:
    for text in ("größe", "畳み込み層", "שלום", "𝒳", "é", "e\u0301", "ಕನ್ನಡ", "한국어", "“×”", "😀"):
        assert visible(text) == text
        assert json_text.line(text) == f'"{text}"\n'


@pytest.mark.parametrize("format", ["table", "markdown", "html", "csv", "dot", "mermaid", "json"])
def test_invisible_characters_of_a_name_are_escaped_in_every_format(format: str, tmp_path: Path) -> None:
    name = "a" + "".join(sorted(_HIDDEN)) + "b"
    config = functional(INPUT, layer("Dense", name, [tensor("x")], units=4), outputs=[[name, 0, 0]])
    (tmp_path / "x.json").write_bytes(data(config))
    done = run_forked(["summary", "x.json", "--format", format], folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not _HIDDEN & set(done.stdout)
