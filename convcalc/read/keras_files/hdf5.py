"""Reads attributes and the shapes of arrays from HDF5 files, within limits. Links are not followed.

The data of arrays are read only to find out whether two arrays are the same variable.

Needs h5py (the extra ``convcalc[hdf5]``), which is imported only when a file is opened.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, takewhile
from typing import Any, BinaryIO

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Refusal, Source, error
from convcalc.model import StoredWeight
from convcalc.read.spec.nodes import decode

CONFIG = "model_config"  # the name of the attribute with a model's config
MAX_CONFIG = 64 * 2**20
MAX_COMPARED = 64 * 2**20  # arrays with more bytes are not compared
MAX_OBJECTS = 20_000  # a file with more groups and arrays is refused
_HEAP = b"GCOL"
_TOO_MANY = f"there are more than {MAX_OBJECTS:,} groups and arrays"


def config_text(file: BinaryIO, name: str) -> Source:
    """Returns the text of a model's config. Keras 2 and 3 save it as an attribute of an ``.h5`` file.

    Raises :class:`ConvcalcError` if the file has no config, or if h5py is not installed.
    """
    with open_hdf5(file, name) as tree:
        config = tree.root.attrs.get(CONFIG)
    if config is None:
        message = f"{name}: this HDF5 file contains only weights, without the model's config"
        raise error(codes.NOT_A_MODEL, message)
    if isinstance(config, str):  # restores bytes that are not UTF-8, which h5py replaced
        config = config.encode("utf-8", "surrogateescape")
    if not isinstance(config, bytes) or len(config) > MAX_CONFIG:
        raise error(codes.NOT_A_MODEL, f"{name}: the config in this HDF5 file is not a text, or is too long")
    return decode(config, name)


def stored_optimizer(tree: Tree) -> Any:
    """Returns the config of the optimizer in the file of a whole model.

    Returns None if Keras 3 refuses the config. For example, Keras 3 refuses some arguments that Keras 2.11 and later
    versions write.
    """
    text = tree.root.attrs.get("training_config")
    if (
        not isinstance(text, (str, bytes))
        or len(text) > MAX_CONFIG
        or tree.child(tree.root, "optimizer_weights") is None
    ):
        return None
    try:
        optimizer = json.loads(text)["optimizer_config"]
        config = optimizer["config"]
        known = isinstance(optimizer["class_name"], str) and isinstance(config, dict)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not known or "is_legacy_optimizer" in config or "jit_compile" in config:
        return None
    return {"module": "keras.optimizers", **optimizer}


class Tree:
    """The groups and arrays of an open file. Methods return objects of h5py, or None if a group or array does not
    exist.

    Keras writes a plain tree. A link to another place or file is an error, and so is a group in two places of the tree.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self._remaining = MAX_OBJECTS
        self._entered: set[int] = set()

    def child(self, group: Any, path: str) -> Any:
        """Returns the group or array at a path below a group; None if it does not exist."""
        import h5py

        for name in path.split("/"):
            if not isinstance(group, h5py.Group) or not name:
                return None
            # low-level, because this check must not follow links
            links, key = group.id.links, name.encode()
            if not links.exists(key):
                return None
            if links.get_info(key).type != h5py.h5l.TYPE_HARD:
                raise Refusal(
                    f"{_path(group)}/{name} is a link to another place or file, which is not followed", codes.DAMAGED
                )
            self._remaining -= 1
            if self._remaining < 0:
                raise Refusal(_TOO_MANY, codes.TOO_LARGE)
            group = group[name]
        return group

    def inside(self, group: Any) -> dict[str, Any]:
        """Returns all groups and arrays in a group, by name. Names that are numbers are sorted as numbers."""
        import h5py

        if not isinstance(group, h5py.Group):
            raise Refusal(f"{_path(group)} is not a group", codes.DAMAGED)
        address = h5py.h5o.get_info(group.id).addr
        if address in self._entered:
            raise Refusal(f"{_path(group)} is in two places", codes.DAMAGED)
        self._entered.add(address)
        if len(group) > self._remaining:
            raise Refusal(_TOO_MANY, codes.TOO_LARGE)
        names = sorted(group, key=lambda name: (len(name), name) if name.isdecimal() else (0, name))
        return {name: self.child(group, name) for name in names}

    def arrays(self, group: Any) -> list[StoredWeight]:
        """Returns the arrays directly in a group."""
        import h5py

        return [array(member) for member in self.inside(group).values() if isinstance(member, h5py.Dataset)]

    def arrays_inside(self, group: Any) -> list[StoredWeight]:
        """Returns all arrays in a group, at any depth. Arrays behind links to other places are left out.

        Raises :class:`Refusal` if there are too many objects in the group.
        """
        import h5py

        names: list[str] = []
        seen = count()

        def visit(name: Any, info: Any) -> bool | None:
            if info.type == h5py.h5o.TYPE_DATASET:
                names.append(name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name)
            return True if next(seen) >= MAX_OBJECTS else None

        if h5py.h5o.visit(group.id, visit, info=True):
            raise Refusal(_TOO_MANY, codes.TOO_LARGE)
        start = _path(group)
        # These low-level calls are five times as fast as h5py's objects. A model has hundreds of weights.
        return [_array_at(group.id, name, f"{start}/{name}") for name in names]

    def texts(self, group: Any, name: str) -> list[str]:
        """Returns an attribute that is a list of texts. Keras splits a long list into ``name0``, ``name1`` …"""
        attributes = group.attrs
        numbered = takewhile(attributes.__contains__, (f"{name}{number}" for number in count()))
        parts = [attributes[key] for key in ([name] if name in attributes else numbered)]
        return [
            text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for part in parts for text in part
        ]


