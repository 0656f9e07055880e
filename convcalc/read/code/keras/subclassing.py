"""Custom layers and models of a program. Their ``build`` and ``call`` are followed for the shapes of each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.analyse.inference import infer_inner_model
from convcalc.base.numbers import Shape
from convcalc.base.problems import Refusal, Source
from convcalc.layers import LayerDefinition, require_builtin
from convcalc.layers.registry import Inferred
from convcalc.model import Call, Foreign, Model, Ref
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.calls import finish, new_node, unknown_output
from convcalc.read.code.keras.following import CallForm, Followed, build, follow, own_method, placeholder
from convcalc.read.code.keras.graph import (
    LayerValue,
    ModelValue,
    TensorValue,
    leaves,
    mapped,
    tensors_in,
    to_sizes,
)
from convcalc.read.code.keras.stated_shapes import stated_definition
from convcalc.read.code.keras.to_model import functional, layer_of, note, notes, variables_layer, with_inner_layers
from convcalc.read.code.keras.unbuilt import (
    follow_stated,
    leaves_layers_unbuilt,
    note_run,
    states_other_shape,
    unbuilt_note,
)
from convcalc.read.code.keras.uncalled import with_uncalled_layers
from convcalc.read.code.language.values import Spot, Unknown, first_unknown


def call_own_layer(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the outputs of a call of a custom layer or a Lambda."""
    if (
        isinstance(layer, ModelValue)
        and own_method(layer, "call") is None
        and (layer.outputs is not None or layer.is_sequential)
    ):
        return run.call_model(layer, args, kwargs, spot)
    base = layer.attributes.get("__base__")
    if isinstance(base, LayerValue) and _only_renames(layer):
        base.name, base.cls, base.shown_class = layer.name, None, layer.class_name
        return run.call_layer(base, args, kwargs, spot)
    inputs = tensors_in((args, kwargs))
    is_on_data = not inputs and not run.inside
    if is_on_data and _contains_models(layer):
        args, kwargs = mapped(args, _as_tensor(run)), {name: mapped(kwargs[name], _as_tensor(run)) for name in kwargs}
        inputs = tensors_in((args, kwargs))
    if inputs and layer.definition is not None and layer.cls is not None and not layer.cached.get("forms"):
        return finish(run, new_node(run, layer, inputs, spot))  # a layer that states its output shape
    if _states_its_shape(layer) and inputs:
        layer.definition = require_builtin("Lambda")
        return finish(run, new_node(run, layer, inputs, spot))
    forms: list[CallForm] = layer.cached.setdefault("forms", [])
    forms.append(CallForm(args, kwargs, spot))
    number = len(forms) - 1
    build(run, layer, args, kwargs, spot)
    if is_on_data or run.inside:
        note_run([layer])
    if inputs and leaves_layers_unbuilt(run, layer):
        layer.cached["unbuilt"] = unbuilt_note(layer)
    followed = _follow(run, layer, args, kwargs, spot)
    if isinstance(followed, Followed) and states_other_shape(run, layer, args, followed, spot):
        followed = _follow(run, layer, args, kwargs, spot)
    if not run.trying and number == 0 and _is_open(followed):
        stated = stated_definition(run, layer, args, spot)
        if stated is not None:
            forms.clear()
            layer.definition = stated
            return finish(run, new_node(run, layer, inputs, spot))
    node = new_node(run, layer, inputs, spot, {"call": number} if number else {})
    if isinstance(followed, Unknown):
        layer.unknown = layer.unknown or followed
        return unknown_output(run, node, followed)
    layer.cached[_key(number, [(tensor.shape, tensor.dtype) for tensor in inputs])] = followed

    def outer(value: Any) -> Any:
        if isinstance(value, (TensorValue, Unknown)):
            shape, dtype = (value.shape, value.dtype) if isinstance(value, TensorValue) else (None, "float32")
            reason = value.reason if isinstance(value, TensorValue) else value
            tensor = TensorValue(node, len(node.outputs), shape, dtype, reason)
            node.outputs.append(tensor)
            return tensor
        return value

    reason = first_unknown(list(leaves(followed.result)))
    if reason is not None:
        layer.unknown = layer.unknown or Unknown(f"its output is unknown: {reason.reason}", reason.spot)
    result = mapped(followed.result, outer)
    if is_on_data:
        return mapped(
            result,
            lambda value: (
                Array(tuple(value.sizes)) if isinstance(value, TensorValue) and value.shape is not None else value
            ),
        )
    return result


