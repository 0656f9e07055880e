"""Converts the models of a program to models of convcalc."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from convcalc.base import codes
from convcalc.base.keras_names import Names
from convcalc.base.numbers import UNKNOWN, Shape
from convcalc.base.problems import Problem
from convcalc.layers import LayerDefinition, require_builtin
from convcalc.layers.registry import Inferred, Weight
from convcalc.layers.weightless import WEIGHTLESS
from convcalc.model import Call, Foreign, Layer, Model, Ref, Slot, input_args
from convcalc.ops import Operation
from convcalc.read.code.keras.graph import LayerValue, ModelValue, Node, TensorValue, from_sizes, leaves, nodes_between
from convcalc.read.code.language.values import Unknown
from convcalc.read.spec.graph import FileContext, GraphBuilder


def layer_of(run: Any, layer: LayerValue) -> Layer:
    """Converts a layer of the program to a layer of convcalc's model."""
    made = _layer_of(run, layer)
    return made._replace(identity=_identity(run, layer)) if may_have_weights(layer) else made


def _identity(run: Any, layer: LayerValue) -> int:
    """Returns a number that only this layer of the program has."""
    if "identity" not in layer.cached:
        run.layer_count += 1
        layer.cached["identity"] = run.layer_count
    number: int = layer.cached["identity"]
    return number


def _layer_of(run: Any, layer: LayerValue) -> Layer:
    definition = inner_definition(run, layer)
    if isinstance(definition, Model):
        return Layer(layer.name, definition.shown_class, definition, trainable=layer.is_trainable, place=layer.spot)
    made = Layer(
        layer.name,
        layer.shown_class or layer.class_name,
        definition,
        layer.args,
        layer.is_trainable,
        layer.dtype,
        place=layer.spot,
    )
    return made._replace(args=input_args(made)) if layer.path == "keras.layers.InputLayer" else made


def inner_definition(run: Any, layer: LayerValue) -> Any:
    """Returns the definition of a layer. For a model that is used as a layer, returns the model."""
    if layer.cls is not None or layer.path == "keras.layers.Lambda":
        return run.own_definition(layer)
    if isinstance(layer, ModelValue):
        if layer.is_sequential and layer.input_tensor is None:
            return Foreign(layer.class_name)
        return model_of(run, layer)
    return layer.definition


def model_of(run: Any, model: ModelValue) -> Model:
    """Converts a model of the program to a model of convcalc."""
    if model.read is not None:
        return model.read._replace(name=model.name)
    if model.is_sequential:
        return _sequential(run, model)
    if model.is_functional:
        return functional(run, model.name, model.class_name, model.inputs, model.outputs, model.is_trainable)
    built: Model = run.own_model(model)
    return built


def functional(
    run: Any,
    name: str,
    class_name: str,
    inputs: Any,
    outputs: Any,
    trainable: bool = True,
    nodes: Sequence[Node] | None = None,
) -> Model:
    """Returns the functional model from the input tensors to the output tensors. If ``nodes`` is given, it lists the
    calls.
    """
    ins = [tensor for tensor in leaves(inputs) if isinstance(tensor, TensorValue)]
    outs = [tensor for tensor in leaves(outputs) if isinstance(tensor, TensorValue)]
    calls = nodes_between(ins, outs) if nodes is None else nodes
    graph = GraphBuilder(FileContext())
    graph.file.names = run.names if not run.inside else Names()
    numbers: dict[int, int] = {}
    places: dict[int, int] = {}
    for node in calls:
        number = numbers.get(id(node.layer))
        if number is None:
            layer = layer_of(run, node.layer)
            number = numbers[id(node.layer)] = graph.add_layer(layer) if nodes is None else graph.add_placeholder(layer)
        refs = tuple(Ref(places[id(tensor.node)], tensor.index) for tensor in node.inputs if id(tensor.node) in places)
        masks = tuple(Ref(places[id(tensor.node)], tensor.index) for tensor in node.masks if id(tensor.node) in places)
        ref = graph.call(number, refs, node.spot, node.args)
        if node.constants or masks:
            graph.calls[-1] = graph.calls[-1]._replace(constants=node.constants, masks=masks)
        places[id(node)] = ref.call
    graph.inputs = [Ref(places[id(tensor.node)], tensor.index) for tensor in ins]
    for node in nodes_inside_others(calls):
        number = numbers[id(node.layer)]
        graph.layers[number] = graph.layers[number]._replace(shares_weights=True)
    model = graph.finish(
        name, "Functional", [Ref(places[id(tensor.node)], tensor.index) for tensor in outs if id(tensor.node) in places]
    )
    names = tuple(str(key) for key in outputs) if isinstance(outputs, dict) else ()
    own = None if class_name in ("Functional", "Model") else Foreign(class_name)
    kept = [problem for problem in graph.file.problems if problem.code != codes.UNUSED_LAYER]  # Keras accepts these
    found = [_for_old_keras(run, problem) for problem in kept]
    problems = (*found, *notes(node.layer for node in calls))
    return model._replace(
        trainable=trainable,
        own_flags=True,
        output_names=names,
        input_tree=_tree(inputs),
        output_tree=_tree(outputs),
        own_class=own,
        problems=problems,
    )


