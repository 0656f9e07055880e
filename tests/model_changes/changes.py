"""Single changes of a model, made in its Keras config. The reader of the config is thereby tested too."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from convcalc.layers import LayerDefinition, lookup_builtin
from convcalc.layers.arguments import ACTIVATION, CONSTRAINT, INITIALIZER, REGULARIZER, Boolean, Choice, KnownName

Config = dict[str, Any]
_MODELS = ("Functional", "Sequential")


class Changed(NamedTuple):
    """A changed config.

    ``kind`` is the kind of the change. ``layers`` are the names that a message may give: the changed layer, or the
    layers whose places were exchanged; empty for a change of the model itself. ``real`` is False if the model is still
    the same.
    """

    kind: str
    what: str
    layers: frozenset[str]
    config: Config
    real: bool = True


class Place(NamedTuple):
    """A layer in a config, and the config of the model that contains it."""

    entry: Config
    model: Config

    @property
    def config(self) -> Config:
        """The config of the layer."""
        result: Config = self.entry["config"]
        return result

    @property
    def name(self) -> str:
        """The name of the layer."""
        return str(self.config.get("name"))


def places(config: Config) -> Iterator[Place]:
    """Yields all layers of a model and of its nested models."""
    for entry in config["config"]["layers"]:
        yield Place(entry, config)
        if entry["class_name"] in _MODELS:
            yield from places(entry)


def tensors(value: Any) -> Iterator[Config]:
    """Yields the references to tensors in the arguments of calls."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield value
        else:
            for part in value.values():
                yield from tensors(part)
    elif isinstance(value, list):
        for part in value:
            yield from tensors(part)


def nodes(place: Place) -> list[Config]:
    """Returns the calls of a layer; empty in a Sequential."""
    result: list[Config] = place.entry.get("inbound_nodes") or []
    return result


# Values ---------------------------------------------------------------------------------------------------------------

_WORDS = {
    "padding": ["valid", "same", "causal"],
    "interpolation": ["nearest", "bilinear", "bicubic"],
    "data_format": ["channels_last", "channels_first"],
    "merge_mode": ["concat", "sum", "mul", "ave", None],
    "implementation": [1, 2],
}


def other_value(name: str, value: Any, definition: LayerDefinition | None, random: Random) -> Any:
    """Returns another value for an argument. The same value if none is known."""
    argument = definition.argument(name) if definition is not None else None
    kind = argument.kind if argument is not None else None
    options: list[Any] = []
    if isinstance(kind, KnownName):
        names = {
            id(ACTIVATION): ["relu", "tanh", "gelu", "softmax", "linear"],
            id(INITIALIZER): ["zeros", "ones", "he_normal", "orthogonal"],
            id(REGULARIZER): ["l2", "l1", None],
            id(CONSTRAINT): ["max_norm", "non_neg", None],
        }.get(id(kind), [])
        options = [each for each in names if _plain(each) != _plain(value)]
    elif isinstance(kind, Boolean) or isinstance(value, bool):
        options = [not value]
    elif name in _WORDS or isinstance(kind, Choice):
        words = _WORDS.get(name) or (list(kind.words) if isinstance(kind, Choice) else [])
        options = [each for each in words if each != value]
    elif name == "axis" and isinstance(value, int):
        options = [value - 1 if value < 0 else value + 1]  # -1 and 1 may be the same axis
    elif isinstance(value, int):
        options = [value + 1, max(1, value - 1), value * 2, value + 2]
    elif isinstance(value, float):
        options = [value / 2, value + 0.125, value * 3]
    elif isinstance(value, str):
        options = [f"{value}x"]
    elif value is None:
        options = [1, 2, 3, True, 0.5]
    elif isinstance(value, list) and value:
        number = random.randrange(len(value))
        options = [[*value[:number], other_value("", value[number], None, random), *value[number + 1 :]]]
    elif isinstance(value, dict) and isinstance(value.get("config"), dict) and value["config"]:
        key = random.choice(list(value["config"]))
        inner = other_value(key, value["config"][key], lookup_builtin(str(value.get("class_name"))), random)
        options = [{**value, "config": {**value["config"], key: inner}}]
    options = [each for each in options if each != value or type(each) is not type(value)]
    return random.choice(options) if options else value


def _plain(value: Any) -> Any:
    """Returns the name of a Keras object: a function, or an object with a config."""
    if isinstance(value, dict):
        value = value["config"] if value.get("class_name") == "function" else value.get("class_name")
    words = str(value).replace("_", "").lower()
    return None if value is None or words == "linear" else words


