"""Operations that multiply: their multiply-accumulates are counted. Sources: ``keras/src/ops/numpy.py`` and ``nn.py``."""

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers.arguments import shown
from convcalc.layers.registry import Inferred, Product, axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import Axis, CheckedByRule, Flag, Ignored, Operand, SummedAxes, Text
from convcalc.ops.elementwise import broadcast
from convcalc.ops.promotion import result_type, strong, together
from convcalc.ops.registry import operation
from convcalc.ops.tensor import Tensor, sample_elements, shape_of


def _made(shape: Shape, dtype: str, terms: Number, name: str = "products") -> Inferred:
    """An output each of whose elements is a sum of so many products."""
    return Inferred((shape,), products=(Product(name, sample_elements(shape) * terms),), dtype=(dtype,))


def _same_inner(one: Number, other: Number) -> Number:
    if one is not UNKNOWN and other is not UNKNOWN and one != other:
        raise Refusal(f"multiplies {one} columns by {other} rows", codes.SHAPES_DIFFER)
    return other if one is UNKNOWN else one


@operation("Matmul", flops=costs.free)
def matmul(x1: Tensor, x2: Tensor) -> Inferred:
    """Multiplies matrices, those of the axes before the last two one by one."""
    one, other = shape_of(x1), shape_of(x2)
    if not one or not other:
        raise Refusal("multiplies matrices, and a number is none", codes.WRONG_RANK)
    left = one if len(one) > 1 else (1, *one)
    right = other if len(other) > 1 else (*other, 1)
    inner = _same_inner(left[-1], right[-2])
    shape: Shape = (*broadcast(left[:-2], right[:-2]), left[-2], right[-1])
    if len(one) == 1:
        shape = (*shape[:-2], shape[-1])
    if len(other) == 1:
        shape = shape[:-1]
    both_small = {x1.dtype, x2.dtype} == {"int8"}
    return _made(shape, "int32" if both_small else together(x1, x2), inner)


@operation("Dot", flops=costs.free)
def dot(x1: Operand, x2: Operand) -> Tensor | Inferred:
    """Multiplies along the last axis of one and the last but one of the other."""
    one, other = shape_of(x1), shape_of(x2)
    dtype = together(x1, x2)
    if not one or not other:
        return Tensor(one or other, dtype)
    if len(other) == 1:
        return _made(one[:-1], dtype, _same_inner(one[-1], other[0]))
    return _made((*one[:-1], *other[:-2], other[-1]), dtype, _same_inner(one[-1], other[-2]))


@operation("Inner", flops=costs.free)
def inner(x1: Operand, x2: Operand) -> Tensor | Inferred:
    """Multiplies along the last axes."""
    one, other = shape_of(x1), shape_of(x2)
    dtype = together(x1, x2)
    if not one or not other:
        return Tensor(one or other, dtype)
    return _made((*one[:-1], *other[:-1]), dtype, _same_inner(one[-1], other[-1]))


@operation("Vdot", flops=costs.free)
def vdot(x1: Operand, x2: Ignored) -> Inferred:
    """The sum of the products of all elements."""
    return _made((), together(x1, x2), sample_elements(shape_of(x1)))


@operation("Outer", flops=costs.free)
def outer(x1: Operand, x2: Operand) -> Inferred:
    """Each element of one with each of the other."""
    return _made((product(shape_of(x1)), product(shape_of(x2))), together(x1, x2), 1)


@operation("Kron", flops=costs.free)
def kron(x1: Operand, x2: Operand) -> Inferred:
    """Each element of one with the whole of the other. Of more axes of one than of the other, Keras shows the first ones."""
    one, other = shape_of(x1), shape_of(x2)
    shape = tuple(a * b for a, b in zip(one, other))
    products = Product("products", sample_elements(one) * sample_elements(other))
    return Inferred((shape,), products=(products,), dtype=(result_type(strong(x1), strong(x2)),))


@operation("Cross", flops=costs.free)
def cross(
    x1: Operand, x2: Operand, *, axisa: Axis = -1, axisb: Axis = -1, axisc: Axis = -1, axis: Axis | None = None
) -> Inferred:
    """The vectors that stand upright on two others; of vectors of two elements, the one element that is not 0."""
    one, other = shape_of(x1), shape_of(x2)
    if axis is not None:
        axisa = axisb = axisc = axis
    left, right = axis_index(axisa, len(one), "axisa"), axis_index(axisb, len(other), "axisb")
    sizes = (one[left], other[right])
    if any(isinstance(size, int) and size not in (2, 3) for size in sizes):
        raise Refusal("needs vectors of 2 or 3 elements", codes.WRONG_SHAPE)
    rest = broadcast((*one[:left], *one[left + 1 :]), (*other[:right], *other[right + 1 :]))
    made: Shape = (3,) if 3 in sizes else ()
    at = axis_index(axisc, len(rest) + len(made), "axisc")
    return _made((*rest[:at], *made, *rest[at:]), together(x1, x2), 2 if made or UNKNOWN not in sizes else UNKNOWN)


@operation("Correlate", flops=costs.free)
def correlate(x1: Operand, x2: Operand, *, mode: CheckedByRule = "valid") -> Inferred:
    """The sums of the products of one vector with another that slides along it."""
    one, other = shape_of(x1), shape_of(x2)
    if len(one) != 1 or len(other) != 1:
        raise Refusal("needs two vectors: inputs of one axis", codes.WRONG_RANK)
    if not isinstance(one[0], int) or not isinstance(other[0], int):
        raise Refusal("needs vectors of a known size", codes.UNKNOWN_SIZE)
    longer, shorter = max(one[0], other[0]), min(one[0], other[0])
    sizes = {"valid": longer - shorter + 1, "same": longer, "full": longer + shorter - 1}
    if not isinstance(mode, str) or mode not in sizes:
        raise Refusal(f"has no mode {mode!r}", codes.INVALID_VALUE, "mode")
    dtype = together(x1, x2)
    wide = {"int64": "float64", "float16": "float16", "bfloat16": "bfloat16", "float64": "float64"}.get(
        dtype, "float32"
    )
    return _made((sizes[mode],), wide, shorter)


