"""Tests the HTML page in a browser: each text must be shown unchanged, and no script in a name may run."""

from pathlib import Path

import pytest

from convcalc import Report, infer
from convcalc.base.text import visible
from convcalc.read import load
from convcalc.rendering.html import html_page
from convcalc.rendering.table import summary_sheet
from tests.generators import hostile_names as hostile
from tests.helpers.html_page import Page
from tests.paths import SPECS
from tests.tools.browser import document, picture


def reports() -> list[Report]:
    return [hostile.report(), *(infer(load(SPECS / f"{name}.yaml")) for name in ("unet", "convnext_tiny"))]


def test_the_browser_shows_each_cell_and_runs_nothing(tmp_path: Path) -> None:
    sheets = [summary_sheet(report, depth=1) for report in reports()]
    page = tmp_path / "page.html"
    page.write_text(html_page(sheets), encoding="utf-8")
    shown = Page(document(page))
    assert len(shown.tables) == len(sheets)
    for sheet, table in zip(sheets, shown.tables):
        assert table[0] == [column.heading for column in sheet.columns]
        assert table[1:] == [[visible(cell) for cell in row] for row in sheet.rows]
    assert shown.headings == [visible(sheet.title) for sheet in sheets]
    assert shown.items == [note.strip() for sheet in sheets for note in sheet.notes]
    # A script in a name would change the title.
    assert shown.title == [", ".join(visible(sheet.title) for sheet in sheets)]
    assert not shown.tags & {"script", "img", "b", "a"}
    assert shown.attributes <= {"lang", "charset", "name", "content", "class", "scope"}


@pytest.mark.parametrize(("width", "dark"), [(1100, False), (1100, True), (500, False)])
def test_the_page_is_drawn(tmp_path: Path, width: int, dark: bool) -> None:
    page = tmp_path / "page.html"
    page.write_text(html_page([summary_sheet(infer(load(SPECS / "unet.yaml")))]), encoding="utf-8")
    first = picture(page, tmp_path / "first.png", width, 600, dark)
    assert first.startswith(b"\x89PNG")
    page.write_text("<!DOCTYPE html><title>empty</title>", encoding="utf-8")
    empty = picture(page, tmp_path / "empty.png", width, 600, dark)
    assert len(first) > 5 * len(empty)


def test_light_and_dark_differ(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(html_page([summary_sheet(hostile.report())]), encoding="utf-8")
    assert picture(page, tmp_path / "a.png", 800, 600) != picture(page, tmp_path / "b.png", 800, 600, dark=True)
