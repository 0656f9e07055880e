"""Reads weights that Keras splits into several HDF5 files.

``model.weights.json`` names the HDF5 files, which are in the same folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.model import Model
from convcalc.read.container import open_file, parse_json
from convcalc.read.detect import HDF5, detect, open_binary, open_model
from convcalc.read.keras_files.hdf5 import open_hdf5
from convcalc.read.keras_files.members import CONFIG_MEMBER, SHARDS, TASK, TASK_WEIGHTS, WEIGHTS_MEMBER
from convcalc.read.keras_files.weights_tree import (
    Group,
    group_layers,
    merged,
    model_of_layers,
    task_model,
    whole_tree,
    without_states,
)

MAX_SHARDS = 10_000


def sharded_model(data: Any, source: str) -> Model:
    """Returns a model with the layers in several HDF5 files. ``data`` is the parsed JSON that names the files."""
    root = _sharded_tree(data, source)
    return model_of_layers(root.name or "weights", group_layers(root, source), None, source)


def sharded_beside(model: Model, source: str) -> Model | None:
    """Returns a model with the layers of the sharded weights in a folder. None if the folder has no such weights.

    ``source`` is the ``config.json`` or ``task.json`` in this folder. ``model`` is the model of ``source``, which lists
    no layers.
    """
    described, path = Path(source).name, Path(source).with_name(SHARDS)
    if described not in (CONFIG_MEMBER, TASK) or path.with_name(WEIGHTS_MEMBER).is_file() or not path.is_file():
        return None
    with open_model(str(path)) as (file, name):
        data = parse_json(detect(file, name).text)
    if described == CONFIG_MEMBER:
        return model_of_layers(model.name, group_layers(_sharded_tree(data, name), source), model, source)
    backbone, head = _sharded_tree(data, name, "backbone"), path.with_name(TASK_WEIGHTS)
    if not head.is_file():
        return task_model(None, backbone, model, source)
    with open_file(str(head)) as file, open_hdf5(file, str(head)) as tree:
        return task_model(tree, backbone, model, source)


def _sharded_tree(data: Any, source: str, name: str = "") -> Group:
    """Merges the objects in all HDF5 files that ``data`` names. ``name`` is the path of the merged tree's root."""
    root = Group(name, is_container=True)
    for shard in _shards(data, source):
        path = str(Path(source).parent / shard)
        with open_file(path) as file:
            opened = open_binary(file, path)
            if opened is None or opened.kind is not HDF5:
                raise error(codes.NOT_A_MODEL, f"{path}: is not an HDF5 file, but {source} names it")
            with open_hdf5(file, path) as tree:
                root = merged(root, whole_tree(tree, name=name))
    return without_states(root)


def _shards(data: Any, source: str) -> list[str]:
    """Returns the names of the HDF5 files, each once. Refuses a name with a folder, which Keras never writes."""
    weight_map = data.get("weight_map") if isinstance(data, Mapping) else None
    if not isinstance(weight_map, Mapping):
        raise error(codes.NOT_A_MODEL, f"{source}: has no weight_map, which names the files with the weights")
    names = list(dict.fromkeys(_names(weight_map)))
    for name in names:
        if not isinstance(name, str) or not name.endswith(".weights.h5") or Path(name).name != name or "\\" in name:
            shown = str(name)[:100]
            message = f"weight_map names '{shown}', which is not the name of a .weights.h5 file in the same folder"
            raise error(codes.NOT_A_MODEL, f"{source}: {message}")
    if len(names) > MAX_SHARDS:
        raise error(codes.TOO_LARGE, f"{source}: weight_map names more than {MAX_SHARDS:,} files")
    return names


def _names(weight_map: Mapping[str, Any]) -> Iterator[Any]:
    for value in weight_map.values():
        yield from map(_hashable, value if isinstance(value, list) else [value])


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str) else repr(value)
