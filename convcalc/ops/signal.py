"""Operations for Fourier transforms, sequences, complex numbers and reductions of segments.

Source: ``keras/src/ops/math.py``. A complex number is given as two tensors: the real parts and the imaginary parts. The
number of multiplications in a Fourier transform depends on the algorithm, so it is unknown.
"""

from collections.abc import Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Traced, Unknown, plain
from convcalc.base.problems import Refusal
from convcalc.layers.arguments import shown
from convcalc.layers.registry import Inferred
from convcalc.ops import costs
from convcalc.ops.arguments import CheckedByRule, ComplexPair, Flag, Ignored, Operand, Real
from convcalc.ops.registry import Rule, operation
from convcalc.ops.tensor import Tensor, shape_of, unknown_macs


def _checked_size(size: Any) -> Number:
    """Returns the size of an output axis. Raises :class:`Refusal` if the size is negative or not a whole number."""
    if not isinstance(size, (int, Unknown, Traced)) or size < 0:
        raise Refusal(f"would have an output of size {shown(size)}", codes.VANISHING_SIZE)
    return size


def _check_axes(x: Sequence[Tensor], axes: int) -> None:
    """Raises :class:`Refusal` if the tensors of a complex number have fewer than ``axes`` axes."""
    if len(x[0].shape) < axes:
        raise Refusal(f"needs tensors with at least {'one axis' if axes == 1 else 'two axes'}", codes.WRONG_RANK, "x")


def _transform(name: str, axes: int) -> Rule:
    def rule(x: ComplexPair) -> Inferred:
        _check_axes(x, axes)
        if any(plain(size) is UNKNOWN for size in x[0].shape[-axes:]):
            raise Refusal("needs known sizes on the axes that it transforms", codes.UNKNOWN_SIZE, "x")
        return unknown_macs(*x)

    inverse = "inverse " if name.startswith("I") else ""
    rule.__doc__ = f"Computes the {inverse}Fourier transform along the last {'axis' if axes == 1 else 'two axes'}."
    return rule


fft, fft2, ifft2 = (
    operation(name, "math", flops=costs.unknown)(_transform(name, axes))
    for name, axes in (("FFT", 1), ("FFT2", 2), ("IFFT2", 2))
)


