"""Tests corrupt Keras files, and files that are made to cause harm. Each file must give one clear error, quickly and
with little memory.
"""

import io
import json
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import convcalc
from convcalc import infer
from convcalc.analyse.explain import explain
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.read import read
from convcalc.read.keras_files import hdf5 as hdf5_module
from convcalc.read.keras_files.weights import weights_in
from convcalc.rendering.style import TextStyle
from convcalc.rendering.table import table
from tests.helpers.codes_used import codes_used
from tests.helpers.keras_configs import DENSE, INPUT, archive, data, functional, layer, on, sequential, tensor, untold


def encrypted(packed: bytes) -> bytes:
    """Returns the archive with its first member marked as encrypted."""
    at = packed.index(b"PK\x01\x02") + 8
    return packed[:at] + bytes([packed[at] | 1]) + packed[at + 1 :]


def hdf5(config: Any, link: bool = False) -> bytes:
    """Returns an HDF5 file with this config, optionally with a link to another file."""
    file = io.BytesIO()
    with h5py.File(file, "w") as written:
        if config is not None:
            written.attrs["model_config"] = config
        if link:
            written["weights"] = h5py.ExternalLink("/etc/passwd", "/")
    return file.getvalue()


def weighed(write: Callable[[h5py.File], Any], method: int = zipfile.ZIP_STORED, config: Any = None) -> bytes:
    """Returns a Keras archive. The function ``write`` fills the file of weights."""
    weights, file = io.BytesIO(), io.BytesIO()
    with h5py.File(weights, "w") as written:
        write(written)
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("config.json", json.dumps(config or functional(INPUT, DENSE)))
        packed.writestr("model.weights.h5", weights.getvalue(), method)
    return file.getvalue()


def dense(written: h5py.File, at: str = "layers/dense/vars") -> None:
    """Writes the weights of the model's Dense layer."""
    written[f"{at}/0"] = np.zeros((3, 4), "float32")
    written[f"{at}/1"] = np.zeros(4, "float32")


def linked(link: Any, at: str) -> Callable[[h5py.File], None]:
    """Returns a function that writes the Dense layer's weights, and a link at the path ``at``.

    A string ``link`` is the path of the linked object.
    """

    def write(written: h5py.File) -> None:
        dense(written)
        written[at] = written[link] if isinstance(link, str) else link

    return write


