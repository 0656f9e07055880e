"""Counts the results of the comparison with Keras, and prints them at the end of the run: cases, refusals,
disagreements.
"""

import pytest

TOLD = "told"
COUNTS: list[str] = []


@pytest.fixture
def tell(request):
    """Returns a function that adds a line to the summary of the run.

    The line is stored in the test's report. So a line from another process reaches the summary too.
    """
    return lambda line: request.node.user_properties.append((TOLD, line))


def pytest_runtest_logreport(report) -> None:
    if report.when == "teardown":
        COUNTS.extend(line for name, line in report.user_properties if name == TOLD)


def pytest_terminal_summary(terminalreporter) -> None:
    if COUNTS:
        terminalreporter.section("comparison with the live Keras")
        for line in COUNTS:
            terminalreporter.write_line(line)
