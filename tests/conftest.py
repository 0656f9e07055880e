"""Selects the tests to run. Tests that need Keras or other programs run only if the option ``-m`` names the marker of
these tests.
"""

import pytest

EXTERNAL = ("keras", "tools")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects tests that need Keras or other programs, unless ``-m`` names their marker.

    An expression in ``addopts`` is not enough: an option such as ``-m "not slow"`` replaces it.
    """
    unwanted = {name for name in EXTERNAL if name not in config.option.markexpr}
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in unwanted)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
