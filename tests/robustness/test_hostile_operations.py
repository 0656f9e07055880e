"""Tests operations with arguments of wrong types and with huge values. An untrusted file may contain such arguments.

Each call must quickly give a result or a refusal.
"""

from __future__ import annotations

import time
from typing import Any

from convcalc.base.numbers import UNKNOWN, Unknown
from convcalc.base.problems import Refusal
from convcalc.model import Slot
from convcalc.ops import Tensor, costs
from tests.live.cases_operations import Asked, cases
from tests.live.tensors import T

ODD: list[Any] = [
    10**9, 10**30, -1, -(10**30), 0, 2.5, float("nan"), float("inf"), True, None, "foo", "", [], [[]], [1, [2]],
    [10**12] * 3, {"a": 1}, slice(None, 10**12), ..., ["x"], list(range(50)), [None, None], [-1, -1], Slot(0), [Slot(0)],
]  # fmt: skip


def called(asked: Asked) -> tuple[dict[str, Any], dict[str, Any], list[Tensor]]:
    """Returns the arguments of the operation, the arguments of its call, and the tensors."""
    tensors: list[Tensor] = []

    def slotted(value: Any) -> Any:
        if isinstance(value, T):
            tensors.append(Tensor(tuple(UNKNOWN if size is None else size for size in value.shape), value.dtype))
            return Slot(len(tensors) - 1)
        return [slotted(part) for part in value] if isinstance(value, list) else value

    call = slotted(asked.call)
    parameters = asked.operation.parameters
    named = {parameters[0]: call} if asked.operation.variadic else dict(zip(parameters, call))
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asked.made.items()}, named, tensors


def test_any_argument_gives_a_result_or_a_refusal() -> None:
    tried = refused = 0
    for asked in cases(3, 1):
        made, call, tensors = called(asked)
        for given, names in ((made, asked.operation.init_parameters), (call, asked.operation.parameters)):
            for name in names:
                for odd in ODD:
                    changed = {**given, name: odd}
                    began = time.process_time()
                    try:
                        one, other = (changed, call) if given is made else (made, changed)
                        result = asked.operation.infer(one, other, tensors or [Tensor((2,), "float32")])
                        assert len(result.outputs) <= 10_000
                        cost = costs.elementwise(asked.operation, {**one, **other}, [t.shape for t in tensors], result)
                        assert isinstance(cost, (int, Unknown))
                    except Refusal as said:
                        refused += 1
                        assert len(said.message) < 1000
                    tried += 1
                    assert time.process_time() - began < 0.5, f"{asked.operation.name} {name}={odd!r:.60}"
    assert tried > 10_000
    assert refused > tried / 4
