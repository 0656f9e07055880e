"""Reads TensorFlow SavedModels: folders that ``model.save`` of Keras 2 or ``model.export`` of Keras 3 writes.

The config of a Sequential or Functional is read as in other files of Keras 2. Without such a config, each stored layer is a row.
If the file describes no layers, the variables are grouped by their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from convcalc.base import codes
from convcalc.base.problems import Problem, Refusal, Source, error, first_listed
from convcalc.layers import lookup_builtin
from convcalc.layers.dtypes import DTYPES
from convcalc.layers.keras2 import keras2_layer
from convcalc.model import Foreign, Layer, Model, StoredWeight
from convcalc.read.container import parse_json
from convcalc.read.keras_files import origin
from convcalc.read.keras_files.saved_objects import UNKNOWN_SIZE, SavedObjects, metadata_in, refusals, saved_objects
from convcalc.read.keras_files.serialized import is_trainable, plain, recorded_shape
from convcalc.read.keras_files.unknown_weights import layers_to_compare, may_be_unknown
from convcalc.read.keras_files.weights import Weights, with_stored
from convcalc.read.keras_files.weights_tree import (
    Group,
    group_layers,
    model_of_layers,
    model_of_rows,
    stored_layer,
    without_states,
)

if TYPE_CHECKING:
    from convcalc.read.detect import OpenFile

MAX_DEPTH = 64
MAX_ROWS = 20_000
_VARIABLES = "the file contains variables and a TensorFlow graph, but no config of Keras"


def read_saved_model(opened: OpenFile) -> Model:
    """Returns the model in a SavedModel. ``opened`` is its file ``saved_model.pb``."""
    from convcalc.read.keras_files.config import read_config

    with saved_objects(opened) as objects:
        config = _config(objects.description(0))
        if not config:
            variables = objects.every_variable()
            model = variables_model(variables, opened.name, None, _VARIABLES)
            return _with_unknown_sizes(model, [weight for _, weight in variables])
        model = _with_built_shapes(read_config(config, opened.name, opened.custom), objects, 0)
        model = with_stored(model, opened)
        paths = layers_to_compare(model, by_name=True)
        layers = saved_model_weights(objects, model, opened.name).layers if paths else {}
        known = {path: layers[path] for path in paths if path in layers and not _unknown_sizes(layers[path])}
        return _with_unknown_sizes(model._replace(weights_to_compare=known), objects.variables(0))


def _unknown_sizes(weights: Iterable[StoredWeight]) -> list[str]:
    """Returns the names of the variables whose sizes the file does not state."""
    return [weight.path for weight in weights if weight.dtype == UNKNOWN_SIZE]


def _with_unknown_sizes(model: Model, weights: Iterable[StoredWeight]) -> Model:
    """Adds a warning to a model if a variable has an unknown size. The parameters of its layer are then unknown."""
    names = _unknown_sizes(weights)
    if not names:
        return model
    message = (
        f"{model.source}: the size of {first_listed(names, 2)} is unknown, so the number of parameters is a lower bound"
    )
    problem = Problem(codes.UNKNOWN_SIZE, message, None, None, "warning")
    return model._replace(problems=(*model.problems, problem))


def saved_model_config(opened: OpenFile) -> Any:
    """Returns the config of a SavedModel. If it lists no layers, adds the configs of all objects as ``saved_objects``."""
    with saved_objects(opened) as objects:
        config = _config(objects.description(0))
        listed = isinstance(config.get("config"), Mapping) and "layers" in config["config"]
        return config if listed else {**config, "saved_objects": list(map(_config, objects.descriptions()))}


def metadata_config(opened: OpenFile) -> Any:
    """Returns the config in a file ``keras_metadata.pb``. The other files of the folder are not read."""
    with refusals(opened.name):
        text = metadata_in(opened.file, opened.name).get(0, "{}")
    description = parse_json(Source(opened.name, text))
    return _config(description if isinstance(description, Mapping) else {})


def _config(description: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the config of a Keras object, in the form of ``model.to_json()``."""
    class_name, config = description.get("class_name"), description.get("config")
    if not isinstance(class_name, str):
        return {}
    built = {"input_shape": description.get("build_input_shape")}
    return {"class_name": class_name, "config": {} if config is None else _lists(config), "build_config": built}


