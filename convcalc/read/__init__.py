"""Readers: a file to a :class:`convcalc.model.Model`."""

from __future__ import annotations

import sys
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path

from convcalc.model import Model
from convcalc.problems import ConvcalcError, Source, error
from convcalc.read.container import HDF5, config_of, is_archive, member
from convcalc.read.nodes import MAX_BYTES, decode

__all__ = ["load", "parse"]


def load(source: str | PathLike[str]) -> Model:
    """The model in a file, told by its content: a YAML spec, a Keras config (``model.to_json()``) or a ``.keras`` archive;
    ``-`` reads standard input.

    Raises :class:`ConvcalcError` with everything that is wrong with the file.
    """
    model = parse(source)
    if any(problem.severity == "error" for problem in model.problems):
        raise ConvcalcError(model.problems)
    return model


def parse(source: str | PathLike[str]) -> Model:
    """As :func:`load`, but a model whose layers are wrong comes back as far as it could be read, with its ``problems``."""
    name = fspath(source)
    if name == "-":
        return read(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>")
    try:
        with Path(name).open("rb") as file:
            if is_archive(file.read(4)):  # of which a part is read, however large it is
                return _config(decode(member(file, "config.json", name), name))
            file.seek(0)
            return read(file.read(MAX_BYTES + 1), name)
    except (OSError, ValueError) as bad:
        reason = bad.strerror if isinstance(bad, OSError) and bad.strerror else str(bad)
        raise error("cannot-read", f"{name}: {reason[0].lower()}{reason[1:]}") from None


def read(data: bytes, name: str) -> Model:
    """The model that the bytes of a file hold; ``name`` is for messages."""
    if is_archive(data):
        return _config(decode(member(BytesIO(data), "config.json", name), name))
    if data.startswith(HDF5):
        raise error(
            "cannot-read", f"{name}: this is an HDF5 file; save the model as .keras, or its config by model.to_json()"
        )
    source = decode(data, name)
    if source.text.lstrip().startswith("{") and '"class_name"' in source.text and '"config"' in source.text:
        return _config(source)
    from convcalc.read.spec import read_spec

    return read_spec(source)


def _config(source: Source) -> Model:
    from convcalc.read.config import read_config

    return read_config(config_of(source.text, source.name), source.name)