def _tree(value: Any) -> Any:
    """Returns the lists and dicts of a model's inputs or outputs, with a slot for each tensor.

    Returns None for one tensor, and for a list of several tensors.
    """
    if isinstance(value, TensorValue):
        return None
    if isinstance(value, (list, tuple)) and len(value) > 1 and all(isinstance(part, TensorValue) for part in value):
        return None
    numbers = count()

    def form(part: Any) -> Any:
        if isinstance(part, TensorValue):
            return Slot(next(numbers))
        if isinstance(part, dict):
            return {str(key): form(part[key]) for key in sorted(part, key=str)}
        return [form(inner) for inner in part] if isinstance(part, (list, tuple)) else part

    return form(value)


def _for_old_keras(run: Any, problem: Problem) -> Problem:
    """Changes the error about a name with a slash to a warning, if the program uses Keras 1 or 2, which accept the
    name.
    """
    if not run.is_old_keras or problem.code != codes.INVALID_NAME:
        return problem
    message = problem.message.replace(
        "which a layer's name cannot contain", "which Keras 3 does not accept in a layer's name"
    )
    return problem._replace(message=message, severity="warning")


_COPIES = ("keras.layers.Bidirectional",)  # wrappers whose layers are copies of the layer that they get


def nodes_inside_others(nodes: Sequence[Node]) -> list[Node]:
    """Returns a call of each layer whose weights are all in another layer that is called, such as the cell of an RNN."""
    layers = {id(node.layer): node for node in nodes}
    if not any(_wraps(node.layer) for node in layers.values()):
        return []
    owners = {key: _owners(node.layer) for key, node in layers.items()}
    holders: dict[int, set[int]] = {}
    for key, owned in owners.items():
        for owner in owned:
            holders.setdefault(owner, set()).add(key)
    result: list[Node] = []
    for key, node in sorted(layers.items(), key=lambda item: len(owners[item[0]])):
        others = [holders[owner] - {key} for owner in owners[key]]
        if others and all(others):
            result.append(node)
            for owner in owners[key]:
                holders[owner].discard(key)
    return result


def _wraps(layer: LayerValue) -> bool:
    """Returns True for a layer that has layers which the program may also call elsewhere."""
    return bool(layer.cls is not None or isinstance(layer, ModelValue) or layer.inner_layers())


def _owners(layer: LayerValue) -> set[int]:
    """Returns the identities of the layers with weights of their own in a layer, itself included."""
    result: set[int] = set()
    for part in with_inner_layers([layer], _COPIES):
        if part.weights or (not _wraps(part) and may_have_weights(part)) or part.path in _COPIES:
            result.add(id(part))
    return result


def may_have_weights(layer: LayerValue) -> bool:
    """Returns False for operations, and for layers that never have weights."""
    return not isinstance(layer.definition, Operation) and layer.class_name not in WEIGHTLESS


def _sequential(run: Any, model: ModelValue) -> Model:
    """Converts a Sequential. If its input shape is unknown, all its shapes are unknown."""
    run.assume_input(model)
    tensor = model.input_tensor
    if tensor is not None:
        first_layer = tensor.node.layer
        first: Layer = layer_of(run, first_layer)
    else:
        first = Layer("input", "InputLayer", Foreign("InputLayer"))
    layers, calls = [first], [Call(0, ())]
    numbers: dict[int, int] = {}
    for value in model.layers:
        number = numbers.get(id(value))
        if number is None:
            number = numbers[id(value)] = len(layers)
            layers.append(layer_of(run, value))
        node = value.nodes[-1] if value.nodes else None
        args: Mapping[str, Any] = node.args if node is not None else {}
        calls.append(
            Call(number, (Ref(len(calls) - 1),), node.spot if node is not None and node.spot else value.spot, args)
        )
    own = None if model.cls is None else Foreign(model.class_name)
    found = notes([first_layer, *model.layers] if tensor is not None else model.layers)
    if tensor is None:
        found.insert(0, no_input(model))
    return Model(
        model.name,
        "Sequential",
        tuple(layers),
        tuple(calls),
        (Ref(0),),
        (Ref(len(calls) - 1),),
        trainable=model.is_trainable,
        own_flags=True,
        own_class=own,
        problems=tuple(found),
    )


