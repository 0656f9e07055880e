"""Products of tensors; their multiply-accumulates are counted. Sources: ``keras/src/ops/numpy.py`` and ``nn.py``."""

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers.arguments import shown
from convcalc.layers.registry import Inferred, Product, axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import Axis, CheckedByRule, Flag, Ignored, Operand, SummedAxes, Text
from convcalc.ops.elementwise import broadcast
from convcalc.ops.promotion import common_dtype, result_type, tensor_dtype
from convcalc.ops.registry import operation
from convcalc.ops.tensor import Tensor, sample_elements, shape_of


def _sums_of_products(shape: Shape, dtype: str, terms: Number, name: str = "products") -> Inferred:
    """Returns an output in which each element is a sum of ``terms`` products."""
    return Inferred((shape,), products=(Product(name, sample_elements(shape) * terms),), dtype=(dtype,))


def _inner_size(columns: Number, rows: Number) -> Number:
    if columns is not UNKNOWN and rows is not UNKNOWN and columns != rows:
        raise Refusal(f"cannot multiply {columns} columns by {rows} rows", codes.SHAPES_DIFFER)
    return rows if columns is UNKNOWN else columns


@operation("Matmul", flops=costs.free)
def matmul(x1: Tensor, x2: Tensor) -> Inferred:
    """Multiplies matrices; the axes before the last two are batch axes."""
    shape1, shape2 = shape_of(x1), shape_of(x2)
    if not shape1 or not shape2:
        raise Refusal("needs matrices, not numbers", codes.WRONG_RANK)
    left = shape1 if len(shape1) > 1 else (1, *shape1)
    right = shape2 if len(shape2) > 1 else (*shape2, 1)
    inner = _inner_size(left[-1], right[-2])
    shape: Shape = (*broadcast(left[:-2], right[:-2]), left[-2], right[-1])
    if len(shape1) == 1:
        shape = (*shape[:-2], shape[-1])
    if len(shape2) == 1:
        shape = shape[:-1]
    both_small = {x1.dtype, x2.dtype} == {"int8"}
    return _sums_of_products(shape, "int32" if both_small else common_dtype(x1, x2), inner)


@operation("Dot", flops=costs.free)
def dot(x1: Operand, x2: Operand) -> Tensor | Inferred:
    """Computes the dot product over the last axis of x1 and the second-to-last axis of x2."""
    shape1, shape2 = shape_of(x1), shape_of(x2)
    dtype = common_dtype(x1, x2)
    if not shape1 or not shape2:
        return Tensor(shape1 or shape2, dtype)
    if len(shape2) == 1:
        return _sums_of_products(shape1[:-1], dtype, _inner_size(shape1[-1], shape2[0]))
    return _sums_of_products((*shape1[:-1], *shape2[:-2], shape2[-1]), dtype, _inner_size(shape1[-1], shape2[-2]))


@operation("Inner", flops=costs.free)
def inner(x1: Operand, x2: Operand) -> Tensor | Inferred:
    """Computes the inner product over the last axes."""
    shape1, shape2 = shape_of(x1), shape_of(x2)
    dtype = common_dtype(x1, x2)
    if not shape1 or not shape2:
        return Tensor(shape1 or shape2, dtype)
    return _sums_of_products((*shape1[:-1], *shape2[:-1]), dtype, _inner_size(shape1[-1], shape2[-1]))


@operation("Vdot", flops=costs.free)
def vdot(x1: Operand, x2: Ignored) -> Inferred:
    """Computes the dot product of two flattened tensors."""
    return _sums_of_products((), common_dtype(x1, x2), sample_elements(shape_of(x1)))


@operation("Outer", flops=costs.free)
def outer(x1: Operand, x2: Operand) -> Inferred:
    """Computes the outer product of two flattened tensors."""
    return _sums_of_products((product(shape_of(x1)), product(shape_of(x2))), common_dtype(x1, x2), 1)