def elsewhere(written: h5py.File) -> None:
    """Writes a weight as a virtual dataset: the data of the weight are in another file."""
    layout = h5py.VirtualLayout(shape=(4,), dtype="float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "data", shape=(4,))
    written.create_virtual_dataset("layers/dense/vars/0", layout)


def beside(written: h5py.File) -> None:
    """Writes a weight with external storage: the data of the weight are the bytes of another file."""
    written.create_dataset("layers/dense/vars/0", (4,), "float32", external=[("/etc/passwd", 0, 16)])


def cut(packed: bytes) -> bytes:
    """Cuts off the end of the weights file in an archive. The archive's directory is still readable."""
    directory = packed.index(b"PK\x01\x02")
    end = packed.index(b"PK\x05\x06")
    gone = 500
    ending = bytearray(packed[end:])
    ending[16:20] = (directory - gone).to_bytes(4, "little")
    return packed[: directory - gone] + packed[directory:end] + bytes(ending)


def zeroed(packed: bytes) -> bytes:
    """Overwrites 600 bytes of an archive's weights file with zeros, but not the first bytes."""
    at = packed.index(b"\x89HDF") + 8
    return packed[:at] + bytes(600) + packed[at + 600 :]


def legacy(names: Any, at: str = "model_weights/dense") -> bytes:
    """Returns an HDF5 file of a whole model in which a layer's attribute ``weight_names`` is ``names``."""
    file = io.BytesIO()
    with h5py.File(file, "w") as written:
        written.attrs["model_config"] = json.dumps(functional(INPUT, DENSE))
        written.create_group(at).attrs["weight_names"] = names
        written["model_weights"].attrs["layer_names"] = ["dense"]
    return file.getvalue()


def nested(depth: int) -> dict[str, Any]:
    """Returns nested models: each Sequential contains another Sequential."""
    model = sequential(INPUT, layer("Dense", "dense", units=4))
    for number in range(depth):
        model = sequential(INPUT, {**model, "config": {**model["config"], "name": f"m{number}"}})
    return model


def chain(count: int) -> dict[str, Any]:
    """Returns a chain of layers. The file lists the layers in reverse order."""
    layers = [layer("ReLU", f"r{n}", [tensor(f"r{n - 1}" if n else "x")]) for n in range(count)]
    return functional(INPUT, *reversed(layers), outputs=[[f"r{count - 1}", 0, 0]])


GOOD = functional(INPUT, DENSE)
TEXT = json.dumps(GOOD).encode()

DAMAGED: dict[str, tuple[Any, str]] = {
    "half a text": (TEXT[: len(TEXT) // 2], "json-syntax"),
    "a trailing word": (TEXT + b" x", "json-syntax"),
    "brackets that are never closed": (b'{"class_name": "config", "config": ' + b"[" * 100_000, "too-deep"),
    "mappings that are never closed": (b'{"class_name": "config", "config": ' + b'{"a":' * 100_000, "too-deep"),
    "a number of many digits": (TEXT.replace(b'"units": 4', b'"units": ' + b"9" * 10_000), "json-syntax"),
    "a huge size": (functional(INPUT, layer("Dense", "dense", [tensor("x")], units=10**30)), "invalid-value"),
    "a negative size": (functional(INPUT, layer("Dense", "dense", [tensor("x")], units=-4)), "invalid-value"),
    "a size that is a word": (functional(INPUT, layer("Dense", "dense", [tensor("x")], units="4")), "invalid-value"),
    "no units": (functional(INPUT, layer("Dense", "dense", [tensor("x")])), "missing-argument"),
    "not UTF-8": (TEXT + b"\xff", "encoding"),
    "config is a list": ({**GOOD, "config": []}, "not-a-model"),
    "no layers": ({"class_name": "Functional", "config": {"name": "model"}}, "not-a-model"),
    "layers is a mapping": ({"class_name": "Functional", "config": {"name": "m", "layers": {}}}, "not-a-model"),
    "a layer is a number": (functional(INPUT, 3), "invalid-config"),
    "a layer is null": (functional(INPUT, None), "invalid-config"),
    "a layer without a class": (functional(INPUT, {"config": {"name": "dense"}}), "invalid-config"),
    "a layer's class is a list": (functional(INPUT, {**DENSE, "class_name": ["Dense"]}), "invalid-config"),
    "a layer's config is a list": (functional(INPUT, {**DENSE, "config": [1]}), "invalid-config"),
    "a layer without a name": (functional(INPUT, {**DENSE, "config": {"units": 4}, "name": None}), "invalid-config"),
    "a name that is a number": (functional(INPUT, {**DENSE, "config": {"name": 4, "units": 4}}), "invalid-config"),
    "a name of a million letters": (
        functional(layer("InputLayer", "x" * 10**6, batch_shape=[None, 3])),
        "invalid-config",
    ),
    "two layers of one name": (functional(INPUT, DENSE, DENSE), "name-taken"),
    "a model without a name": (functional(INPUT, DENSE, name=None), "invalid-config"),
    "calls that are a word": (functional(INPUT, {**DENSE, "inbound_nodes": "x"}), "invalid-config"),
    "a call that is a number": (functional(INPUT, {**DENSE, "inbound_nodes": [4]}), "invalid-config"),
    "an invalid call of Keras 2": (functional(INPUT, {**DENSE, "inbound_nodes": [[["x"]]]}), "wrong-inputs"),
    "a call of Keras 2 of a missing layer": (
        functional(INPUT, {**DENSE, "inbound_nodes": [[["y", 0, 0, {}]]]}),
        "missing-node",
    ),
    "a negative call of Keras 2": (
        functional(INPUT, {**DENSE, "inbound_nodes": [[["x", -1, 0, {}]]]}),
        "invalid-config",
    ),
    "arguments that are a mapping": (
        functional(INPUT, {**DENSE, "inbound_nodes": [{"args": {}, "kwargs": {}}]}),
        "invalid-config",
    ),
    "named arguments that are a list": (
        functional(INPUT, {**DENSE, "inbound_nodes": [{"args": [], "kwargs": []}]}),
        "invalid-config",
    ),
    "a tensor without a history": (
        on(untold()),
        "invalid-config",
    ),
    "a history of two": (
        functional(
            INPUT,
            layer("Dense", "dense", [untold(keras_history=["x", 0])], units=4),
        ),
        "invalid-config",
    ),
    "a history without a name": (on(tensor(3)), "invalid-config"),  # type: ignore[arg-type]
    "a negative call": (on(tensor("x", -1)), "invalid-config"),
    "a call that is true": (on(tensor("x", True)), "invalid-config"),
    "an output number that is too large": (on(tensor("x", 0, 7)), "no-such-output"),
    "a missing layer": (on(tensor("y")), "missing-node"),
    "a missing call": (on(tensor("x", 3)), "missing-node"),
    "a layer called on itself": (on(tensor("dense")), "cycle"),
    "two layers in a circle": (
        functional(INPUT, layer("ReLU", "a", [tensor("dense")]), layer("Dense", "dense", [tensor("a")], units=4)),
        "cycle",
    ),
    "a missing output": (functional(INPUT, DENSE, outputs=[["nothing", 0, 0]]), "missing-node"),
    "a missing call of an output": (functional(INPUT, DENSE, outputs=[["dense", 9, 0]]), "missing-node"),
    "a negative output": (functional(INPUT, DENSE, outputs=[["dense", 0, -1]]), "missing-node"),
    "an output that is a word": (functional(INPUT, DENSE, outputs="dense"), "invalid-config"),
    "no outputs": (functional(INPUT, DENSE, outputs=[]), "invalid-config"),
    "inputs that are a number": (functional(INPUT, DENSE, input_layers=4), "invalid-config"),
    "models forty deep": (nested(40), "too-deep"),
    "models two hundred deep": (nested(200), "too-deep"),
    "an operation with too many arguments": (
        functional(INPUT, layer("NotEqual", "dense", [tensor("x"), 0, 0], module="keras.src.ops.numpy")),
        "invalid-config",
    ),
    "an archive cut short": (archive(TEXT)[:80], "damaged"),
    "an encrypted archive": (encrypted(archive(TEXT)), "cannot-read"),
    "an archive behind other bytes": (b"PK\x03\x04 other bytes" + archive(TEXT), "ambiguous-file"),
    "an archive with other bytes behind": (archive(TEXT) + b"other bytes", "ambiguous-file"),
    "an archive compressed with bzip2": (archive(TEXT, method=zipfile.ZIP_BZIP2), "cannot-read"),
    "an archive compressed with LZMA": (archive(TEXT, method=zipfile.ZIP_LZMA), "cannot-read"),
    "an archive of zeros": (b"PK\x03\x04" + bytes(1000), "damaged"),
    "an archive with a changed byte": (archive(TEXT)[:60] + b"\x00" + archive(TEXT)[61:], "damaged"),
    "an archive without a config": (archive(TEXT, "other.json"), "not-a-model"),
    "an empty archive": (b"PK\x05\x06" + bytes(18), "not-a-model"),
    "a zip bomb": (archive(b" " * 60_000_000), "too-large"),
    "a member of a gigabyte": (
        archive(TEXT).replace(len(TEXT).to_bytes(4, "little"), (2**30).to_bytes(4, "little")),
        "too-large",
    ),
    "a text in an archive": (archive(b"hello"), "json-syntax"),
    "a number in an archive": (archive(b"7"), "not-a-model"),
    "a binary in an archive": (archive(b"\xff\xfe\xfd" * 9), "encoding"),
    "an HDF5 file cut short": (b"\x89HDF\r\n\x1a\n" + bytes(100), "damaged"),
    "an HDF5 file of weights": (hdf5(None), "not-a-model"),
    "an HDF5 file with a number": (hdf5(7), "not-a-model"),
    "an HDF5 file with half a config": (hdf5(TEXT[:50].decode()), "json-syntax"),
    "an HDF5 file of links to others": (hdf5(None, link=True), "damaged"),
}


WEIGHED = weighed(dense)
DAMAGED_WEIGHTS: dict[str, tuple[bytes, str]] = {
    "a config alone": (TEXT, "no-weights"),
    "an archive without weights": (archive(TEXT), "no-weights"),
    "an HDF5 file without weights": (hdf5(TEXT.decode()), "no-weights"),
    "weights that are not HDF5": (WEIGHED.replace(b"\x89HDF", b"\x88HDF"), "damaged"),
    "weights of zeros": (zeroed(WEIGHED), "damaged"),
    "weights cut short": (cut(WEIGHED), "damaged"),
    "weights at a wrong position in the archive": (b"PK\x03\x05".join(WEIGHED.rsplit(b"PK\x03\x04", 1)), "damaged"),
    "packed weights that are a bomb": (
        weighed(lambda f: f.create_dataset("layers/dense/vars/0", data=np.zeros(10**6)), zipfile.ZIP_DEFLATED),
        "too-large",
    ),
    "a link to another file": (weighed(linked(h5py.ExternalLink("/etc/passwd", "/"), "layers/dense_1")), "damaged"),
    "a weight that is a link to another file": (
        weighed(linked(h5py.ExternalLink("/etc/passwd", "/"), "layers/dense/vars/2")),
        "damaged",
    ),
    "all layers through a link to another file": (
        weighed(lambda written: written.update(layers=h5py.ExternalLink("/etc/passwd", "/"))),
        "damaged",
    ),
    "a soft link": (weighed(linked(h5py.SoftLink("/layers"), "layers/dense/again")), "damaged"),
    "a group in itself": (weighed(linked("layers/dense", "layers/dense/again")), "damaged"),
    "a group in its own subgroup": (weighed(linked("layers", "layers/dense/again")), "damaged"),
    "a group in two places": (weighed(linked("layers/dense", "layers/other")), "damaged"),
    "an array in place of the layers": (weighed(lambda written: written.update(layers=np.zeros(9))), "damaged"),
    "an array in place of a layer": (weighed(lambda written: written.update({"layers/dense": np.zeros(9)})), "damaged"),
    "an array in place of variables": (
        weighed(lambda written: written.update({"layers/dense/vars": np.zeros(9)})),
        "damaged",
    ),
    "data mapped from another file": (weighed(elsewhere), "damaged"),
    "data that are the bytes of another file": (weighed(beside), "damaged"),
    "an empty weight": (
        weighed(lambda written: written.update({"layers/dense/vars/0": h5py.Empty("float32")})),
        "damaged",
    ),
    "a number as the names of weights": (legacy(7), "damaged"),
    "a missing weight": (legacy(["dense/kernel"]), "damaged"),
    "a weight in a parent group": (legacy(["../dense"]), "damaged"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_corrupt_file_is_one_clear_error(name: str) -> None:
    content, code = DAMAGED[name]
    file = data(content)
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(ConvcalcError) as failed:
        infer(read(file, "model"))
    seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert failed.value.problems[-1].code == code, str(failed.value)
    assert len(str(failed.value)) < 1500
    assert seconds < 1, "reading the file takes too long"
    assert peak < 200 * 2**20


@pytest.mark.parametrize("name", DAMAGED_WEIGHTS)
def test_corrupt_weights_are_one_clear_error(name: str) -> None:
    """Commands that read the weights raise the error. A summary that does not need the weights shows a warning."""
    content, code = DAMAGED_WEIGHTS[name]
    model = read(content, "model")
    began = time.process_time()
    with pytest.raises(ConvcalcError) as failed:
        weights_in(io.BytesIO(content), "model", model)
    assert [problem.code for problem in failed.value.problems] == [code]
    assert str(failed.value).startswith(f"error[{code}]: model: ")
    assert len(str(failed.value)) < 500
    assert time.process_time() - began < 1, "reading the file takes too long"


def test_too_many_hdf5_groups_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = weighed(lambda written: [written.create_group(f"layers/dense/{n}") for n in range(50)])
    model = read(content, "model")
    assert weights_in(io.BytesIO(content), "model", model).layers == {"dense": ()}
    monkeypatch.setattr(hdf5_module, "MAX_OBJECTS", 40)
    with pytest.raises(ConvcalcError, match="too-large"):
        weights_in(io.BytesIO(content), "model", model)


def test_corrupt_weights_of_a_custom_layer_are_a_warning() -> None:
    foreign = {**layer("Mine", "mine", [tensor("x")]), "module": "my.package", "registered_name": "my>Mine"}
    config = functional(INPUT, foreign, outputs=[["mine", 0, 0]])
    link = h5py.ExternalLink("/etc/passwd", "/")
    report = infer(read(weighed(lambda written: written.update(layers=link), config=config), "model"))
    assert [(problem.severity, problem.code) for problem in report.problems] == [
        ("warning", "unknown-layer"),
        ("warning", "damaged"),
    ]
    assert report.layers[1].params is UNKNOWN


def test_an_intact_file_is_read() -> None:
    assert infer(read(TEXT, "model.json")).totals.params == 16
    assert infer(read(archive(TEXT), "model")).totals.params == 16
    assert infer(read(hdf5(TEXT.decode()), "model.h5")).totals.params == 16


def test_a_long_chain_does_not_reach_the_recursion_limit() -> None:
    assert len(infer(read(data(chain(3000)), "model.json")).layers) == 3001


def test_every_code_of_the_file_readers_is_tested() -> None:
    folder = Path(convcalc.__file__).parent / "read"
    readers = [
        folder / "container.py",
        *(folder / "keras_files" / f"{name}.py" for name in ("calls", "config", "hdf5", "weights")),
    ]
    known = set().union(*map(codes_used, readers))
    warnings = {"unknown-layer", "unknown-dtype", "unknown-operation", "unknown-function", "unknown-argument"}
    assert known - warnings <= {code for _, code in (*DAMAGED.values(), *DAMAGED_WEIGHTS.values())}


def test_custom_classes_have_the_recorded_shape() -> None:
    """A custom layer has the output shape that the next layer records as its input shape.

    Its parameters are unknown, so every total that contains them is incomplete.
    """
    foreign = {**layer("Mine", "mine", [tensor("x")]), "module": "my.package", "registered_name": "my>Mine"}
    model = functional(INPUT, foreign, layer("Dense", "dense", [tensor("mine")], units=4))
    report = infer(read(data(model), "model.json"))
    assert [problem.code for problem in report.problems] == ["unknown-layer"]
    mine = report.layers[1]
    assert mine.calls[0].recorded
    assert mine.output_shapes == ((UNKNOWN, 3),)
    assert mine.params is UNKNOWN
    assert report.totals.incomplete["params"] == "partial"
    assert report.layers[2].params == 16
    text = table(report, TextStyle())
    assert "(None, 3), … (recorded)" in text
    assert "Non-trainable params: ? (?)" in text
    assert "as recorded in the file" in str(explain(report, "mine"))


def test_a_custom_class_is_not_the_keras_class_of_its_name() -> None:
    foreign = {**layer("Dense", "mine", [tensor("x")], units=7), "module": "my.package", "registered_name": "my>Dense"}
    model = functional(INPUT, foreign, layer("Dense", "dense", [tensor("mine")], units=4))
    report = infer(read(data(model), "model.json"))
    assert (report.layers[1].class_name, report.layers[1].params) == ("my.package.Dense", UNKNOWN)
    assert [problem.code for problem in report.problems] == ["unknown-layer"]


def test_a_contradicting_recorded_shape_is_a_warning() -> None:
    wrong = {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 9], "dtype": "float32", "keras_history": ["dense", 0, 0]},
    }
    model = functional(INPUT, DENSE, layer("ReLU", "relu", [wrong]), outputs=[["relu", 0, 0]])
    report = infer(read(data(model), "model.json"))
    assert [problem.code for problem in report.problems] == ["recorded-shape"]
    assert "returns (None, 4), but the file records (None, 9)" in report.problems[0].message


def ran_without(blocked: str) -> Callable[..., Any]:
    """Returns a function that raises an AssertionError when it is called."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(f"{blocked} was called")

    return fail


def test_nothing_in_a_file_is_run_or_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = functional(
        INPUT,
        layer("Lambda", "run", [tensor("x")], function={"class_name": "__lambda__", "config": {"value": "4wAAAA=="}}),
        layer("TFSMLayer", "open", [tensor("run")], filepath="/etc/passwd"),
        layer("Dense", "dense", [tensor("open")], units=4),
        layer("StringLookup", "words", [tensor("x")], vocabulary="/etc/passwd"),
    )
    content = data(hostile)
    # The first run imports modules. An import opens files, so this run is not checked.
    infer(read(content, "model.json"))
    import builtins
    import os

    # This run is not checked either: it may import more modules, and an import calls ``exec``.
    infer(read(content, "model.json"))
    for owner, name in ((builtins, "open"), (builtins, "eval"), (builtins, "exec"), (os, "system"), (io, "open")):
        monkeypatch.setattr(owner, name, ran_without(name))
    report = infer(read(content, "model.json"))
    monkeypatch.undo()
    assert [row.name for row in report.layers][:2] == ["x", "run"]
