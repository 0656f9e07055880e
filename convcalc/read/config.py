"""Keras 3's configs, as ``model.to_json()`` writes them, to models.

The graph comes as it was recorded: operations and masks stand in it already. What is wrong is told by the layer's name and
its path in the file, such as ``config.layers[3]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convcalc.layers import LayerType, bind, builtin
from convcalc.layers.arguments import LARGEST, Argument
from convcalc.layers.data_arguments import Factor
from convcalc.layers.dtypes import DTYPES, POLICIES
from convcalc.model import Call, Layer, Model, Ref, Slot
from convcalc.numbers import UNKNOWN, Shape
from convcalc.ops import Operation, find_operation
from convcalc.problems import ConvcalcError, Problem, error
from convcalc.read import serialized
from convcalc.read.legacy import is_legacy, modern
from convcalc.read.serialized import KerasTensor

MODELS = ("Functional", "Sequential", "Model")
MAX_OPEN = 32
# What Keras writes into configs besides arguments, or wrote, and what changes nothing that is told here.
_BESIDES = frozenset({"name", "trainable", "dtype", "batch_input_shape", "batch_shape", "vocabulary_size"})
_FOREIGN_NOTE = "no layer of Keras: only what the file records of it is known"


@dataclass
class _Entry:
    """A layer of a functional model as it stands in the file, and its calls: trees of arguments with tensors in them."""

    name: str
    layer: Layer
    path: str
    offset: int
    nodes: list[tuple[Any, Mapping[str, Any]]] = field(default_factory=list)


@dataclass
class ConfigReader:
    """Reads one file. ``problems`` are those with which a model can still be read."""

    source: str
    problems: list[Problem] = field(default_factory=list)

    def fail(self, path: str, message: str, code: str = "invalid-config") -> ConvcalcError:
        """The error that ends reading."""
        return ConvcalcError([*self.problems, Problem(code, f"{self.source}: {path}: {message}")])

    def warn(self, path: str, message: str, layer: str, code: str) -> None:
        """Something that the user should know of."""
        self.problems.append(Problem(code, f"{self.source}: {path}: {message}", None, layer, "warning"))

    def mapping(self, value: Any, path: str) -> Mapping[str, Any]:
        """A value that has to be a mapping."""
        if not isinstance(value, Mapping):
            raise self.fail(path, f"expects a mapping, not {_kind(value)}")
        return value

    def items(self, value: Any, path: str) -> Sequence[Any]:
        """A value that has to be a list."""
        if not isinstance(value, list):
            raise self.fail(path, f"expects a list, not {_kind(value)}")
        return value

    def word(self, value: Any, path: str) -> str:
        """A value that has to be a word."""
        if not isinstance(value, str) or not value or len(value) > 1000:
            raise self.fail(path, f"expects a name, not {_kind(value)}")
        return value

    # Models -----------------------------------------------------------------------------------------------------------

    def model(self, entry: Mapping[str, Any], path: str = "", depth: int = 0) -> Model:
        """The model of an object ``{class_name, config, …}``."""
        if depth > MAX_OPEN:
            raise self.fail(path, f"models stand in one another more than {MAX_OPEN} deep", "too-deep")
        inner = f"{path}.config".lstrip(".")
        config = self.mapping(entry.get("config"), inner)
        entries = self.items(config.get("layers"), f"{inner}.layers")
        name = self.word(config.get("name"), f"{inner}.name")
        if "input_layers" in config:
            return self._functional(entry, config, entries, name, inner, depth)
        return self._sequential(entry, config, entries, name, inner, depth)

    def _sequential(
        self,
        entry: Mapping[str, Any],
        config: Mapping[str, Any],
        entries: Sequence[Any],
        name: str,
        path: str,
        depth: int,
    ) -> Model:
        layers = [
            self.layer(modern(self.mapping(each, f"{path}.layers[{n}]"), frozenset()), f"{path}.layers[{n}]", depth)
            for n, each in enumerate(entries)
        ]
        if not layers or layers[0].class_name != "InputLayer":
            shape = serialized.recorded_shape(config.get("build_input_shape"))
            shape = shape or self._first_shape(entries)
            layers.insert(0, _input(f"{name}_input" if shape is None else "input_layer", shape))
        calls = [Call(n, (Ref(n - 1),) if n else ()) for n in range(len(layers))]
        # What a layer was built for is what the one before it gives.
        for number, each in enumerate(reversed(entries)):
            built = each.get("build_config")
            shape = serialized.recorded_shape(built.get("input_shape")) if isinstance(built, Mapping) else None
            before = len(calls) - 2 - number
            if shape is not None and before >= 0 and layers[before].class_name != "InputLayer":
                calls[before] = calls[before]._replace(recorded={0: (shape, "")})
        return Model(name, "Sequential", tuple(layers), tuple(calls), (Ref(0),), (Ref(len(calls) - 1),))

    def _first_shape(self, entries: Sequence[Any]) -> Shape | None:
        """The input shape that the first layer states, as Keras 2 has it."""
        config = entries[0].get("config") if entries and isinstance(entries[0], Mapping) else None
        if not isinstance(config, Mapping):
            return None
        return serialized.recorded_shape(config.get("batch_shape") or config.get("batch_input_shape"))

    def _functional(
        self,
        entry: Mapping[str, Any],
        config: Mapping[str, Any],
        entries: Sequence[Any],
        name: str,
        path: str,
        depth: int,
    ) -> Model:
        known: dict[str, _Entry] = {}
        legacy = any(isinstance(each, Mapping) and is_legacy(each) for each in entries)
        names = frozenset(str(each.get("name")) for each in entries if isinstance(each, Mapping))
        for number, each in enumerate(entries):
            at = f"{path}.layers[{number}]"
            one = self.mapping(each, at)
            one = modern(one, names) if legacy else one
            layer = self.layer(one, at, depth)
            key = one.get("name", layer.name)
            if key in known:
                raise self.fail(at, f"two layers are named '{key}'", "name-taken")
            # Keras counts the calls of a functional model from 1 where it names outputs; Keras 2 wherever it names them, and
            # those of a Sequential too.
            counted = layer.model is not None and (legacy or layer.class_name == "Functional")
            offset = 1 if counted else 0
            known[key] = _Entry(key, layer, at, offset, self._nodes(one.get("inbound_nodes", []), at))
        return _Graph(self, known, legacy).model(config, name, path)

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
        name = self.word(config.get("name") or entry.get("name"), f"{path}.config.name")
        trainable = config.get("trainable", True) is not False
        if isinstance(config.get("layers"), list) and (class_name in MODELS or "input_layers" in config):
            inner = self.model(entry, path, depth + 1)
            return Layer(name, inner.class_name, trainable=trainable, model=inner)
        if module.startswith("keras.src.ops."):
            return self._operation(name, class_name, module, config, path, str(entry.get("shown") or class_name))
        kind = builtin(class_name) if _is_keras(module, entry) else None
        policy = serialized.policy(config.get("dtype"))
        if kind is None:
            self.warn(path, f"'{name}' ({class_name}) is {_FOREIGN_NOTE}", name, "unknown-layer")
            return Layer(name, class_name, serialized.plain(config), trainable=trainable)
        args = self._arguments(kind, config, name, path)
        known = DTYPES if kind.inputs == 0 else POLICIES
        if policy is not None and policy not in known:
            self.warn(
                path, f"'{name}' has a dtype that is not known, '{policy}'; float32 is taken", name, "unknown-dtype"
            )
            policy = None
        return Layer(name, kind.class_name, args, trainable=trainable, dtype=policy or kind.policy(args))

    def _arguments(self, kind: LayerType, config: Mapping[str, Any], name: str, path: str) -> dict[str, Any]:
        """The layer's arguments, those left out that are as by default."""
        if kind.name == "InputLayer":
            config = _input_config(config)
        given = {
            argument.name: _one_factor(argument, serialized.plain(config[argument.name]))
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
        found = {key: value for key, value in bound.items() if not _is_default(kind, key, value)}
        size = config.get("vocabulary_size")
        if kind.family == "data_preprocessing" and isinstance(size, int) and 0 <= size <= LARGEST:
            found["vocabulary_size"] = size
        return found

    def _operation(
        self, name: str, class_name: str, module: str, config: Mapping[str, Any], path: str, shown: str
    ) -> Layer:
        operation = find_operation(class_name, module)
        made = {key: serialized.plain(value) for key, value in config.items() if key != "name"}
        if operation is None:
            self.warn(
                path,
                f"'{name}' ({class_name} of {module}) is an operation that is not known",
                name,
                "unknown-operation",
            )
            return Layer(name, class_name, made)
        return Layer(name, shown, {key: value for key, value in made.items() if key in operation.makes}, kind=operation)


class _Graph:
    """The calls of a functional model, put into an order in which they can run."""

    def __init__(self, reader: ConfigReader, entries: Mapping[str, _Entry], legacy: bool) -> None:
        self.reader = reader
        self.legacy = legacy
        self.entries = entries
        self.numbers = {name: number for number, name in enumerate(entries)}
        self.placed: dict[tuple[str, int], int] = {}
        self.calls: list[Call] = []
        self.recorded: dict[tuple[str, int, int], KerasTensor] = {}

    def model(self, config: Mapping[str, Any], name: str, path: str) -> Model:
        """The model; a graph with cycles or missing calls is an error."""
        self._place()
        inputs = self._refs(config.get("input_layers"), f"{path}.input_layers")
        outputs = self._refs(config.get("output_layers"), f"{path}.output_layers")
        if not outputs:
            raise self.reader.fail(f"{path}.output_layers", "names no output")
        for (layer, node, output), seen in self.recorded.items():
            number = self.placed[layer, node]
            call = self.calls[number]
            self.calls[number] = call._replace(recorded={**call.recorded, output: (seen.shape, seen.dtype)})
        layers = tuple(entry.layer for entry in self.entries.values())
        return Model(name, "Functional", layers, tuple(self.calls), inputs, outputs)

    def _place(self) -> None:
        """Each call behind those whose outputs it takes, and behind the calls of its layer before it."""
        waiting: dict[tuple[str, int], int] = {}
        followers: dict[tuple[str, int], list[tuple[str, int]]] = {}
        found: dict[tuple[str, int], list[KerasTensor]] = {}
        ready: list[tuple[str, int]] = []
        for entry in self.entries.values():
            nodes = entry.nodes or [([], {})]  # an input, which is there without a call
            for number, (args, kwargs) in enumerate(nodes):
                key = (entry.name, number)
                tensors = found[key] = self._tensors([args, kwargs], f"{entry.path}.inbound_nodes[{number}]")
                needs = {(each.layer, each.node) for each in tensors}
                if number:
                    needs.add((entry.name, number - 1))
                for need in needs:
                    followers.setdefault(need, []).append(key)
                waiting[key] = len(needs)
                if not needs:
                    ready.append(key)
                for each in tensors:
                    self.recorded[each.layer, each.node, each.output] = each
        ready.reverse()
        while ready:
            key = ready.pop()
            self._call(key, found[key])
            for follower in reversed(followers.get(key, [])):
                waiting[follower] -= 1
                if not waiting[follower]:
                    ready.append(follower)
        if len(self.placed) < len(waiting):
            name, number = next(key for key in waiting if key not in self.placed)
            missing = [t for t in found[name, number] if (t.layer, t.node) not in waiting]
            at = f"{self.entries[name].path}.inbound_nodes[{number}]"
            if missing:
                raise self.reader.fail(
                    at, f"refers to call {missing[0].node} of '{missing[0].layer}', which is not there", "missing-node"
                )
            raise self.reader.fail(
                at, f"'{name}' takes, around some corners, its own output: the graph has a cycle", "cycle"
            )

    def _tensors(self, tree: Any, path: str) -> list[KerasTensor]:
        """Every tensor in a tree of arguments, in Keras's order: mappings by their sorted keys."""
        try:
            found = [serialized.tensor(leaf) for leaf in _leaves(tree) if serialized.is_tensor(leaf)]
            return [self._counted(each) for each in found] if self.legacy else found
        except ValueError:
            raise self.reader.fail(path, "holds a tensor that does not say which call it comes from") from None

    def _counted(self, tensor: KerasTensor) -> KerasTensor:
        """A tensor of Keras 2 with the number of its call as Keras 3 counts."""
        entry = self.entries.get(tensor.layer)
        return tensor._replace(node=tensor.node - entry.offset) if entry is not None else tensor

    def _call(self, key: tuple[str, int], tensors: Sequence[KerasTensor]) -> None:
        entry = self.entries[key[0]]
        self.placed[key] = len(self.calls)
        number = self.numbers[entry.name]
        if not entry.nodes:
            self.calls.append(Call(number, ()))
            return
        args, kwargs = entry.nodes[key[1]]
        order = tuple(self._ref(each) for each in tensors)
        if isinstance(entry.layer.kind, Operation):
            self.calls.append(Call(number, order, args=self._operands(entry.layer.kind, args, kwargs, entry)))
            return
        kind = builtin(entry.layer.class_name) if entry.layer.model is None and entry.layer.kind is None else None
        inputs = [self._ref(each) for each in self._tensors(args, entry.path)]
        masks: list[Ref] = []
        named: dict[str, Any] = {}
        for name in _by_signature(kwargs):
            found = [self._ref(each) for each in self._tensors([kwargs[name]], entry.path)]
            if name == "mask" or name.endswith("_mask"):
                masks += found
            else:
                inputs += found
            argument = kind.argument(name) if kind is not None else None
            if argument is not None and not found and argument in kind.call_arguments:  # type: ignore[union-attr]
                named[name] = serialized.plain(kwargs[name])
        call = Call(
            number, tuple(inputs), args={k: v for k, v in named.items() if v not in (None, False)}, masks=tuple(masks)
        )
        self.calls.append(call if call.sources == order else call._replace(order=order))

    def _operands(self, operation: Operation, args: Any, kwargs: Mapping[str, Any], entry: _Entry) -> dict[str, Any]:
        """The arguments of an operation's call by name, with a slot for each tensor."""
        count = 0

        def slotted(value: Any) -> Any:
            nonlocal count
            if serialized.is_tensor(value):
                count += 1
                return Slot(count - 1)
            if isinstance(value, list):
                return [slotted(part) for part in value]
            if isinstance(value, Mapping) and value.get("class_name") == "__tuple__":
                return [slotted(part) for part in value.get("items", [])]
            return serialized.plain(value)

        if operation.several:  # as many tensors as there are
            named: dict[str, Any] = {operation.parameters[0]: [slotted(value) for value in args]}
        else:
            if len(args) > len(operation.parameters):
                raise self.reader.fail(
                    entry.path,
                    f"gives {operation.name} {len(args)} arguments, and it takes {len(operation.parameters)}",
                )
            named = {name: slotted(value) for name, value in zip(operation.parameters, args)}
        for name in sorted(kwargs):
            if name in operation.parameters:
                named[name] = slotted(kwargs[name])
        return named

    def _ref(self, tensor: KerasTensor) -> Ref:
        return Ref(self.placed[tensor.layer, tensor.node], tensor.output)

    def _refs(self, value: Any, path: str) -> tuple[Ref, ...]:
        """The tensors of ``input_layers`` or ``output_layers``: [name, call, output], or lists and mappings of such."""
        refs = []
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list) and len(part) == 3 and isinstance(part[0], str):
                refs.append(self._stated(part, path))
            elif isinstance(part, list):
                waiting.extend(reversed(part))
            elif isinstance(part, Mapping):
                waiting.extend(part[key] for key in sorted(part, reverse=True))
            else:
                raise self.reader.fail(path, f"expects [name, call, output], not {_kind(part)}")
        return tuple(refs)

    def _stated(self, part: list[Any], path: str) -> Ref:
        name, node, output = part
        entry = self.entries.get(name)
        if entry is None or not isinstance(node, int) or not isinstance(output, int):
            raise self.reader.fail(path, f"refers to '{name}', which is not there", "missing-node")
        placed = self.placed.get((name, node - entry.offset))
        if placed is None or output < 0:
            raise self.reader.fail(path, f"refers to call {node} of '{name}', which is not there", "missing-node")
        return Ref(placed, output)


