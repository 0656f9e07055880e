"""The operations of ``keras.ops`` that stand in functional graphs. Importing this imports every family of them."""

from convcalc.ops import elementwise, reduction, shaping
from convcalc.ops.registry import Operation, Tensor, find_operation, operation

__all__ = ["Operation", "Tensor", "elementwise", "find_operation", "operation", "reduction", "shaping"]
