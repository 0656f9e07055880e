"""The assumptions of the memory analysis."""

from __future__ import annotations

from convcalc.base.structs import Struct


class Assumptions(Struct):
    """Choices that change how memory is computed.

    Attributes:
        dtype: one dtype for all tensors and weights; None: the dtypes of the model.
        in_place: if True, elementwise layers overwrite an input that no later layer needs, and reshapes take no memory.
        optimizer: the optimizer for the estimate of a training step; None for no estimate.
    """

    dtype: str | None = None
    in_place: bool = False
    optimizer: str | None = None


NO_ASSUMPTIONS = Assumptions()
