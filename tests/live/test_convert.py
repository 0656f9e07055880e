"""What ``convcalc convert`` writes, judged by Keras: it builds the config and runs the code, and prints the same summary.

``CONVCALC_MODEL=7 pytest -m keras tests/live/test_convert.py`` runs one random model.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from convcalc.analyse import infer
from convcalc.problems import ConvcalcError, Source
from convcalc.read import load, read
from convcalc.read.spec import read_spec
from convcalc.write.config import config_json
from tests.live.models import grow, keras_model, spec
from tests.live.session import fresh
from tests.live.test_files import different
from tests.live.written import executed, loaded

pytestmark = pytest.mark.keras

SPECS = Path(__file__).parent.parent.parent / "specs"
CUSTOM = {"vit_tiny"}  # its layers are the reader's own to supply
COUNT = int(os.environ.get("CONVCALC_CONVERTED", "200"))
ONE = os.environ.get("CONVCALC_MODEL")


@pytest.mark.parametrize(
    "path", sorted(p for p in SPECS.glob("*.yaml") if p.stem not in CUSTOM), ids=lambda path: path.stem
)
def test_a_spec(path: Path) -> None:
    report = infer(load(path))
    options = [(80, {}), (120, {"show_trainable": True}), (120, {"expand_nested": True})]
    assert different(report, loaded(report), options) is None
    assert different(report, executed(report), options) is None


def difference(seed: int) -> str | None:
    """Where Keras's model of our config differs from the random model that it was written of."""

    fresh()
    program = grow(Random(seed))
    try:
        keras_model(program)
        report = infer(read_spec(Source("random", json.dumps(spec(program)))))
    except (Exception, ConvcalcError):  # the business of test_models.py
        return None
    try:
        model = executed(report)
    except Exception as refused:
        return f"Keras refuses our code: {type(refused).__name__}: {str(refused)[:300]}"
    if found := different(report, model, [(160, {})]):
        return f"run as code: {found}"
    if any(step.inner is not None and not step.trainable for step in program.steps):
        # A file says that a model is frozen, not that the cells in its layers are: what Keras makes of that, we read.
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
        if found := difference(seed):
            failed.append(f"CONVCALC_MODEL={seed}: {found}")
    tell(f"random models written as configs: {len(seeds)} models, {len(failed)} disagreements")
    assert not failed, "\n".join(failed[:12])
