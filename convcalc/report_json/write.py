"""The JSON report, version 1, as plain data; CHANGELOG.md notes every change of it.

A number that is unknown is ``null``; ``incomplete`` says of each number that is not wholly known whether it is ``unknown`` or a
lower bound (``partial``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, TypeVar

from convcalc.analyse.flops import with_flops
from convcalc.analyse.report import SCHEMA_VERSION, CallReport, LayerReport, Report, stated
from convcalc.analyse.sums import sum_known
from convcalc.base.json_text import dumps
from convcalc.base.numbers import Number, Shape, plain_number, plain_shape
from convcalc.layers import Weight

if TYPE_CHECKING:
    from convcalc.analyse.receptive_field import Field

T = TypeVar("T")


def report_json(report: Report) -> str:
    """The JSON report as text."""
    return dumps(report_data(report))


def report_data(report: Report) -> dict[str, Any]:
    """The whole report; FLOPs under convcalc's own convention unless the report has others."""
    report = report if report.convention else with_flops(report)
    model, rows = report.model, _Rows(report)
    return {
        "schema_version": SCHEMA_VERSION,
        "model": {
            "name": model.name,
            "class_name": model.class_name,
            "source": model.source,
            "input_shapes": _shapes(report.input_shapes),
            "output_shapes": _shapes(report.output_shapes),
        },
        "flops_convention": report.convention,
        "layers": list(map(rows.layer, report.layers)),
        "totals": report.totals_with_memory(),
        "memory": report.memory.as_dict(),
        "problems": [problem.as_dict() for problem in report.problems],
    }


class _Rows:
    """The layers' parts of the data. What several have in common is made once, and is one object."""

    def __init__(self, report: Report) -> None:
        self.fields = report.fields
        self.memory = report.memory
        self.made: dict[tuple[int, Callable[[Any], Any]], tuple[object, Any]] = {}

    def once(self, make: Callable[[Any], T], of: Any) -> T:
        """What is made of an object, which is kept as long as its part is."""
        key = (id(of), make)
        found = self.made.get(key)
        if found is None:
            found = self.made[key] = of, make(of)
        made: T = found[1]
        return made

    def layer(self, row: LayerReport) -> dict[str, Any]:
        """A layer's part."""
        path = row.path
        fields = self.fields.get(path, ())
        last = fields[-1] if fields else None
        sizes = self.memory.call_bytes(row)
        size = sum_known(sizes)
        return {
            "name": row.name,
            "class_name": row.class_name,
            "module": row.module or None,
            "path": path,
            "depth": row.depth,
            "output_shapes": self.once(_shapes, row.output_shapes),
            "calls": list(map(self.call, row.calls, sizes, chain(fields, repeat(())))),
            "params": plain_number(row.params),
            "trainable_params": plain_number(row.trainable_params),
            "non_trainable_params": plain_number(row.non_trainable_params),
            "weights": self.once(_weights, row.weights),
            "macs": plain_number(row.macs),
            **self.once(_fields, last or ()),
            **stated("flops", row.flops),
            "incomplete": {
                **row.incomplete,
                **({"receptive_field": "unknown"} if last is None else self.once(_labels, last)),
                **({"output_bytes": size.label} if size.label else {}),
            },
            **({"recorded": True} if row.recorded else {}),
            "output_bytes": plain_number(size.value),
        }

    def call(self, call: CallReport, size: Number, fields: Sequence[Field]) -> dict[str, Any]:
        """A call's part: ``size`` are the bytes of its outputs, ``fields`` its receptive fields."""
        ran = call.ran
        return {
            "inputs": list(call.inputs),
            "input_shapes": _shapes(call.input_shapes) if call.masks else self.once(_shapes, ran.inputs),
            "output_shapes": self.once(_shapes, ran.outputs),
            "output_dtypes": self.once(list, ran.dtypes),
            "macs": plain_number(ran.macs),
            **self.once(_fields, fields),
            **stated("flops", call.flops),
            **({"recorded": True} if ran.recorded else {}),
            "output_bytes": plain_number(size),
        }


def _shapes(shapes: Sequence[Shape | None]) -> list[list[int | None] | None]:
    return list(map(plain_shape, shapes))


def _weights(weights: Sequence[Weight]) -> list[dict[str, Any]]:
    return [
        {
            "name": weight.name,
            "shape": plain_shape(weight.shape),
            "dtype": weight.dtype,
            "trainable": weight.trainable,
        }
        for weight in weights
    ]


def _fields(fields: Sequence[Field]) -> dict[str, Any]:
    """The receptive field in the model's first input that is reached, and those in others."""
    if not fields:
        return {"receptive_field": None}
    first, *others = (each.as_dict() for each in fields)
    return {"receptive_field": first, **({"other_receptive_fields": others} if others else {})}


def _labels(fields: Sequence[Field]) -> dict[str, str]:
    return fields[0].labels if fields else {}
