"""Reads the paths and shapes of the weights that a Keras file stores for each layer. It does not read their values.

A ``.keras`` archive contains a tree of groups (``keras/src/saving/saving_lib.py``). The layers of a model are in ``layers``,
the objects inside a layer in groups named after its attributes, and the variables of each in ``vars``. An ``.h5`` file has one
group for each layer of the model itself; the group of a nested model has the weights of all its layers
(``keras/src/legacy/saving/legacy_h5_format.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from typing import Any, BinaryIO

from convcalc.base import codes
from convcalc.base.keras_names import snake_case
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError, Refusal, error
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.layers.dtypes import DTYPES
from convcalc.model import Foreign, Layer, Model, StoredWeight, summary_order
from convcalc.ops import Operation
from convcalc.read.container import open_file
from convcalc.read.detect import OpenFile, open_binary
from convcalc.read.keras_files.hdf5 import Tree, array

# The table of a lookup layer. It is stored like a variable, but is not one of the layer's weights.
_TABLE = "/idf_weights"
_GENERATOR = re.compile(r"_?(seed_)?generator(_\d+)?")


class Weights(Struct):
    """The weights that a file stores.

    Attributes:
        layers: by the path of a layer, or of a nested model (for all its layers together).
        others: weights that belong to no layer.
        archived: True for a ``.keras`` archive, in which some layers store other data than their weights.
    """

    layers: Mapping[str, tuple[StoredWeight, ...]] = {}
    others: tuple[StoredWeight, ...] = ()
    archived: bool = False


def stored_weights(source: str | PathLike[str], model: Model) -> Weights:
    """Returns the weights in the file of a model. Raises :class:`ConvcalcError` for a file without weights."""
    name = fspath(source)
    if name == "-":
        raise error(
            codes.NO_WEIGHTS, "the weights of a model on standard input cannot be read: give the name of its file"
        )
    with open_file(name) as file:
        return weights_in(file, name, model)


def weights_in(file: BinaryIO, name: str, model: Model) -> Weights:
    """Returns the weights in an open file. Raises :class:`ConvcalcError` for a kind of file that stores none."""
    opened = open_binary(file, name)
    if opened is None:
        raise _no_weights(name)
    return _weights(opened, model)


def _weights(opened: OpenFile, model: Model) -> Weights:
    kind = opened.kind
    if kind.tree is None or kind.weights is None:
        raise _no_weights(opened.name)
    with resolve(kind.tree)(opened) as tree:
        weights: Weights = resolve(kind.weights)(tree, model, opened.name)
    return weights


def _no_weights(name: str) -> ConvcalcError:
    return error(
        codes.NO_WEIGHTS, f"{name}: contains no weights; give a .keras archive or the .h5 file of a whole model"
    )


def with_stored(model: Model, opened: OpenFile) -> Model:
    """Returns the model with stored weights for the layers whose weights cannot be inferred.

    An unreadable weights file is a warning among the model's problems. A missing h5py is ignored.
    """
    if not any(_has_unknown_weights(layer) for _, layer in model.walk()):
        return model
    try:
        weights = _weights(opened, model)
    except ConvcalcError as failed:
        warnings = [
            problem._replace(severity="warning")
            for problem in failed.problems
            if problem.code not in (codes.NEEDS_H5PY, codes.NO_WEIGHTS)
        ]
        return model._replace(problems=(*model.problems, *warnings))
    return _filled(model, "", weights.layers)


def _has_unknown_weights(layer: Layer) -> bool:
    """Returns True if no rule can infer the weights of a layer."""
    definition = layer.definition
    return not layer.broken and (
        isinstance(definition, Foreign) or (isinstance(definition, LayerDefinition) and definition.has_unknown_weights)
    )


def _filled(model: Model, prefix: str, weights: Mapping[str, tuple[StoredWeight, ...]]) -> Model:
    """Returns the model, and its nested models, with the stored weights of their layers."""

    def filled(layer: Layer) -> Layer:
        path = prefix + layer.name
        if isinstance(layer.definition, Model):
            return layer._replace(definition=_filled(layer.definition, f"{path}/", weights))
        stored = weights.get(path)
        numeric = stored is not None and all(weight.dtype in DTYPES for weight in stored)
        return layer._replace(stored=stored) if numeric and _has_unknown_weights(layer) else layer

    return model._replace(layers=tuple(map(filled, model.layers)))


# Archives --------------------------------------------------------------------------------------------------------------


def archive_weights(tree: Tree, model: Model, name: str) -> Weights:
    """Returns the weights in the HDF5 tree of an archive."""
    return _ArchiveReader(tree).weights(model)


class _ArchiveReader:
    """Finds the weights of each layer in the tree of an archive.

    Newer versions of Keras write the name of a layer next to its variables. Otherwise the group is named after the layer's class
    and its number among the layers of this class. A layer has no group if Keras saved it earlier, as part of another model.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.layers: dict[str, tuple[StoredWeight, ...]] = {}
        self.others: list[StoredWeight] = []
        self.saved: dict[tuple[str, str], tuple[StoredWeight, ...]] = {}

    def weights(self, model: Model) -> Weights:
        """Returns the weights in the whole file."""
        self.add_model(model, self.tree.root, "")
        return Weights(self.layers, tuple(self.others), archived=True)

    def add_model(self, model: Model, group: Any, prefix: str) -> None:
        """Adds the weights of a model's layers; other variables in its group, such as an optimizer's, go to ``others``."""
        unused = self.layer_groups(group)
        group_names = {_layer_name(self.tree.child(member, "vars")): name for name, member in unused.items()}
        for group_name, layer in _group_names(model):
            layer_group = unused.pop(group_names.get(layer.name, group_name), None)
            path, key = prefix + layer.name, (layer.name, layer.class_name)
            if isinstance(layer.definition, Model):
                self.add_model(layer.definition, layer_group, f"{path}/")
            elif layer_group is not None:
                self.layers[path] = self.saved[key] = tuple(self.variables(layer_group))
            elif key in self.saved:
                self.layers[path] = self.saved[key]
        for member in unused.values():
            self.others += self.variables(member)

    def layer_groups(self, group: Any) -> dict[str, Any]:
        """Returns the groups of a model's layers. The model's own variables go to ``others``."""
        if group is None:
            return {}
        child = self.tree.child
        if (variables := child(group, "vars")) is not None:
            self.others += self.tree.arrays(variables)
        # Keras 2.13 uses the second name.
        layers = child(group, "layers") or child(group, "_layer_checkpoint_dependencies")
        return {} if layers is None else self.tree.inside(layers)

    def variables(self, top: Any) -> Iterator[StoredWeight]:
        """Yields all variables below a group, except the state of random generators and optimizers: no summary counts these."""
        waiting = [("", top)]
        while waiting:
            name, group = waiting.pop()
            members = self.tree.inside(group)
            variables = members.pop("vars", None)
            arrays = [] if variables is None else self.tree.arrays(variables)
            arrays = [array for array in arrays if not array.path.endswith(_TABLE)]
            is_state = len(arrays) == 1 and arrays[0].shape == (2,) and "int" in arrays[0].dtype
            if not (is_state and _GENERATOR.fullmatch(_layer_name(variables) or name)):
                yield from arrays
            waiting += [(name, member) for name, member in reversed(members.items()) if name != "optimizer"]


