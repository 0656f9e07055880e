"""Random single changes of models, checked against all records. ``python -m tests.model_changes`` makes thousands."""

from __future__ import annotations

import pytest

from convcalc import infer
from convcalc.analyse.study import Study
from convcalc.base.problems import Source
from convcalc.differences.compare import diff
from convcalc.read import read
from convcalc.read.spec.spec import read_spec
from convcalc.write.config import config_json
from tests.model_changes.run import run


@pytest.mark.slow
def test_every_change_that_a_record_can_show_is_found_at_its_layer() -> None:
    tally = run(changes=60, models=9, seed=7)
    assert tally.wrong == []
    assert tally.caught.total() > 120
    assert tally.unseen.total() > 20


def of_spec(text: str) -> Study:
    return Study.of(infer(read_spec(Source("model.yaml", text))))


def as_file(report: Study) -> Study:
    return Study.of(infer(read(config_json(report).encode(), "model.json")))


@pytest.mark.parametrize(
    ("entry", "argument"),
    [
        ("MultiHeadAttention: {num_heads: 2, key_dim: 3, from: [x, x]%s}", "use_causal_mask: true"),
        ("Attention: {from: [x, x]%s}", "use_causal_mask: true"),
        (
            "GroupQueryAttention: {head_dim: 2, num_query_heads: 2, num_key_value_heads: 1, from: [x, x]%s}",
            "use_causal_mask: true",
        ),
        ("MultiHeadAttention: {num_heads: 2, key_dim: 3, from: [x, x]%s}", "return_attention_scores: true"),
    ],
)
def test_arguments_of_calls_that_a_spec_states_too(entry: str, argument: str) -> None:
    """A file states them in the call, and a spec in the layer. Both are the same model."""
    plain, causal = (of_spec(f"inputs: {{x: [5, 4]}}\nlayers:\n  - {entry % text}\n") for text in ("", f", {argument}"))
    for one in (causal, as_file(causal)):
        for other in (causal, as_file(causal)):
            assert diff(one, other).same
        for other in (plain, as_file(plain)):
            (pair,) = [pair for pair in diff(one, other).pairs if pair.differs]
            assert pair.changes[0].field == f"argument {argument.partition(':')[0]}"


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_one_of_equal_layers_is_removed(gone: int) -> None:
    """The layers have automatic names, and only the names show which of them is missing."""
    names = ["dense", "dense_1", "dense_2"]
    layers = [f"  - Dense: {{units: 3, name: {name}, from: x}}\n" for name in names]

    def model(kept: list[str], text: list[str]) -> Study:
        return of_spec(f"inputs: {{x: [4]}}\nlayers:\n{''.join(text)}  - Add: {{from: [{', '.join(kept)}]}}\n")

    before = model(names, layers)
    after = model(names[:gone] + names[gone + 1 :], layers[:gone] + layers[gone + 1 :])
    removed = [pair.before.name for pair in diff(before, after).pairs if pair.status == "removed" and pair.before]
    assert removed == [names[gone]]
    assert not [pair for pair in diff(before, after).pairs if pair.status == "renamed"]
