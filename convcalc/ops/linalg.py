"""Linear algebra: decompositions, and what is computed by them. Sources: ``keras/src/ops/linalg.py``, ``math.py`` and ``numpy.py``.

How much a decomposition multiplies depends on the algorithm, and for some on the values: their counts are unknown.
"""

from math import inf

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, plain
from convcalc.base.problems import Refusal
from convcalc.layers.registry import Inferred
from convcalc.ops import costs
from convcalc.ops.arguments import Axes, CheckedByRule, Flag, Ignored
from convcalc.ops.promotion import float_if_whole
from convcalc.ops.reduction import reduced
from convcalc.ops.registry import operation
from convcalc.ops.tensor import Tensor, unknown_macs


def _differ(one: Number, other: Number) -> bool:
    """Whether Keras takes two sizes for different: here an unknown one differs from a known one."""
    return plain(one) != plain(other)


def _matrix(x: Tensor, argument: str = "") -> tuple[Shape, Number, Number]:
    """The axes in front of a tensor's matrices, and the rows and columns of each."""
    if len(x.shape) < 2:
        raise Refusal("needs matrices: a tensor of at least two axes", codes.WRONG_RANK, argument)
    return x.shape[:-2], x.shape[-2], x.shape[-1]


def _square(x: Tensor, argument: str = "") -> Tensor:
    """The tensor, whose matrices are square."""
    _, rows, columns = _matrix(x, argument)
    if _differ(rows, columns):
        raise Refusal(f"needs square matrices, not {rows} by {columns}", codes.WRONG_SHAPE, argument)
    return x


def _shorter(rows: Number, columns: Number) -> Number:
    """The smaller side of a matrix, which has to be known."""
    if plain(rows) is UNKNOWN or plain(columns) is UNKNOWN:
        raise Refusal("needs matrices whose rows and columns are known", codes.UNKNOWN_SIZE)
    return columns if columns < rows else rows


@operation("Cholesky", "linalg", flops=costs.unknown)
def cholesky(x: Tensor, *, upper: Flag = False) -> Inferred:
    """The triangular matrix that, by its transpose, makes a symmetric one."""
    return unknown_macs(_square(x))


@operation("CholeskyInverse", "linalg", flops=costs.unknown)
def cholesky_inverse(x: Tensor, *, upper: Flag = False) -> Inferred:
    """The inverse of a symmetric matrix, of its triangular factor."""
    return unknown_macs(_square(x))


@operation("Inv", "linalg", flops=costs.unknown)
def inv(x: Tensor) -> Inferred:
    """The inverse of a square matrix."""
    return unknown_macs(_square(x))


@operation("Det", "linalg", flops=costs.unknown)
def det(x: Tensor) -> Inferred:
    """The determinant of a square matrix."""
    return unknown_macs(Tensor(_square(x).shape[:-2], x.dtype))


@operation("Logdet", "math", flops=costs.unknown)
def logdet(x: Tensor) -> Inferred:
    """The logarithm of the determinant; Keras looks at no axis."""
    return unknown_macs(Tensor(x.shape[:-2], x.dtype))


@operation("Slogdet", flops=costs.unknown)
def slogdet(x: Tensor) -> Inferred:
    """The signs of the determinants of matrices, and the logarithms of their sizes; Keras has one sign for all."""
    return unknown_macs(Tensor((), x.dtype), Tensor(x.shape[:-2], x.dtype))


@operation("Eig", "linalg", flops=costs.unknown)
def eig(x: Tensor) -> Inferred:
    """The eigenvalues and eigenvectors of a square matrix."""
    return unknown_macs(Tensor(_square(x).shape[:-1], x.dtype), x)


@operation("Eigh", "linalg", flops=costs.unknown)
def eigh(x: Tensor) -> Inferred:
    """The eigenvalues and eigenvectors of a Hermitian matrix."""
    return unknown_macs(Tensor(_square(x).shape[:-1], x.dtype), x)


@operation("LuFactor", "linalg", flops=costs.unknown)
def lu_factor(x: Tensor) -> Inferred:
    """A lower and an upper triangular matrix in one, and the order of the rows."""
    batch, rows, columns = _matrix(x)
    return unknown_macs(x, Tensor((*batch, _shorter(rows, columns)), x.dtype))


@operation("Qr", "linalg", flops=costs.unknown)
def qr(x: Tensor, *, mode: CheckedByRule = "reduced") -> Inferred:
    """An orthogonal matrix and an upper triangular one."""
    if mode not in ("reduced", "complete"):
        raise Refusal(f"has the modes 'reduced' and 'complete', not {mode!r}", codes.INVALID_VALUE, "mode")
    batch, rows, columns = _matrix(x)
    shorter = _shorter(rows, columns)
    inner = shorter if mode == "reduced" else rows
    return unknown_macs(Tensor((*batch, rows, inner), x.dtype), Tensor((*batch, inner, columns), x.dtype))


