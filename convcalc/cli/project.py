"""What a project says for all its models: ``[tool.convcalc]`` of its ``pyproject.toml``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.problems import ConvcalcError, Mark, Problem, Source, did_you_mean, error, listed
from convcalc.layers.arguments import shown
from convcalc.model import BUDGETS

KEYS = ("allow-incomplete", "ignore-names", "budget", "records")


@dataclass(frozen=True, slots=True)
class Project:
    """``file`` is the ``pyproject.toml``, None where there is none that says anything. ``budget`` holds for every model;
    ``records`` goes from a model's file to its record, both as paths that lead there from the working directory.
    """

    file: str | None = None
    allow_incomplete: bool = False
    ignore_names: bool = False
    budget: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)

    def record_of(self, model: str) -> str | None:
        """The record that a model is held to."""
        wanted = os.path.realpath(model)  # where a link leads in a circle, Path.resolve() raises an error
        return next((record for name, record in self.records.items() if os.path.realpath(name) == wanted), None)


def project(start: Path | None = None) -> Project:
    """The settings of the project that a folder belongs to: those of the nearest ``pyproject.toml`` at or above it.

    Raises :class:`ConvcalcError` for a file that is no TOML, and for keys and values that there are not.
    """
    try:
        folder = (start or Path()).resolve()
    except FileNotFoundError:  # the working directory was removed: it belongs to nothing
        return Project()
    file = next(
        (each / "pyproject.toml" for each in (folder, *folder.parents) if (each / "pyproject.toml").is_file()), None
    )
    if file is None:
        return Project()
    name = _from_here(file)
    text = _text(file, name)
    if "convcalc" not in text:  # another tool's: nothing of it is our business, not even whether it can be read
        return Project()
    table = _toml(text, name).get("tool", {})
    settings = table.get("convcalc") if isinstance(table, dict) else None
    if settings is None:
        return Project()
    return _Reader(Source(name, text)).project(settings, file.parent)


def _text(file: Path, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as unread:
        raise error(codes.CANNOT_READ, f"{name}: {unread.strerror or unread}") from None
    except UnicodeDecodeError as unread:
        raise error(codes.ENCODING, f"{name}: {unread}") from None


def _toml(text: str, name: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as bad:
        raise error(codes.NOT_TOML, f"{name}: {bad}") from None
    except RecursionError:
        raise error(codes.NOT_TOML, f"{name}: nested too deeply") from None
    except ValueError:  # of which Python makes no number
        raise error(codes.NOT_TOML, f"{name}: holds a number of thousands of digits") from None


def _from_here(path: Path) -> str:
    """The shorter of a path's two names, from the working directory and from the root."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _Reader:
    """Reads the table; what is wrong is found whole, and leaves together."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def project(self, settings: Any, folder: Path) -> Project:
        """The settings. Raises :class:`ConvcalcError` with all that is wrong."""
        if not isinstance(settings, dict):
            self._report("convcalc", "'tool.convcalc' is a table", codes.INVALID_VALUE)
            settings = {}
        self._known(settings, KEYS, "[tool.convcalc]")
        incomplete, names = self._flag(settings, "allow-incomplete"), self._flag(settings, "ignore-names")
        budget = self._table(settings, "budget")
        self._known(budget, BUDGETS, "[tool.convcalc.budget]")
        records = self._table(settings, "records")
        for model, record in records.items():
            if not isinstance(record, str):
                self._report(
                    model, f"the record of '{model}' is the path of a file, not {shown(record)}", codes.INVALID_VALUE
                )
            elif "\0" in model + record:
                self._report(model, "a path holds a NUL character, which no file's name has", codes.INVALID_VALUE)
        if self.problems:
            raise ConvcalcError(self.problems)
        paths = {_from_here(folder / model): _from_here(folder / record) for model, record in records.items()}
        return Project(self.source.name, incomplete, names, budget, paths)

    def _known(self, table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known) or f"; it may have {listed(known, 'and')}"
                self._report(key, f"{where} has no key '{key}'{hint}", codes.UNKNOWN_KEY)

    def _flag(self, settings: Mapping[str, Any], key: str) -> bool:
        value = settings.get(key, False)
        if not isinstance(value, bool):
            self._report(key, f"'{key}' is true or false, not {shown(value)}", codes.INVALID_VALUE)
        return bool(value)

    def _table(self, settings: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = settings.get(key, {})
        if isinstance(value, dict):
            return value
        self._report(key, f"'{key}' is a table, [tool.convcalc.{key}]", codes.INVALID_VALUE)
        return {}

    def _report(self, key: str, message: str, code: Code) -> None:
        self.problems.append(Problem(code, message, self._mark(key)))

    def _mark(self, key: str) -> Mark:
        """Where a key stands: TOML's reader does not tell, so it is looked for in the text, behind the table's head."""
        head = self.source.text.find("tool.convcalc")
        found = re.compile(rf"(?m)^[ \t]*[\[{{]?.*?[\"']?({re.escape(key)})[\"']?\s*[=\]]").search(
            self.source.text, max(head, 0)
        )
        place = found.start(1) if found else max(head, 0)
        before = self.source.text[:place]
        return Mark(self.source, before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1)
