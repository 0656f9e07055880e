"""The model as plain data. Readers create it; analyses read it.

A model is a list of layers and a list of calls. Each call reads only outputs of earlier calls, so calls run in order,
without recursion. A layer that is called twice (shared weights) has two calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from convcalc.base.numbers import UNKNOWN, ConstantShape, Number
from convcalc.base.problems import Mark, Problem, Refusal
from convcalc.base.structs import Struct

# The totals that a budget limits to a maximum.
MAXIMA = (
    "params",
    "trainable_params",
    "non_trainable_params",
    "param_bytes",
    "macs",
    "flops",
    "activation_bytes",
    "peak_activation_bytes",
    "weight_bytes",
)
# All keys of a budget: the maxima, and the minimum receptive field.
BUDGETS = (*MAXIMA, "min_receptive_field")

T = TypeVar("T")

# shared by all layers and calls without arguments, to save memory
NO_ARGS: Mapping[str, Any] = {}


class Place(Protocol):
    """A source position. Line and column are computed only when they are needed."""

    @property
    def context(self) -> str:
        """The block around the position as text, for messages; empty outside blocks."""
        ...

    @property
    def made_at(self) -> Mark | None:
        """The position in the program that makes the layer; None if the file is not Python code."""
        ...

    def mark(self, argument: str | None = None) -> Mark:
        """Returns the position of the layer or call, or of one of its arguments."""
        ...


class Ref(Struct):
    """A reference to a tensor: output number ``output`` of call number ``call``."""

    call: int
    output: int = 0


class Slot(Struct):
    """A placeholder for a tensor among the arguments of a call. ``number`` is the tensor's number."""

    number: int


class Constant(Struct):
    """A constant tensor among the arguments of a call. ``value`` is a number or nested lists of numbers."""

    value: Any
    dtype: str

    @property
    def shape(self) -> ConstantShape:
        """The shape of the constant."""
        sizes: list[Number] = []
        part = self.value
        while isinstance(part, list):
            sizes.append(len(part))
            part = part[0] if part else None
        return ConstantShape(sizes)


class StoredWeight(Struct):
    """A weight in a file. ``path`` is the path of the weight in the file. ``trainable`` is None if the file does not
    state it.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool | None = None


class CallForm(Struct):
    """The arguments of a call as in the file. A :class:`Slot` replaces each tensor.

    Slots have the numbers of :attr:`Call.sources`. Other config objects, such as constants, are mappings.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Call(Struct):
    """A call of layer number ``layer``.

    Attributes:
        inputs: the tensors that the layer's rule reads.
        place: the source position.
        constants: pairs (position, constant) of a layer's constant inputs. Constants of an operation are in ``args``.
        args: the arguments of the call; :attr:`Layer.args` has the arguments of the layer.
        masks: further tensors, such as masks, that do not affect the output shapes.
        order: inputs and masks in Keras's order, if it differs from ``inputs + masks``.
        recorded: the output shapes and dtypes in the file, by the number of the output.
        form: the arguments as in a Keras file. None for a spec, and for a call with one tensor and no other argument.
    """

    layer: int
    inputs: tuple[Ref, ...]
    place: Place | None = None
    args: Mapping[str, Any] = NO_ARGS
    masks: tuple[Ref, ...] = ()
    order: tuple[Ref, ...] = ()
    recorded: Mapping[int, tuple[tuple[Number, ...] | None, str]] = {}
    constants: tuple[tuple[int, Constant], ...] = ()
    form: CallForm | None = None

    def with_constants(self, values: Iterable[T], value_of: Callable[[Constant], T]) -> tuple[T, ...]:
        """Returns all inputs of the rule in order: ``values``, with the constants at their positions."""
        result = list(values)
        for position, constant in self.constants:
            result.insert(position, value_of(constant))
        return tuple(result)

    @property
    def sources(self) -> tuple[Ref, ...]:
        """All tensors that the call receives."""
        return self.order or (self.inputs + self.masks if self.masks else self.inputs)


class Definition(Protocol):
    """The definition of a layer. There are four types:

    - ``layers.LayerDefinition``: from the catalogue, or declared in a spec
    - ``ops.Operation``
    - :class:`Model`: a nested model
    - :class:`Foreign`: an unknown class
    """

    @property
    def name(self) -> str:
        """The name of the class, or of the nested model."""
        ...

    @property
    def contains_layers(self) -> bool:
        """True if all weights of the layer belong to layers that it contains."""
        ...


class ForeignRule(Struct):
    """The rule that a file of declarations or an installed package gives for a custom class.

    Attributes:
        definition: the declared layer.
        args: the bound arguments.
        source: the file or the package that declares the layer, for messages.
        built_in: True if convcalc itself declares the layer.
        misfit: why the rule does not fit the calls of the layer; empty if it fits.
    """

    definition: Any
    args: Mapping[str, Any]
    source: str
    built_in: bool = False
    misfit: str = ""