@operation("SVD", "linalg", flops=costs.unknown)
def svd(x: Tensor, *, full_matrices: Flag = True, compute_uv: Flag = True) -> Inferred:
    """The left singular vectors, the singular values and the right singular vectors, or the values alone."""
    batch, rows, columns = _matrix(x)
    shorter = _shorter(rows, columns)
    values = Tensor((*batch, shorter), x.dtype)
    if not compute_uv:
        return unknown_macs(values)
    left, right = (rows, columns) if full_matrices else (shorter, shorter)
    return unknown_macs(Tensor((*batch, rows, left), x.dtype), values, Tensor((*batch, right, columns), x.dtype))


@operation("MatrixRank", "linalg", flops=costs.unknown)
def matrix_rank(x: Tensor, *, tol: Ignored = None) -> Inferred:
    """How many singular values of a matrix are not nearly 0."""
    return unknown_macs(Tensor(_matrix(x)[0], "int32"))


@operation("Pinv", "linalg", flops=costs.unknown)
def pinv(x: Tensor, *, rcond: Ignored = None) -> Inferred:
    """The pseudo-inverse of a matrix."""
    batch, rows, columns = _matrix(x)
    return unknown_macs(Tensor((*batch, columns, rows), x.dtype))


def _solution(a: Tensor, b: Tensor) -> Inferred:
    """Solutions for right-hand sides, which have their shape."""
    _square(a, "a")
    if not b.shape:
        raise Refusal("needs right-hand sides of at least one axis", codes.WRONG_RANK, "b")
    # Keras compares rows where both have as many axes, the last axes where b has one more, and nothing else.
    behind = len(b.shape) - len(a.shape)
    if behind in (0, 1) and _differ(a.shape[behind - 2], b.shape[behind - 2]):
        raise Refusal("needs as many right-hand sides as its matrices have rows", codes.SHAPES_DIFFER, "b")
    return unknown_macs(b)


@operation("Solve", "linalg", flops=costs.unknown)
def solve(a: Tensor, b: Tensor) -> Inferred:
    """Solves linear equations."""
    return _solution(a, b)


@operation("SolveTriangular", "linalg", flops=costs.unknown)
def solve_triangular(a: Tensor, b: Tensor, *, lower: Flag = False) -> Inferred:
    """Solves linear equations whose matrix is triangular."""
    return _solution(a, b)


@operation("Lstsq", "linalg", flops=costs.unknown)
def lstsq(a: Tensor, b: Tensor, *, rcond: Ignored = None) -> Inferred:
    """Solves linear equations as nearly as may be."""
    if len(a.shape) != 2:
        raise Refusal("needs one matrix: a tensor of two axes", codes.WRONG_RANK, "a")
    if len(b.shape) not in (1, 2):
        raise Refusal("needs right-hand sides of one axis or two", codes.WRONG_RANK, "b")
    if _differ(a.shape[0], b.shape[0]):
        raise Refusal(f"has {a.shape[0]} equations and {b.shape[0]} right-hand sides", codes.SHAPES_DIFFER, "b")
    return unknown_macs(Tensor((a.shape[1], *b.shape[1:]), a.dtype))


@operation("Norm", "linalg", flops=costs.norm)
def norm(
    x: Tensor, *, ord: CheckedByRule = None, axis: Axes | None = None, keepdims: Flag = False
) -> Tensor | Inferred:
    """The length of vectors, or the norm of matrices."""
    if isinstance(ord, str) and ord not in ("fro", "nuc"):
        raise Refusal(f"has the orders 'fro' and 'nuc', and numbers, not {ord!r}", codes.INVALID_VALUE, "ord")
    axes = 1 if isinstance(axis, int) else len(x.shape) if axis is None else len(axis)
    if axes == 1 and isinstance(ord, str):
        raise Refusal(f"has the order {ord!r} of matrices only, and is given one axis", codes.INVALID_VALUE, "ord")
    if axes == 2 and ord not in (None, "fro", "nuc", inf, -inf, 1, -1, 2, -2):
        raise Refusal(f"has no order {ord} of matrices", codes.INVALID_VALUE, "ord")
    made = Tensor(reduced(x.shape, axis, keepdims), float_if_whole(x.dtype))
    by_singular_values = axes == 2 and ord in ("nuc", 2, -2)
    return unknown_macs(made) if by_singular_values else made
