"""Returns advice for a call of a program that a layer refuses: the graph before the call is run again as a model."""

from __future__ import annotations

from typing import Any

from convcalc.analyse.inference import run_calls, start_session
from convcalc.layers import require_builtin
from convcalc.model import Call, Layer, Model, Ref
from convcalc.read.code.keras.graph import Node

_MAX_NODES = 300  # for a larger graph, no advice is given


def with_advice(run: Any, node: Node, message: str) -> str:
    """Returns the message of a refused call, with advice that depends on the layers before the call."""
    nodes = _before(node)
    if not nodes:
        return message
    layers: list[Layer] = []
    numbers: dict[int, int] = {}
    calls: list[Call] = []
    places = {id(part): number for number, part in enumerate(nodes)}
    shapes = []
    for part in nodes:
        if not part.inputs:
            shapes.append(part.outputs[0].shape if part.outputs else None)
            definition = require_builtin("InputLayer")
            layers.append(Layer(part.layer.name, "InputLayer", definition, dtype="float32", place=part.spot))
            calls.append(Call(len(layers) - 1, ()))
            continue
        if id(part.layer) not in numbers:
            numbers[id(part.layer)] = len(layers)
            layers.append(run.layer_of(part.layer)._replace(place=part.spot))
        refs = tuple(Ref(places[id(tensor.node)], tensor.index) for tensor in part.inputs)
        calls.append(part.call()._replace(layer=numbers[id(part.layer)], inputs=refs, masks=(), order=()))
    inputs = tuple(Ref(number) for number, part in enumerate(nodes) if not part.inputs)
    model = Model("", "Functional", tuple(layers), tuple(calls), inputs, (Ref(len(calls) - 1),))
    session = start_session()
    run_calls(model, shapes, session)
    last = next((problem for problem in session.problems if problem.layer == layers[calls[-1].layer].name), None)
    # The graph has no other inputs than the call, so the text differs only in the advice.
    return last.message if last is not None and message.partition(";")[0] == last.message.partition(";")[0] else message


def _before(node: Node) -> list[Node]:
    """Returns the nodes on which a node depends, and the node itself at the end; empty if there are too many."""
    known: dict[int, Node] = {}
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if id(part) not in known:
            known[id(part)] = part
            waiting += [tensor.node for tensor in part.inputs]
        if len(known) > _MAX_NODES:
            return []
    return sorted(known.values(), key=lambda part: part.number)
