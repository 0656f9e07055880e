"""Files as they stand in a revision of a git repository; git itself reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error

_LFS = b"version https://git-lfs.github.com/spec/"


def at_revision(file: str, revision: str) -> bytes:
    """The content of a file in a revision: a commit, a branch, a tag, ``HEAD~2``."""
    place = Path(file)
    # Git would take a dash for an option, and a colon for the end of the revision.
    if revision.startswith("-") or not revision.isprintable() or ":" in revision or not revision.strip():
        raise error(
            codes.UNKNOWN_REVISION, f"'{revision}' is no revision: give a commit, a branch or a tag, such as HEAD~1"
        )
    inside = _git(place.parent, "rev-parse", "--is-inside-work-tree")
    if inside is None or inside.strip() != b"true":
        raise error(codes.NO_REPOSITORY, f"{file}: is in no git repository, so that it has no revisions")
    if _git(place.parent, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
        raise error(
            codes.UNKNOWN_REVISION, f"{file}: its repository has no revision '{revision}'; `git log` lists them"
        )
    content = _git(place.parent, "cat-file", "blob", f"{revision}:./{place.name}")
    if content is None:
        raise error(codes.NO_FILE, f"{file}: is no file in the revision '{revision}'")
    if content.startswith(_LFS):
        raise _stands_elsewhere(file, revision)
    return content


def _stands_elsewhere(file: str, revision: str) -> ConvcalcError:
    return error(
        codes.CANNOT_READ,
        f"{file}: in the revision '{revision}' it is kept by Git LFS; write it to a file of its own with "
        "`git show … | git lfs smudge > FILE` and compare with that",
    )


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git says; None where it says no."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise error(codes.NO_GIT, "--git needs git, and there is no program of that name: install it") from None
    return done.stdout if done.returncode == 0 else None
