"""The model: plain, frozen data. Readers create it; analyses read it.

A model is a list of layers and a list of calls, in an order in which they can run: the inputs of a call are outputs of earlier
calls. So a model has no cycles, and walks over its calls need no recursion. A layer that is called twice (shared weights) has
two calls.
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

# All layers and calls without arguments share this object.
NO_ARGS: Mapping[str, Any] = {}


class Place(Protocol):
    """A source position. The line and column are computed only if a problem needs them."""

    @property
    def context(self) -> str:
        """A text for messages about the block around the position; empty outside blocks."""
        ...

    def mark(self, argument: str | None = None) -> Mark:
        """Returns the mark of the layer or call, or of one of its arguments."""
        ...


class Ref(Struct):
    """A reference to a tensor: output number ``output`` of call number ``call``."""

    call: int
    output: int = 0


class Slot(Struct):
    """A placeholder among the arguments of a call: input number ``number`` of the call belongs in its place."""

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
    """A weight that a file stores. ``path`` is its path in the file. ``trainable`` is None if the file does not state it."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool | None = None


class CallForm(Struct):
    """The arguments of a call in the form that the file contains, with a :class:`Slot` in place of each tensor.

    The slots are numbered as in :attr:`Call.sources`. Any other config object, such as a constant, stays a mapping.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Call(Struct):
    """A call of layer number ``layer``.

    Attributes:
        inputs: the tensors that the layer's rule reads.
        place: the source position.
        constants: the constants among the inputs, each with its position among all inputs of the rule. In calls of operations,
            constants are in ``args``.
        args: the arguments of the call; :attr:`Layer.args` has the arguments of the layer.
        masks: further tensors that the call receives; they do not affect its output shapes.
        order: inputs and masks in Keras's order, if it differs from ``inputs + masks``.
        recorded: the output shapes and dtypes that the file records, by the number of the output.
        form: the arguments as a Keras file has them. None if the call has one tensor and no other argument, and for calls
            of specs.
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
        """Returns the value of each input of the rule: the given ``values`` for the tensors, and the values of the
        constants.
        """
        result = list(values)
        for position, constant in self.constants:
            result.insert(position, value_of(constant))
        return tuple(result)

    @property
    def sources(self) -> tuple[Ref, ...]:
        """All tensors that the call receives."""
        return self.order or (self.inputs + self.masks if self.masks else self.inputs)


class Definition(Protocol):
    """The definition of a layer.

    There are four types: ``layers.LayerDefinition`` (from the catalogue, or declared in a spec), ``ops.Operation``, a nested
    :class:`Model`, and :class:`Foreign`.
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
    """The rule of a custom class, from a file of declarations or from an installed package.

    Attributes:
        definition: the declared layer.
        args: the bound arguments.
        source: the file or the package that declares the layer, for messages.
        built_in: True if convcalc itself declares the layer.
        misfit: the reason why the rule cannot be used for the calls of the layer; empty if the rule can be used.
    """

    definition: Any
    args: Mapping[str, Any]
    source: str
    built_in: bool = False
    misfit: str = ""


class Foreign(Struct):
    """A custom class that is not in the catalogue. Only two things are known: the names that the file states, and the
    rule, if the class has one.
    """

    name: str
    module: str | None = None
    registered_name: str | None = None
    class_known: bool = True
    # The list of a model's outputs in a file refers to a call by its number. True if the first call of this layer has
    # the number 1 there, as for a nested Functional, not 0.
    calls_from_one: bool = False
    # None if the class is not declared, or if the layer does not fit the declaration.
    rule: ForeignRule | None = None
    # The config in the Keras file, unchanged; None for a class in a spec.
    config: Mapping[str, Any] | None = None

    @property
    def contains_layers(self) -> bool:
        """False, because the contents of a custom class are unknown."""
        return False


class Layer(Struct):
    """One layer of a model.

    Attributes:
        definition: the definition of the layer, looked up once by the reader.
        args: the arguments that the file gives, normalised. Arguments with default values are left out. Readers share
            one object between equal arguments, so that inference runs only once for them.
        expect: the shape and counts that the spec expects.
        place: the source position.
        broken: True if the layer has an error, which is in :attr:`Model.problems`. Analyses skip the layer, so that
            they still find problems in other layers.
        stored: the weights that the file stores for the layer; None if they are unknown, or not needed because all
            weights of the model can be inferred.
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
        outputs: the tensors that the model returns; empty if only the layers are known, not the graph.
        budget: the limits that the spec sets.
        source: the file, for messages.
        problems: errors and warnings of the reader.
        output_names: the keys of a dict of outputs, in the order of the dict; ``outputs`` are sorted by key.
        trainable: False if no weight of the model counts as trainable.
        stored: all weights in the file, without repetition; None if they are unknown or not needed.
        own_flags: True if each layer has its own ``trainable`` flag, as in Keras's files. A frozen model then does not
            freeze its layers.
        optimizer: the optimizer of a compiled model, as in the file: a name or a config. None if the model is not
            compiled.
        input_tree: the lists and mappings in which a Keras file arranges the inputs, with a :class:`Slot` for each input.
            None for one tensor, or for a list of several tensors.
        output_tree: the lists and mappings in which a Keras file arranges the outputs, as for ``input_tree``.
        optimizer_has_slots: False if Keras creates no variables of the optimizer for the weights (slots) when it loads
            the file. For an ``.h5`` file, Keras creates only the variables that belong to no weight.
        fallback: the model as the file alone describes it, if the layers of this model come from a declaration. It is
            used if the declaration contradicts the file. None for all other models.
        declared_in: the file or the package that declares the layers, for messages.
        keras2: True if Keras 2 wrote the model. As a nested model, it can be called on inputs of other shapes than its
            own. Its convolutions accept inputs with additional axes.
        own_class: the custom class of a model whose config lists its layers, as Keras's classes do. None for a model of
            one of Keras's classes.
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

    @property
    def shown_class(self) -> str:
        """The name of the class, as Keras prints it for a nested model."""
        return self.class_name if self.own_class is None else self.own_class.name

    @property
    def contains_layers(self) -> bool:
        """True, because all weights of a model belong to the layers in it."""
        return True

    def layer_of(self, ref: Ref) -> Layer:
        """Returns the layer whose call outputs the tensor."""
        return self.layers[self.calls[ref.call].layer]

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Layer]]:
        """Yields every layer with its path; each nested model is followed by its own layers."""
        for layer in self.layers:
            path = prefix + layer.name
            yield path, layer
            if (model := layer.model) is not None:
                yield from model.walk(f"{path}/")

    def models(self) -> Iterator[tuple[str, Model]]:
        """Yields this model and all nested models. Each comes with the prefix of the paths of its layers."""
        waiting = [("", self)]
        while waiting:
            prefix, model = waiting.pop()
            yield prefix, model
            waiting += [(f"{prefix}{layer.name}/", layer.model) for layer in model.layers if layer.model is not None]


