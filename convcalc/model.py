"""What a model is: plain, frozen data that every reader makes and every analysis reads.

A model is a list of layers and a list of calls in an order in which they can be executed: a call's inputs are outputs of
earlier calls, so a model holds no cycles by construction and can be walked without recursion. A layer that is called
twice (shared weights) has two calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from convcalc.base.numbers import UNKNOWN, Number
from convcalc.base.problems import Mark, Problem, Refusal
from convcalc.base.structs import Struct

# What a budget can limit: totals, which it holds to a maximum, and the receptive field, of which it wants a minimum.
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
BUDGETS = (*MAXIMA, "min_receptive_field")

# No arguments, and no other entries: one object for all layers and calls that have none.
NO_ARGS: Mapping[str, Any] = {}


class Place(Protocol):
    """Where something was written; a reader makes it, and it finds the mark only when a problem needs one."""

    @property
    def context(self) -> str:
        """What a message adds about where this stands: the block that it is in; empty for nothing."""
        ...

    def mark(self, argument: str | None = None) -> Mark:
        """The mark of the thing, or of one argument of it."""
        ...


class Ref(Struct):
    """A tensor: output number ``output`` of call number ``call``."""

    call: int
    output: int = 0


class Slot(Struct):
    """Stands among the arguments of a call for its input of that number."""

    number: int


class Constant(Struct):
    """Stands among the arguments of a call for a tensor whose numbers a file holds: lists of them, or one."""

    value: Any
    dtype: str


class Stored(Struct):
    """A weight as a file stores it: where in the file, its shape and its dtype."""

    place: str
    shape: tuple[int, ...]
    dtype: str


class Call(Struct):
    """One use of layer number ``layer`` on the tensors ``inputs``; ``args`` are those of this call, not of the layer.

    ``masks`` are tensors that the call takes besides, and that do not change what comes of it in shape; ``order`` has all of
    them where Keras lists them in another order. ``recorded`` is what a file says of the outputs: shape and dtype by number.
    """

    layer: int
    inputs: tuple[Ref, ...]
    place: Place | None = None
    args: Mapping[str, Any] = NO_ARGS
    masks: tuple[Ref, ...] = ()
    order: tuple[Ref, ...] = ()
    recorded: Mapping[int, tuple[tuple[Number, ...] | None, str]] = {}

    @property
    def sources(self) -> tuple[Ref, ...]:
        """Every tensor that the call takes."""
        return self.order or (self.inputs + self.masks if self.masks else self.inputs)


class Definition(Protocol):
    """What a layer is. There are four: ``layers.LayerDefinition`` (the catalogue, or declared in a spec), ``ops.Operation``, a
    nested :class:`Model`, and :class:`Foreign`.
    """

    @property
    def name(self) -> str:
        """The name of its class, or of the nested model."""
        ...

    @property
    def contains_layers(self) -> bool:
        """True if all its weights belong to layers that it contains."""
        ...


class Foreign(Struct):
    """A custom class that is not in the catalogue: only its name, and what its file says about where it is defined, is known."""

    name: str
    module: str | None = None
    registered_name: str | None = None

    @property
    def contains_layers(self) -> bool:
        """False: unknown."""
        return False


class Layer(Struct):
    """One layer of a model.

    Attributes:
        definition: what the layer is. The reader decides it; nothing looks it up again.
        args: the arguments that were given, normalised; defaults are left out. Readers use one object for equal arguments,
            so that inference runs once for all layers that share it.
        expect: what the spec expects of the layer's shape and counts.
        place: the source position.
        broken: True if the reader could not use the layer (the problem is in :attr:`Model.problems`). Analysis skips it, so
            that it still finds problems in other layers.
        stored: the weights in the file, for a layer whose weights cannot be inferred; None if unknown.
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
    stored: tuple[Stored, ...] | None = None

    @property
    def model(self) -> Model | None:
        """The nested model, or None if the layer is not one."""
        return self.definition if isinstance(self.definition, Model) else None


