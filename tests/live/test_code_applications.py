"""Reads the source code of keras.applications as programs, and compares the models with Keras's, row by row.

The project contains only the files of ``keras/src/applications``; the rest of Keras is a library. Imports between these files are
written as relative imports: an absolute import of Keras is always an import of the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcalc.analyse import infer
from convcalc.read.code.file import read_program
from tests.live.code_judge import differences
from tests.live.session import fresh

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore::UserWarning")]

NAMES = (Path(__file__).parent / "applications.txt").read_text(encoding="utf-8").split()


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Copies the source files of the applications to a folder. Returns the copied file of each application."""
    from keras.src import applications

    root = tmp_path_factory.mktemp("project")
    folder = root / "keras" / "src" / "applications"
    folder.mkdir(parents=True)
    files: dict[str, Path] = {}
    for file in Path(applications.__file__).parent.glob("*.py"):
        text = file.read_text(encoding="utf-8").replace(
            "from keras.src.applications import resnet\n", "import resnet\n"
        )
        if not file.stem.endswith("_test"):
            text = text.replace("from keras.src.applications import", "from . import")
            (folder / file.name).write_text(text, encoding="utf-8")
            files |= dict.fromkeys(re.findall(r"^def ([A-Z]\w*)\(", text, re.MULTILINE), folder / file.name)
    return files


@pytest.mark.parametrize("name", NAMES)
def test_the_source_of_an_application(name: str, sources: dict[str, Path], tell: Callable[[str], Any]) -> None:
    import keras
    from keras.src.backend.common import global_state

    file = sources[name]
    text = file.read_text(encoding="utf-8")
    root = str(file.parents[3])
    report = infer(read_program(text, str(file), str(file.parent), name, {"weights": None}, root=root))
    fresh(free_memory=False)
    with keras.StatelessScope():  # variables without values, to save time
        model = getattr(keras.applications, name)(weights=None)
        global_state.set_global_attribute("uninitialized_variables", [])
        found = differences(model, report)
    tell(f"{name} from its source: {len(report.layers)} rows, {len(found)} differences")
    assert not found, "\n".join(found[:12])
    assert not report.problems