def no_input(model: ModelValue) -> Problem:
    """Returns the warning for a model whose input shape is unknown, because the program does not call it."""
    first = model.layers[0] if model.layers else None
    names = ("input_shape", "batch_input_shape", "input_dim")
    given = [] if first is None else [first.given.get(name) for name in names]
    unknown = next((value for value in given if isinstance(value, Unknown)), None)
    if first is not None and unknown is not None:
        text = (
            f"the input shape is `{unknown.name}`, which is unknown" if unknown.name else "the input shape is unknown"
        )
        return note(first, Unknown(f"{text}: {unknown.reason}", unknown.spot, unknown.name))
    mark = None if model.spot is None else model.spot.mark()
    message = (
        f"'{model.name}' ({model.class_name}): the code does not state the shape of its input; give it with --input"
    )
    return Problem(codes.UNKNOWN_VALUE, message, mark, model.name, "warning")


def with_inner_layers(layers: Iterable[LayerValue], closed: Sequence[str] = ()) -> list[LayerValue]:
    """Returns the layers and all layers inside them, each once. Does not look into layers with a path in ``closed``."""
    waiting = list(reversed(list(layers)))
    known: dict[int, LayerValue] = {}
    while waiting:
        layer = waiting.pop()
        if id(layer) not in known:
            known[id(layer)] = layer
            if layer.path in closed:
                continue
            followed = [node.layer for value in layer.cached.values() for node in getattr(value, "nodes", ())]
            waiting += reversed([*layer.inner_layers(), *followed])
    return list(known.values())


def notes(layers: Any) -> list[Problem]:
    """Returns a warning for each layer whose shapes or counts are unknown."""
    found = with_inner_layers(layers)
    unbuilt = [layer.cached["unbuilt"] for layer in found if "unbuilt" in layer.cached]
    return [*(note(layer, layer.unknown) for layer in found if layer.unknown is not None), *unbuilt]


def note(layer: LayerValue, unknown: Unknown) -> Problem:
    """Returns the warning that says why the shapes or counts of a layer are unknown."""
    spot = unknown.spot or layer.spot
    mark = None if spot is None else spot.mark()
    is_open_input = layer.path == "keras.layers.InputLayer" and not unknown.name
    cure = f"; give it with --input {layer.name}=…" if is_open_input else _cure(unknown, layer.path == "unknown")
    message = f"'{layer.name}' ({layer.class_name}): {unknown.reason}{cure}"
    return Problem(codes.UNKNOWN_VALUE, message, mark, layer.name, "warning")


def _cure(unknown: Unknown, is_tensor: bool) -> str:
    """Returns the end of a message, such as "; give it with --set n=…". "" if no name gives the value.

    The best name is that of a parameter, unless the value is an attribute or an item of it. A tensor has no value.
    """
    name = unknown.name
    parameter = _PARAMETER.search(unknown.reason)
    is_part = parameter is not None and name.startswith((f"{parameter[1]}.", f"{parameter[1]}["))
    if parameter is not None and not is_part and (is_tensor or not name.isidentifier()):
        name = parameter[1]
    elif is_tensor:
        return ""
    if not name:
        return ""
    plain = name.replace(".", "").isidentifier()
    return f"; give it with --set {name}=…" if plain else f"; give it with --set '{name}=…'"


_PARAMETER = re.compile(r"the parameter `(\w+)` (?:of `\w+` )?has no default")


# The variables of a layer of the program ----------------------------------------------------------------------------------


def own_weights(layer: LayerValue) -> tuple[Weight, ...]:
    """Returns the own variables of a custom layer as weights."""
    return tuple(
        Weight(
            weight.name,
            from_sizes(weight.shape),
            trainable=weight.trainable,
            frozen_because="trainable=False in the code",
            dtype=weight.dtype,
        )
        for weight in layer.owned_weights()
    )


def variables_layer(run: Any, layer: LayerValue) -> Layer:
    """Returns a layer without inputs. Its weights are the own variables of a custom layer."""
    weights = own_weights(layer)
    definition = WITHOUT_INPUTS._replace(rule=lambda a, *inputs: Inferred(((),), weights))
    return Layer(
        "variables",
        "Variables",
        definition,
        trainable=layer.is_trainable,
        dtype=layer.dtype,
        place=layer.spot,
        identity=_identity(run, layer),
    )


def _no_rule(a: Mapping[str, Any], *inputs: Shape) -> Inferred:
    """Placeholder. ``variables_layer`` replaces it by a rule with the weights of one layer."""
    return Inferred((UNKNOWN,))  # type: ignore[arg-type]


WITHOUT_INPUTS: LayerDefinition = require_builtin("InputLayer")._replace(
    name="Variables",
    class_name="Variables",
    arguments=(),
    defaults={},
    rule=_no_rule,
    doc="The variables of a layer.",
    is_custom=True,
)
