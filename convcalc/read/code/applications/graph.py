"""Builds the graph of an application, layer by layer, with the shape of each tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.keras_names import Names
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.problems import Refusal
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition, apply, bind, require_builtin
from convcalc.layers.arguments import shown
from convcalc.layers.dtypes import compute_dtype
from convcalc.model import NO_ARGS, Call, Layer, Model, Place, Ref, Slot
from convcalc.ops import find_operation


class InputTensor(Struct):
    """The ``input_tensor`` of an application.

    ``model`` has the layers that compute the tensor. The tensor is its only output, and has the shape ``shape`` (with the
    batch axis). For ``keras.Input(...)``, the model contains only the input layer.
    """

    model: Model
    shape: Shape


class Tensor(Struct):
    """A tensor of the graph. ``shape`` has the batch axis."""

    ref: Ref
    shape: Shape

    @property
    def height(self) -> Number:
        """The size of the second axis."""
        return self.shape[1]

    @property
    def width(self) -> Number:
        """The size of the third axis."""
        return self.shape[2]

    @property
    def channels(self) -> int:
        """The size of the last axis."""
        size = self.shape[-1]
        assert isinstance(size, int)
        return size


class Graph:
    """The layers and calls of an application.

    Attributes:
        names: the counter of automatic names, which the whole program shares.
        given: the caller's ``input_tensor``; None if the application creates an input layer.
        policy: the dtype policy of the layers.
        place: the source position of all layers and calls.
    """

    def __init__(self, names: Names, given: InputTensor | None, policy: str, place: Place | None) -> None:
        self.names = names
        self.given = given
        self.policy = policy
        self.place = place
        self.layers: list[Layer] = []
        self.calls: list[Call] = []
        self.inputs: tuple[Ref, ...] = ()
        self._taken: set[str] = set()
        self._bound: dict[str, tuple[LayerDefinition, Mapping[str, Any]]] = {}
        self._shapes: dict[tuple[int, int, tuple[Shape, ...]], Shape] = {}

    def input(self, shape: Sequence[int | None]) -> Tensor:
        """Returns the tensor that the application reads: the given one, or a new input of ``shape`` (without the batch axis)."""
        if self.given is not None:
            model = self.given.model
            self.layers += model.layers
            self.calls += model.calls
            self.inputs = model.inputs
            self._taken.update(layer.name for layer in model.layers)
            return Tensor(model.outputs[0], self.given.shape)
        layer = self._input_layer(tuple(UNKNOWN if size is None else size for size in shape))
        result = self._call(layer, (), (UNKNOWN, *layer.args["shape"]))
        self.inputs = (result.ref,)
        return result

    def layer(
        self,
        x: Tensor | Sequence[Tensor],
        class_name: str,
        *positional: Any,
        name: str | None = None,
        sources: Mapping[str, str] = NO_ARGS,
        **named: Any,
    ) -> Tensor:
        """Adds a layer, calls it on one or several tensors, and returns its output. Arguments are those of Keras's
        class.

        Without ``name``, the layer gets an automatic name. ``sources`` maps arguments of the layer to arguments of the application: an
        error names the latter.

        Raises :class:`Refusal` for arguments or shapes that Keras refuses.
        """
        inputs = (x,) if isinstance(x, Tensor) else tuple(x)
        layer = self._layer(class_name, positional, name, named, sources)
        return self._call(layer, inputs, self._shape(layer, tuple(tensor.shape for tensor in inputs)))

    def sequential(self, x: Tensor, name: str, *layers: tuple[str, str, Mapping[str, Any]]) -> Tensor:
        """Adds a nested Sequential and calls it. ``layers`` has the class, the name and the arguments of each inner
        layer.
        """
        shape = x.shape
        # Keras casts ``x`` first, so the input of the Sequential has the compute dtype of the policy.
        inner = [self._input_layer(shape[1:])._replace(dtype=compute_dtype(self.policy))]
        for class_name, inner_name, named in layers:
            inner.append(self._layer(class_name, (), inner_name, named))
            shape = self._shape(inner[-1], (shape,))
        # Keras creates a Functional here, which increases the number in later automatic names
        self.names.automatic("Functional")
        calls = tuple(Call(number, (Ref(number - 1),) if number else (), self.place) for number in range(len(inner)))
        model = Model(name, "Sequential", tuple(inner), calls, (Ref(0),), (Ref(len(inner) - 1),), own_flags=True)
        return self._call(Layer(name, "Sequential", model, place=self.place), (x,), shape)

    def operation(self, class_name: str, x1: Tensor, x2: Tensor | float) -> Tensor:
        """Adds an arithmetic operation, such as ``Add`` for ``x1 + x2``. The shape of the result is that of ``x1``."""
        operation = find_operation(class_name)
        assert operation is not None
        layer = Layer(self.names.automatic(class_name), class_name, operation, place=self.place)
        if isinstance(x2, Tensor):
            return self._call(layer, (x1, x2), x1.shape, {"x1": Slot(0), "x2": Slot(1)})
        return self._call(layer, (x1,), x1.shape, {"x1": Slot(0), "x2": x2})

    def model(self, name: str | None, output: Tensor, lists_inputs: bool = True) -> Model:
        """Returns the model. If ``name`` is None, the model gets an automatic name.

        ``lists_inputs`` is True if Keras writes ``Model([input], output)`` for a given ``input_tensor``, and not
        ``Model(input, output)``.
        """
        lists_inputs = lists_inputs and self.given is not None and len(self.inputs) == 1
        return Model(
            name or self.names.automatic("Functional"),
            "Functional",
            tuple(self.layers),
            tuple(self.calls),
            self.inputs,
            (output.ref,),
            place=self.place,
            own_flags=True,
            input_tree=[Slot(0)] if lists_inputs else None,
        )

    def _input_layer(self, shape: Shape) -> Layer:
        definition = require_builtin("InputLayer")
        args = {"shape": shape}
        return Layer(self.names.automatic("InputLayer"), "InputLayer", definition, args, place=self.place)

    def _layer(
        self,
        class_name: str,
        positional: Sequence[Any],
        name: str | None,
        named: Mapping[str, Any],
        sources: Mapping[str, str] = NO_ARGS,
    ) -> Layer:
        """Returns a new layer. Layers of one class with equal arguments share one mapping of arguments, to save memory."""
        key = f"{class_name} {positional} {named}"
        if key not in self._bound:
            definition = require_builtin(class_name)
            bound, refusals = bind(definition, positional, named)
            if refusals:
                raise _of_application(refusals[0], definition, name, sources)
            self._bound[key] = (
                definition,
                {k: v for k, v in bound.items() if not definition.is_default(k, v)} or NO_ARGS,
            )
        definition, args = self._bound[key]
        name = name or self.names.automatic(class_name)
        return Layer(name, definition.class_name, definition, args, dtype=self.policy, place=self.place)

    def _shape(self, layer: Layer, inputs: tuple[Shape, ...]) -> Shape:
        """Returns the output shape of a layer. The result is cached for layers with the same arguments and input
        shapes.
        """
        key = (id(layer.definition), id(layer.args), inputs)
        if key not in self._shapes:
            assert isinstance(layer.definition, LayerDefinition)
            try:
                (shape,) = apply(layer.definition, layer.args, inputs, layer.dtype).outputs
            except Refusal as refusal:
                sizes = " and ".join(
                    shown([None if size is UNKNOWN else size for size in shape[1:]]) for shape in inputs
                )
                message = f"cannot be built for this 'input_shape': {layer.class_name} '{layer.name}' gets {sizes} and "
                raise Refusal(f"{message}{refusal.message}", refusal.code, "input_shape") from None
            assert shape is not None
            self._shapes[key] = shape
        return self._shapes[key]

    def _call(
        self, layer: Layer, inputs: tuple[Tensor, ...], shape: Shape, args: Mapping[str, Any] = NO_ARGS
    ) -> Tensor:
        if layer.name in self._taken:
            message = (
                f"has a layer named '{layer.name}', but the layers of 'input_tensor' already use this name; rename it"
            )
            raise Refusal(message, codes.NAME_TAKEN, "input_tensor")
        self._taken.add(layer.name)
        self.layers.append(layer)
        self.calls.append(Call(len(self.layers) - 1, tuple(tensor.ref for tensor in inputs), self.place, args))
        return Tensor(Ref(len(self.calls) - 1), shape)


def _of_application(refusal: Refusal, layer: LayerDefinition, name: str | None, sources: Mapping[str, str]) -> Refusal:
    """Returns a refusal that names the application's argument. If no argument is the cause, it names the layer."""
    argument = sources.get(refusal.argument or "")
    if argument is None:
        subject = f"its layer '{name}'" if name else f"one of its {layer.name} layers"
        return Refusal(f"cannot create {subject}: {refusal.message}", refusal.code)
    message = refusal.message.replace(f"{layer.name}'s argument '{refusal.argument}'", f"'{argument}'")
    return Refusal(message, refusal.code, argument)
