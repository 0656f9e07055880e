"""The lines with totals that Keras 3 and Keras 2 print below the table: numbers of parameters and their sizes."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.analyse.optimizers import variables_in_file
from convcalc.analyse.report import LayerReport, Report, weight_bytes
from convcalc.base.numbers import UNKNOWN, Number, product
from convcalc.base.structs import Struct
from convcalc.keras_text.rows3 import is_unbuilt
from convcalc.layers import Weight
from convcalc.layers.sublayer import SubLayer, SubModel
from convcalc.model import Foreign


class TotalLine(Struct):
    """One line: a label, a number of parameters, and their size in bytes. With ``partial``, both are lower bounds."""

    label: str
    params: Number
    size: Number
    partial: bool = False


def totals_with_optimizer(report: Report) -> list[TotalLine]:
    """Returns the lines that Keras 3 prints.

    For a compiled model, a last line has the optimizer's variables, and the first line includes them.
    """
    total, *others = totals(report)
    if report.model.optimizer is None or is_unbuilt(report):
        return [total, *others]
    partial = "trainable_params" in report.totals.incomplete
    stored = report.model.optimizer_weights if partial else None
    if stored:  # The trainable weights are unknown, so the variables cannot be computed: take those in the file.
        variables: Sequence[Weight] | None = [Weight(each.path, each.shape, dtype=each.dtype) for each in stored]
        partial = False
    else:
        variables = variables_in_file(report.model.optimizer, _trained(report))
    if variables is None:
        return [total._replace(partial=total.params is not UNKNOWN), *others, TotalLine("Optimizer", UNKNOWN, UNKNOWN)]
    count, size = sum(product(variable.shape) for variable in variables), weight_bytes(variables)
    total = TotalLine("Total", total.params + count, total.size + size, partial or total.partial)
    return [total, *others, TotalLine("Optimizer", count, size, partial)]


def _trained(report: Report) -> list[Weight]:
    """Returns the weights for which the optimizer has variables, named by their paths in Keras."""
    if not report.model.trainable or not report.model.optimizer_has_slots:
        return []
    trained: list[Weight] = []
    seen: set[tuple[str, ...]] = set()
    for row in report.layers:
        paths = tuple(weight.path for weight in row.layer.stored or ())
        if paths in seen:  # shared weights count once
            continue
        seen |= {paths} if paths else set()
        path = _path_in_keras(row)
        trained += [weight._replace(name=f"{path}/{weight.name}") for weight in row.weights if weight.trainable]
    return [*trained, *report.totals.still_trainable]


def _path_in_keras(row: LayerReport) -> str:
    """Returns the beginning of the paths of a layer's weights: ``dense`` for a Dense layer, the inner names for a
    wrapper.
    """
    inside = [value.name for value in row.layer.args.values() if isinstance(value, (SubLayer, SubModel)) and value.name]
    return "/".join(inside) or row.name


def totals(report: Report, frozen: Sequence[Weight] = ()) -> list[TotalLine]:
    """Returns the lines for a report.

    The weights in ``frozen`` count as non-trainable here, although the report counts them as trainable.
    """
    if is_unbuilt(report) and not any(isinstance(row.definition, Foreign) for row in report.layers):
        return [TotalLine(label, 0, 0) for label in ("Total", "Trainable", "Non-trainable")]
    sums = report.totals
    trainable = sums.trainable_params - sum(product(weight.shape) for weight in frozen)
    trainable_bytes = sums.trainable_bytes - weight_bytes(frozen)
    incomplete = sums.incomplete
    return [
        _line("Total", sums.params, sums.param_bytes, incomplete.get("params")),
        _line("Trainable", trainable, trainable_bytes, incomplete.get("trainable_params")),
        _line(
            "Non-trainable",
            sums.params - trainable,
            sums.param_bytes - trainable_bytes,
            incomplete.get("non_trainable_params"),
        ),
    ]


def _line(label: str, params: Number, size: Number, incomplete: str | None) -> TotalLine:
    """Returns a line. An unknown number, or a lower bound of 0, is shown as unknown."""
    if incomplete == "unknown" or (incomplete and params == 0):
        return TotalLine(label, UNKNOWN, UNKNOWN)
    return TotalLine(label, params, size, incomplete == "partial")


def size_text(line: TotalLine, byte: str) -> str:
    """Returns the size in a line, such as ``1.50 KB``, or ``≥ 1.50 KB`` for a lower bound."""
    text = _size_text(line.size, byte)
    return f"≥ {text}" if line.partial and text != "?" else text


def _size_text(size: Number, byte: str) -> str:
    """Returns a size as Keras writes it: ``1.50 KB``, with 1 KB = 1024 bytes. ``byte`` is the unit below 1 KB.

    From 1024 PB on, the result is wrong, as in Keras: ``1.00 PB`` for 1024 PB.
    """
    if size is UNKNOWN:
        return "?"
    assert isinstance(size, int)
    units = [byte, "KB", "MB", "GB", "TB", "PB"]
    if size.bit_length() > 1000:  # too large for a float
        return f"{size >> 60}.00 {units[-1]}"
    value = float(size)
    for unit in units:
        if value / 1024 < 1:
            return f"{value:.2f} {unit}"
        value /= 1024
    return f"{value:.2f} {units[-1]}"
