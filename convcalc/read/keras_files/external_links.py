"""Finds references to other files in the HDF5 data of a Keras file.

A reference is an external link, or an array whose data are in another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath
from typing import Any

from convcalc.base import codes
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError
from convcalc.read.detect import detect, open_model
from convcalc.read.keras_files.hdf5 import MAX_OBJECTS, Tree


def external_links(source: str | PathLike[str]) -> list[tuple[str, str]]:
    """Returns the references to other files: the path in the HDF5 data, and the name of the other file. Opens no other
    file.

    Raises :class:`ConvcalcError` if h5py is not installed or the HDF5 data are damaged.
    """
    name = fspath(source)
    if name == "-":
        return []
    with open_model(name) as (file, path):
        opened = detect(file, path)
        if opened.kind.tree is None:
            return []
        try:
            with resolve(opened.kind.tree)(opened) as tree:
                return list(_links(tree.root)) if isinstance(tree, Tree) else []
        except ConvcalcError as failed:
            if failed.problems[0].code == codes.NO_WEIGHTS:  # an archive without weights has no HDF5 file
                return []
            raise


def _links(root: Any) -> Iterator[tuple[str, str]]:
    import h5py

    waiting, count = [root], 0
    entered: set[int] = set()
    while waiting and count < MAX_OBJECTS:
        group = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in entered:
            continue
        entered.add(address)
        for name in group:  # this lists links, but does not open their targets
            count += 1
            key = name.encode("utf-8", "surrogateescape")
            path = f"{group.name.rstrip('/')}/{name}".lstrip("/")
            link_type = group.id.links.get_info(key).type
            if link_type == h5py.h5l.TYPE_EXTERNAL:
                yield path, group.id.links.get_val(key)[0].decode("utf-8", "replace")
            if link_type != h5py.h5l.TYPE_HARD:
                continue
            child = group[name]
            if isinstance(child, h5py.Group):
                waiting.append(child)
            elif isinstance(child, h5py.Dataset):
                properties = child.id.get_create_plist()
                for number in range(properties.get_external_count()):
                    yield path, properties.get_external(number)[0].decode("utf-8", "replace")
                if properties.get_layout() == h5py.h5d.VIRTUAL:
                    yield from ((path, part.file_name) for part in child.virtual_sources() if part.file_name != ".")