# Changes --------------------------------------------------------------------------------------------------------------


def argument(config: Config, random: Random) -> Iterator[Changed]:
    """Gives an argument of a layer another value."""
    place = random.choice(list(places(config)))
    definition = lookup_builtin(place.entry["class_name"])
    common = ("name", "trainable", "dtype", "layers", "input_layers", "output_layers")
    names = [name for name in place.config if name not in common]
    if not names:
        return
    name = random.choice(names)
    old = place.config[name]
    new = other_value(name, old, definition, random)
    if new == old and type(new) is type(old):
        return
    place.config[name] = new
    yield Changed(f"argument {_group(name)}", f"{name} {old} → {new}", frozenset({place.name}), config)


_GROUPS = {
    "_initializer": "initializer",
    "_regularizer": "regularizer",
    "_constraint": "constraint",
    "activation": "activation",
    "dropout": "dropout",
    "rate": "dropout",
    "seed": "seed",
}


def _group(name: str) -> str:
    if name == "dilation_rate":
        return name
    if name == "batch_shape":
        return "shape of an input"
    return next((group for ending, group in _GROUPS.items() if name.endswith(ending)), name)


def call_argument(config: Config, random: Random) -> Iterator[Changed]:
    """Adds or changes an argument of a call that is not a tensor."""
    every = [place for place in places(config) if nodes(place) and place.entry["class_name"] != "InputLayer"]
    if not every:
        return
    place = random.choice(every)
    node = random.choice(nodes(place))
    kwargs = node["kwargs"]
    known = [key for key, value in kwargs.items() if isinstance(value, (bool, int, float, str))]
    numbers = [number for number, value in enumerate(node["args"]) if isinstance(value, (int, float))]
    flags = {"MultiHeadAttention": "use_causal_mask", "GroupedQueryAttention": "use_causal_mask"}
    class_name = place.entry["class_name"]
    if numbers:
        number = random.choice(numbers)
        old = node["args"][number]
        node["args"][number] = new = other_value("", old, None, random)
        what = f"operand {number} {old} → {new}"
    elif known:
        key = random.choice(known)
        old = kwargs[key]
        kwargs[key] = new = other_value("", old, None, random)
        what = f"{key} {old} → {new}"
    elif str(place.entry.get("module")) == "keras.layers" and class_name in (*flags, *_WITH_TRAINING):
        key = flags.get(class_name, "training")
        kwargs[key] = True
        what = f"{key} None → True"
    else:
        return
    yield Changed("argument of a call", what, frozenset({place.name}), config)


_WITH_TRAINING = ("Dropout", "BatchNormalization", "LSTM", "GRU", "GaussianNoise", "SpatialDropout2D", "Bidirectional")


def swapped_inputs(config: Config, random: Random) -> Iterator[Changed]:
    """Exchanges two tensors of a call."""
    several = [
        (place, node)
        for place in places(config)
        for node in nodes(place)
        if len({str(each["config"]["keras_history"]) for each in tensors(node)}) > 1
    ]
    if not several:
        return
    place, node = random.choice(several)
    one, two = random.sample(list(tensors(node)), 2)
    if one["config"]["keras_history"] == two["config"]["keras_history"]:
        return
    one["config"], two["config"] = two["config"], one["config"]
    yield Changed("order of a layer's inputs", place.name, frozenset({place.name}), config)


def other_input(config: Config, random: Random) -> Iterator[Changed]:
    """Lets a layer read another tensor of the same shape, from a layer before it."""
    every = [place for place in places(config) if nodes(place)]
    if not every:
        return
    place = random.choice(every)
    own = list(tensors(nodes(place)))
    if not own:
        return
    target = random.choice(own)
    earlier: list[Config] = []
    for entry in place.model["config"]["layers"]:
        if entry is place.entry:
            break
        earlier += tensors(entry.get("inbound_nodes"))
    same = [
        each
        for each in earlier
        if each["config"]["shape"] == target["config"]["shape"]
        and each["config"]["keras_history"] != target["config"]["keras_history"]
    ]
    if same:
        target["config"] = copy.deepcopy(random.choice(same)["config"])
        yield Changed("another input", place.name, frozenset({place.name}), config)


_ADDED: list[tuple[str, Config]] = [
    ("Activation", {"activation": "relu"}),
    ("Dropout", {"rate": 0.5, "seed": None, "noise_shape": None}),
    ("LayerNormalization", {"axis": -1, "epsilon": 0.001}),
    ("Dense", {"units": 3}),
    ("GaussianNoise", {"stddev": 0.1, "seed": None}),
]


