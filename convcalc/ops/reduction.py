"""Operations that reduce, sort or normalize along axes. Sources: ``keras/src/ops/numpy.py``, ``nn.py``, ``math.py``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers import views
from convcalc.layers.registry import IN_PLACE, Cost, Inferred, Product, axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import AnyValue, Axes, Axis, Dtype, Flag, Ignored, Integer, Operand
from convcalc.ops.promotion import float_dtype, float_if_integer, result_type, sum_dtype
from convcalc.ops.registry import Rule, operation
from convcalc.ops.tensor import Tensor, sample_elements, shape_of

AxesOrAll: TypeAlias = "int | Sequence[int] | None"


def reduced(shape: Shape, axis: AxesOrAll, keepdims: bool = False) -> Shape:
    """Returns the shape after a reduction along ``axis`` (None: all axes).

    The reduced axes are removed. With ``keepdims``, they are kept with size 1.
    """
    chosen = range(len(shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    removed = [axis_index(number, len(shape)) for number in chosen]
    if keepdims:
        return tuple(1 if n in removed else size for n, size in enumerate(shape))
    rest = list(shape)
    for n in sorted(removed, reverse=True):
        if n >= len(rest):
            raise Refusal("is given the same axis twice", codes.INVALID_VALUE)
        del rest[n]  # as in Keras, a repeated axis also removes the next axis
    return tuple(rest)


def _argument_axes(args: Mapping[str, Any], shape: Shape) -> list[int]:
    """Returns the numbers of the axes in the argument 'axis' (None: all axes)."""
    axis: AxesOrAll = args["axis"]
    return [
        number % len(shape)
        for number in (range(len(shape)) if axis is None else [axis] if isinstance(axis, int) else axis)
    ]


def _reduced_views(args: Mapping[str, Any], inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how a reduction reads its input.

    Each output position reads all positions of the reduced axes, and one position of each other axis.
    """
    removed = _argument_axes(args, inputs[0])
    kept = [axis for axis in range(len(inputs[0])) if args.get("keepdims") or axis not in removed]
    return (
        tuple(views.WHOLE if axis in removed else views.View((kept.index(axis),)) for axis in range(len(inputs[0]))),
    )


