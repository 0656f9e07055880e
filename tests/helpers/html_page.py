"""Reads an HTML page with Python's HTML parser, and returns the texts of tables and lists, and the tags."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """The contents of a page.

    A table is a list of rows, and a row is a list of texts. ``items`` has the texts of list entries, ``headings`` has
    the texts of headings, and ``attributes`` has the attributes of all tags.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.items: list[str] = []
        self.headings: list[str] = []
        self.title: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._into: list[str] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        into = {"td": lambda: self.tables[-1][-1], "th": lambda: self.tables[-1][-1], "li": lambda: self.items}
        into |= {"h2": lambda: self.headings, "title": lambda: self.title}
        if tag in into:
            self._into = into[tag]()
            self._into.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "li", "h2", "title"):
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[-1] += data
