"""Tests operations of ``keras.ops`` in specs: reading, error messages, and writing a model with each operation as a
spec.
"""

from __future__ import annotations

from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.analyse.explain import explain
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError, Refusal, Source
from convcalc.ops import OPERATIONS
from convcalc.ops.keys import key_text, read_key
from convcalc.read.spec.spec import read_spec
from convcalc.write.spec import spec_yaml
from tests.live.cases_operations import cases, in_a_spec, model_of


def report(layers: str, inputs: str = "input: [8, 8, 4]") -> Report:
    return infer(
        read_spec(Source("spec.yaml", f"{inputs}\nlayers:\n" + "\n".join(f"  - {e}" for e in layers.split("\n"))))
    )


def shapes(found: Report) -> dict[str, Any]:
    return {
        row.name: [[None if s is UNKNOWN else s for s in shape or ()] for shape in row.output_shapes]
        for row in found.layers
    }


@pytest.mark.parametrize(
    ("entries", "name", "outputs"),
    [
        ("ops.add: 3.0", "add", [[None, 8, 8, 4]]),
        ("keras.ops.relu6", "relu6", [[None, 8, 8, 4]]),
        ("ops.mean: [[1, 2], true]", "mean", [[None, 1, 1, 4]]),
        ("ops.subtract: {x1: 1}", "subtract", [[None, 8, 8, 4]]),
        ("ops.get_item: '[:, 0, ..., None]'", "get_item", [[None, 8, 4, 1]]),
        ("ops.get_item: {key: '[:, ::2, 1:-1]', name: part}", "part", [[None, 4, 6, 4]]),
        ("ops.split: [2, -1]\nops.concatenate: {from: [split, [split, 1]], axis: 1}", "concatenate", [[None, 16, 8, 2]]),
        ("ops.einsum: {from: [input_layer, input_layer], subscripts: 'bhwc,bhwd->bcd'}", "einsum", [[None, 4, 4]]),
        ("ops.greater: 0\nops.where: {x1: {from: input_layer}, x2: 0}", "where", [[None, 8, 8, 4]]),
        ("Conv2D: [4, 1]\nops.add: {x2: {from: input_layer}}", "add", [[None, 8, 8, 4]]),
        ("ops.cast: {dtype: int32}", "cast", [[None, 8, 8, 4]]),
        ("ops.reshape: {newshape: [-1, 4]}", "reshape", [[None, 4]]),
    ],
)  # fmt: skip
def test_an_operation_is_an_entry(entries: str, name: str, outputs: Any) -> None:
    result = report(entries)
    assert result.model.class_name == "Functional"
    assert shapes(result)[name] == outputs


def test_products_are_counted() -> None:
    result = report("ops.matmul: {from: [a, b]}", "inputs: {a: [3, 4], b: [4, 5]}")
    assert result.totals.macs == 3 * 4 * 5


def test_an_unknown_count_is_reported() -> None:
    """The multiplications of a matrix inversion depend on the algorithm, so the model's MACs are a lower bound."""
    result = report("ops.inv\nops.matmul: {from: [input_layer, inv]}", "input: [3, 3]")
    assert {row.name: row.macs for row in result.layers} == {"input_layer": 0, "inv": UNKNOWN, "matmul": 27}
    assert (result.totals.macs, result.totals.incomplete) == (27, {"macs": "partial"})
    (cost,) = [section for section in explain(result, "inv").sections if section.title == "MACs"]
    assert cost.lines == (("MACs", "unknown: the number depends on the algorithm, or on an unknown size"),)


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ("ops.ad: 3.0", "unknown-operation", "did you mean"),
        ("ops.zzzzz", "unknown-operation", "`convcalc layers ops`"),
        ("ops.add: {x3: 1}", "unknown-argument", "it has x1 and x2"),
        ("ops.mean: {axes: 1}", "unknown-argument", "did you mean 'axis'"),
        ("ops.relu: {trainable: false}", "unknown-argument", "'trainable'"),
        ("{ops.cast: {dtype: int32}, dtype: float16}", "unknown-argument", "'dtype'"),
        ("ops.mean: [1, true, 2]", "too-many-arguments", "at most 2"),
        ("ops.mean: {axis: left}", "invalid-value", "as 'axis', not 'left'"),
        ("ops.mean: {axis: 4}", "wrong-axis", "has no axis 4"),
        ("ops.reshape", "missing-argument", "'newshape'"),
        ("ops.get_item: '[1:x]'", "invalid-value", "'[:, 0]'"),
        ("ops.add: {x1: 1, x2: 2}", "wrong-inputs", "no tensor"),
        ("ops.add: {from: [input_layer, input_layer, input_layer]}", "wrong-inputs", "2 tensors for x1 and x2, not 3"),
        ("ops.add: {x2: {from: nothing}}", "unknown-name", "no layer above"),
        ("ops.matmul: {from: [input_layer]}", "wrong-inputs", "2 tensors for x1 and x2, not 1"),
        ("ops.relu\ncall: relu", "invalid-value", "without weights to share"),
    ],
)
def test_an_invalid_operation_is_one_error(entry: str, code: str, words: str) -> None:
    with pytest.raises(ConvcalcError) as caught:
        report(entry)
    (problem,) = caught.value.problems
    assert (problem.code, problem.mark is not None) == (code, True)
    assert words in problem.message


@pytest.mark.parametrize(
    "text", ["[]", "[0]", "[-1]", "[:, 0]", "[1:,]", "[..., None]", "[::2, 1:-1:3]", "[..., :, 0, None]"]
)
def test_keys_are_read_back(text: str) -> None:
    assert key_text(read_key(text)) == text


@pytest.mark.parametrize(
    "text", ["0", "[", "[a]", "[1:2:3:4]", "[1;2]", "[,]", "[__import__('os')]", "[9" + "9" * 30 + "]"]
)
def test_invalid_keys_are_refused(text: str) -> None:
    with pytest.raises(Refusal):
        read_key(text)


@pytest.mark.slow
def test_every_operation_survives_being_written_as_a_spec() -> None:
    written: set[str] = set()
    for asked in cases(1, 20):
        if not in_a_spec(asked):
            continue
        try:
            result = infer(model_of(asked))
        except ConvcalcError:
            continue
        text = spec_yaml(result)  # raises an error if the text describes another model than ``result``
        assert f"ops.{asked.operation.function}" in text
        written.add(asked.operation.name)
    # Arange needs arguments without axes, but an input layer always has a batch axis
    of_numbers = {"Arange"}
    assert written == {name for _, name in OPERATIONS} - of_numbers