def _normalized_views(args: Mapping[str, Any], inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how a normalization reads its input: each output position reads all positions of the normalized axes."""
    return (views.whole_axes(inputs[0], _argument_axes(args, inputs[0])),)


_DOCS = {
    "All": "Tests whether all elements along axes are true.",
    "Any": "Tests whether any element along axes is true.",
    "Amax": "Computes the maximum along axes.",
    "Amin": "Computes the minimum along axes.",
    "Max": "Computes the maximum along axes.",
    "Min": "Computes the minimum along axes.",
    "Ptp": "Computes the range (maximum minus minimum) along axes.",
    "Nanmax": "Computes the maximum along axes, ignoring NaN.",
    "Nanmin": "Computes the minimum along axes, ignoring NaN.",
    "Argmax": "Returns the indices of the maximum along an axis.",
    "Argmin": "Returns the indices of the minimum along an axis.",
    "Nanargmax": "Returns the indices of the maximum along an axis, ignoring NaN.",
    "Nanargmin": "Returns the indices of the minimum along an axis, ignoring NaN.",
    "Sum": "Computes the sum along axes.",
    "Nansum": "Computes the sum along axes, ignoring NaN.",
    "Nanprod": "Computes the product along axes, ignoring NaN.",
    "Mean": "Computes the mean along axes.",
    "Std": "Computes the standard deviation along axes.",
    "Nanmean": "Computes the mean along axes, ignoring NaN.",
    "Nanmedian": "Computes the median along axes, ignoring NaN.",
    "Nanstd": "Computes the standard deviation along axes, ignoring NaN.",
    "Nanvar": "Computes the variance along axes, ignoring NaN.",
    "Var": "Computes the variance along axes.",
    "Median": "Computes the median along axes.",
    "Logsumexp": "Computes the logarithm of the sum of exponentials along axes.",
    "Cumsum": "Computes the cumulative sum along an axis.",
    "Cumprod": "Computes the cumulative product along an axis.",
    "Nancumsum": "Computes the cumulative sum along an axis, ignoring NaN.",
    "Nancumprod": "Computes the cumulative product along an axis, ignoring NaN.",
}


def _declare(names: str, dtype: Callable[[str], str], flops: Cost, module: str = "numpy") -> None:
    def make() -> Rule:
        def rule(x: Tensor, *, axis: Axes | None = None, keepdims: Flag = False) -> Tensor:
            return Tensor(reduced(x.shape, axis, keepdims), dtype(x.dtype))

        return rule

    for name in names.split():
        rule = make()
        rule.__doc__ = _DOCS[name]
        operation(name, module, _reduced_views, flops=flops)(rule)


_declare("All Any", lambda dtype: "bool", costs.free)
_declare("Amax Amin", lambda dtype: dtype, costs.per_input(1))
_declare("Ptp", lambda dtype: dtype, costs.per_input(2))
_declare("Nanmax Nanmin", result_type, costs.per_input(2))
_declare("Argmax Argmin", lambda dtype: "int32", costs.per_input(1))
_declare("Nanargmax Nanargmin", lambda dtype: "int32", costs.per_input(2))
_declare("Sum", lambda dtype: result_type(sum_dtype(dtype)), costs.per_input(1))
_declare("Nansum", lambda dtype: result_type(sum_dtype(dtype)), costs.per_input(2))
_declare("Nanprod", sum_dtype, costs.per_input(2))
_declare("Mean", float_if_integer, costs.per_input(1))
_declare("Std", float_if_integer, costs.per_input(4))
_declare("Nanmean", lambda dtype: result_type(dtype, "float"), costs.per_input(2))
_declare("Nanmedian", lambda dtype: result_type(dtype, "float"), costs.unknown)
_declare("Nanstd Nanvar", lambda dtype: result_type(dtype, "float"), costs.per_input(5))
_declare("Var", lambda dtype: result_type(dtype, "float"), costs.per_input(4))
_declare("Median", float_dtype, costs.unknown)
_declare("Logsumexp", lambda dtype: "float32", costs.per_input(4), "math")


def _with_initial(name: str) -> Rule:
    def rule(x: Tensor, *, axis: Axes | None = None, keepdims: Flag = False, initial: Ignored = None) -> Tensor:
        return Tensor(reduced(x.shape, axis, keepdims), x.dtype)

    return rule


for _name in ("Max", "Min"):
    _rule = _with_initial(_name)
    _rule.__doc__ = _DOCS[_name]
    operation(_name, receptive_field_rule=_reduced_views, flops=costs.per_input(1))(_rule)


@operation("Prod", receptive_field_rule=_reduced_views, flops=costs.per_input(1))
def prod(x: Tensor, *, axis: Axes | None = None, keepdims: Flag = False, dtype: Dtype = None) -> Tensor:
    """Computes the product along axes."""
    return Tensor(reduced(x.shape, axis, keepdims), dtype or sum_dtype(x.dtype))


@operation("CountNonzero", receptive_field_rule=_reduced_views, flops=costs.per_input(1))
def count_nonzero(x: Tensor, *, axis: Axes | None = None) -> Tensor:
    """Counts the elements other than 0 along axes."""
    return Tensor(reduced(x.shape, axis), "int32")


@operation("AllClose", flops=costs.per_input(6))
def all_close(
    x1: Ignored, x2: Ignored, *, rtol: Ignored = 1e-5, atol: Ignored = 1e-8, equal_nan: Flag = False
) -> Tensor:
    """Tests whether two tensors are nearly equal everywhere."""
    return Tensor((), "bool")


@operation("Size", flops=costs.free)
def size(x: Tensor) -> Tensor:
    """Returns the number of elements."""
    return Tensor((), "int32")


@operation("Ndim", flops=costs.free)
def ndim(x: Tensor) -> Tensor:
    """Returns the number of axes. As in Keras, the output for a tensor of 3 axes has the shape (3,)."""
    return Tensor((len(x.shape),), "float32")


def _shape_along(shape: Shape, axis: Axis | None) -> Shape:
    """Returns ``shape``; for ``axis`` None, the shape of the flattened tensor.

    Raises :class:`Refusal` if the axis does not exist.
    """
    if axis is None:
        return (product(shape),)
    axis_index(axis, len(shape))
    return shape


def _cumulated_dtype(x: Tensor, dtype: str | None) -> str:
    return "int32" if (dtype or x.dtype) == "bool" else dtype or x.dtype


def _cumulative(name: str) -> Rule:
    def rule(x: Tensor, *, axis: Axis | None = None, dtype: Dtype = None) -> Tensor:
        return Tensor(_shape_along(x.shape, axis), _cumulated_dtype(x, dtype))

    rule.__doc__ = _DOCS[name]
    return rule


def _nan_cumulative(name: str) -> Rule:
    def rule(x: Tensor, *, axis: Ignored = None, dtype: Dtype = None) -> Tensor:
        # As in Keras, the number of the axis is not checked.
        return Tensor((product(x.shape),) if axis is None else x.shape, _cumulated_dtype(x, dtype))

    rule.__doc__ = _DOCS[name]
    return rule


for _name in ("Cumsum", "Cumprod"):
    operation(_name, flops=costs.per_input(1))(_cumulative(_name))
for _name in ("Nancumsum", "Nancumprod"):
    operation(_name, flops=costs.per_input(2))(_nan_cumulative(_name))


@operation("Argsort", flops=costs.unknown)
def argsort(x: Tensor, *, axis: Axis | None = -1) -> Tensor:
    """Returns the indices that sort the elements along an axis."""
    return Tensor(_shape_along(x.shape, axis), "int32")


@operation("Sort", flops=costs.unknown)
def sort(x: Tensor, *, axis: Axis | None = -1) -> Tensor:
    """Sorts the elements along an axis."""
    return Tensor(_shape_along(x.shape, axis), x.dtype)


@operation("Softmax", "nn", _normalized_views, buffer_reuse=IN_PLACE, flops=costs.activation("softmax"))
def softmax(x: Tensor, *, axis: Axes | None = -1) -> Tensor:
    """Computes the softmax along axes: positive values whose sum is 1."""
    reduced(x.shape, axis)
    return x


@operation("LogSoftmax", "nn", _normalized_views, buffer_reuse=IN_PLACE, flops=costs.activation("log_softmax"))
def log_softmax(x: Tensor, *, axis: Axes | None = -1) -> Tensor:
    """Computes the logarithm of the softmax along axes."""
    reduced(x.shape, axis)
    return x


@operation("Sparsemax", "nn", _normalized_views, flops=costs.unknown)
def sparsemax(x: Tensor, *, axis: Axis = -1) -> Tensor:
    """Computes the sparsemax along an axis: a softmax in which many values are 0."""
    axis_index(axis, len(x.shape))
    return x


@operation("Normalize", "nn", _normalized_views, buffer_reuse=IN_PLACE, flops=costs.normalize)
def normalize(x: Tensor, *, axis: Axes | None = -1, order: Ignored = 2, epsilon: Ignored = None) -> Tensor:
    """Scales vectors along axes to length 1."""
    reduced(x.shape, axis)
    return Tensor(x.shape, "float32")


@operation("Moments", "nn", flops=costs.per_input(4))
def moments(x: Tensor, *, axes: Axes | None, keepdims: Flag = False, synchronized: Flag = False) -> list[Tensor]:
    """Computes the mean and the variance along axes."""
    return [Tensor(reduced(x.shape, axes, keepdims), x.dtype)] * 2


@operation("LayerNorm", "nn", buffer_reuse=IN_PLACE, flops=costs.layer_norm)
def layer_norm(
    x: Tensor,
    gamma: Ignored = None,
    beta: Ignored = None,
    *,
    axis: Ignored = -1,
    epsilon: Ignored = None,
    rms_scaling: Flag = False,
) -> Tensor:
    """Normalizes each sample of a batch along axes."""
    return x


@operation("BatchNorm", "nn", buffer_reuse=IN_PLACE, flops=costs.per_output(2))
def batch_norm(
    x: Tensor,
    mean: Operand,
    variance: Operand,
    offset: Operand = None,
    scale: Operand = None,
    *,
    axis: Axis,
    epsilon: Ignored = 1e-3,
) -> Tensor:
    """Normalizes each channel with a given mean and variance."""
    size = x.shape[axis_index(axis, len(x.shape))]
    # As in Keras, ``offset`` needs ``scale``: a missing scale fails the check below.
    vectors = [mean, variance, *([] if offset is None else [offset, scale]), *([] if scale is None else [scale])]
    if any(shape_of(vector) != (size,) for vector in vectors):
        raise Refusal(f"needs vectors of {size} elements, because the normalized axis has this size", codes.WRONG_SHAPE)
    return x


@operation("RMSNorm", "nn", buffer_reuse=IN_PLACE, flops=costs.rms_norm)
def rms_norm(x: Tensor, scale: Ignored = None, *, axis: Ignored = -1, epsilon: Ignored = None) -> Tensor:
    """Divides by the root mean square along axes."""
    return x


@operation("TopK", "math", flops=costs.unknown)
def top_k(x: Tensor, *, k: Integer, sorted: Flag = True) -> list[Tensor]:
    """Returns the largest elements along the last axis, and their indices."""
    shape = (*x.shape[:-1], k)
    return [Tensor(shape, x.dtype), Tensor(shape, "int32")]


@operation("InTopK", "math", flops=costs.unknown)
def in_top_k(targets: Tensor, predictions: Ignored, *, k: Ignored) -> Tensor:
    """Tests whether each target is among the k largest predictions."""
    return Tensor(targets.shape, "bool")


def _percentile(dtype: Callable[[str], str]) -> Rule:
    def rule(
        x: Tensor, q: Operand, *, axis: Axes | None = None, method: Ignored = "linear", keepdims: Flag = False
    ) -> Tensor:
        return Tensor((*shape_of(q)[:1], *reduced(x.shape, axis, keepdims)), dtype(x.dtype))

    rule.__doc__ = "Computes percentiles along axes."
    return rule


operation("Percentile", flops=costs.unknown)(
    _percentile(lambda dtype: dtype if "float" in dtype or not dtype else "float32")
)
operation("Nanpercentile", flops=costs.unknown)(_percentile(float_dtype))


@operation("Quantile", flops=costs.unknown)
@operation("Nanquantile", flops=costs.unknown)
def quantile(
    x: Tensor, q: Operand, *, axis: Axes | None = None, method: Ignored = "linear", keepdims: Flag = False
) -> Tensor:
    """Computes quantiles along axes."""
    front = shape_of(q)[:1]
    front = () if isinstance(q, list) and front == (1,) else front
    return Tensor((*front, *reduced(x.shape, axis, keepdims)), float_dtype(x.dtype))


@operation("Average", flops=costs.average)
def average(x: Tensor, weights: AnyValue = None, *, axis: Axes | None = None) -> Inferred:
    """Computes the weighted mean along an axis."""
    dtypes = [x.dtype, "float", *([weights.dtype] if isinstance(weights, Tensor) else [])]
    products = () if weights is None else (Product("weighted sums", sample_elements(x.shape)),)
    return Inferred((reduced(x.shape, axis),), products=products, dtype=(result_type(*dtypes),))


@operation("Bincount", flops=costs.unknown)
def bincount(x: Tensor, *, weights: AnyValue = None, minlength: Ignored = 0, sparse: Flag = False) -> Tensor:
    """Counts how often each whole number occurs."""
    return Tensor((*x.shape[:-1], UNKNOWN), "int32" if weights is None else result_type(x.dtype, "float"))
