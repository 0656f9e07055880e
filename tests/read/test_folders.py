"""Tests models that are not in one Keras file: unpacked archives, presets of keras_hub, and models of TensorFlow.js.

The numbers are from Keras 3.15.1, keras_hub 0.32, tf_keras 2.21 and the converter of TensorFlow.js 4.22. SavedModels are tested
in ``test_saved_models.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.checking.verify import verify
from convcalc.read import config_in, load, read
from convcalc.read.keras_files.weights import stored_weights
from tests.helpers.keras_configs import INPUT, layer, sequential
from tests.helpers.weights_files import tree

DENSE = sequential(INPUT, layer("Dense", "dense", units=4))
FOREIGN = sequential(INPUT, layer("Own", "own", module="mine"), layer("Dense", "dense", units=4))


def backbone(class_name: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras_hub.src", "class_name": class_name, "config": {"name": "m", **config}}


def folder_of(path: Path, files: dict[str, Any]) -> Path:
    path.mkdir()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.joinpath(name).write_bytes(data)
    return path


def params(report: Report) -> dict[str, Any]:
    return {row.path: row.params for row in report.layers}


# Unpacked archives and presets ----------------------------------------------------------------------------------------


def test_an_unpacked_archive_is_read_with_its_weights(tmp_path: Path) -> None:
    weights = tree({"layers/own/vars/0": (3, 5), "layers/dense/vars/0": (5, 4), "layers/dense/vars/1": (4,)})
    files = {"config.json": FOREIGN, "metadata.json": {"keras_version": "3.15.1"}, "model.weights.h5": weights}
    folder = folder_of(tmp_path / "m", files)
    report = infer(load(folder))
    assert params(report) == {"own": 15, "dense": 24}
    assert report.totals.params == 39
    assert verify(report, stored_weights(folder, report.model)).problems == ()
    assert config_in(folder) == FOREIGN


def test_a_preset_has_the_layers_in_its_weights(tmp_path: Path) -> None:
    weights = tree({"layers/dense/vars/0": (8, 8), "layers/dense/vars/1": (8,)}, {"layers/dense": "pooled"})
    folder = folder_of(tmp_path / "m", {"config.json": backbone("BertBackbone"), "model.weights.h5": weights})
    report = infer(load(folder))
    assert params(report) == {"layers/dense": 72}
    assert (report.model.class_name, report.totals.params) == ("BertBackbone", 72)


def test_a_preset_of_a_task_has_the_weights_of_its_backbone_and_its_own(tmp_path: Path) -> None:
    files = {
        "config.json": backbone("BertBackbone"),
        "task.json": backbone("BertTextClassifier", backbone=backbone("BertBackbone")),
        "model.weights.h5": tree({"layers/dense/vars/0": (8, 8)}, {"": "bert_backbone"}),
        "task.weights.h5": tree({"layers/dense/vars/0": (8, 3), "optimizer/vars/0": ()}, {"layers/dense": "logits"}),
    }
    folder = folder_of(tmp_path / "m", files)
    report = infer(load(folder))
    assert params(report) == {"backbone": 64, "backbone/layers/dense": 64, "layers/dense": 24}
    assert (report.model.class_name, report.totals.params) == ("BertTextClassifier", 88)
    assert infer(load(folder / "config.json")).totals.params == 64


def test_a_task_without_weights_of_its_own_has_those_of_its_backbone(tmp_path: Path) -> None:
    weights = tree({"layers/dense/vars/0": (8, 8)})
    files = {"config.json": backbone("B"), "task.json": backbone("CausalLM"), "model.weights.h5": weights}
    report = infer(load(folder_of(tmp_path / "m", files)))
    assert (report.model.class_name, report.totals.params) == ("CausalLM", 64)


def shards(*parts: bytes, list_name: str = "model") -> dict[str, Any]:
    names = [f"{list_name}_{number:05}.weights.h5" for number in range(len(parts))]
    return {f"{list_name}.weights.json": {"weight_map": {"/layers": names}}, **dict(zip(names, parts))}


SHARDS = shards(
    tree({"layers/dense/vars/0": (8, 8)}, {"": "bert_backbone"}),
    tree({"layers/dense/vars/1": (8,), "layers/embedding/vars/0": (5, 8)}, {"layers/dense": "pooled"}),
)


def test_a_preset_has_the_layers_in_its_sharded_weights(tmp_path: Path) -> None:
    report = infer(load(folder_of(tmp_path / "m", {"config.json": backbone("BertBackbone"), **SHARDS})))
    assert params(report) == {"layers/dense": 72, "layers/embedding": 40}
    assert (report.model.class_name, report.totals.params) == ("BertBackbone", 112)


@pytest.mark.parametrize("has_head", [True, False])
def test_a_task_has_the_sharded_weights_of_its_backbone(tmp_path: Path, has_head: bool) -> None:
    files = {"config.json": backbone("BertBackbone"), "task.json": backbone("Classifier"), **SHARDS}
    if has_head:
        files["task.weights.h5"] = tree({"layers/dense/vars/0": (8, 3)}, {"layers/dense": "logits"})
    report = infer(load(folder_of(tmp_path / "m", files)))
    assert (report.model.class_name, report.totals.params) == ("Classifier", 136 if has_head else 112)
    assert params(report)["backbone"] == 112
    assert params(report)["backbone/layers/embedding"] == 40


def test_shards_that_are_missing_leave_the_weights_of_a_preset_unknown(tmp_path: Path) -> None:
    files = {"config.json": backbone("B"), **{name: SHARDS[name] for name in [*SHARDS][:2]}}
    report = infer(load(folder_of(tmp_path / "m", files)))
    assert report.totals.params is UNKNOWN or "params" in report.totals.incomplete
    assert any("model_00001.weights.h5" in problem.message for problem in report.problems)


def test_a_config_beside_weights_of_another_name_has_no_weights(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m", {"other.json": backbone("B"), "model.weights.h5": tree({"vars/0": (2,)})})
    assert infer(load(folder / "other.json")).totals.params is UNKNOWN
    with pytest.raises(ConvcalcError, match="contains no weights"):
        stored_weights(folder / "other.json", load(folder / "other.json"))


@pytest.mark.parametrize("files", [{}, {"variables.index": b"x"}, {"model.keras": b"PK"}])
def test_a_folder_without_a_model_is_one_error(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m", files)
    with pytest.raises(
        ConvcalcError,
        match=r"m: is a folder without a model: (a model's folder has .*saved_model\.pb|give one of its files: .*\.keras)",
    ) as refused:
        load(folder)
    assert [problem.code for problem in refused.value.problems] == [codes.NOT_A_MODEL]


# Configs in JSON strings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_json_string_with_a_config_is_a_config(times: int) -> None:
    text = json.dumps(DENSE)
    for _ in range(times):
        text = json.dumps(text)
    assert params(infer(read(text.encode(), "m.json"))) == {"dense": 16}


def test_too_many_nested_json_strings_are_an_error() -> None:
    text = json.dumps(DENSE)
    for _ in range(5):
        text = json.dumps(text)
    with pytest.raises(ConvcalcError, match="more than 4 levels deep"):
        read(text.encode(), "m.json")


# TensorFlow.js --------------------------------------------------------------------------------------------------------


def keras2(*layers: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}


START = {
    "class_name": "InputLayer",
    "config": {"name": "x", "batch_input_shape": [None, 3], "dtype": "float32", "sparse": False},
}
TFJS_CONFIG = keras2(
    START,
    {"class_name": "Mine>Own", "config": {"name": "own"}},
    {"class_name": "Dense", "config": {"name": "dense", "units": 4, "use_bias": True, "activation": "relu"}},
)
MANIFEST = [
    {
        "paths": ["group1-shard1of1.bin"],
        "weights": [
            {"name": "own/inner/kernel", "shape": [3, 5], "dtype": "float32"},
            {"name": "own/scale", "shape": [], "dtype": "float32", "quantization": {"dtype": "uint8", "min": 0.0}},
        ],
    },
    {
        "paths": [],
        "weights": [
            {"name": "dense/kernel", "shape": [5, 4], "dtype": "float32"},
            {"name": "dense/bias", "shape": [4], "dtype": "float32"},
        ],
    },
]


@pytest.mark.parametrize("topology", [TFJS_CONFIG, {"keras_version": "2.4", "model_config": TFJS_CONFIG}])
def test_a_keras_model_of_tensorflow_js_has_its_config_and_weights(topology: Any, tmp_path: Path) -> None:
    data = {"format": "layers-model", "modelTopology": topology, "weightsManifest": MANIFEST}
    folder = folder_of(tmp_path / "m", {"model.json": data})
    report = infer(load(folder))
    assert params(report) == {"own": 16, "dense": 24}
    assert report.totals.params == 40
    assert verify(report, stored_weights(folder, report.model)).problems == ()


def test_the_weights_of_two_layers_with_one_name_are_unknown() -> None:
    own = {"class_name": "Mine>Own", "config": {"name": "own"}}
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": [own]}}
    data = {"modelTopology": keras2(START, own, inner), "weightsManifest": MANIFEST[:1]}
    report = infer(read(json.dumps(data).encode(), "model.json"))
    assert [row.params for row in report.layers] == [UNKNOWN, UNKNOWN, UNKNOWN]
    assert report.totals.params == 16


def test_a_graph_of_tensorflow_js_has_the_weights_that_it_stores() -> None:
    data = {"format": "graph-model", "modelTopology": {"node": [], "versions": {}}, "weightsManifest": MANIFEST}
    model = read(json.dumps(data).encode(), "model.json")
    report = infer(model)
    assert params(report) == {"own": 16, "own/vars": 1, "own/inner": 15, "dense": 24}
    assert "a TensorFlow graph without Keras layers" in model.problems[0].message


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weightsManifest": None}, codes.NOT_A_MODEL),
        ({"weightsManifest": [{"weights": [7]}]}, codes.INVALID_CONFIG),
        ({"weightsManifest": [{"weights": [{"name": "a", "shape": [-1], "dtype": "f"}]}]}, codes.INVALID_CONFIG),
        ({"weightsManifest": [{"weights": [{"name": "a", "shape": [True], "dtype": "f"}]}]}, codes.INVALID_CONFIG),
        ({"weightsManifest": [{"weights": [{"name": "", "shape": [], "dtype": "f"}]}]}, codes.INVALID_CONFIG),
        ({"modelTopology": {"class_name": "Sequential", "config": {}}}, codes.NOT_A_MODEL),
        ({"modelTopology": 3, "weightsManifest": []}, codes.NOT_A_MODEL),
    ],
)
def test_a_damaged_model_of_tensorflow_js_is_one_error(changes: dict[str, Any], code: str) -> None:
    data = {"modelTopology": {"node": []}, "weightsManifest": MANIFEST, **changes}
    with pytest.raises(ConvcalcError) as refused:
        read(json.dumps(data).encode(), "model.json")
    assert [problem.code for problem in refused.value.problems] == [code]
