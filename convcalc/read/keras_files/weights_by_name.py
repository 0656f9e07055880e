"""Finds the stored weights of layers for which the file states only the name of the class.

Files of Keras 2, and HDF5 files of Keras 3, do not state the module of a class. A custom class can then have the same name and
arguments as a Keras class: only its weights show the difference. After the model's shapes are inferred,
``convcalc/analyse/other_weights.py`` compares the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError
from convcalc.model import Model, StoredWeight
from convcalc.read.detect import HDF5, OpenFile
from convcalc.read.keras_files.hdf5 import Tree
from convcalc.read.keras_files.unknown_weights import layers_to_compare

Stored = tuple[StoredWeight, ...]


def with_weights_to_compare(model: Model, opened: OpenFile) -> Model:
    """Adds the stored weights of layers that may be custom, so that they can be compared with the inferred weights.

    ``opened`` is an archive or an HDF5 file. If the weights cannot be read, the model gets a warning.
    """
    paths = layers_to_compare(model, opened.kind is HDF5)
    if not paths:
        return model
    kind = opened.kind
    assert kind.tree is not None
    assert kind.weights is not None
    try:
        with resolve(kind.tree)(opened) as tree:
            if kind is HDF5:
                return model._replace(weights_to_compare=hdf5_weights_by_name(tree, model))
            weights: Mapping[str, Stored] = resolve(kind.weights)(tree, model, opened.name).layers
    except ConvcalcError as failed:
        problems = (problem for problem in failed.problems if problem.code != codes.NO_WEIGHTS)
        warnings = [problem._replace(severity="warning") for problem in problems]
        return model._replace(problems=(*model.problems, *warnings))
    # An archive has no weights for a layer that shares the weights of another.
    return model._replace(weights_to_compare={path: weights[path] for path in paths if weights.get(path)})


def hdf5_weights_by_name(tree: Tree, model: Model) -> Mapping[str, Stored]:
    """Returns the weights of each layer in the HDF5 file of a whole model.

    The key is the path of the layer. If a nested model has a weight that belongs to no known layer, all its weights
    have the path of the nested model as key.
    """
    top = tree.child(tree.root, "model_weights")
    if top is None:
        return {}
    layers = {layer.name: layer for layer in model.layers}
    groups: dict[str, list[StoredWeight]] = {name: [] for name in tree.texts(top, "layer_names") if name in layers}
    start = len(f"{top.path}/")
    for weight in tree.arrays_inside(top):
        name = _first_known(weight.path[start:].split("/"), groups)
        if name is not None:
            groups[name].append(weight)
    if not any(groups.values()):
        return {}
    by_path: dict[str, Stored] = {}
    for name, weights in groups.items():
        nested = layers[name].model
        own = len(f"{top.path}/{name}/")
        by_path |= {name: tuple(weights)} if nested is None else _by_inner_path(nested, name, weights, own)
    return by_path


def _by_inner_path(model: Model, name: str, weights: list[StoredWeight], start: int) -> Mapping[str, Stored]:
    """Returns the weights of each layer in a nested model. A weight's path without its first ``start`` characters names
    the layer.
    """
    paths: dict[str, str] = {}
    for path, layer in model.walk(f"{name}/"):
        if layer.model is None:
            if layer.name in paths:
                return {name: tuple(weights)}
            paths[layer.name] = path
    inner: dict[str, list[StoredWeight]] = {path: [] for path in paths.values()}
    for weight in weights:
        parts = weight.path[start:].split("/")
        # Keras 3 can write the name of the model before the name of the layer.
        known = (_first_known(parts[skipped:], paths) for skipped in range(len(parts)))
        layer_name = next((found for found in known if found is not None), None)
        if layer_name is None:
            return {name: tuple(weights)}
        inner[paths[layer_name]].append(weight)
    return {path: tuple(members) for path, members in inner.items()}


def _first_known(parts: list[str], names: Mapping[str, Any]) -> str | None:
    """Returns the longest start of a path that is the name of a layer; None if there is none.

    The last part of a path is not used: it is the name of the weight.
    """
    for end in range(len(parts) - 1, 0, -1):
        name = "/".join(parts[:end])
        if name in names:
            return name
    return None