def _contains_models(layer: LayerValue) -> bool:
    """Returns True for a model, and for a layer with a model inside it: a model gets tensors."""
    return any(isinstance(part, ModelValue) for part in with_inner_layers([layer]))


def _as_tensor(run: Any) -> Any:
    """Returns a function that replaces an array with a tensor of its shape."""

    def tensor_of(value: Any) -> Any:
        return placeholder(run, value.shape, value.dtype) if isinstance(value, Array) and value.shape else value

    return tensor_of


def _follow(
    run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot | None
) -> Followed | Unknown:
    return (follow_stated if "unbuilt" in layer.cached else follow)(run, layer, args, kwargs, spot)


def _only_renames(layer: LayerValue) -> bool:
    """Returns True if a custom class changes only the arguments of a Keras layer: it has no code and no parts of its own."""
    has_code = any(own_method(layer, name) is not None for name in ("call", "build"))
    return not has_code and not layer.weights and not layer.tracked and layer.path != "keras.layers.Lambda"


def _states_its_shape(layer: LayerValue) -> bool:
    """Returns True for a Lambda with the argument ``output_shape``. Keras does not check this shape."""
    shape = layer.given.get("output_shape") if layer.path == "keras.layers.Lambda" and layer.cls is None else None
    return isinstance(shape, (list, tuple)) and all(size is None or isinstance(size, int) for size in shape)


def _is_open(followed: Followed | Unknown) -> bool:
    """Returns True if the shape of a result is unknown."""
    if isinstance(followed, Unknown):
        return True
    parts = list(leaves(followed.result))
    return any(isinstance(part, Unknown) or (isinstance(part, TensorValue) and part.shape is None) for part in parts)


def _key(number: int, inputs: Sequence[tuple[Shape | None, str]]) -> Any:
    return (number, tuple(inputs))


def inner_model(run: Any, layer: LayerValue, followed: Followed) -> Model:
    """Returns a model of the layers and operations that a custom layer calls."""
    run.inside += 1
    try:
        model = functional(run, layer.name, "Functional", followed.inputs, followed.result, nodes=followed.nodes)
    finally:
        run.inside -= 1
    model = model._replace(subclassed=True)  # calls whose outputs are unused have rows too
    model = with_uncalled_layers(run, model, layer, followed.nodes)
    if not layer.weights:
        return model
    layers = (*model.layers, variables_layer(run, layer))
    return model._replace(layers=layers, calls=(*model.calls, Call(len(layers) - 1, ())))


def own_definition(run: Any, layer: LayerValue) -> Any:
    """Returns the definition of a custom layer or a Lambda. Its template follows ``call`` for the given shapes."""
    base = layer.attributes.get("__base__")
    if isinstance(base, LayerValue) and _only_renames(layer):
        return base.definition
    is_lambda = layer.cls is None and layer.path == "keras.layers.Lambda"
    if layer.definition is not None and not (
        is_lambda and layer.cached.get("forms") and getattr(layer.definition, "is_opaque", True)
    ):
        return layer.definition
    if not layer.cached.get("forms") and own_method(layer, "call") is None:
        return Foreign(layer.class_name)

    def template(args: Mapping[str, Any], inputs: Sequence[tuple[Shape, str]], policy: str) -> Model:
        number = args.get("call", 0)
        followed = layer.cached.get(_key(number, inputs))
        if followed is None:
            followed = _follow_again(run, layer, _form(run, layer, number, inputs), inputs)
            layer.cached[_key(number, inputs)] = followed
        if isinstance(followed, Unknown):
            raise Refusal(f"cannot be determined: {followed.reason}")
        return inner_model(run, layer, followed)

    def rule(args: Mapping[str, Any], *inputs: Shape) -> Inferred:
        return infer_inner_model(template(args, [(shape, "float32") for shape in inputs], layer.dtype), inputs)

    if layer.unknown is not None and not any(isinstance(value, Followed) for value in layer.cached.values()):
        layer.definition = layer.definition if is_lambda else Foreign(layer.class_name)
        return layer.definition
    definition: LayerDefinition = require_builtin("Lambda" if layer.cls is None else "Identity")._replace(
        name=layer.class_name,
        class_name=layer.class_name,
        family="custom",
        arguments=(),
        defaults={},
        call_arguments=(),
        rule=rule,
        doc="A layer of the program.",
        inputs=None,
        axes=None,
        min_axes=0,
        is_custom=layer.cls is not None,
        is_opaque=False,
        contains_layers=True,
        template=template,
        keras_module="" if layer.cls is not None else "keras.layers",
    )
    layer.definition = definition
    return definition


