"""The median time of something that is done again and again."""

import statistics
import time
from collections.abc import Callable


def median(work: Callable[[], object], repeats: int) -> float:
    """In seconds of the processor, after one time that does not count: what else runs on the machine is not in them."""
    work()
    took = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return statistics.median(took)
