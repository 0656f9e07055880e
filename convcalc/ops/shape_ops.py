"""Operations that change shapes, or select and move elements.

Sources: ``keras/src/ops/numpy.py``, ``core.py`` and ``nn.py``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers import views
from convcalc.layers.arguments import shown
from convcalc.layers.dtypes import BITS
from convcalc.layers.registry import VIEW, Inferred, axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import (
    Axes,
    Axis,
    AxisPair,
    CheckedByRule,
    DataFormat,
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

_BITS_OF_DTYPE = {**BITS, "complex64": 64, "complex128": 128}


def _axes(axis: Axis | Sequence[int]) -> list[int]:
    return [axis] if isinstance(axis, int) else list(axis)


def with_size(shape: Shape, axis: int, size: Number) -> Shape:
    """Returns the shape with the size of one axis replaced."""
    return (*shape[:axis], size, *shape[axis + 1 :])


@operation("ExpandDims", buffer_reuse=VIEW, flops=costs.free)
def expand_dims(x: Tensor, *, axis: Axes | None) -> Tensor:
    """Inserts axes of size 1."""
    axes = _axes(len(x.shape) if axis is None else axis)
    rank = len(x.shape) + len(axes)
    new = {axis_index(number, rank) for number in axes}
    if len(new) < len(axes):
        raise Refusal("inserts the same axis twice", codes.WRONG_AXIS, "axis")
    sizes = iter(x.shape)
    return Tensor(tuple(1 if n in new else next(sizes) for n in range(rank)), x.dtype)


@operation("Squeeze", buffer_reuse=VIEW, flops=costs.free)
def squeeze(x: Tensor, *, axis: Axes | None = None) -> Tensor:
    """Removes axes of size 1."""
    if axis is None:
        return Tensor(tuple(size for size in x.shape if size != 1), x.dtype)
    removed = {axis_index(number, len(x.shape)) for number in _axes(axis)}
    for number in removed:
        if x.shape[number] != 1:
            raise Refusal(f"cannot remove axis {number}: its size is not 1", codes.WRONG_AXIS, "axis")
    return Tensor(tuple(size for n, size in enumerate(x.shape) if n not in removed), x.dtype)


@operation("Reshape", receptive_field_rule=views.reshaping, buffer_reuse=VIEW, flops=costs.free)
def reshape(x: Tensor, *, newshape: NewShape) -> Tensor:
    """Changes the shape; a size of -1 is computed from the other sizes."""
    sizes = [
        size if isinstance(size, int) else UNKNOWN for size in ([newshape] if isinstance(newshape, int) else newshape)
    ]
    if sizes.count(-1) > 1 or any(isinstance(size, int) and size < -1 for size in sizes):
        raise Refusal("needs a shape with at most one -1", codes.INVALID_VALUE, "newshape")
    if UNKNOWN in sizes or any(size is UNKNOWN for size in x.shape):
        return Tensor(tuple(UNKNOWN if size == -1 else size for size in sizes), x.dtype)
    total, known = product(x.shape), product(size for size in sizes if size != -1)
    if (-1 not in sizes and total != known) or (-1 in sizes and (known == 0 or total % known != 0)):
        raise Refusal(f"cannot reshape {total} elements to {shown(newshape)}", codes.SHAPES_DIFFER, "newshape")
    return Tensor(tuple(total // known if size == -1 else size for size in sizes), x.dtype)


@operation("View", buffer_reuse=VIEW, flops=costs.free)
def view(x: Tensor, *, dtype: Dtype = None) -> Tensor:
    """Reinterprets the bytes of the elements as another dtype."""
    new_dtype = dtype or x.dtype
    old_bits, new_bits = _BITS_OF_DTYPE.get(x.dtype), _BITS_OF_DTYPE.get(new_dtype)
    if not old_bits or not new_bits:
        raise Refusal("needs dtypes of a known size", codes.WRONG_DTYPE, "dtype")
    if old_bits == new_bits:
        return Tensor(x.shape, new_dtype)
    if not x.shape:
        raise Refusal(f"cannot read one element of {old_bits} bits as {new_bits} bits", codes.WRONG_RANK, "dtype")
    size = x.shape[-1]
    if size * old_bits % new_bits > 0:
        raise Refusal(
            f"cannot read {size} elements of {old_bits} bits as elements of {new_bits} bits", codes.WRONG_SHAPE, "dtype"
        )
    return Tensor((*x.shape[:-1], size * old_bits // new_bits), new_dtype)


@operation("Ravel", buffer_reuse=VIEW, flops=costs.free)
def ravel(x: Tensor) -> Tensor:
    """Flattens a tensor to one axis."""
    return Tensor((product(x.shape),), x.dtype)


def _transposed_views(args: Mapping[str, Any], inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how a transposition reads its input: each axis of the output reads one axis of the input."""
    rank = len(inputs[0])
    order = range(rank)[::-1] if args["axes"] is None else [number % rank for number in args["axes"]]
    return (views.permuted(order),)


