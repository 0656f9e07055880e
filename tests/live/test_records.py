"""Tests that a summary printed by the installed Keras can be used as a record of its model.

Three kinds of summaries are tested: terminal output in colour, output in ASCII, and summaries of compiled models.
test_files.py and test_keras2_text.py test the texts that Keras prints into a file.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from convcalc import infer
from convcalc.keras_text.options import Options
from convcalc.read import read
from convcalc.snapshot.load import snapshot_in
from convcalc.stored import Cell
from tests.generators.model_mutations import KINDS, mutated, problems_of, verdict
from tests.live.session import fresh

pytestmark = pytest.mark.keras


def chain() -> Any:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(trainable=False),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(300, name="a_layer_of_a_name_that_is_too_long_for_its_column"),
        ],
        name="chain",
    )


def graph() -> Any:
    import keras
    from keras import layers

    start = keras.Input((8,))
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(8), layers.Dropout(0.5)], name="inner")
    joined = layers.Add()([inner(start), layers.Dense(8)(start)])
    return keras.Model(start, layers.Dense(2)(joined * 2.0), name="graph")


@pytest.mark.parametrize("build", [chain, graph])
@pytest.mark.parametrize("width", ["60", "100"])
@pytest.mark.parametrize("options", [{}, {"expand_nested": True, "show_trainable": True}])
def test_a_terminal(
    build: Any, width: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The coloured text and the plain text of a summary give the same record and the same problems."""
    fresh()
    model = build()
    report = infer(read(model.to_json().encode(), "model"))
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    model.summary(**options)
    coloured = capsys.readouterr().out
    assert "\x1b[" in coloured
    lines: list[str] = []
    model.summary(print_fn=lambda text, line_break=False: lines.append(text), **options)
    plain = "".join(lines)
    record = snapshot_in(coloured, "record")
    assert record == snapshot_in(plain, "record")
    assert problems_of(report, record) == ()
    asked, random = Options(int(width), **options), Random(f"{build.__name__} {width}")
    mutations = [each for change in KINDS if (each := mutated(report.model, change, random))]
    assert len(mutations) >= 5  # some changes are impossible: ``graph`` has no strides
    for mutation in mutations:
        judged = verdict(report, "keras", plain, asked, mutation)
        assert judged is not None
        assert not judged.wrong
        assert bool(problems_of(mutation.report, record)) == judged.shows


@pytest.mark.parametrize("build", [chain, graph])
def test_a_compiled_model(build: Any) -> None:
    """The printed total of a compiled model includes the optimizer's variables. The model's own total does not."""
    fresh()
    model = build()
    report = infer(read(model.to_json().encode(), "model"))
    lines: list[str] = []
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.summary(print_fn=lambda text, line_break=False: lines.append(text))
    assert "Optimizer params:" in lines[0]
    record = snapshot_in(lines[0], "record")
    assert record.totals["params"] == Cell(model.count_params())
    assert problems_of(report, record) == ()
    mutation = mutated(report.model, "frozen", Random(1))
    assert mutation is not None
    result = problems_of(mutation.report, record)
    assert [problem.message.partition(" ")[0] for problem in result] == ["in"] * len(result)
