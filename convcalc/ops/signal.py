"""Signals and segments: Fourier transforms, sequences, complex numbers. Source: ``keras/src/ops/math.py``.

How much a Fourier transform multiplies depends on the algorithm: its count is unknown. Complex numbers are a pair of tensors,
the real parts and the imaginary ones.
"""

from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Traced, Unknown, plain
from convcalc.base.problems import Refusal
from convcalc.layers.registry import Inferred
from convcalc.ops import costs
from convcalc.ops.arguments import CheckedByRule, ComplexPair, Flag, Ignored, Operand, Real
from convcalc.ops.registry import Rule, operation
from convcalc.ops.tensor import Tensor, shape_of, unknown_macs


def _size(size: Any) -> Number:
    """The size of an output axis, refused where it is none."""
    if not isinstance(size, (int, Unknown, Traced)) or size < 0:
        raise Refusal(f"would have an output of {size} cells", codes.VANISHING_SIZE)
    return size


def _complex(x: Any, axes: int) -> tuple[Tensor, Tensor]:
    """The two parts of complex numbers, of one shape with at least so many axes."""
    if not isinstance(x, list) or len(x) != 2 or not all(isinstance(part, Tensor) for part in x):
        raise Refusal("needs a pair of tensors, the real parts and the imaginary ones", codes.WRONG_INPUTS, "x")
    real, imaginary = x
    if [*map(plain, real.shape)] != [*map(plain, imaginary.shape)]:
        raise Refusal("needs real and imaginary parts of one shape", codes.SHAPES_DIFFER, "x")
    if len(real.shape) < axes:
        raise Refusal(f"needs at least {'one axis' if axes == 1 else 'two axes'}", codes.WRONG_RANK, "x")
    return real, imaginary


def _transform(name: str, axes: int) -> Rule:
    def rule(x: ComplexPair) -> Inferred:
        parts = _complex(x, axes)
        if any(plain(size) is UNKNOWN for size in parts[0].shape[-axes:]):
            raise Refusal("needs known sizes on the axes that it transforms", codes.UNKNOWN_SIZE, "x")
        return unknown_macs(*parts)

    rule.__doc__ = f"{name}: {'the Fourier transform' if name[0] == 'F' else 'the inverse transform'} of the last axes."
    return rule


fft, fft2, ifft2 = (
    operation(name, "math", flops=costs.unknown)(_transform(name, axes))
    for name, axes in (("FFT", 1), ("FFT2", 2), ("IFFT2", 2))
)


@operation("RFFT", "math", flops=costs.unknown)
def rfft(x: Tensor, *, fft_length: Real | None = None) -> Inferred:
    """The Fourier transform of real numbers along the last axis."""
    if not x.shape:
        raise Refusal("needs at least one axis", codes.WRONG_RANK, "x")
    length = x.shape[-1] if fft_length is None else fft_length
    spectrum = Tensor((*x.shape[:-1], _size(length // 2 + 1)), x.dtype)
    return unknown_macs(spectrum, spectrum)


@operation("IRFFT", "math", flops=costs.unknown)
def irfft(x: ComplexPair, *, fft_length: Real | None = None) -> Inferred:
    """The real numbers that have a given Fourier transform."""
    real, _ = _complex(x, 1)
    length = 2 * (real.shape[-1] - 1) if fft_length is None else fft_length
    return unknown_macs(Tensor((*real.shape[:-1], _size(length)), real.dtype))


def _apart(stride: Any) -> int:
    """The stride of sequences whose transforms are taken."""
    if not isinstance(stride, int) or stride < 1:
        raise Refusal(f"needs a stride of at least 1, not {stride}", codes.INVALID_VALUE, "sequence_stride")
    return stride


def _sequences(size: Number, length: Any, stride: Any) -> Number:
    """How many sequences of a length begin a stride apart."""
    if stride == 0 and plain(size) is not UNKNOWN:
        raise Refusal("needs sequences that begin apart", codes.INVALID_VALUE, "sequence_stride")
    return _size(1 + (size - length) // stride)


@operation("ExtractSequences", "math", flops=costs.free)
def extract_sequences(x: Tensor, *, sequence_length: Real, sequence_stride: Real) -> Tensor:
    """The sequences that a window along the last axis sees."""
    if not x.shape:
        raise Refusal("needs at least one axis", codes.WRONG_RANK, "x")
    count = _sequences(x.shape[-1], sequence_length, sequence_stride)
    return Tensor((*x.shape[:-1], count, _size(sequence_length)), x.dtype)


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
    """The Fourier transforms of sequences along the last axis."""
    if not x.shape:
        raise Refusal("needs at least one axis", codes.WRONG_RANK, "x")
    padded = 0 if center is False else fft_length // 2 * 2
    count = _sequences(x.shape[-1] + padded, fft_length, _apart(sequence_stride))
    spectrum = Tensor((*x.shape[:-1], count, _size(fft_length // 2 + 1)), x.dtype)
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
    """The signal whose sequences have given Fourier transforms."""
    real, _ = _complex(x, 2)
    whole = (real.shape[-2] - 1) * _apart(sequence_stride) + fft_length
    cut = fft_length // 2 * 2 if center else 0
    return unknown_macs(Tensor((*real.shape[:-2], _size(whole - cut if length is None else length)), real.dtype))


@operation("ViewAsComplex", "math", flops=costs.free)
def view_as_complex(x: Tensor) -> Tensor:
    """Pairs of real numbers along the last axis as complex ones."""
    return Tensor(x.shape[:-1], "complex64")


@operation("ViewAsReal", "math", flops=costs.free)
def view_as_real(x: Tensor) -> Tensor:
    """Complex numbers as pairs of real ones along a new last axis."""
    return Tensor((*x.shape, 2), "float32")


def _segments(name: str) -> Rule:
    def rule(data: Tensor, segment_ids: Operand, *, num_segments: CheckedByRule = None, sorted: Flag = False) -> Tensor:
        rows, ids = data.shape[0] if data.shape else 0, shape_of(segment_ids)
        if len(ids) != 1:
            raise Refusal("needs a vector of numbers, one for each row", codes.WRONG_RANK, "segment_ids")
        if rows is not UNKNOWN and ids[0] is not UNKNOWN and rows != ids[0]:
            raise Refusal(f"has numbers for {ids[0]} rows of {rows}", codes.SHAPES_DIFFER, "segment_ids")
        return Tensor((UNKNOWN if num_segments is None else _size(num_segments), *data.shape[1:]), data.dtype)

    rule.__doc__ = f"{name} of the rows that have one number."
    return rule


segment_sum, segment_max, segment_min, segment_prod = (
    operation(name, "math", flops=costs.per_input(1))(_segments(name))
    for name in ("SegmentSum", "SegmentMax", "SegmentMin", "SegmentProd")
)