def _lists(value: Any) -> Any:
    """Converts tuples in a value to lists, as in other files of Keras 2.

    The recursion cannot be too deep: the JSON reader limits the depth.
    """
    if isinstance(value, list):
        return [_lists(part) for part in value]
    if not isinstance(value, dict):
        return value
    items = value.get("items")
    if value.get("class_name") == "__tuple__" and isinstance(items, list):
        return [_lists(part) for part in items]
    return {key: _lists(part) for key, part in value.items()}


def read_graph(opened: OpenFile) -> Model:
    """Raises the error for a TensorFlow graph, which contains neither layers nor variables."""
    message = "is a TensorFlow graph, which has no Keras layers; give the Keras model from which the graph was made"
    raise error(codes.NOT_A_MODEL, f"{opened.name}: {message}")


def _with_built_shapes(model: Model, objects: SavedObjects, number: int) -> Model:
    """Adds the recorded output shapes to a model, for layers whose rules may not know them.

    The recorded input shape of a layer is the output shape of the layer before it. Nested models and layers with several calls are
    left out: they may be called on other shapes.
    """
    numbers = {objects.description(child).get("name"): child for child in objects.layers(number)}
    times = Counter(call.layer for call in model.calls)
    calls = list(model.calls)
    for call in model.calls:
        layer = model.layers[call.layer]
        if layer.model is not None or times[call.layer] > 1 or layer.name not in numbers or len(call.inputs) != 1:
            continue
        shape = recorded_shape(objects.description(numbers[layer.name]).get("build_input_shape"))
        (source,) = call.inputs
        if shape is not None and may_be_unknown(model.layer_of(source)) and source not in model.inputs:
            before = calls[source.call]
            if before.recorded.get(source.output, (None, ""))[0] is None:
                calls[source.call] = before._replace(recorded={**before.recorded, source.output: (shape, "")})
    layers = tuple(
        layer._replace(definition=_with_built_shapes(layer.model, objects, numbers[layer.name]))
        if layer.model is not None and layer.name in numbers
        else layer
        for layer in model.layers
    )
    return model._replace(layers=layers, calls=tuple(calls))


# Weights ---------------------------------------------------------------------------------------------------------------


def saved_model_weights(objects: SavedObjects, model: Model, name: str) -> Weights:
    """Returns the weights of each layer. The config of ``model`` must list the layers."""
    layers: dict[str, tuple[StoredWeight, ...]] = {}
    whole: dict[str, tuple[StoredWeight, ...]] = {}
    waiting = [("", model, 0)]
    while waiting:
        prefix, inner, number = waiting.pop()
        if inner.own_class is not None:
            whole[prefix] = objects.variables(number)
        numbers = {objects.description(child).get("name"): child for child in objects.layers(number)}
        for layer in inner.layers:
            if (child := numbers.get(layer.name)) is None:
                continue
            if layer.model is not None:
                waiting.append((f"{prefix}{layer.name}/", layer.model, child))
            else:
                layers[prefix + layer.name] = objects.variables(child)
    every = objects.variables(0)
    owned = {weight.path for weights in layers.values() for weight in weights}
    others = tuple(weight for weight in every if weight.path not in owned)
    outside: dict[str, tuple[StoredWeight, ...]] = {}
    inner_first = sorted(whole.items(), key=lambda item: -len(item[0]))
    for prefix, weights in inner_first:
        outside[prefix] = tuple(weight for weight in weights if weight.path not in owned)
        owned |= {weight.path for weight in weights}
    return Weights(layers, others, every, outside=outside)


def saved_model_layers(objects: SavedObjects, model: Model, name: str) -> Model:
    """Returns a model with one layer for each layer that the file describes. The config of ``model`` lists no layers."""
    every = objects.variables(0)
    layers = _LayerTree(objects).layers(0, every, 0)
    stored = model_of_layers(model.name, layers, model, name)
    return stored._replace(stored=every if all(weight.dtype in DTYPES for weight in every) else None)


