"""The reference page agrees with the catalogue, and its links lead somewhere."""

import re

import pytest

from tests.docs import DOCS, PAGES, page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_declarations_say(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), (
        f"docs/{name} is stale: run `python -m tests.docs`"
    )


def test_each_link_leads_to_a_heading() -> None:
    text = page()
    headings = [heading.lower() for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    assert len(set(headings)) == len(headings)
    assert set(re.findall(r"\]\(#(.*?)\)", text)) <= set(headings)
