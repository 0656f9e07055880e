"""Tests TensorFlow SavedModels that Keras 2 (``model.save``), Keras 3 (``model.export``) or TensorFlow alone writes.

``tests/live/test_saved_models.py`` compares reports on SavedModels with the saved Keras models.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.analyse.explain import explain
from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.cli import main
from convcalc.read import load
from convcalc.read.keras_files import saved_model as module
from convcalc.read.keras_files import saved_objects, wire
from tests.helpers.saved_models import Writer, described, graph_model, message, plain_object, saved_model, variable

DENSE = {
    "units": 2,
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
    "bias_initializer": {"class_name": "Zeros", "config": {}},
    **dict.fromkeys(("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")),
}
POOLING = {"data_format": "channels_last", "keepdims": False}


def entry(description: dict[str, Any], before: str | None) -> dict[str, Any]:
    nodes = [] if before is None else [[[before, 0, 0, {}]]]
    own = {key: description[key] for key in ("class_name", "config", "name")}
    return {**own, "inbound_nodes": nodes}


def functional_folder(folder: Path) -> Path:
    """Writes a model with a custom layer between an input and layers of Keras. The custom layer has a frozen weight."""
    writer = Writer()
    start = described("InputLayer", "start", batch_input_shape=[None, 8, 8, 3])
    block = described("Own>Block", "block", [None, 8, 8, 3], filters=4)
    pool = described("GlobalAveragePooling2D", "pool", [None, 6, 6, 4], **POOLING)
    head = described("Dense", "head", [None, 4], **DENSE)
    kernel, mean = writer.add(variable("block/kernel", (3, 3, 3, 4))), writer.add(variable("block/mean", (4,)))
    weights = [writer.add(variable("head/kernel", (4, 2))), writer.add(variable("head/bias", (2,)))]
    layers = [
        writer.layer(start),
        writer.layer(block, [kernel, mean], trainable=[kernel]),
        writer.layer(pool),
        writer.layer(head, weights),
    ]
    config = {
        "name": "whole",
        "layers": [entry(start, None), entry(block, "start"), entry(pool, "block"), entry(head, "pool")],
        "input_layers": [["start", 0, 0]],
        "output_layers": [["head", 0, 0]],
    }
    root = {**described("Functional", "whole"), "config": config}
    writer.layer(root, [kernel, mean, *weights], layers, [kernel, *weights], root=True)
    return writer.write(folder)


def subclassed_writer() -> Writer:
    """Returns a writer of a custom model. It has a nested model, a frozen layer, and a variable that belongs to no
    layer.
    """
    writer = Writer()
    weights = [writer.add(variable(f"whole/{name}", sizes)) for name, sizes in (("a/kernel", (8, 2)), ("a/bias", (2,)))]
    frozen = writer.add(variable("whole/b/kernel", (2, 5)))
    own = writer.add(variable("whole/temperature", ()))
    first = writer.layer(described("Dense", "a", [None, 8], **DENSE), weights)
    second = writer.layer({**described("Dense", "b", [None, 2]), "trainable": False}, [frozen], trainable=[])
    empty = writer.layer(described("Flatten", "flat", [None, 2]))
    inner = writer.layer(described("Sequential", "inner", [None, 8]), [*weights, frozen], [first, second], weights)
    root = {**described("Whole", "whole", [None, 8]), "config": {}}
    writer.layer(root, [own, *weights, frozen], [empty, inner], [own, *weights], root=True)
    return writer


def rows(report: Report) -> list[tuple[str, str, Any, Any]]:
    return [(row.path, row.class_name, row.params, row.trainable_params) for row in report.layers]


def totals(report: Report) -> tuple[Any, Any]:
    return report.totals.params, report.totals.trainable_params


def test_a_config_in_the_metadata_is_read_with_the_weights_and_shapes_that_the_folder_stores(tmp_path: Path) -> None:
    report = infer(load(functional_folder(tmp_path / "m")))
    assert rows(report) == [
        ("start", "InputLayer", 0, 0),
        ("block", "Block", 112, 108),
        ("pool", "GlobalAveragePooling2D", 0, 0),
        ("head", "Dense", 10, 10),
    ]
    assert totals(report) == (122, 118)
    assert [row.output_shapes[0] for row in report.layers][1:] == [(UNKNOWN, 6, 6, 4), (UNKNOWN, 4), (UNKNOWN, 2)]


def test_a_custom_class_has_a_row_for_each_layer_with_exact_trainable_counts(tmp_path: Path) -> None:
    report = infer(load(subclassed_writer().write(tmp_path / "m")))
    assert report.model.name == "whole" and report.model.class_name == "Whole"
    assert rows(report) == [
        ("vars", "Variables", 1, 1),
        ("flat", "Flatten", 0, 0),
        ("inner", "Sequential", 28, 18),
        ("inner/a", "Dense", 18, 18),
        ("inner/b", "Dense", 10, 0),
    ]
    assert totals(report) == (29, 19)
    assert report.input_shapes == ((UNKNOWN, 8),)


def pair(*items: Any) -> Any:
    """Returns a tuple as a SavedModel stores it."""
    return {"class_name": "__tuple__", "items": list(items)}


# Each case is a function, its arguments, and the output shape that tf_keras gives for the input (None, 6, 8).
@pytest.mark.parametrize(
    ("function", "arguments", "shape"),
    [
        (
            "__operators__.getitem",
            {"slice_spec": pair(*({"start": a, "stop": b, "step": None} for a, b in ((None, None), (2, 5))))},
            (UNKNOWN, 3, 8),
        ),
        ("__operators__.getitem", {"slice_spec": pair({"class_name": "__ellipsis__"}, 0)}, (UNKNOWN, 6)),
        ("compat.v1.transpose", {"perm": pair(0, 2, 1)}, (UNKNOWN, 8, 6)),
        ("compat.v1.pad", {"paddings": pair(pair(0, 0), pair(1, 2), pair(0, 0))}, (UNKNOWN, 9, 8)),
        ("reshape", {"shape": pair(-1, 4, 12)}, (UNKNOWN, 4, 12)),
        ("math.reduce_mean", {"axis": pair(1, 2)}, (UNKNOWN,)),
    ],
)
def test_tuples_in_the_arguments_of_functions(
    function: str, arguments: dict[str, Any], shape: tuple[Any, ...], tmp_path: Path
) -> None:
    slicing = function == "__operators__.getitem"
    writer = Writer()
    start = described("InputLayer", "x", batch_input_shape=pair(None, 6, 8))
    call = described("SlicingOpLambda" if slicing else "TFOpLambda", "f", [None, 6, 8], function=function)
    layers = [writer.layer(start), writer.layer(call)]
    nodes = {"name": "f", "inbound_nodes": [["x", 0, 0, arguments]]}
    config = {
        "name": "m",
        "layers": [entry(start, None), {**entry(call, "x"), **nodes}],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["f", 0, 0]],
    }
    writer.layer({**described("Functional", "m"), "config": config}, [], layers, [], root=True)
    assert infer(load(writer.write(tmp_path / "m"))).layers[-1].output_shapes[0] == shape


def test_metadata_of_tensorflow_before_2_5_is_in_the_objects(tmp_path: Path) -> None:
    writer = subclassed_writer()
    new = infer(load(writer.write(tmp_path / "new")))
    for number, description in writer.metadata.items():
        writer.objects[number] += message((4, message((1, "_tf_keras_layer"), (3, json.dumps(description)))))
    writer.metadata = {}
    assert rows(infer(load(writer.write(tmp_path / "old")))) == rows(new)


def test_a_variable_that_two_layers_share_counts_once(tmp_path: Path) -> None:
    writer = Writer()
    kernel = writer.add(variable("k", (4, 3)))
    first, second = (writer.layer(described("Own", name), [kernel]) for name in ("a", "b"))
    both = writer.layer(described("Both", "both"), [kernel], [first, second])
    writer.layer({**described("Whole", "w"), "config": {}}, [kernel], [both, first], root=True)
    report = infer(load(writer.write(tmp_path / "m")))
    assert rows(report) == [("both", "Both", 12, 12), ("a", "Own", 12, 12)]
    assert totals(report) == (12, 12)


def test_an_exported_model_has_its_variables_by_name(tmp_path: Path) -> None:
    writer = Writer()
    names = [("conv/kernel", (3, 3, 1, 2)), ("inner/dense/kernel", (2, 4)), ("inner/dense/bias", (4,))]
    trained = [writer.add(variable(name, sizes)) for name, sizes in names]
    mean = writer.add(variable("norm/moving_mean", (2,), False))
    seed = writer.add(variable("seed_generator/seed_generator_state", (2,), False, "int64"))
    lists = {"variables": writer.listed([*trained, mean, seed]), "trainable_variables": writer.listed(trained)}
    writer.objects[0] = plain_object(lists)
    report = infer(load(writer.write(tmp_path / "m")))
    assert rows(report) == [
        ("conv", "?", 18, 18),
        ("inner", "?", 12, 12),
        ("inner/dense", "?", 12, 12),
        ("norm", "?", 2, 0),
    ]
    assert totals(report) == (32, 30)
    assert "no config of Keras" in report.problems[0].message


def test_a_module_without_keras_has_its_variables_by_attribute(tmp_path: Path) -> None:
    writer = Writer()
    inside = writer.listed([writer.add(variable("Variable", (2,))), writer.add(variable("Variable", (), False))])
    slots = writer.add(plain_object({"m": writer.add(variable("Adam/m", (99,)))}))
    kernel = writer.add(variable("w", (3, 4), dtype="bfloat16"))
    writer.objects[0] = plain_object({"w": kernel, "parts": inside, "again": inside, "optimizer": slots, "self": 0})
    report = infer(load(writer.write(tmp_path / "m")))
    assert rows(report) == [("vars", "Variables", 12, 12), ("parts", "?", 3, 2)]
    assert report.totals.param_bytes == 36


def test_a_model_of_tensorflow_1_has_the_variables_of_its_graph(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    nodes = [("a/w", "VarHandleOp", (3, 4)), ("x", "Placeholder", (7,)), ("a/step", "VariableV2", (5,))]
    folder.joinpath("saved_model.pb").write_bytes(graph_model(nodes, ["a/w"]))
    report = infer(load(folder))
    assert rows(report) == [("a", "?", 17, 12)]


def test_the_files_of_the_folder_can_be_given_directly(tmp_path: Path) -> None:
    folder = functional_folder(tmp_path / "m")
    assert rows(infer(load(folder / "saved_model.pb"))) == rows(infer(load(folder)))
    alone = tmp_path / "keras_metadata.pb"
    alone.write_bytes((folder / "keras_metadata.pb").read_bytes())
    assert [row.params for row in infer(load(alone)).layers] == [0, UNKNOWN, 0, UNKNOWN]


@pytest.mark.parametrize(
    "command",
    [
        ["summary", "m", "--verify"],
        ["check", "m"],
        ["explain", "m", "block"],
        ["diff", "m", "m"],
        ["convert", "m", "-o", "written.json"],
        ["summary", "m", "--weights", "m"],
    ],
    ids=lambda command: command[0],
)
def test_a_folder_is_a_model_of_every_command(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    functional_folder(tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as done:
        main(command)
    assert done.value.code == 0, capsys.readouterr().err


def test_audit_reads_the_configs_of_all_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = subclassed_writer()
    lambda_layer = writer.layer(described("Lambda", "code", function=["4wEAAA==", None, None], function_type="lambda"))
    writer.layer({**described("Whole", "w"), "config": {}}, [], [lambda_layer], root=True)
    folder = writer.write(tmp_path / "m")
    with pytest.raises(SystemExit) as done:
        main(["audit", str(folder)])
    assert done.value.code == 1
    output = capsys.readouterr()
    assert "runs-code: Lambda 'code'" in output.out
    assert "of its TensorFlow graph, only operations on files and calls of Python were checked" in output.err


def test_a_layer_without_calls_is_explained_as_a_layer_of_keras(tmp_path: Path) -> None:
    report = Study.of(infer(load(subclassed_writer().write(tmp_path / "m"))))
    assert "is a Keras layer, but the file does not contain its calls" in explain(report, "inner/a").summary


# Damaged and hostile files --------------------------------------------------------------------------------------------


def refusal(content: bytes, folder: Path, name: str = "saved_model.pb") -> ConvcalcError:
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(ConvcalcError) as refused:
        infer(load(path))
    return refused.value


START = b"\x08\x01\x12"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (START, codes.DAMAGED),
        (START + b"\xff" * 30, codes.DAMAGED),
        (START + b"\x7f", codes.DAMAGED),
        (START + b"\x02\x3b\x3b", codes.DAMAGED),
        (START + b"\x00", codes.NOT_A_MODEL),
        (message((1, 1), (2, message((7, b"")))), codes.NOT_A_MODEL),
        (message((1, 1), (2, message((7, 5)))), codes.DAMAGED),
        (saved_model([plain_object({})]), codes.NOT_A_MODEL),
        (saved_model([plain_object({"variables": 7})]), codes.DAMAGED),
        (saved_model([plain_object({"variables": 2**64 - 1})]), codes.DAMAGED),
        (saved_model([plain_object({"variables": 1}), plain_object({"0": 0})]), codes.DAMAGED),
        (saved_model([plain_object({"w": 1}), variable("w", [1] * 65)]), codes.DAMAGED),
        (saved_model([plain_object({}, "{")]), codes.JSON_SYNTAX),
        (saved_model([plain_object({}, "[" * 300)]), codes.TOO_DEEP),
    ],
)
def test_damaged_bytes_are_one_error(content: bytes, code: str, tmp_path: Path) -> None:
    problems = refusal(content, tmp_path).problems
    assert [problem.code for problem in problems] == [code]
    assert "saved_model.pb:" in problems[0].message


def test_random_changes_of_the_bytes_are_errors_or_models(tmp_path: Path) -> None:
    folder = functional_folder(tmp_path / "m")
    for name in ("saved_model.pb", "keras_metadata.pb"):
        path = folder / name
        content = path.read_bytes()
        rng = random.Random(1)
        for _ in range(150):
            changed = bytearray(content)
            for _ in range(rng.randint(1, 4)):
                changed[rng.randrange(3, len(changed))] = rng.randrange(256)
            path.write_bytes(changed[: rng.randint(len(changed) // 2, len(changed))])
            try:
                infer(load(folder))
            except ConvcalcError as refused:
                assert refused.problems
        path.write_bytes(content)


def test_layers_that_contain_themselves_are_an_error(tmp_path: Path) -> None:
    writer = Writer()
    inner = writer.layer(described("Own", "own"))
    children = writer.add(plain_object({"layers": writer.listed([inner])}))
    writer.objects[inner] = plain_object({"keras_api": children, "variables": writer.listed([])})
    writer.layer({**described("Whole", "w"), "config": {}}, [], [inner], root=True)
    problems = load(writer.write(tmp_path / "m")).problems
    assert [problem.code for problem in problems if problem.code == codes.TOO_DEEP] == [codes.TOO_DEEP]


@pytest.mark.parametrize(
    ("place", "limit"),
    [
        (wire, "MAX_FIELDS"),
        (saved_objects, "MAX_SIZE"),
        (saved_objects, "MAX_OBJECTS"),
        (saved_objects, "MAX_LISTED"),
        (module, "MAX_ROWS"),
    ],
)
def test_limits(place: Any, limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = subclassed_writer().write(tmp_path / "m")
    monkeypatch.setattr(place, limit, 3)
    try:
        problems = load(folder).problems
    except ConvcalcError as refused:
        problems = tuple(refused.problems)
    assert codes.TOO_LARGE in [problem.code for problem in problems]


def test_a_graph_without_variables_is_named(tmp_path: Path) -> None:
    node = message((1, "x"), (2, "Placeholder"))
    problems = refusal(message((1, node), (1, node)), tmp_path, "frozen.pb").problems
    assert problems[0].code == codes.NOT_A_MODEL and "is a TensorFlow graph" in problems[0].message


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_layer_that_two_models_share_is_counted_once(tmp_path: Path, is_shared: bool) -> None:
    writer = Writer()
    start, head = (
        described("InputLayer", "start", batch_input_shape=[None, 4]),
        described("Dense", "head", None, **DENSE),
    )
    own, other = (
        [writer.add(variable("head/kernel", (4, 2))), writer.add(variable("head/bias", (2,)))] for _ in range(2)
    )
    inner = {
        "name": "inner",
        "layers": [entry(start, None), entry(head, "start")],
        "input_layers": [["start", 0, 0]],
        "output_layers": [["head", 0, 0]],
    }
    nested = {**described("Functional", "inner"), "config": inner}
    config = {
        "name": "whole",
        "layers": [entry(start, None), entry(head, "start"), entry(nested, "start")],
        "input_layers": [["start", 0, 0]],
        "output_layers": [["head", 0, 0], ["inner", 1, 0]],
    }
    inside = own if is_shared else other
    every = own if is_shared else [*own, *other]
    first, second = (writer.layer(head, own), writer.layer(nested, inside, [writer.layer(head, inside)]))
    root = {**described("Functional", "whole"), "config": config}
    writer.layer(root, every, [writer.layer(start), first, second], root=True)
    report = infer(load(writer.write(tmp_path / "m")))
    assert [row[2] for row in rows(report) if row[0] in ("head", "inner")] == [10, 10]
    assert report.totals.params == (10 if is_shared else 20)


def model_with_an_unknown_size(kind: str, folder: Path) -> Path:
    """Writes a model with a variable of 5 elements, and one whose size the file does not state."""
    writer = Writer()
    if kind == "graph":
        folder.mkdir()
        nodes = [("a/w", "VarHandleOp", (5,)), ("b/state", "VarHandleOp", (-1,))]
        (folder / "saved_model.pb").write_bytes(graph_model(nodes, ["a/w"]))
        return folder
    known, unknown = writer.add(variable("w", (5,))), writer.add(variable("state", (-1,), False))
    if kind == "module":
        inner = writer.add(plain_object({"w": known}))
        writer.objects[0] = plain_object({"a": inner, "b": writer.add(plain_object({"state": unknown}))})
        return writer.write(folder)
    described_layers = [described("Own", "a", [None, 5]), described("Own", "b", [None, 5])]
    numbers = [writer.layer(each, [weight]) for each, weight in zip(described_layers, (known, unknown))]
    root = described("Whole", "whole", [None, 5])
    if kind == "functional":
        start = described("InputLayer", "start", batch_input_shape=[None, 5])
        numbers.insert(0, writer.layer(start))
        entries = [entry(start, None), entry(described_layers[0], "start"), entry(described_layers[1], "a")]
        root = {**described("Functional", "whole"), "config": {"name": "whole", "layers": entries}}
        root["config"] |= {"input_layers": [["start", 0, 0]], "output_layers": [["b", 0, 0]]}
    writer.layer(root, [known, unknown], numbers, [known], root=True)
    return writer.write(folder)


@pytest.mark.parametrize("kind", ["functional", "subclassed", "module", "graph"])
def test_a_variable_of_unknown_size_makes_the_total_a_lower_bound(kind: str, tmp_path: Path) -> None:
    report = infer(load(model_with_an_unknown_size(kind, tmp_path / "m")))
    params = {row.name: row.params for row in report.layers if row.class_name != "InputLayer"}
    assert params == {"a": 5, "b": UNKNOWN}
    assert report.totals.params == 5
    assert report.totals.incomplete["params"] == "partial"
    (problem,) = (problem for problem in report.problems if problem.code == codes.UNKNOWN_SIZE)
    assert "so the number of parameters is a lower bound" in problem.message
