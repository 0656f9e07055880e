"""Makes random HDF5 files with h5py: all versions of the format, all kinds of links, attributes and types."""

from __future__ import annotations

import io
import struct
from random import Random
from typing import Any

import h5py
import numpy as np

VERSIONS: list[Any] = [None, "latest", "v108", ("earliest", "v110"), ("v108", "v108")]
TYPES: list[Any] = [
    *("f4", "f8", "f2", ">f4", "i1", "u1", "i8", "u4", "bool", "S5", "V2", "V3", "c8"),
    h5py.string_dtype(),
    h5py.string_dtype(length=7),
    h5py.vlen_dtype("i4"),
    h5py.enum_dtype({"A": 1, "B": 2}, "i4"),
]
SHAPES: list[Any] = [(), (3,), (2, 3), (0,), (4, 5, 6), None]
VALUES: list[Any] = [
    *("text", "", "é" * 50, b"bytes", "z" * 5000, [b"a", b"bcd"], ["x", "yé"], [["a", "b"], ["c", "d"]]),
    *(3, 2.5, [1, 2], [], h5py.Empty("f4"), np.array([b"l" * 20] * 100)),
]


def random_file(seed: int) -> bytes:
    """Returns an HDF5 file."""
    random, file = Random(seed), io.BytesIO()
    options: dict[str, Any] = {"libver": random.choice(VERSIONS), "track_order": random.random() < 0.3}
    if random.random() < 0.2:
        options["userblock_size"] = random.choice([512, 2048])
    with h5py.File(file, "w", **options) as root:
        named = random.random() < 0.3
        if named:
            root["named"] = np.dtype("float32")
        _fill(random, root, 0, [*TYPES, root["named"]] if named else TYPES)
    return file.getvalue()


def _fill(random: Random, group: h5py.Group, depth: int, types: list[Any]) -> None:
    for number in range(random.choice([0, 1, 3, 9, 40] if depth == 0 else [0, 1, 3, 12])):
        name = random.choice(["a", "dense", "é", "x" * 30, "x" * 300]) + str(number)
        kind = random.choice(["group", "array", "array", "array", "soft", "external"])
        if kind == "group" and depth < 2:
            _fill(random, group.create_group(name, track_order=random.choice([None, True])), depth + 1, types)
        elif kind == "soft":
            group[name] = h5py.SoftLink("/elsewhere")
        elif kind == "external":
            group[name] = h5py.ExternalLink("other.h5", "/path")
        else:
            _add_array(random, group, name, types)
    _add_attributes(random, group)


def _add_array(random: Random, group: h5py.Group, name: str, types: list[Any]) -> None:
    shape = random.choice(SHAPES)
    if shape is None:
        array = group.create_dataset(name, data=h5py.Empty("f4"))
    else:
        chunks = {"chunks": True, "compression": random.choice([None, "gzip"])}
        options = chunks if shape and 0 not in shape and random.random() < 0.15 else {}
        array = group.create_dataset(name, shape, random.choice(types), **options)
        if array.dtype.kind in "iuf" and array.size:
            array[...] = np.arange(array.size).reshape(shape)
    _add_attributes(random, array)


def _add_attributes(random: Random, member: Any) -> None:
    for number in range(random.choice([0, 0, 0, 1, 2, 9, 12])):
        member.attrs[f"k{number}"] = random.choice(VALUES)


def same_text(count: int, size: int) -> bytes:
    """Returns a file with an attribute ``layer_names``: many texts of variable length, all the same object of the heap."""
    file = io.BytesIO()
    with h5py.File(file, "w", libver="latest") as root:
        root.attrs["layer_names"] = np.array(["b" * size, *["a"] * (count - 1)], h5py.string_dtype())
    content = file.getvalue()
    first = content.find(struct.pack("<I", size))
    entry, end = content[first : first + 16], first + 16 * count
    return content[:first] + entry * count + content[end:]
