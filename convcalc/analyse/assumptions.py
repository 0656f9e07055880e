"""The assumptions of the memory analysis."""

from __future__ import annotations

from convcalc.base.structs import Struct


class Assumptions(Struct):
    """The assumptions under which memory is computed.

    Attributes:
        dtype: the dtype of all tensors and weights (None: each has its own).
        in_place: elementwise layers reuse their input's buffer if it is not needed later, and reshapes are free.
        optimizer: the optimizer for the estimate of a training step; None for no estimate.
    """

    dtype: str | None = None
    in_place: bool = False
    optimizer: str | None = None


NO_ASSUMPTIONS = Assumptions()