@operation("Kron", flops=costs.free)
def kron(x1: Operand, x2: Operand) -> Inferred:
    """Computes the Kronecker product of two tensors.

    As in Keras, the output has as many axes as the tensor with fewer axes.
    """
    shape1, shape2 = shape_of(x1), shape_of(x2)
    shape = tuple(a * b for a, b in zip(shape1, shape2))
    products = Product("products", sample_elements(shape1) * sample_elements(shape2))
    return Inferred((shape,), products=(products,), dtype=(result_type(tensor_dtype(x1), tensor_dtype(x2)),))


@operation("Cross", flops=costs.free)
def cross(
    x1: Operand, x2: Operand, *, axisa: Axis = -1, axisb: Axis = -1, axisc: Axis = -1, axis: Axis | None = None
) -> Inferred:
    """Computes the cross product of vectors; for vectors of two elements, only the last component."""
    shape1, shape2 = shape_of(x1), shape_of(x2)
    if axis is not None:
        axisa = axisb = axisc = axis
    left, right = axis_index(axisa, len(shape1), "axisa"), axis_index(axisb, len(shape2), "axisb")
    sizes = (shape1[left], shape2[right])
    if any(isinstance(size, int) and size not in (2, 3) for size in sizes):
        raise Refusal("needs vectors of 2 or 3 elements", codes.WRONG_SHAPE)
    rest = broadcast((*shape1[:left], *shape1[left + 1 :]), (*shape2[:right], *shape2[right + 1 :]))
    vector: Shape = (3,) if 3 in sizes else ()
    at = axis_index(axisc, len(rest) + len(vector), "axisc")
    return _sums_of_products(
        (*rest[:at], *vector, *rest[at:]), common_dtype(x1, x2), 2 if vector or UNKNOWN not in sizes else UNKNOWN
    )


@operation("Correlate", flops=costs.free)
def correlate(x1: Operand, x2: Operand, *, mode: CheckedByRule = "valid") -> Inferred:
    """Computes the cross-correlation of two vectors."""
    shape1, shape2 = shape_of(x1), shape_of(x2)
    if len(shape1) != 1 or len(shape2) != 1:
        raise Refusal("needs two vectors: inputs with one axis each", codes.WRONG_RANK)
    if not isinstance(shape1[0], int) or not isinstance(shape2[0], int):
        raise Refusal("needs vectors of a known size", codes.UNKNOWN_SIZE)
    longer, shorter = max(shape1[0], shape2[0]), min(shape1[0], shape2[0])
    sizes = {"valid": longer - shorter + 1, "same": longer, "full": longer + shorter - 1}
    if not isinstance(mode, str) or mode not in sizes:
        raise Refusal(f"needs the mode 'valid', 'same' or 'full', not {shown(mode)}", codes.INVALID_VALUE, "mode")
    dtype = common_dtype(x1, x2)
    wide = {"int64": "float64", "float16": "float16", "bfloat16": "bfloat16", "float64": "float64"}.get(
        dtype, "float32"
    )
    return _sums_of_products((sizes[mode],), wide, shorter)


@operation("Corrcoef", flops=costs.unknown)
def corrcoef(x: Tensor) -> Inferred:
    """Computes the correlation coefficients of rows. As in Keras, the output has the shape of the input."""
    dtype = "float64" if x.dtype == "int64" else result_type(x.dtype, "float")
    rows = x.shape[-2] if len(x.shape) > 1 else 1
    products = Product("products", sample_elements(x.shape) * rows)
    return Inferred((x.shape,), products=(products,), dtype=(dtype,))


