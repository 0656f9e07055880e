"""The parts of a Keras file: its config as data, and the HDF5 tree of its weights. ``convcalc/read/detect.py`` refers to these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError, Problem
from convcalc.read.container import open_member, parse_json, read_member
from convcalc.read.spec.nodes import compose, decode, plain_value

if TYPE_CHECKING:
    from convcalc.model import Model
    from convcalc.read.detect import OpenFile
    from convcalc.read.keras_files.hdf5 import Tree

CONFIG_MEMBER = "config.json"
WEIGHTS_MEMBER = "model.weights.h5"


def read_keras_file(opened: OpenFile) -> Model:
    """Returns the model of a Keras file. Weights that no rule can infer are taken from the file, if it stores weights."""
    from convcalc.read.keras_files.config import read_config
    from convcalc.read.keras_files.weights import with_stored

    assert opened.kind.config is not None
    config = resolve(opened.kind.config)(opened)
    return with_stored(read_config(config, opened.name), opened)


def archive_config(opened: OpenFile) -> Any:
    """Returns the config in an archive. Only this member is read, whatever the size of the others."""
    return parse_json(decode(read_member(opened.file, CONFIG_MEMBER, opened.name), opened.name))


def hdf5_config(opened: OpenFile) -> Any:
    """Returns the config in an HDF5 file."""
    from convcalc.read.keras_files.hdf5 import config_text

    return parse_json(config_text(opened.file, opened.name))


def json_config(opened: OpenFile) -> Any:
    """Returns the config of ``model.to_json()``."""
    return parse_json(opened.text)


def yaml_config(opened: OpenFile) -> Any:
    """Returns a config that was rewritten as YAML."""
    problems: list[Problem] = []
    node = compose(opened.text, problems)
    if problems:
        raise ConvcalcError(problems)
    return plain_value(node)


@contextmanager
def archive_tree(opened: OpenFile) -> Iterator[Tree]:
    """Opens the HDF5 file inside an archive."""
    from convcalc.read.keras_files.hdf5 import open_hdf5

    name = f"{opened.name}: {WEIGHTS_MEMBER}"
    with open_member(opened.file, WEIGHTS_MEMBER, opened.name) as part, open_hdf5(part, name) as tree:
        yield tree


@contextmanager
def hdf5_tree(opened: OpenFile) -> Iterator[Tree]:
    """Opens an HDF5 file."""
    from convcalc.read.keras_files.hdf5 import open_hdf5

    with open_hdf5(opened.file, opened.name) as tree:
        yield tree
