"""What the HDF5 in a Keras file would have opened besides: links to other files, and arrays whose data lie in them."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath
from typing import Any

from convcalc.base import codes
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError
from convcalc.read.container import opened_file
from convcalc.read.detect import open_binary
from convcalc.read.keras_files.hdf5 import MAX_OBJECTS


def external_links(source: str | PathLike[str]) -> list[tuple[str, str]]:
    """Each with its place in the file, and the file that it names. None is followed.

    Raises :class:`ConvcalcError` where h5py is not installed, or the HDF5 is damaged.
    """
    name = fspath(source)
    if name == "-":
        return []
    with opened_file(name) as file:
        opened = open_binary(file, name)
        if opened is None or opened.kind.tree is None:
            return []
        try:
            with resolve(opened.kind.tree)(opened) as tree:
                return list(_found(tree.root))
        except ConvcalcError as failed:
            if failed.problems[0].code == codes.NO_WEIGHTS:  # an archive without weights
                return []
            raise


def _found(root: Any) -> Iterator[tuple[str, str]]:
    import h5py

    waiting, seen = [root], 0
    entered: set[int] = set()
    while waiting and seen < MAX_OBJECTS:
        group = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in entered:
            continue
        entered.add(address)
        for name in group:  # which follows no link
            seen += 1
            key = name.encode("utf-8", "surrogateescape")
            place = f"{group.name.rstrip('/')}/{name}".lstrip("/")
            kind = group.id.links.get_info(key).type
            if kind == h5py.h5l.TYPE_EXTERNAL:
                yield place, group.id.links.get_val(key)[0].decode("utf-8", "replace")
            if kind != h5py.h5l.TYPE_HARD:
                continue
            child = group[name]
            if isinstance(child, h5py.Group):
                waiting.append(child)
            elif isinstance(child, h5py.Dataset):
                made = child.id.get_create_plist()
                for number in range(made.get_external_count()):
                    yield place, made.get_external(number)[0].decode("utf-8", "replace")
                if made.get_layout() == h5py.h5d.VIRTUAL:
                    yield from ((place, each.file_name) for each in child.virtual_sources() if each.file_name != ".")