def _leaves(tree: Any) -> Iterator[Any]:
    """The values of a tree, mappings by their sorted keys; a mapping with a class name is a leaf."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(reversed(part))
        elif (
            isinstance(part, Mapping) and part.get("class_name") == "__tuple__" and isinstance(part.get("items"), list)
        ):
            waiting.extend(reversed(part["items"]))
        elif isinstance(part, Mapping) and "class_name" not in part:
            waiting.extend(part[key] for key in sorted(part, reverse=True))
        else:
            yield part


# The order in which the tensors of attention reach its rule; Keras's own is alphabetical.
_FIRST = ("inputs", "sequences", "sequence", "query", "value", "key")


def _by_signature(kwargs: Mapping[str, Any]) -> list[str]:
    return sorted(kwargs, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))


def _is_keras(module: str, entry: Mapping[str, Any]) -> bool:
    """Whether an object is one of Keras's own, and not one that is registered under another package."""
    registered = entry.get("registered_name")
    own = registered is None or ">" not in str(registered) or str(registered).startswith("Custom>")
    return (module == "keras" or module.startswith(("keras.", "tf_keras.", "tensorflow.keras"))) and own


def _one_factor(argument: Argument, value: Any) -> Any:
    """A factor as it was given: Keras writes 0.5 as [-0.5, 0.5], which some of its own layers then refuse."""
    pair = isinstance(value, list) and len(value) == 2 and all(isinstance(each, (int, float)) for each in value)
    if isinstance(argument.kind, Factor) and pair and value[0] == -value[1]:
        return abs(value[1])
    return value


