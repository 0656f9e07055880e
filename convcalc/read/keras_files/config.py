"""Keras 3's configs, as ``model.to_json()`` writes them, to models.

The graph comes as it was recorded: operations and masks stand in it already. What is wrong is told by the layer's name and
its path in the file, such as ``config.layers[3]``.
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
from convcalc.read.keras_files.calls import Entry, Graph, kind_word
from convcalc.read.keras_files.upgrade_keras2 import is_legacy, upgrade

MODELS = ("Functional", "Sequential", "Model")
MAX_OPEN = 32
_FOREIGN_NOTE = "no layer of Keras: only what the file records of it is known"


@dataclass
class ConfigReader:
    """Reads one file. ``problems`` are those with which a model can still be read."""

    source: str
    problems: list[Problem] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    interner: ArgumentInterner = field(default_factory=ArgumentInterner)

    def fail(self, path: str, message: str, code: Code = codes.INVALID_CONFIG) -> ConvcalcError:
        """The error that ends reading."""
        return ConvcalcError([*self.problems, Problem(code, f"{self.source}: {path}: {message}")])

    def warn(self, path: str, message: str, layer: str, code: Code) -> None:
        """Something that the user should know of."""
        self.problems.append(Problem(code, f"{self.source}: {path}: {message}", None, layer, "warning"))

    def mapping(self, value: Any, path: str) -> Mapping[str, Any]:
        """A value that has to be a mapping."""
        if not isinstance(value, Mapping):
            raise self.fail(path, f"expects a mapping, not {kind_word(value)}")
        return value

    def items(self, value: Any, path: str) -> Sequence[Any]:
        """A value that has to be a list."""
        if not isinstance(value, list):
            raise self.fail(path, f"expects a list, not {kind_word(value)}")
        return value

    def word(self, value: Any, path: str) -> str:
        """A value that has to be a word."""
        if not isinstance(value, str) or not value or len(value) > 1000:
            raise self.fail(path, f"expects a name, not {kind_word(value)}")
        return value

    # Models -----------------------------------------------------------------------------------------------------------

    def model(self, entry: Mapping[str, Any], path: str = "", depth: int = 0) -> Model:
        """The model of an object ``{class_name, config, …}``."""
        if depth > MAX_OPEN:
            raise self.fail(path, f"models stand in one another more than {MAX_OPEN} deep", codes.TOO_DEEP)
        inner = f"{path}.config".lstrip(".")
        config = self.mapping(entry.get("config"), inner)
        entries = self.items(config.get("layers"), f"{inner}.layers")
        name = self.word(config.get("name"), f"{inner}.name")
        if "input_layers" in config or entry.get("class_name") == "Functional":
            return self._functional(config, entries, name, inner, depth)
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
        for number, each in enumerate(entries):
            at = f"{path}.layers[{number}]"
            layers.append(self.layer(upgrade(self.mapping(each, at), frozenset()), at, depth))
            self._take(taken, layers[-1].name, at)
            if isinstance(layers[-1].definition, Operation):
                raise self.fail(at, f"'{layers[-1].name}' is an operation, and a Sequential holds layers alone")
            if number and layers[-1].class_name == "InputLayer":
                raise self.fail(
                    at, f"'{layers[-1].name}' is an input layer, which stands first in a Sequential or nowhere"
                )
        if not layers or layers[0].class_name != "InputLayer":
            shape = serialized.recorded_shape(config.get("build_input_shape"))
            shape = shape or self._first_shape(entries)
            own = f"{name}_input" if shape is None else "input_layer"
            while own in taken:
                own += "_"
            layers.insert(0, _input(own, shape))
        calls = [Call(n, (Ref(n - 1),) if n else ()) for n in range(len(layers))]
        # What a layer was built for is what the one before it gives.
        for number, each in enumerate(reversed(entries)):
            built = each.get("build_config")
            shape = serialized.recorded_shape(built.get("input_shape")) if isinstance(built, Mapping) else None
            before = len(calls) - 2 - number
            if shape is not None and before >= 0 and layers[before].class_name != "InputLayer":
                calls[before] = calls[before]._replace(recorded={0: (shape, "")})
        return Model(name, "Sequential", tuple(layers), tuple(calls), (Ref(0),), (Ref(len(calls) - 1),), own_flags=True)

    def _first_shape(self, entries: Sequence[Any]) -> Shape | None:
        """The input shape that the first layer states, as Keras 2 has it."""
        config = entries[0].get("config") if entries and isinstance(entries[0], Mapping) else None
        if not isinstance(config, Mapping):
            return None
        return serialized.recorded_shape(config.get("batch_shape") or config.get("batch_input_shape"))

    def _functional(
        self,
        config: Mapping[str, Any],
        entries: Sequence[Any],
        name: str,
        path: str,
        depth: int,
    ) -> Model:
        known: dict[str, Entry] = {}
        taken: set[str] = set()
        legacy = any(isinstance(each, Mapping) and is_legacy(each) for each in entries)
        names = frozenset(str(each.get("name")) for each in entries if isinstance(each, Mapping))
        for number, each in enumerate(entries):
            at = f"{path}.layers[{number}]"
            one = self.mapping(each, at)
            one = upgrade(one, names) if legacy else one
            layer = self.layer(one, at, depth)
            key = self.word(one.get("name", layer.name), f"{at}.name")
            self._take(taken, key, at)
            if layer.name != key:
                self._take(taken, layer.name, at)
            # Keras counts the calls of a functional model from 1 where it names outputs; Keras 2 wherever it names them, and
            # those of a Sequential too.
            counted = layer.model is not None and (legacy or layer.class_name == "Functional")
            offset = 1 if counted else 0
            known[key] = Entry(key, layer, at, offset, self._nodes(one.get("inbound_nodes", []), at))
        return Graph(self.fail, known, legacy).model(config, name, path)

    def _take(self, taken: set[str], name: str, path: str) -> None:
        """A name that one layer of a model has."""
        if name in taken:
            raise self.fail(path, f"two layers are named '{name}'", codes.NAME_TAKEN)
        taken.add(name)

    def _nodes(self, value: Any, path: str) -> list[tuple[Any, Mapping[str, Any]]]:
        nodes = []
        for number, each in enumerate(self.items(value, f"{path}.inbound_nodes")):
            at = f"{path}.inbound_nodes[{number}]"
            node = self.mapping(each, at)
            nodes.append(
                (self.items(node.get("args", []), f"{at}.args"), self.mapping(node.get("kwargs", {}), f"{at}.kwargs"))
            )
        return nodes

    # Layers -----------------------------------------------------------------------------------------------------------

    def layer(self, entry: Mapping[str, Any], path: str, depth: int) -> Layer:
        """The layer, operation or nested model of an object ``{module, class_name, config}``."""
        class_name = self.word(entry.get("class_name"), f"{path}.class_name").rpartition(">")[2]
        config = self.mapping(entry.get("config"), f"{path}.config")
        module = entry.get("module")
        module = module if isinstance(module, str) else "keras.layers"
        kind = lookup_builtin(class_name) if _is_keras(module, entry) else None
        stated = config.get("name") or entry.get("name")
        if stated is None and kind is None and not module.startswith("keras.src.ops."):
            # A class of someone else's that takes no name: Keras gives one when it loads the file.
            stated = self.names.automatic(class_name)
        name = self.word(stated, f"{path}.config.name")
        trainable = config.get("trainable", True) is not False
        if isinstance(config.get("layers"), list) and (class_name in MODELS or "input_layers" in config):
            inner = self.model(entry, path, depth + 1)
            # Keras forgets that a Sequential was frozen, and of a Functional it remembers that alone: each layer has its own flag.
            return Layer(name, inner.class_name, inner, trainable=inner.trainable)
        if module.startswith("keras.src.ops."):
            return self._operation(name, class_name, module, entry, path)
        policy = serialized.policy(config.get("dtype"))
        if kind is None:
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
        args = self.interner.intern(self._arguments(kind, config, name, path, depth))
        policies = DTYPES if kind.inputs == 0 else POLICIES
        if policy is not None and policy not in policies:
            self.warn(
                path, f"'{name}' has a dtype that is not known, '{policy}'; float32 is taken", name, codes.UNKNOWN_DTYPE
            )
            policy = None
        return Layer(name, kind.class_name, kind, args, trainable=trainable, dtype=policy or kind.policy(args))

    def _arguments(
        self, kind: LayerDefinition, config: Mapping[str, Any], name: str, path: str, depth: int
    ) -> dict[str, Any]:
        """The layer's arguments, those left out that are as by default."""
        if kind.name == "InputLayer":
            stated = config.get("batch_shape", config.get("batch_input_shape"))
            shape = None if stated is None else self.items(serialized.plain(stated), f"{path}.config.batch_shape")
            config = _input_config(config, shape)
        given = {
            argument.name: self._value(argument, config[argument.name], f"{path}.config.{argument.name}", depth)
            for argument in kind.arguments
            if argument.name in config
        }
        bound, refusals = bind(kind, (), given)
        if refusals:
            raise ConvcalcError(
                [
                    *self.problems,
                    *(Problem(r.code, f"{self.source}: {path}: '{name}': {r.message}", None, name) for r in refusals),
                ]
            )
        found = {key: value for key, value in bound.items() if not kind.is_default(key, value)}
        size = config.get("vocabulary_size")
        if kind.records_vocabulary_size and isinstance(size, int) and 0 <= size <= LARGEST:
            found["vocabulary_size"] = size
        return found

    def _value(self, argument: Argument, value: Any, path: str, depth: int) -> Any:
        """The value of an argument; a model in the place of a layer is read as one."""
        if isinstance(argument.kind, LayerValue) and _is_model(value):
            model = self.model(value, path, depth + 1)
            return SubModel(model.name, model, value)
        return _one_factor(argument, serialized.plain(value))

    def _operation(self, name: str, class_name: str, module: str, entry: Mapping[str, Any], path: str) -> Layer:
        operation = find_operation(class_name, module)
        made = {key: serialized.plain(value) for key, value in entry["config"].items() if key != "name"}
        if operation is None:
            self.warn(
                path,
                f"'{name}' ({class_name} of {module}) is an operation that is not known",
                name,
                codes.UNKNOWN_OPERATION,
            )
            foreign_name = _foreign_name(module, class_name)
            return Layer(name, foreign_name, _foreign(foreign_name, entry), made)
        shown = str(entry.get("shown") or class_name)
        return Layer(
            name,
            shown,
            operation,
            {key: value for key, value in made.items() if key in operation.init_parameters},
        )