@operation("Transpose", receptive_field_rule=_transposed_views, flops=costs.free)
def transpose(x: Tensor, *, axes: Integers | None = None) -> Tensor:
    """Permutes the axes."""
    rank = len(x.shape)
    order = range(rank)[::-1] if axes is None else [axis_index(number, rank, "axes") for number in axes]
    if sorted(order) != list(range(rank)):
        raise Refusal(f"needs each of the {rank} axes of the tensor once in 'axes'", codes.WRONG_AXIS, "axes")
    return Tensor(tuple(x.shape[number] for number in order), x.dtype)


@operation("Swapaxes", flops=costs.free)
def swapaxes(x: Tensor, *, axis1: Axis, axis2: Axis) -> Tensor:
    """Exchanges two axes."""
    order = list(range(len(x.shape)))
    first, second = axis_index(axis1, len(order), "axis1"), axis_index(axis2, len(order), "axis2")
    order[first], order[second] = second, first
    return Tensor(tuple(x.shape[number] for number in order), x.dtype)


@operation("Moveaxis", flops=costs.free)
def moveaxis(x: Tensor, *, source: Axes, destination: Axes) -> Tensor:
    """Moves axes to other positions."""
    rank = len(x.shape)
    moved = [axis_index(number, rank, "source") for number in _axes(source)]
    positions = [axis_index(number, rank, "destination") for number in _axes(destination)]
    if len(moved) != len(positions):
        raise Refusal("needs as many destinations as sources", codes.SHAPES_DIFFER, "destination")
    order = [n for n in range(rank) if n not in moved]
    for position, axis in sorted(zip(positions, moved)):
        order.insert(position, axis)
    return Tensor(tuple(x.shape[number] for number in order), x.dtype)


@operation("GetItem", flops=costs.free)
def get_item(x: Tensor, key: CheckedByRule) -> Tensor:
    """Selects elements by indices and slices, as in x[key]."""
    keys = list(key) if isinstance(key, (list, tuple)) else [key]
    if any(isinstance(part, Tensor) for part in keys):
        raise Refusal("accepts integers, slices, None and '...' as its key, not a tensor", codes.INVALID_VALUE, "key")
    if sum(part is ... for part in keys) > 1:
        raise Refusal("accepts only one '...'", codes.INVALID_VALUE, "key")
    if not any(part is ... for part in keys):
        keys.append(...)
    at = next(n for n, part in enumerate(keys) if part is ...)
    used = sum(part is not None for part in keys) - 1
    rest = len(x.shape) - used
    if rest < 0:
        raise Refusal(f"selects along {used} axes, but its input has {len(x.shape)}", codes.WRONG_RANK, "key")
    keys[at : at + 1] = [slice(None)] * rest
    sizes = iter(x.shape)
    sizes_out: list[Number] = []
    for part in keys:
        if part is None:
            sizes_out.append(1)
            continue
        size = next(sizes)
        if isinstance(part, slice):
            sizes_out.append(_slice_size(size, part))
        elif isinstance(part, int) and isinstance(size, int) and not -size <= part < size:
            raise Refusal(f"selects index {part}, but the axis has {size} elements", codes.WRONG_AXIS, "key")
    return Tensor(tuple(sizes_out), x.dtype)