@operation("Tensordot", flops=costs.free)
def tensordot(x1: Tensor, x2: Tensor, *, axes: SummedAxes = 2) -> Inferred:
    """Computes the tensor dot product over given axes."""
    shape1, shape2 = shape_of(x1), shape_of(x2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(shape1), len(shape2)):
            raise Refusal(f"cannot sum over {shown(axes)} axes", codes.WRONG_AXIS, "axes")
        pairs = list(zip(range(len(shape1) - axes, len(shape1)), range(axes)))
    else:
        lists = [[axis] if isinstance(axis, int) else axis for axis in axes]
        pairs = [
            (axis_index(a, len(shape1), "axes"), axis_index(b, len(shape2), "axes"))
            for a, b in zip(lists[0], lists[1], strict=True)
        ]
    summed = [_inner_size(shape1[a], shape2[b]) for a, b in pairs]
    left, right = {a for a, _ in pairs}, {b for _, b in pairs}
    kept = [size for n, size in enumerate(shape1) if n not in left]
    kept += [size for n, size in enumerate(shape2) if n not in right]
    return _sums_of_products(tuple(kept), common_dtype(x1, x2), product(summed))


@operation("Einsum", flops=costs.free)
def einsum(*operands: Tensor, subscripts: Text) -> Inferred:
    """Computes sums of products along the axes that an einsum equation names."""
    left, arrow, target = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise Refusal(f"has an equation for {len(terms)} tensors, not {len(operands)}", codes.EQUATION, "subscripts")
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
            raise Refusal(
                f"has {named} axis names in '{term}', but the tensor has {rank} axes", codes.EQUATION, "subscripts"
            )
        end = rank - len(after)
        for name, size in (*zip(before, operand.shape), *zip(after, operand.shape[end:])):
            sizes[name] = _named_size(sizes.get(name, 1), size, name)
        if dots:
            dotted = broadcast(dotted, operand.shape[len(before) : end])
    before, dots, after = target.partition("...")
    if any(name not in sizes for name in before + after):
        raise Refusal(f"has an axis name in the output '{target}' that no input has", codes.EQUATION, "subscripts")
    shape = (*(sizes[name] for name in before), *(dotted if dots else ()), *(sizes[name] for name in after))
    summed = product(size for name, size in sizes.items() if name not in target)
    dotted_elements = sample_elements(dotted) if dotted and not dots else 1
    small = {operand.dtype for operand in operands} == {"int8"}
    dtype = "int32" if small else result_type(*(operand.dtype for operand in operands))
    if len(operands) == 1:  # a single operand is only transposed or summed: nothing is multiplied
        return Inferred((shape,), dtype=(dtype,))
    return _sums_of_products(shape, dtype, summed * dotted_elements)


def _named_size(size1: Number, size2: Number, name: str) -> Number:
    if size1 is UNKNOWN or size1 == 1:
        return size2 if size1 == 1 or size2 != 1 else size1
    if size2 is UNKNOWN or size2 == 1:
        return size1
    if size1 != size2:
        raise Refusal(f"has different sizes for axis '{name}': {size1} and {size2}", codes.SHAPES_DIFFER, "subscripts")
    return size1


@operation("CDist", "math", flops=costs.distances)
def cdist(x: Tensor, y: Tensor) -> Inferred:
    """Computes the pairwise distances between two lists of points."""
    if len(x.shape) < 2 or len(y.shape) < 2:
        raise Refusal("needs lists of points: tensors of at least two axes", codes.WRONG_RANK)
    size1, size2 = x.shape[-1], y.shape[-1]
    if size1 is not UNKNOWN and size2 is not UNKNOWN and size1 != size2:
        raise Refusal(
            f"needs points with the same number of coordinates, not {size1} and {size2}", codes.SHAPES_DIFFER, "y"
        )
    shape = (*broadcast(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-2])
    terms = size2 if size1 is UNKNOWN else size1
    return _sums_of_products(shape, result_type(x.dtype, y.dtype, "float"), terms, "squares of differences")


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
    """Computes dot-product attention: averages the values, weighted by the products of queries and keys."""
    if len(query.shape) != 4 or len(key.shape) != 4 or len(value.shape) != 4:
        raise Refusal("needs query, key and value of shape (batch, length, heads, size)", codes.WRONG_RANK)
    pairs = sample_elements(query.shape) * key.shape[1]
    products = (Product("queries with keys", pairs), Product("scores with values", pairs))
    return Inferred((query.shape,), products=products, dtype=(common_dtype(query, key, value),))