def _layer_name(variables: Any) -> str:
    """Returns the name written next to the variables of a layer or another object; empty if there is none."""
    name = None if variables is None else variables.attrs.get("name")
    return name if isinstance(name, str) else ""


def _group_names(model: Model) -> Iterator[tuple[str, Layer]]:
    """Yields the layers in the order in which Keras saves them, each with the name of its group."""
    counts: dict[str, int] = {}
    for number in summary_order(model):
        layer = model.layers[number]
        if isinstance(layer.definition, Operation):
            continue
        word = snake_case(re.split("[.>]", layer.class_name)[-1])
        count = counts[word] = counts.get(word, -1) + 1
        yield f"{word}_{count}" if count else word, layer


# HDF5 files of whole models --------------------------------------------------------------------------------------------


def hdf5_weights(tree: Tree, model: Model, name: str) -> Weights:
    """Returns the weights in an HDF5 file of a whole model."""
    top = tree.child(tree.root, "model_weights")
    if top is None:
        raise error(codes.NO_WEIGHTS, f"{name}: contains a model's config, but no weights")
    layers = {layer.name for layer in model.layers}
    weights: dict[str, tuple[StoredWeight, ...]] = {}
    others: list[StoredWeight] = []
    for layer in (*tree.texts(top, "layer_names"), "top_level_model_weights"):
        group = tree.child(top, layer)
        paths = [] if group is None else tree.texts(group, "weight_names")
        stored = tuple(_weight(tree, group, path) for path in paths)
        if layer in layers:
            weights[layer] = stored
        else:
            others += stored
    return Weights(weights, tuple(others))


def _weight(tree: Tree, group: Any, path: str) -> StoredWeight:
    weight = tree.child(group, path)
    if weight is None:
        raise Refusal(f"{group.name.lstrip('/')} names a weight that does not exist, '{path[:100]}'", codes.DAMAGED)
    return array(weight)
