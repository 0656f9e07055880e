"""The median time of something that is done again and again."""

import statistics
import time
from collections.abc import Callable


def median(work: Callable[[], object], repeats: int) -> float:
    """In seconds, after one time that does not count."""
    work()
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return statistics.median(took)
