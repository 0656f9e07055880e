"""Pairs of models with one known change: the comparison must report exactly this change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcalc import infer
from convcalc.base.problems import Source
from convcalc.differences.align import LayerSignature, Link, align
from convcalc.differences.compare import compare, diff
from convcalc.differences.comparison import Comparison
from convcalc.differences.myers import MAX_DIFFERENCES, matching_positions
from convcalc.read import read
from convcalc.read.spec.spec import read_spec
from convcalc.rendering import render
from convcalc.snapshot.load import snapshot_in
from convcalc.snapshot.of_report import snapshot_of_report
from convcalc.stored import Cell, Snapshot
from tests.paths import SPECS

SHAPES = ("output_shape", "params", "trainable_params", "macs", "output_bytes")


def record(text: str) -> Snapshot:
    return snapshot_of_report(infer(read_spec(Source("spec.yaml", text))))


def chain(layers: Sequence[str], size: str = "[28, 28, 1]") -> Snapshot:
    return record(f"input: {size}\nlayers:\n" + "".join(f"  - {layer}\n" for layer in layers))


def spec(name: str, *edits: tuple[str, str]) -> Snapshot:
    """Returns the snapshot of a model from specs/. ``edits`` are replacements in the text of the spec."""
    text = (SPECS / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return record(text)


def told(comparison: Comparison) -> list[tuple[str, str, str, list[str]]]:
    """Returns (status, old name, new name, changed fields) for each pair of layers that differ."""
    return [
        (
            pair.status,
            pair.before.name if pair.before else "",
            pair.after.name if pair.after else "",
            [change.field for change in pair.changes],
        )
        for pair in comparison.pairs
        if pair.differs
    ]


def own(comparison: Comparison) -> list[tuple[str, str, str, list[str]]]:
    """Like :func:`told`, but without shapes, names, and layers that changed only because of another layer."""
    return [
        (*rest, [field for field in fields if field not in (*SHAPES, "name")])
        for *rest, fields in told(comparison)
        if rest[0] != "follows"
    ]


def as_text(record: Snapshot) -> Snapshot:
    """Returns the snapshot with only the values that Keras prints for a chain of layers."""
    fields = ("name", "type", "output_shape", "params")
    rows = [
        replace(row, cells={field: row.cells[field] for field in fields}, sources=None, arguments=None)
        for row in record.rows
    ]
    return replace(record, rows=tuple(rows), totals={"params": record.totals["params"]}, format="keras")


BASE = [
    "Conv2D: [32, 3]",
    "BatchNormalization:",
    "Activation: relu",
    "Conv2D: [32, 3]",
    "BatchNormalization:",
    "Activation: relu",
    "MaxPooling2D: 2",
    "Conv2D: [64, 3]",
    "BatchNormalization:",
    "Activation: relu",
    "Flatten:",
    "Dense: 10",
]


def with_layer(number: int, *layers: str) -> list[str]:
    """Returns the base chain with one layer replaced by other layers."""
    return [*BASE[:number], *layers, *BASE[number + 1 :]]


# Changes in a chain with automatic names ------------------------------------------------------------------------------


def test_a_model_equals_itself() -> None:
    comparison = compare(chain(BASE), chain(BASE))
    assert comparison.same
    assert not comparison.differs
    assert {pair.status for pair in comparison.pairs} == {"same"}


def test_an_inserted_layer_only_renumbers_the_layers_after_it() -> None:
    same_size = "Conv2D: {filters: 32, kernel_size: 3, padding: same}"
    comparison = compare(chain(BASE), chain([*BASE[:6], same_size, *BASE[6:]]))
    assert told(comparison) == [("added", "", "conv2d_2", [])]
    (renumbered,) = [pair for pair in comparison.pairs if pair.renumbered]
    assert [(change.before.text, change.after.text) for change in renumbered.changes] == [("conv2d_2", "conv2d_3")]
    assert not comparison.same


def test_an_inserted_block_that_changes_sizes() -> None:
    comparison = compare(chain(BASE), chain([*BASE[:3], *BASE[:3], *BASE[3:]]))
    assert [row[:3] for row in own(comparison)] == [
        ("added", "", "conv2d_2"),
        ("added", "", "batch_normalization_2"),
        ("added", "", "activation_2"),
    ] or [row[0] for row in own(comparison)] == ["added"] * 3
    assert comparison.counts["follows"] == 6


def test_a_removed_layer() -> None:
    comparison = compare(chain(BASE), chain([*BASE[:6], *BASE[7:]]))
    assert own(comparison) == [("removed", "max_pooling2d", "", [])]


def test_a_swap_is_detected_by_the_connections() -> None:
    comparison = compare(chain(BASE), chain([BASE[0], BASE[2], BASE[1], *BASE[3:]]))
    assert sorted(own(comparison)) == [
        ("changed", "activation", "activation", ["connected_to"]),
        ("changed", "batch_normalization", "batch_normalization", ["connected_to"]),
        ("changed", "conv2d_1", "conv2d_1", ["connected_to"]),
    ]


def test_a_swap_in_a_text_is_detected_by_the_position() -> None:
    swapped = as_text(chain([BASE[0], BASE[2], BASE[1], *BASE[3:]]))
    (result,) = told(compare(as_text(chain(BASE)), swapped))
    assert result[0] == "changed"
    assert result[3] == ["position"]


@pytest.mark.parametrize(
    ("number", "layer", "fields"),
    [
        (5, "Activation: gelu", ["argument activation"]),
        (3, "Conv2D: {filters: 32, kernel_size: 3, activation: relu}", ["argument activation"]),
        (3, "Conv2D: {filters: 48, kernel_size: 3}", ["argument filters"]),
        (3, "Conv2D: {filters: 32, kernel_size: 3, trainable: false}", ["trainable"]),
        (3, "Conv2D: {filters: 32, kernel_size: 3, dtype: mixed_float16}", ["dtype"]),
        (11, "Dense: {units: 10, use_bias: false}", ["argument use_bias"]),
        (6, "MaxPooling2D: 3", ["argument pool_size"]),
    ],
)
def test_a_changed_argument_is_separate_from_affected_layers(number: int, layer: str, fields: list[str]) -> None:
    (result,) = own(compare(chain(BASE), chain(with_layer(number, layer))))
    assert result[0] == "changed"
    assert result[3] == fields


def test_dilation_of_a_kernel_of_one_changes_no_shape() -> None:
    layers = with_layer(3, "Conv2D: {filters: 32, kernel_size: 1}")
    dilated = with_layer(3, "Conv2D: {filters: 32, kernel_size: 1, dilation_rate: 2}")
    comparison = compare(chain(layers), chain(dilated))
    assert told(comparison) == [("changed", "conv2d_1", "conv2d_1", ["argument dilation_rate"])]
    ((change,),) = [pair.changes for pair in comparison.pairs if pair.changes]
    assert (change.before.text, change.after.text) == ("1", "2")


def test_two_spellings_of_one_model_are_equal() -> None:
    words = with_layer(1, "BatchNormalization: {axis: 3}")
    words[6] = "MaxPooling2D: {pool_size: 2, strides: 2}"
    assert compare(chain(BASE), chain(words)).same
    assert not compare(chain(BASE), chain(with_layer(1, "BatchNormalization: {axis: 2}"))).same
    assert not compare(chain(BASE), chain(with_layer(6, "MaxPooling2D: {pool_size: 2, strides: 1}"))).same


def test_another_name_is_a_rename_or_ignored() -> None:
    renamed = chain(with_layer(3, "Conv2D: {filters: 32, kernel_size: 3, name: stem}"))
    comparison = compare(chain(BASE), renamed)
    assert told(comparison) == [("renamed", "conv2d_1", "stem", ["name"])]
    assert compare(chain(BASE), renamed, ignore_names=True).same


def test_a_replaced_type() -> None:
    comparison = compare(chain(BASE), chain(with_layer(5, "LeakyReLU:")))
    assert [row[0] for row in told(comparison)] == ["removed", "added"]
    one, two = ([*BASE[:5], f"{kind}: {{name: act}}", *BASE[6:]] for kind in ("ReLU", "LeakyReLU"))
    assert own(compare(chain(one), chain(two))) == [("changed", "act", "act", ["type"])]


def test_another_input_affects_the_first_layer() -> None:
    """The input of a Sequential has no row, so that it is compared as a total."""
    comparison = compare(chain(BASE), chain(BASE, "[56, 56, 1]"))
    assert own(comparison) == []
    assert told(comparison)[0][:2] == ("follows", "conv2d")
    assert {"input_shapes", "input_bytes"} < {total.field for total in comparison.totals}


def test_unknown_sizes_differ_only_from_known_ones() -> None:
    unknown = chain(BASE[:10], "[null, null, 1]")
    assert compare(unknown, chain(BASE[:10], "[null, null, 1]")).same
    comparison = compare(chain(BASE[:10]), unknown)
    totals = {total.field: total for total in comparison.totals}
    assert totals["macs"].after.value is None
    assert totals["macs"].difference is None
    assert "params" not in totals
    assert [row[0] for row in told(comparison)] == ["follows"] * 10


# Changes in graphs ----------------------------------------------------------------------------------------------------


def test_vgg16_and_vgg19() -> None:
    edits = [
        (f"[block{n}_conv3, {filters}]", f"[block{n}_conv3, {filters}]\n  - conv: [block{n}_conv4, {filters}]")
        for n, filters in ((3, 256), (4, 512), (5, 512))
    ]
    one, two = spec("vgg16"), spec("vgg16", *edits)
    assert told(compare(one, two)) == [("added", "", f"block{n}_conv4", []) for n in (3, 4, 5)]
    assert [row[0] for row in told(compare(one, two, ignore_names=True))] == ["added"] * 3
    assert told(compare(two, one)) == [("removed", f"block{n}_conv4", "", []) for n in (3, 4, 5)]


@pytest.mark.parametrize("ignore_names", [False, True])
def test_resnet50_and_resnet101(ignore_names: bool) -> None:
    comparison = compare(spec("resnet50"), spec("resnet50", ("repeat: 5", "repeat: 22")), ignore_names)
    assert dict(comparison.counts) == {"same": 177, "added": 170}
    names = {pair.after.name.split("_")[1] for pair in comparison.pairs if pair.status == "added" and pair.after}
    if not ignore_names:
        assert names == {f"block{number}" for number in range(7, 24)}
    assert comparison.totals[0].difference == 44_707_176 - 25_636_712


def test_a_layer_in_one_branch_of_a_graph_with_automatic_names() -> None:
    last, more = "      - conv: {filters: 96, kernel_size: 3, as: three}", "      - conv: [96, 3]\n"
    deeper = (last, more + last)
    comparison = compare(spec("inception_v3"), spec("inception_v3", deeper))
    assert [row[0] for row in told(comparison)] == ["added"] * 9  # three layers in each of three blocks
    assert {row.after.type for row in comparison.pairs if row.status == "added" and row.after} == {
        "Conv2D",
        "BatchNormalization",
        "Activation",
    }


def test_a_widened_block_affects_layers_until_it_is_narrow_again() -> None:
    wider = ("Conv2D: {filters: 32, kernel_size: 3, strides: 2,", "Conv2D: {filters: 48, kernel_size: 3, strides: 2,")
    comparison = compare(spec("mobilenet_v2"), spec("mobilenet_v2", wider))
    assert own(comparison) == [("changed", "Conv1", "Conv1", ["argument filters"])]
    assert comparison.counts["follows"] == 6


TWO_WAYS = """
inputs: {x: [16, 16, 8]}
layers:
  - Conv2D: {filters: 8, kernel_size: 3, padding: same, as: one}
  - Conv2D: {filters: 8, kernel_size: 3, padding: same, from: x, as: two}
  - Add: {from: [one, two]}
  - Dense: 4
