"""Converts layers of Keras 1 (1.0 to 1.2) to the names and arguments of Keras 2.

Most files do not state the version of Keras, so the arguments show that a layer is from Keras 1. Sources: the ``get_config``
methods of Keras 1.2.2, and the tables of Keras 2 that accept the old arguments (``keras/legacy/interfaces.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convcalc.layers.keras2 import OF_KERAS1
from convcalc.read.keras_files.origin import WRITTEN_BY_KERAS1

# Arguments of Keras 1 and their names in Keras 2. None: Keras 2 has no such argument, and it changes neither shapes nor
# weights.
_WEIGHTS = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_WINDOWS = {"border_mode": "padding", "dim_ordering": "data_format"}
_CONVOLUTIONS = {
    **_WEIGHTS,
    **_WINDOWS,
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample": "strides",
    "subsample_length": "strides",
    "atrous_rate": "dilation_rate",
}
_RECURRENT = {
    **_WEIGHTS,
    "output_dim": "units",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "forget_bias_init": None,
    "consume_less": None,
}
_POOLING = {**_WINDOWS, "pool_length": "pool_size", "stride": "strides"}
_DROPOUT = {"p": "rate", "dim_ordering": "data_format"}
_ORDERING = {"dim_ordering": "data_format"}
RENAMED: dict[str, Mapping[str, str | None]] = {
    "Dense": {**_WEIGHTS, "output_dim": "units"},
    "TimeDistributedDense": {**_WEIGHTS, "output_dim": "units", "input_length": None},
    "MaxoutDense": _WEIGHTS,
    "Highway": _WEIGHTS,
    "Embedding": {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
        "dropout": None,
    },
    "PReLU": {"init": "alpha_initializer"},
    "GaussianNoise": {"sigma": "stddev"},
    "UpSampling1D": {"length": "size"},
    "BatchNormalization": {"mode": None, "beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
    **dict.fromkeys(("SimpleRNN", "GRU", "LSTM"), _RECURRENT),
    "ConvLSTM2D": {**_CONVOLUTIONS, **_RECURRENT},
    **dict.fromkeys(("Dropout", "GaussianDropout"), _DROPOUT),
    **{f"SpatialDropout{rank}D": _DROPOUT for rank in (1, 2, 3)},
    **{f"{kind}Pooling{rank}D": _POOLING for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"Global{kind}Pooling{rank}D": _ORDERING for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"{kind}{rank}D": _ORDERING for kind in ("UpSampling", "ZeroPadding", "Cropping") for rank in (2, 3)},
    **{f"LocallyConnected{rank}D": _CONVOLUTIONS for rank in (1, 2)},
    **{f"{kind}{rank}D": _CONVOLUTIONS for kind in ("Convolution", "AtrousConvolution") for rank in (1, 2, 3)},
    "Deconvolution2D": _CONVOLUTIONS,
    "SeparableConvolution2D": {**_CONVOLUTIONS, "init": "depthwise_initializer"},
}
_CLASSES = {
    **{f"{kind}{rank}D": f"Conv{rank}D" for kind in ("Convolution", "AtrousConvolution") for rank in (1, 2, 3)},
    "SeparableConvolution2D": "SeparableConv2D",
    "Deconvolution2D": f"Deconvolution2D{OF_KERAS1}",
    "TimeDistributedDense": "Dense",
    **{name: f"{name}{OF_KERAS1}" for name in ("MaxoutDense", "Highway", "ParametricSoftplus", "SReLU")},
}
# Classes that only Keras 1 has. Their names are enough to show the version.
ONLY_KERAS1 = ("MaxoutDense", "Highway", "ParametricSoftplus", "SReLU", "TimeDistributedDense", "Deconvolution2D")
_SIZES = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
_DATA_FORMATS = {"tf": "channels_last", "th": "channels_first"}
# Classes whose results depend on the order of axes. Keras 1 does not save the order.
_UNSTATED = tuple(f"{kind}{rank}D" for kind in ("UpSampling", "ZeroPadding", "Cropping") for rank in (2, 3))
_MERGES = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum"}
_SIDES = (("left_pad", "right_pad"), ("top_pad", "bottom_pad", "left_pad", "right_pad"))


# Names of regularizers and constraints, and of their arguments.
_OBJECTS = {"L1L2Regularizer": "L1L2", "WeightRegularizer": "L1L2", "ActivityRegularizer": "L1L2"}
_OBJECT_ARGUMENTS = {"m": "max_value"}


def upgrade_keras1(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Converts a layer of Keras 1 to the class name and the arguments of Keras 2. Returns other layers unchanged."""
    class_name, config = entry.get("class_name"), entry.get("config")
    if not isinstance(class_name, str) or not isinstance(config, Mapping) or "module" in entry:
        return entry
    if class_name == "Merge" and "mode" in config:
        return {**entry, **_merge(config)}
    renamed = RENAMED.get(class_name, {})
    sizes = next((names for names in _SIZES if renamed and all(name in config for name in names)), ())
    if class_name not in ONLY_KERAS1 and not sizes and not any(key in config for key in renamed):
        return _with_padding_pairs(entry, class_name, config)
    if class_name == "Embedding" and "embeddings_initializer" in config:
        return entry
    upgraded = {renamed.get(key, key): _object(value) for key, value in config.items() if key not in sizes}
    upgraded.pop(None, None)
    if sizes:
        upgraded["kernel_size"] = [config[name] for name in sizes]
    if "data_format" in upgraded:
        upgraded["data_format"] = _DATA_FORMATS.get(upgraded["data_format"], upgraded["data_format"])
    if class_name == "GRU":
        upgraded["reset_after"] = False
    if class_name == "Deconvolution2D" and isinstance(config.get("output_shape"), list):
        sizes_at = slice(2, 4) if upgraded.get("data_format") == "channels_first" else slice(1, 3)
        upgraded["output_shape"] = config["output_shape"][sizes_at]
    return {**entry, "class_name": _CLASSES.get(class_name, class_name), "config": upgraded, WRITTEN_BY_KERAS1: True}


