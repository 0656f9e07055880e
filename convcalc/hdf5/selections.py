"""Finds the files that contain the data of a virtual HDF5 array.

A virtual array is a list of parts. Each part names a file and an array in it, and has two selections of elements.
"""

from __future__ import annotations

from convcalc.hdf5.storage import Cursor, Damaged, Storage

_NONE, _POINTS, _BLOCKS, _ALL = range(4)
_REGULAR = 1  # a flag of a selection of blocks: the blocks have equal distances


def virtual_sources(storage: Storage, data: bytes) -> list[str]:
    """Returns the names of the other files that contain data of a virtual array, without repetitions."""
    cursor = Cursor(data)
    version = cursor.number(1)
    if version != 0:
        raise Damaged(f"the parts of a virtual array have the unknown version {version}")
    files: dict[str, None] = {}
    for _ in range(storage.length(cursor)):
        name = cursor.text().decode("utf-8", "replace")
        cursor.text()  # skip the path of the array in that file
        _skip_selection(cursor)
        _skip_selection(cursor)
        if name != ".":  # "." means the file that is being read
            files[name] = None
    return [*files]


def _skip_selection(cursor: Cursor) -> None:
    kind, version = cursor.number(4), cursor.number(4)
    if kind in (_NONE, _ALL) and version == 1:
        cursor.skip(8)
    elif kind in (_POINTS, _BLOCKS) and version == 1:
        cursor.skip(4)
        cursor.skip(cursor.number(4))
    elif kind == _BLOCKS and version == 2:
        cursor.skip(1)
        cursor.skip(cursor.number(4))
    elif kind == _BLOCKS and version == 3:
        flags, size, rank = cursor.number(1), cursor.number(1), cursor.number(4)
        cursor.skip(4 * rank * size if flags & _REGULAR else 2 * rank * size * cursor.number(size))
    elif kind == _POINTS and version == 2:
        size, rank = cursor.number(1), cursor.number(4)
        cursor.skip(rank * size * cursor.number(size))
    else:
        raise Damaged("a virtual array has an unknown selection")
