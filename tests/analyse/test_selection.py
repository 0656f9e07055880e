"""Tests which rows of a report are shown: folded, sorted, the largest, and those that match a pattern."""

import pytest

from convcalc import ConvcalcError, infer
from convcalc.analyse.folding import folded
from convcalc.analyse.report import LayerReport
from convcalc.analyse.selection import members, selected
from convcalc.analyse.study import Study
from convcalc.analyse.sums import sum_known
from convcalc.base.problems import Source
from convcalc.base.selection import SORT_KEYS, Selection
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.columns import ALL
from convcalc.rendering.table import summary_sheet
from tests.generators.reports import nested, of_spec
from tests.paths import SPECS

NAMES = [path.stem for path in sorted(SPECS.glob("*.yaml"))]


def study(text: str) -> Study:
    return Study.of(infer(read_spec(Source("spec.yaml", text))))


@pytest.fixture(scope="module")
def resnet50() -> Study:
    return Study.of(of_spec("resnet50"))


def by_name(rows: list[LayerReport]) -> dict[str, LayerReport]:
    return {row.name: row for row in rows}


def test_equal_blocks_of_resnet50_become_one_row_with_their_sums(resnet50: Study) -> None:
    rows = by_name(folded(resnet50.layers))
    assert len(rows) <= 20
    # A block of stage 2: convolutions 1×1, 3×3 and 1×1, each with a bias and a batch normalization.
    block = (256 * 64 + 64) + 4 * 64 + (9 * 64 * 64 + 64) + 4 * 64 + (64 * 256 + 256) + 4 * 256
    row = rows["conv2_block2…3 ×2"]
    assert (row.class_name, row.params) == ("10 layers each", 2 * block)
    assert row.macs == 2 * 56 * 56 * (256 * 64 + 9 * 64 * 64 + 64 * 256)
    assert row.output_shapes == resnet50.layers[38].output_shapes
    assert rows["conv2_block1"].calls[0].inputs == ("pool1_pool[0][0]",)
    assert row.calls[0].inputs == ("conv2_block1",)
    assert rows["avg_pool"].calls[0].inputs == ("conv5_block2…3 ×2",)


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_is_in_exactly_one_row_and_the_sums_are_the_totals(name: str) -> None:
    report = Study.of(of_spec(name))
    rows = folded(report.layers)
    inside = [part.path for row in rows for part in members(row)]
    top = [row.path for row in report.layers if row.depth == 0]
    assert [path for path in inside if path in set(top)] == top
    assert len(inside) == len(set(inside))
    for number in ("params", "trainable_params", "macs"):
        total = sum_known([getattr(row, number) for row in rows if row.depth == 0])
        assert total.value == getattr(report.totals, number)
    assert {row.name for row in rows if row.depth == 0}.isdisjoint({"", "…"})


def test_rounds_of_a_repeat_are_one_row() -> None:
    report = study("""
input: [8, 8, 4]
layers:
  - repeat: 3
    layers:
      - Conv2D: {filters: 4, kernel_size: 3, padding: same}
      - BatchNormalization
      - ReLU
  - Flatten
""")
    assert [(row.name, row.class_name, row.params) for row in folded(report.layers)] == [
        ("repeat 1…3 ×3", "3 layers each", 3 * (9 * 4 * 4 + 4 + 4 * 4)),
        ("flatten", "Flatten", 0),
    ]


def test_a_block_is_one_row_with_its_name() -> None:
    report = study("""
blocks:
  unit:
    arguments: [filters]
    layers: [{Conv2D: [$filters, 3]}, BatchNormalization, ReLU]
input: [12, 12, 4]
layers: [{unit: 4}, {unit: 8}, {unit: 8}, Flatten]
""")
    rows = folded(report.layers)
    # The second and the third block have inputs of other sizes, so they are two rows.
    assert [row.name for row in rows] == ["unit 1", "unit 2", "unit 3", "flatten"]
    assert [row.params for row in rows] == [148 + 16, 296 + 32, 584 + 32, 0]


