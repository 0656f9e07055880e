"""Wrappers: TimeDistributed and Bidirectional. Sources: ``keras/src/layers/rnn``."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import Number, Shape, as_constant
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, views
from convcalc.layers.arguments import Argument, Choice, ignored_arguments
from convcalc.layers.registry import Args, Inferred, LayerDefinition, layer
from convcalc.layers.sublayer import LayerValue, SubLayer, over_steps


def _step_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how the wrapped layer reads its input, at each step separately."""
    (x,) = inputs
    batch, *others = a["layer"].views((x[0], *x[2:]))[0]
    shifted = (view and view._replace(axes=tuple(axis + 1 for axis in view.axes)) for view in others)
    return ((batch, views.View((1,)), *shifted),)


def _time_distributed_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations of the wrapped layer at each step."""
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
    flops=_time_distributed_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="TimeDistributed: {{layer: {{Dense: 8}}}}",
    example_input=(5, 4),
)
def time_distributed(a: Args, x: Shape) -> Inferred:
    """Applies a layer to each step separately.

    Parameters: the parameters of the layer; each is used at every step.
    """
    result = a["layer"].infer((x[0], *x[2:]))
    outputs = tuple(None if shape is None else (shape[0], x[1], *shape[1:]) for shape in result.outputs)
    extra = tuple(part._replace(macs=part.macs * as_constant(x[1])) for part in result.products)
    return Inferred(outputs, over_steps(result.weights, x[1]), extra, unknown=result.unknown)


def _loops_over_steps(inside: LayerDefinition) -> bool:
    """Returns True for SimpleRNN, GRU, LSTM, RNN and ConvLSTM, but not for Bidirectional itself."""
    return inside.takes_initial_state and inside.rule is not bidirectional


def _bidirectional_masks(a: Args, inputs: masks.Tensors, given: masks.Tensors) -> masks.Tensors:
    """Returns the masks of the outputs: the input's mask if the outputs are sequences, otherwise none.

    ``merge_mode: null`` gives two outputs.
    """
    if not a["layer"].setting("return_sequences"):
        return ()
    return given[:1] if a["merge_mode"] else (given[0], given[0])


def _bidirectional_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations of both layers and of the merge."""
    forward: SubLayer = a["layer"]
    backward: SubLayer = a["backward_layer"] or forward
    half = len(inputs) // 2
    both = forward.elementwise(inputs[0], *inputs[1 : 1 + half])
    both += backward.elementwise(inputs[0], *inputs[1 + half :])
    merge = {"sum": 1, "mul": 1, "ave": 2}.get(a["merge_mode"], 0)
    return both + costs.per_output(merge)(a, inputs, result)


@layer(
    "Bidirectional",
    Argument("layer", LayerValue(_loops_over_steps)),
    Argument("merge_mode", Choice(("sum", "mul", "ave", "concat")), "concat", nullable=True),
    *ignored_arguments("weights"),
    Argument("backward_layer", LayerValue(_loops_over_steps), None, nullable=True),
    inputs=(1, 20),
    takes_initial_state=True,
    contains_layers=True,
    mask_rule=_bidirectional_masks,
    consumes_mask=True,
    receptive_field_rule=views.whole_sample,
    flops=_bidirectional_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Bidirectional: {{layer: {{LSTM: 8}}}}",
    example_input=(5, 4),
)
def bidirectional(a: Args, x: Shape, *states: Shape) -> Inferred:
    """Runs a recurrent layer forwards and another one backwards, and merges their outputs.

    Output: twice as many features with merge_mode concat; two separate outputs with null. Parameters: the parameters of
    both layers.
    """
    forward: SubLayer = a["layer"]
    backward: SubLayer = a["backward_layer"] or forward
    # Without ``backward_layer``, Keras runs a copy of the layer backwards.
    goes_backwards = backward.setting("go_backwards") if a["backward_layer"] else True
    if goes_backwards == forward.setting("go_backwards"):
        raise Refusal(
            "needs a layer with go_backwards: false and one with go_backwards: true", codes.DIRECTIONS, "backward_layer"
        )
    for name in ("stateful", "return_sequences", "return_state"):
        if forward.setting(name) != backward.setting(name):
            raise Refusal(f"needs the same {name} in both layers", codes.DIRECTIONS, "backward_layer")
    if forward.setting("stateful") and forward.setting("return_state"):
        raise Refusal(
            "cannot have stateful together with return_state, because Keras fails with this combination",
            codes.DIRECTIONS,
            "layer",
        )
    half = len(states) // 2
    there, back = forward.infer(x, *states[:half]), backward.infer(x, *states[half:])
    output, inner = there.outputs[0], there.outputs[1:]
    if a["merge_mode"] == "concat" and output is not None:
        output = (*output[:-1], output[-1] * 2)
    merged = (output, output) if a["merge_mode"] is None else (output,)
    return Inferred(
        (*merged, *inner, *inner),
        there.weights + back.weights,
        there.products + back.products,
        unknown=there.unknown | back.unknown,
    )