@operation("Corrcoef", flops=costs.unknown)
def corrcoef(x: Tensor) -> Inferred:
    """How far the rows of a matrix go together, each with each; Keras shows the shape of the matrix."""
    dtype = "float64" if x.dtype == "int64" else result_type(x.dtype, "float")
    rows = x.shape[-2] if len(x.shape) > 1 else 1
    products = Product("products", sample_elements(x.shape) * rows)
    return Inferred((x.shape,), products=(products,), dtype=(dtype,))


@operation("Tensordot", flops=costs.free)
def tensordot(x1: Tensor, x2: Tensor, *, axes: SummedAxes = 2) -> Inferred:
    """Multiplies and sums along given axes."""
    one, other = shape_of(x1), shape_of(x2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(one), len(other)):
            raise Refusal(f"has no {shown(axes)} axes to sum over", codes.WRONG_AXIS, "axes")
        pairs = list(zip(range(len(one) - axes, len(one)), range(axes)))
    else:
        lists = [[each] if isinstance(each, int) else each for each in axes]
        pairs = [
            (axis_index(a, len(one), "axes"), axis_index(b, len(other), "axes"))
            for a, b in zip(lists[0], lists[1], strict=True)
        ]
    summed = [_same_inner(one[a], other[b]) for a, b in pairs]
    left, right = {a for a, _ in pairs}, {b for _, b in pairs}
    kept = [size for n, size in enumerate(one) if n not in left]
    kept += [size for n, size in enumerate(other) if n not in right]
    return _made(tuple(kept), together(x1, x2), product(summed))


@operation("Einsum", flops=costs.free)
def einsum(*operands: Tensor, subscripts: Text) -> Inferred:
    """Multiplies and sums along the axes that an equation names."""
    left, arrow, target = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise Refusal(f"names {len(terms)} tensors, and is given {len(operands)}", codes.EQUATION, "subscripts")
    if not arrow:
        names = left.replace(",", "").replace(".", "")
        dots = "..." if "..." in left else ""
        target = dots + "".join(sorted(name for name in set(names) if names.count(name) == 1))
    sizes: dict[str, Number] = {}
    dotted: Shape = ()
    for term, operand in zip(terms, operands):
        before, dots, after = term.partition("...")
        rank, named = len(operand.shape), len(before) + len(after)
        if rank < named or (not dots and rank != named):
            raise Refusal(f"names {named} axes of {rank}: '{term}'", codes.EQUATION, "subscripts")
        end = rank - len(after)
        for name, size in (*zip(before, operand.shape), *zip(after, operand.shape[end:])):
            sizes[name] = _of_one_name(sizes.get(name, 1), size, name)
        if dots:
            dotted = broadcast(dotted, operand.shape[len(before) : end])
    before, dots, after = target.partition("...")
    if any(name not in sizes for name in before + after):
        raise Refusal(f"asks for an axis that no input has: '{target}'", codes.EQUATION, "subscripts")
    shape = (*(sizes[name] for name in before), *(dotted if dots else ()), *(sizes[name] for name in after))
    gone = product(size for name, size in sizes.items() if name not in target)
    whole = sample_elements(dotted) if dotted and not dots else 1
    small = {operand.dtype for operand in operands} == {"int8"}
    dtype = "int32" if small else result_type(*(operand.dtype for operand in operands))
    if len(operands) == 1:  # only arranged anew, or summed
        return Inferred((shape,), dtype=(dtype,))
    return _made(shape, dtype, gone * whole)


def _of_one_name(one: Number, other: Number, name: str) -> Number:
    if one is UNKNOWN or one == 1:
        return other if one == 1 or other != 1 else one
    if other is UNKNOWN or other == 1:
        return one
    if one != other:
        raise Refusal(f"gives axis '{name}' the sizes {one} and {other}", codes.SHAPES_DIFFER, "subscripts")
    return one


@operation("CDist", "math", flops=costs.distances)
def cdist(x: Tensor, y: Tensor) -> Inferred:
    """The distances of points, each of one with each of the other."""
    if len(x.shape) < 2 or len(y.shape) < 2:
        raise Refusal("needs lists of points: tensors of at least two axes", codes.WRONG_RANK)
    size, other = x.shape[-1], y.shape[-1]
    if size is not UNKNOWN and other is not UNKNOWN and size != other:
        raise Refusal(f"compares points of {size} and of {other} coordinates", codes.SHAPES_DIFFER, "y")
    shape = (*broadcast(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-2])
    terms = other if size is UNKNOWN else size
    return _made(shape, result_type(x.dtype, y.dtype, "float"), terms, "squares of differences")


@operation("DotProductAttention", "nn", flops=costs.attention)
def dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Ignored = None,
    mask: Ignored = None,
    scale: Ignored = None,
    *,
    is_causal: Flag = False,
    flash_attention: Ignored = None,
    attn_logits_soft_cap: Ignored = None,
) -> Inferred:
    """Weighs values by the products of queries and keys."""
    if len(query.shape) != 4 or len(key.shape) != 4 or len(value.shape) != 4:
        raise Refusal("needs (batch, length, heads, size) for query, key and value", codes.WRONG_RANK)
    pairs = sample_elements(query.shape) * key.shape[1]
    products = (Product("queries with keys", pairs), Product("scores with values", pairs))
    return Inferred((query.shape,), products=products, dtype=(together(query, key, value),))
