"""The operations of ``keras.ops`` that stand in functional graphs. Importing this imports every family of them."""

from convcalc.ops import elementwise, joining, keys, linalg, products, promotion, reduction, shaping, signal, windows
from convcalc.ops.registry import OPERATIONS, Operation, Tensor, find_function, find_operation, operation

__all__ = [
    "OPERATIONS",
    "Operation",
    "Tensor",
    "elementwise",
    "find_function",
    "find_operation",
    "joining",
    "keys",
    "linalg",
    "operation",
    "products",
    "promotion",
    "reduction",
    "shaping",
    "signal",
    "windows",
]
