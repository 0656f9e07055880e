"""Tests tables at all widths of a terminal: no word and no number is broken, nothing is lost, and no line is too long."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest

from convcalc.analyse.study import Study
from convcalc.differences.compare import diff
from convcalc.rendering.columns import ALL, PRESETS
from convcalc.rendering.diff import diff_sheet
from convcalc.rendering.grid import draw_sheet
from convcalc.rendering.sheet import Column, Sheet
from convcalc.rendering.style import TextStyle, coloured, width_of
from convcalc.rendering.table import summary_sheet
from convcalc.rendering.words import wrap
from tests.generators.reports import nested, of_spec

MODELS = ("lenet5", "resnet8", "mobilenet_v3_small", "unet", "lstm_text", "transformer_encoder")
COLUMNS: dict[str, Sequence[str] | None] = {
    "default": None,
    **PRESETS,
    "all": ALL,
    "config": ("name", "type", "config"),
}


@pytest.fixture(scope="module")
def studies() -> dict[str, Study]:
    studies = {name: Study.of(of_spec(name)) for name in MODELS}
    return {**studies, "nested": Study.of(nested())}


def printed_words(text: str) -> Counter[str]:
    """Returns the words of a text. The frame, the arrow of a connection and the colon of a record are no part of a word."""
    return Counter(word.lstrip("←").rstrip(":") for word in re.split(r"[\s│┃]+", text))


def must_be_whole(sheet: Sheet, names: Iterable[str]) -> Counter[str]:
    """Returns the words that may not be broken: the names of layers, and all numbers."""
    numbers = [row[index] for row in sheet.rows for index, column in enumerate(sheet.columns) if column.right]
    return Counter(word for text in (*names, *numbers) for word in text.split() if word != "-")


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("model", (*MODELS, "nested"))
def test_no_word_and_no_number_is_broken_at_any_width(model: str, columns: str, studies: dict[str, Study]) -> None:
    study = studies[model]
    sheet = summary_sheet(study, COLUMNS[columns], depth=1)
    names = [row.name for row in study.layers if row.depth <= 1]
    whole = must_be_whole(sheet, names)
    headings = {word for column in sheet.columns[1:] for word in column.heading.split()} - {"Connected", "to"}
    longest = max(map(width_of, names)) + 6
    for width in range(40 if model == "lenet5" else 40 + len(columns), 221, 1 if model == "lenet5" else 13):
        text = draw_sheet(sheet, TextStyle(width))
        words = printed_words(text)
        assert not whole - words, (width, whole - words)
        assert headings <= set(words), (width, headings - set(words))
        too_long = [line for line in text.splitlines() if width_of(line) > max(width, longest)]
        assert not too_long, (width, too_long[0])


def test_every_row_is_shown_once_and_in_order_at_any_width(studies: dict[str, Study]) -> None:
    names = [row.name for row in studies["resnet8"].layers]
    for width in range(40, 221, 9):
        lines = draw_sheet(summary_sheet(studies["resnet8"]), TextStyle(width)).splitlines()
        starts = [re.sub(r"^[│┃] ?", "", line).split(" ")[0] for line in lines if line.strip()]
        assert [start for start in starts if start in names] == names, width


def test_colour_changes_no_character(studies: dict[str, Study]) -> None:
    for width in (60, 80, 100, 140, 200, None):
        for columns in (None, ALL):
            sheet = summary_sheet(studies["unet"], columns)
            plain, painted = (draw_sheet(sheet, TextStyle(width, paint=paint)) for paint in (None, coloured))
            assert re.sub(r"\x1b\[[0-9;]*m", "", painted).replace(" \n", "\n") == plain.replace(" \n", "\n")


def test_a_comparison_breaks_no_number() -> None:
    comparison = diff(Study.of(of_spec("resnet8")), Study.of(of_spec("unet")))
    sheet = diff_sheet(comparison)
    whole = must_be_whole(sheet, [])
    for width in range(40, 221, 7):
        text = draw_sheet(sheet, TextStyle(width))
        assert not whole - printed_words(text), width
        assert max(map(width_of, text.splitlines())) <= width


def test_shapes_are_short_only_where_the_width_is_short(studies: dict[str, Study]) -> None:
    wide, narrow = (draw_sheet(summary_sheet(studies["resnet8"]), TextStyle(width)) for width in (140, 70))
    assert "(None, 32, 32, 16)" in wide
    assert "32×32×16" in narrow
    assert "(None" not in narrow.replace("axis (None)", "")
    assert "--format keras" in narrow


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("48,120 and 1,081,700", 10, ["48,120 and", "1,081,700"]),
        ("conv2d (Conv2D)", 12, ["conv2d", "  (Conv2D)"]),
        (
            "output (None, 26, 26, 64) → (None, 13, 13, 64)",
            20,
            ["output", "  (None, 26, 26, 64)", "  →", "  (None, 13, 13, 64)"],
        ),
        ("  └ conv2d (Conv2D)", 16, ["  └ conv2d", "      (Conv2D)"]),
        ("a_name_that_is_far_too_long", 12, ["a_name_that_", "is_far_", "too_long"]),
        ("위층 (Dense)", 9, ["위층", "  (Dense)"]),
    ],
)
def test_text_is_wrapped_between_words(text: str, width: int, lines: list[str]) -> None:
    assert [line.strip() for line in wrap(text, width, hanging=2)] == [line.strip() for line in lines]
    assert all(width_of(line) <= max(width, 20) for line in wrap(text, width, hanging=2))


def test_a_table_of_words_only_has_rules_if_rows_are_tall() -> None:
    columns = (Column("Word"), Column("Meaning"))
    rows = [("one", "a b c d e f g h i j k l m n"), ("two", "short")]
    assert "n\n\ntwo" in draw_sheet(Sheet("T", ("a", "b"), columns, rows), TextStyle(16))
    assert "\n\n" not in draw_sheet(Sheet("T", ("a", "b"), columns, rows), TextStyle(21))
