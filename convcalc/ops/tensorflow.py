"""Rules for TensorFlow functions in files of Keras 2, if no operation of ``keras.ops`` can replace them.

:mod:`convcalc.read.keras_files.upgrade_keras2` first tries to replace a function, because Keras 3 can read only
operations of ``keras.ops``.

A rule has the parameters of the TensorFlow function. Each argument may be a tensor, so all parameters belong to the
call. For example, ``tf.reshape`` accepts sizes from ``tf.shape``. A constant gets the dtype of the tensor: TensorFlow
never promotes dtypes.

If a rule cannot handle the arguments of a call, the output shapes are unknown (``Operation.infer``).
"""

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Annotated, Any, TypeAlias

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, Traced, product
from convcalc.base.problems import Refusal
from convcalc.base.window import slide
from convcalc.layers.arguments import RankFree
from convcalc.layers.registry import Inferred, Product, axis_index
from convcalc.ops import costs, windows
from convcalc.ops.arguments import AnyValue, Axes, Axis, Flag, Ignored, Integer, Operand
from convcalc.ops.concatenation import MAX_PARTS
from convcalc.ops.elementwise import broadcast
from convcalc.ops.products import matmul as matmul_rule
from convcalc.ops.products import tensordot as tensordot_rule
from convcalc.ops.reduction import reduced
from convcalc.ops.registry import TENSORFLOW, AnyRule, operation
from convcalc.ops.shape_ops import get_item as get_item_rule
from convcalc.ops.shape_ops import with_size
from convcalc.ops.tensor import Tensor, shape_of


class SizeList(RankFree):
    """A list of sizes; None if the number of sizes is unknown.

    Accepts a number, a list of numbers and scalar tensors, or a vector. A tensor is replaced by its value, if known; a
    negative value means an unknown size. A number -1 that is not from a tensor stays -1.
    """

    expects = "a list of sizes"

    def read(self, value: Any) -> list[Number] | None:
        if isinstance(value, Tensor):
            return _elements(value)
        if not isinstance(value, list):
            return [_size(value)]
        if any(isinstance(part, Tensor) and part.shape for part in value) and len(value) == 1:
            return _elements(value[0])
        return [_size(part) for part in value]


def _elements(vector: Tensor) -> list[Number] | None:
    if vector.value is not None:
        return [_size_of_value(part) for part in (vector.value if isinstance(vector.value, tuple) else (vector.value,))]
    count = product(vector.shape)
    return [UNKNOWN] * count if isinstance(count, int) and count <= 64 else None


def _size(value: Any) -> Number:
    if isinstance(value, Tensor):
        return UNKNOWN if value.value is None or isinstance(value.value, tuple) else _size_of_value(value.value)
    if value is UNKNOWN or isinstance(value, Traced):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    return value


def _size_of_value(value: Number) -> Number:
    return UNKNOWN if value < 0 else value


Sizes: TypeAlias = Annotated[Any, SizeList()]


def _tensorflow(*names: str, flops: Any = costs.unknown) -> Callable[[AnyRule], AnyRule]:
    """Returns a decorator that declares a rule for one or several TensorFlow functions. ``names`` has the names of the
    functions without ``tf.``.
    """

    def declare(rule: AnyRule) -> AnyRule:
        for name in names:
            operation(f"tf.{name}", TENSORFLOW, flops=flops)(rule)
        return rule

    return declare


def _of_any_rank(dtype: str) -> Inferred:
    """Returns an output whose number of axes is unknown."""
    return Inferred((None,), dtype=(dtype,))


def _shaped(sizes: Sequence[Number] | None, dtype: str) -> Tensor | Inferred:
    if sizes is None:
        return _of_any_rank(dtype)
    return Tensor(tuple(UNKNOWN if size is UNKNOWN or size == -1 else size for size in sizes), dtype)


def _dtype(operand: Any, *others: Any) -> str:
    """Returns the dtype of the first operand that is a tensor.

    Without a tensor, returns TensorFlow's dtype for the constant ``operand``, such as int32 for 3.
    """
    for each in (operand, *others):
        if isinstance(each, Tensor):
            return each.dtype
    leaf = operand
    while isinstance(leaf, list):
        leaf = leaf[0] if leaf else 0.0
    return "bool" if isinstance(leaf, bool) else "int32" if isinstance(leaf, int) else "float32"


def _tensor(operand: Any, *others: Any) -> Tensor:
    return Tensor(shape_of(operand), _dtype(operand, *others))


# Shapes ---------------------------------------------------------------------------------------------------------------


@_tensorflow("shape", flops=costs.free)
def shape(input: Tensor, out_type: AnyValue = "int32") -> Tensor:
    """Returns the shape of a tensor as a vector."""
    return Tensor((len(input.shape),), out_type if isinstance(out_type, str) else "int32")


@_tensorflow("size", "rank", flops=costs.free)
def size(input: Tensor, out_type: AnyValue = "int32") -> Tensor:
    """Returns the number of elements (``tf.size``) or the number of axes (``tf.rank``)."""
    return Tensor((), out_type if isinstance(out_type, str) else "int32")


@_tensorflow("reshape", flops=costs.free)
def reshape(tensor: Operand, shape: Sizes) -> Tensor | Inferred:
    """Changes the shape; the new sizes may be tensors."""
    dtype = _dtype(tensor)
    if shape is None:
        return _of_any_rank(dtype)
    known, total = product(part for part in shape if part != -1), product(shape_of(tensor))
    free = UNKNOWN if total is UNKNOWN or known is UNKNOWN or known == 0 else total // known
    return Tensor(tuple(free if part == -1 else part for part in shape), dtype)


@_tensorflow("keras.backend.batch_flatten", flops=costs.free)
def batch_flatten(x: Tensor) -> Tensor:
    """Flattens all axes except the first. Both output sizes are unknown, as in Keras 2."""
    return Tensor((UNKNOWN, UNKNOWN), x.dtype)


