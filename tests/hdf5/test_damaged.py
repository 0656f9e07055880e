"""Damaged and hostile HDF5 files give one of two errors, and the work for them is limited."""

import io
from contextlib import suppress
from random import Random

import h5py
import numpy as np
import pytest

from convcalc.hdf5 import storage
from convcalc.hdf5.datatypes import read_datatype
from convcalc.hdf5.files import open_root
from convcalc.hdf5.heaps import FractalHeap
from convcalc.hdf5.objects import Array, Group, Object
from convcalc.hdf5.storage import Damaged, Storage, TooLarge
from tests.hdf5.files import random_file

MAX_MEMBERS = 2000


def read_all(content: bytes) -> None:
    """Reads everything in a file: links, attributes, shapes, types and data."""
    waiting: list[Object] = [open_root(io.BytesIO(content))]
    entered = 0
    while waiting and entered < MAX_MEMBERS:
        member = waiting.pop()
        entered += 1
        for name in member.attributes:
            member.text(name)
            member.texts(name)
        if isinstance(member, Array):
            _ = member.shape, member.type, member.other_files, member.content(2**20)
        if isinstance(member, Group):
            waiting += [member.open(name) for name, link in member.links.items() if not link.type]


def keras_like(libver: str | None = None) -> bytes:
    """Returns a file like those that Keras writes."""
    file = io.BytesIO()
    with h5py.File(file, "w", libver=libver) as root:
        root.attrs["model_config"] = '{"class_name": "Sequential"}' * 300
        for number in range(12):
            group = root.create_group(f"layers/dense_{number}/vars")
            group["0"], group["1"] = np.ones((3, 4), "f4"), np.zeros(4, "f4")
            group.attrs["name"] = f"dense_{number}"
        root.attrs["layer_names"] = [f"dense_{number}".encode() for number in range(12)]
    return file.getvalue()


def mutated(content: bytes, random: Random) -> bytes:
    """Returns the file with a few bytes changed, a number replaced by an extreme one, or its end cut off."""
    changed = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 5])):
        place = random.randrange(len(changed))
        size = random.choice([1, 2, 4, 8])
        value = random.choice([0, 1, 255, 2 ** (8 * size) - 1, random.getrandbits(8 * size), len(content), place])
        changed[place : place + size] = (value % 2 ** (8 * size)).to_bytes(size, "little")
    return bytes(changed[: random.randrange(len(changed))] if random.random() < 0.05 else changed)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_give_one_of_two_errors(seed: int) -> None:
    random = Random(seed)
    content = random_file(seed) if seed % 2 else keras_like("latest" if seed % 4 else None)
    for _ in range(60):
        with suppress(Damaged, TooLarge):
            read_all(mutated(content, random))


@pytest.mark.parametrize("libver", [None, "latest"])
def test_a_file_that_is_cut_short_is_an_error(libver: str | None) -> None:
    content = keras_like(libver)
    for size in range(0, len(content), 97):
        with pytest.raises(Damaged):
            read_all(content[:size])


def test_the_number_of_bytes_and_reads_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    content = keras_like()
    for name, limit in (("MAX_BYTES_READ", 4000), ("MAX_READS", 20)):
        with monkeypatch.context() as changed:
            changed.setattr(storage, name, limit)
            with pytest.raises(TooLarge):
                read_all(content)
    read_all(content)


def test_reading_stops_at_the_limit_of_bytes() -> None:
    assert Storage(io.BytesIO(b"abcd")).read(1, 3) == b"bcd"
    with pytest.raises(Damaged):
        Storage(io.BytesIO(b"abcd")).read(2, 3)


def test_very_many_texts_are_refused() -> None:
    file = io.BytesIO()
    with h5py.File(file, "w", libver="latest") as root:
        root.attrs["layer_names"] = np.zeros(2_000_000, "S1")
    with pytest.raises(TooLarge, match="more than 100,000 texts"):
        open_root(file).texts("layer_names")


def test_a_group_in_itself_ends() -> None:
    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        root["again"] = root["/"]
    read_all(file.getvalue())


def test_enumerations_inside_each_other_are_refused() -> None:
    """Each begins with its class, its number of members and its size: 8 bytes. The innermost is of 1-byte integers."""
    enum, integer = b"\x18\x00\x00\x00\x01\x00\x00\x00", b"\x10\x08\x00\x00\x01\x00\x00\x00\x00\x00\x08\x00"
    assert read_datatype(enum + integer).name == "int8"
    with pytest.raises(Damaged, match="of another enumeration"):
        read_datatype(enum * 8000 + integer)


def test_an_empty_identifier_is_refused() -> None:
    with pytest.raises(Damaged, match="no identifier"):
        FractalHeap.__new__(FractalHeap).object(b"")
