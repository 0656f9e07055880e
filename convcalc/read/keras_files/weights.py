"""The weights that a Keras file stores, by layer: their places and shapes, and nothing of their values.

A ``.keras`` archive has a tree of groups (``keras/src/saving/saving_lib.py``): a model's layers stand under ``layers``, what a
layer holds under the names of its attributes, each with its own variables in ``vars``. An ``.h5`` file has a group for each
layer of the model itself, those of nested models together (``keras/src/legacy/saving/legacy_h5_format.py``).
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
from convcalc.read.container import opened_file
from convcalc.read.detect import OpenFile, open_binary
from convcalc.read.keras_files.hdf5 import Tree, array

_TABLE = "/idf_weights"  # of a lookup layer: stored as a variable is, and none of the layer's weights
_GENERATOR = re.compile(r"_?(seed_)?generator(_\d+)?")


class Weights(Struct):
    """What a file stores: by the path of a layer, or of a nested model with all its layers; and what is no layer's.

    ``archived`` says that it is a ``.keras`` archive, in which a few layers store something else than their weights.
    """

    layers: Mapping[str, tuple[StoredWeight, ...]] = {}
    others: tuple[StoredWeight, ...] = ()
    archived: bool = False


def stored_weights(source: str | PathLike[str], model: Model) -> Weights:
    """The weights in the file that the model was read from. Raises :class:`ConvcalcError` for a file that has none."""
    name = fspath(source)
    if name == "-":
        raise error(
            codes.NO_WEIGHTS, "the weights of a model on standard input are not read: give the name of its file"
        )
    with opened_file(name) as file:
        return weights_in(file, name, model)


def weights_in(file: BinaryIO, name: str, model: Model) -> Weights:
    """The weights in an open file. Raises :class:`ConvcalcError` for a kind of file that stores none."""
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
    return error(codes.NO_WEIGHTS, f"{name}: holds no weights: a .keras archive and an .h5 file of a whole model do")


def with_stored(model: Model, opened: OpenFile) -> Model:
    """The model with the stored weights of those layers for which they cannot be inferred; that those cannot be read is a
    warning among its problems, and no h5py is no problem.
    """
    if not _is_foreign(model):
        return model
    try:
        weights = _weights(opened, model)
    except ConvcalcError as failed:
        said = [
            bad._replace(severity="warning")
            for bad in failed.problems
            if bad.code not in (codes.NEEDS_H5PY, codes.NO_WEIGHTS)
        ]
        return model._replace(problems=(*model.problems, *said))
    return _filled(model, "", weights.layers)


def _is_foreign(model: Model) -> bool:
    return any(_is_unknown(layer) for _, layer in model.walk())


def _is_unknown(layer: Layer) -> bool:
    """Whether a layer is one whose weights no rule tells. (Lambda, whose code is not known either, has none.)"""
    definition = layer.definition
    return not layer.broken and (
        isinstance(definition, Foreign) or (isinstance(definition, LayerDefinition) and definition.has_unknown_weights)
    )


def _filled(model: Model, prefix: str, found: Mapping[str, tuple[StoredWeight, ...]]) -> Model:
    def filled(layer: Layer) -> Layer:
        path = prefix + layer.name
        if isinstance(layer.definition, Model):
            return layer._replace(definition=_filled(layer.definition, f"{path}/", found))
        stored = found.get(path)
        plain = stored is not None and all(weight.dtype in DTYPES for weight in stored)
        return layer._replace(stored=stored) if plain and _is_unknown(layer) else layer

    return model._replace(layers=tuple(map(filled, model.layers)))


# Archives --------------------------------------------------------------------------------------------------------------


def archive_weights(tree: Tree, model: Model, name: str) -> Weights:
    """The weights in the HDF5 tree of an archive."""
    return _Archived(tree).weights(model)


class _Archived:
    """Finds the weights of a model's layers in the tree of an archive.

    A layer's group is found by the layer's name, which newer Keras writes beside its variables; else by its place, as Keras
    finds it: the class, counted. A layer without a group was saved before, in a model that it stands in as well.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.found: dict[str, tuple[StoredWeight, ...]] = {}
        self.others: list[StoredWeight] = []
        self.saved: dict[tuple[str, str], tuple[StoredWeight, ...]] = {}

    def weights(self, model: Model) -> Weights:
        """The weights of the whole file."""
        self.model(model, self.tree.root, "")
        return Weights(self.found, tuple(self.others), archived=True)

    def model(self, model: Model, group: Any, prefix: str) -> None:
        """The weights of a model's layers; what else there is in its group, such as an optimizer, is not the model's."""
        rest = self.groups(group)
        names = {_name(self.tree.child(each, "vars")): place for place, each in rest.items()}
        for place, layer in _places(model):
            found = rest.pop(names.get(layer.name, place), None)
            path, key = prefix + layer.name, (layer.name, layer.class_name)
            if isinstance(layer.definition, Model):
                self.model(layer.definition, found, f"{path}/")
            elif found is not None:
                self.found[path] = self.saved[key] = tuple(self.variables(found))
            elif key in self.saved:
                self.found[path] = self.saved[key]
        for left in rest.values():
            self.others += self.variables(left)

    def groups(self, group: Any) -> dict[str, Any]:
        """The groups of a model's layers; its own variables are put aside."""
        if group is None:
            return {}
        child = self.tree.child
        if (own := child(group, "vars")) is not None:
            self.others += self.tree.arrays(own)
        # The second was the name in Keras 2.13.
        layers = child(group, "layers") or child(group, "_layer_checkpoint_dependencies")
        return {} if layers is None else self.tree.inside(layers)

    def variables(self, top: Any) -> Iterator[StoredWeight]:
        """All variables under a group, without the state of random generators and optimizers, which no summary counts."""
        waiting = [("", top)]
        while waiting:
            name, group = waiting.pop()
            inside = self.tree.inside(group)
            own = inside.pop("vars", None)
            arrays = [] if own is None else [each for each in self.tree.arrays(own) if not each.path.endswith(_TABLE)]
            state = len(arrays) == 1 and arrays[0].shape == (2,) and "int" in arrays[0].dtype
            if not (state and _GENERATOR.fullmatch(_name(own) or name)):
                yield from arrays
            waiting += [(name, each) for name, each in reversed(inside.items()) if name != "optimizer"]


def _name(variables: Any) -> str:
    """The name that is written beside the variables of a layer, or of another object; empty for none."""
    name = None if variables is None else variables.attrs.get("name")
    return name if isinstance(name, str) else ""


def _places(model: Model) -> Iterator[tuple[str, Layer]]:
    """The layers as Keras saves them, each with the name of its group."""
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
    """The weights in an HDF5 file of a whole model."""
    top = tree.child(tree.root, "model_weights")
    if top is None:
        raise error(codes.NO_WEIGHTS, f"{name}: holds a model's config, and no weights")
    layers = {layer.name for layer in model.layers}
    found: dict[str, tuple[StoredWeight, ...]] = {}
    others: list[StoredWeight] = []
    for layer in (*tree.texts(top, "layer_names"), "top_level_model_weights"):
        group = tree.child(top, layer)
        paths = [] if group is None else tree.texts(group, "weight_names")
        stored = tuple(_weight(tree, group, path) for path in paths)
        if layer in layers:
            found[layer] = stored
        else:
            others += stored
    return Weights(found, tuple(others))


def _weight(tree: Tree, group: Any, path: str) -> StoredWeight:
    found = tree.child(group, path)
    if found is None:
        raise Refusal(f"{group.name.lstrip('/')} names a weight that is not there, '{path[:100]}'", codes.DAMAGED)
    return array(found)
