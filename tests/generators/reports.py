"""Reports with graphs that are hard to draw, and the edges that a drawing of a report must have."""

from __future__ import annotations

from collections import Counter

from convcalc import Report, infer
from convcalc.base.problems import Source
from convcalc.read import load
from convcalc.read.spec.spec import read_spec
from tests.generators import hostile_names as hostile
from tests.paths import SPECS

# A model that is hard to draw. The nested model ``tower`` is called twice. It contains the nested model ``head``, which
# reads the second output of the LSTM.
NESTED = """
name: pair
inputs: {a: [5, 4], b: [5, 4]}
layers:
  - Model:
      name: tower
      input: [5, 4]
      layers:
        - LSTM: {units: 3, return_state: true, name: lstm}
        - Model: {name: head, input: [3], layers: [{Dense: {units: 2, name: last}}], from: [lstm, 1]}
    from: a
    as: left
  - {call: tower, from: b, as: right}
  - Concatenate: {from: [left, right], name: both}
"""


def nested() -> Report:
    return infer(read_spec(Source("nested.yaml", NESTED)))


def of_spec(name: str) -> Report:
    return infer(load(SPECS / f"{name}.yaml"))


def every() -> dict[str, Report]:
    """Returns all reports by name: the reports of the specs, and some reports that are harder to draw."""
    return {
        **{path.stem: of_spec(path.stem) for path in sorted(SPECS.glob("*.yaml"))},
        "nested": nested(),
        "hostile": hostile.report(),
    }


def tensors(report: Report) -> Counter[tuple[str, str]]:
    """Returns the number of tensors between each pair of layers. A nested model counts as one layer."""
    return Counter(
        (source.rpartition("[")[0].rpartition("[")[0], row.name)
        for row in report.layers
        if row.depth == 0
        for call in row.calls
        for source in call.inputs
    )