class Foreign(Struct):
    """A custom class that is not in the catalogue. Only its names in the file are known. If a rule is declared, the
    rule is known too.
    """

    name: str
    module: str | None = None
    registered_name: str | None = None
    class_known: bool = True
    # False for a layer of a Keras 2 model that nothing calls. Its class may also be one of Keras's classes.
    called: bool = True
    # In the list of a model's outputs, Keras counts the calls of some layers from 1, not from 0. True for such a layer.
    calls_from_one: bool = False
    # None if the class is not declared, or the declaration does not fit the layer.
    rule: ForeignRule | None = None
    # The config in the Keras file, unchanged; None for a class in a spec.
    config: Mapping[str, Any] | None = None
    # Keras's class of the same name, if only the stored weights show that this class is custom.
    keras_class: Any = None

    @property
    def contains_layers(self) -> bool:
        """False, because the contents of a custom class are unknown."""
        return False


class Layer(Struct):
    """One layer of a model.

    Attributes:
        definition: the definition of the layer.
        args: the arguments in the file, normalised, without default values. Equal arguments of layers are one object, so
            that inference can reuse its results.
        expect: the shape and counts that the spec expects.
        place: the source position.
        broken: True if the layer has an error (see :attr:`Model.problems`). Analyses skip the layer and continue.
        stored: the weights that the file stores for the layer. None if they are unknown, or if all weights of the model
            can be inferred.
        shares_weights: True if another layer of the model contains this layer, such as an RNN the cell that the model also
            calls. Totals count its weights once.
        identity: a number that is the same for one layer in several nested models. Totals count its weights once. None if the
            layer is different from all others.
    """

    name: str
    class_name: str
    definition: Definition
    args: Mapping[str, Any] = NO_ARGS
    trainable: bool = True
    dtype: str = "float32"
    expect: Mapping[str, Any] | None = None
    place: Place | None = None
    broken: bool = False
    stored: tuple[StoredWeight, ...] | None = None
    shares_weights: bool = False
    identity: int | None = None

    def __repr__(self) -> str:
        """Returns the name and the class."""
        return f"{type(self).__name__}({self.name!r}, {self.class_name})"

    @property
    def model(self) -> Model | None:
        """The nested model; None for other layers."""
        return self.definition if isinstance(self.definition, Model) else None


class Model(Struct):
    """A model.

    Attributes:
        class_name: ``Sequential``, ``Functional``, or the name of a class whose config lists no layers.
        layers: the layers, in the order of their creation; :func:`summary_order` gives the order of Keras's summary.
        calls: the calls, in an order in which they can run.
        outputs: the tensors that the model returns; empty for a model without a graph, of which only layers are known.
        budget: the limits that the spec sets.
        source: the file, for messages.
        problems: errors and warnings of the reader.
        output_names: the keys of a dict of outputs, in the order of the dict; ``outputs`` are sorted by key.
        trainable: False if no weight of the model counts as trainable.
        stored: all weights in the file, without repetition; None if they are unknown or not needed.
        optimizer_weights: the variables of the optimizer in the file; None if they are unknown or not needed.
        has_more_weights: True if the model may have more weights than ``stored`` and its layers have. For example, a custom class
            can create layers that the config does not list.
        own_flags: True if each layer has its own ``trainable``, as in Keras's files. False if freezing the model
            freezes its layers.
        optimizer: the optimizer in the file: a name or a config. None if the model is not compiled.
        input_tree: the lists and dicts of inputs in a Keras file, such as ``{"image": Slot(0), "text": Slot(1)}``. None
            for one tensor, or for a list of tensors.
        output_tree: the lists and dicts of outputs, like ``input_tree``.
        optimizer_has_slots: False for an ``.h5`` file: Keras then creates the optimizer without its slots (the
            variables for each weight).
        fallback: for a model whose layers are declared: the model without the declaration, which replaces it if the
            declaration contradicts the file. Otherwise None.
        declared_in: the file or the package that declares the layers, for messages.
        keras2: True if Keras 2 wrote the model. Nested models then accept inputs of other shapes, and convolutions
            accept inputs with additional axes.
        own_class: the custom class of the model, if its config lists layers like a Keras class; otherwise None.
        subclassed: True for a model whose class is in the program. A summary lists its layers in the order of their
            creation, without operations and variables.
        weights_to_compare: the stored weights, by the layer's path, of layers for which the file states only the name
            of the class. If Keras's class of this name has another number of parameters, the class is custom.
    """

    name: str
    class_name: str
    layers: tuple[Layer, ...]
    calls: tuple[Call, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    budget: Mapping[str, Any] = {}
    place: Place | None = None
    source: str | None = None
    problems: tuple[Problem, ...] = ()
    output_names: tuple[str, ...] = ()
    trainable: bool = True
    own_flags: bool = False
    stored: tuple[StoredWeight, ...] | None = None
    optimizer: Any = None
    input_tree: Any = None
    output_tree: Any = None
    optimizer_has_slots: bool = True
    fallback: Model | None = None
    declared_in: str = ""
    keras2: bool = False
    own_class: Foreign | None = None
    subclassed: bool = False
    weights_to_compare: Mapping[str, tuple[StoredWeight, ...]] = {}
    has_more_weights: bool = False
    optimizer_weights: tuple[StoredWeight, ...] | None = None

    def __repr__(self) -> str:
        """Returns the name and the number of layers. All fields of a large model would be millions of characters."""
        count = len(self.layers)
        return f"{type(self).__name__}({self.name!r}, {count:,} layer{'s' * (count != 1)})"

    @property
    def shown_class(self) -> str:
        """The name of the class, as Keras prints it for a nested model."""
        return self.class_name if self.own_class is None else self.own_class.name

    @property
    def contains_layers(self) -> bool:
        """Always True for a model."""
        return True

    def layer_of(self, ref: Ref) -> Layer:
        """Returns the layer that outputs the tensor."""
        return self.layers[self.calls[ref.call].layer]

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Layer]]:
        """Yields every layer with its path; the layers of a nested model follow the nested model."""
        for layer in self.layers:
            path = prefix + layer.name
            yield path, layer
            if (model := layer.model) is not None:
                yield from model.walk(f"{path}/")

    def models(self) -> Iterator[tuple[str, Model]]:
        """Yields this model and all nested models, each with the prefix of its layers' paths, such as ``encoder/``."""
        waiting = [("", self)]
        while waiting:
            prefix, model = waiting.pop()
            yield prefix, model
            waiting += [(f"{prefix}{layer.name}/", layer.model) for layer in model.layers if layer.model is not None]


