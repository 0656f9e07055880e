"""Tests notebooks: the order of the cells, and lines that are not Python, such as ``%matplotlib inline``."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from convcalc.api import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read.code.file import read_program
from convcalc.read.code.notebooks import sources_of, without_magics


def notebook(*cells: str | list[str], old: bool = False) -> str:
    """Returns the text of a notebook with a text cell and these code cells."""
    key = "input" if old else "source"
    code = [{"cell_type": "code", key: cell, "outputs": []} for cell in cells]
    all_cells: list[Any] = [{"cell_type": "markdown", "source": ["# Title\n", "x = ("]}, *code]
    return json.dumps({"worksheets": [{"cells": all_cells}]} if old else {"cells": all_cells, "nbformat": 4})


IMPORT = "import keras\nfrom keras import layers"
MODEL = "model = keras.Sequential([keras.Input((4,)), layers.Dense(n)])"


@pytest.mark.parametrize("old", [False, True])
def test_cells_in_order(old: bool) -> None:
    text = notebook(IMPORT, "n = 3", MODEL, "n = 7", old=old)
    assert infer(read_program(text, "nb.ipynb")).totals.params == 15


def test_the_last_cell_that_makes_a_model_counts() -> None:
    assert infer(read_program(notebook(IMPORT, "n = 3\n" + MODEL, "n = 5\n" + MODEL), "nb.ipynb")).totals.params == 25


def test_a_cell_as_a_list_of_lines() -> None:
    text = notebook([line + "\n" for line in f"{IMPORT}\nn = 2\n{MODEL}".split("\n")])
    assert infer(read_program(text, "nb.ipynb")).totals.params == 10


def test_a_problem_names_the_cell_and_the_line_in_it() -> None:
    text = notebook(
        IMPORT, "%time\nn = 9\nmodel = keras.Sequential([\n    keras.Input((8, 8, 1)),\n    layers.Conv2D(2, n)])"
    )
    with pytest.raises(ConvcalcError) as failed:
        infer(read_program(text, "nb.ipynb"))
    assert str(failed.value).startswith("nb.ipynb:cell2:5:5: error[vanishing-size]: Conv2D 'conv2d'")
    (problem,) = failed.value.problems
    assert problem.mark is not None
    assert (problem.mark.path, problem.mark.cell) == ("nb.ipynb", "cell2:5:5")


def test_a_cell_that_is_not_python_is_skipped_with_a_warning() -> None:
    model = read_program(notebook(IMPORT, "print 'x'", "n = 3\n" + MODEL), "nb.ipynb")
    assert infer(model).totals.params == 15
    assert [(problem.severity, problem.code) for problem in model.problems] == [("warning", "python-syntax")]


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline", "!pip install keras", "    !ls -l", "files = !ls", "out = %timeit -o f()", "a, b = !cat x", "help?",
        "np.zeros??", "?keras", "%load_ext tensorboard", "%tensorflow_version 2.x", "!wget http://x \\\n   -O y",
        "%pip install -q keras \\\n  numpy",
    ],
)  # fmt: skip
def test_lines_for_the_notebook(line: str) -> None:
    code = f"x = 1\nif x:\n{line}\n    y = 2\n" if line.startswith("  ") else f"x = 1\n{line}\ny = 2\n"
    result = without_magics(code)
    ast.parse(result)
    assert result.count("\n") == code.count("\n")
    assert "y = 2" in result


@pytest.mark.parametrize(
    "code",
    [
        "x = a % b",
        "x = (a\n  % b)",
        "x = 'is it?'",
        "s = '''\n%d of %s\n'''",
        "y = x != 3",
        "# really?",
        "f('%s' % 3)",
        "x = [\n  1,\n]",
    ],
)
def test_code_that_only_looks_like_a_line_for_the_notebook(code: str) -> None:
    assert without_magics(code) == code


MAGICS = [("%%time", True), ("%%capture", True), ("%%bash", False), ("%%html", False), ("%%writefile a.py", False)]


@pytest.mark.parametrize(("magic", "kept"), MAGICS)
def test_cells_for_the_notebook(magic: str, kept: bool) -> None:
    assert ("n = 1" in without_magics(f"{magic}\nn = 1")) is kept


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "error[empty]: nb.ipynb: the file is empty"),
        (notebook(), "error[empty]: nb.ipynb: the notebook has no code cells"),
        (notebook("", "  \n"), "error[empty]: nb.ipynb: the notebook has no code cells"),
        ("{", "error[python-syntax]: nb.ipynb: the file is not a Jupyter notebook"),
        ("[1]", "the file is not a Jupyter notebook"),
        ('{"cells": 3}', "the file is not a Jupyter notebook"),
        ('{"worksheets": []}', "the file is not a Jupyter notebook"),
        (notebook("x = 1"), "error[no-model-in-code]: nb.ipynb: the code makes no Keras model"),
    ],
)
def test_a_notebook_without_a_model(text: str, expected: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        read_program(text, "nb.ipynb")
    assert expected in str(failed.value)


def test_strange_cells() -> None:
    text = json.dumps(
        {
            "cells": [
                3,
                None,
                {"cell_type": "code"},
                {"cell_type": "code", "source": 5},
                {"cell_type": "code", "source": "x = 1"},
            ]
        }
    )
    assert [source.name for source in sources_of(text, "nb.ipynb")][-1] == "nb.ipynb:cell4"
