"""The Keras objects of a program: tensors, layers and models, and the graph that their calls build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from convcalc.base.numbers import UNKNOWN, ConstantShape, Shape, Traced
from convcalc.model import NO_ARGS, Call, Constant, Model
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.language.values import MISSING, ClassValue, DynamicSize, Special, Spot, Unknown, UnknownNumber


class ShapeTuple(tuple):  # type: ignore[type-arg]  # a tuple of sizes: numbers, None and unknown values
    """The shape of a tensor: a tuple that also has the methods of ``tf.TensorShape``, such as ``as_list()``."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        return ShapeTuple(part) if isinstance(key, slice) else part

    def __add__(self, other: Any) -> Any:
        return ShapeTuple((*self, *other)) if isinstance(other, (tuple, list)) else NotImplemented

    def as_list(self) -> list[Any]:
        """Returns the sizes as a list."""
        return list(self)

    @property
    def dims(self) -> list[Any]:
        """The sizes."""
        return list(self)

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self)

    @property
    def ndims(self) -> int:
        """The number of axes."""
        return len(self)


class ShapedConstant(Constant):
    """A constant tensor of which only the shape matters. The attribute ``value`` is this shape."""

    @property
    def shape(self) -> ConstantShape:
        """The shape of the constant."""
        return ConstantShape(self.value)


def to_sizes(shape: Shape) -> ShapeTuple:
    """Converts a shape of the engine for the program. An unknown size becomes None."""
    return ShapeTuple(map(program_size, shape))


def from_sizes(sizes: Iterable[Any]) -> tuple[Any, ...]:
    """Converts a shape of the program for the engine. None becomes an unknown size."""
    return tuple(engine_size(size) for size in sizes)


class NamedSize(Traced):
    """A size that is known when the program runs, but not from the code, such as ``x_train.shape[1]``."""

    __slots__ = ("unknown",)

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(UNKNOWN, unknown.name or "?")
        self.unknown = unknown


def engine_size(size: Any) -> Any:
    """Converts a size of the user's program to a size of the engine: None becomes UNKNOWN, a name becomes NamedSize."""
    if size is None or isinstance(size, DynamicSize):
        return UNKNOWN
    if isinstance(size, Unknown):
        return NamedSize(size)
    return size if isinstance(size, (int, Traced)) else UNKNOWN  # a value that is not a size


def program_size(size: Any) -> Any:
    """Converts one size of the engine for the program: unknown → None, :class:`NamedSize` → :class:`Unknown`."""
    if isinstance(size, NamedSize):
        return size.unknown
    if isinstance(size, Traced):
        known = size.value
        return known if isinstance(known, int) else UnknownNumber(f"the size depends on {size.text}", None, size.text)
    return None if size is UNKNOWN else size


class Node:
    """One call of a layer or an operation, with its tensors."""

    __slots__ = ("args", "constants", "inputs", "layer", "masks", "number", "outputs", "spot")

    def __init__(
        self,
        layer: LayerValue,
        inputs: Sequence[TensorValue],
        number: int,
        spot: Spot | None,
        args: Mapping[str, Any] = NO_ARGS,
        constants: Sequence[tuple[int, Constant]] = (),
        masks: Sequence[TensorValue] = (),
    ) -> None:
        self.layer = layer
        self.inputs = tuple(inputs)
        self.number = number  # nodes are numbered in the order of their creation
        self.spot = spot
        self.args = args
        self.constants = tuple(constants)
        self.masks = tuple(masks)
        self.outputs: list[TensorValue] = []

    def call(self) -> Call:
        """Returns the call without its layer and inputs, which the inference gets separately."""
        return Call(0, (), self.spot, self.args, constants=self.constants)

    @property
    def sources(self) -> tuple[TensorValue, ...]:
        """All tensors that the call reads: inputs and masks."""
        return self.inputs + self.masks


