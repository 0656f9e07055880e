"""A spec held to its own words: ``expect:`` on layers, ``budget:`` on the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convcalc.analyse import LayerReport, Report
from convcalc.check.quantities import quantity
from convcalc.model import Model, Place
from convcalc.numbers import UNKNOWN, Number, Shape, plain
from convcalc.problems import Problem, Refusal


def check_expectations(report: Report, allow_incomplete: bool = False) -> tuple[Problem, ...]:
    """What the model does not hold of its own expectations and budget.

    A number that is unknown, or only a lower bound, does not hold a budget unless ``allow_incomplete`` says that it may.
    """
    rows = {row.path: row for row in report.layers}
    found = list(_layers(report.model, "", rows))
    counts = report.totals.as_dict()
    for key, limit in report.model.budget.items():
        # Memory is worked out only where a budget asks for it.
        totals = counts if key in counts else report.totals_with_memory()
        label = totals["incomplete"].get(key, "")
        found += _budget(key, limit, totals[key], "" if allow_incomplete else label, report.model.place)
    return tuple(found)


def _layers(model: Model, prefix: str, rows: Mapping[str, LayerReport]) -> Iterator[Problem]:
    for layer in model.layers:
        row = rows.get(prefix + layer.name)
        if row is not None and layer.expect:
            yield from _expectations(row, layer.expect, layer.place)
        if layer.model is not None:
            yield from _layers(layer.model, f"{prefix}{layer.name}/", rows)


def _expectations(row: LayerReport, expect: Mapping[str, Any], place: Place | None) -> Iterator[Problem]:
    for key, wanted in expect.items():
        if key == "output_shape":
            if not any(shape is not None and _same(shape, wanted) for shape in row.output_shapes):
                shapes = ", ".join(map(str, row.output_shapes))
                yield _problem(row.path, f"has the output shape {shapes}, not {_sizes(wanted)} as expected", place)
            continue
        number: Number = getattr(row, key)
        try:
            expected = quantity(wanted)
        except Refusal as refusal:
            yield _problem(row.path, f"expects of '{key}': {refusal.message}", place, "invalid-value")
            continue
        if plain(number) != expected:
            has = "an unknown number of" if plain(number) is UNKNOWN else f"{number:,}"
            yield _problem(row.path, f"has {has} {key}, not {expected:,} as expected", place)


def _same(shape: Shape, wanted: Any) -> bool:
    """Whether a shape is the expected one, which may leave the batch axis out."""
    sizes = [None if size is UNKNOWN else size for size in map(plain, shape)]
    return isinstance(wanted, (list, tuple)) and list(wanted) in (sizes, sizes[1:])


def _sizes(wanted: Any) -> str:
    return str(tuple(wanted)) if isinstance(wanted, (list, tuple)) else repr(wanted)


def _budget(key: str, limit: Any, actual: int | None, label: str, place: Place | None) -> Iterator[Problem]:
    try:
        most = quantity(limit)
    except Refusal as refusal:
        yield _problem(None, f"budget of '{key}': {refusal.message}", place, "invalid-value", "budget")
        return
    if actual is not None and actual > most:
        over = f"the model has {actual:,} {key}, {actual - most:,} more than the budget of {most:,}"
        yield _problem(None, over, place, "over-budget", "budget")
    elif label:
        known = "is unknown" if actual is None else f"is at least {actual:,}"
        cure = "give the unknown sizes, or allow it with --allow-incomplete"
        open_ = f"the number of {key} {known}, so the budget of {most:,} cannot be held; {cure}"
        yield _problem(None, open_, place, "incomplete", "budget")


def _problem(
    layer: str | None, message: str, place: Place | None, code: str = "expectation", key: str = "expect"
) -> Problem:
    subject = f"'{layer}' " if layer else ""
    return Problem(code, subject + message, place.mark(key) if place else None, layer)
