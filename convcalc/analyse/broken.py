"""Finds the layers of a model with errors that are not affected by them."""

from __future__ import annotations

from convcalc.analyse.inference import infer_part
from convcalc.analyse.report import LayerReport, Report
from convcalc.base.problems import ConvcalcError
from convcalc.model import Model


def is_broken(row: LayerReport, report: Report) -> bool:
    """Returns True if a layer has an error."""
    if row.layer.broken:
        return True
    return any(problem.severity == "error" and problem.layer == row.name for problem in report.problems)


def rows_to_the_break(report: Report) -> int:
    """Returns the number of rows down to the first layer with an error, which is included; 0 if no layer above it is
    known.
    """
    for number, row in enumerate(report.layers):
        if is_broken(row, report):
            return (
                number + 1 if number and any(row.output_shapes[0] is not None for row in report.layers[:number]) else 0
            )
    return 0


def part_of(model: Model) -> Report | None:
    """Returns the report of the layers down to the first error; None if nothing is known."""
    try:
        report = infer_part(model)
        return report if rows_to_the_break(report) else None
    except (ConvcalcError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None  # what the error has broken cannot be computed


def is_known(row: LayerReport, report: Report) -> bool:
    """Returns True if a layer is not affected by the errors of its model."""
    return not is_broken(row, report) and None not in row.output_shapes
