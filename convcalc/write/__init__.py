"""Writers: a model as a file of another kind. ``FORMATS`` goes from a file's ending to the function that writes it."""

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
    """Write a file whole or not at all: beside its place first, and then into it. Line ends stay as they are.

    What a link leads to is written, not the link; into a device or a pipe goes the text as it is.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as there:
            there.write(text)
        return
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        beside.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        beside.replace(path)
    except BaseException:
        beside.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
