"""Tests snapshots: reading the texts that users store as records, and checking models against these records.

The tests in tests/live read texts that Keras itself printed.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from convcalc import ConvcalcError, infer, render
from convcalc.base.problems import Problem
from convcalc.checking.against_snapshot import compare_with_snapshot
from convcalc.keras_text.options import Options
from convcalc.read import load, read
from convcalc.snapshot.load import load_snapshot, snapshot_in
from convcalc.stored import Cell, Snapshot
from tests.generators.model_mutations import KINDS, TEXTS, mutated, refusal, verdict
from tests.paths import GOLDEN, ROOT, SPECS

MODELS = {
    "chain": ROOT / "specs" / "fashion_mnist.yaml",
    "names": ROOT / "specs" / "ds_cnn.yaml",
    "graph": ROOT / "specs" / "resnet8.yaml",
    "joins": ROOT / "specs" / "unet.yaml",
    "words": ROOT / "specs" / "lstm_text.yaml",
    "nested": GOLDEN / "two_heads.json",
}
OPTIONS: list[dict[str, object]] = [
    {},
    {"expand_nested": True},
    {"show_trainable": True},
    {"expand_nested": True, "show_trainable": True},
    {"line_length": 100},
    {"line_length": 60, "show_trainable": True},
]
CHAIN = """
name: chain
input: [8, 8, 3]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, name: conv}
  - Flatten: {name: flat}
  - Dense: {units: 1000, name: dense}
