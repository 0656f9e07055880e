"""Reads Keras's configs (``model.to_json()``) to models. Configs of Keras 2 are upgraded first.

A config contains the whole graph, with operations and masks. Problems name the layer and its path in the file, such as
``config.layers[3]``. The first error ends reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.keras_names import Names
from convcalc.base.numbers import LARGEST, UNKNOWN, Shape
from convcalc.base.problems import ConvcalcError, Problem, error
from convcalc.layers import LayerDefinition, bind, find, is_builtin, lookup_builtin, require_builtin
from convcalc.layers.arguments import Argument
from convcalc.layers.data_arguments import Factor
from convcalc.layers.dtypes import DTYPES, POLICIES
from convcalc.layers.sublayer import LayerValue, SubModel
from convcalc.model import Call, Definition, Foreign, Layer, Model, Ref
from convcalc.ops import Operation, find_operation
from convcalc.read.interning import ArgumentInterner
from convcalc.read.keras_files import serialized
from convcalc.read.keras_files.calls import CallGraph, LayerEntry, type_text
from convcalc.read.keras_files.upgrade_keras2 import upgrade_keras2

MODELS = ("Functional", "Sequential", "Model")
MAX_NESTED_MODELS = 32
_FOREIGN_NOTE = "not a layer of Keras: only the shapes and weights stored in the file are known"


@dataclass
class ConfigReader:
    """Reads one file. ``problems`` has the warnings so far."""

    source: str
    problems: list[Problem] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    interner: ArgumentInterner = field(default_factory=ArgumentInterner)

    def fail(self, path: str, message: str, code: Code = codes.INVALID_CONFIG) -> ConvcalcError:
        """Returns an error, with the warnings so far; reading stops there."""
        return ConvcalcError([*self.problems, Problem(code, f"{self.source}: {path}: {message}")])

    def warn(self, path: str, message: str, layer: str, code: Code) -> None:
        """Adds a warning about a layer."""
        self.problems.append(Problem(code, f"{self.source}: {path}: {message}", None, layer, "warning"))

    def mapping(self, value: Any, path: str) -> Mapping[str, Any]:
        """Returns the value, which must be a mapping."""
        if not isinstance(value, Mapping):
            raise self.fail(path, f"expects a mapping, not {type_text(value)}")
        return value

    def items(self, value: Any, path: str) -> Sequence[Any]:
        """Returns the value, which must be a list."""
        if not isinstance(value, list):
            raise self.fail(path, f"expects a list, not {type_text(value)}")
        return value

    def word(self, value: Any, path: str) -> str:
        """Returns the value, which must be a name: a short text that is not empty."""
        if not isinstance(value, str) or not value or len(value) > 1000:
            raise self.fail(path, f"expects a name, not {type_text(value)}")
        return value

    # Models -----------------------------------------------------------------------------------------------------------

    def model(self, entry: Mapping[str, Any], path: str = "", depth: int = 0) -> Model:
        """Returns the model of an object ``{class_name, config, …}``."""
        if depth > MAX_NESTED_MODELS:
            raise self.fail(path, f"models are nested more than {MAX_NESTED_MODELS} levels deep", codes.TOO_DEEP)
        inner = f"{path}.config".lstrip(".")
        config = self.mapping(entry.get("config"), inner)
        entries = self.items(config.get("layers"), f"{inner}.layers")
        name = self.word(config.get("name"), f"{inner}.name")
        functional = "input_layers" in config or entry.get("class_name") == "Functional"
        entries, legacy = upgrade_keras2(entries, functional)
        if functional:
            return self._functional(config, entries, legacy, name, inner, depth)
        return self._sequential(config, entries, name, inner, depth)

    def _sequential(
        self,
        config: Mapping[str, Any],
        entries: Sequence[Any],
        name: str,
        path: str,
        depth: int,
    ) -> Model:
        layers: list[Layer] = []
        taken: set[str] = set()
        for number, entry in enumerate(entries):
            at = f"{path}.layers[{number}]"
            layer = self.layer(self.mapping(entry, at), at, depth)
            layers.append(layer)
            self._take_name(taken, layer.name, at)
            if isinstance(layer.definition, Operation):
                raise self.fail(at, f"'{layer.name}' is an operation, and a Sequential contains only layers")
            if number and layer.class_name == "InputLayer":
                raise self.fail(
                    at, f"'{layer.name}' is an input layer, which can only be the first layer of a Sequential"
                )
        if not layers or layers[0].class_name != "InputLayer":
            shape = serialized.recorded_shape(config.get("build_input_shape"))
            shape = shape or self._first_shape(entries)
            input_name = f"{name}_input" if shape is None else "input_layer"
            while input_name in taken:
                input_name += "_"
            layers.insert(0, _input(input_name, shape))
        calls = [Call(n, (Ref(n - 1),) if n else ()) for n in range(len(layers))]
        # The input shape for which a layer was built is the output shape of the layer before it.
        for number, entry in enumerate(reversed(entries)):
            built = entry.get("build_config")
            shape = serialized.recorded_shape(built.get("input_shape")) if isinstance(built, Mapping) else None
            before = len(calls) - 2 - number
            if shape is not None and before >= 0 and layers[before].class_name != "InputLayer":
                calls[before] = calls[before]._replace(recorded={0: (shape, "")})
        return Model(name, "Sequential", tuple(layers), tuple(calls), (Ref(0),), (Ref(len(calls) - 1),), own_flags=True)

    def _first_shape(self, entries: Sequence[Any]) -> Shape | None:
        """Returns the input shape that the first layer states, as Keras 2 writes it."""
        config = entries[0].get("config") if entries and isinstance(entries[0], Mapping) else None
        if not isinstance(config, Mapping):
            return None
        return serialized.recorded_shape(config.get("batch_shape") or config.get("batch_input_shape"))

    def _functional(
        self,
        config: Mapping[str, Any],
        entries: Sequence[Any],
        legacy: bool,
        name: str,
        path: str,
        depth: int,
    ) -> Model:
        layer_entries: dict[str, LayerEntry] = {}
        taken: set[str] = set()
        for number, value in enumerate(entries):
            at = f"{path}.layers[{number}]"
            entry = self.mapping(value, at)
            layer = self.layer(entry, at, depth)
            key = self.word(entry.get("name", layer.name), f"{at}.name")
            self._take_name(taken, key, at)
            if layer.name != key:
                self._take_name(taken, layer.name, at)
            # Keras 3 counts the calls of a nested Functional from 1 in ``output_layers``. Keras 2 does so everywhere, and for a
            # nested Sequential, too.
            from_one = layer.model is not None and (legacy or layer.class_name == "Functional")
            nodes = self._nodes(entry.get("inbound_nodes", []), at)
            layer_entries[key] = LayerEntry(key, layer, at, 1 if from_one else 0, nodes)
        return CallGraph(self.fail, layer_entries, legacy).model(config, name, path)

    def _take_name(self, taken: set[str], name: str, path: str) -> None:
        """Adds a layer's name to the names of its model. Raises if another layer has this name."""
        if name in taken:
            raise self.fail(path, f"two layers are named '{name}'", codes.NAME_TAKEN)
        taken.add(name)

    def _nodes(self, value: Any, path: str) -> list[tuple[Any, Mapping[str, Any]]]:
        """Returns the positional and the named arguments of each call."""
        nodes = []
        for number, entry in enumerate(self.items(value, f"{path}.inbound_nodes")):
            at = f"{path}.inbound_nodes[{number}]"
            node = self.mapping(entry, at)
            nodes.append(
                (self.items(node.get("args", []), f"{at}.args"), self.mapping(node.get("kwargs", {}), f"{at}.kwargs"))
            )
        return nodes

    # Layers -----------------------------------------------------------------------------------------------------------

    def layer(self, entry: Mapping[str, Any], path: str, depth: int) -> Layer:
        """Returns the layer, operation or nested model of an object ``{module, class_name, config}``."""
        class_name = self.word(entry.get("class_name"), f"{path}.class_name").rpartition(">")[2]
        config = self.mapping(entry.get("config"), f"{path}.config")
        module = entry.get("module")
        module = module if isinstance(module, str) else "keras.layers"
        definition = lookup_builtin(class_name) if _is_keras(module, entry) else None
        name = config.get("name") or entry.get("name")
        if name is None and definition is None and not module.startswith("keras.src.ops."):
            # The class accepts no name: Keras gives its layers an automatic one when it loads the file.
            name = self.names.automatic(class_name)
        name = self.word(name, f"{path}.config.name")
        trainable = config.get("trainable", True) is not False
        if isinstance(config.get("layers"), list) and (class_name in MODELS or "input_layers" in config):
            inner = self.model(entry, path, depth + 1)
            # Keras does not save that a Sequential is frozen. For a Functional it saves only that: its layers keep their own flags.
            return Layer(name, inner.class_name, inner, trainable=inner.trainable)
        if module.startswith("keras.src.ops."):
            return self._operation(name, class_name, module, entry, path)
        policy = serialized.policy(config.get("dtype"))
        if definition is None:
            self.warn(path, f"'{name}' ({class_name}) is {_FOREIGN_NOTE}", name, codes.UNKNOWN_LAYER)
            foreign_name = _foreign_name(module, class_name)
            return Layer(
                name,
                foreign_name,
                _foreign(foreign_name, entry),
                {key: serialized.plain(value) for key, value in config.items()},
                trainable=trainable,
                dtype=policy if policy in POLICIES else "float32",
            )
        args = self.interner.intern(self._arguments(definition, config, name, path, depth))
        policies = DTYPES if definition.inputs == 0 else POLICIES
        if policy is not None and policy not in policies:
            self.warn(path, f"'{name}' has the unknown dtype '{policy}'; float32 is used", name, codes.UNKNOWN_DTYPE)
            policy = None
        dtype = policy or definition.policy(args)
        return Layer(name, definition.class_name, definition, args, trainable=trainable, dtype=dtype)

    def _arguments(
        self, definition: LayerDefinition, config: Mapping[str, Any], name: str, path: str, depth: int
    ) -> dict[str, Any]:
        """Returns the arguments of a layer that differ from their defaults. Raises for arguments that the layer does not accept."""
        if definition.name == "InputLayer":
            batch_shape = config.get("batch_shape", config.get("batch_input_shape"))
            if batch_shape is not None:
                batch_shape = self.items(serialized.plain(batch_shape), f"{path}.config.batch_shape")
            config = _input_config(config, batch_shape)
        values = {
            argument.name: self._value(argument, config[argument.name], f"{path}.config.{argument.name}", depth)
            for argument in definition.arguments
            if argument.name in config
        }
        bound, refusals = bind(definition, (), values)
        if refusals:
            raise ConvcalcError(
                [
                    *self.problems,
                    *(Problem(r.code, f"{self.source}: {path}: '{name}': {r.message}", None, name) for r in refusals),
                ]
            )
        args = {key: value for key, value in bound.items() if not definition.is_default(key, value)}
        size = config.get("vocabulary_size")
        if definition.records_vocabulary_size and isinstance(size, int) and 0 <= size <= LARGEST:
            args["vocabulary_size"] = size
        return args

    def _value(self, argument: Argument, value: Any, path: str, depth: int) -> Any:
        """Returns the value of an argument. A model in the place of a layer is read as a model."""
        if isinstance(argument.kind, LayerValue) and _is_model(value):
            model = self.model(value, path, depth + 1)
            return SubModel(model.name, model, value)
        return _single_factor(argument, serialized.plain(value))

    def _operation(self, name: str, class_name: str, module: str, entry: Mapping[str, Any], path: str) -> Layer:
        operation = find_operation(class_name, module)
        args = {key: serialized.plain(value) for key, value in entry["config"].items() if key != "name"}
        if operation is None:
            message = f"'{name}' ({class_name} of {module}) is an unknown operation"
            self.warn(path, message, name, codes.UNKNOWN_OPERATION)
            foreign_name = _foreign_name(module, class_name)
            return Layer(name, foreign_name, _foreign(foreign_name, entry), args)
        shown = str(entry.get("shown") or class_name)
        return Layer(
            name,
            shown,
            operation,
            {key: value for key, value in args.items() if key in operation.init_parameters},
        )


