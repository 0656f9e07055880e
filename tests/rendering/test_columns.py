"""Tests columns: each has a unique heading, and columns of numbers have plain values or labels."""

import re

import pytest

from convcalc import infer
from convcalc.analyse.study import Study
from convcalc.base.problems import Source
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.columns import FIELDS, PRESETS
from tests.generators.reports import nested, of_spec


@pytest.fixture(scope="module")
def studies() -> list[Study]:
    return [Study.of(report).with_flops() for report in (of_spec("lenet5"), of_spec("mobilenet_v3_small"), nested())]


def test_headings_are_unique() -> None:
    headings = [field.column.heading for field in FIELDS.values()]
    assert all(headings)
    assert len(set(headings)) == len(headings)


def test_groups_name_columns() -> None:
    assert {name for names in PRESETS.values() for name in names} <= set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_a_name_is_one_lower_case_word(name: str) -> None:
    assert re.fullmatch("[a-z_]+", name)


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.column.right])
def test_a_column_of_numbers_has_a_plain_value_or_a_label(name: str, studies: list[Study]) -> None:
    """A plain value is for programs: it has no separators and no units.

    If the plain value is empty, the cell has a label, or its printed text is empty too.
    """
    field = FIELDS[name]
    for study in studies:
        for row in study.layers:
            bare = field.plain(row, study)
            assert not re.search(r"\d,\d{3}|[%≥ ]|\dB|[KMGT]B", bare), bare
            assert bare or field.label(row, study) or not field.cell(row, study)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (
            "Conv2D: {filters: 2, kernel_size: [3, 2], dilation_rate: 3}",
            "filters=2, kernel_size=3×2, dilation_rate=3×3",
        ),
        ("ZeroPadding2D: {padding: [[1, 0], [0, 1]]}", "padding=((1, 0), (0, 1))"),
        ("Cropping2D: {cropping: [[1, 0], [0, 2]]}", "cropping=((1, 0), (0, 2))"),
        ("Permute: {dims: [2, 3, 1]}", "dims=(2, 3, 1)"),
        ("LayerNormalization: {axis: [1, 2]}", "axis=(1, 2)"),
        ("Reshape: {target_shape: [64, 3]}", "target_shape=64×3"),
    ],
)
def test_only_sizes_are_written_with_a_times_sign(layer: str, text: str) -> None:
    report = Study.of(infer(read_spec(Source("spec.yaml", f"input: [8, 8, 3]\nlayers: [{{{layer}}}]"))))
    assert FIELDS["config"].cell(report.layers[-1], report) == text


def test_padding_of_one_axis_is_one_pair() -> None:
    spec = "input: [8, 3]\nlayers: [{ZeroPadding1D: {padding: [2, 1]}}]"
    report = Study.of(infer(read_spec(Source("spec.yaml", spec))))
    assert FIELDS["config"].cell(report.layers[-1], report) == "padding=(2, 1)"