"""


def report_of(spec: str):
    return infer(read(spec.encode(), "chain.yaml"))


def text(spec: str = CHAIN, kind: str = "keras", **options: object) -> str:
    return TEXTS[kind](report_of(spec), Options(**options))  # type: ignore[arg-type]


def problems(spec: str, record: str | Snapshot, **options: bool) -> tuple[Problem, ...]:
    record = snapshot_in(record, "record.txt") if isinstance(record, str) else record
    return compare_with_snapshot(report_of(spec), record, **options)[1]


def said(spec: str, record: str | Snapshot, **options: bool) -> list[str]:
    return [problem.message for problem in problems(spec, record, **options)]


# Texts that convcalc prints in Keras's format, at every width --------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("name", MODELS)
def test_a_model_agrees_with_its_own_text(name: str, kind: str) -> None:
    report = infer(load(MODELS[name]))
    first, last = report.layers[2].name, report.layers[-1].name.split("/")[0]
    ranged: list[dict[str, object]] = [{"layer_range": (first, last)}]
    widths = range(40, 201, 3 if name == "chain" else 20)
    read_ = 0
    for width in widths:
        for options in [*OPTIONS, *ranged]:
            given = {"width": width} if kind == "keras" else {"line_length": width}
            asked = Options(**{**given, **options})  # type: ignore[arg-type]
            try:
                printed = TEXTS[kind](report, asked)
            except ConvcalcError:  # the width is too small: Keras cannot print the table
                continue
            read_ += 1
            assert refusal(report, kind, printed) is None, asked
    assert read_ > 40


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("change", KINDS)
@pytest.mark.parametrize("name", MODELS)
def test_a_change_is_refused_at_the_first_differing_layer(name: str, change: str, kind: str) -> None:
    """The check fails if and only if Keras prints another text for the changed model than for the original model."""
    report, random = infer(load(MODELS[name])), Random(f"{name} {change} {kind}")
    for number, options in enumerate([*OPTIONS, *OPTIONS]):
        width = random.choice([50, 66, 80, 100, 140, 200])
        asked = Options(width=width, **options)  # type: ignore[arg-type]
        mutation = mutated(report.model, change, random)
        if mutation is None:
            continue
        try:
            printed = TEXTS[kind](report, asked)
        except ConvcalcError:
            continue
        judged = verdict(report, kind, printed, asked, mutation)
        assert judged is None or not judged.wrong, (number, asked, judged)


# Messages about differences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TEXTS)
def test_a_difference_names_the_layer_and_both_sides(kind: str) -> None:
    result = problems(CHAIN.replace("filters: 4", "filters: 5"), text(kind=kind))
    assert result[0].code == "record-differs"
    assert result[0].layer == "conv"
    assert result[0].mark is not None
    assert result[0].mark.line == 5
    assert "'conv' (Conv2D)" in result[0].message
    assert "output shape (None, 6, 6, 5) in the model, (None, 6, 6, 4) in the record" in result[0].message
    assert "parameters 140 in the model, 112 in the record" in result[0].message
    assert any(problem.message.startswith("in total: parameters ") for problem in result)


def test_added_and_removed_layers() -> None:
    more = CHAIN.replace("  - Dense", "  - Dropout: {rate: 0.5, name: drop}\n  - Dense")
    assert said(more, text()) == ["'drop' (Dropout) is not in the record"]
    missed = problems(CHAIN, text(more))
    assert [problem.message for problem in missed] == ["'drop' (Dropout) is missing; in the record it follows 'flat'"]
    assert missed[0].mark is not None
    assert missed[0].mark.line == 6  # the line of 'flat', after which 'drop' is missing


def test_a_renamed_layer() -> None:
    renamed = CHAIN.replace("name: flat", "name: plain")
    assert said(renamed, text()) == ["'plain' (Flatten): name 'plain' in the model, 'flat' in the record"]
    assert said(renamed, text(), ignore_names=True) == []


def test_a_frozen_layer_differs_in_its_column_or_in_the_totals() -> None:
    frozen = CHAIN.replace("name: conv", "name: conv, trainable: false")
    assert said(frozen, text(show_trainable=True))[0] == "'conv' (Conv2D): trainable N in the model, Y in the record"
    first, *others = said(frozen, text())
    assert first == (
        "in total: trainable parameters 145,000 in the model, 145,112 in the record; "
        "the record does not show which layers differ, but 'conv' is frozen in the model, which freezes 112 parameters"
    )
    assert len(others) == 1
    assert said(CHAIN, text(frozen))[0].endswith("but 'conv' has 112 trainable parameters in the model")


def test_several_frozen_layers() -> None:
    frozen = CHAIN.replace("name: conv", "name: conv, trainable: false").replace(
        "name: dense", "name: dense, trainable: false"
    )
    assert said(frozen, text())[0].endswith(
        "but 'conv' and 'dense' are frozen in the model, which freezes 145,112 parameters in total"
    )


def test_a_dtype_differs_only_in_the_sizes() -> None:
    half = CHAIN.replace("name: conv", "name: conv, dtype: float16")
    assert said(half, text())[0] == (
        "in total: size of the parameters 566.62 KB in the model, 566.84 KB in the record; the record does not show which layers differ, "
        "but 'conv' has the dtype 'float16' in the model, the others 'float32'"
    )
    all_half = half.replace("name: dense", "name: dense, dtype: float16")
    assert said(all_half, text())[0].endswith("; every layer with parameters has the dtype 'float16' in the model")


def test_a_layer_of_a_nested_model_is_named_by_its_path() -> None:
    report = infer(load(MODELS["nested"]))
    inner = next(layer for layer in report.model.layers if layer.model is not None)
    assert inner.model is not None
    mutation = mutated(inner.model, "wider", Random(1))
    assert mutation is not None
    layers = tuple(
        layer._replace(definition=mutation.report.model) if layer is inner else layer for layer in report.model.layers
    )
    try:
        changed = infer(report.model._replace(layers=layers))
    except ConvcalcError:
        pytest.fail("the mutation does not fit the model around it")
    record = snapshot_in(TEXTS["keras"](report, Options(width=140, expand_nested=True)), "record")
    result = compare_with_snapshot(changed, record)[1]
    assert f"{inner.name}/{mutation.layer}" in {problem.layer for problem in result}


# Texts that were changed by editors and terminals ---------------------------------------------------------------------

AS_ASCII = str.maketrans("┃┡┩│├┤└┘╇┼━─", "||||||++++--")


def in_ascii(printed: str) -> str:
    """Returns the text with ASCII lines in place of box characters, as Rich prints it in encodings without box
    characters.
    """
    lines = []
    for line in printed.splitlines():
        edge = line[:1] in ("┏", "└")
        lines.append(f"+{'-' * (len(line) - 2)}+" if edge else line.translate(AS_ASCII).replace("…", "?"))
    return "\n".join(lines)


def square(printed: str) -> str:
    return printed.translate(str.maketrans("┏┳┓┃┡╇┩━", "┌┬┐│├┼┤─"))


STATES = {
    "Windows": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "stripped": lambda text: "\n".join(line.rstrip() for line in text.splitlines()),
    "indented": lambda text: "".join(f"    {line}\n" for line in text.splitlines()),
    "a comment": lambda text: "".join(f"# {line}\n" for line in text.splitlines()),
    "a log": lambda text: "".join(f"INFO:root:{line}\n" for line in text.splitlines()),
    "fenced": lambda text: f"Epoch 1/2: loss 0.5\n\nOur model:\n```\n{text}```\nAnd so on: 1,234 params.\n",
    "colours": lambda text: text.replace("conv", "\x1b[38;5;33mconv\x1b[0m").replace("None", "\x1b[1mNone\x1b[22m"),
    "spaces of HTML": lambda text: text.replace(" ", "\xa0"),
}
BOXES = {"ASCII": in_ascii, "square": square}


@pytest.mark.parametrize("options", [{}, {"show_trainable": True}, {"width": 44}, {"line_length": 90}])
@pytest.mark.parametrize(
    ("kind", "state"), [*((kind, s) for kind in TEXTS for s in STATES), *(("keras", b) for b in BOXES)]
)
def test_an_altered_text_is_the_same_record(kind: str, state: str, options: dict[str, object]) -> None:
    printed = text(kind=kind, **options)
    pasted = {**STATES, **BOXES}[state](printed)
    assert pasted != printed
    record = snapshot_in(printed, "one")
    assert snapshot_in(pasted, "one") == record
    assert len(record.rows) == 3
    assert len(record.totals) == 6


@pytest.mark.parametrize("kind", TEXTS)
def test_blank_lines_may_be_missing(kind: str) -> None:
    """Some editors remove blank lines. In the format of Keras 2, only blank lines separate the rows."""
    for spec in (CHAIN, *(path.read_text(encoding="utf-8") for path in (MODELS["chain"], MODELS["graph"]))):
        printed = text(spec, kind)
        shorter = "\n".join(line for line in printed.splitlines() if line.strip())
        assert snapshot_in(shorter, "one") == snapshot_in(printed, "one")


def test_a_text_cropped_by_the_console() -> None:
    """The console cut off the ends of the shapes, and all parameters.

    The check compares the remaining parts of the shapes, and does not compare the parameters.
    """
    printed = text(width=40, line_length=60)
    row = snapshot_in(printed, "cut").rows[0]
    assert row.cells["output_shape"] == Cell("(None, 6, 6, 4)", cropped=False) or row.cells["output_shape"].cropped
    assert "params" not in row.cells
    assert said(CHAIN, printed) == []
    wider = said(CHAIN.replace("units: 1000", "units: 2000"), printed)
    assert wider[0].startswith("'dense' (Dense): output shape (None, 2000) in the model, (None, 1000")


def test_a_cropped_number_is_compared_by_its_beginning() -> None:
    lines = text(width=80).splitlines()
    place = max(line.find("145,000") for line in lines)
    cut = "\n".join(line[: place + 4] if line[:1] in "┏┃┡│├└" else line for line in lines)
    row = snapshot_in(cut, "cut").rows[2]
    assert row.cells["params"] == Cell("145,", cropped=True)
    assert said(CHAIN, cut) == []
    assert said(CHAIN.replace("1000", "2000"), cut)[0].startswith(
        "'dense' (Dense): output shape (None, 2000) in the model"
    )


def test_words_that_rich_cropped() -> None:
    spec = CHAIN.replace("name: flat", "name: a_name_that_is_too_long_for_its_column")
    printed = text(spec, width=40)
    cells = snapshot_in(printed, "narrow").rows[1].cells
    assert cells["name"].cropped
    assert cells["name"].text.startswith("a_name_")
    assert cells["type"] == Cell("Flatten")
    assert said(spec, printed) == []
    assert said(spec.replace("a_name_", "no_name_"), printed)[0].startswith("'no_name_that")


OLD = """Model: "model"
__________________________________________________________________________________________________
Layer (type)                    Output Shape         Param #     Connected to
==================================================================================================
input_1 (InputLayer)            [(None, 8)]          0
__________________________________________________________________________________________________
a_dense_layer_of_a_long_name (D (None, 4)            36          input_1[0][0]
__________________________________________________________________________________________________
other (Dense)                   (None, 4)            36          input_1[0][0]
__________________________________________________________________________________________________
add (Add)                       (None, 4)            0           a_dense_layer_of_a_long_name[0][0
                                                                 other[0][0]
==================================================================================================
Total params: 72
Trainable params: 72
Non-trainable params: 0
__________________________________________________________________________________________________
"""
OLD_SPEC = """
inputs: {input_1: [8]}
layers:
  - Dense: {units: 4, name: a_dense_layer_of_a_long_name, from: input_1}
  - Dense: {units: 4, name: other, from: input_1}
  - Add: {from: [a_dense_layer_of_a_long_name, other], name: add}
"""


def test_a_text_of_tensorflow_2_6() -> None:
    """TensorFlow 2.6 crops each cell at the width of its column. It prints each source on its own line, and prints no
    sizes in bytes.
    """
    record = snapshot_in(OLD, "old")
    assert record.format == "keras2"
    assert [row.name for row in record.rows] == ["input_1", "a_dense_layer_of_a_long_name", "other", "add"]
    assert record.rows[0].cells["output_shape"] == Cell("(None, 8)")
    assert record.rows[1].cells["type"] == Cell("D", cropped=True)
    assert record.rows[3].sources == (Cell("a_dense_layer_of_a_long_name[0][0", True), Cell("other[0][0]"))
    assert dict(record.totals) == {
        "params": Cell(72),
        "trainable_params": Cell(72),
        "non_trainable_params": Cell(0),
    }
    assert said(OLD_SPEC, OLD) == []
    result = problems(OLD_SPEC.replace("units: 4", "units: 5"), OLD)
    assert result[0].layer == "a_dense_layer_of_a_long_name"
    assert "parameters 45 in the model, 36 in the record" in result[0].message


def test_a_compiled_model_counts_its_optimizer_in_the_total() -> None:
    """Keras adds the optimizer's variables to the total parameters, but not to the trainable parameters."""
    compiled = text().replace("params: 145,112 (566.84 KB)", "params: 435,338 (1.66 MB)", 1)
    compiled += " Optimizer params: 290,226 (1.11 MB)\n"
    record = snapshot_in(compiled, "compiled")
    assert record.totals["params"] == Cell(145112)
    assert "param_size" not in record.totals
    assert said(CHAIN, compiled) == []
    assert said(CHAIN.replace("units: 1000", "units: 1001"), compiled)[0].startswith("'dense' (Dense)")


def test_all_spellings_of_a_shape_are_equal() -> None:
    one_axis = snapshot_in(text().replace("(None, 144)", "(None,)    "), "one").rows[1]
    assert one_axis.cells["output_shape"] == Cell("(None)")
    lists = snapshot_in(text(kind="keras2").replace("(None, 144)  ", "[(None, 144)]"), "one").rows[1]
    assert lists.cells["output_shape"] == Cell("(None, 144)")


def test_wide_characters_take_two_columns() -> None:
    spec = CHAIN.replace("name: flat", "name: 平らにする層")
    for kind in TEXTS:
        record = snapshot_in(text(spec, kind, width=66), "wide")
        assert [row.name for row in record.rows] == ["conv", "平らにする層", "dense"]
        assert said(spec, record) == []


# Texts that are not records -------------------------------------------------------------------------------------------


def refused(content: str, name: str = "record.txt") -> str:
    with pytest.raises(ConvcalcError) as failed:
        snapshot_in(content, name)
    assert len(failed.value.problems) == 1
    return failed.value.problems[0].message


@pytest.mark.parametrize("kind", TEXTS)
def test_an_incomplete_text_is_one_error(kind: str) -> None:
    """A text that ends within the table is refused. A text without the totals below the table is accepted."""
    lines = text(kind=kind).splitlines(keepends=True)
    whole = next(number for number, line in enumerate(lines) if "Total params" in line)
    for end in range(1, len(lines)):
        cut = "".join(lines[:end])
        if end >= whole:
            assert len(snapshot_in(cut, "cut").rows) == 3
        else:
            message = refused(cut)
            assert "record.txt" in message
            assert "\n" not in message


def test_an_error_says_which_texts_are_records() -> None:
    message = refused("Once upon a time\n")
    assert message.startswith("record.txt is not a record; a record is the text that model.summary() printed")
    assert "only a part of a summary" in refused(" Total params: 1,234 (4.82 KB)\n")
    assert refused("[1, 2]").startswith("record.txt is not a record")


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
def test_any_damaged_text_is_a_record_or_one_error(kind: str) -> None:
    """Inserts and removes random characters in a printed text. The result must be a record, or cause one error."""
    printed, random = text(kind=kind, show_trainable=True), Random(kind)
    for _ in range(400):
        damaged = list(printed)
        for _ in range(random.randint(1, 12)):
            place = random.randrange(len(damaged))
            damaged[place] = random.choice(["", "\n", "│", "|", "…", "(", ")", "é", "層", "\x1b[", "_", "¯", "9" * 40])
        try:
            record = snapshot_in("".join(damaged), "damaged")
            compare_with_snapshot(report_of(CHAIN), record)
        except ConvcalcError:
            pass


# JSON reports, other models, files -----------------------------------------------------------------------------------


def test_a_json_report() -> None:
    report = report_of(CHAIN)
    record = snapshot_in(render(report, "json"), "report.json")
    assert record.format == "report"
    assert said(CHAIN, record) == []
    result = said(CHAIN.replace("filters: 4", "filters: 5"), record)
    assert "MACs" in result[0]
    assert any(message.startswith("in total: MACs ") for message in result)


def test_the_report_of_the_model_among_several() -> None:
    one, other = report_of(CHAIN), report_of(CHAIN.replace("name: chain", "name: other"))
    reports = [json.loads(render(each, "json")) for each in (one, other)]
    for content in (json.dumps(reports), "\n".join(map(json.dumps, reports))):
        for report in (one, other):
            assert snapshot_in(content, "all.json", report).model == report.model.name
        assert "contains 2 records: 'chain' and 'other'" in refused(content)
    texts = text() + text(CHAIN.replace("name: chain", "name: other"))
    assert snapshot_in(texts, "log.txt", other).model == "other"
    assert "none belongs to 'third'" in _refused_for(texts, report_of(CHAIN.replace("name: chain", "name: third")))


def _refused_for(content: str, report) -> str:
    with pytest.raises(ConvcalcError) as failed:
        snapshot_in(content, "log.txt", report)
    return failed.value.problems[0].message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "version 99"),
        ({"layers": {}}, "'layers' of the report is not a list"),
        ({"layers": [3]}, "layers[0] is not a mapping"),
        ({"totals": None}, "'totals' of the report is not a mapping"),
        ({"totals": {"params": "many"}}, "'params' of totals is not a whole number"),
        ({"model": {}}, "'name' of model is missing"),
    ],
)
def test_an_invalid_json_report(change: dict[str, object], message: str) -> None:
    data = {**json.loads(render(report_of(CHAIN), "json")), **change}
    assert message in refused(json.dumps(data), "report.json")


