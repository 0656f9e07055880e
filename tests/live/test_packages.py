"""Reads files of packages and of older versions of Keras, and compares the results with the live models
(`tests/live/packages/`).

The test builds only some of the models; ``python -m tests.live.packages`` builds all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.packages.environment import declared
from tests.live.packages.table import built_and_compared, table, total

pytestmark = pytest.mark.keras

QUICK = {name: run for name, run in declared().items() if run.get("quick")}


@pytest.mark.parametrize("name", QUICK)
def test_files_of_a_package(name: str, tmp_path: Path, tell: Callable[[str], None]) -> None:
    result = built_and_compared(name, QUICK[name], tmp_path, quick=True)
    tell(table([result]))
    tell(total([result]))
    if result.skipped:
        pytest.skip(f"{name}: {result.skipped}")
    assert result.verdicts, result.unbuilt
    assert not result.bad, "\n".join(f"{verdict.word}: {verdict.file}: {verdict.notes}" for verdict in result.bad)
    assert not result.unbuilt
