"""Layers that merge several tensors into one. Sources: ``keras/src/layers/merging``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, ConstantShape, Number, Shape, merged_names, plain, product
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, views
from convcalc.layers.arguments import Argument, Boolean, Integer, IntegerOrPair
from convcalc.layers.registry import IN_PLACE, SAME, Args, Cost, Inferred, Product, axis_index, layer


def _batch(shapes: tuple[Shape, ...]) -> Number:
    known = {shape[0] for shape in shapes if shape[0] is not UNKNOWN}
    if len(known) > 1:
        raise Refusal("cannot merge batches of different sizes", codes.SHAPES_DIFFER)
    return known.pop() if known else UNKNOWN


def _without_batch(shape: Shape) -> Shape:
    """Returns the shape without its batch axis. The shape of a constant stays a :class:`ConstantShape`."""
    return ConstantShape(shape[1:]) if isinstance(shape, ConstantShape) else shape[1:]


def _broadcast(x: Shape, y: Shape) -> Shape:
    """Returns the shape of an elementwise result, as Keras's merge layers compute it.

    ``None`` and any other size give ``None``. A constant without axes (``y``) gives a shape without axes.
    """
    if isinstance(y, ConstantShape) and not y:
        return ()
    if len(x) < len(y):
        x, y = y, x
    head = len(x) - len(y)

    def size(a: Number, b: Number) -> Number:
        if a is UNKNOWN or b is UNKNOWN:
            return UNKNOWN
        if a == 1 or b == 1:
            return b if a == 1 else a
        if plain(a) is UNKNOWN or plain(b) is UNKNOWN:
            return merged_names(a, b)
        if a != b:
            raise Refusal(f"cannot combine {a} with {b}")
        return a

    return (*x[:head], *map(size, x[head:], y))


def _elementwise(shapes: tuple[Shape, ...]) -> Inferred:
    first = shapes[0]
    if shapes.count(first) == len(shapes):  # a short cut for the usual case: all shapes are equal
        return Inferred((first,))
    batch = _batch(shapes)
    try:
        merged = reduce(_broadcast, map(_without_batch, shapes))
    except Refusal as refusal:
        raise Refusal("needs inputs whose sizes are equal, or 1, on every axis", codes.SHAPES_DIFFER) from refusal
    return Inferred(((batch, *merged),))


def _pairwise(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts one operation per element for each input after the first."""
    return costs.per_output(len(inputs) - 1)(a, inputs, result)


