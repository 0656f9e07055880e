"""The operations of ``keras.ops`` in functional graphs.

A family (a module of related operations) is imported when one of its operations is looked up. Reading ``OPERATIONS``
imports all families.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcalc.ops.registry import (
    TENSORFLOW,
    Operation,
    all_operations,
    find_function,
    find_operation,
    find_operation_class,
    operation,
)
from convcalc.ops.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    OPERATIONS: Mapping[tuple[str, str], Operation]

__all__ = [
    "OPERATIONS",
    "TENSORFLOW",
    "Operation",
    "Tensor",
    "find_function",
    "find_operation",
    "find_operation_class",
    "operation",
]


def __getattr__(name: str) -> Any:
    """Returns ``OPERATIONS``. Reading this attribute imports all families of operations."""
    if name != "OPERATIONS":
        raise AttributeError(f"module 'convcalc.ops' has no attribute '{name}'")
    return all_operations()
