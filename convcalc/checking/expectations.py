"""Checks the expectations that a spec states with ``expect:`` on a layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convcalc.analyse import LayerReport, Report
from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.numbers import UNKNOWN, Number, Shape, plain
from convcalc.base.problems import Problem, Refusal
from convcalc.checking.quantities import quantity
from convcalc.model import Place


def check_expectations(report: Report) -> tuple[Problem, ...]:
    """Returns a problem for each expectation that a layer does not meet."""
    rows = {row.path: row for row in report.layers}
    return tuple(
        problem
        for path, layer in report.model.walk()
        if layer.expect and path in rows
        for problem in _expectations(rows[path], layer.expect, layer.place)
    )


def _expectations(row: LayerReport, expect: Mapping[str, Any], place: Place | None) -> Iterator[Problem]:
    for key, value in expect.items():
        if key == "output_shape":
            if not any(shape is not None and _is_expected(shape, value) for shape in row.output_shapes):
                shapes = ", ".join(map(str, row.output_shapes))
                yield _problem(row.path, f"has the output shape {shapes}, not {_shape_text(value)} as expected", place)
            continue
        number: Number = getattr(row, key)
        try:
            expected = quantity(value)
        except Refusal as refusal:
            yield _problem(
                row.path, f"has an invalid expectation of '{key}': {refusal.message}", place, codes.INVALID_VALUE
            )
            continue
        if plain(number) != expected:
            actual = "an unknown number of" if plain(number) is UNKNOWN else f"{number:,}"
            yield _problem(row.path, f"has {actual} {key}, not {expected:,} as expected", place)


def _is_expected(shape: Shape, expected: Any) -> bool:
    """Returns True if a shape is the expected shape, which may omit the batch axis."""
    sizes = [None if size is UNKNOWN else size for size in map(plain, shape)]
    return isinstance(expected, (list, tuple)) and list(expected) in (sizes, sizes[1:])


def _shape_text(shape: Any) -> str:
    return str(tuple(shape)) if isinstance(shape, (list, tuple)) else repr(shape)


def _problem(layer: str, message: str, place: Place | None, code: Code = codes.EXPECTATION) -> Problem:
    return Problem(code, f"'{layer}' {message}", place.mark("expect") if place else None, layer)
