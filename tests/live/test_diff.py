"""Compares Keras models with specs of similar models, and with each other."""

from __future__ import annotations

import pytest

from convcalc import infer
from convcalc.differences.compare import diff
from convcalc.differences.comparison import Comparison
from convcalc.read import load, read
from tests.paths import SPECS

pytestmark = pytest.mark.keras


def against(spec: str, application: str, ignore_names: bool = False) -> Comparison:
    """Compares a spec with Keras's config of a model of keras.applications."""
    import keras

    model = getattr(keras.applications, application)(weights=None)
    after = read(model.to_json().encode(), application)
    return diff(infer(load(SPECS / spec)), infer(after), ignore_names)


def _counts(found: Comparison) -> dict[str, int]:
    """Returns the counts of a comparison. Layers that differ only in an automatic number count as "same": ``dense`` and
    ``dense_1``.

    In one process, Keras does not restart these numbers for each model.
    """
    counts = {**found.counts}
    counts["same"] += counts.pop("renumbered", 0)
    return counts


@pytest.mark.parametrize("ignore_names", [False, True])
def test_vgg16_and_vgg19(ignore_names: bool) -> None:
    result = against("vgg16.yaml", "VGG19", ignore_names)
    assert _counts(result) == {"same": 23, "added": 3}
    if not ignore_names:
        names = [pair.after.name for pair in result.pairs if pair.status == "added" and pair.after]
        assert names == ["block3_conv4", "block4_conv4", "block5_conv4"]


@pytest.mark.parametrize("ignore_names", [False, True])
def test_resnet50_and_resnet101(ignore_names: bool) -> None:
    result = against("resnet50.yaml", "ResNet101", ignore_names)
    assert _counts(result) == {"same": 177, "added": 170}


def test_a_layer_inserted_in_keras_renumbers_the_layers_after_it() -> None:
    from keras import Sequential, layers

    def made(more: int) -> bytes:
        convs = [layers.Conv2D(4, 3, padding="same") for _ in range(3 + more)]
        model = Sequential([layers.Input((8, 8, 4)), *convs, layers.Flatten(), layers.Dense(2)])
        return model.to_json().encode()  # type: ignore[no-any-return]

    result = diff(infer(read(made(0), "one")), infer(read(made(1), "two")))
    assert result.counts["added"] == 1
    assert result.counts["renumbered"] + result.counts["same"] == 5
    assert {pair.status for pair in result.pairs if pair.differs} == {"added"}
