"""Reads a Keras file: the whole model, only the config as data, or only the HDF5 tree of the weights.

``convcalc/read/detect.py`` refers to the functions here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os.path import isfile, join, split  # imported instead of pathlib, which is slow to import
from typing import TYPE_CHECKING, Any

from convcalc.base import codes
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError, Problem, Source, error
from convcalc.read.container import open_file, open_member, parse_json, read_member
from convcalc.read.keras_files.members import CONFIG_MEMBER, TASK, TASK_WEIGHTS, WEIGHTS_MEMBER
from convcalc.read.spec.nodes import compose, decode, plain_value

if TYPE_CHECKING:
    from convcalc.model import Model
    from convcalc.read.detect import OpenFile
    from convcalc.read.keras_files.hdf5 import Tree

MAX_QUOTED = 4


def read_keras_file(opened: OpenFile) -> Model:
    """Returns the model in a Keras file.

    Weights that cannot be inferred are read from the file, if the file stores weights.
    """
    from convcalc.read.detect import HDF5, KERAS_ARCHIVE
    from convcalc.read.keras_files.config import read_config
    from convcalc.read.keras_files.unknown_weights import layers_to_compare, may_lack_weights, warned_of_unlisted

    assert opened.kind.config is not None
    config = resolve(opened.kind.config)(opened)
    model = read_config(config, opened.name, opened.custom)
    # imported here, because these imports are slow
    if may_lack_weights(model, opened.kind is KERAS_ARCHIVE):
        from convcalc.read.keras_files.weights import with_stored

        model = with_stored(model, opened)
    if opened.kind in (HDF5, KERAS_ARCHIVE) and layers_to_compare(model, opened.kind is HDF5):
        from convcalc.read.keras_files.weights_by_name import with_weights_to_compare

        model = with_weights_to_compare(model, opened)
    return warned_of_unlisted(model)


def read_hdf5_file(opened: OpenFile) -> Model:
    """Returns the model in an HDF5 file. If the file contains only weights, the model has the layers that own these
    weights.
    """
    from convcalc.read.keras_files.hdf5 import CONFIG, stored_optimizer

    with hdf5_tree(opened) as tree:
        if CONFIG not in tree.root.attributes:
            from convcalc.read.keras_files.weights_tree import stored_model

            return stored_model(tree, None, opened.name)
        optimizer = stored_optimizer(tree)
    return read_keras_file(opened)._replace(optimizer=optimizer, optimizer_has_slots=False)


def read_sharded_weights(opened: OpenFile) -> Model:
    """Returns a model whose layers come from weights in several files.

    ``opened`` is the JSON file that lists these files.
    """
    from convcalc.read.keras_files.sharded import sharded_model

    return sharded_model(parse_json(opened.text), opened.name)


def archive_config(opened: OpenFile) -> Any:
    """Returns the config in an archive. The other members of the archive are not read."""
    return parse_json(decode(read_member(opened.file, CONFIG_MEMBER, opened.name), opened.name))


def hdf5_config(opened: OpenFile) -> Any:
    """Returns the config in an HDF5 file; an empty config if the file contains only weights."""
    from convcalc.read.keras_files.hdf5 import CONFIG, config_text

    with hdf5_tree(opened) as tree:
        if CONFIG not in tree.root.attributes:
            return {}
    return parse_json(config_text(opened.file, opened.name))


def json_config(opened: OpenFile) -> Any:
    """Returns the config of ``model.to_json()``."""
    return parse_json(opened.text)


def json_string_config(opened: OpenFile) -> Any:
    """Returns the config in a JSON file that ``json.dump(model.to_json(), file)`` wrote: the config is a string in
    JSON.
    """
    value: Any = opened.text
    for _ in range(MAX_QUOTED):
        value = parse_json(value if isinstance(value, Source) else Source(opened.name, value))
        if not isinstance(value, str):
            return value
    raise error(
        codes.TOO_DEEP, f"{opened.name}: a JSON string contains JSON strings more than {MAX_QUOTED} levels deep"
    )


def yaml_config(opened: OpenFile) -> Any:
    """Returns the config in a YAML file. The file has the values of ``model.to_json()``, written as YAML."""
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
def tree_beside(opened: OpenFile) -> Iterator[Tree]:
    """Opens the HDF5 file with the weights next to a ``config.json`` or ``task.json``.

    Keras writes such a folder instead of an archive on request. In keras_hub, ``task.json`` describes a task model, and
    ``config.json`` the backbone inside it.
    """
    from convcalc.read.keras_files.hdf5 import open_hdf5
    from convcalc.read.keras_files.weights import no_weights

    folder, described = split(opened.name)
    names = {CONFIG_MEMBER: (WEIGHTS_MEMBER,), TASK: (TASK_WEIGHTS, WEIGHTS_MEMBER)}.get(described, ())
    existing = [path for path in (join(folder, name) for name in names) if isfile(path)]
    if not existing:
        raise no_weights(opened.name)
    with open_file(existing[0]) as file, open_hdf5(file, existing[0]) as tree:
        yield tree


def layers_beside(tree: Tree, model: Model, name: str) -> Model:
    """Returns a model whose layers come from the weights in the folder of a ``config.json`` or ``task.json``."""
    from convcalc.read.keras_files.hdf5 import open_hdf5
    from convcalc.read.keras_files.weights_tree import stored_model, task_model

    folder, described = split(name)
    if described != TASK:
        return stored_model(tree, model, name)
    weights = join(folder, WEIGHTS_MEMBER)
    if not isfile(join(folder, TASK_WEIGHTS)):
        return task_model(None, tree, model, name)
    with open_file(weights) as file, open_hdf5(file, weights) as backbone:
        return task_model(tree, backbone, model, name)


@contextmanager
def hdf5_tree(opened: OpenFile) -> Iterator[Tree]:
    """Opens an HDF5 file."""
    from convcalc.read.keras_files.hdf5 import open_hdf5

    with open_hdf5(opened.file, opened.name) as tree:
        yield tree
