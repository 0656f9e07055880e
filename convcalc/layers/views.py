"""Views describe how layers read their inputs, axis by axis. Receptive fields are computed from views.

A layer declares one of these functions as its ``receptive_field_rule``. The function receives the arguments (with
defaults), the input shapes and the result of the layer's rule. It returns a tuple for each input, with a :class:`View`
for each axis of the input, the batch axis first. None instead of a view means unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from convcalc.base.numbers import Number, Shape
from convcalc.base.structs import Struct
from convcalc.base.window import Window
from convcalc.layers.registry import Args, Inferred


class View(Struct):
    """How an output position reads one axis of an input.

    Attributes:
        axes: the output axes that decide which position is read; empty if the whole input axis is read.
        window: the window of positions that is read; None if a single position is read.
        reordered: True if a position can have another index in the output than in the input, as after Flatten or along
            the axis of a Concatenate.
    """

    axes: tuple[int, ...] = ()
    window: Window | None = None
    reordered: bool = False


Views: TypeAlias = "tuple[tuple[View | None, ...], ...]"
ReceptiveFieldRule: TypeAlias = "Callable[[Args, Sequence[Shape], Inferred], Views]"

WHOLE = View()
BATCH = View((0,))


def unknown(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns None for all axes: how the layer reads its inputs is unknown."""
    return tuple((None,) * len(shape) for shape in inputs)


def positions(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns views: each output position reads the same position of every input.

    Shapes of different lengths are aligned at their last axes. An input axis of size 1 is read whole (broadcast).
    """
    output = result.outputs[0] or ()

    def view(shape: Shape, axis: int) -> View:
        output_axis = axis + len(output) - len(shape)
        is_broadcast = output_axis < 0 or (shape[axis] == 1 and output[output_axis] != 1)
        return WHOLE if is_broadcast else View((output_axis,))

    return tuple(tuple(view(shape, axis) for axis in range(len(shape))) for shape in inputs)


def leading_positions(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns views: each output position reads the same position of the input. The output may have more axes at the
    end.
    """
    return tuple(tuple(View((axis,)) for axis in range(len(shape))) for shape in inputs)


def whole_axes(shape: Shape, axes: Iterable[int]) -> tuple[View, ...]:
    """Returns views: each output position reads ``axes`` whole, and the same position on the other axes."""
    whole = {axis % len(shape) for axis in axes} if shape else set()
    return tuple(WHOLE if axis in whole else View((axis,)) for axis in range(len(shape)))


def last_axis(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns views: each output position reads the last axis whole, and the same position on the other axes."""
    return tuple(whole_axes(shape, [-1]) for shape in inputs)


def argument_axes(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns views: each output position reads the axes in the argument ``axis`` whole."""
    axis = a["axis"]
    return tuple(whole_axes(shape, axis if isinstance(axis, tuple) else (axis,)) for shape in inputs)


def whole_sample(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns views: each output position reads a whole sample."""
    return tuple((BATCH, *(WHOLE,) * (len(shape) - 1)) for shape in inputs)


def windows(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns views: each output position reads a window on the spatial axes, and all channels."""
    return (over_windows(a, inputs[0], result.windows, WHOLE),)


def windows_of_each_channel(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns views: each output position reads a window on the spatial axes of its own channel."""
    return (over_windows(a, inputs[0], result.windows, None),)


def over_windows(a: Args, x: Shape, windows: Sequence[Window | None], channels: View | None) -> tuple[View | None, ...]:
    """Returns views: each output position reads a window on the spatial axes. A window None means unknown.

    ``channels`` is the view of the channel axis; None: each channel is read separately.
    """
    at = 1 if a.get("data_format") == "channels_first" else len(x) - 1
    spatial = [axis for axis in range(1, len(x)) if axis != at]
    views: list[View | None] = [BATCH] * len(x)
    views[at] = channels or View((at,))
    for axis, window in zip(spatial, windows):
        views[axis] = None if window is None else View((axis,), window)
    return tuple(views)


def permuted(order: Sequence[int]) -> tuple[View, ...]:
    """Returns the views of a permutation: output axis n is input axis ``order[n]``."""
    return tuple(View((list(order).index(axis),)) for axis in range(len(order)))


def reshaped(x: Shape, output: Shape) -> tuple[View, ...]:
    """Returns the views of a reshape. Equal axes at the start and at the end are kept; the axes between them are mixed."""
    front, back = _agreeing(x, output), 0
    if front < min(len(x), len(output)):
        back = _agreeing(x[front:][::-1], output[front:][::-1])
    between = tuple(range(front, len(output) - back))
    views = [View((axis,)) for axis in range(front)]
    views += [View(between, reordered=True) for _ in range(len(x) - back - front)]
    return (*views, *(View((axis,)) for axis in range(len(output) - back, len(output))))


def _agreeing(x: Shape, y: Shape) -> int:
    """Returns how many axes at the start have equal sizes. Unknown sizes are equal only on the batch axis."""
    count = 0
    for a, b in zip(x, y):
        if not _equal(a, b) and not (count == 0 and a is b):
            break
        count += 1
    return count


def _equal(a: Number, b: Number) -> bool:
    return isinstance(a, int) and a == b


def reshaping(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns the views of a reshape; unknown if the output shape is unknown."""
    output = result.outputs[0]
    return unknown(a, inputs, result) if output is None else tuple(reshaped(shape, output) for shape in inputs)


def concatenated(a: Args, inputs: Sequence[Shape], result: Inferred) -> Views:
    """Returns the views of a concatenation along the argument ``axis``."""
    axis = a["axis"] % len(inputs[0])
    return tuple(tuple(View((n,), reordered=n == axis) for n in range(len(shape))) for shape in inputs)
