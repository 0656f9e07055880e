"""Reads files of tf_keras (Keras 2), and compares the results with the models in tf_keras
(`tests/live/packages_keras2/`).

``python -m tests.live.packages_keras2`` does the same for other versions of Keras 2, and for packages.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.packages.table import table
from tests.live.packages_keras2.__main__ import built_and_compared

pytestmark = pytest.mark.keras


def test_files_of_tf_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]) -> None:
    pytest.importorskip("tf_keras")
    monkeypatch.setenv("KERAS2", "tf_keras")
    result = built_and_compared(sys.executable, tmp_path, "plain", "models")
    tell(table([result]))
    assert result.verdicts
    assert not result.unbuilt
    assert not result.bad, "\n".join(f"{verdict.word}: {verdict.file}: {verdict.notes}" for verdict in result.bad)
