"""The median time of a repeated function."""

import statistics
import time
from collections.abc import Callable


def median(work: Callable[[], object], repeats: int) -> float:
    """Seconds of processor time, after one uncounted run; other programs on the machine do not count."""
    work()
    took = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return statistics.median(took)
