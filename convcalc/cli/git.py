"""Reads files in a revision of a git repository, with the program ``git``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error
from convcalc.read.spec.nodes import MAX_BYTES

MAX_CODE_FILES = 2_000  # the maximum number of a revision's files that are looked at
# The configuration of a repository comes from the same stranger as its files, and git runs some of its values as commands.
# The commands here need none of them. Each is switched off by git's own setting: hooks, the monitor of changed files, the
# fetch of missing objects (which can run a program for ssh), and repositories inside of a checked-out folder.
_OFF = (
    "-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "core.sshCommand=false",
    "-c", "core.gitProxy=", "-c", "core.alternateRefsCommand=false", "-c", "credential.helper=", "-c", "protocol.allow=never",
    "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "safe.bareRepository=explicit", "--no-pager",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",  # git 2.45 and later
    "GIT_ALLOW_PROTOCOL": "",  # no protocol may be used, so older versions cannot fetch either
    "GIT_SSH_COMMAND": "false",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
}
_LFS = b"version https://git-lfs.github.com/spec/"


def at_revision(file: str, revision: str) -> bytes:
    """Returns the content of a file in a revision.

    A revision is a commit, a branch, a tag, or an expression such as ``HEAD~2``.
    """
    path = Path(file)
    # Git reads a leading dash as an option, and a colon as the end of the revision.
    if revision.startswith("-") or not revision.isprintable() or ":" in revision or not revision.strip():
        raise error(
            codes.UNKNOWN_REVISION, f"'{revision}' is not a revision: give a commit, a branch or a tag, e.g. HEAD~1"
        )
    inside = _git(path.parent, "rev-parse", "--is-inside-work-tree")
    if inside is None or inside.strip() != b"true":
        raise error(codes.NO_REPOSITORY, f"{file}: is not in a git repository, so it has no revisions")
    if _git(path.parent, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
        raise error(
            codes.UNKNOWN_REVISION, f"{file}: its repository has no revision '{revision}'; `git log` lists them"
        )
    content = _git(path.parent, "cat-file", "blob", f"{revision}:./{path.name}")
    if content is None and _git(path.parent, "rev-parse", "--verify", "--quiet", f"{revision}:./{path.name}"):
        raise error(
            codes.CANNOT_READ,
            f"{file}: the content of the revision '{revision}' is not in this clone; fetch it first, with "
            f"`git cat-file -e {revision}:./{path.name}`",
        )
    if content is None:
        raise error(codes.NO_FILE, f"{file}: does not exist in the revision '{revision}'")
    if content.startswith(_LFS):
        raise _in_lfs(file, revision)
    return content


def code_at_revision(file: str, revision: str, folder: str) -> None:
    """Writes the Python files of a revision into ``folder``: the file's own folder, with its subfolders."""
    path = Path(file)
    listing = _git(path.parent, "ls-tree", "-r", "-z", "--name-only", revision, "./") or b""
    for name in listing.decode(errors="replace").split("\0")[:MAX_CODE_FILES]:
        if name.endswith(".py") and not name.startswith(("/", "..")):
            content = _git(path.parent, "cat-file", "blob", f"{revision}:./{name}")
            target = Path(folder, name)
            if content is not None and target.resolve().is_relative_to(Path(folder).resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)


def _in_lfs(file: str, revision: str) -> ConvcalcError:
    return error(
        codes.CANNOT_READ,
        f"{file}: in the revision '{revision}' the file is stored by Git LFS; write it to a file OLD with "
        f"`git show {revision}:./{Path(file).name} | git lfs smudge > OLD`, then compare with OLD",
    )


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Returns the output of a git command, or None if the command fails. Git runs no command of the repository."""
    try:
        with subprocess.Popen(
            ["git", "-C", str(folder), *_OFF, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT},
        ) as git:
            assert git.stdout is not None
            output = git.stdout.read(MAX_BYTES + 1)
            if len(output) > MAX_BYTES:
                git.kill()
                raise error(codes.TOO_LARGE, f"{folder}: a file of the revision has more than {MAX_BYTES:,} bytes")
            return output if git.wait() == 0 else None
    except FileNotFoundError:
        raise error(codes.NO_GIT, "--git needs the program git, which is not installed") from None