def added_layer(config: Config, random: Random) -> Iterator[Changed]:
    """Adds a layer between a layer and one that reads it, or as the last layer."""
    class_name, arguments = random.choice(_ADDED)
    name = f"added_{random.randrange(100)}"
    entry = {
        "module": "keras.layers",
        "class_name": class_name,
        "registered_name": None,
        "config": {"name": name, "trainable": True, "dtype": "float32", **arguments},
    }
    model = random.choice([config, *(place.entry for place in places(config) if place.entry["class_name"] in _MODELS)])
    layers = model["config"]["layers"]
    if model["class_name"] == "Sequential":
        number = random.randint(1, len(layers))
        layers.insert(number, entry)
        yield Changed("layer added", f"{class_name} at {number}", frozenset({name}), config)
        return
    targets: list[Any] = [(place, each) for place in layers for each in tensors(place.get("inbound_nodes"))]
    outputs = _flat(model["config"]["output_layers"])
    which = random.randrange(len(targets) + len(outputs))
    if which < len(targets):
        place, target = targets[which]
        source = copy.deepcopy(target)
        target["config"]["keras_history"] = [name, 0, 0]
        number = layers.index(place)
    else:
        output = outputs[which - len(targets)]
        source = {
            "class_name": "__keras_tensor__",
            "config": {"shape": None, "dtype": "float32", "keras_history": list(output)},
        }
        output[:] = [name, 0, 0]
        number = len(layers)
    layers.insert(number, {**entry, "name": name, "inbound_nodes": [{"args": [source], "kwargs": {}}]})
    yield Changed("layer added", f"{class_name} before {number}", frozenset({name}), config)


def _flat(outputs: Any) -> list[Any]:
    """Returns the outputs of a model as a list of [layer, call, output]."""
    if isinstance(outputs, dict):
        return [each for part in outputs.values() for each in _flat(part)]
    if len(outputs) == 3 and isinstance(outputs[0], str):
        return [outputs]
    return [each for part in outputs for each in _flat(part)]


def removed_layer(config: Config, random: Random) -> Iterator[Changed]:
    """Removes a layer with one input. What read it reads its input."""
    place = random.choice(list(places(config)))
    model, layers = place.model, place.model["config"]["layers"]
    if place.entry["class_name"] == "InputLayer" or len(layers) < 3:
        return
    if model["class_name"] != "Sequential":
        own = list(tensors(nodes(place)))
        if len(nodes(place)) != 1 or len(own) != 1:
            return
        source = own[0]["config"]["keras_history"]
        for other in layers:
            for each in tensors(other.get("inbound_nodes")):
                if each["config"]["keras_history"][0] == place.name:
                    each["config"] = {**own[0]["config"]}
        for output in _flat(model["config"]["output_layers"]):
            if output[0] == place.name:
                output[:] = source
    layers.remove(place.entry)
    yield Changed("layer removed", place.entry["class_name"], frozenset({place.name}), config)


_SIMILAR = [
    {"MaxPooling2D", "AveragePooling2D"},
    {"GlobalMaxPooling2D", "GlobalAveragePooling2D"},
    {"Add", "Multiply", "Maximum", "Average", "Minimum"},
    {"Dropout", "GaussianDropout", "AlphaDropout"},
    {"ReLU", "Softmax", "ELU", "LeakyReLU", "Flatten"},
    {"BatchNormalization", "LayerNormalization"},
    {"LSTM", "GRU", "SimpleRNN"},
    {"MaxPooling1D", "AveragePooling1D"},
]


def replaced_layer(config: Config, random: Random) -> Iterator[Changed]:
    """Replaces a layer by one of a similar class, with the arguments that both have."""
    pairs = [
        (place, name)
        for place in places(config)
        for names in _SIMILAR
        if place.entry["class_name"] in names and place.entry["module"] == "keras.layers"
        for name in names - {place.entry["class_name"]}
    ]
    if not pairs:
        return
    place, name = random.choice(sorted(pairs, key=lambda pair: (pair[0].name, pair[1])))
    definition = lookup_builtin(name)
    assert definition is not None
    known = {"name", "trainable", "dtype", *(each.name for each in definition.arguments)}
    old = place.entry["class_name"]
    place.entry["class_name"] = name
    place.entry["config"] = {key: value for key, value in place.config.items() if key in known}
    yield Changed("class of a layer", f"{old} → {name}", frozenset({place.name}), config)


