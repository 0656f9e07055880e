"""Insights: each kind on the smallest model that has it, and not on one that only nearly has it; how they are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcalc.analyse import Report, infer
from convcalc.check.insights import KINDS, insights
from convcalc.problems import Source
from convcalc.read.spec import read_spec

SPECS = Path(__file__).parent.parent / "specs"


def spec(*layers: Any, size: Any = (6, 6, 1), **more: Any) -> Report:
    """The report of a model of one input ``x``."""
    return infer(read_spec(Source("spec.yaml", json.dumps({"inputs": {"x": size}, "layers": list(layers), **more}))))


def conv(kernel: Any = 3, strides: Any = 1, padding: str = "valid", name: str = "c", **more: Any) -> dict[str, Any]:
    arguments = {"filters": 2, "kernel_size": kernel, "strides": strides, "padding": padding, "name": name, **more}
    return {"Conv2D": arguments}


def norm(**more: Any) -> dict[str, Any]:
    return {"BatchNormalization": {"name": "n", **more}}


def dense(units: int, name: str, **more: Any) -> dict[str, Any]:
    return {"Dense": {"units": units, "name": name, **more}}


def pool(size: int, **more: Any) -> dict[str, Any]:
    return {"MaxPooling2D": {"pool_size": size, "name": "p", **more}}


def layers_of(report: Report, code: str) -> list[str]:
    return [found.layer for found in insights(report) if found.code == code]


def shared(first: dict[str, Any], *further: dict[str, Any]) -> list[dict[str, Any]]:
    """Two layers on the first one's output, joined."""
    one, other = further
    (kind, arguments), (other_kind, other_arguments) = *one.items(), *other.items()
    return [
        first,
        {kind: {**arguments, "from": "c", "name": "left"}},
        {other_kind: {**other_arguments, "from": "c", "name": "right"}},
        {"Add": {"from": ["left", "right"]}},
    ]


