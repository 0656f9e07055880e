"""Tests ``summary --verify``, which compares a report with the weights in a file.

Also tests layers whose parameters are known only from the weights in a file.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from convcalc import Report, infer
from convcalc.analyse.explain import explain
from convcalc.base.numbers import UNKNOWN
from convcalc.checking.verify import VerifyResult, verify
from convcalc.cli import main
from convcalc.keras_text.print3 import keras_text
from convcalc.read import read
from convcalc.read.keras_files.contents import WEIGHTS_MEMBER
from convcalc.read.keras_files.weights import weights_in
from convcalc.rendering.style import TextStyle
from convcalc.rendering.table import table
from tests.helpers.keras_configs import INPUT, functional, layer, sequential, tensor

Shapes = Mapping[str, Sequence[int]]
DENSE = {"layers/dense/vars/0": (3, 4), "layers/dense/vars/1": (4,)}


def archive(config: Any, shapes: Shapes, names: Mapping[str, str] | None = None, method: int = 0) -> bytes:
    """Returns a Keras archive with arrays of these shapes. ``names`` maps groups to the layer names stored in them."""
    weights, file = io.BytesIO(), io.BytesIO()
    with h5py.File(weights, "w") as written:
        for path, shape in shapes.items():
            written[path] = np.zeros(shape, "uint32" if "generator" in path else "float32")
        for path, name in (names or {}).items():
            written.require_group(f"{path}/vars").attrs["name"] = name
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("config.json", json.dumps(config))
        packed.writestr(WEIGHTS_MEMBER, weights.getvalue(), method)
    return file.getvalue()


def hdf5(config: Any, layers: Mapping[str, Mapping[str, Sequence[int]]]) -> bytes:
    """Returns an HDF5 file of a whole model in the format of Keras 2.

    The list of layer names is split in two. Keras splits long lists in the same way.
    """
    file = io.BytesIO()
    with h5py.File(file, "w") as written:
        written.attrs["model_config"] = json.dumps(config)
        top = written.create_group("model_weights")
        names = [name.encode() for name in layers]
        top.attrs["layer_names0"], top.attrs["layer_names1"] = names[:1], names[1:]
        for name, weights in layers.items():
            group = top.create_group(name)
            group.attrs["weight_names"] = [weight.encode() for weight in weights]
            for weight, shape in weights.items():
                group[weight] = np.zeros(shape, "float32")
    return file.getvalue()


def verified(content: bytes) -> VerifyResult:
    model = read(content, "model")
    return verify(infer(model), weights_in(io.BytesIO(content), "model", model))


def said(content: bytes) -> list[str]:
    return [problem.message for problem in verified(content).problems]


def one(*layers: Any, name: str = "dense") -> dict[str, Any]:
    """Returns a functional model of these layers. Its output is the output of the layer named ``name``."""
    return functional(INPUT, *layers, outputs=[[name, 0, 0]])


def on_input(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return layer(class_name, name, [tensor("x")], **config)


CONFIG = one(on_input("Dense", "dense", units=4))


def test_weights_that_agree() -> None:
    assert verified(archive(CONFIG, DENSE)) == VerifyResult(2, 1, 0, ())
    assert verified(archive(CONFIG, DENSE, method=zipfile.ZIP_DEFLATED)) == VerifyResult(2, 1, 0, ())
    assert verified(hdf5(CONFIG, {"x": {}, "dense": {"dense/kernel:0": (3, 4), "dense/bias:0": (4,)}})) == VerifyResult(
        2, 1, 0, ()
    )


def test_a_different_shape_names_the_layer_and_both_shapes() -> None:
    wider = {"layers/dense/vars/0": (3, 5), "layers/dense/vars/1": (5,)}
    assert said(archive(CONFIG, wider)) == [
        "Dense 'dense' has kernel (3, 4) and bias (4,); the file stores (3, 5) at layers/dense/vars/0 and "
        "(5,) at layers/dense/vars/1"
    ]
    assert said(hdf5(CONFIG, {"x": {}, "dense": {"dense/kernel:0": (3, 5), "dense/bias:0": (4,)}})) == [
        "Dense 'dense' has kernel (3, 4); the file stores (3, 5) at model_weights/dense/dense/kernel:0"
    ]


def test_missing_and_additional_weights_are_reported() -> None:
    kernel = {"layers/dense/vars/0": (3, 4)}
    assert said(archive(CONFIG, kernel)) == ["Dense 'dense' has bias (4,), which the file does not store"]
    assert said(archive(CONFIG, {})) == ["Dense 'dense' has kernel (3, 4) and bias (4,), which the file does not store"]
    more = {**DENSE, "layers/dense/vars/2": (4,)}
    assert said(archive(CONFIG, more)) == [
        "Dense 'dense' has no weight for (4,) at layers/dense/vars/2, which the file stores"
    ]
    of_none = {**DENSE, "layers/conv2d/vars/0": (3, 3), "vars/0": (7,)}
    assert said(archive(CONFIG, of_none)) == [
        "the file stores weights that belong to no layer of the model: (7,) at vars/0 and (3, 3) at layers/conv2d/vars/0"
    ]


def test_many_differences_are_counted() -> None:
    many = {**DENSE, **{f"layers/dense/vars/{n}": (n,) for n in range(10, 20)}}
    assert "(15,) at layers/dense/vars/15 and 4 more, which" in said(archive(CONFIG, many))[0]


def test_weights_that_no_summary_counts_are_skipped() -> None:
    """A summary does not count optimizers, metrics, the state of random generators and lookup tables."""
    others = {
        **DENSE,
        "optimizer/vars/0": (3, 4),
        "metrics/mean/vars/0": (),
        "layers/dropout/seed_generator/vars/0": (2,),
        "layers/dropout/vars/idf_weights": (9,),
    }
    config = one(on_input("Dropout", "drop", rate=0.5), layer("Dense", "dense", [tensor("drop")], units=4))
    assert verified(archive(config, others)) == VerifyResult(2, 1, 0, ())
    # The state of a random generator has the shape (2,). An array of another shape is reported.
    other = {**DENSE, "layers/dropout/seed_generator/vars/0": (3,)}
    assert said(archive(config, other))[0].startswith("Dropout 'drop' has no weight for (3,)")


def test_groups_are_found_by_name_or_by_class_and_order() -> None:
    config = one(
        on_input("Dense", "first", units=4),
        layer("Dense", "dense", [tensor("first")], units=5),
    )
    first, second = {"vars/0": (3, 4), "vars/1": (4,)}, {"vars/0": (4, 5), "vars/1": (5,)}
    shapes = {
        **{f"layers/dense/{path}": shape for path, shape in first.items()},
        **{f"layers/dense_1/{path}": shape for path, shape in second.items()},
    }
    assert verified(archive(config, shapes)) == VerifyResult(4, 2, 0, ())
    turned = {"layers/dense": "dense", "layers/dense_1": "first"}
    assert len(verified(archive(config, shapes, turned)).problems) == 2
    assert verified(archive(config, shapes, {"layers/dense": "first", "layers/dense_1": "dense"})).problems == ()
    old = {path.replace("layers", "_layer_checkpoint_dependencies"): shape for path, shape in shapes.items()}
    assert verified(archive(config, old)).problems == ()  # the names of groups in archives of Keras 2.13


def inner(name: str, units: int = 4) -> dict[str, Any]:
    model = sequential(layer("InputLayer", "i", batch_shape=[None, 3]), layer("Dense", "dense", units=units))
    return {**model, "config": {**model["config"], "name": name}, "name": name}


def nested(*models: dict[str, Any]) -> dict[str, Any]:
    """Returns a functional model that calls each of these models on its input."""
    called = [{**model, "inbound_nodes": [{"args": [tensor("x")], "kwargs": {}}]} for model in models]
    return functional(INPUT, *called, outputs=[[model["name"], 0, 0] for model in called])


def test_nested_models() -> None:
    config = nested(inner("a"), inner("b", 5))
    shapes = {
        "layers/sequential/layers/dense/vars/0": (3, 4),
        "layers/sequential/layers/dense/vars/1": (4,),
        "layers/sequential_1/layers/dense/vars/0": (3, 5),
        "layers/sequential_1/layers/dense/vars/1": (5,),
        "layers/sequential_1/optimizer/vars/0": (3, 5),
    }
    assert verified(archive(config, shapes)) == VerifyResult(4, 2, 0, ())
    wrong = {**shapes, "layers/sequential_1/layers/dense/vars/1": (6,)}
    assert said(archive(config, wrong)) == [
        "Dense 'b/dense' has bias (5,); the file stores (6,) at layers/sequential_1/layers/dense/vars/1"
    ]
    layers = {"x": {}, "a": {"k:0": (3, 4), "b:0": (4,)}, "b": {"dense/k:0": (3, 5), "dense/b:0": (6,)}}
    assert said(hdf5(config, layers)) == [
        "Sequential 'b' has dense/bias (5,); the file stores (6,) at model_weights/b/dense/b:0"
    ]


def test_a_layer_shared_by_two_models_is_stored_once() -> None:
    shapes = {"layers/sequential/layers/dense/vars/0": (3, 4), "layers/sequential/layers/dense/vars/1": (4,)}
    names = {"layers/sequential": "a", "layers/sequential/layers/dense": "dense", "layers/sequential_1": "b"}
    content = archive(nested(inner("a"), inner("b")), shapes, names)
    assert said(content) == [
        "Dense 'b/dense' shares the weights of 'a/dense', and the file stores them only there; Keras cannot load such a file"
    ]
    # The totals count the shared weights once, as Keras did when it saved the file.
    totals = of(content).totals
    assert (totals.params, totals.trainable_params, totals.param_bytes, totals.incomplete) == (16, 16, 64, {})


def test_lora_and_spectral_normalization_in_archives() -> None:
    """In two cases, the arrays in an archive are not the weights of the layer.

    For a Dense with LoRA, an archive stores one kernel, to which the product of the LoRA matrices is added. For a
    SpectralNormalization, it stores the kernel twice: for the wrapper and for the inner layer.
    """
    lora = one(on_input("Dense", "dense", units=4, lora_rank=2))
    assert verified(archive(lora, DENSE)).problems == ()
    legacy = {"k": (3, 4), "b": (4,), "lora_a": (3, 2), "lora_b": (2, 4)}
    assert verified(hdf5(lora, {"dense": legacy})).problems == ()
    wrapped = {"class_name": "Dense", "config": {"name": "d", "units": 4}, "module": "keras.layers"}
    spectral = one(on_input("SpectralNormalization", "dense", layer=wrapped))
    at = "layers/spectral_normalization"
    once = {f"{at}/layer/vars/0": (3, 4), f"{at}/layer/vars/1": (4,), f"{at}/vars/0": (1, 4)}
    assert verified(archive(spectral, {**once, f"{at}/vars/1": (3, 4)})) == VerifyResult(3, 1, 0, ())
    assert len(said(archive(spectral, once))) == 1


# Layers whose parameters are only in the file -----------------------------------------------------------------------


def foreign(**config: Any) -> dict[str, Any]:
    entry = on_input("Mine", "mine", **config)
    return {**entry, "module": "my.package", "registered_name": "my>Mine"}


MINE = {"layers/mine/vars/0": (3, 5), "layers/mine/part/vars/0": (5,), "layers/mine/part/drop/generator/vars/0": (2,)}


def of(content: bytes) -> Report:
    return infer(read(content, "model"))


def test_a_custom_layer_has_the_parameters_stored_in_the_file() -> None:
    """The trainable parameters are unknown, because the file does not say which parameters are trainable."""
    config = one(foreign(), layer("Dense", "dense", [tensor("mine")], units=4))
    report = of(archive(config, {**MINE, **DENSE}))
    row, totals = report.layers[1], report.totals
    assert (row.params, row.recorded, row.trainable_params, row.non_trainable_params) == (20, True, UNKNOWN, UNKNOWN)
    assert (totals.params, totals.param_bytes, totals.trainable_params) == (36, 144, 16)
    assert totals.incomplete == {"trainable_params": "partial", "non_trainable_params": "unknown", "macs": "partial"}
    text = table(report, TextStyle())
    assert " 20 (recorded) │" in text
    assert "Total params: 36 (144.00 B)\n Trainable params: ≥ 16" in text
    assert "Non-trainable params: ? (?)" in text
    assert "Non-trainable params: ? (?)" in keras_text(report)
    told = report.as_dict()["layers"][1]
    assert told["recorded"] is True
    assert told["weights"][0] == {"name": "layers/mine/vars/0", "shape": [3, 5], "dtype": "float32", "trainable": None}
    assert "20, as stored in the file" in str(explain(report, "mine"))
    assert verified(archive(config, {**MINE, **DENSE})) == VerifyResult(2, 1, 1, ())
    assert verified(archive(config, MINE)).problems[0].layer == "dense"


def test_no_weight_of_a_frozen_custom_layer_is_trainable() -> None:
    report = of(archive(one(foreign(trainable=False), name="mine"), MINE))
    assert (report.layers[1].params, report.layers[1].trainable_params) == (20, 0)
    # Layers inside the frozen layer may count as trainable in Keras's total, and the file does not say which.
    assert report.totals.incomplete == {
        "trainable_params": "unknown",
        "non_trainable_params": "unknown",
        "macs": "unknown",
    }
    own = of(archive(one(foreign(trainable=False), name="mine"), {"layers/mine/vars/0": (3, 5)}))
    assert (own.totals.trainable_params, own.totals.non_trainable_params) == (0, 15)


@pytest.mark.parametrize("where", ["nested", "frozen"])
def test_a_custom_layer_in_a_nested_model(where: str) -> None:
    # Keras reads only the "trainable" flags of the layers, not that of the Sequential. So the custom layer may be
    # trainable, although the Sequential is not.
    model = sequential(layer("InputLayer", "i", batch_shape=[None, 3]), foreign(trainable=where != "frozen"))
    model["config"] |= {"name": "a", "trainable": False}
    config = nested({**model, "name": "a"})
    report = of(archive(config, {f"layers/sequential/{path}": shape for path, shape in MINE.items()}))
    assert [row.params for row in report.layers] == [0, 20, 20]
    assert report.layers[2].trainable_params == (0 if where == "frozen" else UNKNOWN)
    # Layers inside the custom layer may be trainable, even if the custom layer is frozen.
    assert report.layers[1].trainable_params is UNKNOWN
    assert report.totals.non_trainable_params is UNKNOWN
    # An HDF5 file stores the weights of a nested model in one group, without saying to which layer each belongs.
    assert of(hdf5(config, {"x": {}, "a": {"w": (3, 5)}})).layers[2].params is UNKNOWN
    assert verified(hdf5(config, {"x": {}, "a": {"w": (3, 5)}})) == VerifyResult(0, 0, 1, ())


def test_a_custom_layer_of_an_hdf5_file() -> None:
    report = of(hdf5(one(foreign(), name="mine"), {"x": {}, "mine": {"mine/w:0": (3, 5), "mine/part/b:0": (5,)}}))
    assert report.totals.params == 20


def test_custom_layers_without_names_are_named_as_keras_does() -> None:
    """If a config contains no name, Keras names the layer after its class: ``mine``, not ``mine_8`` as in the weights."""
    unnamed = {"module": "my.package", "class_name": "Mine", "config": {"trainable": True}, "registered_name": "Mine"}
    config = sequential(INPUT, unnamed, unnamed)
    second = {path.replace("mine", "mine_1"): (*shape, 7) for path, shape in MINE.items() if "gen" not in path}
    report = of(archive(config, {**MINE, **second}, {"layers/mine": "mine_8", "layers/mine_1": "mine_9"}))
    assert [(row.name, row.params) for row in report.layers] == [("mine", 20), ("mine_1", 140)]


def test_a_custom_layer_without_stored_weights() -> None:
    names = {"layers/input_layer": "x", "layers/mine": "mine"}
    assert of(archive(one(foreign(), name="mine"), {}, names)).totals.params == 0
    assert of(archive(one(foreign(), name="mine"), {})).totals.params is UNKNOWN


def test_layers_with_python_code_have_the_stored_parameters() -> None:
    """A JaxLayer stores its parameters as arrays. A TorchModuleWrapper stores a pickle: its parameters are unknown."""
    jax = on_input("JaxLayer", "jax", call_fn="f")
    assert of(archive(one(jax, name="jax"), {"layers/jax_layer/vars/0": (3, 5)})).layers[1].params == 15
    file = io.BytesIO(archive(one(on_input("TorchModuleWrapper", "torch", module="m"), name="torch"), {}))
    weights = io.BytesIO()
    with h5py.File(weights, "w") as written:
        written["layers/torch_module_wrapper/vars/state_dict"] = np.void(b"pickled")
    with zipfile.ZipFile(file) as packed, zipfile.ZipFile(again := io.BytesIO(), "w") as other:
        other.writestr("config.json", packed.read("config.json"))
        other.writestr(WEIGHTS_MEMBER, weights.getvalue())
    assert of(again.getvalue()).layers[1].params is UNKNOWN


def test_weights_are_not_read_if_every_layer_is_known(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(archive(CONFIG, DENSE))
    code = "import sys, convcalc; convcalc.load(sys.argv[1]); sys.exit('convcalc.hdf5' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "model.keras"]).returncode == 0


# The option --verify on the command line ------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *args: Any) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as done:
        main(["summary", *map(str, args)])
    return (int(done.value.code or 0), *capsys.readouterr())


def test_the_verify_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, config = tmp_path / "good.keras", tmp_path / "bad.keras", tmp_path / "model.json"
    good.write_bytes(archive(CONFIG, DENSE))
    bad.write_bytes(archive(CONFIG, {"layers/dense/vars/0": (3, 4)}))
    config.write_text(json.dumps(CONFIG))
    plain = run(capsys, good)
    assert run(capsys, good, "--verify") == (0, plain[1], f"{good}: 2 weights of 1 layer agree with the file\n")
    code, out, err = run(capsys, bad, "--verify")
    assert (code, out) == (1, plain[1])
    assert err == f"error[weights-differ]: {bad}: Dense 'dense' has bias (4,), which the file does not store\n"
    assert run(capsys, bad, good, "--verify")[0] == 1
    assert run(capsys, config, "--verify") == (
        2,
        "",
        f"error[no-weights]: {config}: contains no weights; give a .keras archive or the .h5 file of a whole model\n",
    )
    assert run(capsys, config, bad, "--verify")[0] == 2
    # An input size given on the command line changes the expected shapes of the weights.
    code, _, err = run(capsys, good, "--verify", "--input", "5")
    assert (code, "has kernel (5, 4); the file stores (3, 4)" in err) == (1, True)


def test_unknown_weights_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.keras"
    file.write_bytes(archive(one(foreign(), name="mine"), MINE))
    code, _, err = run(capsys, file, "--verify")
    assert code == 0
    assert err.endswith(f"{file}: 0 weights of 0 layers agree with the file; 1 layer could not be compared\n")


def test_standard_input_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(archive(CONFIG, DENSE))))
    code, out, err = run(capsys, "-", "--verify")
    assert (code, out, "give the name of its file" in err) == (2, "", True)
