"""``convcalc check`` on code: each fault once, at the line of the code or the cell of the notebook."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import command_line

IMPORTS = "import keras\nimport numpy as np\nfrom keras import layers\n"
TWO = (
    IMPORTS
    + """
model = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(3, 7)])
mlp = keras.Sequential([keras.Input((784,)), layers.Dense(10)])
good = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
mlp.compile("adam", "mse")
mlp.fit(np.zeros((10, 28, 28)), np.zeros((10, 10)))
"""
)
NESTED = (
    IMPORTS
    + """
encoder = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten()], name="encoder")
decoder = keras.Sequential([keras.Input((100,)), layers.Dense(3)], name="decoder")
x = keras.Input((8, 8, 3))
both = keras.Model(x, decoder(encoder(x)))
"""
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.py").write_text(TWO)
    Path("nested.py").write_text(NESTED)
    cells = [{"cell_type": "markdown", "source": "Models"}, {"cell_type": "code", "source": TWO}]
    Path("two.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def run(arguments: list[str]) -> tuple[int, str, str]:
    """Runs convcalc. Returns the exit code and the texts on standard output and standard error."""
    done = command_line.run(*arguments)
    return done.returncode, done.stdout, done.stderr


def models_of(source: str) -> dict[str, Any]:
    _, text, _ = run(["check", source, "--format", "json"])
    return {model["source"]: model for model in json.loads(text)["models"]}


def test_each_fault_belongs_to_the_model_that_has_it() -> None:
    models = models_of("two.py")
    lines = {source: [problem["line"] for problem in model["problems"]] for source, model in models.items()}
    assert lines == {"two.py:model": [5], "two.py:mlp": [9], "two.py:good": []}
    assert models["two.py:good"]["passed"]


def test_a_fault_of_a_nested_model_belongs_to_the_model_that_calls_it() -> None:
    passed = {source: model["passed"] for source, model in models_of("nested.py").items()}
    assert passed == {"nested.py:encoder": True, "nested.py:decoder": True, "nested.py:both": False}


def test_a_model_that_the_user_names_has_all_faults_of_its_program() -> None:
    (model,) = models_of("two.py:good").values()
    assert [problem["line"] for problem in model["problems"]] == [5, 9]


@pytest.mark.parametrize("options", [[], ["--jobs", "2"]])
def test_the_text_shows_each_fault_once(options: list[str]) -> None:
    code, _, errors = run(["check", "two.py", *options])
    assert code == 1
    assert next(line for line in errors.splitlines() if "error[" in line).startswith(
        "two.py:5:51: error[vanishing-size]"
    )
    assert errors.count("error[") == 2


def test_annotations_of_github() -> None:
    _, text, _ = run(["check", "two.py", "--format", "github"])
    assert [line.partition(",title")[0] for line in text.splitlines()] == [
        "::error file=two.py,line=5,col=51",
        "::error file=two.py,line=9,col=1",
    ]


def test_annotations_of_a_notebook_name_the_cell() -> None:
    _, text, _ = run(["check", "two.ipynb", "--format", "github"])
    assert [line.rpartition("::")[2].partition(" ")[0] for line in text.splitlines()] == ["cell1:5:51:", "cell1:9:1:"]
    assert all(line.startswith("::error file=two.ipynb,title=") for line in text.splitlines())


def test_sarif() -> None:
    _, text, _ = run(["check", "two.py", "--format", "sarif"])
    results = json.loads(text)["runs"][0]["results"]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in results]
    assert regions == [{"startLine": 5, "startColumn": 51}, {"startLine": 9, "startColumn": 1}]


@pytest.mark.parametrize(
    ("options", "place"), [(["--max-params", "5"], "line=6,col=8"), (["--against", "old.txt"], "line=6,col=45")]
)
def test_a_budget_and_a_record_point_to_the_code(options: list[str], place: str) -> None:
    code = IMPORTS + "\n\ngood = keras.Sequential([keras.Input((4,)), layers.Dense(2)])\n"
    Path("good.py").write_text(code.replace("Dense(2)", "Dense(3)"))
    run(["check", "good.py", "--record", "old.txt"])
    Path("good.py").write_text(code)
    exit_code, text, _ = run(["check", "good.py", *options, "--format", "github"])
    assert exit_code == 1
    assert f"file=good.py,{place}" in text


def test_the_first_problem_of_a_table_is_an_error() -> None:
    notebook = json.loads(Path("two.ipynb").read_text())
    notebook["cells"].append({"cell_type": "code", "source": "print 'x'"})
    Path("two.ipynb").write_text(json.dumps(notebook))
    _, text, _ = run(["check", "two.ipynb", "--format", "markdown"])
    assert text.count("Conv2D 'conv2d' has a kernel of 7") == 1
    assert "Python 2" not in text
