"""The assumptions of the memory analysis."""

from __future__ import annotations

from convcalc.base.structs import Struct


class Assumptions(Struct):
    """What memory is computed under.

    Attributes:
        dtype: the dtype of every tensor and weight, in place of their own (None: their own).
        in_place: elementwise layers reuse their input's buffer if it is not needed later, and reshapes are free.
        optimizer: the optimizer of a training step, if one is to be estimated.
    """

    dtype: str | None = None
    in_place: bool = False
    optimizer: str | None = None


NO_ASSUMPTIONS = Assumptions()
