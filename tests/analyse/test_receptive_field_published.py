"""Compares receptive fields with published numbers, and with numbers in the tests of google-research/receptive_field."""

from __future__ import annotations

from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.model import with_input_sizes
from convcalc.read import load
from tests.helpers.receptive_fields import conv, field, numbers, spec
from tests.paths import SPECS

TABLE = "github.com/google-research/receptive_field, RECEPTIVE_FIELD_TABLE.md and README"
BY_HAND = "r += (k_eff − 1)·j; p += before·j; j *= s"


ZOO = [
    ("vgg16", "block1_pool", 6, 2, 2, TABLE),
    ("vgg16", "block3_conv3", 40, 4, 18, BY_HAND),
    ("vgg16", "block4_pool", 100, 16, 42, TABLE),
    ("vgg16", "block5_conv1", 132, 16, 58, TABLE),
    ("vgg16", "block5_pool", 212, 32, 90, TABLE),
    ("alexnet", "pool5", 195, 32, 64, TABLE),
    ("mobilenet", "conv_pw_13_relu", 315, 32, 126, TABLE),
    ("inception_v3", "mixed10", 1311, 32, 618, TABLE),
    # ResNet-50 pads with ZeroPadding layers before strided windows, so the padding is the same for every input size.
    ("resnet50", "conv5_block3_out", 483, 32, 241, TABLE),
]


@pytest.mark.parametrize(("model", "name", "size", "stride", "padding", "source"), ZOO)
def test_published_fields_of_networks(model: str, name: str, size: int, stride: int, padding: int, source: str) -> None:
    report = infer(load(SPECS / f"{model}.yaml"))
    assert numbers(field(report, name)) == [(size, stride, padding)] * 2, source


def resnet(size: int | None, units: list[int]) -> Report:
    """Returns ResNet v1 of TensorFlow-Slim.

    The last unit of each block has a stride of 2, except in the last block. Pooling has 'same' padding.
    """
    layers: list[Any] = [
        {"ZeroPadding2D": 3},
        {"Conv2D": {"filters": 1, "kernel_size": 7, "strides": 2}},
        {"MaxPooling2D": {"pool_size": 3, "strides": 2, "padding": "same", "name": "unit_0"}},
    ]
    last = "unit_0"
    for block, count in enumerate(units, start=1):
        for unit in range(1, count + 1):
            stride, name = 2 if unit == count and block < len(units) else 1, f"unit_{block}_{unit}"
            layers += [
                {"Conv2D": {"filters": 1, "kernel_size": 1, "from": last}},
                {"ZeroPadding2D": 1},
                {"Conv2D": {"filters": 1, "kernel_size": 3, "strides": stride}},
                {"Conv2D": {"filters": 1, "kernel_size": 1, "name": f"{name}_main"}},
                {"MaxPooling2D": {"pool_size": 1, "strides": stride, "from": last, "name": f"{name}_skip"}},
                {"Add": {"from": [f"{name}_main", f"{name}_skip"], "name": name}},
            ]
            last = name
    return spec(*layers, {"Activation": {"activation": "relu", "name": "last"}}, size=(size, size, 3))


@pytest.mark.parametrize(
    ("size", "units", "expected", "padding"),
    [
        (224, [3, 4, 6, 3], 483, 239),
        (321, [3, 4, 6, 3], 483, 241),
        (None, [3, 4, 6, 3], 483, UNKNOWN),
        (224, [3, 4, 23, 3], 1027, 511),
        (224, [3, 8, 36, 3], 1507, 751),
        (224, [3, 24, 36, 3], 1763, 879),
    ],
)
def test_published_fields_of_slim_resnets(size: int | None, units: list[int], expected: int, padding: object) -> None:
    result = field(resnet(size, units), "last")
    assert numbers(result) == [(expected, 32, padding)] * 2, TABLE
    assert result.labels == ({} if size else {"receptive_field_padding": "unknown"})


def inception_block(name: str, last: str, stride: int) -> list[Any]:
    """Returns an inception block with four branches.

    The branches: a 1×1 convolution (only if the stride is 1), one 3×3 convolution, two 3×3 convolutions, and pooling.
    """
    same = {"padding": "same"}
    single = conv(1, name=f"{name}_a", **{"from": last})
    return [
        *([single] if stride == 1 else []),
        conv(1, **{"from": last}),
        conv(3, stride, name=f"{name}_b", **same),
        conv(1, **{"from": last}),
        conv(3, **same),
        conv(3, stride, name=f"{name}_c", **same),
        {"MaxPooling2D": {"pool_size": 3, "strides": stride, "name": f"{name}_d", "from": last, **same}},
        {"Concatenate": {"name": name, "from": [f"{name}_{n}" for n in ("abcd" if stride == 1 else "bcd")]}},
    ]


def test_published_fields_of_inception_v2() -> None:
    same = {"padding": "same"}
    layers = [
        conv(7, 2, **same),
        {"MaxPooling2D": {"pool_size": 3, "strides": 2, **same}},
        conv(1),
        conv(3, **same),
        {"MaxPooling2D": {"pool_size": 3, "strides": 2, "name": "stem", **same}},
    ]
    last = "stem"
    for name in ("3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b", "5c"):
        layers += inception_block(f"mixed_{name}", last, 2 if name in ("4a", "5a") else 1)
        last = f"mixed_{name}"
    assert numbers(field(spec(*layers, size=(224, 224, 3)), "mixed_5c")) == [(699, 32, 318)] * 2, TABLE


# Branches from the tests of google-research/receptive_field -----------------------------------------------------------


def test_aligned_branches() -> None:
    report = spec(
        conv(1, 4, name="short"),
        {"ZeroPadding2D": {"padding": [[1, 0], [1, 0]], "from": "x"}},
        conv(3, 2),
        conv(1, 2, name="long"),
        {"Add": {"from": ["short", "long"], "name": "sum"}},
        size=(32, 32, 1),
    )
    result = field(report, "sum")
    assert numbers(result) == [(3, 4, 1)] * 2
    assert result.misaligned == ()


def test_branches_with_different_strides_are_misaligned() -> None:
    report = spec(
        {"ZeroPadding2D": {"padding": [[2, 1], [2, 1]]}},
        conv(5, 2, name="one"),
        conv(3, name="first", **{"from": "x"}),
        conv(3, name="second"),
        {"Add": {"from": ["one", "second"], "name": "sum"}},
        size=(8, 8, 1),
    )
    result = field(report, "sum")
    assert result.misaligned == (("one",), ("first", "second"))
    assert [axis.stride for axis in result.axes] == [None, None]


def test_branches_next_to_each_other_are_misaligned() -> None:
    report = spec(
        conv(3, 2, "same", name="main"),
        conv(1, 2, name="skip", **{"from": "x"}),
        {"Add": {"from": ["main", "skip"], "name": "sum"}},
        size=(224, 224, 1),
    )
    # The first window of ``main`` has its centre at position 1, and the first window of ``skip`` has its centre at
    # position 0. So the branches are misaligned.
    assert field(report, "sum").misaligned == (("main",), ("skip",))
    odd = infer(with_input_sizes(report.model, {"x": (225, 225, 1)}))
    assert field(odd, "sum").misaligned == ()


def test_each_axis_has_its_own_field() -> None:
    report = spec(conv([3, 5], 2), conv([3, 1], 2, name="last"), size=(32, 32, 1))
    assert numbers(field(report, "last")) == [(7, 4, 0), (5, 4, 0)]
