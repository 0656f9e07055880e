"""Work on many names, by several processes at once; what comes of it comes in order."""

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

# How a process begins: as a copy of this one where that is safe, else from nothing, with all of its imports.
METHOD = "fork" if sys.platform == "linux" else "spawn"
# Fewer names are done sooner than processes have begun (a name takes some 10 ms; a process 20 ms, or 200 ms from nothing).
_FEWEST = {"fork": 16, "spawn": 64}
MOST_JOBS = 1000  # more is a slip of the keyboard
_AHEAD = 2  # names that a process holds: one that it works on, and one for when that is done


def jobs_for(names: Sequence[str]) -> int:
    """How many processes are worth their start: one for each core, or none but this one."""
    if len(names) < _FEWEST[METHOD]:
        return 1
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def in_order(names: Sequence[str], work: Callable[[str], R], jobs: int, method: str = METHOD) -> Iterator[R]:
    """What comes of the work on each name, in their order, by so many processes; what the work raises is raised here.

    The work, and what comes of it, must be such as can be pickled. Raises :class:`ConvcalcError` where a process ends before
    its work is done.
    """
    # The first is done here in any case: what it imports, copies of this process have from the start.
    yield from map(work, names[:1])
    rest = names[1:]
    jobs = min(jobs, len(rest))
    if jobs < 2:
        yield from map(work, rest)
        return
    team = _Team(rest)
    try:
        team.start(work, jobs, method)
        for number, name in enumerate(rest):
            did, found = team.answer(number)
            # What the work raised there it raises here, where it is told as ever.
            yield found if did else work(name)
    finally:
        team.end()


class _Team:
    """Processes that share the work on names, and what they answered so far."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._tasks = iter(enumerate(names))
        self._processes: dict[Connection[Any, Any], BaseProcess] = {}
        self._given: dict[Connection[Any, Any], deque[int]] = {}
        self._answers: dict[int, tuple[bool, Any] | ConvcalcError] = {}

    def start(self, work: Callable[[str], Any], jobs: int, method: str) -> None:
        """Start the processes, each with its first names."""
        from multiprocessing import get_context

        context = get_context(method)
        with _uninterrupted():
            for _ in range(jobs):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(work, theirs), daemon=True)  # type: ignore[attr-defined]
                try:
                    process.start()
                except OSError as failed:
                    why = failed.strerror or failed
                    raise error(codes.NO_PROCESS, f"a process cannot be started: {why}; --jobs 1 needs none") from None
                theirs.close()
                self._processes[ours], self._given[ours] = process, deque()
        for process in [*self._processes] * _AHEAD:
            self._give(process)

    def answer(self, number: int) -> tuple[bool, Any]:
        """Whether the work on a name was done, and what came of it; waits for that."""
        from multiprocessing.connection import wait

        while number not in self._answers:
            for process in wait([*self._processes]):
                self._hear(process)  # type: ignore[arg-type]
        found = self._answers.pop(number)
        if isinstance(found, ConvcalcError):
            raise found
        return found

    def end(self) -> None:
        """End the processes, whatever they are at: they only read."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.join()

    def _give(self, process: Connection[Any, Any]) -> None:
        task = next(self._tasks, None)
        if task is not None:
            self._given[process].append(task[0])
            with suppress(OSError):  # it has ended: its answer says so
                process.send(task)

    def _hear(self, process: Connection[Any, Any]) -> None:
        try:
            number, did, found = process.recv()
        except (EOFError, OSError):
            # What it was given behind this name is never asked for: the run ends with this one.
            self._answers[self._given[process][0]] = self._ended(process)
            return
        self._given[process].popleft()
        self._answers[number] = did, found
        self._give(process)

    def _ended(self, connection: Connection[Any, Any]) -> ConvcalcError:
        process, name = self._processes.pop(connection), self.names[self._given[connection][0]]
        process.join()
        code = process.exitcode or 0
        how = f"with code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        hint = ", as the system does where memory runs out" if code == -9 else ""
        return error(codes.PROCESS_ENDED, f"{name}: the process at work on it was ended {how}{hint}; try --jobs 1")


def _serve(work: Callable[[str], Any], tasks: Connection[Any, Any]) -> None:
    """What a process does: the work on the names that it is given, as long as there is somebody who gives them."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    # Ctrl-C goes to all processes of a terminal; the one that started these ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None
    with suppress(EOFError, OSError):  # there is nobody any more
        while tasks in wait([tasks, parent.sentinel]):
            number, name = tasks.recv()
            try:
                answer = number, True, work(name)
            except Exception:
                answer = number, False, None
            tasks.send(answer)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits meanwhile; a process that is started here never hears of it, not even before it can say so."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
