"""Checks weights in NumPy's format (``.npz``, ``.npy``). NumPy stores arrays of objects as pickles.

Only the headers are read. Source: ``numpy/lib/format.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from convcalc.audit.rules import BOMB, PICKLE, UNCHECKED, Finding
from convcalc.base.text import bytes_text
from convcalc.read.ambiguity import ZIP_STARTS
from convcalc.read.container import open_archive

_START = b"\x93NUMPY"
_MAX_HEADER = 10_000  # as NumPy
_MAX_ARRAYS = 10_000
_LARGE = 2**32
_MAX_EXPANSION = 100
_OBJECT = re.compile(r"(?:^|[,|<>=)\d\s])O\d*(?:$|,)|^object", re.MULTILINE)
_KEYS = ("descr", "fortran_order", "shape")


def audit_numpy(file: BinaryIO, path: str) -> Iterator[Finding]:
    """Yields the findings in a file of NumPy."""
    start = file.read(len(_START))
    file.seek(0)
    if start.startswith(ZIP_STARTS):
        yield from _audit_npz(file, path)
    elif start.startswith(_START):
        yield from _audit_array(file, path, file.seek(0, 2))
    elif start:
        yield Finding(PICKLE, path, "is no array: NumPy reads it as a pickle, and unpickling can run any code")


def _audit_npz(file: BinaryIO, path: str) -> Iterator[Finding]:
    with open_archive(file, path) as archive:
        if len(archive.filelist) > _MAX_ARRAYS:
            yield Finding(UNCHECKED, path, f"has more than {_MAX_ARRAYS:,} arrays")
        for info in archive.filelist[:_MAX_ARRAYS]:
            with archive.open(info) as member:
                yield from _audit_array(member, f"{path}: {info.filename}", info.compress_size)  # type: ignore[arg-type]


def _audit_array(file: BinaryIO, path: str, stored: int) -> Iterator[Finding]:
    """Yields the findings of one array, which is stored in ``stored`` bytes. The file's position is somewhere."""
    if file.seekable():
        file.seek(0)
    prefix = file.read(len(_START) + 2)
    if not prefix.startswith(_START):
        return  # NumPy returns such a member as bytes
    size = int.from_bytes(file.read(2 if prefix[-2] == 1 else 4), "little")
    header = file.read(min(size, _MAX_HEADER)).decode("latin1")
    shape = re.search(r"""['"]shape['"]\s*:\s*\(([\d,\sL]*)\)""", header)
    if size > _MAX_HEADER or prefix[-2] not in (1, 2, 3) or shape is None:
        yield Finding(UNCHECKED, path, "the header of this array has an unknown form")
        return
    words = [
        word for pair in re.findall(r"'([^']*)'|\"([^\"]*)\"", header) for word in pair if word not in ("", *_KEYS)
    ]
    if any(_OBJECT.search(word) for word in words):
        yield Finding(PICKLE, path, "is an array of objects: a pickle, and unpickling can run any code")
        return
    sizes = [int(number) for number in re.findall(r"\d+", shape[1]) if len(number) < 20]
    elements = 1
    for axis in sizes:
        elements *= axis
    width = max([int(number) for word in words for number in re.findall(r"\d+", word)[:1] if len(number) < 10] or [1])
    if elements * width > max(_LARGE, _MAX_EXPANSION * stored):
        yield Finding(BOMB, path, f"array: states {bytes_text(elements * width)}, stored in {bytes_text(stored)}")
