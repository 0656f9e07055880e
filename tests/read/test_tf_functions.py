"""Tests TensorFlow functions in files of Keras 2. The expected rows are from the summaries of tf_keras.

``python -m tests.live.tf_functions`` stored these rows.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.model import Slot
from convcalc.ops import TENSORFLOW, Tensor, find_operation
from convcalc.ops.registry import REGISTERED
from convcalc.read import read
from convcalc.write.config import config_json
from convcalc.write.python import python_code
from convcalc.write.spec import spec_yaml
from tests.live.tf_functions import INPUTS, NOT_RECORDED, STORED, rows

CASES: list[dict[str, Any]] = json.loads(STORED.read_text(encoding="utf-8"))

ODD: list[Any] = [
    10**9, 10**30, -1, -(10**30), 0, 2.5, float("nan"), float("inf"), True, None, "foo", "", [], [[]], [1, [2]],
    [10**12] * 3, {"a": 1}, slice(None, 10**12), ..., ["x"], list(range(50)), [None, None], [-1, -1], Slot(0), [Slot(0)],
]  # fmt: skip


def report_of(config: Any) -> Any:
    return infer(read(json.dumps(config).encode(), "model.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["expression"])
def test_rows_are_those_of_keras(case: dict[str, Any]) -> None:
    found = rows(report_of(case["config"]))
    if not case["expression"].startswith(NOT_RECORDED):
        assert found == case["rows"]
        return
    assert [row[0] for row in found] == [row[0] for row in case["rows"]]
    for (name, shapes, params), (_, theirs, expected) in zip(found, case["rows"]):
        if name.startswith(NOT_RECORDED):
            # The file does not record the tensors of this function, so sizes may be unknown. Known sizes must be right.
            assert all(
                shape is None or (len(shape) == len(other) and all(n is None or n == m for n, m in zip(shape, other)))
                for shape, other in zip(shapes, theirs)
            )
        else:
            assert (shapes, params) == (theirs, expected)


def model(*layers: dict[str, Any], outputs: list[Any]) -> dict[str, Any]:
    start = {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, 6, 8], "dtype": "float32", "name": "x"},
        "name": "x",
        "inbound_nodes": [],
    }
    config = {"name": "m", "layers": [start, *layers], "input_layers": [["x", 0, 0]], "output_layers": outputs}
    return {"class_name": "Functional", "config": config}


def layer(class_name: str, name: str, config: dict[str, Any], nodes: list[Any], **more: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, **config}, "name": name, "inbound_nodes": nodes, **more}


def function(name: str, of: str, nodes: list[Any], **more: Any) -> dict[str, Any]:
    return layer("TFOpLambda", name, {"function": of}, nodes, **more)


def dense(name: str, source: str, **more: Any) -> dict[str, Any]:
    return layer("Dense", name, {"units": 3}, [[[source, 0, 0, {}]]], **more)


def test_layers_keep_their_rows_if_the_file_does_not_record_who_reads_them() -> None:
    """For ``tf.einsum("bij,bkj->bik", left, right)``, Keras 2 writes only the equation.

    So no call in the file reads the layers that compute ``left`` and ``right``.
    """
    report = report_of(
        model(
            dense("left", "x"),
            dense("right", "x"),
            function("tf.einsum", "einsum", [["_CONSTANT_VALUE", -1, "bij,bkj->bik", {}]]),
            outputs=[["tf.einsum", 0, 0]],
        )
    )
    assert rows(report) == [
        ["x", [[None, 6, 8]], 0],
        ["left", [[None, 6, 3]], 27],
        ["right", [[None, 6, 3]], 27],
        ["tf.einsum", [[None, None, None]], 0],
    ]
    assert report.totals.params == 54


def test_a_warning_says_that_connections_of_a_function_are_a_guess() -> None:
    report = report_of(
        model(
            dense("left", "x"),
            dense("right", "x"),
            function("tf.einsum", "einsum", [["_CONSTANT_VALUE", -1, "bij,bkj->bik", {}]]),
            outputs=[["tf.einsum", 0, 0]],
        )
    )
    (problem,) = report.model.problems
    assert problem.layer == "tf.einsum"
    assert "'left' and 'right'" in problem.message


@pytest.mark.parametrize(
    ("of", "call", "shape"),
    [
        ("linalg.matmul", {"b": ["x", 0, 0]}, [None, 6, 8]),
        ("concat", {"axis": 1}, [None, 12, 6]),
        ("__operators__.add", {"y": 1}, [None, 6, 6]),
        ("math.reduce_mean", {"axis": 1}, [None, 6]),
        ("math.truediv", {"y": 2}, [None, 6, 6]),
        ("nn.gelu", {}, [None, 6, 6]),
    ],
)
def test_a_function_of_a_tensor_of_unknown_dtype(of: str, call: dict[str, Any], shape: list[int | None]) -> None:
    """The custom layer has an output of unknown dtype, so the Softmax after it has one too."""
    layers = [
        layer("Mine", "mine", {}, [[["x", 0, 0, {}]]]),
        layer("Softmax", "softmax", {"axis": -1}, [[["mine", 0, 0, {}]]], build_config={"input_shape": [None, 6, 6]}),
    ]
    first = ["softmax", 0, 0, call]
    node = [["softmax", 0, 0, {}], first] if of == "concat" else first
    report = report_of(model(*layers, function("f", of, [node]), outputs=[["f", 0, 0]]))
    assert [problem.layer for problem in report.problems] == ["mine"]
    assert rows(report)[-1][1] == [shape]


@pytest.mark.parametrize("name", ["numpy_function", "raw_ops.Roll", "signal.dct_of_someone"])
def test_the_output_of_an_unknown_function_has_the_shape_that_the_next_layer_records(name: str) -> None:
    layers = [function("f", name, [["x", 0, 0, {}]])]
    built = dense("d", "f", build_config={"input_shape": [None, 5, 7]})
    report = report_of(model(*layers, built, outputs=[["d", 0, 0]]))
    assert rows(report)[1][1] == [[None, 5, 7]]
    assert rows(report)[2] == ["d", [[None, 5, 3]], 24]
    report = report_of(model(*layers, dense("d", "f"), outputs=[["d", 0, 0]]))
    assert [row[1] for row in rows(report)[1:]] == [[None], [None]]


def test_the_recorded_shape_of_a_shared_layer_may_belong_to_any_of_its_calls() -> None:
    shared = layer(
        "Dense",
        "d",
        {"units": 3},
        [[["f", 0, 0, {}]], [["x", 0, 0, {}]]],
        build_config={"input_shape": [None, 6, 8]},
    )
    report = report_of(model(function("f", "unknown", [["x", 0, 0, {}]]), shared, outputs=[["d", 0, 0], ["d", 1, 0]]))
    assert rows(report)[1][1] == [None]


@pytest.mark.parametrize(
    ("of", "kwargs", "expected"),
    [
        ("split", {"num_or_size_splits": [1, 7], "axis": -1}, [[None, 6, 1], [None, 6, 7]]),
        ("split", {"num_or_size_splits": [1, -1, 2], "axis": -1}, [[None, 6, 1], [None, 6, 5], [None, 6, 2]]),
        ("split", {"num_or_size_splits": 2, "axis": 1}, [[None, 3, 8], [None, 3, 8]]),
        ("one_hot", {"depth": 4, "axis": 0}, [[4, None, 6, 8]]),
        ("reshape", {"shape": "any"}, [None]),
    ],
)
def test_arguments(of: str, kwargs: dict[str, Any], expected: list[Any]) -> None:
    report = report_of(model(function("f", of, [["x", 0, 0, kwargs]]), outputs=[["f", 0, 0]]))
    assert rows(report)[1][1] == expected


def test_half_precision_stays_half_with_constants() -> None:
    """TensorFlow converts a constant to the dtype of the tensor. The tensor keeps its dtype."""
    cast = function("half", "cast", [["x", 0, 0, {"dtype": "float16"}]])
    product = function("f", "linalg.matmul", [["half", 0, 0, {"b": [[1.0, 2.0]] * 8}]])
    joined = function("g", "concat", [[["f", 0, 0, {"axis": 1}], ["_CONSTANT_VALUE", -1, [[[0.5, 0.5]]], {"axis": 1}]]])
    report = report_of(model(cast, product, joined, outputs=[["g", 0, 0]]))
    assert [row.calls[-1].output_dtypes for row in report.layers][1:] == [("float16",)] * 3
    assert rows(report)[2:] == [["f", [[None, 6, 2]], 0], ["g", [[1, 7, 2]], 0]]


@pytest.mark.parametrize("write", [config_json, python_code, spec_yaml])
def test_what_keras_3_does_not_have_is_not_written(write: Any) -> None:
    shape = function("s", "compat.v1.shape", [["x", 0, 0, {"name": None, "out_type": "int32"}]])
    reshaped = function("r", "reshape", [["x", 0, 0, {"shape": ["s", 0, 0]}]])
    report = report_of(model(shape, reshaped, outputs=[["r", 0, 0]]))
    with pytest.raises(ConvcalcError, match=r"calls tf.shape of TensorFlow"):
        write(report)


@pytest.mark.parametrize(
    ("of", "kwargs", "written"),
    [
        ("split", {"num_or_size_splits": [1, 5, 2], "axis": -1}, '"indices_or_sections": [1, 6]'),
        ("nn.depth_to_space", {"block_size": 2}, '"block_size": 2'),
        ("pad", {"paddings": [[0, 0], [1, 2], [0, 0]], "mode": "REFLECT"}, '"mode": "reflect"'),
    ],
)
def test_what_keras_3_has_is_written(of: str, kwargs: dict[str, Any], written: str) -> None:
    first = function("r", "reshape", [["x", 0, 0, {"shape": [-1, 2, 3, 8]}]])
    name = "r" if of.startswith("nn.") else "x"
    report = report_of(model(first, function("f", of, [[name, 0, 0, kwargs]]), outputs=[["f", 0, 0], ["r", 0, 0]]))
    assert written in json.dumps(json.loads(config_json(report)))


def test_any_argument_gives_a_result_at_once() -> None:
    find_operation("tf.shape", TENSORFLOW)
    tensors = [Tensor((2, 6, 8), "float32"), Tensor((3,), "int32", (2, 6, UNKNOWN)), Tensor((), "int32", 3)]
    values = [*ODD, Slot(1), Slot(2), [Slot(2), 2], [1, 2, -1], 2, "SAME", [[1, 1], [0, 2], [1, 0]]]
    tried = 0
    for (module, _), operation in list(REGISTERED.items()):
        if module != TENSORFLOW:
            continue
        first, *others = operation.parameters
        for value in values:
            began = time.process_time()
            for names in ([], others[:1], others):
                given = {first: Slot(0), **dict.fromkeys(names, value)}
                assert len(operation.infer({}, given, tensors).outputs) <= 10_000
            for other in others:
                operation.infer({}, {first: [Slot(0), value], other: 1}, tensors)
            operation.infer({}, {first: value, **dict.fromkeys(others, 1)}, tensors)
            tried += 1
            assert time.process_time() - began < 0.5, f"{operation.name} {value!r:.60}"
    assert tried > 3000


def test_the_inputs_of_the_expressions_are_those_of_the_models() -> None:
    for case in CASES:
        for entry in case["config"]["config"]["layers"]:
            if entry["class_name"] == "InputLayer":
                shape, dtype, batch = INPUTS[entry["name"]]
                assert entry["config"]["batch_input_shape"] == [batch, *shape]
                assert entry["config"]["dtype"] == dtype