def call_numbers(model: Model) -> list[int]:
    """Returns, for each call, the number of earlier calls of the same layer (Keras's node index)."""
    counts = [0] * len(model.layers)
    numbers = []
    for call in model.calls:
        numbers.append(counts[call.layer])
        counts[call.layer] += 1
    return numbers


def summary_order(model: Model) -> list[int]:
    """Returns the numbers of the layers in the order of Keras's ``summary()``.

    - A Sequential lists its layers in order, without the input layer.
    - A Functional sorts its layers by depth (the longest path to an output). Layers of equal depth have the order of a
      backward walk from the outputs, as in Keras's ``ops.function.map_graph``.
    - A model without a graph has the order of its file.
    """
    if model.class_name == "Sequential" or model.subclassed or not model.outputs:
        return [number for number, layer in enumerate(model.layers) if layer.class_name != "InputLayer"]
    met, _, layer_depth = _depths(model)
    # Unused inputs come before the other layers of depth 0.
    inputs = [model.calls[ref.call].layer for ref in model.inputs]
    unmet = dict.fromkeys(layer for layer in inputs if layer not in layer_depth)
    layer_depth.update(dict.fromkeys(unmet, 0))
    order = sorted([*unmet, *met], key=layer_depth.__getitem__, reverse=True)
    return order if model.own_class is None and not model.keras2 else [*order, *layers_outside(model)]


def layers_outside(model: Model) -> list[int]:
    """Returns the numbers of the layers outside of the graph. They come after the other layers.

    A model of a custom class has such a layer for its further weights. A model of Keras 2 has each layer that is an
    attribute of the model, also if nothing calls the layer.
    """
    own = model.own_class is not None
    foreign = [(n, layer.definition) for n, layer in enumerate(model.layers) if isinstance(layer.definition, Foreign)]
    return [n for n, definition in foreign if not definition.called or (own and not definition.class_known)]


def execution_order(model: Model) -> list[int]:
    """Returns the numbers of the calls in the order in which Keras runs them (``Function._run_through_graph``): by
    depth.

    Calls that no output depends on are left out.
    """
    if model.class_name == "Sequential" or not model.outputs:
        return list(range(len(model.calls)))
    _, call_depth, _ = _depths(model)
    return sorted(call_depth, key=lambda number: -call_depth[number])


def _depths(model: Model) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """Returns three results: the layers in the order of a backward walk from the outputs, and the depths of calls and
    of layers.
    """
    met, post_order = _walk_back(model)
    call_depth: dict[int, int] = {}
    layer_depth: dict[int, int] = {}
    for number in reversed(post_order):
        call = model.calls[number]
        depth = max(call_depth.get(number, 0), layer_depth.get(call.layer, 0))
        call_depth[number] = layer_depth[call.layer] = depth
        for ref in call.sources:
            source = ref.call
            if call_depth.get(source, 0) <= depth:
                call_depth[source] = depth + 1
    return met, call_depth, layer_depth