def test_a_report_with_another_memory_convention_is_partly_used() -> None:
    data = json.loads(render(report_of(CHAIN), "json"))
    data["memory"]["dtype"] = "float16"
    record = snapshot_in(json.dumps(data), "report.json")
    assert "peak_activation_bytes" not in record.totals
    assert "output_bytes" not in record.rows[0].cells
    assert record.totals["params"] == Cell(145112)


def test_another_model_is_a_record() -> None:
    assert said(CHAIN, CHAIN) == []
    result = said(CHAIN.replace("kernel_size: 3", "kernel_size: 3, activation: relu"), CHAIN)
    assert len(result) == 1
    assert "argument activation" in result[0]


def test_encodings_of_record_files(tmp_path: Path) -> None:
    path = tmp_path / "record.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):  # the encoding that PowerShell writes
        path.write_text(text(), encoding=encoding)
        assert len(load_snapshot(str(path)).rows) == 3
    (tmp_path / "model.yaml").write_text(CHAIN)
    assert load_snapshot(str(tmp_path / "model.yaml")).format == "report"
    assert load_snapshot(str(MODELS["nested"])).format == "report"
    with pytest.raises(ConvcalcError, match="no such file"):
        load_snapshot(str(tmp_path / "nowhere.txt"))


def test_a_spec_with_a_summary_in_a_comment_is_a_spec() -> None:
    comment = "".join(f"# {line}\n" for line in text().splitlines())
    assert snapshot_in(comment + CHAIN, "spec.yaml").format == "report"


