"""Runs one operation of ``keras.ops`` on given shapes."""

from __future__ import annotations

from typing import Any

from convcalc.base.numbers import UNKNOWN
from convcalc.model import Slot
from convcalc.ops import Tensor, find_operation


def run(name: str, *shapes: Any, module: str = "numpy", of: str = "float32", **made: Any) -> Any:
    """Runs an operation on tensors of these shapes (None: unknown size). All tensors have the same dtype."""
    operation = find_operation(name, f"keras.src.ops.{module}")
    assert operation is not None
    tensors = [Tensor(tuple(UNKNOWN if size is None else size for size in shape), of) for shape in shapes]
    slots: Any = [Slot(n) for n in range(len(tensors))]
    several = operation.variadic or operation.takes_list
    call = {operation.parameters[0]: slots} if several else dict(zip(operation.parameters, slots))
    return operation.infer(made, call, tensors)
