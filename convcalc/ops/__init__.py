"""The operations of ``keras.ops`` that stand in functional graphs. Importing this imports every family of them."""

from convcalc.ops import (
    diagonals,
    elementwise,
    images,
    joining,
    keys,
    linalg,
    losses,
    making,
    products,
    promotion,
    reduction,
    searching,
    shaping,
    signal,
    windows,
)
from convcalc.ops.registry import OPERATIONS, Operation, Tensor, find_function, find_operation, operation

__all__ = [
    "OPERATIONS",
    "Operation",
    "Tensor",
    "diagonals",
    "elementwise",
    "find_function",
    "find_operation",
    "images",
    "joining",
    "keys",
    "linalg",
    "losses",
    "making",
    "operation",
    "products",
    "promotion",
    "reduction",
    "searching",
    "shaping",
    "signal",
    "windows",
]
