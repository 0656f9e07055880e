"""Reads the paths and shapes of the weights that a Keras file stores for each layer. The values are not read.

A ``.keras`` archive contains a tree of groups (``keras/src/saving/saving_lib.py``). The group ``layers`` has the layers of a
model. The group of an attribute has the attribute's name. The group ``vars`` has the variables of a layer or another object.

An ``.h5`` file has one group for each layer of the outermost model. The group of a nested model has the weights of all its layers
(``keras/src/legacy/saving/legacy_h5_format.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike, fspath
from typing import Any, BinaryIO

from convcalc.base import codes
from convcalc.base.keras_names import short_class, snake_case
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError, error
from convcalc.base.structs import Struct
from convcalc.hdf5.objects import Object
from convcalc.layers.dtypes import DTYPES
from convcalc.model import Foreign, Layer, Model, StoredWeight, summary_order
from convcalc.ops import Operation
from convcalc.read.detect import KERAS_ARCHIVE, SAVED_MODEL, OpenFile, detect, open_model
from convcalc.read.keras_files.counted_weights import counted_weights
from convcalc.read.keras_files.hdf5 import CONFIG, Tree
from convcalc.read.keras_files.unknown_weights import layers_inside, may_lack_weights, wraps
from convcalc.read.keras_files.weights_tree import (
    OWN_VARIABLES,
    Group,
    is_legacy,
    is_state,
    is_stored_model,
    is_unlisted,
    layer_name,
    legacy_weights,
    read_tree,
    with_copies_merged,
    with_layer_outside,
)


class Weights(Struct):
    """The weights that a file stores.

    Attributes:
        layers: maps the path of a layer to its weights. In some files, the path of a nested model has the weights of all its layers.
        others: weights that belong to no layer.
        every: all weights, each once.
        shared: maps the path of a layer without stored weights to the path of the layer that stores them.
        outside: for each model of a custom class, its weights that belong to none of its layers. The key is the path of this
            model, ending with "/"; "" for the outermost model.
        lacking: the paths, like in ``outside``, of models of custom classes whose further weights the file may not contain.
        optimizer: the variables of the optimizer in an archive; None if the archive stores none.
        archived: True for a ``.keras`` archive. In it, some layers store other data in the place of their weights.
    """

    layers: Mapping[str, tuple[StoredWeight, ...]] = {}
    others: tuple[StoredWeight, ...] = ()
    every: tuple[StoredWeight, ...] = ()
    shared: Mapping[str, str] = {}
    outside: Mapping[str, tuple[StoredWeight, ...]] = {}
    lacking: frozenset[str] = frozenset()
    optimizer: tuple[StoredWeight, ...] | None = None
    archived: bool = False


def stored_weights(source: str | PathLike[str], model: Model) -> Weights:
    """Returns the weights in a model's file. Raises :class:`ConvcalcError` if the file has no weights."""
    name = fspath(source)
    if name == "-":
        raise error(
            codes.NO_WEIGHTS, "the weights of a model on standard input cannot be read: give the name of its file"
        )
    with open_model(name) as (file, path):
        return weights_in(file, path, model)


def weights_in(file: BinaryIO, name: str, model: Model) -> Weights:
    """Returns the weights in an open file. Raises :class:`ConvcalcError` if files of this format store no weights."""
    return _weights(detect(file, name), model)


def _weights(opened: OpenFile, model: Model) -> Weights:
    kind = opened.kind
    if kind.tree is None or kind.weights is None:
        raise no_weights(opened.name)
    if model.fallback is not None:
        layers = model.fallback.walk()
        return Weights({model.name: tuple(weight for _, layer in layers for weight in layer.stored or ())})
    if is_stored_model(model):
        return Weights({path: layer.stored for path, layer in model.walk() if layer.stored is not None})
    with resolve(kind.tree)(opened) as tree:
        weights: Weights = resolve(kind.weights)(tree, model, opened.name)
    return weights


def no_weights(name: str) -> ConvcalcError:
    """Returns the error for a file that stores no weights."""
    return error(
        codes.NO_WEIGHTS, f"{name}: contains no weights; give a .keras archive or the .h5 file of a whole model"
    )