def array(dataset: Any) -> StoredWeight:
    """Returns the path, shape and dtype of an array. Raises an error if its data are in another file."""
    import h5py

    properties = dataset.id.get_create_plist()
    if properties.get_layout() == h5py.h5d.VIRTUAL or properties.get_external_count():
        raise Refusal(f"the data of {_path(dataset)} are in other files, which are not opened", codes.DAMAGED)
    if dataset.shape is None:
        raise Refusal(f"{_path(dataset)} is empty", codes.DAMAGED)
    # HDF5 has no bfloat16. Keras stores a bfloat16 as two bytes without a type, which is "|V2" here.
    dtype = "bfloat16" if dataset.dtype.str == "|V2" else str(dataset.dtype.name)
    return StoredWeight(_path(dataset), tuple(map(int, dataset.shape)), dtype)


def _array_at(group: Any, name: str, path: str) -> StoredWeight:
    """Returns the path, shape and dtype of an array. ``group`` is a group of h5py's low-level API; ``name`` is the path
    in it.
    """
    import h5py

    dataset = h5py.h5d.open(group, name.encode("utf-8", "surrogateescape"))
    stored_type = dataset.get_type()
    key = stored_type.get_class(), stored_type.get_size()
    if key == (h5py.h5t.FLOAT, 4):
        return StoredWeight(path, dataset.shape, "float32")
    return array(h5py.Dataset(dataset))


def same_variables(tree: Tree, first: Sequence[StoredWeight], second: Sequence[StoredWeight]) -> bool | None:
    """Returns True if two lists of arrays are the same variables, stored twice. Returns False if they are not.

    Returns None if this is unknown: the values could not be read, or all arrays are constant. For example, two arrays of zeros can be
    equal by chance.
    """
    if [(weight.shape, weight.dtype) for weight in first] != [(weight.shape, weight.dtype) for weight in second]:
        return False
    varies, is_known = False, True
    for weight, other in zip(first, second):
        dataset = tree.child(tree.root, weight.path)
        content, other_content = _content(dataset), _content(tree.child(tree.root, other.path))
        if content is None or other_content is None:
            is_known = False
        elif content != other_content:
            return False
        else:
            varies |= content != content[: dataset.dtype.itemsize] * dataset.size
    return True if varies and is_known else None


def is_table(tree: Tree, weight: StoredWeight) -> bool:
    """Returns True if an array looks like a constant table, such as indices or frequencies.

    A table has integers of more than one byte, or sorted floats. Two layers of one class can have equal tables, so equal tables are
    not always one variable.
    """
    dataset = tree.child(tree.root, weight.path)
    if dataset.dtype.kind in "iub":
        return bool(dataset.dtype.itemsize > 1)
    if dataset.dtype.kind != "f":
        return False
    values = dataset[()].ravel()
    return bool((values[1:] >= values[:-1]).all() or (values[1:] <= values[:-1]).all())


def _content(dataset: Any) -> bytes | None:
    """Returns the data of an array. None if it is empty, too large, compressed or divided into chunks.

    Keras writes neither compressed nor divided arrays.
    """
    import h5py

    contiguous = dataset.id.get_create_plist().get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
    if not contiguous or not dataset.size or dataset.nbytes > MAX_COMPARED:
        return None
    content: bytes = dataset[()].tobytes()
    return content


class _CheckedFile(io.RawIOBase):
    """A file that checks the data while the HDF5 library reads them.

    HDF5 stores texts in structures called heaps. For some damaged heaps, the library would never stop reading.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        start = file.read(16)
        # Byte 14 states how many bytes a length has. Since version 2 of the format, it is byte 10.
        if start[14 if start[8] < 2 else 10] != 8:
            raise OSError("its lengths do not have 8 bytes, which Keras always writes")

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        if bytes(buffer[:4]) == _HEAP:
            _check_heap(buffer)
        return count


def _check_heap(heap: Any) -> None:
    """Raises an error for a damaged heap, in which the HDF5 library would loop forever.

    Each object in a heap begins with 16 bytes: its number (0 for free space) at byte 0, and its size at byte 8. With a size of 0 or
    an overflow, the library would read the same object again.
    """
    offset, end = 16, int.from_bytes(heap[8:16], "little")
    while offset + 16 <= min(end, len(heap)):  # ``heap`` may be only the beginning of a long heap
        number = int.from_bytes(heap[offset : offset + 2], "little")
        size = int.from_bytes(heap[offset + 8 : offset + 16], "little")
        step = 16 + -(-size // 8) * 8 if number else size
        if not 0 < step <= end - offset:
            raise OSError("an object in a heap has the size 0, or is larger than the heap")
        offset += step


def _path(member: Any) -> str:
    """Returns the path of a group or an array in its file."""
    return str(member.name).lstrip("/")


@contextmanager
def open_hdf5(file: BinaryIO, name: str) -> Iterator[Tree]:
    """Opens an HDF5 file. Raises :class:`ConvcalcError` for a damaged file, and if h5py is not installed."""
    try:
        import h5py
    except ImportError:
        message = f"{name}: reading HDF5 needs h5py; install the extra: pip install 'convcalc[hdf5]'"
        raise error(codes.NEEDS_H5PY, message) from None
    try:
        with h5py.File(_CheckedFile(file), "r") as root:
            yield Tree(root)
    except ConvcalcError:
        raise
    except Refusal as refusal:
        raise error(refusal.code, f"{name}: {refusal.message}") from None
    except Exception as bad:  # h5py raises many types of errors for damaged files
        raise error(codes.DAMAGED, f"{name}: the HDF5 file is damaged: {str(bad)[:200]}") from None