def _walk_back(model: Model) -> tuple[list[int], list[int]]:
    """Walks from the outputs back to the inputs, depth first.

    Returns the layers in the order of their first visit, and the calls in an order in which each call follows the calls
    that it reads.
    """
    calls = model.calls
    met: list[int] = []
    visited = bytearray(len(calls))
    post_order: list[int] = []
    # the number of a call (-1: the model's outputs), and an iterator over its sources
    stack: list[tuple[int, Iterator[Ref]]] = [(-1, iter(model.outputs))]
    while stack:
        number, remaining = stack[-1]
        for ref in remaining:
            source = ref.call
            if not visited[source]:
                visited[source] = True
                call = calls[source]
                met.append(call.layer)
                stack.append((source, iter(call.sources)))
                break
        else:
            stack.pop()
            post_order.append(number)
    return list(dict.fromkeys(met)), post_order[:-1]


def with_needed(model: Model, removable: Callable[[Layer], bool] = lambda layer: True) -> Model:
    """Returns the model without the calls that no output depends on.

    Keeps such a call if ``removable`` returns False for its layer.
    """
    needed = {ref.call for ref in (*model.outputs, *model.inputs)}
    kept: list[int] = []
    for number in reversed(range(len(model.calls))):
        call = model.calls[number]
        if number in needed or not removable(model.layers[call.layer]):
            kept.append(number)
            needed.update([ref.call for ref in call.sources])
    if len(kept) == len(model.calls):
        return model
    kept.reverse()
    new_numbers = {number: new for new, number in enumerate(kept)}

    def renumbered(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
        return tuple(ref._replace(call=new_numbers[ref.call]) for ref in refs)

    calls = (model.calls[number] for number in kept)
    return model._replace(
        calls=tuple(
            call._replace(inputs=renumbered(call.inputs), masks=renumbered(call.masks), order=renumbered(call.order))
            for call in calls
        ),
        inputs=renumbered(model.inputs),
        outputs=renumbered(model.outputs),
    )


def is_linear(model: Model) -> bool:
    """Returns True if the model is a single chain of different layers, or has no graph.

    For such a model, Keras prints no column "Connected to".
    """
    if model.class_name == "Sequential" or not model.outputs:
        return True
    outside = layers_outside(model)
    calls = [call for call in model.calls if call.layer not in outside] if outside else model.calls
    return len({call.layer for call in calls}) == len(calls) and all(
        [ref.call for ref in call.sources] == [number - 1] * (number > 0) for number, call in enumerate(calls)
    )


# arguments of an input that do not affect shapes or numbers
INPUT_FLAGS = ("sparse", "ragged", "optional")


def input_args(layer: Layer) -> dict[str, Any]:
    """Returns the arguments of an input layer, with ``shape`` and ``batch_size`` instead of ``batch_shape``.

    Returns ``{}`` for an input of a custom class, whose arguments have an unknown meaning.
    """
    if layer.class_name != "InputLayer":
        return {}
    args = dict(layer.args)
    batch_shape = args.pop("batch_shape", None)
    if batch_shape is not None:
        args["shape"] = tuple(batch_shape[1:])
        if batch_shape[0] is not UNKNOWN:
            args["batch_size"] = batch_shape[0]
    return args


def with_input_sizes(
    model: Model, shapes: Mapping[str | None, tuple[Number, ...]], batch_size: int | None = None
) -> Model:
    """Returns the model with new input shapes (without the batch axis) and a new batch size.

    The keys of ``shapes`` are names of input layers; None means the only input. Raises ``KeyError`` for an unknown
    name, and :class:`Refusal` for an input of a custom class.
    """
    inputs = {model.calls[ref.call].layer for ref in model.inputs}
    names = {model.layers[number].name for number in inputs}
    new_shapes = dict(shapes)
    if None in new_shapes and len(names) == 1:
        new_shapes[next(iter(names))] = new_shapes.pop(None)
    for name in new_shapes:
        if name not in names:
            raise KeyError(name)

    def resized(number: int, layer: Layer) -> Layer:
        changes = batch_size is not None or layer.name in new_shapes
        if number not in inputs or (layer.class_name != "InputLayer" and not changes):
            return layer
        if layer.class_name != "InputLayer":
            raise Refusal(
                f"the input '{layer.name}' has the custom class {layer.class_name}, so its sizes cannot be changed"
            )
        args = input_args(layer)
        if layer.name in new_shapes:
            args["shape"] = tuple(new_shapes[layer.name])
        if batch_size is not None:
            args["batch_size"] = batch_size
        return layer._replace(args=args)

    return model._replace(layers=tuple(resized(number, layer) for number, layer in enumerate(model.layers)))
