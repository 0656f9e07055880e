"""Tests that each command in the README prints the output that the README shows."""

import pytest

from tests.regenerate.readme import README, Step, marked, run, steps

pytestmark = pytest.mark.slow

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("step", steps(TEXT), ids=lambda step: step.command)
def test_each_console_block_prints_what_it_shows(step: Step) -> None:
    assert run(step.command) == step.output


def test_the_readme_has_its_blocks_and_two_commands() -> None:
    assert len(steps(TEXT)) >= 4
    assert "convcalc summary" in marked("run", TEXT)
    assert "pytest" in marked("test", TEXT)
