"""Layers around recurrent and other layers: one at every step, or one each way. Sources: ``keras/src/layers/rnn``."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import Number, Shape, as_constant
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, views
from convcalc.layers.arguments import Argument, Choice, ignored_arguments
from convcalc.layers.registry import Args, Inferred, LayerDefinition, layer
from convcalc.layers.sublayer import LayerValue, SubLayer, over_steps


def _step_views(a: Args, inputs: Sequence[Shape], found: Inferred) -> views.Views:
    """Each step by itself, as the layer inside looks at it."""
    (x,) = inputs
    batch, *others = a["layer"].views((x[0], *x[2:]))[0]
    behind = (view and view._replace(axes=tuple(axis + 1 for axis in view.axes)) for view in others)
    return ((batch, views.View((1,)), *behind),)


def _at_each_step(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """That of the layer, at each step."""
    batch, steps, *rest = inputs[0]
    wrapped: SubLayer = a["layer"]
    return costs.times(wrapped.elementwise((batch, *rest)), steps)


@layer(
    "TimeDistributed",
    Argument("layer", LayerValue()),
    min_axes=2,
    contains_layers=True,
    mask_rule=masks.keeps,
    consumes_mask=True,
    receptive_field_rule=_step_views,
    flops=_at_each_step,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="TimeDistributed: {{layer: {{Dense: 8}}}}",
    example_input=(5, 4),
)
def time_distributed(a: Args, x: Shape) -> Inferred:
    """Applies one layer to each step by itself.

    Parameters: those of the layer; each is used at every step.
    """
    found = a["layer"].infer((x[0], *x[2:]))
    outputs = tuple(None if shape is None else (shape[0], x[1], *shape[1:]) for shape in found.outputs)
    extra = tuple(part._replace(macs=part.macs * as_constant(x[1])) for part in found.products)
    return Inferred(outputs, over_steps(found.weights, x[1]), extra, unknown=found.unknown)


def _loops_over_steps(inside: LayerDefinition) -> bool:
    """True for SimpleRNN, GRU, LSTM, RNN and ConvLSTM, but not for Bidirectional itself."""
    return inside.takes_initial_state and inside.rule is not bidirectional


def _both_ways(a: Args, inputs: masks.Given, given: masks.Given) -> masks.Given:
    """The mask goes on, with every sequence."""
    if not a["layer"].setting("return_sequences"):
        return ()
    return given[:1] if a["merge_mode"] else (given[0], given[0])


def _both_directions(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """That of both layers, and of the merge."""
    forward: SubLayer = a["layer"]
    backward: SubLayer = a["backward_layer"] or forward
    half = len(inputs) // 2
    one = forward.elementwise(inputs[0], *inputs[1 : 1 + half])
    other = backward.elementwise(inputs[0], *inputs[1 + half :])
    merge = {"sum": 1, "mul": 1, "ave": 2}.get(a["merge_mode"], 0)
    return one + other + costs.per_output(merge)(a, inputs, found)


@layer(
    "Bidirectional",
    Argument("layer", LayerValue(_loops_over_steps)),
    Argument("merge_mode", Choice(("sum", "mul", "ave", "concat")), "concat", nullable=True),
    *ignored_arguments("weights"),
    Argument("backward_layer", LayerValue(_loops_over_steps), None, nullable=True),
    inputs=(1, 20),
    takes_initial_state=True,
    contains_layers=True,
    mask_rule=_both_ways,
    consumes_mask=True,
    receptive_field_rule=views.everything,
    flops=_both_directions,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Bidirectional: {{layer: {{LSTM: 8}}}}",
    example_input=(5, 4),
)
def bidirectional(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Runs a recurrent layer forwards and another backwards, and merges what they give.

    Output: with merge_mode concat twice as wide; with null both outputs. Parameters: those of both layers.
    """
    forward: SubLayer = a["layer"]
    backward: SubLayer = a["backward_layer"] or forward
    # Without a layer of its own the way back is a copy, which Keras makes run backwards whatever the layer does itself.
    turned = backward.setting("go_backwards") if a["backward_layer"] else True
    if turned == forward.setting("go_backwards"):
        raise Refusal(
            "needs one layer that goes forwards and one that goes backwards", codes.DIRECTIONS, "backward_layer"
        )
    for name in ("stateful", "return_sequences", "return_state"):
        if forward.setting(name) != backward.setting(name):
            raise Refusal(f"needs the same {name} of both layers", codes.DIRECTIONS, "backward_layer")
    if forward.setting("stateful") and forward.setting("return_state"):
        raise Refusal(
            "cannot be stateful and return its states as well: Keras fails on that", codes.DIRECTIONS, "layer"
        )
    half = len(states) // 2
    one, other = forward.infer(x, *states[:half]), backward.infer(x, *states[half:])
    output, inner = one.outputs[0], one.outputs[1:]
    if a["merge_mode"] == "concat" and output is not None:
        output = (*output[:-1], output[-1] * 2)
    merged = (output, output) if a["merge_mode"] is None else (output,)
    return Inferred((*merged, *inner, *inner), one.weights + other.weights, one.products + other.products)