class _LayerTree:
    """Converts the layers of a SavedModel to rows."""

    def __init__(self, objects: SavedObjects) -> None:
        self._objects = objects
        self._remaining = MAX_ROWS

    def layers(self, number: int, own: Sequence[StoredWeight], depth: int) -> list[Layer]:
        """Returns a row for each layer that an object contains directly. ``own`` are the variables of the object."""
        if depth > MAX_DEPTH:
            raise Refusal(f"its layers are nested more than {MAX_DEPTH} levels deep", codes.TOO_DEEP)
        attributes = {child: name for name, child in self._objects.object(number).children.items()}
        taken: set[str] = set()
        rows = []
        inner: set[str] = set()
        for child in self._objects.layers(number):
            self._remaining -= 1
            if self._remaining < 0:
                raise Refusal(f"it has more than {MAX_ROWS:,} layers", codes.TOO_LARGE)
            name = self._objects.description(child).get("name")
            name = name[:1000] if isinstance(name, str) and name else attributes.get(child, f"layer_{child}")
            name = f"{name}_{child}" if name in taken else name
            taken.add(name)
            weights = self._objects.variables(child)
            inner |= {weight.path for weight in weights}
            rows.append(self._layer(child, name, weights, depth))
        variables = [weight for weight in own if weight.path not in inner]
        if variables:
            rows.insert(0, stored_layer("vars", "Variables", variables))
        return rows

    def _layer(self, number: int, name: str, weights: Sequence[StoredWeight], depth: int) -> Layer:
        description = self._objects.description(number)
        class_name = str(description.get("class_name") or "?")[:200]
        short = class_name.rpartition(">")[2]
        layers = self.layers(number, weights, depth + 1)
        # separate rows for inner layers, but only if they count each variable once
        parts = [weight.path for layer in layers for weight in _weights_of(layer)]
        if any(layer.name != "vars" for layer in layers) and sorted(parts) == sorted(weight.path for weight in weights):
            return Layer(name, short, model_of_rows(name, short, layers))
        layer = stored_layer(name, short, weights)
        config = description.get("config")
        args = {key: plain(value) for key, value in config.items()} if isinstance(config, Mapping) else {}
        trainable = is_trainable(description)
        return layer._replace(definition=_definition(short, description), args=args, trainable=trainable)


def _weights_of(layer: Layer) -> Iterable[StoredWeight]:
    if layer.model is None:
        return layer.stored or ()
    return [weight for _, inner in layer.model.walk() for weight in inner.stored or ()]


def _definition(name: str, description: Mapping[str, Any]) -> Foreign:
    """Returns the definition of a layer without known calls. It has a module only if the class is Keras's."""
    entry = {"config": {}, **description}
    known = lookup_builtin(name) or keras2_layer(name)
    may_be = known is not None and isinstance(entry["config"], Mapping) and origin.may_be_keras(description)
    is_keras = may_be and known is not None and not origin.unlike_keras(entry, known)
    class_name = str(description.get("class_name"))
    return Foreign(name, "keras.layers" if is_keras else None, class_name if ">" in class_name else None)


def variables_model(
    variables: Sequence[tuple[str, StoredWeight]], source: str, model: Model | None = None, described: str = ""
) -> Model:
    """Returns a model for a file that has variables, but describes no layers. The variables are grouped by their paths.

    ``model`` is the model of a config that lists no layers; None if the file has no config. ``described`` is the start of the
    warning, such as "the file contains only weights".
    """
    if not variables:
        raise error(codes.NOT_A_MODEL, f"{source}: contains neither a Keras model nor variables")
    root = without_states(_grouped([(path.split("/"), weight) for path, weight in variables], "", 0))
    while len(root.children) == 1 and not root.weights and root.children[0].children:
        root = root.children[0]
    return model_of_layers("weights", group_layers(root, source), model, source, described)


def _grouped(variables: Sequence[tuple[Sequence[str], StoredWeight]], path: str, depth: int) -> Group:
    """Returns the variables as a tree of groups. The path ``dense/kernel`` gives the group ``dense``."""
    inner: dict[str, list[tuple[Sequence[str], StoredWeight]]] = {}
    weights = []
    for parts, weight in variables:
        if len(parts) == 1 or depth == MAX_DEPTH:
            weights.append(weight)
        else:
            inner.setdefault(parts[0], []).append((parts[1:], weight))
    children = [_grouped(members, f"{path}/{name}".lstrip("/"), depth + 1) for name, members in inner.items()]
    return Group(path, "", tuple(weights), tuple(children))
