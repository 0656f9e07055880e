"""Counts of the comparison, printed at the end of the run: cases, refusals, disagreements."""

import pytest

TOLD = "told"
COUNTS: list[str] = []


@pytest.fixture
def tell(request):
    """Record a line for the summary of the run. The test's report carries it, also from another process."""
    return lambda line: request.node.user_properties.append((TOLD, line))


def pytest_runtest_logreport(report) -> None:
    if report.when == "teardown":
        COUNTS.extend(line for name, line in report.user_properties if name == TOLD)


def pytest_terminal_summary(terminalreporter) -> None:
    if COUNTS:
        terminalreporter.section("comparison with the live Keras")
        for line in COUNTS:
            terminalreporter.write_line(line)
