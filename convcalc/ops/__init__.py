"""The operations of ``keras.ops`` that stand in functional graphs. A family is imported, and declares its operations, when one
of them is asked for; ``OPERATIONS`` has them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcalc.ops.registry import Operation, Tensor, every_operation, find_function, find_operation, operation

if TYPE_CHECKING:
    from convcalc.ops.registry import OPERATIONS

__all__ = ["OPERATIONS", "Operation", "Tensor", "find_function", "find_operation", "operation"]


def __getattr__(name: str) -> Any:
    """All operations, when they are first asked for."""
    if name != "OPERATIONS":
        raise AttributeError(f"module 'convcalc.ops' has no attribute '{name}'")
    return every_operation()