def _is_model(value: Any) -> bool:
    """Whether a value is a model in a config."""
    config = value.get("config") if isinstance(value, Mapping) else None
    return isinstance(config, Mapping) and value.get("class_name") in MODELS and isinstance(config.get("layers"), list)


def _is_keras(module: str, entry: Mapping[str, Any]) -> bool:
    """Whether an object is one of Keras's own, and not one that is registered under another package."""
    registered = entry.get("registered_name")
    own = not isinstance(registered, str) or ">" not in registered or registered.startswith("Custom>")
    return (module == "keras" or module.startswith(("keras.", "tf_keras.", "tensorflow.keras"))) and own


def _foreign(name: str, entry: Mapping[str, Any]) -> Definition:
    """The definition of a custom class: that of an installed package, if one declares it."""
    module, registered = entry.get("module"), entry.get("registered_name")
    return find(name) or Foreign(
        name,
        module if isinstance(module, str) else None,
        registered if isinstance(registered, str) else None,
    )


def _foreign_name(module: str, class_name: str) -> str:
    """The name of a class of someone else's. One that only has the name of one of Keras's is not that one."""
    return f"{module}.{class_name}" if is_builtin(class_name) else class_name


def _one_factor(argument: Argument, value: Any) -> Any:
    """A factor as it was given: Keras writes 0.5 as [-0.5, 0.5], which some of its own layers then refuse."""
    pair = isinstance(value, list) and len(value) == 2 and all(isinstance(each, (int, float)) for each in value)
    if isinstance(argument.kind, Factor) and pair and value[0] == -value[1]:
        return abs(value[1])
    return value