@_tensorflow("space_to_batch_nd", flops=costs.free)
def space_to_batch(input: Tensor, block_shape: Sizes, paddings: AnyValue) -> Tensor:
    """Moves blocks of positions to the batch axis."""
    return _blocks(input, block_shape, paddings, lambda size, block, extra: (size + extra) // block)


@_tensorflow("batch_to_space_nd", flops=costs.free)
def batch_to_space(input: Tensor, block_shape: Sizes, crops: AnyValue) -> Tensor:
    """Moves elements of the batch axis to blocks of positions."""
    return _blocks(input, block_shape, crops, lambda size, block, extra: size * block - extra)


def _blocks(x: Tensor, blocks: Any, extras: Any, resized: Callable[[Any, Any, Any], Any]) -> Tensor:
    spatial = x.shape[1 : 1 + len(blocks)]
    sizes = [resized(size, block, sum(extra)) for size, block, extra in zip(spatial, blocks, extras)]
    grows = resized(1, 2, 0) < 1
    batch = x.shape[0] * product(blocks) if grows else x.shape[0] // product(blocks)
    return Tensor((batch, *sizes, *x.shape[1 + len(blocks) :]), x.dtype)


@_tensorflow("split", flops=costs.free)
def split(value: Tensor, num_or_size_splits: AnyValue, axis: Axis = 0, num: Ignored = None) -> list[Tensor]:
    """Splits a tensor along an axis, into equal parts or into parts of given sizes. One size can be -1, which means the
    rest of the axis.
    """
    at = axis_index(axis, len(value.shape))
    whole = value.shape[at]
    if isinstance(num_or_size_splits, int):
        if not 0 < num_or_size_splits <= MAX_PARTS:
            raise Refusal(f"returns 1 to {MAX_PARTS:,} tensors", codes.INVALID_VALUE, "num_or_size_splits")
        parts: list[Number] = [whole // num_or_size_splits] * num_or_size_splits
    else:
        sizes = SizeList().read(num_or_size_splits)
        if sizes is None:
            raise Refusal("needs a known number of parts", codes.UNKNOWN_SIZE, "num_or_size_splits")
        rest = whole - sum((part for part in sizes if part != -1), start=0)
        parts = [rest if part == -1 else part for part in sizes]
    return [Tensor(with_size(value.shape, at, part), value.dtype) for part in parts]


@_tensorflow("getitem", flops=costs.free)
def getitem(x: Operand, key: AnyValue) -> Tensor:
    """Selects elements by indices and slices. A slice is given as a list of its bounds, which may be tensors."""
    parts: list[Any] = []
    for part in key:
        if isinstance(part, list):
            bounds = [_bound(bound) for bound in part]
            # With an unknown bound, the number of elements is unknown: UNKNOWN stands for such a slice.
            parts.append(slice(*bounds) if UNKNOWN not in bounds else UNKNOWN)
        else:
            parts.append(... if part == "..." else part)
    selected = [slice(None) if part is UNKNOWN else 0 if isinstance(part, Tensor) else part for part in parts]
    if any(isinstance(part, Tensor) and part.shape for part in parts):
        raise Refusal("cannot use a tensor with axes as an index, only a scalar tensor", codes.INVALID_VALUE)
    whole = _tensor(x)
    # A scalar tensor selects one element, like the index 0. An axis of size 0 has no index 0, so it counts as an axis
    # of size 1.
    relaxed = Tensor(
        tuple(1 if isinstance(extent, int) and extent == 0 else extent for extent in whole.shape), whole.dtype
    )
    output = get_item_rule(relaxed if whole.shape else whole, selected)
    sizes, at = list(output.shape), 0
    ellipsis_axes = len(whole.shape) - sum(part is not None and part is not ... for part in parts)
    for part in parts:
        if part is ...:
            at += ellipsis_axes
        elif part is None or part is UNKNOWN or isinstance(part, slice):
            if part is UNKNOWN:
                sizes[at] = UNKNOWN
            at += 1
    return Tensor(tuple(sizes), output.dtype)


def _bound(bound: Any) -> Any:
    if isinstance(bound, Tensor):
        return UNKNOWN if bound.value is None or isinstance(bound.value, tuple) else bound.value
    return bound


@_tensorflow("ones", "zeros", flops=costs.free)
def filled(shape: Sizes, dtype: AnyValue = "float32") -> Tensor | Inferred:
    """Returns a tensor of ones or zeros."""
    return _shaped(shape, dtype if isinstance(dtype, str) else "float32")


@_tensorflow("random.normal", "random.uniform", "random.truncated_normal")
def random(shape: Sizes, dtype: AnyValue = "float32") -> Tensor | Inferred:
    """Returns random numbers."""
    return _shaped(shape, dtype if isinstance(dtype, str) else "float32")


@_tensorflow("random_normal", "random_uniform")
def random_v1(shape: Sizes, dtype: AnyValue = "float32") -> Tensor | Inferred:
    """Returns random numbers. The names of these functions are from TensorFlow 1."""
    return random(shape, dtype)


@_tensorflow("fill", flops=costs.free)
def fill(dims: Sizes, value: Operand) -> Tensor | Inferred:
    """Returns a tensor filled with one value."""
    return _shaped(dims, _dtype(value))


@_tensorflow("ones_like", "zeros_like", flops=costs.free)
def filled_like(input: Operand, dtype: AnyValue = None) -> Tensor:
    """Returns a tensor of ones or zeros with the shape of another tensor."""
    return Tensor(shape_of(input), dtype if isinstance(dtype, str) else _dtype(input))


@_tensorflow("range", flops=costs.free)
def range_(start: AnyValue, limit: AnyValue = None, delta: AnyValue = 1, dtype: AnyValue = None) -> Tensor:
    """Returns a vector of numbers at equal distances."""
    first, last = (0, start) if limit is None else (start, limit)
    bounds = [_bound(bound) for bound in (first, last, delta)]
    known = all(isinstance(bound, int) for bound in bounds) and bounds[2] != 0
    count: Number = len(range(*bounds)) if known else UNKNOWN
    operands = [part for part in (start, limit) if isinstance(part, Tensor)]
    default = _dtype(operands[0]) if operands else _dtype(first)
    return Tensor((count,), dtype if isinstance(dtype, str) else default)


@_tensorflow("broadcast_to", flops=costs.free)
def broadcast_to(input: Operand, shape: Sizes) -> Tensor | Inferred:
    """Broadcasts a tensor to a shape whose sizes may be tensors."""
    if shape is None:
        return _of_any_rank(_dtype(input))
    merged = broadcast(tuple(UNKNOWN if part == -1 else part for part in shape), shape_of(input))
    return Tensor(merged, _dtype(input))


@_tensorflow("ensure_shape", flops=costs.free)
def ensure_shape(x: Tensor, shape: AnyValue) -> Tensor:
    """Checks the shape of a tensor. An unknown size of the tensor becomes the size in ``shape``."""
    stated = [UNKNOWN if part is None else part for part in shape]
    merged = (known if size is UNKNOWN else size for size, known in zip(x.shape, stated))
    return Tensor(tuple(merged), x.dtype)


@_tensorflow("tile", flops=costs.free)
def tile(input: Operand, multiples: Sizes) -> Tensor:
    """Repeats a tensor along each axis; ``multiples`` may be a tensor."""
    sizes = shape_of(input)
    counts = [UNKNOWN] * len(sizes) if multiples is None else multiples
    return Tensor(tuple(size * count for size, count in zip(sizes, counts)), _dtype(input))


@_tensorflow("repeat", flops=costs.free)
def repeat(input: Operand, repeats: AnyValue, axis: Axis | None = None) -> Tensor:
    """Repeats each element along an axis; ``repeats`` may be a tensor."""
    sizes = (product(shape_of(input)),) if axis is None else shape_of(input)
    at = 0 if axis is None else axis_index(axis, len(sizes))
    if isinstance(repeats, list) and all(isinstance(part, int) for part in repeats):
        repeated = sizes[at] * repeats[0] if len(repeats) == 1 else sum(repeats)
    else:
        count = _bound(repeats)
        repeated = sizes[at] * count if isinstance(count, int) else UNKNOWN
    return Tensor(with_size(sizes, at, repeated), _dtype(input))


@_tensorflow("slice", flops=costs.free)
def slice_(input_: Operand, begin: Sizes, size: Sizes) -> Tensor:
    """Returns a part of a tensor. ``begin`` and ``size`` may be tensors. The size -1 means the rest of an axis."""
    sizes = shape_of(input_)
    starts = [UNKNOWN] * len(sizes) if begin is None else begin
    wanted = [UNKNOWN] * len(sizes) if size is None else size
    # As in TensorFlow, if any entry of ``size`` is unknown, the output sizes of axes with -1 are unknown too.
    known = UNKNOWN not in wanted
    rest = [
        (whole - start if known else UNKNOWN) if part == -1 else part
        for whole, start, part in zip(sizes, starts, wanted)
    ]
    return Tensor(tuple(rest), _dtype(input_))


@_tensorflow("strided_slice", flops=costs.free)
def strided_slice(
    input_: Operand,
    begin: Sizes,
    end: Sizes,
    strides: AnyValue = None,
    begin_mask: AnyValue = 0,
    end_mask: AnyValue = 0,
    ellipsis_mask: AnyValue = 0,
    new_axis_mask: AnyValue = 0,
    shrink_axis_mask: AnyValue = 0,
) -> Tensor:
    """Returns a part of a tensor: on each axis, every nth element between two bounds."""
    if any((begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)) or begin is None or end is None:
        raise Refusal("has masks, which are not supported", codes.INVALID_VALUE)
    steps = strides if isinstance(strides, list) else [1] * len(begin)
    key = [[*bounds] for bounds in zip(begin, end, steps)]
    return getitem(Tensor(shape_of(input_), _dtype(input_)), key)


@_tensorflow("pad", flops=costs.free)
def pad(tensor: Operand, paddings: AnyValue, mode: Ignored = None, constant_values: Ignored = 0) -> Tensor:
    """Pads both ends of each axis; ``paddings`` may be a tensor or contain tensors."""
    sizes = shape_of(tensor)
    if not isinstance(paddings, list):
        return Tensor((UNKNOWN,) * len(sizes), _dtype(tensor))
    widths = [sum((_size(part) for part in pair), start=0) for pair in paddings]
    return Tensor(tuple(size + width for size, width in zip(sizes, widths)), _dtype(tensor))


@_tensorflow("one_hot", flops=costs.free)
def one_hot(
    indices: Operand,
    depth: AnyValue,
    on_value: AnyValue = None,
    off_value: Ignored = None,
    axis: Axis | None = -1,
    dtype: AnyValue = None,
) -> Tensor:
    """Encodes whole numbers as vectors with a single on_value."""
    sizes, at = shape_of(indices), -1 if axis is None else axis
    at = axis_index(at, len(sizes) + 1)
    count = _bound(depth)
    made = dtype if isinstance(dtype, str) else "float32" if on_value is None else _dtype(on_value)
    return Tensor((*sizes[:at], count, *sizes[at:]), made)


@_tensorflow("sequence_mask", flops=costs.free)
def sequence_mask(lengths: Operand, maxlen: AnyValue = None, dtype: AnyValue = "bool") -> Tensor:
    """Returns a mask that is true at the first positions of each sequence."""
    longest = UNKNOWN if maxlen is None else _bound(maxlen)
    return Tensor((*shape_of(lengths), longest), dtype if isinstance(dtype, str) else "bool")


# Lists ----------------------------------------------------------------------------------------------------------------


def _first_tensor(values: Any) -> str:
    return _dtype(*values) if isinstance(values, list) and values else _dtype(values)


@_tensorflow("concat", flops=costs.free)
def concat(values: AnyValue, axis: Axis) -> Tensor:
    """Concatenates tensors and constants along an axis."""
    shapes = [shape_of(value) for value in values]
    at = axis_index(axis, len(shapes[0]))
    rest = [with_size(each, at, 1) for each in shapes]
    if any(len(each) != len(rest[0]) for each in rest):
        raise Refusal("needs inputs with the same number of axes", codes.SHAPES_DIFFER)
    total = sum((each[at] for each in shapes), start=0)
    return Tensor(with_size(_agreed(rest), at, total), _first_tensor(values))


def _agreed(shapes: Sequence[Shape]) -> Shape:
    """Returns the common shape of tensors. A size is unknown only if it is unknown in all tensors."""
    return tuple(next((size for size in sizes if size is not UNKNOWN), UNKNOWN) for sizes in zip(*shapes))


@_tensorflow("stack", flops=costs.free)
def stack(values: AnyValue, axis: Axis = 0) -> Tensor:
    """Stacks tensors and constants along a new axis."""
    return _stacked(values, axis)


def _stacked(values: Any, axis: int = 0) -> Tensor:
    shapes = [shape_of(value) for value in values]
    if any(len(each) != len(shapes[0]) for each in shapes):
        raise Refusal("needs inputs of the same shape", codes.SHAPES_DIFFER)
    first = _agreed(shapes)
    at = axis_index(axis, len(first) + 1)
    return Tensor((*first[:at], len(shapes), *first[at:]), _first_tensor(values))


@_tensorflow("add_n", "accumulate_n", flops=costs.unknown)
def add_n(inputs: AnyValue) -> Tensor:
    """Adds tensors of the same shape."""
    return Tensor(_stacked(inputs).shape[1:], _first_tensor(inputs)) if isinstance(inputs, list) else _tensor(inputs)


@_tensorflow("einsum")
def einsum(equation: AnyValue) -> Tensor:
    """Computes the sums of products of an equation.

    Files of Keras 2 do not record the tensors of the call, so only the number of output axes is known.
    """
    _, arrow, output = str(equation).replace(" ", "").partition("->")
    if not arrow or "." in output:
        raise Refusal("needs an equation with '->' and without '...'", codes.INVALID_VALUE)
    return Tensor((UNKNOWN,) * len(output), "")


@_tensorflow("meshgrid")
def meshgrid(x: Tensor) -> Tensor:
    """Returns the coordinates of a grid. Files of Keras 2 record only the first tensor, so the outputs are unknown."""
    raise Refusal("has tensors that the file does not record", codes.INVALID_VALUE)


# Reductions -----------------------------------------------------------------------------------------------------------


def _as_tensor(value: Any) -> Tensor:
    """Returns a tensor for an operand. A list that contains tensors is stacked, as in TensorFlow."""
    if isinstance(value, list) and any(isinstance(part, Tensor) for part in value):
        return _stacked(value)
    return _tensor(value)


def _reduction(dtype: str = "") -> Callable[..., Tensor]:
    def rule(input_tensor: AnyValue, axis: Axes | None = None, keepdims: Flag = False) -> Tensor:
        whole = _as_tensor(input_tensor)
        return Tensor(reduced(whole.shape, axis, bool(keepdims)), dtype or whole.dtype)

    rule.__doc__ = "Reduces axes. A list of tensors is stacked first."
    return rule


for _name in ["sum", "mean", "max", "min", "prod", "any", "all", "logsumexp", "std", "variance", "euclidean_norm"]:
    _tensorflow(f"reduce_{_name}")(_reduction())
_tensorflow("count_nonzero")(_reduction("int64"))


@_tensorflow("norm")
def norm(tensor: AnyValue, ord: Ignored = None, axis: Axes | None = None, keepdims: Flag = False) -> Tensor:
    """Computes the norm of vectors or matrices."""
    whole = _as_tensor(tensor)
    return Tensor(reduced(whole.shape, axis, bool(keepdims)), whole.dtype)


@_tensorflow("linalg.normalize")
def normalize(tensor: Tensor, ord: Ignored = None, axis: Axes | None = None) -> list[Tensor]:
    """Divides a tensor by its norm. Returns the result and the norm."""
    return [Tensor(tensor.shape, tensor.dtype), Tensor(reduced(tensor.shape, axis, True), tensor.dtype)]


@_tensorflow("argmax", "argmin")
def argmax(input: AnyValue, axis: Axis | None = 0, output_type: AnyValue = "int64") -> Tensor:
    """Returns the index of the largest or the smallest element along an axis."""
    whole = _as_tensor(input)
    dtype = output_type if isinstance(output_type, str) else "int64"
    return Tensor(reduced(whole.shape, 0 if axis is None else axis), dtype)


@_tensorflow("bincount")
def bincount(arr: Tensor, weights: Ignored = None, axis: AnyValue = None) -> Tensor:
    """Counts how often each whole number occurs."""
    return Tensor((UNKNOWN,) if axis is None else (*arr.shape[:-1], UNKNOWN), "int32")


# Elementwise ----------------------------------------------------------------------------------------------------------


@_tensorflow(
    *[
        "image.rgb_to_yuv",
        "image.yuv_to_rgb",
        "image.rgb_to_yiq",
        "image.yiq_to_rgb",
        "signal.fft",
        "signal.ifft",
        "signal.mfccs_from_log_mel_spectrograms",
        "cumsum",
        "cumprod",
        "cumulative_logsumexp",
        "l2_normalize",
        "linalg.band_part",
        "linalg.inv",
        "linalg.cholesky",
        "linalg.expm",
        "linalg.set_diag",
        "betainc",
        "nn.softmax",
        "nn.log_softmax",
        "clip_by_norm",
        "nn.dropout",
        "nn.local_response_normalization",
        "nn.bias_add",
        "reverse_sequence",
        "random.shuffle",
        "debugging.check_numerics",
        "check_numerics",
        "image.per_image_standardization",
        "image.adjust_brightness",
        "image.adjust_contrast",
        "image.adjust_hue",
        "image.adjust_saturation",
        "image.adjust_gamma",
        "image.flip_left_right",
        "image.flip_up_down",
        "image.random_flip_left_right",
        "image.random_flip_up_down",
        "image.random_brightness",
        "image.random_contrast",
        "image.random_hue",
        "image.random_saturation",
        "image.rgb_to_hsv",
        "image.hsv_to_rgb",
        "lgamma",
        "digamma",
        "erfc",
        "erfcinv",
        "ndtri",
        "bessel_i0",
        "bessel_i1",
        "bessel_i0e",
        "bessel_i1e",
        "invert_permutation",
        "tensor_scatter_nd_update",
        "tensor_scatter_nd_add",
        "tensor_scatter_nd_max",
        "tensor_scatter_nd_min",
        "sort",
        "linalg.cross",
        "dropout",
        "zeta",
        "polygamma",
        "quantization.fake_quant_with_min_max_args",
        "quantization.fake_quant_with_min_max_vars",
        "grad_pass_through",
    ]
)
def same_shape(x: Operand) -> Tensor:
    """Returns a tensor with the shape and the dtype of the input."""
    return Tensor(shape_of(x), _dtype(x))


@_tensorflow("argsort")
def argsort(values: Operand) -> Tensor:
    """Returns the indices that sort a tensor."""
    return Tensor(shape_of(values), "int32")


@_tensorflow("strings.length")
def string_length(input: Operand) -> Tensor:
    """Returns the length of each text."""
    return Tensor(shape_of(input), "int32")


@_tensorflow("nn.log_poisson_loss")
def log_poisson_loss(targets: Operand, log_input: Operand) -> Tensor:
    """Computes the Poisson loss of each element."""
    return Tensor(broadcast(shape_of(targets), shape_of(log_input)), _dtype(targets, log_input))


@_tensorflow("strings.as_string", "as_string")
def as_string(input: Operand) -> Tensor:
    """Converts numbers to texts."""
    return Tensor(shape_of(input), "string")


@_tensorflow("bitcast", "saturate_cast", "dtypes.saturate_cast", flops=costs.free)
def saturate_cast(value: Operand, dtype: AnyValue = None, type: AnyValue = None) -> Tensor:
    """Converts a tensor to another dtype."""
    made = dtype if isinstance(dtype, str) else type if isinstance(type, str) else _dtype(value)
    return Tensor(shape_of(value), made)


@_tensorflow(
    *[
        "bitwise.bitwise_and",
        "bitwise.bitwise_or",
        "bitwise.bitwise_xor",
        "bitwise.left_shift",
        "bitwise.right_shift",
        "squared_difference",
        "multiply_no_nan",
        "xdivy",
        "xlogy",
        "xlog1py",
        "igamma",
        "igammac",
        "nextafter",
        "add",
        "subtract",
        "multiply",
        "divide",
        "divide_no_nan",
        "truediv",
        "floordiv",
        "floormod",
        "mod",
        "truncatediv",
        "truncatemod",
        "maximum",
        "minimum",
        "pow",
        "atan2",
    ],
    flops=costs.per_output(1),
)
def elementwise(x: Operand, y: Operand) -> Tensor:
    """Combines two tensors elementwise."""
    return Tensor(broadcast(shape_of(x), shape_of(y)), _dtype(x, y))


@_tensorflow("clip_by_value", flops=costs.per_output(2))
def clip_by_value(t: Operand, clip_value_min: Operand, clip_value_max: Operand) -> Tensor:
    """Limits each element to a range."""
    limits = (shape_of(clip_value_min), shape_of(clip_value_max))
    return Tensor(reduce(broadcast, limits, shape_of(t)), _dtype(t))


@_tensorflow("where", flops=costs.free)
def where(condition: Operand, x: AnyValue = None, y: AnyValue = None) -> Tensor:
    """Selects elements by a condition; without x and y, returns the positions where the condition is true."""
    if x is None and y is None:
        return Tensor((UNKNOWN, len(shape_of(condition))), "int64")
    return Tensor(reduce(broadcast, (shape_of(x), shape_of(y)), shape_of(condition)), _dtype(x, y))


@_tensorflow("dtypes.complex")
def complex_(real: Operand, imag: Operand) -> Tensor:
    """Combines real and imaginary parts."""
    wide = "float64" in (_dtype(real), _dtype(imag))
    return Tensor(broadcast(shape_of(real), shape_of(imag)), "complex128" if wide else "complex64")


@_tensorflow("nn.crelu")
def crelu(features: Tensor, axis: Axis = -1) -> Tensor:
    """Concatenates the positive and the negative parts."""
    at = axis_index(axis, len(features.shape))
    return Tensor(with_size(features.shape, at, features.shape[at] * 2), features.dtype)


@_tensorflow("nn.sigmoid_cross_entropy_with_logits", "nn.weighted_cross_entropy_with_logits")
def sigmoid_cross_entropy(labels: Operand, logits: Operand) -> Tensor:
    """Computes the cross entropy of each element."""
    return Tensor(broadcast(shape_of(labels), shape_of(logits)), _dtype(logits))


@_tensorflow(
    "nn.softmax_cross_entropy_with_logits",
    "nn.softmax_cross_entropy_with_logits_v2",
)
def softmax_cross_entropy(labels: Operand, logits: Operand, axis: AnyValue = -1) -> Tensor:
    """Computes the cross entropy of each distribution."""
    at = axis if isinstance(axis, int) else -1
    return Tensor(reduced(shape_of(logits), at), _dtype(logits))


@_tensorflow("nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy(labels: Operand, logits: Operand) -> Tensor:
    """Computes the cross entropy of each distribution; the labels are class numbers."""
    return Tensor(shape_of(labels), _dtype(logits))


@_tensorflow("keras.backend.binary_crossentropy")
def binary_crossentropy(target: Operand, output: Operand) -> Tensor:
    """Computes the cross entropy of each element."""
    return Tensor(broadcast(shape_of(target), shape_of(output)), _dtype(output))


@_tensorflow("keras.backend.categorical_crossentropy")
def categorical_crossentropy(target: Operand, output: Operand, axis: Axis = -1) -> Tensor:
    """Computes the cross entropy of each distribution."""
    return Tensor(reduced(shape_of(output), axis), _dtype(output))


@_tensorflow("scalar_mul", flops=costs.per_output(1))
def scalar_mul(scalar: Operand, x: Operand) -> Tensor:
    """Multiplies a tensor by a number."""
    return Tensor(shape_of(x), _dtype(x))


@_tensorflow("squeeze", flops=costs.free)
def squeeze(input: Operand) -> Tensor | Inferred:
    """Removes all axes of size 1. If a size is unknown, it may be 1, so the number of output axes is unknown."""
    sizes = shape_of(input)
    if UNKNOWN in sizes:
        return _of_any_rank(_dtype(input))
    return Tensor(tuple(size for size in sizes if size != 1), _dtype(input))


@_tensorflow("nn.l2_loss", "nn.compute_average_loss", "zero_fraction")
def number(x: Operand) -> Tensor:
    """Computes a single number from all elements."""
    return Tensor((), "float32" if _dtype(x) not in _FLOATS else _dtype(x))


@_tensorflow("eye", flops=costs.free)
def eye(
    num_rows: AnyValue, num_columns: AnyValue = None, batch_shape: AnyValue = None, dtype: AnyValue = None
) -> Tensor:
    """Returns an identity matrix."""
    if batch_shape is not None:
        raise Refusal("has a batch_shape, which is not supported", codes.INVALID_VALUE)
    rows, columns = _size(num_rows), _size(num_rows if num_columns is None else num_columns)
    return Tensor((rows, columns), dtype if isinstance(dtype, str) else "float32")


@_tensorflow("random.categorical")
def categorical(logits: Operand, num_samples: AnyValue, dtype: AnyValue = None) -> Tensor:
    """Draws random class numbers."""
    return Tensor((shape_of(logits)[0], _size(num_samples)), dtype if isinstance(dtype, str) else "int64")


# Selections -----------------------------------------------------------------------------------------------------------


@_tensorflow("gather", flops=costs.free)
def gather(params: Operand, indices: Operand, axis: AnyValue = None, batch_dims: AnyValue = 0) -> Tensor:
    """Selects elements by indices along an axis; the first batch_dims axes are batch axes."""
    sizes, picks = shape_of(params), shape_of(indices)
    if not isinstance(batch_dims, int) or not (axis is None or isinstance(axis, int)):
        raise Refusal("needs an axis and batch_dims that are numbers", codes.INVALID_VALUE)
    shared = batch_dims if batch_dims >= 0 else batch_dims + len(picks)
    at = shared if axis is None else axis_index(axis, len(sizes))
    return Tensor((*sizes[:at], *picks[shared:], *sizes[at + 1 :]), _dtype(params))


@_tensorflow("gather_nd", flops=costs.free)
def gather_nd(params: Operand, indices: Operand, batch_dims: Integer = 0) -> Tensor:
    """Selects parts of a tensor; each vector of indices selects one part."""
    sizes, picks = shape_of(params), shape_of(indices)
    depth = picks[-1]
    if not isinstance(depth, int):
        raise Refusal("needs vectors of indices with a known number of elements", codes.UNKNOWN_SIZE)
    return Tensor((*picks[:-1], *sizes[batch_dims + depth :]), _dtype(params))


@_tensorflow("nn.embedding_lookup", flops=costs.free)
def embedding_lookup(params: Operand, ids: Operand) -> Tensor:
    """Selects rows of a table."""
    return Tensor((*shape_of(ids), *shape_of(params)[1:]), _dtype(params))


@_tensorflow("boolean_mask", flops=costs.free)
def boolean_mask(tensor: Operand, mask: Operand, axis: AnyValue = None) -> Tensor:
    """Selects the elements where a mask is true."""
    at = axis if isinstance(axis, int) else 0
    sizes = shape_of(tensor)
    return Tensor((*sizes[:at], UNKNOWN, *sizes[at + len(shape_of(mask)) :]), _dtype(tensor))


@_tensorflow("scatter_nd", flops=costs.free)
def scatter_nd(indices: Ignored, updates: Operand, shape: Sizes) -> Tensor | Inferred:
    """Returns a tensor of zeros with given values at given indices."""
    return _shaped(shape, _dtype(updates))


@_tensorflow("dynamic_partition", flops=costs.free)
def dynamic_partition(data: Operand, partitions: Operand, num_partitions: Integer) -> list[Tensor]:
    """Splits a tensor into parts; ``partitions`` has the part number of each element."""
    if not 0 < num_partitions <= MAX_PARTS:
        raise Refusal(f"returns 1 to {MAX_PARTS:,} tensors", codes.INVALID_VALUE)
    rest = shape_of(data)[len(shape_of(partitions)) :]
    return [Tensor((UNKNOWN, *rest), _dtype(data))] * num_partitions


@_tensorflow("unique")
def unique(x: Tensor, out_idx: AnyValue = "int32") -> list[Tensor]:
    """Returns the unique elements of a vector, and the index of each element in the unique elements."""
    return [Tensor((UNKNOWN,), x.dtype), Tensor(x.shape, out_idx if isinstance(out_idx, str) else "int32")]


@_tensorflow("searchsorted")
def searchsorted(sorted_sequence: Ignored, values: Operand) -> Tensor:
    """Returns the index at which each value must be inserted into a sorted sequence."""
    return Tensor(shape_of(values), "int32")


@_tensorflow("unsorted_segment_sum", "unsorted_segment_mean", "unsorted_segment_max", "unsorted_segment_min")
def segment_sum(data: Operand, segment_ids: Operand, num_segments: AnyValue) -> Tensor:
    """Reduces the elements of each segment."""
    return Tensor((_bound(num_segments), *shape_of(data)[len(shape_of(segment_ids)) :]), _dtype(data))


@_tensorflow("nn.in_top_k", "in_top_k")
def in_top_k(targets: Operand) -> Tensor:
    """Tests whether each target is among the largest predictions."""
    return Tensor(shape_of(targets), "bool")


@_tensorflow("unstack", flops=costs.free)
def unstack(value: Tensor, num: AnyValue = None, axis: Axis = 0) -> list[Tensor]:
    """Splits a tensor into slices along an axis, and removes that axis."""
    at = axis_index(axis, len(value.shape))
    count = num if isinstance(num, int) else value.shape[at]
    if not isinstance(count, int) or count > MAX_PARTS:
        raise Refusal("needs 'num', because the size of the axis is unknown", codes.UNKNOWN_SIZE, "num")
    return [Tensor((*value.shape[:at], *value.shape[at + 1 :]), value.dtype)] * count


# Matrices -------------------------------------------------------------------------------------------------------------


def _transposed(x: Tensor) -> Tensor:
    return Tensor((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype) if len(x.shape) > 1 else x


@_tensorflow("matmul", flops=costs.free)
def matmul(
    a: Operand,
    b: Operand,
    transpose_a: Flag = False,
    transpose_b: Flag = False,
    adjoint_a: Flag = False,
    adjoint_b: Flag = False,
) -> Inferred:
    """Multiplies matrices, which can be transposed first."""
    left, right = _tensor(a, b), _tensor(b, a)
    left = _transposed(left) if transpose_a or adjoint_a else left
    right = _transposed(right) if transpose_b or adjoint_b else right
    return matmul_rule(left, right)._replace(dtype=(_dtype(a, b),))


@_tensorflow("linalg.matvec", flops=costs.free)
def matvec(a: Operand, b: Operand, transpose_a: Flag = False) -> Inferred:
    """Multiplies matrices by vectors."""
    right = _tensor(b, a)
    result = matmul(a, Tensor((*right.shape, 1), right.dtype), transpose_a)
    return result._replace(outputs=tuple(shape and shape[:-1] for shape in result.outputs))


@_tensorflow("tensordot", flops=costs.free)
def tensordot(a: Operand, b: Operand, axes: AnyValue) -> Any:
    """Sums products over axes of both tensors."""
    return tensordot_rule(_tensor(a, b), _tensor(b, a), axes=axes)


@_tensorflow("linalg.diag")
def diag(diagonal: Operand) -> Tensor:
    """Returns matrices with given diagonals."""
    sizes = shape_of(diagonal)
    return Tensor((*sizes, sizes[-1]), _dtype(diagonal))


@_tensorflow("linalg.diag_part", flops=costs.free)
def diag_part(input: Operand) -> Tensor:
    """Returns the diagonals of matrices."""
    *batch, rows, columns = shape_of(input)
    count = UNKNOWN if rows is UNKNOWN or columns is UNKNOWN else min(rows, columns)
    return Tensor((*batch, count), _dtype(input))


@_tensorflow("linalg.eigvalsh")
def eigvalsh(tensor: Operand) -> Tensor:
    """Computes the eigenvalues of symmetric matrices."""
    return Tensor(shape_of(tensor)[:-1], _dtype(tensor))


@_tensorflow("linalg.solve", "linalg.triangular_solve", "linalg.lstsq")
def solve(matrix: Operand, rhs: Operand) -> Tensor:
    """Solves linear equations."""
    rows, right = shape_of(matrix), shape_of(rhs)
    return Tensor((*broadcast(rows[:-2], right[:-2]), rows[-1], right[-1]), _dtype(rhs))


@_tensorflow("linalg.trace", "linalg.det")
def trace(x: Operand) -> Tensor:
    """Computes the trace or the determinant of each matrix."""
    return Tensor(shape_of(x)[:-2], _dtype(x))


@_tensorflow("linalg.matrix_transpose", "linalg.adjoint", flops=costs.free)
def matrix_transpose(a: Operand) -> Tensor:
    """Transposes matrices."""
    return _transposed(_tensor(a))


@_tensorflow("linalg.pinv")
def pinv(a: Operand) -> Tensor:
    """Computes the pseudo-inverse of matrices."""
    return _transposed(_tensor(a))


# Images ---------------------------------------------------------------------------------------------------------------


def _image_sizes(images: Tensor, height: Number, width: Number) -> Tensor:
    if len(images.shape) not in (3, 4):
        raise Refusal("needs images: tensors of three or four axes", codes.WRONG_RANK)
    return Tensor((*images.shape[:-3], height, width, images.shape[-1]), images.dtype)


@_tensorflow(
    "image.resize",
    "image.resize_bilinear",
    "image.resize_nearest_neighbor",
    "image.resize_bicubic",
    "image.resize_area",
    "image.resize_images",
)
def resize(images: Tensor, size: Sizes, method: AnyValue = "bilinear", preserve_aspect_ratio: Flag = False) -> Tensor:
    """Resizes images to a size that may be a tensor."""
    height, width = (UNKNOWN, UNKNOWN) if size is None else size
    if preserve_aspect_ratio:
        rows, columns = images.shape[-3:-1]
        known = [part for part in (height, width, rows, columns) if isinstance(part, int) and part > 0]
        if len(known) < 4:
            height = width = UNKNOWN
        else:
            scale = min(known[0] / known[2], known[1] / known[3])
            height, width = round(scale * known[2]), round(scale * known[3])
    resized = _image_sizes(images, height, width)
    # "nearest" keeps the dtype. Other methods return float32, but keep integers if the size does not change. So the
    # dtype is unknown for integers.
    keeps = method in ("nearest", 1) or images.dtype in ("float32", "")
    return resized if keeps else Tensor(resized.shape, "" if images.dtype not in _FLOATS else "float32")


_FLOATS = ("float16", "bfloat16", "float64")


@_tensorflow("image.transpose", flops=costs.free)
def transpose_images(image: Tensor) -> Tensor:
    """Exchanges the height and the width of images."""
    if len(image.shape) < 3:
        raise Refusal("needs images: tensors of three or four axes", codes.WRONG_RANK)
    return _image_sizes(image, image.shape[-2], image.shape[-3])


@_tensorflow("image.resize_with_pad", "image.resize_with_crop_or_pad")
def resize_with_pad(image: Tensor, target_height: AnyValue, target_width: AnyValue) -> Tensor:
    """Resizes, crops or pads images to a size."""
    return _image_sizes(image, _size(target_height), _size(target_width))


@_tensorflow("image.crop_to_bounding_box", "image.pad_to_bounding_box", flops=costs.free)
def crop_to_bounding_box(
    image: Tensor, offset_height: Ignored, offset_width: Ignored, target_height: AnyValue, target_width: AnyValue
) -> Tensor:
    """Crops or pads images to a size."""
    return _image_sizes(image, _size(target_height), _size(target_width))


@_tensorflow("image.central_crop", flops=costs.free)
def central_crop(image: Tensor, central_fraction: AnyValue) -> Tensor:
    """Keeps the middle of images."""

    def kept(size: Number) -> Number:
        return size - 2 * int((size - size * central_fraction) / 2) if isinstance(size, int) else UNKNOWN

    return _image_sizes(image, kept(image.shape[-3]), kept(image.shape[-2]))


@_tensorflow("image.rot90", flops=costs.free)
def rot90(image: Tensor, k: AnyValue = 1) -> Tensor:
    """Rotates images by quarter turns."""
    height, width = image.shape[-3:-1]
    turned = not isinstance(k, int) or k % 2 == 1
    if turned and isinstance(k, int):
        return _image_sizes(image, width, height)
    return _image_sizes(image, height, width) if not turned else _image_sizes(image, UNKNOWN, UNKNOWN)


@_tensorflow("image.random_crop")
def random_crop(value: Operand, size: Sizes) -> Tensor | Inferred:
    """Crops tensors to a size at a random position."""
    return _shaped(size, _dtype(value))


@_tensorflow("image.crop_and_resize")
def crop_and_resize(
    image: Tensor, boxes: Operand, box_indices: Ignored = None, crop_size: Sizes = None, box_ind: Ignored = None
) -> Tensor:
    """Crops boxes from images, and resizes them to a size."""
    height, width = (UNKNOWN, UNKNOWN) if crop_size is None else crop_size
    return Tensor((shape_of(boxes)[0], height, width, image.shape[-1]), "float32")


@_tensorflow("image.non_max_suppression")
def non_max_suppression(boxes: Ignored) -> Tensor:
    """Selects boxes that overlap little."""
    return Tensor((UNKNOWN,), "int32")


@_tensorflow("image.convert_image_dtype")
def convert_image_dtype(image: Operand, dtype: AnyValue) -> Tensor:
    """Converts images to another dtype, and scales their values."""
    return Tensor(shape_of(image), dtype if isinstance(dtype, str) else "")


@_tensorflow("image.psnr")
def psnr(a: Operand, b: Operand) -> Tensor:
    """Compares pairs of images."""
    return Tensor(broadcast(shape_of(a), shape_of(b))[:-3], "float32")


@_tensorflow("image.rgb_to_grayscale")
def rgb_to_grayscale(images: Tensor) -> Tensor:
    """Converts RGB images to grayscale images with one channel."""
    return Tensor((*images.shape[:-1], 1), images.dtype)


@_tensorflow("image.grayscale_to_rgb", flops=costs.free)
def grayscale_to_rgb(images: Tensor) -> Tensor:
    """Converts grayscale images to RGB images: the channel is repeated three times."""
    return Tensor((*images.shape[:-1], 3), images.dtype)


@_tensorflow("image.extract_patches", flops=costs.free)
def extract_patches(images: Tensor, sizes: AnyValue, strides: AnyValue, rates: AnyValue, padding: AnyValue) -> Tensor:
    """Extracts patches from images; the elements of each patch are on the channel axis."""
    batch, *spatial, channels = images.shape
    moves = zip(spatial, sizes[1:3], strides[1:3], rates[1:3], strict=True)
    moved = [slide(extent, size, step, rate, _padding(padding)).output for extent, size, step, rate in moves]
    return Tensor((batch, *moved, prod(sizes[1:3]) * channels), images.dtype)


def _padding(padding: Any) -> str:
    if not isinstance(padding, str) or padding.lower() not in ("same", "valid"):
        raise Refusal("needs 'same' or 'valid' as padding", codes.INVALID_VALUE)
    return padding.lower()


# Windows --------------------------------------------------------------------------------------------------------------


def _last(data_format: Any) -> str:
    """Returns Keras's name for a data format of TensorFlow."""
    first = isinstance(data_format, str) and data_format.startswith("NC")
    return "channels_first" if first else "channels_last"


def _spatial(value: Any, rank: int, data_format: Any) -> Any:
    """Returns the entries of ``value`` for the spatial axes, such as ``[2, 3]`` for ``[1, 2, 3, 1]``."""
    if value is None or isinstance(value, int):
        return 1 if value is None else value
    if not isinstance(value, list) or not all(isinstance(part, int) for part in value):
        raise Refusal("needs a whole number, or a list of whole numbers, for its axes", codes.INVALID_VALUE)
    if len(value) == rank + 2:
        return value[2:] if _last(data_format) == "channels_first" else value[1:-1]
    return value * rank if len(value) == 1 else value


@_tensorflow(
    *[
        "nn.avg_pool",
        "nn.max_pool",
        "nn.avg_pool1d",
        "nn.avg_pool2d",
        "nn.avg_pool3d",
        "nn.max_pool1d",
        "nn.max_pool2d",
        "nn.max_pool3d",
    ],
    flops=costs.unknown,
)
def pooling(input: Tensor, ksize: AnyValue, strides: AnyValue, padding: AnyValue, data_format: AnyValue = None) -> Any:
    """Computes the maximum or the mean of each window."""
    rank = len(input.shape) - 2
    return windows.average_pool(
        input,
        pool_size=_spatial(ksize, rank, data_format),
        strides=_spatial(strides, rank, data_format),
        padding=_padding(padding),
        data_format=_last(data_format),
    )


@_tensorflow("nn.max_pool_with_argmax")
def max_pool_with_argmax(
    input: Tensor,
    ksize: AnyValue,
    strides: AnyValue,
    padding: AnyValue,
    data_format: AnyValue = None,
    output_dtype: AnyValue = "int64",
) -> list[Tensor]:
    """Computes the maximum of each window, and its position."""
    pooled = pooling(input, ksize, strides, padding, data_format)
    return [pooled, Tensor(pooled.shape, output_dtype if isinstance(output_dtype, str) else "int64")]


@_tensorflow("nn.dilation2d", "nn.erosion2d")
def dilation2d(
    input: Tensor,
    filters: Operand,
    strides: AnyValue,
    padding: AnyValue,
    data_format: Ignored = None,
    dilations: AnyValue = None,
) -> Tensor:
    """Computes a grayscale dilation or erosion."""
    batch, *spatial, channels = input.shape
    moves = zip(spatial, shape_of(filters)[:2], strides[1:3], (dilations or [1] * 4)[1:3], strict=True)
    moved = [slide(extent, size, step, rate, _padding(padding)).output for extent, size, step, rate in moves]
    return Tensor((batch, *moved, channels), input.dtype)


@_tensorflow("nn.pool")
def pool(
    input: Tensor,
    window_shape: AnyValue,
    pooling_type: Ignored = None,
    strides: AnyValue = None,
    padding: AnyValue = "VALID",
    data_format: AnyValue = None,
    dilations: AnyValue = None,
    dilation_rate: AnyValue = None,
) -> Any:
    """Computes the maximum or the mean of each window."""
    if any(rate not in (None, 1) and set(rate) != {1} for rate in (dilations, dilation_rate)):
        raise Refusal("has dilated windows, which are not supported", codes.INVALID_VALUE)
    return pooling(input, window_shape, strides, padding, data_format)


@_tensorflow("nn.conv1d", "nn.conv2d", "nn.conv3d", "nn.convolution", flops=costs.free)
def convolution(
    input: Tensor,
    filters: AnyValue = None,
    strides: AnyValue = 1,
    padding: AnyValue = "VALID",
    data_format: AnyValue = None,
    dilations: AnyValue = None,
    filter: AnyValue = None,
    stride: AnyValue = None,
    dilation_rate: AnyValue = None,
) -> Inferred:
    """Computes a convolution; the kernel is a tensor or a constant."""
    kernel = _tensor(filter if filters is None else filters, input)
    rank = len(kernel.shape) - 2
    image, explicit = input, isinstance(padding, list)
    if explicit:
        widths = [sum(pair) for pair in padding]
        image = Tensor(tuple(size + width for size, width in zip(input.shape, widths)), input.dtype)
    channels = image.shape[1 if _last(data_format) == "channels_first" else -1]
    groups = channels // kernel.shape[-2] if isinstance(kernel.shape[-2], int) and kernel.shape[-2] else 1
    if not isinstance(groups, int) or groups < 1 or len(image.shape) != rank + 2:
        raise Refusal("needs an input of known channels", codes.UNKNOWN_SIZE)
    whole = Tensor((*kernel.shape[:-2], kernel.shape[-2] * groups, kernel.shape[-1]), kernel.dtype)
    result = windows.conv(
        image,
        whole,
        strides=_spatial(strides if stride is None else stride, rank, data_format),
        padding="valid" if explicit else _padding(padding),
        data_format=_last(data_format),
        dilation_rate=_spatial(dilations if dilation_rate is None else dilation_rate, rank, data_format),
    )
    products = tuple(Product(product.name, product.macs // groups) for product in result.products)
    return result._replace(products=products)


@_tensorflow("nn.depthwise_conv2d", flops=costs.free)
def depthwise_conv2d(
    input: Tensor,
    filter: Operand,
    strides: AnyValue,
    padding: AnyValue,
    rate: AnyValue = None,
    data_format: AnyValue = None,
    dilations: AnyValue = None,
) -> Inferred:
    """Computes a depthwise convolution; the kernel is a tensor or a constant."""
    return windows.depthwise_conv(
        input,
        _tensor(filter, input),
        strides=_spatial(strides, 2, data_format),
        padding=_padding(padding),
        data_format=_last(data_format),
        dilation_rate=_spatial(dilations if rate is None else rate, 2, data_format),
    )


@_tensorflow("nn.separable_conv2d", flops=costs.free)
def separable_conv2d(
    input: Tensor,
    depthwise_filter: Operand,
    pointwise_filter: Operand,
    strides: AnyValue,
    padding: AnyValue,
    rate: AnyValue = None,
    data_format: AnyValue = None,
    dilations: AnyValue = None,
) -> Inferred:
    """Computes a depthwise convolution and then a pointwise convolution; both kernels are tensors or constants."""
    return windows.separable_conv(
        input,
        _tensor(depthwise_filter, input),
        _tensor(pointwise_filter, input),
        strides=_spatial(strides, 2, data_format),
        padding=_padding(padding),
        data_format=_last(data_format),
        dilation_rate=_spatial(dilations if rate is None else rate, 2, data_format),
    )


@_tensorflow("nn.conv1d_transpose", "nn.conv2d_transpose", "nn.conv3d_transpose", flops=costs.free)
def conv_transpose(
    input: Tensor,
    filters: AnyValue = None,
    output_shape: Sizes = None,
    filter: AnyValue = None,
) -> Inferred:
    """Computes a transposed convolution to a given output shape; the kernel is a tensor or a constant."""
    kernel = shape_of(filter if filters is None else filters)
    if output_shape is None:
        return Inferred((None,), dtype=(input.dtype,), unknown=frozenset({"macs"}))
    sizes = tuple(UNKNOWN if size == -1 else size for size in output_shape)
    sizes = (input.shape[0], *sizes) if len(sizes) == len(input.shape) - 2 else sizes
    batch = () if input.shape[0] is UNKNOWN else (input.shape[0],)
    macs = product((*batch, *input.shape[1:-1], *kernel))
    return Inferred((sizes,), products=(Product("products", macs),), dtype=(input.dtype,))


# Signals --------------------------------------------------------------------------------------------------------------


@_tensorflow("signal.frame", flops=costs.free)
def frame(
    signal: Tensor,
    frame_length: AnyValue,
    frame_step: AnyValue,
    pad_end: Flag = False,
    pad_value: Ignored = 0,
    axis: Axis = -1,
) -> Tensor:
    """Splits an axis into frames, which can overlap."""
    at = axis_index(axis, len(signal.shape))
    length, step, whole = _size(frame_length), _size(frame_step), signal.shape[at]
    count = -(-whole // step) if pad_end else (whole - length) // step + 1
    count = 0 if count < 0 else count
    return Tensor((*signal.shape[:at], count, length, *signal.shape[at + 1 :]), signal.dtype)


@_tensorflow("signal.stft")
def stft(
    signals: Tensor,
    frame_length: AnyValue,
    frame_step: AnyValue,
    fft_length: AnyValue = None,
    window_fn: Ignored = None,
    pad_end: Flag = False,
) -> Tensor:
    """Computes the short-time Fourier transform."""
    frames = frame(signals, frame_length, frame_step, pad_end)
    length = _size(frame_length) if fft_length is None else _size(fft_length)
    if not isinstance(length, int):
        raise Refusal("needs frames of a known length", codes.UNKNOWN_SIZE)
    bins = (length if fft_length is not None else 1 << (length - 1).bit_length()) // 2 + 1
    return Tensor((*frames.shape[:-1], bins), "complex64")