def _averaging(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the additions and one division for each output element."""
    return costs.per_output(len(inputs))(a, inputs, result)


def _tf_pairwise(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts one operation per element for each input after the first."""
    return costs.tf_per_output(len(inputs) - 1)(a, inputs, result)


def _tf_averaging(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the additions and one division for each output element."""
    return costs.tf_per_output(len(inputs))(a, inputs, result)


def _merging(
    name: str, does: str, flops: Cost = _pairwise, tf_flops: Cost = _tf_pairwise, inputs: int | None = None
) -> None:
    """Declares an elementwise layer. ``does`` says what the layer computes."""

    def rule(a: Args, *shapes: Shape) -> Inferred:
        return _elementwise(shapes)

    rule.__doc__ = f"{does}, element by element.\n\nThe inputs have equal sizes on every axis; axes of size 1 are repeated (broadcast)."
    layer(
        name,
        inputs=inputs,
        mask_rule=masks.either,
        receptive_field_rule=views.positions,
        buffer_reuse=IN_PLACE,
        flops=flops,
        tf_flops=tf_flops,
        built_when_made=False,
        example=f"{name}: {{{{from: [a, b]}}}}",
    )(rule)


_merging("Add", "Adds its inputs")
_merging("Subtract", "Subtracts its second input from its first", inputs=2)
_merging("Multiply", "Multiplies its inputs")
_merging("Average", "Computes the mean of its inputs", _averaging, _tf_averaging)
_merging("Maximum", "Computes the maximum of its inputs")
_merging("Minimum", "Computes the minimum of its inputs")


@layer(
    "Concatenate",
    Argument("axis", Integer(), -1),
    inputs=None,
    mask_rule=masks.joined,
    receptive_field_rule=views.concatenated,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="Concatenate: {{from: [a, b]}}",
)
def concatenate(a: Args, *shapes: Shape) -> Inferred:
    """Concatenates its inputs along an axis.

    Output size on that axis: the sum of the input sizes. All other axes must have equal sizes.
    """
    first = shapes[0]
    axis = axis_index(a["axis"], len(first))
    known = [{plain(size) for size in sizes if plain(size) is not UNKNOWN} for sizes in zip(*shapes)]
    if any(len(shape) != len(first) for shape in shapes) or any(len(k) > 1 for n, k in enumerate(known) if n != axis):
        raise Refusal(f"needs inputs with equal sizes on every axis but axis {axis}", codes.SHAPES_DIFFER)
    total = shapes[0][axis]
    for shape in shapes[1:]:
        total = total + shape[axis]
    # A named size, such as H, becomes the number that another input has on this axis.
    sizes = [
        next(iter(k)) if k and size is not UNKNOWN and plain(size) is UNKNOWN else size for size, k in zip(first, known)
    ]
    return Inferred(((*sizes[:axis], total, *sizes[axis + 1 :]),))


@layer(
    "TFDConcat",
    Argument("axis", Integer()),
    inputs=None,
    keras_module="keras.src.layers.preprocessing.feature_space",
    receptive_field_rule=views.concatenated,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="TFDConcat: {{axis: -1, from: [a, b]}}",
)
def tfd_concat(a: Args, *shapes: Shape) -> Inferred:
    """Concatenates the encoded features of a FeatureSpace along an axis.

    Output size on that axis: the sum of the input sizes. Saved models contain this layer, and Keras does not export it.
    """
    return concatenate(a, *shapes)._replace(dtype=SAME)


def _dot_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how the inputs are read: summed axes whole, all other axes position by position."""
    output_axis, views_of_inputs = 1, []
    for shape, summed in zip(inputs, _summed_axes(a["axes"], inputs)):
        axes = [views.BATCH]
        for axis in range(1, len(shape)):
            axes.append(views.WHOLE if axis == summed else views.View((output_axis,)))
            output_axis += axis != summed
        views_of_inputs.append(tuple(axes))
    return tuple(views_of_inputs)


def _summed_axes(axes: int | tuple[int, int], shapes: Sequence[Shape]) -> tuple[int, int]:
    """Returns the summed axis of each input.

    As in Keras, a single negative number may be below −rank: −4 is axis 2 of 3 axes. In a pair, each axis must exist.
    """
    pair = axes if isinstance(axes, tuple) else [axes % len(shape) if axes < 0 else axes for shape in shapes]
    first, second = (axis_index(axis, len(shape), "axes") for axis, shape in zip(pair, shapes))
    return first, second


def _normalizing(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 3 operations for each input element with ``normalize``: square, addition, division; otherwise 0."""
    return sum(3 * costs.elements(shape) for shape in inputs) if a["normalize"] else 0


@layer(
    "Dot",
    Argument("axes", IntegerOrPair()),
    Argument("normalize", Boolean(), False),
    inputs=2,
    receptive_field_rule=_dot_views,
    flops=_normalizing,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Dot: {{axes: 1, from: [a, b]}}",
)
def dot(a: Args, x: Shape, y: Shape) -> Inferred:
    """Multiplies two inputs and sums the products over one axis of each input.

    Output: all axes of the first input except the summed axis, then all axes of the second except the batch and summed
    axes. MACs: the size of the output times the size of the summed axis.
    """
    first, second = _summed_axes(a["axes"], (x, y))
    if first == 0 or second == 0:
        raise Refusal("cannot sum over the batch axis", codes.WRONG_AXIS, "axes")
    if x[first] != y[second]:
        raise Refusal(
            f"sums over axis {first} of its first input and axis {second} of its second, whose sizes differ: {x[first]} and {y[second]}",
            codes.SHAPES_DIFFER,
        )
    rest = (*x[1:first], *x[first + 1 :], *y[1:second], *y[second + 1 :])
    output = (x[0], *rest) if rest else (x[0], 1)
    return Inferred((output,), products=(Product("sums of products", product(rest) * x[first]),))