@operation("RFFT", "math", flops=costs.unknown)
def rfft(x: Tensor, *, fft_length: Real | None = None) -> Inferred:
    """Computes the Fourier transform of a real signal along the last axis."""
    if not x.shape:
        raise Refusal("needs a tensor with at least one axis", codes.WRONG_RANK, "x")
    length = x.shape[-1] if fft_length is None else fft_length
    spectrum = Tensor((*x.shape[:-1], _checked_size(length // 2 + 1)), x.dtype)
    return unknown_macs(spectrum, spectrum)


@operation("IRFFT", "math", flops=costs.unknown)
def irfft(x: ComplexPair, *, fft_length: Real | None = None) -> Inferred:
    """Computes the inverse Fourier transform to a real signal along the last axis."""
    _check_axes(x, 1)
    real = x[0]
    length = 2 * (real.shape[-1] - 1) if fft_length is None else fft_length
    return unknown_macs(Tensor((*real.shape[:-1], _checked_size(length)), real.dtype))


def _checked_stride(stride: Any) -> int:
    """Returns the stride between neighbouring sequences. Raises :class:`Refusal` if it is not positive."""
    if not isinstance(stride, int) or stride < 1:
        raise Refusal(f"needs a stride of at least 1, not {shown(stride)}", codes.INVALID_VALUE, "sequence_stride")
    return stride


def _sequences(size: Number, length: Any, stride: Any) -> Number:
    """Returns how many sequences of a given length fit if their starts are ``stride`` elements apart."""
    if stride == 0 and plain(size) is not UNKNOWN:
        raise Refusal("needs a stride other than 0", codes.INVALID_VALUE, "sequence_stride")
    return _checked_size(1 + (size - length) // stride)


@operation("ExtractSequences", "math", flops=costs.free)
def extract_sequences(x: Tensor, *, sequence_length: Real, sequence_stride: Real) -> Tensor:
    """Extracts overlapping sequences along the last axis."""
    if not x.shape:
        raise Refusal("needs a tensor with at least one axis", codes.WRONG_RANK, "x")
    count = _sequences(x.shape[-1], sequence_length, sequence_stride)
    return Tensor((*x.shape[:-1], count, _checked_size(sequence_length)), x.dtype)


@operation("STFT", "math", flops=costs.unknown)
def stft(
    x: Tensor,
    *,
    sequence_length: Ignored,
    sequence_stride: CheckedByRule,
    fft_length: Real,
    window: Ignored = "hann",
    center: Flag = True,
) -> Inferred:
    """Computes the short-time Fourier transform along the last axis."""
    if not x.shape:
        raise Refusal("needs a tensor with at least one axis", codes.WRONG_RANK, "x")
    padded = 0 if center is False else fft_length // 2 * 2
    count = _sequences(x.shape[-1] + padded, fft_length, _checked_stride(sequence_stride))
    spectrum = Tensor((*x.shape[:-1], count, _checked_size(fft_length // 2 + 1)), x.dtype)
    return unknown_macs(spectrum, spectrum)


@operation("ISTFT", "math", flops=costs.unknown)
def istft(
    x: ComplexPair,
    *,
    sequence_length: Ignored,
    sequence_stride: CheckedByRule,
    fft_length: Real,
    length: CheckedByRule = None,
    window: Ignored = "hann",
    center: Flag = True,
) -> Inferred:
    """Computes the inverse short-time Fourier transform."""
    _check_axes(x, 2)
    real = x[0]
    whole = (real.shape[-2] - 1) * _checked_stride(sequence_stride) + fft_length
    cut = fft_length // 2 * 2 if center else 0
    return unknown_macs(
        Tensor((*real.shape[:-2], _checked_size(whole - cut if length is None else length)), real.dtype)
    )


@operation("ViewAsComplex", "math", flops=costs.free)
def view_as_complex(x: Tensor) -> Tensor:
    """Converts pairs of real numbers along the last axis to complex numbers."""
    return Tensor(x.shape[:-1], "complex64")


@operation("ViewAsReal", "math", flops=costs.free)
def view_as_real(x: Tensor) -> Tensor:
    """Converts complex numbers to pairs of real numbers along a new last axis."""
    return Tensor((*x.shape, 2), "float32")


_REDUCTIONS = {"SegmentSum": "sum", "SegmentMax": "maximum", "SegmentMin": "minimum", "SegmentProd": "product"}


def _segments(name: str) -> Rule:
    def rule(data: Tensor, segment_ids: Operand, *, num_segments: CheckedByRule = None, sorted: Flag = False) -> Tensor:
        rows, ids = data.shape[0] if data.shape else 0, shape_of(segment_ids)
        if len(ids) != 1:
            raise Refusal("needs a vector of segment numbers, one for each row", codes.WRONG_RANK, "segment_ids")
        if rows is not UNKNOWN and ids[0] is not UNKNOWN and rows != ids[0]:
            raise Refusal(f"has segment numbers for {ids[0]} rows, not {rows}", codes.SHAPES_DIFFER, "segment_ids")
        return Tensor((UNKNOWN if num_segments is None else _checked_size(num_segments), *data.shape[1:]), data.dtype)

    rule.__doc__ = f"Computes the {_REDUCTIONS[name]} of the rows of each segment."
    return rule


segment_sum, segment_max, segment_min, segment_prod = (
    operation(name, "math", flops=costs.per_input(1))(_segments(name))
    for name in ("SegmentSum", "SegmentMax", "SegmentMin", "SegmentProd")
)
