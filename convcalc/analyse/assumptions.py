"""The assumptions of the memory analysis."""

from __future__ import annotations

from convcalc.base.structs import Struct


class Assumptions(Struct):
    """The assumptions under which memory is computed.

    Attributes:
        dtype: the dtype of all tensors and weights; None if each has the dtype that the model states.
        in_place: if True, elementwise layers overwrite an input that no later layer needs, and reshapes take no memory.
        optimizer: the optimizer for the estimate of a training step; None for no estimate.
    """

    dtype: str | None = None
    in_place: bool = False
    optimizer: str | None = None


NO_ASSUMPTIONS = Assumptions()
