"""Damaged and hostile HDF5 files give one of two errors, and the work for them is limited."""

import io
import tracemalloc
from contextlib import suppress
from random import Random
from typing import Any

import h5py
import numpy as np
import pytest

from convcalc.hdf5 import storage
from convcalc.hdf5.datatypes import read_datatype
from convcalc.hdf5.files import open_root
from convcalc.hdf5.heaps import FractalHeap
from convcalc.hdf5.objects import Array, Group, Object
from convcalc.hdf5.storage import Damaged, Storage, TooLarge
from tests.hdf5.files import random_file, same_text

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


@pytest.mark.parametrize("libver", [None, "latest"])
def test_the_work_is_limited(libver: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With any smaller budget, reading ends with an error, and at most the budget is spent."""
    content = keras_like(libver)
    spent = 0
    pay = Storage.pay

    def counted(self: Storage, cost: int) -> None:
        nonlocal spent
        pay(self, cost)
        spent += cost

    monkeypatch.setattr(Storage, "pay", counted)
    read_all(content)
    needed = spent
    assert needed > 50 * storage.READ_COST
    for budget in (0, needed // 7, needed // 2, needed - 1):
        spent = 0
        monkeypatch.setattr(storage, "BUDGET", budget)
        with pytest.raises(TooLarge):
            read_all(content)
        assert spent <= budget
    monkeypatch.setattr(storage, "BUDGET", needed)
    read_all(content)


def _texts(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array(["x" * 40] * 99_000, h5py.string_dtype())


def _attributes(file: h5py.File) -> None:
    for number in range(3_000):
        file.attrs[f"a{number}"] = b"x" * 500


def _groups(file: h5py.File) -> None:
    for number in range(3_000):
        file.create_group(f"g{number}")


def _links(file: h5py.File) -> None:
    for number in range(8_000):
        file[f"l{number}"] = h5py.SoftLink("/" + "a" * 300)


@pytest.mark.parametrize("write", [_texts, _attributes, _groups, _links])
def test_the_budget_covers_what_is_kept_in_memory(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays in memory is at most the budget that was paid for it: texts, attributes, groups, links."""
    file = io.BytesIO()
    with h5py.File(file, "w", libver="latest") as root:
        write(root)
    content, paid = file.getvalue(), 0
    pay = Storage.pay

    def counted(self: Storage, cost: int) -> None:
        nonlocal paid
        pay(self, cost)
        paid += cost

    monkeypatch.setattr(Storage, "pay", counted)
    tracemalloc.start()
    root = open_root(io.BytesIO(content))
    kept: list[Any] = [root.attributes, root.texts("layer_names"), root.links]
    kept += [root.open(name).attributes for name, link in root.links.items() if not link.type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept
    assert peak - len(content) < 1.3 * paid


def test_one_long_text_many_times_is_too_large() -> None:
    """Each of the texts is the same object of the file's heap."""
    with pytest.raises(TooLarge):
        open_root(io.BytesIO(same_text(50_000, 60_000))).texts("layer_names")


def test_the_data_of_all_arrays_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        root["a"], root["b"] = np.ones(100), np.ones(100)
    monkeypatch.setattr(storage, "MAX_DATA", 1_000)
    opened = open_root(io.BytesIO(file.getvalue()))
    contents = [member.content(10_000) for member in map(opened.open, "ab") if isinstance(member, Array)]
    assert [content is None for content in contents] == [False, True]


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