def _slice_size(size: Number, part: slice) -> Number:
    """Returns the number of elements that a slice selects."""
    if isinstance(size, int):
        bounds = (part.start, part.stop, part.step)
        if part.step == 0 or not all(bound is None or isinstance(bound, int) for bound in bounds):
            raise Refusal("needs slices with whole numbers as bounds and a step other than 0", codes.INVALID_VALUE)
        return len(range(*part.indices(size)))
    return size if part in (slice(None), slice(None, None, 1), slice(0, None)) else UNKNOWN


@operation("Take", flops=costs.free)
def take(x: Tensor, indices: Operand, *, axis: Axis | None = None) -> Tensor:
    """Selects elements by indices along an axis."""
    shape = shape_of(indices)
    if axis is None:
        return Tensor(shape, x.dtype)
    at = axis_index(axis, len(x.shape))
    return Tensor((*x.shape[:at], *shape, *x.shape[at + 1 :]), x.dtype)


@operation("TakeAlongAxis", flops=costs.free)
def take_along_axis(x: Tensor, indices: Tensor, *, axis: Axis | None = None) -> Tensor:
    """Selects elements along an axis, with separate indices at each position of the other axes."""
    shape = (product(x.shape),) if axis is None else x.shape
    if len(shape) != len(indices.shape):
        raise Refusal("needs indices with as many axes as the input", codes.SHAPES_DIFFER, "indices")
    at = 0 if axis is None else axis_index(axis, len(shape))
    return Tensor(broadcast(with_size(shape, at, indices.shape[at]), indices.shape), x.dtype)


def _flip_rule(name: str) -> Rule:
    def rule(x: Tensor, *, axis: Axes | None = None) -> Tensor:
        for number in [] if axis is None else _axes(axis):
            axis_index(number, len(x.shape))
        return x

    rule.__doc__ = "Reverses axes."
    return rule


flip = operation("Flip", flops=costs.free)(_flip_rule("Flip"))


@operation("Fliplr", flops=costs.free)
def fliplr(x: Tensor) -> Tensor:
    """Reverses the second axis."""
    axis_index(1, len(x.shape))
    return x


@operation("Flipud", flops=costs.free)
def flipud(x: Tensor) -> Tensor:
    """Reverses the first axis."""
    axis_index(0, len(x.shape))
    return x


@operation("Roll", flops=costs.free)
def roll(x: Tensor, *, shift: Ignored, axis: Axes | None = None) -> Tensor:
    """Shifts elements along axes; elements shifted out at one end reappear at the other."""
    for number in [] if axis is None else _axes(axis):
        axis_index(number, len(x.shape))
    return x


@operation("Rot90", flops=costs.free)
def rot90(array: Tensor, *, k: Ignored = 1, axes: AxisPair = (0, 1)) -> Tensor:
    """Rotates a tensor by multiples of 90 degrees in the plane of two axes.

    As in Keras, the sizes of the two axes are always exchanged, even for an even number of turns.
    """
    order = list(array.shape)
    first, second = (axis_index(number, len(order), "axes") for number in axes)
    order[first], order[second] = order[second], order[first]
    return Tensor(tuple(order), array.dtype)


@operation("BroadcastTo", flops=costs.free)
def broadcast_to(x: Tensor, *, shape: IntegersOrNulls) -> Tensor:
    """Broadcasts a tensor to a given shape."""
    wanted = tuple(UNKNOWN if size is None else size for size in shape)
    broadcast(x.shape, wanted)
    return Tensor(wanted, x.dtype)


@operation("Repeat", flops=costs.free)
def repeat(x: Tensor, *, repeats: IntegerOrIntegers, axis: Axis | None = None) -> Tensor:
    """Repeats each element along an axis."""
    counts = [repeats] if isinstance(repeats, int) else list(repeats)
    shape: Shape = (product(x.shape),) if axis is None else x.shape
    at = 0 if axis is None else axis_index(axis, len(shape))
    size = shape[at]
    if len(counts) > 1 and isinstance(size, int) and len(counts) != size:
        raise Refusal(f"needs one number, or {size} numbers, as 'repeats'", codes.SHAPES_DIFFER, "repeats")
    if size is UNKNOWN:
        return Tensor(shape, x.dtype)
    return Tensor(with_size(shape, at, size * counts[0] if len(counts) == 1 else sum(counts)), x.dtype)


