"""The settings of a project: ``[tool.convcalc]`` in ``pyproject.toml``. They apply to all models of the project."""

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
from convcalc.cli.project_file import from_here, project_text
from convcalc.layers.arguments import shown
from convcalc.model import BUDGETS

MAX_UNKNOWN = 20  # the maximum number of unknown keys that are listed one by one
KEYS = ("allow-incomplete", "ignore-names", "custom", "budget", "records")


@dataclass(frozen=True, slots=True)
class Project:
    """The settings of a project.

    - ``file`` is the path of ``pyproject.toml``; None if no such file with a ``[tool.convcalc]`` table was found.
    - ``budget`` has the limits that apply to every model.
    - ``records`` maps the path of a model to the path of its record. Both paths are relative to the working directory.
    - ``custom`` has the paths of files of custom layers, also relative to the working directory.
    """

    file: str | None = None
    allow_incomplete: bool = False
    ignore_names: bool = False
    budget: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)
    custom: tuple[str, ...] = ()

    def record_of(self, model: str) -> str | None:
        """Returns the path of the record of a model; None if the project has no record of the model."""
        wanted = os.path.realpath(model)  # Path.resolve() is not used, because it raises an error for circular links
        return next((record for name, record in self.records.items() if os.path.realpath(name) == wanted), None)


def project(start: Path | None = None) -> Project:
    """Returns the project settings for a folder, from the nearest ``pyproject.toml`` in this folder or above it.

    Raises :class:`ConvcalcError` if the file is not TOML, and for unknown keys and invalid values.
    """
    result = project_text(start, "convcalc")
    if result is None:
        return Project()
    path, text = result
    name = from_here(path)
    table = _toml(text, name).get("tool", {})
    settings = table.get("convcalc") if isinstance(table, dict) else None
    if settings is None:
        return Project()
    return _Reader(Source(name, text)).project(settings, Path(path).parent)


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
    except ValueError:  # Python refuses to convert a number with very many digits
        raise error(codes.NOT_TOML, f"{name}: a number has too many digits") from None


class _Reader:
    """Reads the ``[tool.convcalc]`` table. All problems are collected, so that one error can list them all."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def project(self, settings: Any, folder: Path) -> Project:
        """Returns the settings. Raises one :class:`ConvcalcError` with all problems if there are any."""
        if not isinstance(settings, dict):
            self._report("convcalc", "'tool.convcalc' must be a table, [tool.convcalc]", codes.INVALID_VALUE)
            settings = {}
        self._known(settings, KEYS, "[tool.convcalc]")
        incomplete, names = self._flag(settings, "allow-incomplete"), self._flag(settings, "ignore-names")
        custom = self._paths(settings, "custom")
        budget = self._table(settings, "budget")
        self._known(budget, BUDGETS, "[tool.convcalc.budget]")
        records = self._table(settings, "records")
        for model, record in records.items():
            if len(self.problems) > MAX_UNKNOWN:
                break
            if not isinstance(record, str):
                self._report(
                    model,
                    f"the record of '{model}' must be the path of a file, not {shown(record)}",
                    codes.INVALID_VALUE,
                )
            elif "\0" in model + record:
                self._report(model, "a path contains a NUL character", codes.INVALID_VALUE)
        if self.problems:
            raise ConvcalcError(self.problems)
        paths = {from_here(folder / model): from_here(folder / record) for model, record in records.items()}
        custom = tuple(from_here(folder / file) for file in custom)
        return Project(self.source.name, incomplete, names, budget, paths, custom)

    def _known(self, table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        unknown = [key for key in table if key not in known]
        if len(unknown) > MAX_UNKNOWN:
            message = f"{where} has {len(unknown):,} unknown keys, such as '{unknown[0]}'; the keys are {listed(known, 'and')}"
            self._report(unknown[0], message, codes.UNKNOWN_KEY)
        else:
            for key in unknown:
                hint = did_you_mean(key, known) or f"; the keys are {listed(known, 'and')}"
                self._report(key, f"{where} has no key '{key}'{hint}", codes.UNKNOWN_KEY)

    def _flag(self, settings: Mapping[str, Any], key: str) -> bool:
        value = settings.get(key, False)
        if not isinstance(value, bool):
            self._report(key, f"'{key}' must be true or false, not {shown(value)}", codes.INVALID_VALUE)
        return bool(value)

    def _paths(self, settings: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """Returns the paths in a setting that is one path or a list of paths."""
        value = settings.get(key, [])
        paths = [value] if isinstance(value, str) else value
        if not isinstance(paths, list) or not all(isinstance(path, str) and "\0" not in path for path in paths):
            self._report(
                key, f"'{key}' must be the path of a file or a list of paths, not {shown(value)}", codes.INVALID_VALUE
            )
            return ()
        return tuple(paths)

    def _table(self, settings: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = settings.get(key, {})
        if isinstance(value, dict):
            return value
        self._report(key, f"'{key}' must be a table, [tool.convcalc.{key}]", codes.INVALID_VALUE)
        return {}

    def _report(self, key: str, message: str, code: Code) -> None:
        self.problems.append(Problem(code, message, self._mark(key)))

    def _mark(self, key: str) -> Mark:
        """Returns the position of a key in the file.

        The TOML parser does not report positions, so the key is searched in the text after the header of the table.
        """
        head = self.source.text.find("tool.convcalc")
        match = re.compile(rf"(?m)^[ \t]*[\[{{]?.*?[\"']?({re.escape(key)})[\"']?\s*[=\]]").search(
            self.source.text, max(head, 0)
        )
        position = match.start(1) if match else max(head, 0)
        before = self.source.text[:position]
        return Mark(self.source, before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)
