"""Hostile archives, HDF5 files and SavedModels of up to 50 MB."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from tests.bounds.texts import SIZE, Made, in_config, repeated
from tests.hdf5.files import same_text
from tests.helpers.keras_configs import DENSE, INPUT, archive, data, functional
from tests.helpers.saved_models import message, plain_object, saved_model, variable, varint

_STORED, _DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_CONFIG = data(functional(INPUT, DENSE))


def members(count: int, name: str = "m%d") -> bytes:
    """Returns an archive with many empty members after the config. Only the table of contents is large."""
    file = io.BytesIO(archive(_CONFIG))
    with zipfile.ZipFile(file, "a") as packed:
        start = packed.start_dir
        own = len(packed.filelist)
    content = file.getvalue()
    table, end = content[start:-22], content[-22:]
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    entries = bytearray()
    for number in range(count):
        word = (name % number).encode()
        entries += entry[:28] + struct.pack("<H", len(word)) + entry[30:] + word
    size = len(table) + len(entries)
    total = min(own + count, 0xFFFF)
    return (
        content[:start] + table + bytes(entries) + end[:8] + struct.pack("<2H2L", total, total, size, start) + end[20:]
    )


def hdf5(write: Callable[[h5py.File], Any], libver: Any = None, config: bytes | None = _CONFIG) -> bytes:
    """Returns an HDF5 file with a config, which ``write`` fills."""
    file = io.BytesIO()
    with h5py.File(file, "w", libver=libver) as written:
        if config is not None:
            written.attrs["model_config"] = config.decode()
        write(written)
    return file.getvalue()


def weights(write: Callable[[h5py.File], Any], libver: Any = None) -> bytes:
    """Returns an archive whose file of weights ``write`` fills. It has a layer of an unknown class, so the file is read."""
    file = io.BytesIO()
    own = json.loads(_CONFIG)
    own["config"]["layers"][1]["module"], own["config"]["layers"][1]["class_name"] = "mine", "Mine"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("config.json", json.dumps(own))
        packed.writestr("model.weights.h5", hdf5(write, libver, None))
    return file.getvalue()


def _groups(count: int) -> Callable[[h5py.File], None]:
    def write(file: h5py.File) -> None:
        inside = file.create_group("layers")
        for number in range(count):
            inside.create_group(f"g{number}")

    return write


def _deep(levels: int) -> Callable[[h5py.File], None]:
    def write(file: h5py.File) -> None:
        group = file.create_group("layers")
        for _ in range(levels):
            group = group.create_group("a")
        group["0"] = np.zeros(3, "f4")

    return write


def _arrays(count: int) -> Callable[[h5py.File], None]:
    def write(file: h5py.File) -> None:
        for number in range(count):
            file[f"layers/dense_{number}/vars/0"] = np.zeros((1, 2), "f4")

    return write


def _names(count: int, fixed: bool) -> Callable[[h5py.File], None]:
    """Writes a list of names: as texts of one length (Keras), or each in a heap."""

    def write(file: h5py.File) -> None:
        group = file.create_group("model_weights")
        names = np.array([b"a"] * count, "S1") if fixed else np.array(["a"] * count, h5py.string_dtype())
        group.attrs.create("layer_names", names)

    return write


def _attributes(count: int, size: int = 10) -> Callable[[h5py.File], None]:
    def write(file: h5py.File) -> None:
        group = file.create_group("model_weights")
        for number in range(count):
            group.attrs[f"a{number}"] = b"x" * size

    return write


def _linked(count: int) -> Callable[[h5py.File], None]:
    def write(file: h5py.File) -> None:
        inside = file.create_group("layers")
        inside["0"] = np.zeros(3, "f4")
        for number in range(count):
            inside[f"g{number}"] = inside["0"]

    return write


def _wire(part: bytes, size: int = SIZE) -> Made:
    """Returns a SavedModel whose graph of objects repeats ``part``."""

    def made() -> bytes:
        body = part * (size // len(part))
        graph = varint(7 << 3 | 2) + varint(len(body)) + body
        return message((1, 1)) + varint(2 << 3 | 2) + varint(len(graph)) + graph

    return made


def _children(count: int) -> bytes:
    """Returns a SavedModel with an object of many children, which have many lists."""
    names = {str(number): 1 + number % 3 for number in range(count)}
    return saved_model(
        [plain_object({"variables": 1, **names}), plain_object(names), variable("v", [3]), plain_object(names)]
    )


_HEAD = b"\x89HDF\r\n\x1a\n"

ARCHIVES: dict[str, Made] = {
    "a string of 63 MB": lambda: archive(in_config(b"x", 63_000_000, around=(b'"', b'"'))()),
    "a string of escapes": lambda: archive(in_config(b"\\u0041\\n", 60_000_000, around=(b'"', b'"'))()),
    "lists": lambda: archive(in_config(b"[],", 60_000_000)(), method=_STORED),
    "lists, compressed": lambda: archive(in_config(b"[{}],[],", 60_000_000)()),
    "spaces": lambda: archive(in_config(b" ", 60_000_000)(), method=_STORED),
    "members": lambda: members(1_000_000, "%d"),
    "65,000 members": lambda: members(65_000),
    "a long comment": lambda: archive(_CONFIG)[:-2] + b"\xff\xff" + b"x" * 65_535,
    "nothing but ends": repeated(b"PK\x05\x06", b"PK\x03\x04"),
    "zeros": repeated(b"\0", b"PK\x03\x04"),
    "groups": lambda: weights(_groups(19_000)),
    "25,000 arrays": lambda: weights(_arrays(6_000)),
    "compressed weights": lambda: _compressed_weights(),
}


def _compressed_weights() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("config.json", data(functional(INPUT, {**DENSE, "module": "mine", "class_name": "Mine"})))
        content = hdf5(
            lambda written: written.create_dataset(
                "layers/dense/vars/0", data=np.arange(15_000_000, dtype="f4") // 100
            ),
            None,
            None,
        )
        packed.writestr("model.weights.h5", content, _DEFLATED)
    return file.getvalue()


HDF5: dict[str, Made] = {
    "a config of 60 MB": lambda: hdf5(lambda file: None, config=in_config(b"x", 60_000_000, around=(b'"', b'"'))()),
    "a config of lists": lambda: hdf5(lambda file: None, config=in_config(b"[],", 50_000_000)()),
    "groups": lambda: hdf5(_groups(60_000)),
    "groups, latest": lambda: hdf5(_groups(100_000), "latest"),
    "only groups": lambda: hdf5(_groups(19_000), config=None),
    "deep groups": lambda: hdf5(_deep(5_000), config=None),
    "arrays": lambda: hdf5(_arrays(6_000), config=None),
    "names of one length": lambda: hdf5(_names(60_000, True), "latest"),
    "20 million names": lambda: hdf5(_names(20_000_000, True), "latest"),
    "names in a heap": lambda: hdf5(_names(90_000, False), "latest"),
    "1.2 million names in a heap": lambda: hdf5(_names(1_200_000, False), "latest"),
    "one long name, 100,000 times": lambda: same_text(99_000, 60_000),
    "attributes": lambda: hdf5(_attributes(10_000), "latest"),
    "large attributes": lambda: hdf5(_attributes(700, 60_000), "latest"),
    "links to one array": lambda: hdf5(_linked(100_000), "latest", None),
    "zeros": repeated(b"\0", _HEAD),
    "signatures": repeated(_HEAD),
    "letters": repeated(b"\1", _HEAD),
}

SAVED_MODELS: dict[str, Made] = {
    "empty objects": _wire(b"\x0a\0"),
    "objects": _wire(message((1, plain_object({"a": 0})))),
    "objects, 1 MB": _wire(message((1, plain_object({"a": 0}))), 1_000_000),
    "small fields": _wire(b"\x08\0"),
    "fields in an object": lambda: saved_model([b"\x08\0" * 24_000_000]),
    "children": lambda: _children(500_000),
    "variables": lambda: saved_model(
        [
            plain_object({"variables": 1}),
            plain_object({str(n): n + 2 for n in range(100_000)}),
            *[variable(f"v{n}", [3]) for n in range(100_000)],
        ]
    ),
    "attributes in attributes": lambda: saved_model(
        [*(plain_object({"a": n + 1, "b": n + 1}) for n in range(50_000)), variable("v", [3])]
    ),
    "metadata of 50 MB": lambda: saved_model(
        [plain_object({"keras_api": 1}, in_config(b"x", SIZE, around=(b'"', b'"'))().decode())]
    ),
    "metadata of lists": lambda: saved_model([plain_object({"keras_api": 1}, in_config(b"[],", SIZE)().decode())]),
    "a text": repeated(b"x", b"\x08\x01\x12"),
    "long integers": repeated(b"\xff", b"\x08\x01\x12\x80\x80\x80\x10"),
    "a graph of TensorFlow 1": lambda: _graph(500_000),
    "a graph alone": lambda: _graph_alone(1_000_000),
}


def _graph(nodes: int) -> bytes:
    node = message((1, message((1, "n"), (2, "VariableV2"))))
    graph = node * nodes
    return message((1, 1), (2, message((2, graph))))


def _graph_alone(nodes: int) -> bytes:
    return message((1, message((1, "node"), (2, "Placeholder")))) * nodes
