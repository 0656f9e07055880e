"""Compares random whole models with the installed Keras.

Names, order, shapes, dtypes, parameters, trainable parameters and connections must be equal. If a model fails, the test
prints its seed. ``CONVCALC_MODEL=123 pytest -m keras tests/live/test_models.py`` runs only the model with seed 123;
``CONVCALC_MODELS=5000`` tests more models.
"""

import json
import os
from random import Random

import pytest

from convcalc.base.problems import ConvcalcError
from tests.live.models import grow, keras_model, rows_of_keras, rows_of_ours, spec
from tests.live.session import fresh

pytestmark = pytest.mark.keras

COUNT = int(os.environ.get("CONVCALC_MODELS", "1000"))
ONE = os.environ.get("CONVCALC_MODEL")


def difference(seed: int) -> tuple[str | None, int]:
    """Builds a random model in Keras and in convcalc. Returns the first difference (or None), and the number of layers."""

    fresh(free_memory=seed % 20 == 0)
    program = grow(Random(seed))
    text = json.dumps(spec(program))
    try:
        theirs = rows_of_keras(keras_model(program))
    except Exception as refused:
        return f"Keras refuses what we take: {type(refused).__name__}: {str(refused)[:400]}\n  {text}", 0
    try:
        ours = rows_of_ours(program)
    except ConvcalcError as refused:
        return f"we refuse what Keras takes: {refused}\n  {text}", 0
    for a, b in zip(theirs, ours):
        if a != b:
            return f"keras: {a}\n  ours:  {b}\n  {text}", len(theirs)
    if len(theirs) != len(ours):
        return f"{len(theirs)} and {len(ours)} layers\n  {text}", len(theirs)
    return None, len(theirs)


def test_random_models(tell) -> None:
    layers, failed = 0, []
    for seed in [int(ONE)] if ONE else range(1, COUNT + 1):
        result, count = difference(seed)
        layers += count
        if result:
            failed.append(f"CONVCALC_MODEL={seed}: {result}")
    tell(f"random models: {1 if ONE else COUNT} models, {layers:,} layers, {len(failed)} disagreements")
    assert not failed, "\n".join(failed[:12])
