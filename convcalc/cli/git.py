"""Reads files in a revision of a git repository, with the program ``git``."""

from __future__ import annotations

import subprocess
from pathlib import Path

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error

MAX_CODE_FILES = 2_000  # the maximum number of a revision's files that are looked at
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
    """Returns the output of a git command, or None if the command fails."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise error(codes.NO_GIT, "--git needs the program git, which is not installed") from None
    return done.stdout if done.returncode == 0 else None
