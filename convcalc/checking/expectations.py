"""A spec held to its own words: ``expect:`` on layers."""

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
    """What the layers do not hold of what is expected of them."""
    rows = {row.path: row for row in report.layers}
    return tuple(
        problem
        for path, layer in report.model.walk()
        if layer.expect and path in rows
        for problem in _expectations(rows[path], layer.expect, layer.place)
    )


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
            yield _problem(row.path, f"expects of '{key}': {refusal.message}", place, codes.INVALID_VALUE)
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


def _problem(layer: str, message: str, place: Place | None, code: Code = codes.EXPECTATION) -> Problem:
    return Problem(code, f"'{layer}' {message}", place.mark("expect") if place else None, layer)
