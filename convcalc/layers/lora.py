"""Low-rank adaptation (LoRA): adds the product of two small trained matrices to a frozen kernel.

Source: ``enable_lora`` of Keras's Dense, EinsumDense, Embedding and convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import as_constant, product
from convcalc.base.problems import Refusal
from convcalc.layers.arguments import Argument, Integer, ignored_arguments
from convcalc.layers.registry import Weight

ARGUMENTS = [Argument("lora_rank", Integer(0), None, nullable=True), *ignored_arguments("lora_alpha")]
_WHY = "frozen by lora_rank: only the two small matrices are trained"


def with_lora(
    rank: Any, kernel: Weight, others: Sequence[Weight], constraint: Any, names: str = "kernel"
) -> tuple[Weight, ...]:
    """Returns the weights of a layer with this ``lora_rank``. For None or 0, the weights are unchanged."""
    if not rank:
        return (kernel, *others)
    if constraint is not None:
        raise Refusal(
            f"cannot use {names}_constraint together with lora_rank",
            codes.LORA_AND_CONSTRAINT,
            f"{names}_constraint",
        )
    down = Weight(f"lora_{names}_a", (*kernel.shape[:-1], rank), dtype="float32")
    # The layer uses kernel + scale·(down @ up). Each element of ``up`` is multiplied once for each row of ``down``.
    up = Weight(
        f"lora_{names}_b", (rank, kernel.shape[-1]), product(map(as_constant, kernel.shape[:-1])), dtype="float32"
    )
    return (kernel._replace(trainable=False, frozen_because=_WHY, added_per_sample=2), *others, down, up)
