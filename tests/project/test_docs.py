"""Tests that the generated pages are up to date, and that the links in them work."""

import re

import pytest

from tests.regenerate import costs
from tests.regenerate.docs import DOCS, PAGES, page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), (
        f"docs/{name} is stale: run `python -m tests.regenerate.docs`"
    )


def test_each_link_leads_to_a_heading() -> None:
    text = page()
    headings = [heading.lower() for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    assert len(set(headings)) == len(headings)
    assert set(re.findall(r"\]\(#(.*?)\)", text)) <= set(headings)


def test_the_page_on_costs_is_up_to_date() -> None:
    assert costs.PAGE.read_text(encoding="utf-8") == costs.page(), (
        "docs/costs.md is stale: run `python -m tests.regenerate.costs`"
    )


def test_the_parts_of_a_count_add_up() -> None:
    for name in costs.NETWORKS:
        *some, total = costs.parts(costs.report(name)).values()
        assert sum(some) == total
