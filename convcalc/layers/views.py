"""How a layer reads its inputs, axis by axis: what receptive fields need to know of a layer besides its windows.

A layer declares one of the functions below as what it ``looks`` at. Each gets the arguments (defaults filled in), the
shapes of the inputs and what the rule found, and gives a :class:`View` for each axis of each input, batch first. None
in the place of a view says that how the axis is read is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from convcalc.base.numbers import Number, Shape
from convcalc.base.structs import Struct
from convcalc.base.window import Window
from convcalc.layers.registry import Args, Inferred


class View(Struct):
    """How the output reads one axis of an input.

    Position n of an output axis in ``axes`` reads position n of the input's, or what stands under ``window`` there. Without
    axes, every position of the output reads the whole axis. ``moved`` says that the positions are there in another order,
    on several axes together (Flatten) or behind those of other inputs (Concatenate).
    """

    axes: tuple[int, ...] = ()
    window: Window | None = None
    moved: bool = False


Views: TypeAlias = "tuple[tuple[View | None, ...], ...]"
ReceptiveFieldRule: TypeAlias = "Callable[[Args, Sequence[Shape], Inferred], Views]"

WHOLE = View()
BATCH = View((0,))


def unknown(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """For code that is not read, and for what moves values in ways that are not followed."""
    return tuple((None,) * len(shape) for shape in inputs)


def positions(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """Element by element; axes are matched from the last one, and those of size 1 serve all positions."""
    output = found.outputs[0] or ()

    def view(shape: Shape, axis: int) -> View:
        place = axis + len(output) - len(shape)
        return WHOLE if place < 0 or (shape[axis] == 1 and output[place] != 1) else View((place,))

    return tuple(tuple(view(shape, axis) for axis in range(len(shape))) for shape in inputs)


def leading_positions(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """Element by element, where the output has further axes behind those of the input."""
    return tuple(tuple(View((axis,)) for axis in range(len(shape))) for shape in inputs)


def whole_axes(shape: Shape, axes: Iterable[int]) -> tuple[View, ...]:
    """Position by position, with these axes read as a whole."""
    whole = {axis % len(shape) for axis in axes} if shape else set()
    return tuple(WHOLE if axis in whole else View((axis,)) for axis in range(len(shape)))


def last_axis(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """Position by position, all features at once."""
    return tuple(whole_axes(shape, [-1]) for shape in inputs)


def argument_axes(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """Position by position, with the axes in the argument 'axis' read as a whole."""
    axis = a["axis"]
    return tuple(whole_axes(shape, axis if isinstance(axis, tuple) else (axis,)) for shape in inputs)


def everything(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """All positions of each sample at once."""
    return tuple((BATCH, *(WHOLE,) * (len(shape) - 1)) for shape in inputs)


def windows(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """Windows over the spatial axes, all channels at once."""
    return (slid(a, inputs[0], found.windows, WHOLE),)


def windows_of_each_channel(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """Windows over the spatial axes of each channel by itself."""
    return (slid(a, inputs[0], found.windows, None),)


def slid(a: Args, x: Shape, over: Sequence[Window | None], channels: View | None) -> tuple[View | None, ...]:
    """Windows over the spatial axes (None for one that is not known); ``channels`` None for a layer that keeps channels apart."""
    at = 1 if a.get("data_format") == "channels_first" else len(x) - 1
    spatial = [axis for axis in range(1, len(x)) if axis != at]
    views: list[View | None] = [BATCH] * len(x)
    views[at] = channels or View((at,))
    for axis, window in zip(spatial, over):
        views[axis] = None if window is None else View((axis,), window)
    return tuple(views)


def permuted(order: Sequence[int]) -> tuple[View, ...]:
    """The axes in another order: output axis n is the input's axis ``order[n]``."""
    return tuple(View((list(order).index(axis),)) for axis in range(len(order)))


def reshaped(x: Shape, output: Shape) -> tuple[View, ...]:
    """The same values in another shape: equal axes at both ends stay, those between are lost in one another."""
    front, behind = _agreeing(x, output), 0
    if front < min(len(x), len(output)):
        behind = _agreeing(x[front:][::-1], output[front:][::-1])
    between = tuple(range(front, len(output) - behind))
    views = [View((axis,)) for axis in range(front)]
    views += [View(between, moved=True) for _ in range(len(x) - behind - front)]
    return (*views, *(View((axis,)) for axis in range(len(output) - behind, len(output))))


def _agreeing(one: Shape, other: Shape) -> int:
    """How many axes from the first agree; unknown sizes agree only as the batch does, on the first axis."""
    count = 0
    for a, b in zip(one, other):
        if not _equal(a, b) and not (count == 0 and a is b):
            break
        count += 1
    return count


def _equal(one: Number, other: Number) -> bool:
    return isinstance(one, int) and one == other


def reshaping(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """The same values in another shape."""
    output = found.outputs[0]
    return unknown(a, inputs, found) if output is None else tuple(reshaped(shape, output) for shape in inputs)


def joined(a: Args, inputs: Sequence[Shape], found: Inferred) -> Views:
    """Inputs one behind the other along the argument 'axis'."""
    axis = a["axis"] % len(inputs[0])
    return tuple(tuple(View((n,), moved=n == axis) for n in range(len(shape))) for shape in inputs)
