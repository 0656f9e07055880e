"""Models with one input, and the receptive fields of their layers."""

from __future__ import annotations

import json
from typing import Any

from convcalc import Report, infer
from convcalc.analyse.receptive_field import Field
from convcalc.base.problems import Source
from convcalc.read.spec.spec import read_spec


def spec(*layers: Any, size: Any = (64, 1), **more: Any) -> Report:
    """Returns the report of a model with one input ``x``."""
    whole = {"inputs": {"x": size}, "layers": list(layers), **more}
    return infer(read_spec(Source("spec.yaml", json.dumps(whole))))


def conv(size: Any, strides: Any = 1, padding: str = "valid", **more: Any) -> dict[str, Any]:
    return {"Conv2D": {"filters": 1, "kernel_size": size, "strides": strides, "padding": padding, **more}}


def field(report: Report, name: str, number: int = 0) -> Field:
    return report.receptive_fields[name][-1][number]


def numbers(found: Field) -> list[tuple[object, object, object]]:
    return [(axis.size, axis.stride, axis.padding) for axis in found.axes]
