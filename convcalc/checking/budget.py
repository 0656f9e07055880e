"""A model held to a budget: numbers that it may not exceed, and a receptive field that it must reach."""

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
    """A number as it was written, and by whom: ``origin`` is an option or a file, empty for the spec itself, which has ``mark``."""

    value: Any
    origin: str = ""
    mark: Mark | None = None


def limits_of(budget: Mapping[str, Any], origin: str = "", place: Place | None = None) -> dict[str, Limit]:
    """The limits of a mapping as it was written."""
    mark = place.mark("budget") if place and budget else None
    return {key: Limit(value, origin, mark) for key, value in budget.items()}


def spec_limits(model: Model) -> dict[str, Limit]:
    """The limits that a model's own spec states."""
    return limits_of(model.budget, "", model.place)


def effective_limits(
    model: Model, project: Mapping[str, Limit] | None = None, options: Mapping[str, Limit] | None = None
) -> dict[str, Limit]:
    """The limits that apply to a model: an option overrides the spec's budget, which overrides the project's."""
    return {**(project or {}), **spec_limits(model), **(options or {})}


def check_budget(report: Study, limits: Mapping[str, Limit], allow_incomplete: bool = False) -> tuple[Problem, ...]:
    """Every limit that the model does not hold.

    A number that is unknown, or only a lower bound, does not hold a limit unless ``allow_incomplete`` says that it may.
    Raises :class:`ConvcalcError` for limits that are no numbers.
    """
    found: list[Problem] = []
    refused: list[Problem] = []
    for key, limit in limits.items():
        try:
            if key == "min_receptive_field":
                found += _reach(report, limit, allow_incomplete)
            else:
                found += _most(key, limit, report, allow_incomplete)
        except Refusal as refusal:
            who = (
                limit.origin
                if limit.origin.startswith("--")
                else f"{limit.origin and f'{limit.origin}: '}budget of '{key}'"
            )
            refused.append(Problem(codes.INVALID_VALUE, f"{who}: {refusal.message}", limit.mark))
    if refused:
        raise ConvcalcError(refused)
    return tuple(found)


def _most(key: str, limit: Limit, report: Study, allow_incomplete: bool) -> Iterator[Problem]:
    most = quantity(limit.value)
    actual, label = _number(key, report)
    by = f" ({limit.origin})" if limit.origin else ""
    if actual is not None and actual > most:
        over = f"the model has {actual:,} {key}, {actual - most:,} more than the budget of {most:,}{by}"
        yield _problem(limit, over, codes.OVER_BUDGET)
    elif label and not allow_incomplete:
        known = "is unknown" if actual is None else f"is at least {actual:,}"
        cure = "give the unknown sizes, or allow it with --allow-incomplete"
        open_ = f"the number of {key} {known}, so the budget of {most:,}{by} cannot be held; {cure}"
        yield _problem(limit, open_, codes.INCOMPLETE)


def _number(key: str, report: Study) -> tuple[int | None, str]:
    """A total, and its label where it is not wholly known. Memory and FLOPs are worked out only where a budget asks for them."""
    if key == "flops":
        report = report.with_flops()
    totals = totals_data(report.totals)
    if key not in totals:
        totals = totals_with_memory(report)
    return totals[key], totals["incomplete"].get(key, "")


def _reach(report: Study, limit: Limit, allow_incomplete: bool) -> Iterator[Problem]:
    least = sizes(limit.value)
    fields = largest_fields(report)
    by = f" ({limit.origin})" if limit.origin else ""
    if not fields.sizes and not fields.partial:
        yield _problem(
            limit,
            f"no input of the model has an axis for windows, so there is no receptive field of {_by(least)}{by}",
            codes.OVER_BUDGET,
        )
        return
    wanted = least if len(least) > 1 else least * max(1, len(fields.sizes))
    if fields.sizes and len(wanted) != len(fields.sizes):
        raise Refusal(f"{_by(least)} has {len(least)} axes; the model's receptive field has {len(fields.sizes)}")
    if all(size >= one for size, one in zip(fields.sizes, wanted)) and fields.sizes:
        return
    has = _by(fields.sizes) if fields.sizes else "unknown"
    if not fields.partial:
        yield _problem(
            limit, f"the receptive field is {has}, less than the {_by(wanted)} of the budget{by}", codes.OVER_BUDGET
        )
    elif not allow_incomplete:
        cure = "allow it with --allow-incomplete"
        least_text = f"at least {has}" if fields.sizes else has
        open_ = f"the receptive field is {least_text}, so the {_by(wanted)} of the budget{by} cannot be held; {cure}"
        yield _problem(limit, open_, codes.INCOMPLETE)


class LargestFields(Struct):
    """The largest receptive field on each axis; ``partial`` where those of some layers are not known."""

    sizes: tuple[int, ...]
    partial: bool


def largest_fields(report: Study) -> LargestFields:
    """The largest receptive field of any layer that slides: what reads its whole input (Dense, global pooling) has none of its own."""
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
