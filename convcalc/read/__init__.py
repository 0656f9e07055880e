"""Readers: a file to a :class:`convcalc.model.Model`."""

from __future__ import annotations

import sys
from os import PathLike, fspath
from pathlib import Path

from convcalc.model import Model
from convcalc.problems import ConvcalcError, error
from convcalc.read.nodes import MAX_BYTES, decode
from convcalc.read.spec import read_spec

__all__ = ["load", "parse"]


def load(source: str | PathLike[str]) -> Model:
    """The model in a file; ``-`` reads standard input.

    Raises :class:`ConvcalcError` with everything that is wrong with the file.
    """
    model = parse(source)
    if model.problems:
        raise ConvcalcError(model.problems)
    return model


def parse(source: str | PathLike[str]) -> Model:
    """As :func:`load`, but a model whose layers are wrong comes back as far as it could be read, with its ``problems``."""
    name = fspath(source)
    return read_spec(decode(_bytes(name), "<stdin>" if name == "-" else name))


def _bytes(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as bad:
        reason = bad.strerror if isinstance(bad, OSError) and bad.strerror else str(bad)
        raise error("cannot-read", f"{name}: {reason[0].lower()}{reason[1:]}") from None