def call_numbers(model: Model) -> list[int]:
    """Returns, for each call, its number among the calls of the same layer, from 0 (Keras's node index)."""
    counts = [0] * len(model.layers)
    numbers = []
    for call in model.calls:
        numbers.append(counts[call.layer])
        counts[call.layer] += 1
    return numbers


def summary_order(model: Model) -> list[int]:
    """Returns the numbers of the layers in the order of Keras's ``summary()``.

    A Sequential lists its layers in the order in which they were added, without the input layer. A Functional sorts them by
    depth (the longest path to an output), then by the order in which a backward walk from the outputs visits them (Keras:
    ``ops.function.map_graph``). For a model without a graph, the order is the order of the layers in its file.
    """
    if model.class_name == "Sequential" or not model.outputs:
        return [number for number, layer in enumerate(model.layers) if layer.class_name != "InputLayer"]
    met, _, layer_depth = _depths(model)
    # Inputs on which no output depends are also listed. They have depth 0, and come before the other layers of depth 0.
    inputs = [model.calls[ref.call].layer for ref in model.inputs]
    unmet = dict.fromkeys(layer for layer in inputs if layer not in layer_depth)
    layer_depth.update(dict.fromkeys(unmet, 0))
    return sorted([*unmet, *met], key=layer_depth.__getitem__, reverse=True)


def execution_order(model: Model) -> list[int]:
    """Returns the numbers of the calls in the order in which Keras runs them (``Function._run_through_graph``).

    The order is by depth. Calls that no output depends on are left out.
    """
    if model.class_name == "Sequential" or not model.outputs:
        return list(range(len(model.calls)))
    _, call_depth, _ = _depths(model)
    return sorted(call_depth, key=lambda number: -call_depth[number])


def _depths(model: Model) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """Returns three results: the layers in the order of a backward walk from the outputs, the depth of each call, and
    the depth of each layer.
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
    """Walks depth first from the outputs. Returns the layers in the order of their first visit, and the calls in post-order."""
    calls = model.calls
    met: list[int] = []
    visited = bytearray(len(calls))
    post_order: list[int] = []
    # Each stack entry is a call and an iterator over its unvisited sources. The first entry, -1, is the model's outputs.
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
    """Returns the model without calls that no output depends on.

    Only calls of layers for which ``removable`` returns True are removed.
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

    Keras prints the summary of such a model without the column "Connected to".
    """
    if model.class_name == "Sequential" or not model.outputs:
        return True
    return len({call.layer for call in model.calls}) == len(model.calls) and all(
        [ref.call for ref in call.sources] == [number - 1] * (number > 0) for number, call in enumerate(model.calls)
    )


# Arguments of an input that change its tensor, but no shape and no number.
INPUT_FLAGS = ("sparse", "ragged", "optional")


def input_args(layer: Layer) -> dict[str, Any]:
    """Returns the arguments of an input layer, with ``batch_shape`` split into ``shape`` and ``batch_size``.

    Returns ``{}`` for an input of a custom class: the meaning of its arguments is unknown.
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

    The keys of ``shapes`` are names of input layers; None means the only input. Raises ``KeyError`` for an unknown name, and
    :class:`Refusal` for an input of a custom class, because its shape cannot be changed.
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
