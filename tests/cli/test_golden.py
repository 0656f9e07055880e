"""Compares outputs exactly with golden files. ``python -m tests.regenerate.golden`` writes the golden files."""

import pytest

from tests.regenerate.golden import COMMANDS, output, path


@pytest.mark.parametrize("name", COMMANDS)
def test_the_output_equals_its_golden_file(name: str) -> None:
    stale = f"{path(name).name} is stale: run `python -m tests.regenerate.golden`"
    assert output(name) == path(name).read_text(encoding="utf-8"), stale


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.startswith("conv_")])
def test_pictures_and_formulas_fit_a_narrow_terminal(name: str) -> None:
    lines = path(name).read_text(encoding="utf-8").splitlines()
    assert "json" in name or max(map(len, lines)) <= 110
    assert all(len(line) <= 80 for line in lines if "■" in line or "#" in line)
