"""Finds references to other files in the HDF5 data of a Keras file.

A reference is an external link, or an array whose data are in another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath

from convcalc.base import codes
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError
from convcalc.hdf5.links import EXTERNAL, HARD
from convcalc.hdf5.objects import Array, Group
from convcalc.read.detect import detect, open_model
from convcalc.read.keras_files.hdf5 import Tree


def external_links(source: str | PathLike[str]) -> list[tuple[str, str]]:
    """Returns a pair for each reference: the path of the reference in the HDF5 data, and the name of the other file.

    The other files are not opened.

    Raises :class:`ConvcalcError` if the HDF5 data are damaged.
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
            if failed.problems[0].code == codes.NO_WEIGHTS:  # an archive without weights has no HDF5 data, so no links
                return []
            raise


def _links(root: Group) -> Iterator[tuple[str, str]]:
    """Yields the references in all groups and arrays, however many there are. ``convcalc.hdf5`` limits the work."""
    waiting: list[tuple[Group, str]] = [(root, name) for name in root.links]
    entered = {root.address}
    while waiting:
        group, name = waiting.pop()
        link = group.links[name]
        path = f"{group.path}/{name}".lstrip("/")
        if link.type == EXTERNAL:
            yield path, link.file
        if link.type != HARD or link.address in entered:
            continue
        entered.add(link.address)
        member = group.open(name)
        if isinstance(member, Group):
            waiting += ((member, inner) for inner in member.links)
        elif isinstance(member, Array):
            yield from ((path, other) for other in member.other_files)
