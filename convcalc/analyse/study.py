"""A :class:`Study`: a report with further analyses of its model, each computed at most once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from convcalc.analyse.assumptions import NO_ASSUMPTIONS, Assumptions
from convcalc.analyse.flops import with_flops
from convcalc.analyse.report import Report

if TYPE_CHECKING:
    from typing import Self

    from convcalc.analyse.memory import Memory
    from convcalc.analyse.receptive_field import Field

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Study(Report):
    """A report with memory, receptive fields and FLOPs, each computed at its first use.

    ``assumptions`` affect only the memory. If the batch size is unknown, computing the memory runs the engine again.
    """

    assumptions: Assumptions = NO_ASSUMPTIONS
    _results: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, report: Report, assumptions: Assumptions = NO_ASSUMPTIONS) -> Self:
        """Returns a study of the report."""
        return cls(**{name: getattr(report, name) for name in Report.__dataclass_fields__}, assumptions=assumptions)

    @property
    def memory(self) -> Memory:
        """Bytes of weights and activations, under the assumptions."""
        from convcalc.analyse.memory import memory_of  # imported lazily: most commands do not need it

        return self._once("memory", lambda: memory_of(self, self.assumptions))

    @property
    def receptive_fields(self) -> Mapping[str, tuple[tuple[Field, ...], ...]]:
        """Receptive fields of every layer, by path: one field for each call and model input."""
        from convcalc.analyse.receptive_field import receptive_fields  # imported lazily: most commands do not need it

        return self._once("receptive_fields", lambda: receptive_fields(self.run))

    def with_flops(self, convention: str = "convcalc") -> Self:
        """Returns this study with FLOPs in its rows and totals; unchanged if it already has FLOPs."""
        if self.convention:
            return self
        return self._once(f"flops: {convention}", lambda: self._counted(convention))

    def _counted(self, convention: str) -> Self:
        counted = with_flops(self, convention)
        object.__setattr__(counted, "_results", self._results)  # other analyses do not depend on FLOPs
        return counted

    def _once(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._results:
            self._results[name] = compute()
        result: T = self._results[name]
        return result