def test_sequences_of_layers_with_automatic_names_are_found_by_their_structure() -> None:
    pair = "{Dense: {units: 4, activation: relu}}, {Dropout: 0.5}"
    rows = folded(study(f"input: [4]\nlayers: [{pair}, {pair}, {pair}, Softmax]").layers)
    assert [(row.name, row.class_name, row.params) for row in rows] == [
        ("dense … dense_2 ×3", "2 layers each", 3 * (4 * 4 + 4)),
        ("softmax", "Softmax", 0),
    ]


def test_nothing_is_folded_in_a_model_without_repetition() -> None:
    report = Study.of(of_spec("fashion_mnist"))
    assert folded(report.layers) == list(report.layers)


def test_nested_models_are_a_tree() -> None:
    report = Study.of(nested())
    rows, _ = selected(report, 0, Selection(fold=True))
    assert {row.depth for row in rows} == {row.depth for row in report.layers}


@pytest.mark.parametrize("key", SORT_KEYS)
def test_rows_are_sorted_by_every_number(key: str, resnet50: Study) -> None:
    report = resnet50.with_flops()
    sheet = summary_sheet(report, ["name", key], selection=Selection(sort=key, top=12), plain=True)
    values = [int(row[1]) for row in sheet.rows]
    assert values == sorted(values, reverse=True)
    assert len(values) == 12
    whole = summary_sheet(report, ["name", key], plain=True)
    assert values[0] == max(int(row[1]) for row in whole.rows if row[1])


def test_top_without_sort_shows_the_layers_with_most_params(resnet50: Study) -> None:
    rows, notes = selected(resnet50, 0, Selection(top=2))
    assert [row.name for row in rows] == ["conv5_block1_2_conv", "conv5_block2_2_conv"]
    assert notes[0].startswith(" 2 of 177 layers: 4,719,616 params (18.4 %), ")
    assert notes[0].endswith("; the totals are of the whole model")


def test_patterns_choose_layers(resnet50: Study) -> None:
    rows, notes = selected(resnet50, 0, Selection(patterns=("conv5_*_add", "predictions")))
    assert [row.name for row in rows] == ["conv5_block1_add", "conv5_block2_add", "conv5_block3_add", "predictions"]
    assert "4 of 177 layers" in notes[0]
    with pytest.raises(ConvcalcError, match=r"no layer of the model matches 'conv9_\*'"):
        selected(resnet50, 0, Selection(patterns=("conv9_*",)))


def test_a_pattern_finds_layers_inside_nested_models() -> None:
    report = Study.of(nested())
    inner = next(row for row in report.layers if row.depth)
    rows, _ = selected(report, 0, Selection(patterns=(inner.path,)))
    assert [row.path for row in rows] == [inner.path]


def test_the_totals_stay_those_of_the_whole_model(resnet50: Study) -> None:
    plain = summary_sheet(resnet50).notes
    for selection in (Selection(fold=True), Selection(top=3), Selection(patterns=("conv1*",)), Selection(sort="macs")):
        notes = summary_sheet(resnet50, selection=selection).notes
        assert notes[1:] == plain
        assert "totals are of the whole model" in notes[0]


def test_every_column_is_written_for_folded_rows(resnet50: Study) -> None:
    """Sums of folded rows: the memory of all outputs, and the weights of all layers."""
    sheet = summary_sheet(resnet50, ALL, selection=Selection(fold=True), plain=True)
    cells = [dict(zip(sheet.fields, row)) for row in sheet.rows]
    whole = summary_sheet(resnet50, ALL, plain=True)
    for field in ("params", "macs", "flops", "output_bytes", "weight_bytes"):
        index = whole.fields.index(field)
        assert sum(int(cell[field]) for cell in cells) == sum(int(row[index]) for row in whole.rows)
    block = next(cell for cell in cells if cell["name"] == "conv2_block2…3 ×2")
    last = next(row for row in whole.rows if row[0] == "conv2_block3_out")
    assert block["receptive_field"] == last[whole.fields.index("receptive_field")]