@operation("Tile", flops=costs.free)
def tile(x: Tensor, *, repeats: IntegerOrIntegers) -> Tensor:
    """Repeats the whole tensor along each axis."""
    counts = _axes(repeats)
    rank = max(len(counts), len(x.shape))
    counts = [1] * (rank - len(counts)) + counts
    shape = (*(1,) * (rank - len(x.shape)), *x.shape)
    return Tensor(tuple(UNKNOWN if size is UNKNOWN else size * count for size, count in zip(shape, counts)), x.dtype)


@operation("Pad", flops=costs.free)
def pad(x: Tensor, constant_values: Ignored = None, *, pad_width: PadWidth, mode: Ignored = "constant") -> Tensor:
    """Pads both ends of each axis."""
    widths = _pad_widths(pad_width, len(x.shape))
    return Tensor(tuple(size + before + after for size, (before, after) in zip(x.shape, widths)), x.dtype)


def _pad_widths(widths: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(widths, int):
        widths = [widths]
    if widths and not isinstance(widths[0], (list, tuple)):
        widths = [widths]
    pairs = [(pair[0], pair[-1]) for pair in widths]
    if len(pairs) == 1:
        return pairs * rank
    if len(pairs) != rank:
        raise Refusal(f"needs one pair of pad widths, or {rank} pairs", codes.SHAPES_DIFFER, "pad_width")
    return pairs


@operation("Diff", flops=costs.unknown)
def diff(a: Tensor, *, n: Real = 1, axis: Axis = -1) -> Tensor:
    """Computes the differences between neighboring elements along an axis."""
    at = axis_index(axis, len(a.shape))
    size = a.shape[at]
    return Tensor(with_size(a.shape, at, UNKNOWN if size is UNKNOWN else max(size - n, 0)), a.dtype)


@operation("Glu", "nn", flops=costs.activation("glu"))
def glu(x: Tensor, *, axis: Axis = -1) -> Tensor:
    """Applies a gated linear unit: multiplies one half of an axis by the sigmoid of the other half."""
    at = axis_index(axis, len(x.shape))
    size = x.shape[at]
    if size % 2 > 0:
        raise Refusal(f"needs an even size on axis {axis}, not {size}", codes.INDIVISIBLE_GROUPS, "axis")
    return Tensor(with_size(x.shape, at, size // 2), x.dtype)


@operation("Slice", "core", flops=costs.free)
def slice_(inputs: Tensor, start_indices: Ignored, *, shape: Integers) -> Tensor:
    """Returns a slice of a given shape from given start indices; a size of -1 extends to the end."""
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
    """Replaces a slice of a tensor."""
    return inputs


@operation("ScatterUpdate", "core", flops=costs.free)
def scatter_update(inputs: Tensor, indices: Ignored, updates: Ignored, *, reduction: Ignored = None) -> Tensor:
    """Updates elements of a tensor at given indices."""
    return inputs


@operation("Scatter", "core", flops=costs.free)
def scatter(indices: Ignored, values: Tensor, *, shape: Integers) -> Tensor:
    """Returns a tensor of zeros with given values at given indices."""
    return Tensor(tuple(shape), values.dtype)


@operation("DepthToSpace", "nn", flops=costs.free)
def depth_to_space(x: Tensor, *, block_size: Integer, data_format: DataFormat = "channels_last") -> Tensor:
    """Moves channels into blocks of pixels."""
    return _blocks(x, block_size, data_format, grow=True)


@operation("SpaceToDepth", "nn", flops=costs.free)
def space_to_depth(x: Tensor, *, block_size: Integer, data_format: DataFormat = "channels_last") -> Tensor:
    """Moves blocks of pixels into channels."""
    return _blocks(x, block_size, data_format, grow=False)


def _blocks(x: Tensor, block: int, data_format: DataFormat, grow: bool) -> Tensor:
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
        raise Refusal(f"needs a size divisible by {by}, not {size}", codes.INDIVISIBLE_GROUPS, "block_size")
    return size // by


@operation("Trapezoid", flops=costs.unknown)
def trapezoid(y: Tensor, *, x: Ignored = None, dx: Ignored = 1.0, axis: Axis = -1) -> Tensor:
    """Integrates along an axis by the trapezoidal rule."""
    at = axis_index(axis, len(y.shape))
    return Tensor((*y.shape[:at], *y.shape[at + 1 :]), result_type(y.dtype, "float"))