"""


def test_changed_connections_are_reported() -> None:
    comparison = compare(record(TWO_WAYS), record(TWO_WAYS.replace("from: x", "from: one")))
    assert [(row[0], row[3]) for row in told(comparison)] == [("changed", ["connected_to"])]


def test_the_order_of_inputs_counts() -> None:
    comparison = compare(
        record(TWO_WAYS.replace("Add:", "Concatenate:")),
        record(TWO_WAYS.replace("Add: {from: [one, two]", "Concatenate: {from: [two, one]")),
    )
    assert not comparison.same


def nested(inner: str, more: str = "") -> Snapshot:
    layers = ", ".join(f"{{{layer}}}" for layer in inner.split(", "))
    return record(
        f"input: [8]\nlayers: [{{Model: {{name: body{more}, input: [8], layers: [{layers}]}}}}, {{Dense: 3}}]\n"
    )


def test_a_change_inside_a_nested_model_is_reported_there() -> None:
    comparison = compare(nested("Dense: 4, Activation: relu, Dense: 2"), nested("Dense: 4, Activation: gelu, Dense: 2"))
    assert told(comparison) == [("changed", "activation", "activation", ["argument activation"])]
    wider = compare(nested("Dense: 4, Dense: 2"), nested("Dense: 5, Dense: 2"))
    assert [row[:2] for row in told(wider)] == [("follows", "body"), ("changed", "dense"), ("follows", "dense_1")]
    added = compare(nested("Dense: 4, Dense: 2"), nested("Dense: 4, Dense: 4, Dense: 2"))
    assert [row[0] for row in own(added)] == ["added"]


def test_a_frozen_model_is_reported_once() -> None:
    one, two = nested("Dense: 4, Dense: 2"), nested("Dense: 4, Dense: 2", ", trainable: false")
    statuses = {pair.before.path: pair.status for pair in compare(one, two).pairs if pair.before and pair.differs}
    assert statuses == {"body": "changed", "body/dense": "follows", "body/dense_1": "follows"}


def test_layers_inside_other_layers_are_compared_without_names() -> None:
    lstm = ["Embedding: [100, 8]", "Bidirectional: {layer: {LSTM: 4}}"]
    words = ["Embedding: [100, 8]", "Bidirectional: {layer: {LSTM: {units: 4, recurrent_dropout: 0.5}}}"]
    (result,) = [pair for pair in compare(chain(lstm, "[10]"), chain(words, "[10]")).pairs if pair.differs]
    assert [(change.before.text, change.after.text) for change in result.changes] == [
        ("LSTM(units=4)", "LSTM(units=4, recurrent_dropout=0.5)")
    ]


# Snapshots from printed texts -----------------------------------------------------------------------------------------


def test_values_that_a_text_lacks_are_not_compared() -> None:
    assert compare(as_text(chain(BASE)), chain(BASE)).same
    wider = compare(as_text(chain(BASE)), chain(with_layer(3, "Conv2D: [48, 3]")))
    assert [row[:2] for row in told(wider)] == [
        ("changed", "conv2d_1"),
        ("follows", "batch_normalization_1"),
        ("follows", "activation_1"),
        ("follows", "max_pooling2d"),
        ("follows", "conv2d_2"),
    ]


def test_a_number_that_changes_without_its_inputs_is_changed_and_not_affected() -> None:
    one = as_text(chain(BASE))
    rows = list(one.rows)
    rows[7] = replace(rows[7], cells={**rows[7].cells, "params": Cell(1)})
    assert told(compare(one, replace(one, rows=tuple(rows)))) == [("changed", "conv2d_2", "conv2d_2", ["params"])]


def test_cropped_cells_match_the_text_that_they_show() -> None:
    whole = chain(BASE)
    rows = [
        replace(row, cells={**row.cells, "name": Cell(row.name[:9], True)}) if len(row.name) > 9 else row
        for row in whole.rows
    ]
    cropped = replace(whole, rows=tuple(rows))
    assert any(row.cells["name"].cropped for row in rows)
    assert compare(cropped, whole).same
    assert own(compare(cropped, chain([*BASE[:6], *BASE[7:]])))[0][0] == "removed"


# Random models --------------------------------------------------------------------------------------------------------

LAYERS = [
    "Conv2D: {filters: 4, kernel_size: 3, padding: same}",
    "Conv2D: {filters: 8, kernel_size: 3, padding: same}",
    "Conv2D: {filters: 4, kernel_size: 1, name: given_%d}",
    "BatchNormalization:",
    "Activation: relu",
    "Activation: {activation: tanh, name: tanh_%d}",
    "Dropout: 0.5",
]


def _named(layers: Sequence[str]) -> list[str]:
    return [layer.replace("%d", str(number)) for number, layer in enumerate(layers)]


chains = st.lists(st.sampled_from(LAYERS), min_size=1, max_size=14).map(_named)


def test_a_layer_behind_another_layer_follows_in_both_directions() -> None:
    conv = "Conv2D: {filters: 4, kernel_size: 3, padding: same}"
    wide, last = conv.replace("4", "8"), "Conv2D: {filters: 4, kernel_size: 1, name: given_3}"
    before = as_text(chain([conv, conv, conv, last]))
    after = as_text(chain([conv, "BatchNormalization:", wide, last, conv]))
    for old, new in ((before, after), (after, before)):
        pair = next(pair for pair in compare(old, new).pairs if pair.before and pair.before.name == "given_3")
        assert [change.field for change in pair.changes] == ["params"]
        assert pair.follows


@given(chains, st.booleans())
@settings(max_examples=60, deadline=None)
def test_equal_models_have_no_differences(layers: list[str], ignore_names: bool) -> None:
    assert compare(chain(layers), chain(layers), ignore_names).same


@pytest.mark.slow
@given(chains, chains, st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_comparison_is_symmetric(one: list[str], two: list[str], ignore_names: bool, text: bool) -> None:
    before, after = chain(one), chain(two)
    if text:
        before, after = as_text(before), as_text(after)
    there, back = compare(before, after, ignore_names), compare(after, before, ignore_names)

    def said(comparison: Comparison, mirrored: bool) -> list[object]:
        sides = [
            (
                *((pair.after, pair.before) if mirrored else (pair.before, pair.after)),
                sorted(
                    (c.field, str(c.after if mirrored else c.before), str(c.before if mirrored else c.after))
                    for c in pair.changes
                ),
                pair.follows,
            )
            for pair in comparison.pairs
        ]
        return sorted(sides, key=str)

    assert said(there, False) == said(back, True)
    for comparison in (there, back):
        assert [pair.after for pair in comparison.pairs if pair.after] == list(comparison.after.rows)
        assert sorted(p.before.path for p in comparison.pairs if p.before) == sorted(
            row.path for row in comparison.before.rows
        )


@pytest.mark.slow
@given(chains, st.integers(0, 13), st.sampled_from(["remove", "insert", "replace"]))
@settings(max_examples=150, deadline=None)
def test_one_edit_is_reported_as_one_change(layers: list[str], place: int, edit: str) -> None:
    place %= len(layers)
    edited = list(layers)
    if edit == "remove":
        del edited[place]
    elif edit == "insert":
        edited.insert(place, "Dense: {units: 5, activation: relu}")
    else:
        edited[place] = "LayerNormalization: {epsilon: 0.01}"
    # Both models end with a Flatten layer that no edit changes, so that no model is empty.
    comparison = compare(chain([*layers, "Flatten:"]), chain([*edited, "Flatten:"]))
    statuses = [row[0] for row in own(comparison)]
    assert sorted(statuses) == {"remove": ["removed"], "insert": ["added"], "replace": ["added", "removed"]}[edit]


@given(st.text("abc", max_size=9), st.text("abcd", max_size=9))
def test_matching_positions_are_a_longest_common_subsequence(one: str, two: str) -> None:
    pairs = matching_positions(one, two)
    assert all(one[i] == two[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    table = [[0] * (len(two) + 1)]
    for first in one:
        row = [0]
        for number, second in enumerate(two):
            row.append(table[-1][number] + 1 if first == second else max(row[-1], table[-1][number + 1]))
        table.append(row)
    assert len(pairs) == table[-1][-1]


# Large models ---------------------------------------------------------------------------------------------------------


def test_matching_stops_at_too_many_differences() -> None:
    one = ["x"] * 50 + ["a", "b"] * (2 * MAX_DIFFERENCES)
    two = ["x"] * 50 + ["b", "b", "a", "a"] * MAX_DIFFERENCES
    pairs = matching_positions(one, two)
    assert pairs[:50] == [(place, place) for place in range(50)]
    assert all(one[i] == two[j] for i, j in pairs)


@pytest.mark.slow
def test_thousands_of_layers_take_seconds() -> None:
    level = [
        LayerSignature(
            "", False, "Conv2D", str(number % 7), frozenset(), (Link(number - 1, "[0][0]"),) if number else ()
        )
        for number in range(10_000)
    ]
    other = [each for number, each in enumerate(level) if number % 200]
    start = process_time()
    assert len(align(level, level).matches) == 10_000
    assert len(align(level, [replace_links(each, number) for number, each in enumerate(other)]).matches) == len(other)
    assert process_time() - start < 10  # the alignments normally take about one second


def replace_links(each: LayerSignature, number: int) -> LayerSignature:
    return each._replace(links=(Link(number - 1, "[0][0]"),) if number else ())


def test_a_lower_bound_differs_from_an_exact_number_and_the_order_of_outputs_counts() -> None:
    sure, bound = Cell(10), Cell(10, partial=True)
    assert not sure.agrees(bound) and bound.agrees(bound) and bound.text == "≥ 10"
    text = "input: [8]\nlayers:\n  - {Dense: 8, as: a}\n  - Dense: 4\noutputs: "
    one, two = (infer(read_spec(Source("spec", text + outputs))) for outputs in ("[a, dense_1]", "[dense_1, a]"))
    assert [(total.field, total.before.text, total.after.text) for total in diff(one, two).totals] == [
        ("output_shapes", "(None, 8), (None, 4)", "(None, 4), (None, 8)"),
        ("output_tensors", "dense[0][0], dense_1[0][0]", "dense_1[0][0], dense[0][0]"),
    ]


@pytest.mark.parametrize("outer", [False, True])
def test_the_name_of_the_input_of_a_sequential_has_no_meaning(outer: bool) -> None:
    """Two Sequentials are equal if only the names of their inputs differ.

    Keras numbers the inputs of all models in a session, so the name depends on earlier models.
    """

    def config(number: int) -> bytes:
        def entry(class_name: str, **config: Any) -> dict[str, Any]:
            return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}

        dense = entry("Dense", name="dense", units=4)
        first = entry("InputLayer", name=f"input_layer_{number}", batch_shape=[None, 4], dtype="float32")
        inner = {"module": "keras", "class_name": "Sequential", "config": {"name": "inner", "layers": [first, dense]}}
        first = entry("InputLayer", name=f"input_layer_{number + 5}", batch_shape=[None, 4], dtype="float32")
        layers = [first, inner, entry("Dense", name="last", units=2)] if outer else [first, dense]
        return json.dumps({**inner, "config": {"name": "m", "layers": layers}}).encode()

    one, two = (infer(read(config(number), "model.json")) for number in (1, 2))
    for stored in (snapshot_of_report(one), snapshot_in(render(one, "json"), "record", two)):
        compared = compare(stored, snapshot_of_report(two))
        assert {pair.status for pair in compared.pairs} == {"same"}
