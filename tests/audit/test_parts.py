"""``convcalc audit`` on archives, HDF5 data, arrays and graphs, and its formats and exit codes."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from convcalc.audit.config import audit_config
from convcalc.audit.file import audit_file
from convcalc.audit.numpy_arrays import audit_numpy
from convcalc.base.problems import ConvcalcError
from convcalc.cli import cli
from convcalc.hdf5 import storage
from convcalc.read import parse
from tests.audit.advisories import CASES, Files, archive, dense, function, hdf5, model, whole
from tests.helpers.keras_configs import DENSE, INPUT, functional


def run(*words: object) -> Any:
    return CliRunner().invoke(cli, ["audit", *map(str, words)], standalone_mode=False)


def risks(path: Path) -> list[str]:
    return sorted(finding.risk for finding in audit_file(path).findings)


def named(name: str, module: Any, class_name: str = "function") -> dict[str, Any]:
    config: Any = name if class_name == "function" else {}
    return {"module": module, "class_name": class_name, "config": config, "registered_name": name}


# References


@pytest.mark.parametrize(
    ("value", "found"),
    [
        # functions of Keras that are parts of models
        (named("relu", "builtins"), []),
        (named("sin", "builtins"), []),
        (named("relu", "keras.activations"), []),
        (named("mean_squared_error", "keras.losses"), []),
        (named("matmul", "keras.ops"), []),
        (named("relu", "keras.src.activations.activations"), []),
        (named("mse", "tf_keras.losses"), []),
        # other functions of Keras
        (named("get_file", "keras.utils"), ["runs-code"]),
        (named("load_model", "keras.models"), ["runs-code"]),
        (named("enable_unsafe_deserialization", "keras.config"), ["runs-code"]),
        (named("set_global_attribute", "keras.src.backend.common.global_state"), ["runs-code"]),
        (named("func_load", "keras.src.utils.python_utils"), ["runs-code"]),
        (named("system", "keras.src.utils.io_utils.os"), ["runs-code"]),
        (named("copy", "keras.src.utils.file_utils"), ["runs-code"]),
        (named("map_structure", "keras.tree"), ["runs-code"]),
        (named("deserialize", "keras.layers"), ["runs-code"]),
        (named("get_file", "tensorflow.keras.utils"), ["runs-code"]),
        (named("-", "keras.utils", "get_file"), ["runs-code"]),
        (named("-", "keras.utils", "PyDataset"), ["runs-code"]),
        (named("-", "keras.src.saving.saving_lib", "DiskIOStore"), ["runs-code"]),
        # functions and classes of other modules
        (named("system", "os"), ["runs-code"]),
        (named("exec", "builtins"), ["runs-code"]),
        (named("__import__", "builtins"), ["runs-code"]),
        (named("-", "builtins", "eval"), ["runs-code"]),
        (named("-", "subprocess", "Popen"), ["runs-code"]),
        (named("-", "numpy", "ndarray"), ["runs-code"]),
        (named("-", "pip._internal.utils.subprocess", "call_subprocess"), ["runs-code"]),
        (named("-", "keras_hub.src.utils.preset_utils", "load_json"), ["runs-code"]),
        (named("load", "torch"), ["runs-code"]),
        (named("write_file", "tensorflow.io"), ["runs-code"]),
        (named("-", "shutil", "copyfile"), ["runs-code"]),
        # custom classes and functions
        (named("pkg>swish6", "builtins"), ["needs-code"]),
        (named("swish6", "builtins"), ["needs-code"]),
        (named("-", "my_layers", "Boom"), ["needs-code"]),
        (named("-", None, "Boom"), ["needs-code"]),
        (named("-", "keras_hub.src.models.vit", "ViTBackbone"), ["needs-code"]),
        (named("-", "keras_unet_collection.transformer_layers", "patch_merging"), ["needs-code"]),
        (named("evil>Dense", "keras.layers", "Dense"), ["needs-code"]),
        # classes of Keras
        (named("Dense", "keras.layers", "Dense"), []),
        (named("Functional", "keras.src.engine.functional", "Functional"), []),
        (named("Add", "keras.src.ops.numpy", "Add"), []),
        (named("FeatureSpace", "keras.utils", "FeatureSpace"), []),
        (named("SeedGenerator", "keras.random", "SeedGenerator"), []),
        (named("LayerScale", "keras.src.applications.convnext", "LayerScale"), []),
        (named("ResNet50", "keras.applications", "ResNet50"), ["runs-code"]),  # a function that downloads weights
        # types of TensorFlow
        ({**named("-", "tensorflow.python.framework.tensor_spec", "__typespec__"), "spec_name": "TensorSpec"}, []),
        ({**named("-", "subprocess", "__typespec__"), "spec_name": "Popen"}, ["runs-code"]),
    ],
    ids=lambda value: (
        "" if isinstance(value, list) else f"{value['module']}.{value['class_name']}.{value['registered_name']}"
    ),
)
def test_each_reference_is_judged_by_its_name_and_module(value: dict[str, Any], found: list[str]) -> None:
    assert [
        finding.risk for finding in audit_config({"class_name": "Sequential", "config": {"layers": [value]}})
    ] == found


@pytest.mark.parametrize(
    ("function_name", "found"),
    [
        *[
            (name, [])
            for name in ("math.add", "nn.relu", "concat", "__operators__.add", "image.resize", "strings.split")
        ],
        *[(name, ["runs-code"]) for name in ("io.gfile.remove", "io.write_file", "saved_model.load", "py_function")],
        *[(name, ["runs-code"]) for name in ("compat.v1.gfile.Copy", "keras.models.load_model", "load_op_library")],
    ],
)
def test_a_function_of_tensorflow_only_computes(function_name: str, found: list[str]) -> None:
    config = {"class_name": "TFOpLambda", "config": {"name": "f", "function": function_name}, "module": "keras.layers"}
    assert [finding.risk for finding in audit_config(config) if finding.risk != "needs-code"] == found


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("vocabulary", "/etc/passwd", True),
        ("vocabulary", "https://example.org/words", True),
        ("vocabulary", ["a", "b"], False),
        ("vocabulary", None, False),
        ("vocabulary_file", "gs://words", True),
        ("merges", "merges.txt", True),
        ("handle", "https://tfhub.dev/x", True),
    ],
)
def test_paths_of_files_in_arguments(key: str, value: Any, found: bool) -> None:
    for class_name in ("StringLookup", "TextVectorization", "BytePairTokenizer"):
        config = {"module": "keras_hub.x", "class_name": class_name, "config": {"name": "x", key: value}}
        assert ("opens-file" in [finding.risk for finding in audit_config(config)]) is found


# Archives


@pytest.mark.parametrize("name", ["../x", "assets/../../x", "/etc/x", "C:\\x"])
def test_a_member_that_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(archive(model(), **{name: b"x"}))
    assert risks(path) == ["opens-file"]


def second(content: bytes, name: str, hostile: Any) -> bytes:
    """Returns the archive with another member of a name that it has already."""
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as packed:
        packed.NameToInfo.clear()
        packed.writestr(name, hostile if isinstance(hostile, bytes) else json.dumps(hostile))
    return file.getvalue()


HOSTILE = model(function("mkdir", "os", "x"))
BENIGN = archive(model())


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("keras", second(BENIGN, "config.json", HOSTILE)),
        ("keras", second(archive(HOSTILE), "config.json", model())),
        ("keras", second(BENIGN, "model.weights.h5", hdf5())),
        ("keras", BENIGN + b"\0"),
        ("keras", BENIGN + archive(HOSTILE)),
        ("keras", b"#!/bin/sh\n" + BENIGN),
        ("keras", hdf5() + BENIGN),
        ("h5", hdf5() + BENIGN),
        ("hdf5", BENIGN),
        ("keras", hdf5()),
        ("model", hdf5() + BENIGN),
        ("h5", json.dumps(model()).encode()),
        ("keras", json.dumps(model()).encode()),
    ],
)
def test_a_file_that_is_two_models_or_has_a_wrong_ending(ending: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"file.{ending}"
    path.write_bytes(content)
    assert "ambiguous-file" in risks(path)
    for words in (["summary"], ["check"], ["convert", "-o", str(tmp_path / "out.json")], ["diff", str(path)]):
        done = CliRunner().invoke(cli, [words[0], str(path), *words[1:]], standalone_mode=False)
        assert done.return_value == 2 or isinstance(done.exception, ConvcalcError)
        assert f"error[ambiguous-file]: {path}: " in done.output + str(done.exception), words


@pytest.mark.parametrize("ending", ["keras", "zip", "model", ""])
def test_an_archive_of_any_other_ending_is_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"file.{ending}"
    path.write_bytes(BENIGN)
    assert risks(path) == []
    assert parse(path).name == "model"


def test_every_config_and_weights_file_of_an_archive_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    evil = hdf5(dense, lambda file: file.update(x=h5py.ExternalLink("/etc/passwd", "/")))
    path.write_bytes(
        archive(model(), **{"sub/config.json": json.dumps(HOSTILE).encode(), "sub/model.weights.h5": evil})
    )
    assert risks(path) == ["opens-file", "runs-code"]
    lines = run(path).output
    assert "sub/config.json: config.layers[1]: runs-code" in lines and "sub/model.weights.h5: x: opens-file" in lines


# HDF5 data


def _large(**arguments: Any) -> Callable[[h5py.File], None]:
    return lambda file: file.create_dataset("x", (2**17, 2**15), "float32", **arguments) and None


@pytest.mark.parametrize(
    "write",
    [
        _large(),
        _large(chunks=(1024, 1024)),
        _large(chunks=(1024, 1024), compression="gzip"),
        lambda file: [file.create_dataset(f"x{n}", (2**15, 2**14), "float32") for n in range(3)],
    ],
)
def test_arrays_that_are_far_larger_than_their_data(write: Callable[[h5py.File], Any], tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(archive(model(), hdf5(dense, write)))
    assert risks(path) == ["uses-memory"]


def test_compressed_weights_are_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    values = np.random.default_rng(1).normal(size=(400, 400)).astype("float32")
    path.write_bytes(hdf5(lambda file: file.create_dataset("layers/dense/vars/0", data=values, compression="gzip")))
    assert risks(path) == []


def test_a_walk_that_does_not_finish_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(archive(model(), hdf5(*(lambda file, n=n: file.create_group(f"g{n}") for n in range(200)))))
    monkeypatch.setattr(storage, "BUDGET", 20_000)
    done = run(path)
    assert done.return_value == 1
    assert ": model.weights.h5: not-checked: its structure is larger than that of any model" in done.output


def test_damaged_weights_are_a_finding_and_a_damaged_file_an_error(tmp_path: Path) -> None:
    path, alone = tmp_path / "model.keras", tmp_path / "model.h5"
    path.write_bytes(archive(model(), hdf5(dense)[:400]))
    alone.write_bytes(hdf5(dense)[:400])
    assert risks(path) == ["not-checked"]
    assert run(alone).return_value == 2


@pytest.mark.parametrize("key", ["loss", "metrics", "optimizer_config"])
def test_functions_in_the_training_config(key: str, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(whole(model(), training_config=json.dumps({key: [named("system", "os")]})))
    (finding,) = audit_file(path).findings
    assert (finding.risk, finding.path) == ("runs-code", f"training_config.{key}[0]")


# Arrays of NumPy


def npz(*arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, *arrays)
    return file.getvalue()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


OBJECTS = np.array([{"a": 1}], dtype=object)
FIELDS = np.array([(1, None)], dtype=[("Own", "<f4"), ("b", object)])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (npz(np.zeros(3), np.ones((2, 3), "float16")), []),
        (npz(np.array(["Own", "Other"])), []),
        (npz(np.zeros(3, [("Own", "<f4"), ("Offset", "<i8")])), []),
        (npy(np.zeros(3)), []),
        (npz(np.zeros(3), OBJECTS), ["runs-code"]),
        (npz(FIELDS), ["runs-code"]),
        (npy(OBJECTS), ["runs-code"]),
        (pickle.dumps([1]), ["runs-code"]),
        (pickle.dumps([1], protocol=0), ["runs-code"]),
        (b"\x93NUMPY\x01\x00\x04\x00{}  ", ["not-checked"]),
        (b"\x93NUMPY\x09\x00\x04\x00{}  ", ["not-checked"]),
    ],
)
def test_weights_of_numpy(content: bytes, found: list[str]) -> None:
    assert [finding.risk for finding in audit_numpy(io.BytesIO(content), "weights")] == found


def test_an_array_of_numpy_that_is_larger_than_its_data() -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 1048576), }"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("x.npy", content)
    for data in (content, file.getvalue()):
        assert [finding.risk for finding in audit_numpy(io.BytesIO(data), "weights")] == ["uses-memory"]


# Other files


@pytest.mark.parametrize(
    ("operation", "found"), [("ReadFile", "opens-file"), ("WriteFile", "opens-file"), ("EagerPyFunc", "runs-code")]
)
def test_operations_of_a_graph(operation: str, found: str, tmp_path: Path) -> None:
    def node(name: str) -> bytes:
        inner = bytes((0x0A, 1)) + b"x" + bytes((0x12, len(name))) + name.encode()
        return bytes((0x0A, len(inner))) + inner

    path = tmp_path / "graph.pb"
    path.write_bytes(node("Placeholder") + node(operation) + node("MatMul"))
    assert risks(path) == [found]
    path.write_bytes(node("Placeholder") + node("ReadVariableOp") + node("SaveV2"))
    assert risks(path) == []


def test_shards_of_weights(tmp_path: Path) -> None:
    index = tmp_path / "model.weights.json"
    names = ["model_00000.weights.h5", "../other.weights.h5"]
    index.write_text(json.dumps({"metadata": {}, "weight_map": {"/a/vars": names}}))
    (tmp_path / names[0]).write_bytes(hdf5(lambda file: file.update(x=h5py.ExternalLink("/etc/passwd", "/"))))
    assert risks(index) == ["opens-file", "opens-file"]


# Formats and exit codes


def test_exit_codes(tmp_path: Path) -> None:
    good, own, evil, none = (tmp_path / f"{name}.json" for name in ("good", "own", "evil", "none"))
    good.write_text(json.dumps(functional(INPUT, DENSE)))
    own.write_text(json.dumps(functional(INPUT, named("-", "mine", "Own"))))
    evil.write_text(json.dumps(HOSTILE))
    for words, code in (
        ([good], 0),
        ([own], 0),
        ([own, "--strict"], 1),
        ([good, "--strict"], 0),
        ([evil], 1),
        ([none], 2),
        ([none, evil], 2),
        ([good, evil], 1),
    ):
        assert run(*words).return_value == code
    assert str(evil) in run(none, evil).output  # the files after an unreadable one are audited


def test_json_and_sarif_have_the_severity(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(CASES["a vocabulary"].build(Files(tmp_path)))
    own = tmp_path / "own.json"
    own.write_text(json.dumps(functional(INPUT, named("-", "mine", "Own"))))
    missing = tmp_path / "missing.keras"
    (first, second, third) = json.loads(run(path, own, missing, "--format", "json").stdout)["files"]
    (finding,) = first["findings"]
    assert (finding["severity"], finding["code"], finding["path"]) == ("medium", "opens-file", "config.layers[1]")
    assert finding["advisories"] == ["CVE-2025-12058", "CVE-2026-1462"]
    assert second["needs_code"] == ["Own"] and second["findings"][0]["severity"] == "low"
    assert third["error"]["code"] == "cannot-read"
    output = tmp_path / "out.sarif"
    assert run(path, own, "-o", output).return_value == 1
    log = json.loads(output.read_text())["runs"][0]
    assert [(result["ruleId"], result["level"]) for result in log["results"]] == [
        ("opens-file", "warning"),
        ("needs-code", "note"),
    ]
    assert {rule["id"] for rule in log["tool"]["driver"]["rules"]} == {"opens-file", "needs-code"}