FIRES = {
    "half and more of the parameters": ("most-params", spec(dense(8, "a"), dense(2, "b"), size=(4,)), ["a"]),
    "half and more of the MACs": ("most-macs", spec(conv(3, name="a"), conv(1, name="b")), ["a"]),
    "a peak": ("most-memory", spec(conv(1, filters=99), pool(6), conv(1, name="b"), conv(1, name="d")), ["c"]),
    "a row and a column": ("unread-input", spec(conv(3, 2)), ["c"]),
    "a pool": ("unread-input", spec(pool(4)), ["p"]),
    "a stride over gaps that leaves more than a gap": ("unread-input", spec(conv(2, 3), size=(7, 7, 1)), []),
    "a gap and a cell": ("unread-input", spec(conv(2, 3), size=(10, 10, 1)), []),
    "a shortcut": ("skipped-input", spec(conv(1, 2)), ["c"]),
    "an even kernel": ("even-kernel-same", spec(conv(4, padding="same")), ["c"]),
    "on any size": ("even-kernel-same", spec(conv(4, padding="same"), size=(None, None, 1)), ["c"]),
    "on one axis": ("even-kernel-same", spec(conv([3, 2], padding="same")), ["c"]),
    "a stride with 'same'": ("uneven-padding", spec(conv(3, 2, "same")), ["c"]),
    "a pool with 'same'": ("uneven-padding", spec(pool(2, padding="same"), size=(7, 7, 1)), ["p"]),
    "a bias": ("bias-before-norm", spec(conv(), norm()), ["c"]),
    "a bias of Dense": ("bias-before-norm", spec(dense(4, "d"), norm(), size=(4,)), ["d"]),
    "a bias, channels first": (
        "bias-before-norm",
        spec(conv(data_format="channels_first"), norm(axis=1), size=(1, 6, 6)),
        ["c"],
    ),
    "a bias for two": ("bias-before-norm", spec(*shared(conv(), norm(), norm())), ["c"]),
    "a bias in a nested model": (
        "bias-before-norm",
        spec({"Sequential": {"name": "m", "layers": [conv(), norm()]}}),
        ["m/c"],
    ),
    "the first beyond": ("field-beyond-input", spec(conv(7, padding="same"), conv(3, name="d")), ["c"]),
}
NEARLY = {
    "just half": ("most-params", spec(dense(4, "a"), dense(4, "b"), size=(4,))),
    "the only one with parameters": ("most-params", spec(dense(4, "a"), {"ReLU": {}}, size=(4,))),
    "unknown parameters": ("most-params", spec(dense(8, "a"), {"my>Layer": {}}, size=(4,))) if False else None,
    "just half of the MACs": ("most-macs", spec(dense(4, "a"), dense(4, "b"), size=(4,))),
    "unknown MACs": ("most-macs", spec(conv(3, name="a"), conv(1, name="b"), size=(None, None, 1))),
    "level memory": ("most-memory", spec(dense(4, "a"), dense(4, "b"), dense(4, "c"), size=(4,))),
    "unknown memory": ("most-memory", spec(conv(1, filters=99), conv(1, name="b"), size=(None, None, 1))),
    "all read": ("unread-input", spec(conv(3, 2), size=(7, 7, 1))),
    "all read by 'same'": ("unread-input", spec(conv(3, 2, "same"))),
    "no more than a gap": ("unread-input", spec(conv(1, 2))),
    "unknown size": ("unread-input", spec(conv(3, 2), size=(None, None, 1))),
    "side by side": ("skipped-input", spec(conv(2, 2))),
    "a single window": ("skipped-input", spec(conv(6, 8))),
    "an odd kernel": ("even-kernel-same", spec(conv(3, padding="same"))),
    "even and valid": ("even-kernel-same", spec(conv(4))),
    "a dilation makes it odd": ("even-kernel-same", spec(conv(2, padding="same", dilation_rate=2))),
    "a pool's stride": ("even-kernel-same", spec(pool(2, padding="same"), size=(7, 7, 1))),
    "transposed": (
        "even-kernel-same",
        spec({"Conv2DTranspose": {"filters": 1, "kernel_size": 4, "padding": "same"}}),
    ),
    "odd size": ("uneven-padding", spec(conv(3, 2, "same"), size=(7, 7, 1))),
    "an even kernel is told of as such": ("uneven-padding", spec(conv(4, padding="same"))),
    "an unknown size": ("uneven-padding", spec(conv(3, 2, "same"), size=(None, None, 1))),
    "no bias": ("bias-before-norm", spec(conv(use_bias=False), norm())),
    "an activation between": ("bias-before-norm", spec(conv(activation="relu"), norm())),
    "a layer between": ("bias-before-norm", spec(conv(), {"ReLU": {}}, norm())),
    "no beta": ("bias-before-norm", spec(conv(), norm(center=False))),
    "another axis": ("bias-before-norm", spec(conv(), norm(axis=1))),
    "another reader": ("bias-before-norm", spec(*shared(conv(), norm(), {"ReLU": {}}))),
    "an output of the model": ("bias-before-norm", spec(conv(), norm(), outputs=["c", "n"])),
    "layer normalization": ("bias-before-norm", spec(conv(), {"LayerNormalization": {}})),
    "just the input": ("field-beyond-input", spec(conv(5, padding="same"), {"Flatten": {}}, dense(1, "d"))),
    "an unknown input": ("field-beyond-input", spec(conv(7, padding="same"), size=(None, None, 1))),
}


@pytest.mark.parametrize("case", FIRES)
def test_it_is_found(case: str) -> None:
    code, report, layers = FIRES[case]
    assert layers_of(report, code) == layers


@pytest.mark.parametrize("case", NEARLY)
def test_it_is_not_found_where_it_only_nearly_is(case: str) -> None:
    code, report = NEARLY[case]
    assert code in KINDS
    assert layers_of(report, code) == []
