"""Everything here needs programs that are not Python's."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tools" in item.path.parts:
            item.add_marker(pytest.mark.tools)
