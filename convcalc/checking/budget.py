"""Checks a model against a budget: maximum totals, and a minimum receptive field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.numbers import plain
from convcalc.base.problems import ConvcalcError, Mark, Problem, Refusal
from convcalc.base.structs import Struct
from convcalc.checking.quantities import quantity, sizes
from convcalc.model import Model, Place
from convcalc.report_json.write import totals_data, totals_with_memory


class Limit(Struct):
    """A limit as the user wrote it.

    ``origin`` is the option or the project file with the limit. For a limit in the model's own spec, ``origin`` is
    empty, and ``mark`` is the position in the spec.
    """

    value: Any
    origin: str = ""
    mark: Mark | None = None


def limits_of(budget: Mapping[str, Any], origin: str = "", place: Place | None = None) -> dict[str, Limit]:
    """Returns the limits in a mapping such as ``{"params": "5M"}``, without checking them."""
    mark = place.mark("budget") if place and budget else None
    return {key: Limit(value, origin, mark) for key, value in budget.items()}


def spec_limits(model: Model) -> dict[str, Limit]:
    """Returns the limits in the model's own spec."""
    return limits_of(model.budget, "", model.place)


def effective_limits(
    model: Model, project: Mapping[str, Limit] | None = None, options: Mapping[str, Limit] | None = None
) -> dict[str, Limit]:
    """Returns the limits that apply to a model. Options override its spec; the spec overrides the project."""
    return {**(project or {}), **spec_limits(model), **(options or {})}


def check_budget(report: Study, limits: Mapping[str, Limit], allow_incomplete: bool = False) -> tuple[Problem, ...]:
    """Returns a problem for each limit that the model does not meet.

    An unknown number, or a lower bound, meets a limit only with ``allow_incomplete``. Raises :class:`ConvcalcError` for
    limits that are not valid numbers.
    """
    problems: list[Problem] = []
    invalid: list[Problem] = []
    for key, limit in limits.items():
        try:
            if key == "min_receptive_field":
                problems += _check_receptive_field(report, limit, allow_incomplete)
            else:
                problems += _check_maximum(key, limit, report, allow_incomplete)
        except Refusal as refusal:
            origin = (
                limit.origin
                if limit.origin.startswith("--")
                else f"{limit.origin and f'{limit.origin}: '}budget of '{key}'"
            )
            invalid.append(Problem(codes.INVALID_VALUE, f"{origin}: {refusal.message}", limit.mark))
    if invalid:
        raise ConvcalcError(invalid)
    return tuple(problems)


def _check_maximum(key: str, limit: Limit, report: Study, allow_incomplete: bool) -> Iterator[Problem]:
    maximum = quantity(limit.value)
    actual, label = _total(key, report)
    origin = f" ({limit.origin})" if limit.origin else ""
    if actual is not None and actual > maximum:
        message = f"the model has {actual:,} {key}, {actual - maximum:,} more than the budget of {maximum:,}{origin}"
        yield _problem(limit, message, codes.OVER_BUDGET)
    elif label and not allow_incomplete:
        known = "is unknown" if actual is None else f"is at least {actual:,}"
        cure = "give the unknown sizes, or pass --allow-incomplete"
        message = f"the number of {key} {known}, so the budget of {maximum:,}{origin} cannot be checked; {cure}"
        yield _problem(limit, message, codes.INCOMPLETE)


def _total(key: str, report: Study) -> tuple[int | None, str]:
    """Returns a total, and ``unknown`` or ``partial`` if it is not fully known.

    Memory and FLOPs are computed only for a budget that limits them.
    """
    if key == "flops":
        report = report.with_flops()
    totals = totals_data(report.totals)
    if key not in totals:
        totals = totals_with_memory(report)
    return totals[key], totals["incomplete"].get(key, "")


def _check_receptive_field(report: Study, limit: Limit, allow_incomplete: bool) -> Iterator[Problem]:
    minimum = sizes(limit.value)
    fields = largest_fields(report)
    origin = f" ({limit.origin})" if limit.origin else ""
    if not fields.sizes and not fields.partial:
        message = f"no input of the model has a spatial axis, so it has no receptive field of {_by(minimum)}{origin}"
        yield _problem(limit, message, codes.OVER_BUDGET)
        return
    required = minimum if len(minimum) > 1 else minimum * max(1, len(fields.sizes))
    if fields.sizes and len(required) != len(fields.sizes):
        raise Refusal(f"{_by(minimum)} has {len(minimum)} axes; the model's receptive field has {len(fields.sizes)}")
    if fields.sizes and all(size >= least for size, least in zip(fields.sizes, required)):
        return
    actual = _by(fields.sizes) if fields.sizes else "unknown"
    if not fields.partial:
        message = f"the receptive field is {actual}, smaller than the budget of {_by(required)}{origin}"
        yield _problem(limit, message, codes.OVER_BUDGET)
    elif not allow_incomplete:
        known = f"at least {actual}" if fields.sizes else actual
        cure = "to accept this, pass --allow-incomplete"
        message = f"the receptive field is {known}, so the budget of {_by(required)}{origin} cannot be checked; {cure}"
        yield _problem(limit, message, codes.INCOMPLETE)


class LargestFields(Struct):
    """The largest receptive field along each axis.

    ``partial`` is True if a layer's receptive field is not fully known.
    """

    sizes: tuple[int, ...]
    partial: bool


def largest_fields(report: Study) -> LargestFields:
    """Returns the largest receptive field along each axis, without layers that read their whole input, such as Dense."""
    largest: dict[int, int] = {}
    partial = any(not report.receptive_fields.get(row.path) for row in report.layers)
    for field in (field for calls in report.receptive_fields.values() for call in calls for field in call):
        for number, axis in enumerate(field.axes):
            size = plain(axis.size)
            partial |= axis.reach is None or axis.reach.partial
            if isinstance(size, int) and not axis.is_global:
                largest[number] = max(largest.get(number, 0), size)
    return LargestFields(tuple(largest[number] for number in sorted(largest)), partial)


def _by(numbers: Iterable[int]) -> str:
    return "×".join(map(str, numbers))


def _problem(limit: Limit, message: str, code: Code) -> Problem:
    return Problem(code, message, limit.mark)
