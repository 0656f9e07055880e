"""Operations that arrange elements anew. Sources: ``keras/src/ops/numpy.py``, ``core.py`` and ``nn.py``."""

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers import views
from convcalc.layers.dtypes import BITS
from convcalc.layers.registry import VIEW, Inferred, axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import (
    Axes,
    Axis,
    AxisPair,
    CheckedByRule,
    Dtype,
    Ignored,
    Integer,
    IntegerOrIntegers,
    Integers,
    IntegersOrNulls,
    NewShape,
    Operand,
    PadWidth,
    Real,
)
from convcalc.ops.elementwise import broadcast
from convcalc.ops.promotion import result_type
from convcalc.ops.registry import Rule, operation
from convcalc.ops.tensor import Tensor, shape_of

_BITS = {**BITS, "complex64": 64, "complex128": 128}


def _axes(axis: Axis | Sequence[int]) -> list[int]:
    return [axis] if isinstance(axis, int) else list(axis)


def with_size(shape: Shape, axis: int, size: Number) -> Shape:
    """The shape with another size on an axis."""
    return (*shape[:axis], size, *shape[axis + 1 :])


@operation("ExpandDims", buffer_reuse=VIEW, flops=costs.free)
def expand_dims(x: Tensor, *, axis: Axes | None) -> Tensor:
    """Puts in axes of size 1."""
    axes = _axes(len(x.shape) if axis is None else axis)
    rank = len(x.shape) + len(axes)
    new = {axis_index(each, rank) for each in axes}
    if len(new) < len(axes):
        raise Refusal("puts in an axis twice", codes.WRONG_AXIS, "axis")
    sizes = iter(x.shape)
    return Tensor(tuple(1 if n in new else next(sizes) for n in range(rank)), x.dtype)


@operation("Squeeze", buffer_reuse=VIEW, flops=costs.free)
def squeeze(x: Tensor, *, axis: Axes | None = None) -> Tensor:
    """Takes out axes of size 1."""
    if axis is None:
        return Tensor(tuple(size for size in x.shape if size != 1), x.dtype)
    gone = {axis_index(each, len(x.shape)) for each in _axes(axis)}
    for each in gone:
        if x.shape[each] != 1:
            raise Refusal(f"squeezes axis {each}, whose size is not 1", codes.WRONG_AXIS, "axis")
    return Tensor(tuple(size for n, size in enumerate(x.shape) if n not in gone), x.dtype)


