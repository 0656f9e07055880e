"""Checks the output of ``convcalc convert`` with Keras: Keras builds the config, runs the code, and prints the same
summary.

``CONVCALC_MODEL=7 pytest -m keras tests/live/test_convert.py`` runs one random model.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read import load, read
from convcalc.read.spec.spec import read_spec
from convcalc.write.config import config_json
from tests.live.models import grow, keras_model, spec
from tests.live.session import fresh
from tests.live.test_files import different
from tests.live.written import executed, loaded
from tests.paths import SPECS

pytestmark = pytest.mark.keras

COUNT = int(os.environ.get("CONVCALC_CONVERTED", "200"))
ONE = os.environ.get("CONVCALC_MODEL")


def own_layers() -> dict[str, Any]:
    """Returns the custom layers of vit_tiny. The spec only declares them, so a user has to write their code."""
    import keras

    class ClassToken(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")

        def call(self, inputs: Any) -> Any:
            token = keras.ops.broadcast_to(self.token, (keras.ops.shape(inputs)[0], 1, inputs.shape[-1]))
            return keras.ops.concatenate([token, inputs], axis=1)

        def compute_output_shape(self, shape: Any) -> Any:
            return (shape[0], shape[1] + 1, shape[2])

    class PositionEmbedding(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.embeddings = self.add_weight(shape=(1, *shape[1:]), name="embeddings")

        def call(self, inputs: Any) -> Any:
            return inputs + self.embeddings

    return {"ClassToken": ClassToken, "PositionEmbedding": PositionEmbedding}


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_converted_spec_is_the_same_model_in_keras(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    report = infer(load(path))
    if path.stem == "vit_tiny":
        supplied = ModuleType("custom_objects")
        vars(supplied).update(own_layers())
        monkeypatch.setitem(sys.modules, "custom_objects", supplied)
        for name, each in own_layers().items():
            monkeypatch.setitem(keras.saving.get_custom_objects(), f"Custom>{name}", each)
    options = [(80, {}), (120, {"show_trainable": True}), (120, {"expand_nested": True})]
    assert different(report, loaded(report), options) is None
    assert different(report, executed(report), options) is None


def difference(seed: int) -> str | None:
    """Converts a random model, loads the result in Keras, and returns the first difference in the summary, or None."""

    fresh(free_memory=seed % 20 == 0)
    program = grow(Random(seed))
    try:
        keras_model(program)
        report = infer(read_spec(Source("random", json.dumps(spec(program)))))
    except (Exception, ConvcalcError):  # Keras or convcalc refuses the model; test_models.py tests such models
        return None
    try:
        model = executed(report)
    except Exception as refused:
        return f"Keras refuses our code: {type(refused).__name__}: {str(refused)[:300]}"
    if result := different(report, model, [(160, {})]):
        return f"run as code: {result}"
    if any(step.inner is not None and not step.trainable for step in program.steps):
        # A frozen nested model is frozen in the config, but its cells inside layers are not. Keras loads the written
        # config, so the report is made from it too.
        report = infer(read(config_json(report).encode(), "written"))
    try:
        model = loaded(report)
    except Exception as refused:
        return f"Keras refuses what we write: {type(refused).__name__}: {str(refused)[:300]}"
    return different(report, model, [(160, {})])


def test_random_models(tell: Any) -> None:
    failed = []
    seeds = [int(ONE)] if ONE else range(1, COUNT + 1)
    for seed in seeds:
        if result := difference(seed):
            failed.append(f"CONVCALC_MODEL={seed}: {result}")
    tell(f"random models written as configs: {len(seeds)} models, {len(failed)} disagreements")
    assert not failed, "\n".join(failed[:12])