def _object(value: Any) -> Any:
    """Converts a regularizer or constraint, such as ``{"name": "MaxNorm", "m": 2}``. Returns any other value unchanged."""
    name = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(name, str) or "class_name" in value:
        return value
    config = {_OBJECT_ARGUMENTS.get(key, key): part for key, part in value.items() if key != "name"}
    return {"class_name": _OBJECTS.get(name, name), "config": config}


def _with_padding_pairs(entry: Mapping[str, Any], class_name: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Converts ``padding`` of a padding layer to numbers or pairs. Keras 1 can also write names: ``{"left_pad": 1}``."""
    padding = config.get("padding")
    sides = next((sides for sides in _SIDES if isinstance(padding, Mapping) and set(padding) <= set(sides)), None)
    if not class_name.startswith("ZeroPadding"):
        return entry
    if isinstance(padding, Mapping) and sides is not None:
        padding = [padding.get(side, 0) for side in sides]
    if class_name == "ZeroPadding2D" and isinstance(padding, list) and len(padding) == 4:
        padding = [padding[:2], padding[2:]]
    return entry if padding is config.get("padding") else {**entry, "config": {**config, "padding": padding}}


def _merge(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the class name and the config for a layer ``Merge``. Its argument ``mode`` determines the class."""
    mode, named = config["mode"], {"name": config.get("name")}
    if config.get("mode_type", "raw") != "raw":
        shape = config.get("output_shape") if config.get("output_shape_type", "raw") == "raw" else None
        return {"class_name": "Lambda", "config": {**named, "function": mode, "output_shape": shape}}
    if mode == "concat":
        return {"class_name": "Concatenate", "config": {**named, "axis": config.get("concat_axis", -1)}}
    if mode in ("dot", "cos"):
        axes = {"axes": config.get("dot_axes", -1), "normalize": mode == "cos"}
        return {"class_name": "Dot", "config": {**named, **axes}}
    return {"class_name": _MERGES[mode], "config": named} if mode in _MERGES else {}


def with_branches(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Converts a Sequential that begins with a ``Merge`` of other models to a Functional. Returns any other entry
    unchanged.

    The layers of the merged models become layers of the Functional, as in a summary of Keras 1.
    """
    layers = entry["config"]["layers"]
    if not _begins_with_merge(layers):
        return entry
    graph = _Graph()
    last = graph.add_sequential(layers)
    config = {**entry["config"], "layers": graph.layers, "input_layers": graph.inputs, "output_layers": [last]}
    return {**entry, "class_name": "Functional", "config": config}


def _begins_with_merge(layers: Any) -> bool:
    first = layers[0] if isinstance(layers, list) and layers else None
    config = first.get("config") if isinstance(first, Mapping) and first.get("class_name") == "Merge" else None
    return isinstance(config, Mapping) and isinstance(config.get("layers"), list)


def _is_one_tensor(outputs: Any) -> bool:
    return isinstance(outputs, list) and len(outputs) == 1 and isinstance(outputs[0], list) and len(outputs[0]) == 3


def _first_shape(layers: Any) -> Any:
    """Returns the input shape that the first layer states. If this layer is a Sequential, looks at its first layer."""
    first = layers[0] if isinstance(layers, list) and layers else None
    config = first.get("config") if isinstance(first, Mapping) else None
    if isinstance(config, Mapping) and "batch_input_shape" in config:
        return config["batch_input_shape"]
    return _first_shape(config.get("layers") if isinstance(config, Mapping) else config)


class _Graph:
    """Collects the layers of merged Sequential models, with calls as Keras 2 writes them."""

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.inputs: list[Any] = []
        self._names: set[str] = set()

    def add_sequential(self, layers: Sequence[Any]) -> list[Any]:
        """Adds the layers of a Sequential. Each layer is called on the output of the previous layer. Returns the output
        of the last layer.
        """
        if _begins_with_merge(layers):
            merge = layers[0]
            branches = [self.add_branch(branch) for branch in merge["config"]["layers"]]
            merge = {**merge, "config": {key: value for key, value in merge["config"].items() if key != "layers"}}
            last = self._add(merge, branches)
            rest = layers[1:]
        else:
            first = next(_configs(layers[:1]), {})
            last, rest = self._add_input(f"{first.get('name')}_input", _first_shape(layers)), layers
        for layer in rest:
            last = self._add(layer, [last])
        return last

    def add_branch(self, branch: Any) -> list[Any]:
        """Adds one of the models that a ``Merge`` combines. Returns the output of this model."""
        config = branch.get("config") if isinstance(branch, Mapping) else None
        if isinstance(config, Mapping) and "input_layers" in config and isinstance(config.get("layers"), list):
            return self._add_functional(branch, config)
        layers = config.get("layers") if isinstance(config, Mapping) else config
        return self.add_sequential(layers if isinstance(layers, list) else [branch])

    def _add_functional(self, branch: Mapping[str, Any], config: Mapping[str, Any]) -> list[Any]:
        """Adds the layers of a functional model.

        Adds the model as one layer if it has several outputs, or if one of its layers has a name that is already used.
        """
        layers = {str(layer.get("name")): layer for layer in config["layers"] if isinstance(layer, Mapping)}
        inputs: Any = config["input_layers"]
        outputs: Any = config.get("output_layers")
        if self._names.isdisjoint(layers) and isinstance(inputs, list) and _is_one_tensor(outputs):
            self._names.update(layers)
            self.layers += config["layers"]
            self.inputs += inputs
            return [*outputs[0]]
        named = [layers.get(str(part[0])) for part in inputs if isinstance(part, list) and part]
        shapes = [inner.get("batch_input_shape") for inner in _configs(named)]
        return self._add(branch, [self._add_input("input", shape) for shape in shapes])

    def _add_input(self, name: str, shape: Any) -> list[Any]:
        name = self._name(name)
        config = {"name": name, "batch_input_shape": shape, "sparse": False}
        self.layers.append({"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []})
        self.inputs.append([name, 0, 0])
        return [name, 0, 0]

    def _add(self, layer: Any, tensors: list[list[Any]]) -> list[Any]:
        if not isinstance(layer, Mapping):
            self.layers.append(layer)  # an invalid entry, which the reader of configs reports
            return tensors[0]
        config = layer.get("config")
        name = config.get("name") if isinstance(config, Mapping) else None
        name = self._name(name if isinstance(name, str) else str(layer.get("class_name")).lower())
        config = {**config, "name": name} if isinstance(config, Mapping) else config
        self.layers.append({**layer, "name": name, "config": config, "inbound_nodes": [tensors]})
        # Keras 2 counts the calls of a nested model from 1, and the calls of a layer from 0.
        is_model = isinstance(config.get("layers") if isinstance(config, Mapping) else config, list)
        return [name, int(is_model), 0]

    def _name(self, name: str) -> str:
        """Returns a name that no other layer has. Two merged models can contain layers of the same name."""
        number, free = 1, name
        while free in self._names:
            free, number = f"{name}_{number}", number + 1
        self._names.add(free)
        return free


def without_stated_order(entries: Sequence[Any]) -> Sequence[Any]:
    """Returns the layers. A layer with an unknown order of axes gets an invalid ``data_format``, and so counts as
    custom.

    For the classes in ``_UNSTATED``, Keras 1 does not save ``dim_ordering``, whose default is a setting of the user. The order is
    unknown if another layer of the model has the order "th" (channels_first).
    """
    if not any(config.get("dim_ordering") == "th" for config in _configs(entries)):
        return entries
    return [_of_unknown_order(entry) for entry in entries]


def _configs(entries: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    for entry in entries:
        config = entry.get("config") if isinstance(entry, Mapping) else None
        if isinstance(config, Mapping):
            yield config


def _of_unknown_order(entry: Any) -> Any:
    config = entry.get("config") if isinstance(entry, Mapping) else None
    if not isinstance(config, Mapping) or entry.get("class_name") not in _UNSTATED:
        return entry
    if "dim_ordering" in config or "data_format" in config or "module" in entry:
        return entry
    return {**entry, "config": {**config, "data_format": "(not in the file)"}}
