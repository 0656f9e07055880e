"""Work on many names by several processes at once. The results come in the order of the names."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

R = TypeVar("R")

# How a process starts: as a copy of this one where that is safe, else as a new interpreter that imports everything again.
METHOD = "fork" if sys.platform == "linux" else "spawn"
# With fewer names, one process is faster: a name takes about 10 ms, starting a process 20 ms (fork) or 200 ms (spawn).
_FEWEST = {"fork": 16, "spawn": 64}
MOST_JOBS = 1000  # a larger number is a typing error
_AHEAD = 2  # names that each process has: the one it works on and the next


def jobs_for(names: Sequence[str]) -> int:
    """Returns how many processes are worth starting: one per core, or 1 for few names."""
    if len(names) < _FEWEST[METHOD]:
        return 1
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def in_order(names: Sequence[str], work: Callable[[str], R], jobs: int, method: str = METHOD) -> Iterator[R]:
    """Yields the result of the work on each name, in order. An exception of the work is raised here.

    The work and its results must be picklable. Raises :class:`ConvcalcError` if a process ends before its work is done.
    """
    # The first name is always done here, so that forked processes already have the modules that the work imports.
    yield from map(work, names[:1])
    rest = names[1:]
    jobs = min(jobs, len(rest))
    if jobs < 2:
        yield from map(work, rest)
        return
    pool = WorkerPool(rest)
    try:
        pool.start(work, jobs, method)
        for number, name in enumerate(rest):
            succeeded, result = pool.result(number)
            # Repeat failed work here, so that the exception and its traceback come from this process.
            yield result if succeeded else work(name)
    finally:
        pool.stop()


class WorkerPool:
    """Processes that share the work on names, and their results so far.

    Unlike multiprocessing.Pool, it knows which name a process was working on when it was killed.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._tasks = iter(enumerate(names))
        self._processes: dict[Connection[Any, Any], BaseProcess] = {}
        self._sent: dict[Connection[Any, Any], deque[int]] = {}
        self._results: dict[int, tuple[bool, Any] | ConvcalcError] = {}

    def start(self, work: Callable[[str], Any], jobs: int, method: str) -> None:
        """Starts the processes and sends each its first names."""
        from multiprocessing import get_context

        context = get_context(method)
        with _interrupts_blocked():
            for _ in range(jobs):
                ours, theirs = context.Pipe()
                process = context.Process(target=_worker, args=(work, theirs), daemon=True)  # type: ignore[attr-defined]
                try:
                    process.start()
                except OSError as failed:
                    why = failed.strerror or failed
                    raise error(
                        codes.NO_PROCESS, f"cannot start a process: {why}; use --jobs 1, which starts none"
                    ) from None
                theirs.close()
                self._processes[ours], self._sent[ours] = process, deque()
        for connection in [*self._processes] * _AHEAD:
            self._send_next(connection)

    def result(self, number: int) -> tuple[bool, Any]:
        """Waits for a name's result. Returns whether the work succeeded, and its result."""
        from multiprocessing.connection import wait

        while number not in self._results:
            for connection in wait([*self._processes]):
                self._receive(connection)  # type: ignore[arg-type]
        result = self._results.pop(number)
        if isinstance(result, ConvcalcError):
            raise result
        return result

    def stop(self) -> None:
        """Kills the processes. They only read files, so nothing is lost."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.join()

    def _send_next(self, connection: Connection[Any, Any]) -> None:
        task = next(self._tasks, None)
        if task is not None:
            self._sent[connection].append(task[0])
            with suppress(OSError):  # the process has ended: _receive will notice
                connection.send(task)

    def _receive(self, connection: Connection[Any, Any]) -> None:
        try:
            number, succeeded, result = connection.recv()
        except (EOFError, OSError):
            # Its other names are dropped: the run stops at this error.
            self._results[self._sent[connection][0]] = self._ended(connection)
            return
        self._sent[connection].popleft()
        self._results[number] = succeeded, result
        self._send_next(connection)

    def _ended(self, connection: Connection[Any, Any]) -> ConvcalcError:
        process, name = self._processes.pop(connection), self.names[self._sent[connection][0]]
        process.join()
        code = process.exitcode or 0
        how = f"ended with code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
        hint = ", probably because memory ran out" if code == -9 else ""
        return error(codes.PROCESS_ENDED, f"{name}: the process that checked it {how}{hint}; try --jobs 1")


def _worker(work: Callable[[str], Any], tasks: Connection[Any, Any]) -> None:
    """Runs in each process: does the work on each name it receives, until its parent process ends."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    # The terminal sends Ctrl-C to all processes; only the parent reacts and ends these.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None
    with suppress(EOFError, OSError):  # the parent has ended
        while tasks in wait([tasks, parent.sentinel]):
            number, name = tasks.recv()
            try:
                answer = number, True, work(name)
            except Exception:
                answer = number, False, None
            tasks.send(answer)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Blocks Ctrl-C while a process starts: the process could receive it before it is able to ignore it."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
