"""Writes a model in another file format. ``FORMATS`` maps a file ending to the function that writes it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convcalc.analyse.report import Report


def _json(report: Report) -> str:
    from convcalc.write.config import config_json

    return config_json(report)


def _yaml(report: Report) -> str:
    from convcalc.write.spec import spec_yaml

    return spec_yaml(report)


def _python(report: Report) -> str:
    from convcalc.write.python import python_code

    return python_code(report)


FORMATS: dict[str, Callable[[Report], str]] = {".json": _json, ".yaml": _yaml, ".yml": _yaml, ".py": _python}


def classes_to_supply(report: Report) -> list[str]:
    """Returns the names of classes that Keras does not have, so that the user must supply their code."""
    from convcalc.layers import LayerDefinition
    from convcalc.model import Foreign

    foreign = {row.class_name for row in report.layers if isinstance(row.definition, Foreign)}
    custom = {
        row.class_name
        for row in report.layers
        if isinstance(row.definition, LayerDefinition) and row.definition.is_custom
    }
    return [*sorted(foreign), *sorted(custom)]


def write_whole(path: Path, text: str) -> None:
    """Writes a file completely or not at all: first a temporary file in the same folder, which then replaces the file.

    Line endings are not changed. If the path is a link, its target is written. A device or a pipe is written directly.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as target:
            target.write(text)
        return
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        temporary.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
