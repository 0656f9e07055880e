"""Reads a file and returns a :class:`convcalc.model.Model`.

``detect`` finds the kind of the file, and this module calls the reader for this kind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from os import PathLike, fspath
from typing import Any, BinaryIO

from convcalc.base.gc_pause import gc_paused
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError, limited
from convcalc.model import Model
from convcalc.read.code_settings import ALL, NO_SETTINGS, CodeSettings, split_target
from convcalc.read.custom_layers import NO_CUSTOM_LAYERS, CustomLayers
from convcalc.read.detect import OpenFile, detect, open_model
from convcalc.read.spec.nodes import MAX_BYTES

__all__ = [
    "all_models",
    "config_in",
    "custom_layers_in",
    "has_graph",
    "load",
    "model_in",
    "open_source",
    "parse",
    "read",
]


def load(
    source: str | PathLike[str], custom: CustomLayers = NO_CUSTOM_LAYERS, settings: CodeSettings = NO_SETTINGS
) -> Model:
    """Returns the model in a file. The format is detected from the content of the file; Python code from its name.

    The file can be a YAML spec, a Keras config (``model.to_json()``, or the same config in YAML) or a ``.keras``
    archive. It can also be an HDF5 file, a TensorFlow SavedModel, a ``model.json`` of
    TensorFlow.js, the folder of a model, or Python code (``FILE.py:NAME``). ``-`` reads standard input.

    ``custom`` are declarations of custom layers (:func:`convcalc.read.custom_layers_in`). Raises :class:`ConvcalcError`
    with every problem in the file.
    """
    model = parse(source, custom, settings)
    if any(problem.severity == "error" for problem in model.problems):
        raise ConvcalcError(limited(model.problems))
    return model


def parse(
    source: str | PathLike[str], custom: CustomLayers = NO_CUSTOM_LAYERS, settings: CodeSettings = NO_SETTINGS
) -> Model:
    """Like :func:`load`, but does not raise an error for broken layers.

    The model contains everything that could be read, and lists the problems in ``problems``.
    """
    path, target = split_target(fspath(source))
    with open_source(path) as (file, name):
        return model_in(detect(file, name)._replace(custom=custom, target=target, settings=settings))


def read(
    data: bytes,
    name: str,
    custom: CustomLayers = NO_CUSTOM_LAYERS,
    settings: CodeSettings = NO_SETTINGS,
    target: str = "",
) -> Model:
    """Like :func:`parse`, but takes the content of a file as bytes. ``name`` is the file's name in messages."""
    return model_in(detect(BytesIO(data), name)._replace(custom=custom, target=target, settings=settings))


def all_models(source: str, settings: CodeSettings = NO_SETTINGS) -> list[str]:
    """Returns the sources of all models of a program: ``train.py:*`` → ``train.py:model``, ``train.py:encoder``.

    Returns any other source unchanged, in a list.
    """
    path, target = split_target(source)
    if target != ALL:
        return [source]
    with open_source(path) as (file, name):
        content = detect(file, name)._replace(settings=settings)
        return [f"{path}:{name}" for name in resolve("convcalc.read.code.file:target_names")(content)]


def custom_layers_in(*sources: str | PathLike[str]) -> CustomLayers:
    """Returns the custom layers that YAML files declare under ``custom:``, as in a spec. A declaration can use the
    ``blocks:`` of its file.

    Raises :class:`ConvcalcError` with every problem in the files.
    """
    if not sources:
        return NO_CUSTOM_LAYERS
    from convcalc.read.spec.layers_file import read_layers_files
    from convcalc.read.third_party import find_third_party

    return read_layers_files(sources, CustomLayers(elsewhere=find_third_party))


def config_in(source: str | PathLike[str]) -> Any:
    """Returns the config in a Keras file as plain data; None if Keras did not write the file. No model is built."""
    with open_source(source) as (file, name):
        content = detect(file, name)
        return resolve(content.kind.config)(content) if content.kind.config else None


def has_graph(source: str | PathLike[str]) -> bool:
    """Returns True if a file may contain a TensorFlow graph.

    Returns False for standard input, because it can be read only once.
    """
    if fspath(source) == "-":
        return False
    with open_source(source) as (file, name):
        return detect(file, name).kind.has_graph


@contextmanager
def open_source(source: str | PathLike[str]) -> Iterator[tuple[BinaryIO, str]]:
    """Opens a file. For a model's folder, opens the main file in the folder; for ``-``, standard input. Yields the open
    file and the file's name for messages.
    """
    name = fspath(source)
    if name == "-":
        yield BytesIO(sys.stdin.buffer.read(MAX_BYTES + 1)), "<stdin>"
        return
    with open_model(name) as (file, path):
        yield file, path


@gc_paused()
def model_in(content: OpenFile) -> Model:
    """Returns the model in an open file, as :func:`parse` does."""
    model: Model = resolve(content.kind.read)(content)
    return model
