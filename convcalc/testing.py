"""For test suites (pytest or other): checks a model against its record and a budget."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcalc.base import codes

if TYPE_CHECKING:
    from convcalc.analyse import Study
    from convcalc.model import Model
    from convcalc.read.custom_layers import CustomLayers
    from convcalc.stored import Snapshot

__all__ = ["RECORD", "assert_summary"]

RECORD = "CONVCALC_RECORD"
"""The environment variable that, if it is 1, makes tests write their records instead of comparing with them."""


def assert_summary(
    model: Any,
    record: str | PathLike[str] | None = None,
    *,
    ignore_names: bool = False,
    budget: Mapping[str, int | str] | None = None,
    allow_incomplete: bool = False,
    custom: str | PathLike[str] | Sequence[str | PathLike[str]] | None = None,
) -> None:
    """Raises AssertionError, with all differences, unless ``model`` matches its ``record`` and meets its ``budget``.

    ``model`` is the path of a model file, a Model, a Report, or a Keras model (any object with ``to_json()``).

    ``record`` is the path of a summary that Keras printed, of a JSON report or of a model file; or the text of a
    summary.

    ``budget`` maps the names of totals to their limits, such as ``{"params": "5M"}``.

    ``custom`` is the path of a file with declarations of custom layers, or a list of such paths.

    If the environment variable CONVCALC_RECORD is 1, the record is written (.txt or .json) and not compared.
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, and not a line of this function
    from convcalc.base.text import visible
    from convcalc.checking.budget import effective_limits, limits_of
    from convcalc.checking.check_model import check_model

    declarations = _declarations(custom)
    report = _reported(model, declarations)
    source = report.model.source or report.model.name
    limits = effective_limits(report.model, options=limits_of(budget or {}, "budget"))
    result = check_model(
        source, report, limits, _recorded(report, record, declarations), ignore_names, allow_incomplete
    )
    if not result.passed:
        lines = "\n".join(map(str, result.problems)).split("\n")
        raise AssertionError("\n".join(map(visible, [f"{source} failed its checks:", *lines])))


def _declarations(custom: str | PathLike[str] | Sequence[str | PathLike[str]] | None) -> CustomLayers:
    """Returns the declarations in the files of the argument ``custom``."""
    from convcalc.read import custom_layers_in

    paths = [custom] if isinstance(custom, (str, PathLike)) else custom or ()
    return custom_layers_in(*paths)


def _reported(model: Any, custom: CustomLayers) -> Study:
    """Returns the report of a model in any form that :func:`assert_summary` accepts. For a Keras model, only the config
    is used.
    """
    from convcalc.api import Report, infer
    from convcalc.model import Model
    from convcalc.read import load, read

    if isinstance(model, Report):
        return model
    if isinstance(model, Model):
        return infer(model)
    if hasattr(model, "to_json"):
        return _as_live(
            infer(read(model.to_json().encode("utf-8"), str(getattr(model, "name", "model")), custom)), model
        )
    return infer(load(model, custom))


def _as_live(report: Study, keras_model: Any) -> Study:
    """Returns the report of a Keras model. The config of a custom model class does not show whether the model has
    further weights; if Keras counts the same number of parameters, it has none.
    """
    from convcalc.api import infer

    may_have_more = any(inner.has_more_weights for _, inner in report.model.models())
    if not may_have_more or not getattr(keras_model, "built", False):
        return report
    is_same = keras_model.count_params() == report.totals.params
    return infer(_without_more_weights(report.model)) if is_same else report


def _without_more_weights(model: Model) -> Model:
    layers = tuple(
        layer if layer.model is None else layer._replace(definition=_without_more_weights(layer.model))
        for layer in model.layers
    )
    return model._replace(layers=layers, has_more_weights=False)


def _recorded(report: Study, record: str | PathLike[str] | None, custom: CustomLayers) -> Snapshot | None:
    """Returns the record to compare with; None if there is none, or if it has just been written."""
    from convcalc.base.problems import error
    from convcalc.snapshot.load import load_snapshot, snapshot_in
    from convcalc.write import write_whole

    if record is None:
        return None
    text = fspath(record)
    if "\n" in text:
        return snapshot_in(text, "the record")
    path = Path(text)
    if os.environ.get(RECORD) == "1" and _may_overwrite(path):
        from convcalc.snapshot.write import snapshot_text

        write_whole(path, snapshot_text(report, path.suffix))
        return None
    if not path.exists():
        raise error(codes.NO_RECORD, f"{text}: there is no such record; run the test with {RECORD}=1 to write it")
    return load_snapshot(text, custom=custom)


def _may_overwrite(path: Path) -> bool:
    """Returns True if a record may be written to ``path``. A model file is never overwritten."""
    if not path.exists():
        return True
    return path.suffix == ".txt" or (path.suffix == ".json" and '"schema_version"' in path.read_text(encoding="utf-8"))
