"""Converts random models of Keras to each format, and compares the results with the original models, fact by fact.

``CONVCALC_KIND=list_masks:7 pytest -m keras tests/live/test_convert_kinds.py`` tests only the model of the kind
``list_masks`` with the seed 7.
"""

from __future__ import annotations

import os
from collections import Counter
from random import Random
from typing import Any

import pytest

from convcalc import infer
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError
from convcalc.read import read
from convcalc.write import FORMATS
from tests.live.convertible import models, supplied
from tests.live.facts import first_difference
from tests.live.session import fresh
from tests.live.written import with_supplied_classes

pytestmark = pytest.mark.keras

COUNT = int(os.environ.get("CONVCALC_KINDS", "6"))
ONE = os.environ.get("CONVCALC_KIND")
ENDINGS = (".json", ".py", ".yaml")


def _loaded(ending: str, text: str) -> Any:
    """Returns the Keras model that a written file describes."""
    import keras

    fresh(free_memory=False)
    custom = supplied()
    if ending == ".json":
        return keras.models.model_from_json(text, custom)
    if ending == ".py":
        result: dict[str, Any] = {}
        exec(compile(with_supplied_classes(text), "written", "exec"), result)
        return result["model"]
    # Keras cannot read a spec, so convcalc converts the spec to a config for Keras
    return keras.models.model_from_json(FORMATS[".json"](infer(read(text.encode(), "written.yaml"))), custom)


def outcomes(kind: str, seed: int) -> dict[str, str]:
    """Returns, for each format, "equal", "refused: …" or a difference.

    If Keras cannot load the config that Keras itself wrote, the only entry is "keras", with the error.
    """
    import keras

    fresh(free_memory=False)
    try:
        model = dict(models(Random(f"{kind}:{seed}")))[kind]()
        text = model.to_json()
        fresh(free_memory=False)
        original = keras.models.model_from_json(text, supplied())
    except Exception as refused:
        return {"keras": f"{type(refused).__name__}: {str(refused)[:200]}"}
    result = {}
    report = infer(read(text.encode(), "model.json"))
    for ending in ENDINGS:
        try:
            written = FORMATS[ending](report)
        except ConvcalcError as failed:
            assert {problem.code for problem in failed.problems} == {codes.CANNOT_WRITE}, failed
            result[ending] = f"refused: {failed.problems[0].message}"
            continue
        try:
            result[ending] = first_difference(original, _loaded(ending, written), ending != ".yaml") or "equal"
        except Exception as refused:
            result[ending] = f"Keras refuses it: {type(refused).__name__}: {str(refused)[:300]}"
    return result


def kinds() -> list[str]:
    """Returns the names of all kinds of models."""
    return [kind for kind, _ in models(Random(0))]


def test_converted_models_are_equal(tell: Any) -> None:
    if ONE:
        kind, seed = ONE.split(":")
        wanted = [(kind, int(seed))]
    else:
        wanted = [(kind, seed) for kind in kinds() for seed in range(COUNT)]
    counts: Counter[str] = Counter()
    failed = []
    for kind, seed in wanted:
        for ending, outcome in outcomes(kind, seed).items():
            known = outcome.partition(":")[0] if ending in ENDINGS else "not loaded"
            if known not in ("equal", "refused", "not loaded"):
                failed.append(f"CONVCALC_KIND={kind}:{seed} {ending}: {outcome}")
                known = "different"
            counts[f"{ending} {known}"] += 1
    tell(f"converted models: {', '.join(f'{key} {count}' for key, count in sorted(counts.items()))}")
    assert not failed, "\n".join(failed[:20])