def _form(run: Any, layer: LayerValue, number: int, inputs: Sequence[tuple[Shape, str]]) -> CallForm:
    """Returns the arguments of a call. Creates arguments for a layer that only another layer calls, such as
    TimeDistributed.
    """
    forms: list[CallForm] = layer.cached.setdefault("forms", [])
    if not forms:
        spot = layer.spot or _NOWHERE
        args: list[Any] = [placeholder(run, to_sizes(shape), dtype) for shape, dtype in inputs]
        build(run, layer, args, {}, spot)
        forms.append(CallForm(args, {}, spot))
    return forms[number]


_NOWHERE = Spot(Source("", ""), 1, 0)


def _follow_again(
    run: Any, layer: LayerValue, form: CallForm, inputs: Sequence[tuple[Shape, str]]
) -> Followed | Unknown:
    """Follows ``call`` again, for inputs of other shapes."""
    waiting = list(inputs)

    def resized(value: Any) -> Any:
        if not isinstance(value, TensorValue) or not waiting:
            return value
        shape, dtype = waiting.pop(0)
        return TensorValue(value.node, value.index, shape, dtype)

    args = [mapped(value, resized) for value in form.args]
    kwargs = {name: mapped(value, resized) for name, value in form.kwargs.items()}
    return _follow(run, layer, args, kwargs, form.spot)


def own_model(run: Any, model: ModelValue) -> Model:
    """Converts a custom model to a model of convcalc. The shapes are those of its first call."""
    forms = model.cached.get("forms")
    own = Foreign(model.class_name)
    followed = next((value for value in model.cached.values() if isinstance(value, Followed)), None) if forms else None
    if followed is None:
        text = "it is never called, so the shape of its input is unknown; give it with --input"
        value = model.cached.get("unknown input")
        if value is not None:
            text = f"the code does not state the shape of its input; give it with --input: {value.reason}"
        reason = model.unknown or Unknown(text, model.spot)
        model.unknown = reason
        source = layer_of(run, _unknown_input())
        layers = [layer_of(run, layer) for layer in model.tracked]
        calls = [Call(0, ()), *(Call(number + 1, (Ref(0),)) for number in range(len(layers)))]
        problems = tuple(notes([model, *model.tracked]))
        return Model(
            model.name, model.class_name, (source, *layers), tuple(calls), (Ref(0),), (), own_flags=True, own_class=own,
            problems=problems, trainable=model.is_trainable, subclassed=True,
        )  # fmt: skip
    inner = inner_model(run, model, followed)
    warnings = [*inner.problems, *notes([model])]
    no_shape = next((tensor for tensor in followed.inputs if tensor.shape is None), None)
    if no_shape is not None and not warnings:
        reason = no_shape.reason or Unknown("it is not known", model.spot)
        text = f"the shape of its input is unknown: {reason.reason}"
        warnings.append(note(model, Unknown(text, reason.spot or model.spot, reason.name)))
    return in_order(inner, [layer.name for layer in model.tracked])._replace(
        name=model.name,
        class_name=model.class_name,
        own_class=own,
        subclassed=True,
        trainable=model.is_trainable,
        problems=tuple(warnings),
    )


def _unknown_input() -> LayerValue:
    layer = LayerValue("keras.layers.InputLayer", "input", None)
    layer.definition = Foreign("InputLayer")
    return layer


def in_order(model: Model, names: Sequence[str]) -> Model:
    """Sorts the layers of a model: the layers in ``names`` come first, in this order."""
    rank = {name: number for number, name in enumerate(names)}
    order = sorted(range(len(model.layers)), key=lambda number: rank.get(model.layers[number].name, len(rank)))
    place = {old: new for new, old in enumerate(order)}
    calls = tuple(call._replace(layer=place[call.layer]) for call in model.calls)
    return model._replace(layers=tuple(model.layers[number] for number in order), calls=calls)
