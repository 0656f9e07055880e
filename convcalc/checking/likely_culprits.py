"""Guesses which layers cause a difference in a total, if the record shows no difference in any layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from convcalc.analyse.report import LayerReport, Report
from convcalc.analyse.rows import FROZEN
from convcalc.base.numbers import product
from convcalc.base.problems import first_listed, listed
from convcalc.differences.comparison import Change


def likely_culprits(report: Report, total: Change) -> str:
    """Returns a hint for the message about a total that differs; empty if no layer is a likely cause."""
    if total.field == "trainable_params":
        before, after = total.before.value, total.after.value
        return _frozen_layers(report, before - after) if isinstance(before, int) and isinstance(after, int) else ""
    return _layers_of_rare_dtype(report) if total.field in ("param_size", "param_bytes") else ""


def _frozen_layers(report: Report, missing: int) -> str:
    """Names the frozen layers that have ``missing`` parameters: as many as the model has too few trainable parameters.

    If the model has more trainable parameters than the record (``missing`` is negative), names trainable layers.
    """
    rows = report.layers
    if missing < 0:
        trainable = [row for row in rows if row.counts.trainable_in_model == -missing]
        words = (
            f"has {-missing:,} trainable parameters in the model",
            f"have {-missing:,} trainable parameters each in the model",
        )
        return _hint(trainable, *words) if trainable else ""
    frozen = {row.path: _frozen_params(row, rows) for row in rows if not row.trainable}
    exact = [row for row in rows if frozen.get(row.path) == missing]
    if exact:
        words = (
            f"is frozen in the model, which freezes {missing:,} parameters",
            f"are frozen in the model, which freezes {missing:,} parameters each",
        )
        return _hint(exact, *words)
    models = {row.path for row in rows for path in frozen if path.startswith(f"{row.path}/")}
    innermost = [row for row in rows if frozen.get(row.path) and row.path not in models]
    if sum(frozen[row.path] for row in innermost) == missing:
        words = (
            f"is frozen in the model, which freezes {missing:,} parameters",
            f"are frozen in the model, which freezes {missing:,} parameters in total",
        )
        return _hint(innermost, *words)
    return ""


def _frozen_params(row: LayerReport, rows: Sequence[LayerReport]) -> int:
    """Returns the number of parameters that are frozen only by ``trainable: false``, in this layer and the layers
    inside.
    """
    inside = (inner for inner in rows if inner.path == row.path or inner.path.startswith(f"{row.path}/"))
    counts = [product(weight.shape) for inner in inside for weight in inner.weights if weight.frozen_because == FROZEN]
    return sum(count for count in counts if isinstance(count, int))


def _layers_of_rare_dtype(report: Report) -> str:
    """Names the layers whose dtype is not the most frequent one."""
    rows = [row for row in report.layers if row.weights]
    counts = Counter(row.dtype for row in rows)
    if len(counts) < 2:
        return f"; every layer with parameters has the dtype '{rows[0].dtype}' in the model" if rows else ""
    usual = max(counts, key=lambda dtype: (counts[dtype], dtype == "float32"))
    rare = [row for row in rows if row.dtype != usual]
    dtypes = listed(sorted({f"'{row.dtype}'" for row in rare}))
    words = f"has the dtype {dtypes} in the model", f"have the dtype {dtypes} in the model"
    return _hint(rare, *words) + f", the others '{usual}'"


def _hint(rows: Sequence[LayerReport], singular: str, plural: str) -> str:
    names = first_listed([f"'{row.path}'" for row in rows])
    words = singular if len(rows) == 1 else plural
    return f"; the record does not show which layers differ, but {names} {words}"
