"""Linear algebra: matrix decompositions, and functions that use decompositions.

Sources: ``keras/src/ops/linalg.py``, ``math.py`` and ``numpy.py``. The number of multiplications in a decomposition
depends on the algorithm, and sometimes on the values, so it is unknown.
"""

from math import inf

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, plain
from convcalc.base.problems import Refusal
from convcalc.layers.arguments import shown
from convcalc.layers.registry import Inferred
from convcalc.ops import costs
from convcalc.ops.arguments import Axes, CheckedByRule, Flag, Ignored
from convcalc.ops.promotion import float_if_integer
from convcalc.ops.reduction import reduced
from convcalc.ops.registry import operation
from convcalc.ops.tensor import Tensor, unknown_macs


def _sizes_differ(size1: Number, size2: Number) -> bool:
    """Returns True if the two sizes differ. As in Keras, an unknown size differs from every known size."""
    return plain(size1) != plain(size2)


def _matrix(x: Tensor, argument: str = "") -> tuple[Shape, Number, Number]:
    """Returns the batch shape, the number of rows and the number of columns of matrices."""
    if len(x.shape) < 2:
        raise Refusal("needs matrices: a tensor of at least two axes", codes.WRONG_RANK, argument)
    return x.shape[:-2], x.shape[-2], x.shape[-1]


def _square(x: Tensor, argument: str = "") -> Tensor:
    """Returns ``x`` unchanged. Raises :class:`Refusal` if the matrices in ``x`` are not square."""
    _, rows, columns = _matrix(x, argument)
    if _sizes_differ(rows, columns):
        raise Refusal(f"needs square matrices, not {rows} by {columns}", codes.WRONG_SHAPE, argument)
    return x


def _smaller(rows: Number, columns: Number) -> Number:
    """Returns the smaller of two sizes. Raises :class:`Refusal` if one of the sizes is unknown."""
    if plain(rows) is UNKNOWN or plain(columns) is UNKNOWN:
        raise Refusal("needs matrices with a known number of rows and columns", codes.UNKNOWN_SIZE)
    return columns if columns < rows else rows


@operation("Cholesky", "linalg", flops=costs.unknown)
def cholesky(x: Tensor, *, upper: Flag = False) -> Inferred:
    """Computes the Cholesky decomposition of a symmetric matrix."""
    return unknown_macs(_square(x))


@operation("CholeskyInverse", "linalg", flops=costs.unknown)
def cholesky_inverse(x: Tensor, *, upper: Flag = False) -> Inferred:
    """Computes the inverse of a symmetric matrix from its Cholesky decomposition."""
    return unknown_macs(_square(x))


@operation("Inv", "linalg", flops=costs.unknown)
def inv(x: Tensor) -> Inferred:
    """Computes the inverse of a square matrix."""
    return unknown_macs(_square(x))


@operation("Det", "linalg", flops=costs.unknown)
def det(x: Tensor) -> Inferred:
    """Computes the determinant of a square matrix."""
    return unknown_macs(Tensor(_square(x).shape[:-2], x.dtype))


@operation("Logdet", "math", flops=costs.unknown)
def logdet(x: Tensor) -> Inferred:
    """Computes the logarithm of the determinant. As in Keras, the axes are not checked."""
    return unknown_macs(Tensor(x.shape[:-2], x.dtype))


@operation("Slogdet", flops=costs.unknown)
def slogdet(x: Tensor) -> Inferred:
    """Computes the sign and the logarithm of the absolute value of the determinant.

    As in Keras, all matrices share one sign.
    """
    return unknown_macs(Tensor((), x.dtype), Tensor(x.shape[:-2], x.dtype))


@operation("Eig", "linalg", flops=costs.unknown)
def eig(x: Tensor) -> Inferred:
    """Computes the eigenvalues and eigenvectors of a square matrix."""
    return unknown_macs(Tensor(_square(x).shape[:-1], x.dtype), x)


@operation("Eigh", "linalg", flops=costs.unknown)
def eigh(x: Tensor) -> Inferred:
    """Computes the eigenvalues and eigenvectors of a Hermitian matrix."""
    return unknown_macs(Tensor(_square(x).shape[:-1], x.dtype), x)


@operation("LuFactor", "linalg", flops=costs.unknown)
def lu_factor(x: Tensor) -> Inferred:
    """Computes the LU decomposition: a matrix with both triangular factors, and the row permutation."""
    batch, rows, columns = _matrix(x)
    return unknown_macs(x, Tensor((*batch, _smaller(rows, columns)), x.dtype))


@operation("Qr", "linalg", flops=costs.unknown)
def qr(x: Tensor, *, mode: CheckedByRule = "reduced") -> Inferred:
    """Computes the QR decomposition: an orthogonal and an upper triangular matrix."""
    if mode not in ("reduced", "complete"):
        raise Refusal(f"needs the mode 'reduced' or 'complete', not {shown(mode)}", codes.INVALID_VALUE, "mode")
    batch, rows, columns = _matrix(x)
    shorter = _smaller(rows, columns)
    inner = shorter if mode == "reduced" else rows
    return unknown_macs(Tensor((*batch, rows, inner), x.dtype), Tensor((*batch, inner, columns), x.dtype))


