"""The reference page agrees with the catalogue, and its links lead somewhere."""

import re

from tests.docs import PAGE, page


def test_the_page_is_what_the_catalogue_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/layers.md is stale: run `python -m tests.docs`"


def test_each_link_leads_to_a_heading() -> None:
    text = page()
    headings = [heading.lower() for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    assert len(set(headings)) == len(headings)
    assert set(re.findall(r"\]\(#(.*?)\)", text)) <= set(headings)