def test_a_keras2_table_that_is_narrower_than_its_lines() -> None:
    """With four ``positions`` for three columns, the table is narrower than its horizontal lines.

    Even the title "Param #" is wrapped.
    """
    report = infer(load(SPECS / "vgg16.yaml"))
    printed = TEXTS["keras2"](report, Options(positions=[0.4, 0.6, 0.75, 1.0]))
    assert refusal(report, "keras2", printed) is None


def test_a_range_is_recognized_by_a_cropped_source() -> None:
    spec = """
inputs: {one: [4, 4, 3], two: [3]}
layers:
  - GlobalAveragePooling2D: {from: one, name: a_pooling_of_a_long_name}
  - ReLU: {from: a_pooling_of_a_long_name, name: relu}
  - Add: {from: [relu, two], name: sum}
  - Flatten: {from: a_pooling_of_a_long_name, name: flat}
outputs: [sum, flat]
"""
    report = infer(read(spec.encode(), "two inputs"))
    printed = TEXTS["keras"](report, Options(width=140, line_length=108, layer_range=("two", "flat")))
    assert "a_pooling_of_a_long_name[…" in printed
    assert refusal(report, "keras", printed) is None


@pytest.mark.parametrize("hidden", ["one", "dense"])
def test_a_changed_source_outside_the_printed_range_is_refused(hidden: str) -> None:
    """In the changed model, ``masking`` and ``relu`` read another layer. Only their connections show this."""
    spec = """
inputs: {one: [4], two: [4]}
layers:
  - Dense: {units: 4, from: two, name: dense}
  - Masking: {from: SOURCE, name: masking}
  - ReLU: {from: SOURCE, name: relu}
  - Add: {from: [masking, relu], name: sum}
  - Concatenate: {from: [sum, one, dense], name: joined}
"""
    report, changed = (infer(read(spec.replace("SOURCE", name).encode(), "spec")) for name in (hidden, "two"))
    printed = TEXTS["keras"](report, Options(width=140, layer_range=("masking", "sum")))
    assert f"{hidden}[0][0]" in printed
    assert refusal(report, "keras", printed) is None
    assert refusal(changed, "keras", printed) is not None


