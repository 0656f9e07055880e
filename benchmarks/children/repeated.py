"""Measures the median time of a function."""

import statistics
import time
from collections.abc import Callable


def median(work: Callable[[], object], repeats: int) -> float:
    """Returns the median time of a function, in seconds of processor time. Other programs on the machine do not affect
    this time.

    The first run is not counted.
    """
    work()
    took = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return statistics.median(took)