class Model(Struct):
    """A model: ``inputs`` and ``outputs`` are tensors of its calls. ``class_name`` is ``Sequential`` or ``Functional``.

    ``layers`` stand in the order in which they were made; :func:`summary_order` gives the order in which Keras lists them.
    ``output_names`` are the keys where outputs come in a dict, as they stand in it; ``outputs`` are then in their sorted order.
    ``own_flags`` says that each layer's flag stands for itself, as in a file of Keras's: then nothing in a frozen model is frozen
    by that. Of the model itself ``trainable`` says whether anything counts as trained.
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

    @property
    def contains_layers(self) -> bool:
        """True."""
        return True

    def layer_of(self, ref: Ref) -> Layer:
        """The layer whose call gives the tensor ``ref``."""
        return self.layers[self.calls[ref.call].layer]

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Layer]]:
        """Every layer with its path, each nested model followed by its own layers."""
        for layer in self.layers:
            path = prefix + layer.name
            yield path, layer
            if (model := layer.model) is not None:
                yield from model.walk(f"{path}/")

    def models(self) -> Iterator[tuple[str, Model]]:
        """This model and all nested ones, each with the prefix of its layers' paths."""
        waiting = [("", self)]
        while waiting:
            prefix, model = waiting.pop()
            yield prefix, model
            waiting += [(f"{prefix}{layer.name}/", layer.model) for layer in model.layers if layer.model is not None]


def call_numbers(model: Model) -> list[int]:
    """For each call, which call of its layer it is: Keras's node index."""
    seen = [0] * len(model.layers)
    numbers = []
    for call in model.calls:
        numbers.append(seen[call.layer])
        seen[call.layer] += 1
    return numbers


def summary_order(model: Model) -> list[int]:
    """The layers' numbers in the order of Keras's ``summary()``.

    A Sequential lists its layers as they were added, without the input layer. A Functional sorts them by their depth (the longest way to
    an output), then by the order in which a walk back from the outputs meets them (Keras: ``ops.function.map_graph``).
    """
    if model.class_name == "Sequential":
        return [number for number, layer in enumerate(model.layers) if layer.class_name != "InputLayer"]
    met, _, layer_depth = _depths(model)
    # An input that feeds no output is listed all the same, before its depth's others.
    inputs = [model.calls[ref.call].layer for ref in model.inputs]
    unmet = dict.fromkeys(layer for layer in inputs if layer not in layer_depth)
    layer_depth.update(dict.fromkeys(unmet, 0))
    return sorted([*unmet, *met], key=layer_depth.__getitem__, reverse=True)


def execution_order(model: Model) -> list[int]:
    """The calls' numbers in the order in which Keras runs them: by depth, and only what an output needs.

    (Keras: ``Function._run_through_graph``.)
    """
    if model.class_name == "Sequential":
        return list(range(len(model.calls)))
    _, call_depth, _ = _depths(model)
    return sorted(call_depth, key=lambda number: -call_depth[number])


def _depths(model: Model) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """The layers in the order in which they are met on the way back from the outputs; how far each call, and each layer, is
    from them.
    """
    met, post_order = _walk_back(model)
    call_depth: dict[int, int] = {}
    layer_depth: dict[int, int] = {}
    for number in reversed(post_order):
        call = model.calls[number]
        depth, of_layer = call_depth.get(number, 0), layer_depth.get(call.layer, 0)
        if of_layer > depth:
            depth = of_layer
        call_depth[number] = layer_depth[call.layer] = depth
        for ref in call.sources:
            source = ref.call
            if call_depth.get(source, 0) <= depth:
                call_depth[source] = depth + 1
    return met, call_depth, layer_depth


