"""Compares the reader with h5py: every link, attribute, shape, type and array of random files."""

import io
from typing import Any

import h5py
import numpy as np
import pytest

from convcalc.hdf5.files import open_root
from convcalc.hdf5.links import EXTERNAL, HARD
from convcalc.hdf5.objects import Array, Group, Object
from tests.hdf5.files import random_file


def compare_groups(ours: Object, theirs: h5py.Group) -> None:
    assert isinstance(ours, Group)
    assert set(ours.links) == set(theirs.keys())
    compare_attributes(ours, theirs)
    for name in theirs:
        link = theirs.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            assert (ours.links[name].type, ours.links[name].file) == (EXTERNAL, link.filename)
        elif not isinstance(link, h5py.HardLink):
            assert ours.links[name].type != HARD
        elif isinstance(theirs[name], h5py.Group):
            compare_groups(ours.open(name), theirs[name])
        elif isinstance(theirs[name], h5py.Dataset):
            compare_arrays(ours.open(name), theirs[name])


def compare_arrays(ours: Object, theirs: h5py.Dataset) -> None:
    assert isinstance(ours, Array)
    assert "/" + ours.path == theirs.name
    assert ours.shape == theirs.shape
    assert ours.type.name == ("bfloat16" if theirs.dtype.str == "|V2" else theirs.dtype.name)
    compare_attributes(ours, theirs)
    content = ours.content(2**20)
    if theirs.chunks:
        assert content is None
    elif content is not None and theirs.dtype.kind in "iufb":
        assert content == theirs[()].tobytes()


def compare_attributes(ours: Object, theirs: Any) -> None:
    assert set(ours.attributes) == set(theirs.attrs)
    for name, value in theirs.attrs.items():
        if isinstance(value, str | bytes):
            assert ours.text(name) == value
        elif isinstance(value, np.ndarray) and value.dtype.kind in "SO":
            assert ours.texts(name) == value.ravel().tolist()
        else:
            assert (ours.text(name), ours.texts(name)) == (None, [])


@pytest.mark.parametrize("seed", range(20))
def test_the_reader_agrees_with_h5py(seed: int) -> None:
    content = random_file(seed)
    with h5py.File(io.BytesIO(content)) as theirs:
        compare_groups(open_root(io.BytesIO(content)), theirs)


def test_large_groups_and_attributes_are_in_several_blocks() -> None:
    """The index of 3,000 members has several levels, and its heap has tables of blocks inside tables of blocks."""
    for libver in ("earliest", "latest"):
        file = io.BytesIO()
        with h5py.File(file, "w", libver=libver, track_order=True) as root:
            for number in range(3000):
                root[f"{'long' * 20}{number}"] = np.int8(number % 100)
            root.attrs["long"] = "x" * 60_000
            for number in range(30):
                root.attrs[f"text{number}"] = ["y" * 1000] * 3
        root_group = open_root(io.BytesIO(file.getvalue()))
        assert len(root_group.links) == 3000
        assert root_group.text("long") == "x" * 60_000
        assert all(root_group.texts(f"text{number}") == ["y" * 1000] * 3 for number in range(30))
        assert all(isinstance(root_group.open(name), Array) for name in [*root_group.links][:50])


def test_the_names_of_other_files_are_read() -> None:
    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        root.create_dataset("raw", (4,), "i1", external=[("first.bin", 0, 2), ("second.bin", 0, 2)])
        for name, parts in (("virtual", [".", "a.h5", ".", "b.h5"]), ("inside", [".", "."])):
            layout = h5py.VirtualLayout((4, 8), "i1")
            for row, other in enumerate(parts):
                layout[row, ::2] = h5py.VirtualSource(other, "x", (4,))
            root.create_virtual_dataset(name, layout)
    root_group = open_root(file)
    files = {
        name: member.other_files for name in root_group.links if isinstance(member := root_group.open(name), Array)
    }
    assert files == {"raw": ["first.bin", "second.bin"], "virtual": ["a.h5", "b.h5"], "inside": []}