def _is_model(value: Any) -> bool:
    """Returns True if a value in a config is a model."""
    config = value.get("config") if isinstance(value, Mapping) else None
    return isinstance(config, Mapping) and value.get("class_name") in MODELS and isinstance(config.get("layers"), list)


def _is_keras(module: str, entry: Mapping[str, Any]) -> bool:
    """Returns True if a class is Keras's own, and not registered under another package."""
    registered = entry.get("registered_name")
    unregistered = not isinstance(registered, str) or ">" not in registered or registered.startswith("Custom>")
    return (module == "keras" or module.startswith(("keras.", "tf_keras.", "tensorflow.keras"))) and unregistered


def _foreign(name: str, entry: Mapping[str, Any]) -> Definition:
    """Returns the definition of a custom class, from an installed package if one declares the class."""
    module, registered = entry.get("module"), entry.get("registered_name")
    return find(name) or Foreign(
        name,
        module if isinstance(module, str) else None,
        registered if isinstance(registered, str) else None,
    )


def _foreign_name(module: str, class_name: str) -> str:
    """Returns the name of a custom class; with its module if Keras has another class of the same name."""
    return f"{module}.{class_name}" if is_builtin(class_name) else class_name


def _single_factor(argument: Argument, value: Any) -> Any:
    """Returns 0.5 for [-0.5, 0.5]: Keras writes a single factor as a pair, which some of its own layers then reject."""
    is_pair = isinstance(value, list) and len(value) == 2 and all(isinstance(part, (int, float)) for part in value)
    if isinstance(argument.kind, Factor) and is_pair and value[0] == -value[1]:
        return abs(value[1])
    return value


