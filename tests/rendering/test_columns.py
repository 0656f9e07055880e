"""Tests columns: each has a unique heading, and columns of numbers have plain values or labels."""

import re

import pytest

from convcalc.analyse.study import Study
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
