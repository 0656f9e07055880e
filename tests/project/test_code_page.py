"""Tests that each command on the page docs/code.md prints the output that the page shows."""

import pytest

from tests.regenerate.readme import CODE_PAGE, Step, run, steps

pytestmark = pytest.mark.slow

TEXT = CODE_PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("step", steps(TEXT), ids=lambda step: step.command)
def test_each_console_block_prints_what_it_shows(step: Step) -> None:
    assert run(step.command) == step.output


def test_the_page_has_its_blocks() -> None:
    assert len(steps(TEXT)) >= 6
