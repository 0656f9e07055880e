"""Tests convcalc.testing with models of the installed Keras. The record is the summary that Keras prints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcalc.testing import assert_summary
from tests.live.session import fresh

pytestmark = pytest.mark.keras


def text_of(model: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lines.append, line_length=200, expand_nested=True, show_trainable=True)
    return "\n".join(lines) + "\n"


def chain(filters: int = 8, frozen: bool = False) -> Any:
    from keras import Input, Sequential, layers

    model = Sequential([Input((28, 28, 1)), layers.Conv2D(filters, 3), layers.Flatten(), layers.Dense(10)])
    model.layers[0].trainable = not frozen
    return model


def graph(filters: int = 8, frozen: bool = False) -> Any:
    from keras import Input, Model, layers

    image = Input((16, 16, 3), name="image")
    one = layers.Conv2D(filters, 3, padding="same", name="left", trainable=not frozen)(image)
    other = layers.Conv2D(filters, 1, name="right")(image)
    return Model(image, layers.Add(name="sum")([one, other]), name="graph")


@pytest.mark.parametrize("make", [chain, graph])
@pytest.mark.parametrize("ending", [".txt", ".json"])
def test_a_live_model_and_its_record(
    make: Callable[..., Any], ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh()
    assert_summary(make(), text_of(make()), ignore_names=True)
    record = tmp_path / f"record{ending}"
    monkeypatch.setenv("CONVCALC_RECORD", "1")
    fresh()
    assert_summary(make(), record, budget={"params": "1M"})
    monkeypatch.delenv("CONVCALC_RECORD")
    fresh()
    assert_summary(make(), record)
    fresh()
    first = next(layer.name for layer in make().layers if layer.weights)
    for change in ({"filters": 9}, {"frozen": True}):
        fresh()
        with pytest.raises(AssertionError, match=rf"record-differs.*{first}"):
            assert_summary(make(**change), record)


def test_the_texts_of_both_agree() -> None:
    """Each model must agree with the summary that Keras prints for the model. The names of the layers must agree too."""
    for make in (chain, graph):
        fresh()
        model = make()
        assert_summary(model, text_of(model))
