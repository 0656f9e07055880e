"""Readers: a file to a :class:`convcalc.model.Model`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from os import PathLike, fspath
from typing import Any, BinaryIO

from convcalc.base.gc_pause import gc_paused
from convcalc.base.problems import ConvcalcError, Problem, Source
from convcalc.base.structs import NamedTuple
from convcalc.model import Model
from convcalc.read.container import HDF5, config_of, is_archive, member, opened_file
from convcalc.read.spec.nodes import MAX_BYTES, compose, decode, plain_value

__all__ = ["config_in", "load", "model_in", "opened", "parse", "read"]


def load(source: str | PathLike[str]) -> Model:
    """The model in a file, told by its content: a YAML spec, a Keras config (``model.to_json()``, or the same as YAML), a
    ``.keras`` archive or an HDF5 file (with h5py, the extra ``hdf5``); ``-`` reads standard input.

    Raises :class:`ConvcalcError` with everything that is wrong with the file.
    """
    model = parse(source)
    if any(problem.severity == "error" for problem in model.problems):
        raise ConvcalcError(model.problems)
    return model


def parse(source: str | PathLike[str]) -> Model:
    """As :func:`load`, but a model whose layers are wrong comes back as far as it could be read, with its ``problems``."""
    with opened(source) as (file, name):
        return model_in(file, name)


def read(data: bytes, name: str) -> Model:
    """The model that the bytes of a file hold; ``name`` is for messages."""
    return model_in(BytesIO(data), name)


def config_in(source: str | PathLike[str]) -> Any:
    """The parsed config of a Keras file, of which nothing is made; None for a spec."""
    with opened(source) as (file, name):
        text, parse = _unpacked(file, name)
    return parse(text) if parse else None


class _Text(NamedTuple):
    """The text of a file, or of the config in an archive; and what parses it where it is Keras's config, not a spec."""

    source: Source
    parse: Callable[[Source], Any] | None


@contextmanager
def opened(source: str | PathLike[str]) -> Iterator[tuple[BinaryIO, str]]:
    """A file, or standard input, and its name for messages."""
    name = fspath(source)
    if name == "-":
        yield BytesIO(sys.stdin.buffer.read(MAX_BYTES + 1)), "<stdin>"
        return
    with opened_file(name) as file:
        yield file, name


def _unpacked(file: BinaryIO, name: str) -> _Text:
    """The text in a file; of an archive its config is read, however large the rest is."""
    start = file.read(8)
    file.seek(0)
    if is_archive(start):
        return _Text(decode(member(file, "config.json", name), name), config_of)
    if start.startswith(HDF5):
        from convcalc.read.keras_files.hdf5 import config_text

        return _Text(config_text(file, name), config_of)
    source = decode(file.read(MAX_BYTES + 1), name)
    text = source.text
    if text.lstrip().startswith("{") and '"class_name"' in text and '"config"' in text:
        return _Text(source, config_of)
    return _Text(source, _of_yaml if all(key.search(text) for key in _YAML_CONFIG) else None)


# A config that somebody wrote as YAML; a spec has neither key.
_YAML_CONFIG = (re.compile(r"(?m)^class_name:\s"), re.compile(r"(?m)^config:\s"))


def _of_yaml(source: Source) -> Any:
    problems: list[Problem] = []
    node = compose(source, problems)
    if problems:
        raise ConvcalcError(problems)
    return plain_value(node)


@gc_paused()
def model_in(file: BinaryIO, name: str) -> Model:
    """The model that an open file holds, as :func:`parse` gives it."""
    source, parse = _unpacked(file, name)
    if parse:
        from convcalc.read.keras_files.config import read_config
        from convcalc.read.keras_files.weights import with_stored

        return with_stored(read_config(parse(source), source.name), file, name)
    from convcalc.read.spec.spec import read_spec

    return read_spec(source)