def _is_default(kind: LayerType, name: str, value: Any) -> bool:
    """Whether a value says what the layer has by default; Keras writes some defaults in other words."""
    default = kind.defaults.get(name)
    if name == "data_format" and default is None:
        return bool(value == "channels_last")
    if name == "activation" and default is None:
        return value in (None, "linear")
    return type(value) is type(default) and bool(value == default)


def _input_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """An input's config with its shape and its batch size apart, as a spec has them."""
    stated = config.get("batch_shape", config.get("batch_input_shape"))
    shape = serialized.plain(stated)
    rest = {
        key: value
        for key, value in config.items()
        if key not in ("batch_shape", "batch_input_shape", "dtype") and value not in (False, None)
    }
    if not isinstance(shape, list) or not shape:
        return {**rest, **({} if stated is None else {"batch_shape": stated})}
    return {**rest, "shape": shape[1:], **({} if shape[0] is None else {"batch_size": shape[0]})}


def _input(name: str, shape: Shape | None) -> Layer:
    """An input layer that the file leaves out; of unknown shape it is one of which nothing can be told."""
    if shape is None:
        return Layer(name, "InputLayer", broken=True)
    args: dict[str, Any] = {"shape": shape[1:]}
    if shape[0] is not UNKNOWN:
        args["batch_size"] = shape[0]
    return Layer(name, "InputLayer", args)


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def read_config(data: Any, source: str) -> Model:
    """The model of a parsed config. Raises :class:`ConvcalcError`."""
    if not isinstance(data, Mapping) or "class_name" not in data or "config" not in data:
        raise error("not-a-model", f"{source}: a model's config has a class_name and a config")
    reader = ConfigReader(source)
    config = data["config"]
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        raise reader.fail(
            "config", "has no list of layers: a subclassed model cannot be known without its code", "not-a-model"
        )
    return replace(reader.model(data), source=source, problems=tuple(reader.problems))
