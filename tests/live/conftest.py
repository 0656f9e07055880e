"""What the comparison counted, at the end of the run: cases, refusals, disagreements."""

import pytest

COUNTS: list[str] = []


@pytest.fixture
def tell():
    """Put a line down for the summary of the run."""
    return COUNTS.append


def pytest_terminal_summary(terminalreporter) -> None:
    if COUNTS:
        terminalreporter.section("comparison with the live Keras")
        for line in COUNTS:
            terminalreporter.write_line(line)