@operation("Reshape", receptive_field_rule=views.reshaping, buffer_reuse=VIEW, flops=costs.free)
def reshape(x: Tensor, *, newshape: NewShape) -> Tensor:
    """The same elements in another shape; -1 is what is left over."""
    wanted = [
        each if isinstance(each, int) else UNKNOWN for each in ([newshape] if isinstance(newshape, int) else newshape)
    ]
    if wanted.count(-1) > 1 or any(isinstance(each, int) and each < -1 for each in wanted):
        raise Refusal("reshapes to a shape with more than one -1", codes.INVALID_VALUE, "newshape")
    if UNKNOWN in wanted or any(size is UNKNOWN for size in x.shape):
        return Tensor(tuple(UNKNOWN if each == -1 else each for each in wanted), x.dtype)
    total, known = product(x.shape), product(each for each in wanted if each != -1)
    if (-1 not in wanted and total != known) or (-1 in wanted and (known == 0 or total % known != 0)):
        raise Refusal(f"reshapes {total} elements to a shape that does not hold them", codes.SHAPES_DIFFER, "newshape")
    return Tensor(tuple(total // known if each == -1 else each for each in wanted), x.dtype)


@operation("View", buffer_reuse=VIEW, flops=costs.free)
def view(x: Tensor, *, dtype: Dtype = None) -> Tensor:
    """The same bytes, read as elements of another dtype."""
    other = dtype or x.dtype
    old, new = _BITS.get(x.dtype), _BITS.get(other)
    if not old or not new:
        raise Refusal("needs dtypes of a known size", codes.WRONG_DTYPE, "dtype")
    if old == new:
        return Tensor(x.shape, other)
    if not x.shape:
        raise Refusal(f"reads one element of {old} bits as {new} bits", codes.WRONG_RANK, "dtype")
    size = x.shape[-1]
    if size * old % new > 0:
        raise Refusal(
            f"reads {size} elements of {old} bits as {new} bits, which do not divide them", codes.WRONG_SHAPE, "dtype"
        )
    return Tensor((*x.shape[:-1], size * old // new), other)


@operation("Ravel", buffer_reuse=VIEW, flops=costs.free)
def ravel(x: Tensor) -> Tensor:
    """All elements along one axis."""
    return Tensor((product(x.shape),), x.dtype)


def _transposed_views(args: Mapping[str, Any], inputs: Sequence[Shape], found: Inferred) -> views.Views:
    """The axes in another order."""
    rank = len(inputs[0])
    order = range(rank)[::-1] if args["axes"] is None else [each % rank for each in args["axes"]]
    return (views.permuted(order),)


@operation("Transpose", receptive_field_rule=_transposed_views, flops=costs.free)
def transpose(x: Tensor, *, axes: Integers | None = None) -> Tensor:
    """The axes in another order."""
    rank = len(x.shape)
    order = range(rank)[::-1] if axes is None else [axis_index(each, rank, "axes") for each in axes]
    if sorted(order) != list(range(rank)):
        raise Refusal(f"needs an order of its {rank} axes", codes.WRONG_AXIS, "axes")
    return Tensor(tuple(x.shape[each] for each in order), x.dtype)


@operation("Swapaxes", flops=costs.free)
def swapaxes(x: Tensor, *, axis1: Axis, axis2: Axis) -> Tensor:
    """Two axes exchanged."""
    order = list(range(len(x.shape)))
    one, other = axis_index(axis1, len(order), "axis1"), axis_index(axis2, len(order), "axis2")
    order[one], order[other] = other, one
    return Tensor(tuple(x.shape[each] for each in order), x.dtype)


@operation("Moveaxis", flops=costs.free)
def moveaxis(x: Tensor, *, source: Axes, destination: Axes) -> Tensor:
    """Axes moved to other places."""
    rank = len(x.shape)
    moved = [axis_index(each, rank, "source") for each in _axes(source)]
    places = [axis_index(each, rank, "destination") for each in _axes(destination)]
    if len(moved) != len(places):
        raise Refusal("needs as many destinations as sources", codes.SHAPES_DIFFER, "destination")
    order = [n for n in range(rank) if n not in moved]
    for place, axis in sorted(zip(places, moved)):
        order.insert(place, axis)
    return Tensor(tuple(x.shape[each] for each in order), x.dtype)


@operation("GetItem", flops=costs.free)
def get_item(x: Tensor, key: CheckedByRule) -> Tensor:
    """Picks by indices and slices."""
    keys = list(key) if isinstance(key, (list, tuple)) else [key]
    if sum(each is ... for each in keys) > 1:
        raise Refusal("picks with more than one '...'", codes.INVALID_VALUE, "key")
    if not any(each is ... for each in keys):
        keys.append(...)
    at = next(n for n, each in enumerate(keys) if each is ...)
    used = sum(each is not None for each in keys) - 1
    rest = len(x.shape) - used
    if rest < 0:
        raise Refusal(f"picks along {used} axes of {len(x.shape)}", codes.WRONG_RANK, "key")
    keys[at : at + 1] = [slice(None)] * rest
    sizes = iter(x.shape)
    found: list[Number] = []
    for each in keys:
        if each is None:
            found.append(1)
            continue
        size = next(sizes)
        if isinstance(each, slice):
            found.append(_sliced(size, each))
        elif isinstance(each, int) and isinstance(size, int) and not -size <= each < size:
            raise Refusal(f"picks number {each} of {size}", codes.WRONG_AXIS, "key")
    return Tensor(tuple(found), x.dtype)


def _sliced(size: Number, part: slice) -> Number:
    """How many elements a slice leaves of an axis; of an unknown size it is known only where it picks all."""
    if isinstance(size, int):
        bounds = (part.start, part.stop, part.step)
        if part.step == 0 or not all(bound is None or isinstance(bound, int) for bound in bounds):
            raise Refusal(
                "picks with a slice whose step is 0 or whose bounds are not whole numbers", codes.INVALID_VALUE
            )
        return len(range(*part.indices(size)))
    return UNKNOWN


@operation("Take", flops=costs.free)
def take(x: Tensor, indices: Operand, *, axis: Axis | None = None) -> Tensor:
    """Picks by numbers along an axis."""
    wanted = shape_of(indices)
    if axis is None:
        return Tensor(wanted, x.dtype)
    at = axis_index(axis, len(x.shape))
    return Tensor((*x.shape[:at], *wanted, *x.shape[at + 1 :]), x.dtype)


@operation("TakeAlongAxis", flops=costs.free)
def take_along_axis(x: Tensor, indices: Tensor, *, axis: Axis | None = None) -> Tensor:
    """Picks by numbers along an axis, others at each place of the other axes."""
    shape = (product(x.shape),) if axis is None else x.shape
    if len(shape) != len(indices.shape):
        raise Refusal("needs indices with as many axes as the input", codes.SHAPES_DIFFER, "indices")
    at = 0 if axis is None else axis_index(axis, len(shape))
    return Tensor(broadcast(with_size(shape, at, indices.shape[at]), indices.shape), x.dtype)


def _kept(name: str) -> Rule:
    def rule(x: Tensor, *, axis: Axes | None = None) -> Tensor:
        for each in [] if axis is None else _axes(axis):
            axis_index(each, len(x.shape))
        return x

    rule.__doc__ = "Axes backwards."
    return rule


flip = operation("Flip", flops=costs.free)(_kept("Flip"))


@operation("Fliplr", flops=costs.free)
def fliplr(x: Tensor) -> Tensor:
    """The second axis backwards."""
    axis_index(1, len(x.shape))
    return x


@operation("Flipud", flops=costs.free)
def flipud(x: Tensor) -> Tensor:
    """The first axis backwards."""
    axis_index(0, len(x.shape))
    return x


@operation("Roll", flops=costs.free)
def roll(x: Tensor, *, shift: Ignored, axis: Axes | None = None) -> Tensor:
    """Elements moved along axes, around the end."""
    for each in [] if axis is None else _axes(axis):
        axis_index(each, len(x.shape))
    return x


@operation("Rot90", flops=costs.free)
def rot90(array: Tensor, *, k: Ignored = 1, axes: AxisPair = (0, 1)) -> Tensor:
    """Turned by a quarter.

    Keras exchanges the axes however often it turns.
    """
    order = list(array.shape)
    one, other = (axis_index(each, len(order), "axes") for each in axes)
    order[one], order[other] = order[other], order[one]
    return Tensor(tuple(order), array.dtype)


@operation("BroadcastTo", flops=costs.free)
def broadcast_to(x: Tensor, *, shape: IntegersOrNulls) -> Tensor:
    """Repeated along axes of size 1, up to a shape."""
    wanted = tuple(UNKNOWN if each is None else each for each in shape)
    broadcast(x.shape, wanted)
    return Tensor(wanted, x.dtype)


@operation("Repeat", flops=costs.free)
def repeat(x: Tensor, *, repeats: IntegerOrIntegers, axis: Axis | None = None) -> Tensor:
    """Each element so many times along an axis."""
    counts = [repeats] if isinstance(repeats, int) else list(repeats)
    shape: Shape = (product(x.shape),) if axis is None else x.shape
    at = 0 if axis is None else axis_index(axis, len(shape))
    size = shape[at]
    if len(counts) > 1 and isinstance(size, int) and len(counts) != size:
        raise Refusal(f"needs one number, or {size}", codes.SHAPES_DIFFER, "repeats")
    if size is UNKNOWN:
        return Tensor(shape, x.dtype)
    return Tensor(with_size(shape, at, size * counts[0] if len(counts) == 1 else sum(counts)), x.dtype)


@operation("Tile", flops=costs.free)
def tile(x: Tensor, *, repeats: IntegerOrIntegers) -> Tensor:
    """The whole so many times along each axis."""
    counts = _axes(repeats)
    rank = max(len(counts), len(x.shape))
    counts = [1] * (rank - len(counts)) + counts
    shape = (*(1,) * (rank - len(x.shape)), *x.shape)
    return Tensor(tuple(UNKNOWN if size is UNKNOWN else size * count for size, count in zip(shape, counts)), x.dtype)


@operation("Pad", flops=costs.free)
def pad(x: Tensor, constant_values: Ignored = None, *, pad_width: PadWidth, mode: Ignored = "constant") -> Tensor:
    """Cells added at both ends of each axis."""
    widths = _pad_widths(pad_width, len(x.shape))
    return Tensor(tuple(size + before + after for size, (before, after) in zip(x.shape, widths)), x.dtype)


def _pad_widths(given: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(given, int):
        given = [given]
    if given and not isinstance(given[0], (list, tuple)):
        given = [given]
    pairs = [(each[0], each[-1]) for each in given]
    if len(pairs) == 1:
        return pairs * rank
    if len(pairs) != rank:
        raise Refusal(f"needs one pad width, or {rank}", codes.SHAPES_DIFFER, "pad_width")
    return pairs


@operation("Diff", flops=costs.unknown)
def diff(a: Tensor, *, n: Real = 1, axis: Axis = -1) -> Tensor:
    """The differences between neighbours."""
    at = axis_index(axis, len(a.shape))
    size = a.shape[at]
    return Tensor(with_size(a.shape, at, UNKNOWN if size is UNKNOWN else max(size - n, 0)), a.dtype)


@operation("Glu", "nn", flops=costs.activation("glu"))
def glu(x: Tensor, *, axis: Axis = -1) -> Tensor:
    """One half of an axis, gated by the other."""
    at = axis_index(axis, len(x.shape))
    size = x.shape[at]
    if size % 2 > 0:
        raise Refusal(f"needs an even size on axis {axis}, not {size}", codes.INDIVISIBLE_GROUPS, "axis")
    return Tensor(with_size(x.shape, at, size // 2), x.dtype)


@operation("Slice", "core", flops=costs.free)
def slice_(inputs: Tensor, start_indices: Ignored, *, shape: Integers) -> Tensor:
    """A part of a given shape, from given indices; -1 is all that follows."""
    if len(shape) != len(inputs.shape):
        raise Refusal(f"needs a shape of {len(inputs.shape)} axes", codes.WRONG_RANK, "shape")
    starts = start_indices if isinstance(start_indices, list) else [UNKNOWN] * len(shape)
    sizes = [
        part if part != -1 else UNKNOWN if size is UNKNOWN or not isinstance(start, int) else size - start
        for size, part, start in zip(inputs.shape, shape, starts)
    ]
    return Tensor(tuple(sizes), inputs.dtype)


@operation("SliceUpdate", "core", flops=costs.free)
def slice_update(inputs: Tensor, start_indices: Ignored, updates: Ignored) -> Tensor:
    """The tensor with a part replaced."""
    return inputs


@operation("ScatterUpdate", "core", flops=costs.free)
def scatter_update(inputs: Tensor, indices: Ignored, updates: Ignored, *, reduction: Ignored = None) -> Tensor:
    """The tensor with elements replaced."""
    return inputs


@operation("Scatter", "core", flops=costs.free)
def scatter(indices: Ignored, values: Tensor, *, shape: Integers) -> Tensor:
    """Zeros with values at given places."""
    return Tensor(tuple(shape), values.dtype)


@operation("DepthToSpace", "nn", flops=costs.free)
def depth_to_space(x: Tensor, *, block_size: Integer, data_format: Ignored = "channels_last") -> Tensor:
    """Channels laid out as blocks of cells."""
    return _blocks(x, block_size, data_format, grow=True)


@operation("SpaceToDepth", "nn", flops=costs.free)
def space_to_depth(x: Tensor, *, block_size: Integer, data_format: Ignored = "channels_last") -> Tensor:
    """Blocks of cells laid out as channels."""
    return _blocks(x, block_size, data_format, grow=False)


def _blocks(x: Tensor, block: int, data_format: Ignored, grow: bool) -> Tensor:
    if len(x.shape) != 4:
        raise Refusal("needs images with a batch axis: four axes", codes.WRONG_RANK)
    last = data_format == "channels_last"
    batch, *rest = x.shape
    height, width, channels = rest if last else (rest[1], rest[2], rest[0])
    if grow:
        height, width, channels = height * block, width * block, _divided(channels, block**2)
    else:
        height, width, channels = _divided(height, block), _divided(width, block), channels * block**2
    return Tensor((batch, height, width, channels) if last else (batch, channels, height, width), x.dtype)


def _divided(size: Number, by: int) -> Number:
    if by == 0 and size is not UNKNOWN:
        raise Refusal("needs a block size other than 0", codes.INVALID_VALUE)
    if size % by > 0:
        raise Refusal(f"has a size of {size}, which {by} does not divide", codes.INDIVISIBLE_GROUPS, "block_size")
    return size // by


@operation("Trapezoid", flops=costs.unknown)
def trapezoid(y: Tensor, *, x: Ignored = None, dx: Ignored = 1.0, axis: Axis = -1) -> Tensor:
    """The integral along an axis."""
    at = axis_index(axis, len(y.shape))
    return Tensor((*y.shape[:at], *y.shape[at + 1 :]), result_type(y.dtype, "float"))