def dtype(config: Config, random: Random) -> Iterator[Changed]:
    """Gives a layer another dtype policy."""
    place = random.choice([place for place in places(config) if isinstance(place.config.get("dtype"), str)])
    old = place.config["dtype"]
    names = ["float16", "float32", "float64"]
    if place.entry["class_name"] != "InputLayer":
        names.append("mixed_float16")
    place.config["dtype"] = new = random.choice([name for name in names if name != old])
    yield Changed("dtype", f"{old} → {new}", frozenset({place.name}), config)


def trainable(config: Config, random: Random) -> Iterator[Changed]:
    """Freezes a layer, or unfreezes it."""
    every = [place for place in places(config) if "trainable" in place.config and "layers" not in place.config]
    if not every:
        return
    place = random.choice(every)
    place.config["trainable"] = not place.config["trainable"]
    yield Changed("trainable", place.name, frozenset({place.name}), config)


def order_of_outputs(config: Config, random: Random) -> Iterator[Changed]:
    """Exchanges two outputs of a model."""
    yield from _exchanged(config, random, "output_layers", "order of outputs")


def order_of_inputs(config: Config, random: Random) -> Iterator[Changed]:
    """Exchanges two inputs of a model."""
    yield from _exchanged(config, random, "input_layers", "order of inputs")


def _exchanged(config: Config, random: Random, key: str, kind: str) -> Iterator[Changed]:
    models = [config, *(place.entry for place in places(config) if place.entry["class_name"] in _MODELS)]
    models = [model for model in models if model["class_name"] == "Functional" and len(_flat(model["config"][key])) > 1]
    if not models:
        return
    model = random.choice(models)
    one, two = random.sample(_flat(model["config"][key]), 2)
    if one == two:
        return
    one[:], two[:] = list(two), list(one)
    name = model["config"]["name"]
    yield Changed(kind, name, frozenset() if model is config else frozenset({name}), config)


def input_shape(config: Config, random: Random) -> Iterator[Changed]:
    """Gives an input another size."""
    inputs = [place for place in places(config) if place.entry["class_name"] == "InputLayer"]
    inputs = [place for place in inputs if len(place.config.get("batch_shape") or ()) > 1]
    if not inputs:
        return
    place = random.choice(inputs)
    shape = place.config["batch_shape"]
    number = random.randrange(1, len(shape))
    old = shape[number]
    shape[number] = 2 * old if isinstance(old, int) and old else 8
    yield Changed("input shape", f"{old} → {shape[number]}", frozenset({place.name}), config)


def name(config: Config, random: Random) -> Iterator[Changed]:
    """Gives a layer another name."""
    place = random.choice(list(places(config)))
    if place.entry["class_name"] == "InputLayer" and place.model["class_name"] == "Sequential":
        return
    old, new = place.name, f"renamed_{place.name}"
    place.config["name"] = new
    if "name" in place.entry:
        place.entry["name"] = new
    for entry in place.model["config"]["layers"]:
        for each in tensors(entry.get("inbound_nodes")):
            if each["config"]["keras_history"][0] == old:
                each["config"]["keras_history"][0] = new
    for key in ("input_layers", "output_layers"):
        for each in _flat(place.model["config"].get(key) or []):
            if each[0] == old:
                each[0] = new
    yield Changed("name", old, frozenset({old, new}), config)


def nothing(config: Config, random: Random) -> Iterator[Changed]:
    """Changes only how the model is written: leaves out default values, or changes the order of keys."""
    place = random.choice(list(places(config)))
    definition = lookup_builtin(place.entry["class_name"])
    values = place.config
    if random.random() < 0.3 or definition is None or place.entry["module"] != "keras.layers":
        place.entry["config"] = dict(reversed(list(values.items())))
        yield Changed("nothing", "order of keys", frozenset({place.name}), config, real=False)
        return
    defaults = [
        each.name
        for each in definition.arguments
        if each.name in values and definition.is_default(each.name, values[each.name])
    ]
    # Keras writes the strides of a pooling layer; None stands for the pool size.
    if defaults:
        left_out = random.choice(defaults)
        del values[left_out]
        yield Changed("nothing", f"{left_out} left out", frozenset({place.name}), config, real=False)


CHANGES: tuple[Callable[[Config, Random], Iterator[Changed]], ...] = (
    *(argument,) * 6,
    *(call_argument,) * 2,
    swapped_inputs,
    other_input,
    added_layer,
    removed_layer,
    replaced_layer,
    dtype,
    trainable,
    order_of_outputs,
    order_of_inputs,
    input_shape,
    name,
    nothing,
)


def changed(config: Config, random: Random) -> Changed:
    """Returns the config with one random change."""
    while True:
        for result in random.choice(CHANGES)(copy.deepcopy(config), random):
            return result
