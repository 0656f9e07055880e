"""What operations cost besides products, in floating-point operations: as for layers (:mod:`convcalc.layers.costs`).

One table for all, by name; an operation that is in none of its lists costs an unknown number. Tensors are counted whole, and of
a batch that is not known, one sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from convcalc.base.keras_names import snake_case
from convcalc.base.numbers import UNKNOWN, Number, Shape, Traced, product
from convcalc.layers.costs import ACTIVATIONS, INTERPOLATIONS, times
from convcalc.layers.registry import Args, Cost, Inferred
from convcalc.ops.families import FAMILY_OF
from convcalc.ops.registry import Operation
from convcalc.ops.tensor import sample_elements

WRONG_KIND = (TypeError, ValueError, IndexError, KeyError, AttributeError, ArithmeticError)

# Moving, choosing, making, arithmetic on whole numbers; and products without anything besides.
_FREE = """
All Any Append Arange Array ArraySplit BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift
BitwiseXor BroadcastTo Cast Concatenate Conv ConvTranspose ConvertToTensor Copy Correlate CropImages Cross DepthToSpace
DepthwiseConv Diag Diagflat Diagonal Dot Dsplit Dstack Einsum EmptyLike ExpandDims ExtractPatches ExtractSequences Flip Fliplr
Flipud Full FullLike GaussianBlur Gcd GetItem Hsplit Hstack Imag Inner Kron Lcm LeftShift LogicalAnd LogicalNot LogicalOr
LogicalXor Matmul Meshgrid Moveaxis MultiHot Ndim Nonzero OneHot OnesLike Outer Pad PadImages RGBToGrayscale Ravel Real Repeat
Reshape RightShift Roll Rot90 SaturateCast Scatter ScatterUpdate Select SeparableConv Size Slice SliceUpdate SobelEdges
SpaceToDepth Split Squeeze Stack StopGradient Swapaxes Take TakeAlongAxis Tensordot Tile Transpose Tril Triu Unfold UnravelIndex
Unstack Vdot View ViewAsComplex ViewAsReal Vsplit Vstack Where ZerosLike
"""
_PER_OUTPUT = {
    1: """
    Abs Absolute Add Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Cbrt Ceil Conj Conjugate Cos Cosh Deg2rad Divide
    Equal Erf Erfc Erfinv Exp Exp2 Expm1 Fabs Floor FloorDivide Fmax Fmin Fmod Greater GreaterEqual Heaviside Hypot I0 Isfinite
    Isinf Isnan Isneginf Isposinf Isreal Ldexp Less LessEqual Log Log10 Log1p Log2 Maximum Minimum Mod Multiply NanToNum Negative
    Nextafter NotEqual Power Rad2deg Reciprocal Round Sign Signbit Sin Sinh Sqrt Square Subtract Tan Tanh TrueDivide Trunc Vander
    """,
    2: "BatchNorm Clip DivideNoNan Linspace Rsqrt",
    3: "Geomspace Logspace Sinc",
    4: "Polar",
    6: "Isclose Logaddexp Logaddexp2",
}
# Of a sum over n elements n operations are counted, as the first one is added to nothing.
_PER_INPUT = {
    1: """
    Amax Amin Argmax Argmin CountNonzero Cumprod Cumsum Fold Max Mean Min Prod SegmentMax SegmentMin SegmentProd SegmentSum Sum
    """,
    2: "Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmin Nanprod Nansum Ptp",
    4: "Logsumexp Moments Std Var",
    5: "Nanstd Nanvar",
    6: "AllClose",
}
# Sorting, searching, counting, warping, decompositions and losses: it depends on an algorithm or on the values.
_DEPENDING = """
AdaptiveAveragePool AdaptiveMaxPool AffineTransform Argpartition Argsort BinaryCrossentropy Bincount CTCDecode CTCLoss
CategoricalCrossentropy Cholesky CholeskyInverse Corrcoef Det Diff Digitize Eig Eigh ElasticTransform FFT FFT2 HSVToRGB
Histogram IFFT2 IRFFT ISTFT InTopK Inv IsIn Logdet Lstsq LuFactor MapCoordinates MatrixRank Median Nanmedian Nanpercentile
Nanquantile PSNR Percentile PerspectiveTransform Pinv Qr Quantile RFFT RGBToHSV SSIM STFT SVD ScaleAndTranslate SearchSorted
Slogdet Solve SolveTriangular Sort SparseCategoricalCrossentropy Sparsemax TopK Trace Trapezoid Unique
"""
UNCOUNTED = frozenset(_DEPENDING.split())


def elementwise(operation: Operation, a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """The floating-point operations of one call besides its products."""
    cost = costs().get(operation.name)
    try:
        number = UNKNOWN if cost is None else cost(a, inputs, found)
    except WRONG_KIND:  # a constant where a tensor is usual, or an argument of a kind that no rule looks at
        return UNKNOWN
    return number if isinstance(number, (int, Traced)) else UNKNOWN


@cache
def costs() -> Mapping[str, Cost]:
    """The cost of each operation by its name."""
    listed = [(names, count, _per_output) for count, names in _PER_OUTPUT.items()]
    listed += [(names, count, _per_input) for count, names in _PER_INPUT.items()]
    listed.append((_FREE, 0, _per_output))
    table = {name: per(count) for names, count, per in listed for name in names.split()}
    named = [name for name in FAMILY_OF if snake_case(name) in ACTIVATIONS and name not in table]
    return {**table, **{name: _per_output(ACTIVATIONS[snake_case(name)]) for name in named}, **_OWN}


def _per_output(count: int) -> Cost:
    def cost(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
        shape = found.outputs[0] if found.outputs else None
        return 0 if count == 0 else UNKNOWN if shape is None else times(count, sample_elements(shape))

    return cost


def _per_input(count: int) -> Cost:
    def cost(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
        return times(count, sample_elements(inputs[0])) if inputs else UNKNOWN

    return cost


# Those that depend on more than the sizes of tensors -------------------------------------------------------------------


def _average(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """Sums; with weights they are within the products."""
    return _per_input(int(a.get("weights") is None))(a, inputs, found)


def _cdist(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """A difference for each square, a root for each distance."""
    return sum((each.macs for each in found.products), _per_output(1)(a, inputs, found))


def _attention(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """Scaling the scores, and their softmax."""
    query, key = (inputs[int(a[name].number)] for name in ("query", "key"))
    return (1 + ACTIVATIONS["softmax"]) * sample_elements(query[:-1]) * key[1]


def _gelu(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """By tanh of a polynomial, or exactly by erf."""
    return _per_output(9 if a.get("approximate", True) else ACTIVATIONS["gelu"])(a, inputs, found)


def _layer_norm(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    each = 3 if a.get("rms_scaling") else 5
    return _per_output(each + _given(a, "gamma") + _given(a, "beta"))(a, inputs, found)


def _rms_norm(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    return _per_output(3 + _given(a, "scale"))(a, inputs, found)


def _norm(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """A square or an absolute value, and a sum or a comparison; other orders take powers."""
    known = a.get("ord") in (None, "fro", 1, 2, -1)
    return _per_input(2)(a, inputs, found) if known else UNKNOWN


def _normalize(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    return _per_output(3)(a, inputs, found) if a.get("order", 2) == 2 else UNKNOWN


def _pool(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """One operation for each cell of each window."""
    size: Any = a["pool_size"]
    cells: Number = size ** (len(inputs[0]) - 2) if isinstance(size, int) else product(size)
    return times(cells, _per_output(1)(a, inputs, found))


def _resize(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    if a.get("antialias") or a.get("pad_to_aspect_ratio"):
        return UNKNOWN
    each = INTERPOLATIONS.get(a.get("interpolation", "bilinear"))
    return UNKNOWN if each is None else _per_output(each)(a, inputs, found)


def _given(a: Args, name: str) -> bool:
    return a.get(name) is not None


_OWN: dict[str, Cost] = {
    "Average": _average,
    "AveragePool": _pool,
    "CDist": _cdist,
    "DotProductAttention": _attention,
    "Gelu": _gelu,
    "LayerNorm": _layer_norm,
    "MaxPool": _pool,
    "Norm": _norm,
    "Normalize": _normalize,
    "RMSNorm": _rms_norm,
    "Resize": _resize,
}
