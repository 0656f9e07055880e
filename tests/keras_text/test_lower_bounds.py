"""Tests summaries in Keras's format: lower bounds, and the parameters of an optimizer.

The expected numbers are from Keras 3.15.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from convcalc import infer, render
from convcalc.analyse.report import Report
from convcalc.analyse.study import Study
from convcalc.checking.against_snapshot import compare_with_snapshot
from convcalc.read import read
from convcalc.snapshot.load import snapshot_in
from tests.helpers.keras_configs import INPUT, functional, layer, tensor

# A custom layer with unknown weights, and a Dense layer with 4·5 + 5 or 3·4 + 4 parameters.
MINE = layer("Mine", "mine", [tensor("x")], module="my.package")
PARTIAL = functional(INPUT, MINE, layer("Dense", "dense", [tensor("mine")], units=4))


def of(config: dict[str, Any]) -> Report:
    return infer(read(json.dumps(config).encode(), "m.json"))


@pytest.mark.parametrize("format_", ["keras", "keras2"])
def test_lower_bounds_are_marked_in_the_texts_of_keras(format_: str) -> None:
    text = render(of(PARTIAL), format_)
    byte = "B" if format_ == "keras" else "Byte"
    assert f"Total params: ≥ 16 (≥ 64.00 {byte})" in text
    assert f"Trainable params: ≥ 16 (≥ 64.00 {byte})" in text
    assert "Non-trainable params: ? (?)" in text
    assert "0 (unbuilt)" not in text


def test_a_text_record_of_a_partly_unknown_model_keeps_the_bounds() -> None:
    report = of(PARTIAL)
    record = snapshot_in(render(report, "keras"), "record.txt")
    assert record.totals["params"].text == "≥ 16"
    assert compare_with_snapshot(Study.of(report), record)[1] == ()


@pytest.mark.parametrize(
    ("total", "contradicts"),
    [("16", False), ("83,338", False), ("15", True)],
)
def test_a_lower_bound_contradicts_only_a_smaller_number(total: str, contradicts: bool) -> None:
    """The record is the summary that Keras prints of the same model: it has all numbers."""
    study = Study.of(of(PARTIAL))
    text = render(of(PARTIAL), "keras").replace("≥ ", "").replace("Total params: 16", f"Total params: {total}")
    text = text.replace("Non-trainable params: ? (?)", "Non-trainable params: 0 (0.00 B)")
    record = snapshot_in(text, "record.txt")
    message = f"in total: parameters ≥ 16 in the model, {total} in the record"
    hint = "; --allow-incomplete accepts an unknown number"
    assert any(p.message.startswith(message) for p in compare_with_snapshot(study, record)[1])
    assert any(p.message == message + hint for p in compare_with_snapshot(study, record)[1]) is not contradicts
    comparison, allowed = compare_with_snapshot(study, record, allow_incomplete=True)
    assert [p.message for p in allowed] == ([message] if contradicts else [])
    assert comparison.differs is contradicts


@pytest.mark.parametrize(
    ("optimizer", "settings", "variables"),
    [
        ("Adam", {}, "34 (140.00 B)"),
        ("Adam", {"amsgrad": True}, "50 (204.00 B)"),
        ("Adam", {"learning_rate": {"class_name": "CosineDecay"}}, "33 (136.00 B)"),
        ("SGD", {}, "2 (12.00 B)"),
        ("SGD", {"momentum": 0.9}, "18 (76.00 B)"),
        ("RMSprop", {"centered": True, "use_ema": True}, "50 (204.00 B)"),
        ("Muon", {}, "22 (92.00 B)"),
        ("Muon", {"use_ema": True, "gradient_accumulation_steps": 2}, "54 (220.00 B)"),
        ("Muon", {"exclude_layers": ["dense"]}, "? (?)"),
        ("MultiOptimizer", {}, "? (?)"),
    ],
)
def test_a_compiled_model_shows_the_variables_of_its_optimizer(
    optimizer: str, settings: dict[str, Any], variables: str
) -> None:
    config = functional(INPUT, layer("Dense", "dense", [tensor("x")], units=4))
    config["compile_config"] = {
        "optimizer": {"module": "keras.optimizers", "class_name": optimizer, "config": settings}
    }
    text = render(of(config), "keras")
    assert f"Optimizer params: {variables}" in text
    count = variables.split()[0]
    assert f"Total params: {'≥ 16' if count == '?' else 16 + int(count)} (" in text


@pytest.mark.parametrize(
    ("name", "inside", "excluded", "variables"),
    [
        ("dense", "", True, 22),
        ("my_Embedding", "", True, 34),
        ("my_Embedding", "", False, 22),
        # Muon trains a weight as Adam does if "embedding" is in its path. The path has the inner layer's name, not the
        # wrapper's.
        ("embedding", "dense", True, 22),
        ("outer", "embedding", True, 34),
    ],
)
def test_muon_trains_embeddings_as_adam_does(name: str, inside: str, excluded: bool, variables: int) -> None:
    own = layer("Dense", name, [tensor("x")], units=4)
    shape: tuple[int, ...] = (3,)
    if inside:
        dense = {"module": "keras.layers", "class_name": "Dense", "config": {"name": inside, "units": 4}}
        own, shape = layer("TimeDistributed", name, [tensor("x")], layer=dense), (5, 3)
    config = functional(layer("InputLayer", "x", batch_shape=[None, *shape], dtype="float32"), own)
    config["config"]["output_layers"] = [[name, 0, 0]]
    settings = {"exclude_embeddings": excluded}
    config["compile_config"] = {"optimizer": {"module": "keras.optimizers", "class_name": "Muon", "config": settings}}
    assert f"Optimizer params: {variables} (" in render(of(config), "keras")


@pytest.mark.parametrize(
    ("optimizer", "settings", "variables"),
    [
        ("Adam", {"decay": 0.0}, 2),
        ("Nadam", {}, 3),
        ("Muon", {"exclude_layers": ["dense"]}, 2),
        # Only Keras 2 has this setting, so Keras 3 cannot create the optimizer.
        ("Custom>Adam", {"is_legacy_optimizer": False}, None),
    ],
)
def test_the_optimizer_in_an_h5_file_has_no_variables_for_weights(
    optimizer: str, settings: Any, variables: int | None
) -> None:
    """When Keras loads an ``.h5`` file, the optimizer has only its global variables, such as the learning rate."""
    h5py = pytest.importorskip("h5py")
    file = BytesIO()
    with h5py.File(file, "w") as root:
        root.attrs["model_config"] = json.dumps(functional(INPUT, layer("Dense", "dense", [tensor("x")], units=4)))
        compiled = {"optimizer_config": {"class_name": optimizer, "config": settings}, "loss": "mse"}
        root.attrs["training_config"] = json.dumps(compiled)
        root.create_group("model_weights")
        root.create_group("optimizer_weights")
    text = render(infer(read(file.getvalue(), "m.h5")), "keras")
    assert f"Total params: {16 + (variables or 0)} (" in text
    assert (f"Optimizer params: {variables} (" in text) == (variables is not None)


def test_a_sequential_that_is_not_built_has_no_parameters() -> None:
    layers = [layer(name, name.lower(), **args) for name, args in (("Dense", {"units": 2}), ("ReLU", {}))]
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    text = render(of(config), "keras")
    assert "Total params: 0 (0.00 B)" in text and text.count("0 (unbuilt)") == 1


def wrapped(class_name: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


FROZEN = {"trainable": False}
DENSE = wrapped("Dense", units=2)
CELL = wrapped("LSTMCell", units=2)


@pytest.mark.parametrize(
    ("outer", "shape", "trainable"),
    [
        (
            layer("TimeDistributed", "dense", [tensor("x")], layer=wrapped("TimeDistributed", layer=DENSE, **FROZEN)),
            (6, 5, 4),
            10,
        ),
        (layer("TimeDistributed", "dense", [tensor("x")], layer=wrapped("Dense", units=2, **FROZEN)), (5, 4), 0),
        (layer("Bidirectional", "dense", [tensor("x")], layer=wrapped("RNN", cell=CELL, **FROZEN)), (5, 4), 112),
        (layer("Bidirectional", "dense", [tensor("x")], layer=wrapped("LSTM", units=2, **FROZEN)), (5, 4), 0),
        (
            layer("RNN", "dense", [tensor("x")], cell=wrapped("StackedRNNCells", cells=[CELL, CELL], **FROZEN)),
            (5, 4),
            96,
        ),
        (
            layer(
                "TimeDistributed", "dense", [tensor("x")], layer=wrapped("SpectralNormalization", layer=DENSE, **FROZEN)
            ),
            (5, 4),
            10,
        ),
    ],
)
def test_a_frozen_container_in_a_wrapper_freezes_nothing(
    outer: dict[str, Any], shape: tuple[int, ...], trainable: int
) -> None:
    config = functional(layer("InputLayer", "x", batch_shape=[None, *shape], dtype="float32"), outer)
    assert of(config).totals.trainable_params == trainable


def test_an_unknown_operation_of_keras_has_no_weights() -> None:
    operation = layer("Scan", "scan", [tensor("x")], module="keras.src.ops.core")
    totals = of(functional(INPUT, operation, layer("Dense", "dense", [tensor("scan")], units=4))).totals
    assert (totals.params, totals.trainable_params, totals.non_trainable_params) == (16, 16, 0)


def test_where_with_a_condition_alone_is_int64() -> None:
    operation = layer("Where", "dense", [tensor("x")], module="keras.src.ops.numpy")
    (result,) = of(functional(INPUT, operation)).layers[1].calls
    assert result.output_dtypes == ("int64",)
