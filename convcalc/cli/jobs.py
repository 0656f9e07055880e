"""Calls a function for many names, in several processes at once. The results are in the order of the names."""

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

# How a process is started. "fork" copies this process, which is safe only on Linux. "spawn" starts a new interpreter,
# which imports all modules again.
METHOD = "fork" if sys.platform == "linux" else "spawn"
# With fewer files, a single process is faster. The work on one file takes about 10 ms. The start of a process takes
# about 20 ms (fork) or 200 ms (spawn).
_FEWEST = {"fork": 16, "spawn": 64}
MOST_JOBS = 1000  # a larger number is probably a typing error
_AHEAD = 2  # names sent to each process: the current name and the next


def jobs_for(names: Sequence[str]) -> int:
    """Returns the best number of processes: 1 if there are few names, otherwise the number of processor cores."""
    if len(names) < _FEWEST[METHOD]:
        return 1
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def in_order(names: Sequence[str], work: Callable[[str], R], jobs: int, method: str = METHOD) -> Iterator[R]:
    """Yields ``work(name)`` for each name, in order. An exception of ``work`` is raised in this process.

    The function and its results must be picklable. Raises :class:`ConvcalcError` if a process ends before its work is
    done.
    """
    # The first call runs in this process and imports the necessary modules. Forked processes then have these modules.
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
            # Repeats failed work in this process, to raise its exception with the traceback.
            yield result if succeeded else work(name)
    finally:
        pool.stop()


class WorkerPool:
    """Processes that share the work on a list of names, and the results so far.

    Unlike multiprocessing.Pool, a WorkerPool knows which name a process was working on when the process was killed.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._tasks = iter(enumerate(names))
        self._processes: dict[Connection[Any, Any], BaseProcess] = {}
        self._sent: dict[Connection[Any, Any], deque[int]] = {}
        self._results: dict[int, tuple[bool, Any] | ConvcalcError] = {}

    def start(self, work: Callable[[str], Any], jobs: int, method: str) -> None:
        """Starts the processes, and sends the first names to each process."""
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
        """Waits until the work on ``names[number]`` is done. Returns (succeeded, result).

        Raises :class:`ConvcalcError` if the process ended before the work was done.
        """
        from multiprocessing.connection import wait

        while number not in self._results:
            for connection in wait([*self._processes]):
                self._receive(connection)  # type: ignore[arg-type]
        result = self._results.pop(number)
        if isinstance(result, ConvcalcError):
            raise result
        return result

    def stop(self) -> None:
        """Kills the processes. Nothing is lost, because the processes only read files."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.join()

    def _send_next(self, connection: Connection[Any, Any]) -> None:
        task = next(self._tasks, None)
        if task is not None:
            self._sent[connection].append(task[0])
            with suppress(OSError):  # the process has ended: _receive will report this
                connection.send(task)

    def _receive(self, connection: Connection[Any, Any]) -> None:
        try:
            number, succeeded, result = connection.recv()
        except (EOFError, OSError):
            # The error belongs to the first name that was sent and has no result. It ends the run, so other names need no result.
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
    """Runs in a worker process. Calls ``work`` for each name that it receives, until the parent process ends."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    # The terminal sends Ctrl-C to all processes. Only the parent reacts: it ends the worker processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None
    with suppress(EOFError, OSError):  # the parent process has ended: end this worker too
        while tasks in wait([tasks, parent.sentinel]):
            number, name = tasks.recv()
            try:
                answer = number, True, work(name)
            except Exception:
                answer = number, False, None
            tasks.send(answer)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Blocks Ctrl-C while a process starts, because the new process needs some time before it can ignore Ctrl-C."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
