"""Finds the stored weights of layers whose class is known only by its name.

Files of Keras 2, and HDF5 files of Keras 3, state no module for a class. So a class with the name and the arguments of
a Keras class can be custom, and only the weights show that. The weights are compared after the inference of the model
(``convcalc/analyse/other_weights.py``).
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
    """Returns the model with the stored weights of the layers whose class may be custom.

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
        ignored = {codes.NEEDS_H5PY, codes.NO_WEIGHTS}
        warnings = [problem._replace(severity="warning") for problem in failed.problems if problem.code not in ignored]
        return model._replace(problems=(*model.problems, *warnings))
    # An archive stores no weights for a layer whose weights are stored elsewhere.
    return model._replace(weights_to_compare={path: weights[path] for path in paths if weights.get(path)})


def hdf5_weights_by_name(tree: Tree, model: Model) -> Mapping[str, Stored]:
    """Returns the weights of each layer in the HDF5 file of a whole model.

    If a weight of a nested model belongs to none of its known layers, the path of the nested model has all weights of
    the nested model.
    """
    top = tree.child(tree.root, "model_weights")
    if top is None:
        return {}
    layers = {layer.name: layer for layer in model.layers}
    groups: dict[str, list[StoredWeight]] = {name: [] for name in tree.texts(top, "layer_names") if name in layers}
    start = len(str(top.name))  # the path of a weight begins with this name, but without the first slash
    for weight in tree.arrays_inside(top):
        name = _first_known(weight.path[start:].split("/"), groups)
        if name is not None:
            groups[name].append(weight)
    if not any(groups.values()):
        return {}
    by_path: dict[str, Stored] = {}
    for name, weights in groups.items():
        nested = layers[name].model
        own = len(f"{top.name}/{name}/") - 1
        by_path |= {name: tuple(weights)} if nested is None else _by_inner_path(nested, name, weights, own)
    return by_path


def _by_inner_path(model: Model, name: str, weights: list[StoredWeight], start: int) -> Mapping[str, Stored]:
    """Returns the weights of each layer in a nested model. ``start`` is the length of the path of the model's group."""
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
    """Returns the longest name of a layer with which a path begins; None if there is none. The last part of the path is
    the name of the weight.
    """
    for end in range(len(parts) - 1, 0, -1):
        name = "/".join(parts[:end])
        if name in names:
            return name
    return None
