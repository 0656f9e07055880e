"""Measures the median time of a function."""

import statistics
import time
from collections.abc import Callable


def median(work: Callable[[], object], repeats: int) -> float:
    """Returns the median time of a function, in seconds of processor time. The first run is not counted.

    Other programs on the machine do not affect processor time.
    """
    work()
    took = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return statistics.median(took)