def _input_config(config: Mapping[str, Any], batch_shape: Sequence[Any] | None) -> Mapping[str, Any]:
    """Returns the config of an input with its shape and its batch size as separate arguments, as in a spec."""
    rest = {
        key: value
        for key, value in config.items()
        if key not in ("batch_shape", "batch_input_shape", "dtype") and value not in (False, None)
    }
    if not batch_shape:
        return {**rest, **({} if batch_shape is None else {"batch_shape": batch_shape})}
    batch_size = {} if batch_shape[0] is None else {"batch_size": batch_shape[0]}
    return {**rest, "shape": batch_shape[1:], **batch_size}


def _input(name: str, batch_shape: Shape | None) -> Layer:
    """Returns an input layer that the file omits. It is broken if its shape is unknown."""
    definition = require_builtin("InputLayer")
    if batch_shape is None:
        return Layer(name, definition.class_name, definition, broken=True)
    args: dict[str, Any] = {"shape": batch_shape[1:]}
    if batch_shape[0] is not UNKNOWN:
        args["batch_size"] = batch_shape[0]
    return Layer(name, definition.class_name, definition, args)


def read_config(data: Any, source: str) -> Model:
    """Returns the model of a parsed config. Raises :class:`ConvcalcError`."""
    if not isinstance(data, Mapping) or "class_name" not in data or "config" not in data:
        raise error(codes.NOT_A_MODEL, f"{source}: a model's config must have a class_name and a config")
    reader = ConfigReader(source)
    config = data["config"]
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        raise reader.fail(
            "config", "has no list of layers: the layers of a subclassed model are only in its code", codes.NOT_A_MODEL
        )
    return reader.model(data)._replace(source=source, problems=tuple(reader.problems))