def with_stored(model: Model, opened: OpenFile) -> Model:
    """Returns the model with the weights in its file. If the config determines all weights, the file is not read.

    If the config lists no layers, the result has a layer for each object that stores weights. Weights that cannot be read cause a
    warning.
    """
    if model.fallback is not None:
        return model._replace(fallback=with_stored(model.fallback, opened))
    if not may_lack_weights(model, opened.kind in (KERAS_ARCHIVE, SAVED_MODEL)):
        return model
    try:
        if is_unlisted(model):
            return _stored_model(opened, model)
        weights = _weights(opened, model)
    except ConvcalcError as failed:
        problems = (problem for problem in failed.problems if problem.code != codes.NO_WEIGHTS)
        warnings = [problem._replace(severity="warning") for problem in problems]
        return model._replace(problems=(*model.problems, *warnings))
    return _with_weights(model, weights)


def _with_weights(model: Model, weights: Weights) -> Model:
    """Returns the model with the weights that a file stores."""
    filled = _filled(model, "", weights)
    optimizer = weights.optimizer if _are_numeric(weights.optimizer or ()) else None
    return filled._replace(stored=weights.every if _are_numeric(weights.every) else None, optimizer_weights=optimizer)


def with_weights(model: Model, source: str) -> Model:
    """Returns the model with weights from another file. Raises :class:`ConvcalcError` if the file has no weights."""
    with open_model(source) as (file, path):
        opened = detect(file, path)
        if opened.kind.tree is None:
            raise no_weights(path)
        if model.fallback is not None:
            return model._replace(fallback=_stored_model(opened, model.fallback))
        if is_unlisted(model):
            return _stored_model(opened, model)
        weights = _weights(opened, model)
    return _with_weights(model, weights)


def _stored_model(opened: OpenFile, model: Model) -> Model:
    if opened.kind.tree is None:
        raise no_weights(opened.name)
    if opened.name.endswith(".json"):
        # imported here, because few folders have sharded weights
        from convcalc.read.keras_files.sharded import sharded_beside

        sharded = sharded_beside(model, opened.name)
        if sharded is not None:
            return sharded
    with resolve(opened.kind.tree)(opened) as tree:
        stored: Model = resolve(opened.kind.layers)(tree, model, opened.name)
    return stored


def _are_numeric(stored: Sequence[StoredWeight]) -> bool:
    return all(weight.dtype in DTYPES for weight in stored)


def _filled(model: Model, prefix: str, weights: Weights) -> Model:
    """Gives each layer its stored weights, also in nested models.

    A model of a custom class gets an additional layer for the weights that belong to none of its layers.
    """

    def filled(layer: Layer) -> Layer:
        path = prefix + layer.name
        if isinstance(layer.definition, Model):
            return layer._replace(definition=_filled(layer.definition, f"{path}/", weights))
        stored = weights.layers.get(path)
        has_weights = not layer.broken and not isinstance(layer.definition, Operation)
        return layer._replace(stored=stored) if has_weights and stored is not None and _are_numeric(stored) else layer

    model = model._replace(layers=tuple(map(filled, model.layers)))
    if model.own_class is None:
        return model
    model = model._replace(has_more_weights=prefix in weights.lacking)
    called = {call.layer for call in model.calls}
    uncalled = [prefix + layer.name for number, layer in enumerate(model.layers) if number not in called]
    outside = (
        *weights.outside.get(prefix, ()),
        *(weight for path in uncalled for weight in weights.layers.get(path, ())),
    )
    return with_layer_outside(model, outside) if outside else model


# Archives --------------------------------------------------------------------------------------------------------------


def archive_weights(tree: Tree, model: Model, name: str) -> Weights:
    """Returns the weights in the HDF5 tree of an archive."""
    return _ArchiveReader(tree).weights(model)