@pytest.mark.parametrize("text", ["keras", "keras2"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "  - ops.relu\n  - ops.sum: {axis: -1}\n"),
        ("", "  - Flatten\n  - ops.negative\n"),
        ("  - GaussianNoise: 0.1\n", "  - ops.relu\n"),
        ("  - Dropout: 0.5\n", "  - ops.relu\n  - Reshape: [[3, 1]]\n"),
    ],
)
def test_layers_added_to_a_sequential_at_its_ends_are_refused(text: str, before: str, after: str) -> None:
    """An operation makes the model functional. A text record of a Sequential shows no inputs, but all its layers."""
    dense = "  - Dense: 3\n"
    report, changed = (
        infer(read(f"input: [4]\nlayers:\n{layers}".encode(), "spec")) for layers in (dense, before + dense + after)
    )
    printed = TEXTS[text](report, Options())
    assert refusal(report, text, printed) is None
    assert refusal(changed, text, printed) is not None


@pytest.mark.parametrize("junk", ["\x1b]", "=\n", "_" * 50 + "x", "│ ", "[0][0]", "\x1b[0;", 'Model: "', "(None, "])
def test_a_long_record_takes_time_in_proportion_to_its_length(junk: str) -> None:
    """With patterns that backtrack, these texts of a megabyte would take hours."""
    report = infer(load(SPECS / "lenet5.yaml"))
    printed = TEXTS["keras"](report, Options())
    for text in (printed + junk * (1_000_000 // len(junk)), junk * (1_000_000 // len(junk)) + "\n" + printed):
        try:
            snapshot_in(text, "record.txt")
        except ConvcalcError as failed:
            assert len(failed.problems) == 1
