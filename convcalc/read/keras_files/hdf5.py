"""HDF5 files, of which attributes and the shapes of arrays are read: no data, no link to elsewhere, all within bounds.

Needs h5py, of the extra ``convcalc[hdf5]``; only :func:`opened` imports it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from typing import Any, BinaryIO

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Refusal, Source, error
from convcalc.model import StoredWeight
from convcalc.read.spec.nodes import decode

MAX_CONFIG = 64 * 2**20
MAX_OBJECTS = 20_000  # groups and arrays that are looked at in one file
_HEAP = b"GCOL"
_TOO_MANY = f"there are more than {MAX_OBJECTS:,} groups and arrays"


def config_text(file: BinaryIO, name: str) -> Source:
    """The text of a model's config, as Keras 2 and 3 save it into ``.h5``: one attribute of the file.

    Raises :class:`ConvcalcError` for a file without one, and where h5py is not installed.
    """
    with opened(file, name) as tree:
        config = tree.root.attrs.get("model_config")
    if config is None:
        message = f"{name}: this HDF5 file holds weights alone, without the model's config"
        raise error(codes.NOT_A_MODEL, message)
    if isinstance(config, str):  # in which h5py writes bytes that are no UTF-8 as halves of characters
        config = config.encode("utf-8", "surrogateescape")
    if not isinstance(config, bytes) or len(config) > MAX_CONFIG:
        raise error(codes.NOT_A_MODEL, f"{name}: what this HDF5 file holds as its config is no text of a usual size")
    return decode(config, name)


class Tree:
    """The groups and arrays of an open file. A group or an array is h5py's; one that is not there is None.

    Keras writes a plain tree. So a link that leads elsewhere is refused, and a group that is entered twice.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self._left = MAX_OBJECTS
        self._entered: set[int] = set()

    def child(self, group: Any, path: str) -> Any:
        """What a group holds under a name, or under a path of names."""
        import h5py

        for name in path.split("/"):
            if not isinstance(group, h5py.Group) or not name:
                return None
            # Asked of the low level, which does not follow a link to say whether it is there.
            links, key = group.id.links, name.encode()
            if not links.exists(key):
                return None
            if links.get_info(key).type != h5py.h5l.TYPE_HARD:
                raise Refusal(f"{_place(group)}/{name} is a link to elsewhere, which is not followed", codes.DAMAGED)
            self._left -= 1
            if self._left < 0:
                raise Refusal(_TOO_MANY, codes.TOO_LARGE)
            group = group[name]
        return group

    def inside(self, group: Any) -> dict[str, Any]:
        """All that a group holds, by name, numbers in their order."""
        import h5py

        if not isinstance(group, h5py.Group):
            raise Refusal(f"{_place(group)} is no group", codes.DAMAGED)
        address = h5py.h5o.get_info(group.id).addr
        if address in self._entered:
            raise Refusal(f"{_place(group)} stands in two places", codes.DAMAGED)
        self._entered.add(address)
        if len(group) > self._left:
            raise Refusal(_TOO_MANY, codes.TOO_LARGE)
        names = sorted(group, key=lambda name: (len(name), name) if name.isdecimal() else (0, name))
        return {name: self.child(group, name) for name in names}

    def arrays(self, group: Any) -> list[StoredWeight]:
        """The arrays that stand in a group itself."""
        import h5py

        return [array(each) for each in self.inside(group).values() if isinstance(each, h5py.Dataset)]

    def texts(self, group: Any, name: str) -> list[str]:
        """A list of texts that is an attribute; Keras cuts one that is long into ``name0``, ``name1`` …"""
        attributes = group.attrs
        numbered = takewhile(attributes.__contains__, (f"{name}{number}" for number in count()))
        parts = [attributes[key] for key in ([name] if name in attributes else numbered)]
        return [
            text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for part in parts for text in part
        ]


def array(dataset: Any) -> StoredWeight:
    """The shape and the type of an array. One whose data lie in other files is refused before it is asked for more."""
    import h5py

    made = dataset.id.get_create_plist()
    if made.get_layout() == h5py.h5d.VIRTUAL or made.get_external_count():
        raise Refusal(f"the data of {_place(dataset)} lie in other files, which are not opened", codes.DAMAGED)
    if dataset.shape is None:
        raise Refusal(f"{_place(dataset)} holds nothing", codes.DAMAGED)
    # h5py has no bfloat16: Keras stores its two bytes as they are.
    dtype = "bfloat16" if dataset.dtype.str == "|V2" else str(dataset.dtype.name)
    return StoredWeight(_place(dataset), tuple(map(int, dataset.shape)), dtype)


class _Heaped(io.RawIOBase):
    """The file as HDF5 reads it. Texts stand in heaps, of which some that are damaged would be read for ever."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        start = file.read(16)
        if start[14 if start[8] < 2 else 10] != 8:  # of the first versions, and of the later ones
            raise OSError("its lengths are not of 8 bytes, as Keras writes them")

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        if bytes(buffer[:4]) == _HEAP:
            _refuse_endless(buffer)
        return count


def _refuse_endless(heap: Any) -> None:
    """Walk over the objects in a heap: each has a number, 0 for what is free, and at byte 8 its size. The HDF5 library takes a
    size of 0 there, and one from which its sum wraps around, for a step to where it has been.
    """
    place, end = 16, int.from_bytes(heap[8:16], "little")
    while place + 16 <= min(end, len(heap)):  # a long heap is first read in part
        number = int.from_bytes(heap[place : place + 2], "little")
        size = int.from_bytes(heap[place + 8 : place + 16], "little")
        step = 16 + -(-size // 8) * 8 if number else size
        if not 0 < step <= end - place:
            raise OSError("a heap has an object of no size, or of one beyond its own")
        place += step


def _place(of: Any) -> str:
    return str(of.name).lstrip("/")


@contextmanager
def opened(file: BinaryIO, name: str) -> Iterator[Tree]:
    """The tree of a file. Raises :class:`ConvcalcError` for one that is damaged, and where h5py is not installed."""
    try:
        import h5py
    except ImportError:
        message = f"{name}: this needs h5py, which reads HDF5; install the extra: pip install 'convcalc[hdf5]'"
        raise error(codes.NEEDS_H5PY, message) from None
    try:
        with h5py.File(_Heaped(file), "r") as root:
            yield Tree(root)
    except ConvcalcError:
        raise
    except Refusal as refusal:
        raise error(refusal.code, f"{name}: {refusal.message}") from None
    except Exception as bad:  # h5py raises OSError, KeyError, RuntimeError … for what is damaged
        raise error(codes.DAMAGED, f"{name}: the HDF5 file is damaged: {str(bad)[:200]}") from None