@operation("SVD", "linalg", flops=costs.unknown)
def svd(x: Tensor, *, full_matrices: Flag = True, compute_uv: Flag = True) -> Inferred:
    """Computes the singular value decomposition, or only the singular values."""
    batch, rows, columns = _matrix(x)
    shorter = _smaller(rows, columns)
    values = Tensor((*batch, shorter), x.dtype)
    if not compute_uv:
        return unknown_macs(values)
    left, right = (rows, columns) if full_matrices else (shorter, shorter)
    return unknown_macs(Tensor((*batch, rows, left), x.dtype), values, Tensor((*batch, right, columns), x.dtype))


@operation("MatrixRank", "linalg", flops=costs.unknown)
def matrix_rank(x: Tensor, *, tol: Ignored = None) -> Inferred:
    """Computes the rank of a matrix."""
    return unknown_macs(Tensor(_matrix(x)[0], "int32"))


@operation("Pinv", "linalg", flops=costs.unknown)
def pinv(x: Tensor, *, rcond: Ignored = None) -> Inferred:
    """Computes the pseudo-inverse of a matrix."""
    batch, rows, columns = _matrix(x)
    return unknown_macs(Tensor((*batch, columns, rows), x.dtype))


def _solution(a: Tensor, b: Tensor) -> Inferred:
    """Returns the solutions of linear equations. The solutions have the shape of the right-hand sides ``b``."""
    _square(a, "a")
    if not b.shape:
        raise Refusal("needs right-hand sides with at least one axis, not a single number", codes.WRONG_RANK, "b")
    # Keras compares the numbers of rows if a and b have equally many axes. If b has one axis more, Keras compares the
    # last axes. Otherwise it compares nothing.
    extra_axes = len(b.shape) - len(a.shape)
    if extra_axes in (0, 1) and _sizes_differ(a.shape[extra_axes - 2], b.shape[extra_axes - 2]):
        raise Refusal("needs right-hand sides with as many rows as its matrices", codes.SHAPES_DIFFER, "b")
    return unknown_macs(b)


@operation("Solve", "linalg", flops=costs.unknown)
def solve(a: Tensor, b: Tensor) -> Inferred:
    """Solves a system of linear equations."""
    return _solution(a, b)


@operation("SolveTriangular", "linalg", flops=costs.unknown)
def solve_triangular(a: Tensor, b: Tensor, *, lower: Flag = False) -> Inferred:
    """Solves a system of linear equations with a triangular matrix."""
    return _solution(a, b)


@operation("Lstsq", "linalg", flops=costs.unknown)
def lstsq(a: Tensor, b: Tensor, *, rcond: Ignored = None) -> Inferred:
    """Computes the least-squares solution of a system of linear equations."""
    if len(a.shape) != 2:
        raise Refusal("needs one matrix: a tensor of two axes", codes.WRONG_RANK, "a")
    if len(b.shape) not in (1, 2):
        raise Refusal("needs right-hand sides with one or two axes", codes.WRONG_RANK, "b")
    if _sizes_differ(a.shape[0], b.shape[0]):
        raise Refusal(
            f"has {a.shape[0]} equations, but right-hand sides with {b.shape[0]} rows", codes.SHAPES_DIFFER, "b"
        )
    return unknown_macs(Tensor((a.shape[1], *b.shape[1:]), a.dtype))


@operation("Norm", "linalg", flops=costs.norm)
def norm(
    x: Tensor, *, ord: CheckedByRule = None, axis: Axes | None = None, keepdims: Flag = False
) -> Tensor | Inferred:
    """Computes the norm of vectors or matrices."""
    if isinstance(ord, str) and ord not in ("fro", "nuc"):
        raise Refusal(f"needs the order 'fro', 'nuc' or a number, not {shown(ord)}", codes.INVALID_VALUE, "ord")
    axes = 1 if isinstance(axis, int) else len(x.shape) if axis is None else len(axis)
    if axes == 1 and isinstance(ord, str):
        raise Refusal(f"accepts the order {ord!r} only for matrices, not for one axis", codes.INVALID_VALUE, "ord")
    if axes == 2 and ord not in (None, "fro", "nuc", inf, -inf, 1, -1, 2, -2):
        raise Refusal(f"does not accept the order {shown(ord)} for matrices", codes.INVALID_VALUE, "ord")
    output = Tensor(reduced(x.shape, axis, keepdims), float_if_integer(x.dtype))
    by_singular_values = axes == 2 and ord in ("nuc", 2, -2)
    return unknown_macs(output) if by_singular_values else output