def _input_config(config: Mapping[str, Any], shape: Sequence[Any] | None) -> Mapping[str, Any]:
    """An input's config with its shape and its batch size apart, as a spec has them."""
    rest = {
        key: value
        for key, value in config.items()
        if key not in ("batch_shape", "batch_input_shape", "dtype") and value not in (False, None)
    }
    if not shape:
        return {**rest, **({} if shape is None else {"batch_shape": shape})}
    return {**rest, "shape": shape[1:], **({} if shape[0] is None else {"batch_size": shape[0]})}


def _input(name: str, shape: Shape | None) -> Layer:
    """An input layer that the file leaves out; of unknown shape it is one of which nothing can be told."""
    definition = require_builtin("InputLayer")
    if shape is None:
        return Layer(name, definition.class_name, definition, broken=True)
    args: dict[str, Any] = {"shape": shape[1:]}
    if shape[0] is not UNKNOWN:
        args["batch_size"] = shape[0]
    return Layer(name, definition.class_name, definition, args)


def read_config(data: Any, source: str) -> Model:
    """The model of a parsed config. Raises :class:`ConvcalcError`."""
    if not isinstance(data, Mapping) or "class_name" not in data or "config" not in data:
        raise error(codes.NOT_A_MODEL, f"{source}: a model's config has a class_name and a config")
    reader = ConfigReader(source)
    config = data["config"]
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        raise reader.fail(
            "config", "has no list of layers: a subclassed model cannot be known without its code", codes.NOT_A_MODEL
        )
    return reader.model(data)._replace(source=source, problems=tuple(reader.problems))