class _ArchiveReader:
    """Finds the weights of each layer in the tree of an archive.

    Newer versions of Keras store a layer's name next to its variables. In older files, the name of a group is the layer's class and a
    number: the third Dense has the group ``dense_2``. A layer in two models has a group only in the model that Keras saves first.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.layers: dict[str, tuple[StoredWeight, ...]] = {}
        self.others: list[StoredWeight] = []
        self.saved: dict[tuple[str, str], str] = {}
        self.shared: dict[str, str] = {}
        self.groups: dict[str, str] = {}
        self.corrected: list[tuple[tuple[StoredWeight, ...], tuple[StoredWeight, ...]]] = []
        self.read: dict[str, Group] = {}

    def weights(self, model: Model) -> Weights:
        """Returns the weights in the whole file."""
        root = read_tree(Tree(self.tree.root))
        self.read = {group.path: group for group in root.walk()}
        self.add_model(model, self.tree.root, "")
        every = [weight for group in root.walk() for weight in group.weights]
        for stored, counted in self.corrected:
            paths = {weight.path for weight in stored}
            every = [*(weight for weight in every if weight.path not in paths), *counted]
        self.add_shared(model, root)
        self.add_wrapped(model, root)
        outside = self.outside(model, every)
        own = {weight.path for stored in (*self.layers.values(), *outside.values()) for weight in stored}
        for prefix, inner in model.models():
            if inner.class_name == "Sequential" and inner.own_class is not None and prefix in self.groups:
                start = self.groups[prefix]
                every = [weight for weight in every if weight.path in own or not weight.path.startswith(start)]
        variables = self.tree.child(self.tree.root, "optimizer/vars")
        optimizer = tuple(self.tree.arrays(variables)) if variables is not None else None
        lacking = frozenset(prefix for prefix, _ in model.models() if prefix not in self.groups)
        return Weights(
            self.layers, tuple(self.others), tuple(every), self.shared, outside, lacking, optimizer, archived=True
        )

    def outside(self, model: Model, every: Sequence[StoredWeight]) -> Mapping[str, tuple[StoredWeight, ...]]:
        """Returns the weights of models of custom classes that belong to none of the model's layers.

        A Sequential counts its own variables, but no layers in attributes of its class.
        """
        owned = {weight.path for stored in self.layers.values() for weight in stored}
        outside: dict[str, tuple[StoredWeight, ...]] = {}
        for prefix, inner in reversed([*model.models()]):  # inner models come before outer models
            if inner.own_class is not None and prefix in self.groups:
                start = self.groups[prefix] + ("vars/" if inner.class_name == "Sequential" else "")
                own = tuple(weight for weight in every if weight.path.startswith(start) and weight.path not in owned)
                outside[prefix] = own
                owned |= {weight.path for weight in own}
        return outside

    def add_model(self, model: Model, group: Object | None, prefix: str) -> None:
        """Adds the weights of a model's layers.

        Variables that belong to no layer, such as the optimizer's, are added to ``others``.
        """
        if group is not None:
            self.groups[prefix] = f"{group.path}/".lstrip("/")
        unused = self.layer_groups(group)
        group_names = {self.layer_name(member): name for name, member in unused.items()}
        for group_name, layer in _group_names(model):
            layer_group = unused.pop(group_names.get(layer.name, group_name), None)
            path, key = prefix + layer.name, (layer.name, layer.class_name)
            if isinstance(layer.definition, Model):
                self.add_model(layer.definition, layer_group, f"{path}/")
            elif layer_group is not None:
                stored = tuple(self.variables(layer_group, isinstance(layer.definition, Foreign)))
                self.layers[path] = tuple(counted_weights(layer, layer_group.path, stored))
                if self.layers[path] != stored:
                    self.corrected.append((stored, self.layers[path]))
                self.saved[key] = path
            elif key in self.saved:
                self.shared[path] = self.saved[key]
                self.layers[path] = self.layers[self.saved[key]]
        for member in unused.values():
            self.others += self.variables(member, True)

    def add_shared(self, model: Model, root: Group) -> None:
        """Adds the weights of a custom layer that it shares with a layer in its config.

        The file stores these weights once, with the layer in the config, but Keras counts them for both layers. Example: the head of a
        language model uses the weights of the model's embedding.
        """
        if not any(isinstance(layer.definition, Foreign) for _, layer in model.walk()):
            return
        groups: dict[str, list[Group]] = {}
        for group in root.walk():
            groups.setdefault(group.name, []).append(group)
        for path, layer in model.walk():
            own = self.layers.get(path)
            if own is None or not isinstance(layer.definition, Foreign):
                continue
            stored = {weight.path for weight in own}
            for name in _layers_in(layer.args):
                named = groups.get(name, [])
                weights = [weight for group in named[:1] for inner in group.walk() for weight in inner.weights]
                if len(named) == 1 and not stored.intersection(weight.path for weight in weights):
                    own = self.layers[path] = (*own, *weights)

    def add_wrapped(self, model: Model, root: Group) -> None:
        """Adds the weights of a layer that is also inside another layer, such as a TimeDistributed.

        The file stores these weights once, in the group of the inner or the outer layer. The inner layer's stored name
        shows the group.
        """
        wrapped = {inner for _, layer in model.walk() if wraps(layer) for inner in layers_inside(layer)}
        lacking = [
            (path, layer)
            for path, layer in model.walk()
            if (wraps(layer) or (layer.name, layer.class_name) in wrapped)
            and not (layer.model or self.layers.get(path))
        ]
        if not lacking:
            return
        groups: dict[str, list[Group]] = {}
        for group in root.walk():
            if group.name:
                groups.setdefault(group.name, []).append(group)
        for path, layer in lacking:
            for name in (layer.name, *(name for name, _ in layers_inside(layer))):
                named = groups.get(name, [])
                weights = tuple(weight for group in named for inner in group.walk() for weight in inner.weights)
                if len(named) == 1 and weights:
                    self.layers[path] = weights
                    # Keras cannot load the weights of layers in ``shared``. But it can load a wrapper whose inner layer
                    # is also in the model: then the inner layer has a group. So such a wrapper is left out.
                    if not (wraps(layer) and named[0].path.count("/") == 1):
                        self.shared[path] = named[0].path
                    break

    def layer_groups(self, group: Object | None) -> dict[str, Object]:
        """Returns the groups of a model's layers. Adds the model's own variables to ``others``."""
        if group is None:
            return {}
        child = self.tree.child
        if (variables := child(group, "vars")) is not None:
            self.others += self.tree.arrays(variables)
        # the name of the group in Keras 2.13
        layers = child(group, "layers") or child(group, "_layer_checkpoint_dependencies")
        return {} if layers is None else self.tree.inside(layers)

    def layer_name(self, group: Object) -> str:
        """Returns the name that the file stores for a layer; or an empty string."""
        known = self.read.get(group.path)
        return layer_name(self.tree.child(group, "vars")) if known is None else known.name

    def variables(self, group: Object, distinct: bool) -> Iterator[StoredWeight]:
        """Yields the variables in a group and its inner groups that a Keras summary counts."""
        top = self.read.get(group.path)
        # Only objects that contain objects can have a weight that is stored twice.
        if top is None or not (distinct or all(inner.is_container or not inner.children for inner in top.walk())):
            top = read_tree(self.tree, group, group.path.rpartition("/")[2], distinct)
        return (weight for inner in ([] if is_state(top) else top.walk()) for weight in inner.weights)


def _layers_in(value: Any) -> Iterator[str]:
    """Yields the names of the layers in the config of a custom layer."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            config = part.get("config")
            if "class_name" in part and isinstance(config, Mapping) and isinstance(config.get("name"), str):
                yield config["name"]
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _group_names(model: Model) -> Iterator[tuple[str, Layer]]:
    """Yields the layers in the order in which Keras saves them, each with the name of its group."""
    counts: dict[str, int] = {}
    for number in summary_order(model):
        layer = model.layers[number]
        if isinstance(layer.definition, Operation):
            continue
        word = snake_case(short_class(layer.class_name))
        count = counts[word] = counts.get(word, -1) + 1
        yield f"{word}_{count}" if count else word, layer


