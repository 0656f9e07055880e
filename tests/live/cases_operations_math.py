"""Generates calls of operations for linear algebra, Fourier transforms, sequences and segments."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from random import Random
from typing import Any

from tests.live.tensors import DTYPES, FLOATS, NUMBERS, T, a_like, a_shape, a_tensor

Made = tuple[dict[str, Any], list[Any]]


def _some(random: Random, **choices: list[Any]) -> dict[str, Any]:
    """Returns some of the keyword arguments, each with one of its possible values."""
    return {name: random.choice(values) for name, values in choices.items() if random.random() < 0.6}


def _size(random: Random) -> int | None:
    return random.choice([1, 2, 3, 3, 5, None])


def _square(random: Random) -> T:
    """Returns square matrices; sometimes a tensor of any shape."""
    if random.random() < 0.15:
        return a_tensor(random)
    size = _size(random)
    return T((*a_shape(random, 0, 2), size, size), random.choice(DTYPES))


def _matrices(random: Random) -> T:
    return a_tensor(random, low=0 if random.random() < 0.15 else 2)


def _equations(random: Random) -> list[Any]:
    """Returns matrices and right-hand sides of systems of equations.

    The number of axes of the right-hand sides is equal, one more, one less, or random.
    """
    a = _square(random)
    front, rows = a.shape[:-2], a.shape[-1] if a.shape else 3
    shape = random.choice([(*front, rows, _size(random)), (*front, rows), (*front, 2, 2, rows), a_shape(random)])
    if shape and random.random() < 0.2:
        shape = (*shape[:-1], _size(random))
    return [a, T(shape, random.choice(NUMBERS))]


def _least_squares(random: Random) -> list[Any]:
    a = T((_size(random), _size(random)), random.choice(NUMBERS))
    b = T((a.shape[0] if random.random() < 0.8 else 3, *a_shape(random, 0, 1)), random.choice(NUMBERS))
    return [a if random.random() < 0.9 else a_tensor(random), b if random.random() < 0.9 else a_tensor(random)]


def _norm(random: Random) -> Made:
    x = a_tensor(random, high=3)
    rank = len(x.shape)
    one, two = random.randint(-rank - 1, rank), random.sample(range(-rank, rank), min(2, rank))
    axis = random.choice([None, one, [one], two])
    return _some(
        random, ord=[None, "fro", "nuc", "max", 0, 1, 2, -2, 3, 0.5, inf, -inf], axis=[axis], keepdims=[True, False]
    ), [x]


def _points(random: Random) -> list[Any]:
    x = a_tensor(random, low=1 if random.random() < 0.1 else 2)
    size = x.shape[-1] if random.random() < 0.85 else _size(random)
    return [x, T((*a_like(random, x.shape[:-2]), _size(random), size), random.choice(DTYPES))]


def _complex(random: Random) -> Any:
    """Returns the parts of complex numbers; sometimes with different shapes, only one part, or three parts."""
    real = a_tensor(random, FLOATS if random.random() < 0.8 else NUMBERS, low=random.choice([0, 1, 2, 2, 2]))
    chance = random.random()
    if chance < 0.06:
        return random.choice([real, [real], [real, real, real]])
    shape = a_like(random, real.shape) if chance < 0.2 else real.shape
    return [real, T(shape, real.dtype if random.random() < 0.8 else "float32")]


def _frames(random: Random, **choices: list[Any]) -> dict[str, Any]:
    return {
        "sequence_length": random.choice([1, 2, 3, 5, 9]),
        "sequence_stride": random.choice([1, 1, 2, 3, 0]),
        "fft_length": random.choice([1, 2, 3, 4, 8, 5, 0]),
        **_some(random, center=[True, False], window=["hann", "hamming", None], **choices),
    }


def _signal(random: Random) -> T:
    signal = (*a_shape(random, 0, 2), random.choice([1, 2, 6, 9, 16, None]))
    return T(signal if random.random() < 0.95 else (), random.choice(DTYPES))


def _segments(random: Random) -> Made:
    data = a_tensor(random)
    ids = T(data.shape[:1] if random.random() < 0.8 else a_shape(random), "int32")
    return _some(random, num_segments=[None, 0, 1, 4, -1], sorted=[True, False]), [data, ids]


_LENGTHS = [None, 0, 1, 2, 4, 7, -1, -3]
MATH: dict[str, Callable[[Random], Made]] = {
    **{name: lambda r: ({}, [_square(r)]) for name in ("Det", "Eig", "Eigh", "Inv")},
    **{name: lambda r: (_some(r, upper=[True, False]), [_square(r)]) for name in ("Cholesky", "CholeskyInverse")},
    "Logdet": lambda r: ({}, [_square(r)]),
    "LuFactor": lambda r: ({}, [_matrices(r)]),
    "Qr": lambda r: (_some(r, mode=["reduced", "complete", "raw"]), [_matrices(r)]),
    "SVD": lambda r: (_some(r, full_matrices=[True, False], compute_uv=[True, False]), [_matrices(r)]),
    "MatrixRank": lambda r: (_some(r, tol=[None, 0.1]), [_matrices(r)]),
    "Pinv": lambda r: (_some(r, rcond=[None, 0.1]), [_matrices(r)]),
    "Solve": lambda r: ({}, _equations(r)),
    "SolveTriangular": lambda r: (_some(r, lower=[True, False]), _equations(r)),
    "Lstsq": lambda r: (_some(r, rcond=[None, 0.1]), _least_squares(r)),
    "Norm": _norm,
    "CDist": lambda r: ({}, _points(r)),
    **{name: lambda r: ({}, [_complex(r)]) for name in ("FFT", "FFT2", "IFFT2")},
    "RFFT": lambda r: (_some(r, fft_length=_LENGTHS), [_signal(r)]),
    "IRFFT": lambda r: (_some(r, fft_length=_LENGTHS), [_complex(r)]),
    "ExtractSequences": lambda r: (
        {"sequence_length": r.choice([1, 2, 3, 9, 0, -1]), "sequence_stride": r.choice([1, 2, 3, 0])},
        [_signal(r)],
    ),
    "STFT": lambda r: (_frames(r), [_signal(r)]),
    "ISTFT": lambda r: (_frames(r, length=_LENGTHS), [_complex(r)]),
    "ViewAsComplex": lambda r: ({}, [T((*a_shape(r), r.choice([2, 2, 3, None])), r.choice(NUMBERS))]),
    "ViewAsReal": lambda r: ({}, [a_tensor(r, ["complex64", *FLOATS])]),
    **dict.fromkeys(("SegmentSum", "SegmentMax", "SegmentMin", "SegmentProd"), _segments),
}
