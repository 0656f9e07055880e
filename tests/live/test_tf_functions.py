"""Compares models of TensorFlow functions with tf_keras: rows, shapes and parameters. Each model is one expression,
which tf_keras writes to a file.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.read import read
from tests.live.tf_functions import EXPRESSIONS, NOT_RECORDED, STORED, build, compact, rows, rows_of

pytestmark = pytest.mark.keras

QUICK = EXPRESSIONS[::3]


def agrees(expression: str, config: Any, theirs: list[list[Any]]) -> bool:
    """Returns True if convcalc's rows are equal to the rows of tf_keras.

    If the file does not record the tensors of the function, only the names of the layers are compared.
    """
    ours = rows(infer(read(json.dumps(config).encode(), "model.json")))
    if not expression.startswith(NOT_RECORDED):
        return ours == theirs
    return [row[0] for row in ours] == [row[0] for row in theirs]


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_rows_are_those_of_keras_2(every: int, tell: Any) -> None:
    stored = {case["expression"]: case for case in json.loads(STORED.read_text(encoding="utf-8"))}
    chosen = EXPRESSIONS[::every]
    compared, different, stale = 0, [], []
    for expression in chosen:
        if expression not in stored:  # TensorFlow or Keras refused the expression when the cases were stored
            continue
        model = build(expression)
        theirs, config = rows_of(model), json.loads(model.to_json())
        compared += 1
        if not agrees(expression, config, theirs):
            different.append(expression)
        if stored[expression]["rows"] != theirs or not agrees(expression, compact(config), theirs):
            stale.append(expression)
    assert not different
    assert not stale, "run `python -m tests.live.tf_functions`"
    assert compared > len(chosen) * 0.9
    tell(f"TensorFlow's functions in Keras 2: {compared} models of one expression, 0 disagreements")


def test_files_in_hdf5_and_archives(tmp_path: Any) -> None:
    from convcalc.read import load

    for expression in QUICK[::8]:
        if "tf." not in expression or expression.startswith(NOT_RECORDED):
            continue
        try:
            model = build(expression)
            model.save(tmp_path / "model.h5")
            model.save(tmp_path / "model.keras")
        except Exception:  # TensorFlow or Keras cannot save these expressions
            continue
        for name in ("model.h5", "model.keras"):
            assert rows(infer(load(tmp_path / name))) == rows_of(model), expression