def _walk_back(model: Model) -> tuple[list[int], list[int]]:
    """Depth first from the outputs: the layers as they were first met, and the calls as they were finished."""
    calls = model.calls
    met: list[int] = []
    begun = bytearray(len(calls))
    post_order: list[int] = []
    # Each call that was begun waits, on the stack, for what is left of its sources; the first stands for the outputs.
    stack: list[tuple[int, Iterator[Ref]]] = [(-1, iter(model.outputs))]
    while stack:
        number, left = stack[-1]
        for ref in left:
            source = ref.call
            if not begun[source]:
                begun[source] = True
                call = calls[source]
                met.append(call.layer)
                stack.append((source, iter(call.sources)))
                break
        else:
            stack.pop()
            post_order.append(number)
    return list(dict.fromkeys(met)), post_order[:-1]


def with_needed(model: Model, may_go: Callable[[Layer], bool] = lambda layer: True) -> Model:
    """The model without the calls that no output needs; of some layers alone, where ``may_go`` says of which."""
    needed = {ref.call for ref in (*model.outputs, *model.inputs)}
    kept: list[int] = []
    for number in reversed(range(len(model.calls))):
        call = model.calls[number]
        if number in needed or not may_go(model.layers[call.layer]):
            kept.append(number)
            needed.update([ref.call for ref in call.sources])
    if len(kept) == len(model.calls):
        return model
    kept.reverse()
    numbers = {number: place for place, number in enumerate(kept)}

    def moved(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
        return tuple(ref._replace(call=numbers[ref.call]) for ref in refs)

    calls = (model.calls[number] for number in kept)
    return model._replace(
        calls=tuple(
            call._replace(inputs=moved(call.inputs), masks=moved(call.masks), order=moved(call.order)) for call in calls
        ),
        inputs=moved(model.inputs),
        outputs=moved(model.outputs),
    )


def is_linear(model: Model) -> bool:
    """True where the model is one chain and no layer is called twice: then a summary needs no "Connected to"."""
    if model.class_name == "Sequential":
        return True
    return len({call.layer for call in model.calls}) == len(model.calls) and all(
        [ref.call for ref in call.sources] == [number - 1] * (number > 0) for number, call in enumerate(model.calls)
    )


def input_args(layer: Layer) -> dict[str, Any]:
    """An input layer's arguments, with a whole ``batch_shape`` taken apart into the ``shape`` of a sample and ``batch_size``.

    Of an input of another class there are none: what its arguments mean is not known, whatever they are called.
    """
    if layer.class_name != "InputLayer":
        return {}
    args = dict(layer.args)
    stated = args.pop("batch_shape", None)
    if stated is not None:
        args["shape"] = tuple(stated[1:])
        if stated[0] is not UNKNOWN:
            args["batch_size"] = stated[0]
    return args


def with_input_sizes(
    model: Model, shapes: Mapping[str | None, tuple[Number, ...]], batch_size: int | None = None
) -> Model:
    """The model with other input shapes (batch axis not included) and another batch size.

    ``shapes`` goes by the name of the input layer; None names the only one. Unknown names are a ``KeyError``. Raises
    :class:`Refusal` for an input whose class is not known: what it gives stands in its file alone.
    """
    inputs = {model.calls[ref.call].layer for ref in model.inputs}
    names = {model.layers[number].name for number in inputs}
    wanted = dict(shapes)
    if None in wanted and len(names) == 1:
        wanted[next(iter(names))] = wanted.pop(None)
    for name in wanted:
        if name not in names:
            raise KeyError(name)

    def changed(number: int, layer: Layer) -> Layer:
        asked = batch_size is not None or layer.name in wanted
        if number not in inputs or (layer.class_name != "InputLayer" and not asked):
            return layer
        if layer.class_name != "InputLayer":
            raise Refusal(f"the input '{layer.name}' is of the class {layer.class_name}, whose sizes cannot be changed")
        args = input_args(layer)
        if layer.name in wanted:
            args["shape"] = tuple(wanted[layer.name])
        if batch_size is not None:
            args["batch_size"] = batch_size
        return layer._replace(args=args)

    return model._replace(layers=tuple(changed(number, layer) for number, layer in enumerate(model.layers)))
