"""Makes profiles of the commands that missed their target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from benchmarks.measure import Measure
from benchmarks.timing import Command, run

MOST = 15


def profiles(missed: Sequence[Measure]) -> str:
    """Returns a section for each command that missed its target."""
    names: dict[tuple[str, ...], list[str]] = {}
    for measure in missed:
        if measure.profile:
            names.setdefault(tuple(measure.profile), []).append(measure.what)
    sections = [f"\n### {'; '.join(what)}\n\n```text\n{_profile(command)}```\n" for command, what in names.items()]
    return f"\n## Profiles of missed targets\n{''.join(sections)}" if sections else ""


def _profile(command: Command) -> str:
    """Returns the slowest functions. If imports are profiled too, the slowest imports come first."""
    lines: list[str] = []
    if "importtime" in command:
        lines += [*_imports(run(command)[1]), "", "after the imports:"]
        command = [command[0], "-m", "cProfile", "-s", "tottime", *command[command.index("importtime") + 1 :]]
        lines += _functions(run(command)[1], _no_import)
    else:
        lines += _functions(run(command)[1])
    return "".join(f"{line}\n" for line in lines)


def _no_import(line: str) -> bool:
    """Returns True for a line of a profile about a function that does not belong to an import."""
    return ".py:" in line and not any(part in line for part in ("importlib", "<module>"))


def _imports(output: str) -> Iterator[str]:
    """Yields the slowest imports. The time of a module does not include the modules that it imports."""
    result = [line.removeprefix("import time:").split("|") for line in output.splitlines() if "import time:" in line]
    timed = [(int(own), name.strip()) for own, _, name in result[1:] if own.strip().isdigit()]
    yield f"imports: {len(timed)}, {sum(own for own, _ in timed) / 1000:.1f} ms under the profiler; the slowest:"
    for own, name in sorted(timed, reverse=True)[:MOST]:
        yield f"{own / 1000:8.2f} ms  {name}"


def _functions(output: str, shown: Callable[[str], bool] = bool) -> Iterator[str]:
    """Yields the slowest functions that pass a filter, as cProfile lists them."""
    lines = iter(output.splitlines())
    for line in lines:
        if "function calls" in line:
            yield line.strip()
        if line.lstrip().startswith("ncalls"):
            yield line
            break
    for _, line in zip(range(MOST), filter(shown, lines)):
        yield (
            line.replace(str(line.rpartition("site-packages/")[0].rpartition(" ")[2]), "") if "site-" in line else line
        )
