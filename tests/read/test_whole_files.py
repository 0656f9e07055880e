"""Files in which one unusual detail must not be a reason to refuse the whole file."""

from __future__ import annotations

import json

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.read import read
from tests.helpers.whole_files import CASES


@pytest.mark.parametrize("name", CASES)
def test_a_config(name: str) -> None:
    case = CASES[name]
    report = infer(read(json.dumps(case.config).encode(), "model.json"))
    rows = {row.path: row for row in report.layers}
    for path, (shapes, params) in case.rows.items():
        row = rows[path]
        result = [
            None if shape is None else tuple(None if size is UNKNOWN else size for size in shape)
            for shape in row.output_shapes
        ]
        assert result == shapes, path
        assert (None if row.params is UNKNOWN else row.params) == params, path
