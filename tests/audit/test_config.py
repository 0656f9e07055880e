"""``convcalc audit`` finds everything that would run code or open another file, at any depth, and nothing else."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest
from click.testing import CliRunner

from convcalc.audit.config import audit_config
from convcalc.audit.needed_classes import custom_names
from convcalc.cli import cli


def kinds(config: Any) -> list[str]:
    """Returns the kind of each finding."""
    return [finding.risk for finding in audit_config(config)]


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"name": "run", "function": {"class_name": "__lambda__", "config": {"value": "4wAA"}}},
}
FOREIGN = {"module": "evil.code", "class_name": "Boom", "config": {"name": "boom"}, "registered_name": "evil>Boom"}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (LAMBDA, ["runs-code", "runs-code"]),
        ({"class_name": "Lambda", "config": {"name": "old", "function": ["4wAA", None, None]}}, ["runs-code"]),
        ({"class_name": "TimeDistributed", "config": {"layer": LAMBDA}}, ["runs-code", "runs-code"]),
        ({"class_name": "Functional", "config": {"layers": [{"config": {"layers": [LAMBDA]}}]}}, ["runs-code"] * 2),
        ({"class_name": "Dense", "config": {"units": 3, "activation": FOREIGN}}, ["needs-code"]),
        ({"class_name": "Functional", "config": {}, "compile_config": {"loss": FOREIGN}}, ["needs-code"]),
        ({"class_name": "mine>Layer", "config": {}}, ["needs-code"]),
        ({"class_name": "TFSMLayer", "config": {"filepath": "/tmp/x"}}, ["opens-file"]),
        ({"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}, ["opens-file"]),
        ({"class_name": "StringLookup", "config": {"vocabulary": ["a", "b"]}}, []),
        ({"class_name": "TorchModuleWrapper", "config": {"module": "gAWV"}}, ["runs-code"]),
        ({"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}}, []),
        ({"module": "builtins", "class_name": "function", "config": "relu"}, []),
    ],
)
def test_findings_of_each_file(config: Any, found: list[str]) -> None:
    assert kinds(config) == found


OWN = {"module": None, "class_name": "Own", "config": {"name": "own"}, "registered_name": "Own"}


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (OWN, ["Own"]),
        ({"class_name": "Functional", "config": {"layers": [OWN, FOREIGN]}}, ["Boom", "Own"]),
        ({"class_name": "TimeDistributed", "config": {"layer": OWN}}, ["Own"]),
        (
            {"class_name": "Sequential", "config": {"layers": [{"class_name": "FixedDropout", "config": {}}]}},
            ["FixedDropout"],
        ),
        ({"class_name": "Sequential", "config": {"layers": [{"class_name": "CuDNNGRU", "config": {}}]}}, []),
        ({"module": "keras.layers", "class_name": "Dense", "config": {"activation": "mine"}}, ["mine"]),
        ({"module": "keras.layers", "class_name": "Dense", "config": {"activation": "relu"}}, []),
        ({"module": "builtins", "class_name": "function", "config": "pkg>act", "registered_name": "function"}, ["act"]),
        ({"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}, []),
    ],
)
def test_the_classes_that_keras_needs_to_load_a_file(config: Any, names: list[str]) -> None:
    assert custom_names(config) == names


def test_the_command_names_the_classes_to_supply(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(OWN))
    done = CliRunner().invoke(cli, ["audit", str(path)], standalone_mode=False)
    assert done.return_value == 0
    assert f"{path}: to load the file, Keras needs custom_objects with Own\n" in done.output


def test_a_deep_file_does_not_reach_the_recursion_limit() -> None:
    config: Any = LAMBDA
    for _ in range(5000):
        config = [config]
    assert kinds(config) == ["runs-code", "runs-code"]


def test_the_audit_command(tmp_path: Path) -> None:
    bad, spec = tmp_path / "bad.json", tmp_path / "spec.yaml"
    bad.write_text(json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": [LAMBDA]}}))
    spec.write_text("input: [3]\nlayers: [Flatten]\n")
    done = CliRunner().invoke(cli, ["audit", str(bad)], standalone_mode=False)
    assert done.return_value == 1
    assert "config.layers[0]: runs-code: Lambda 'run'" in done.output
    done = CliRunner().invoke(cli, ["audit", str(spec)], standalone_mode=False)
    assert done.return_value == 0
    assert "a spec contains no code" in done.output


def _links(root: h5py.File) -> None:
    root.create_group("layers/dense")
    root["layers/dense/out"] = h5py.ExternalLink("/etc/passwd", "/")
    root["layers/again"] = root["layers"]  # a group that contains itself
    root["soft"] = h5py.SoftLink("/layers")
    root.create_dataset("raw", (4,), "i1", external=[("/etc/hostname", 0, 4)])
    layout = h5py.VirtualLayout((4,), "i1")
    layout[:] = h5py.VirtualSource("/etc/shadow", "x", (4,))
    root.create_virtual_dataset("virtual", layout)


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_links_out_of_hdf5_are_found_and_not_followed(tmp_path: Path, ending: str) -> None:
    config = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": []}})
    file, weights = tmp_path / f"model.{ending}", io.BytesIO()
    with h5py.File(weights, "w") as root:
        root.attrs["model_config"] = config
        _links(root)
    if ending == "keras":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("config.json", config)
            archive.writestr("model.weights.h5", weights.getvalue())
    else:
        file.write_bytes(weights.getvalue())
    done = CliRunner().invoke(cli, ["audit", str(file)], standalone_mode=False)
    assert done.return_value == 1
    for place, name in (("layers/dense/out", "passwd"), ("raw", "hostname"), ("virtual", "shadow")):
        assert re.search(f": {place}: opens-file: HDF5 .*'/etc/{name}'", done.output)
    assert done.output.count("opens-file") == 3