# HDF5 files of whole models --------------------------------------------------------------------------------------------


def hdf5_weights(tree: Tree, model: Model, name: str) -> Weights:
    """Returns the weights in an HDF5 file, which contains a whole model or only weights.

    If it contains only weights, it has the format of an archive. Files of older versions of Keras have another format.
    """
    top = tree.child(tree.root, "model_weights")
    if top is None and is_legacy(tree.root):
        top = tree.root
    if top is None and CONFIG not in tree.root.attributes:
        return archive_weights(tree, model, name)
    if top is None:
        raise error(codes.NO_WEIGHTS, f"{name}: contains a model's config, but no weights")
    layers = {layer.name: layer for layer in model.layers}
    weights: dict[str, tuple[StoredWeight, ...]] = {}
    others: list[StoredWeight] = []
    all_layers: dict[str, tuple[StoredWeight, ...]] = {}
    for layer in (*tree.texts(top, "layer_names"), OWN_VARIABLES):
        group = tree.child(top, layer)
        all_layers[layer] = () if group is None else legacy_weights(tree, group)
    # Weights in nested models are not merged. Keras loads a layer in two models as two layers, so its weights count
    # twice.
    nested = {name: all_layers.pop(name) for name in [*all_layers] if name in layers and layers[name].model}
    merged, _, _ = with_copies_merged(tree, all_layers, top.path)
    for layer, stored in {**merged, **nested}.items():
        if layer in layers:
            weights[layer] = stored
        else:
            others += stored
    every = {weight.path: weight for stored in (*weights.values(), others) for weight in stored}
    # In Keras 3, the layers of a Functional are the layers of its graph. A Sequential does not count other layers.
    is_whole = model.class_name == "Sequential" or (model.keras2 and tree.child(top, OWN_VARIABLES) is not None)
    lacking = frozenset() if is_whole else frozenset({""})
    return Weights(weights, tuple(others), tuple(every.values()), outside={"": tuple(others)}, lacking=lacking)