class TensorValue(Special):
    """A symbolic tensor: output number ``index`` of the call ``node``.

    ``shape`` is None if the number of axes is unknown. ``reason`` says why some size is unknown; None if the code
    states all sizes.
    """

    __slots__ = ("dtype", "index", "node", "reason", "shape", "value")

    def __init__(self, node: Node, index: int, shape: Shape | None, dtype: str, reason: Unknown | None = None) -> None:
        self.node = node
        self.index = index
        self.shape = shape
        self.dtype = dtype
        self.reason = reason

    @property
    def sizes(self) -> Any:
        """The shape for the program: a tuple, or an unknown value."""
        if self.shape is None:
            return self.reason or Unknown("the shape of this tensor is unknown")
        may_be_none = self.reason is None or _has_open_axes(self.node)
        return ShapeTuple(
            self._explained(program_size(size), axis == 0 or may_be_none) for axis, size in enumerate(self.shape)
        )

    def _explained(self, size: Any, may_be_none: bool) -> Any:
        """Returns a size for the program. A size that was computed from an unknown size has the tensor's reason.

        ``may_be_none`` is False if all inputs of the graph have sizes that Keras knows.
        """
        if size is None and not may_be_none and self.reason is not None:
            return UnknownNumber(self.reason.reason, self.reason.spot)
        if isinstance(size, UnknownNumber) and size.spot is None and self.reason is not None:
            return UnknownNumber(self.reason.reason, self.reason.spot, size.name)
        return size

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the attribute or method with this name, such as ``shape``."""
        return run.tensor_attribute(self, name, spot)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns ``tensor[key]``, the output of the operation GetItem."""
        return run.get_item(self, key, spot)

    def operate(self, run: Any, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns the output of an operation such as Add, which computes the operator."""
        return run.tensor_operator(self, operator, other, reflected, spot)

    def elements(self, run: Any, spot: Spot) -> Any:
        """Returns ``tensor[0]``, ``tensor[1]`` and so on, if the first axis has a known size."""
        size = self.shape[0] if self.shape else UNKNOWN
        if not isinstance(size, int):
            return self._first_axis()
        return [run.get_item(self, number, spot) for number in range(size)]

    def _first_axis(self) -> Unknown:
        """Returns the reason why the size of the first axis is unknown."""
        reason = self.reason if self.shape is None else None
        return reason or Unknown("the first axis of this tensor is unknown")

    def length(self) -> Any:
        """Returns the size of the first axis."""
        size = self.shape[0] if self.shape else UNKNOWN
        return size if isinstance(size, int) else self._first_axis()

    def truth(self) -> Any:
        """Returns an unknown value: a symbolic tensor is neither true nor false."""
        return Unknown("the value of a tensor is unknown")

    def type_path(self) -> str:
        """Returns the dotted name of the class of symbolic tensors, ``keras.KerasTensor``."""
        return "keras.KerasTensor"


def _has_open_axes(node: Node) -> bool:
    """Returns True if an input of the graph before a call has an axis of any size (None), besides the batch axis."""
    waiting, known = [node], set[int]()
    while waiting:
        part = waiting.pop()
        if id(part) in known:
            continue
        known.add(id(part))
        sources = part.sources
        if not sources and any(size is UNKNOWN for tensor in part.outputs for size in (tensor.shape or ())[1:]):
            return True
        waiting += [tensor.node for tensor in sources]
    return False


class WeightValue(Special):
    """A variable, such as the result of ``add_weight``."""

    __slots__ = ("dtype", "name", "shape", "trainable")

    def __init__(self, name: str, shape: tuple[Any, ...], dtype: str | None, trainable: bool) -> None:
        self.name = name
        self.shape = shape  # the sizes: numbers and unknown values
        self.dtype = dtype
        self.trainable = trainable

    def array(self) -> Array:
        """Returns an array with the shape and dtype of the variable."""
        return Array(self.shape, self.dtype or "float32", name=self.name)

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the shape, the name and similar attributes."""
        if name == "trainable":
            return self.trainable
        if name in ("name", "path"):
            return self.name
        return self.array().attribute(run, name, spot)

    def set_attribute(self, run: Any, name: str, value: Any, spot: Spot) -> None:
        """Sets ``trainable``."""
        if name == "trainable" and isinstance(value, bool):
            self.trainable = value

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns a part of the variable as an array."""
        return self.array().item(run, key, spot)

    def operate(self, run: Any, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns the result of an operator on the variable."""
        if isinstance(other, TensorValue):
            return MISSING
        return self.array().operate(run, operator, other, reflected, spot)

    def length(self) -> Any:
        """Returns the size of the first axis."""
        return self.shape[0] if self.shape else MISSING

    def truth(self) -> Any:
        """Returns an unknown value: a variable is neither true nor false."""
        return Unknown("the value of a variable is unknown")

    def type_path(self) -> str:
        """Returns the dotted name of Keras's variable class, ``keras.Variable``."""
        return "keras.Variable"


class TrackedList(list):  # type: ignore[type-arg]  # a list of any values
    """A list in an attribute of a layer. Layers that are added to the list become inner layers of this layer, as in
    Keras.
    """

    __slots__ = ("owner",)

    def __init__(self, values: Iterable[Any], owner: LayerValue) -> None:
        super().__init__(values)
        self.owner = owner

    def append(self, value: Any) -> None:
        """Adds a value."""
        super().append(value)
        self.owner.track(value)

    def extend(self, values: Iterable[Any]) -> None:
        """Adds values."""
        for value in values:
            self.append(value)

    def insert(self, index: Any, value: Any) -> None:
        """Inserts a value."""
        super().insert(index, value)
        self.owner.track(value)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self.owner.track(value)


class LayerValue(Special):
    """A layer of the program.

    Attributes:
        path: the path of its Keras class, such as ``keras.layers.Dense``. For a class of the program, the path of the Keras class
            that it extends.
        cls: the class of the program; None for a class of Keras.
        definition: the definition of a Keras class; None for a class of the program, whose definition is made from its code.
        args: the arguments as a config has them.
        given: the arguments as the program gives them, by name.
        attributes: the values that the program sets with ``layer.name = value``.
        tracked: the layers in the attributes, in Keras's order.
        weights: the layer's own variables.
        input_shape_argument: the argument ``input_shape`` with the batch axis; None if it is not given.
        nodes: the calls of the layer.
        unknown: why the layer's shapes and counts are unknown; None if they are known.
        shown_class: the name of the custom class, if this class changes only the arguments of a Keras layer.
    """

    __slots__ = (
        "args", "attributes", "built", "cached", "cls", "definition", "dtype", "given", "input_shape_argument", "is_trainable", "name",
        "named", "nodes", "path", "shown_class", "spot", "tracked", "unknown", "weights",
    )  # fmt: skip

    def __init__(self, path: str, name: str, spot: Spot | None, cls: ClassValue | None = None) -> None:
        self.path = path
        self.cls = cls
        self.name = name
        self.named = False  # True if the program gives the name
        self.spot = spot
        self.definition: Any = None
        self.args: Mapping[str, Any] = NO_ARGS
        self.given: dict[str, Any] = {}
        self.is_trainable = True
        self.dtype = "float32"
        self.attributes: dict[str, Any] = {}
        self.tracked: list[LayerValue] = []
        self.weights: list[WeightValue] = []
        self.input_shape_argument: tuple[Any, ...] | None = None
        self.built = False
        self.nodes: list[Node] = []
        self.unknown: Unknown | None = None
        self.shown_class = ""
        self.cached: dict[Any, Any] = {}  # outputs of earlier calls, by input shapes and arguments

    @property
    def class_name(self) -> str:
        """The name of the class."""
        return self.cls.name if self.cls is not None else self.path.rpartition(".")[2]

    def track(self, value: Any) -> None:
        """Records the layers and variables in a value as parts of this layer."""
        for part in leaves(value):
            if isinstance(part, LayerValue) and part is not self and not any(part is known for known in self.tracked):
                self.tracked.append(part)
            if isinstance(part, WeightValue) and not any(part is known for known in self.weights):
                self.weights.append(part)

    def owned_weights(self) -> Iterator[WeightValue]:
        """Yields the layer's own variables. Variables of inner layers are left out."""
        yield from self.weights

    def freeze(self, trainable: bool) -> None:
        """Sets ``trainable`` of the layer and of all layers inside it."""
        self.is_trainable = trainable
        for layer in self.inner_layers():
            layer.freeze(trainable)

    def inner_layers(self) -> list[LayerValue]:
        """The layers inside this layer."""
        return [*self.tracked, *(value for value in self.given.values() if isinstance(value, LayerValue))]

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns an attribute or a method of the layer."""
        return run.layer_attribute(self, name, spot)

    def set_attribute(self, run: Any, name: str, value: Any, spot: Spot) -> None:
        """Sets an attribute. Layers and variables in the value become parts of the layer."""
        run.set_layer_attribute(self, name, value, spot)

    def call(self, run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Calls the layer on tensors."""
        return run.call_layer(self, args, kwargs, spot)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Calls ``__getitem__`` of a custom layer."""
        return run.layer_special(self, "__getitem__", [key], spot)

    def elements(self, run: Any, spot: Spot) -> Any:
        """Returns MISSING: a layer cannot be used in a loop."""
        return MISSING

    def truth(self) -> Any:
        """Returns True: every layer is true in a test."""
        return True

    def type_path(self) -> str:
        """Returns the dotted name of the layer's class."""
        return self.path


class ModelValue(LayerValue):
    """A model of the program.

    Attributes:
        inputs, outputs: the tensors, in the lists or dicts of the program. For a Sequential, its first input and last output.
        layers: the layers of a Sequential, without its input layer.
        input_tensor: the input of a Sequential; None before it is known.
        read: the model that a file or a config describes; None for a model that the program builds.
    """

    __slots__ = ("input_tensor", "inputs", "layers", "outputs", "read", "training")

    def __init__(self, path: str, name: str, spot: Spot | None, cls: ClassValue | None = None) -> None:
        super().__init__(path, name, spot, cls)
        self.inputs: Any = None
        self.outputs: Any = None
        self.layers: list[LayerValue] = []
        self.input_tensor: TensorValue | None = None
        self.read: Model | None = None
        self.training: dict[str, Any] = {}  # the arguments of ``model.compile()``

    @property
    def class_name(self) -> str:
        """The name of the class. A model with a graph is a Functional."""
        if self.cls is None and self.path == "keras.Model":
            return "Functional"
        return super().class_name

    @property
    def is_sequential(self) -> bool:
        """True for a Sequential."""
        return self.path == "keras.Sequential"

    @property
    def is_functional(self) -> bool:
        """True for a model with a graph of tensors."""
        return self.outputs is not None and not self.is_sequential

    def inner_layers(self) -> list[LayerValue]:
        """The layers of the model."""
        if self.is_sequential:
            return list(self.layers)
        if self.is_functional:
            return list(dict.fromkeys(node.layer for node in nodes_between(leaves(self.inputs), leaves(self.outputs))))
        return list(self.tracked)


def leaves(value: Any) -> Iterator[Any]:
    """Yields the values in nested lists, tuples and dicts. Dicts are sorted by key, as in Keras."""
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from leaves(value[key])
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def mapped(value: Any, function: Any) -> Any:
    """Applies ``function`` to each value in nested lists, tuples and dicts. Dicts are sorted by key."""
    if isinstance(value, dict):
        return {key: mapped(value[key], function) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return (
            [mapped(part, function) for part in value]
            if isinstance(value, list)
            else tuple(mapped(part, function) for part in value)
        )
    return function(value)


def tensors_in(value: Any) -> list[TensorValue]:
    """Returns the tensors in nested lists, tuples and dicts."""
    return [part for part in leaves(value) if isinstance(part, TensorValue)]


def nodes_between(inputs: Iterable[TensorValue], outputs: Iterable[TensorValue]) -> list[Node]:
    """Returns the calls that compute the outputs from the inputs, in the order in which the program makes them.

    The calls of the input layers are included.
    """
    known = {id(tensor.node): tensor.node for tensor in inputs if isinstance(tensor, TensorValue)}
    waiting = [tensor.node for tensor in outputs if isinstance(tensor, TensorValue)]
    while waiting:
        node = waiting.pop()
        if id(node) not in known:
            known[id(node)] = node
            waiting += [tensor.node for tensor in node.sources]
    return sorted(known.values(), key=lambda node: node.number)
