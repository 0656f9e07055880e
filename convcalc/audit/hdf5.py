"""Checks HDF5 data: the configs in the attributes, the links, and the arrays. All groups and arrays are visited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from convcalc.audit.config import audit_config
from convcalc.audit.rules import BOMB, HDF5_REFERENCE, Finding
from convcalc.base.problems import Source
from convcalc.base.text import bytes_text
from convcalc.hdf5.links import EXTERNAL, HARD, SOFT
from convcalc.hdf5.objects import Array, Group
from convcalc.read.ambiguity import HDF5_START
from convcalc.read.container import parse_json
from convcalc.read.keras_files.hdf5 import CONFIG, open_hdf5
from convcalc.read.spec.nodes import decode

_TRAINING = "training_config"  # the name of the attribute with the optimizer, the loss and the metrics
_LARGE = 2**32  # bytes; Keras 3.15 has the same limit
_MAX_EXPANSION = 100


def audit_hdf5(file: BinaryIO, name: str) -> Iterator[Finding]:
    """Yields the findings in an HDF5 file. Raises :class:`ConvcalcError` if a part cannot be read."""
    with open_hdf5(file, name) as tree:
        for attribute in (CONFIG, _TRAINING):
            text = tree.root.text(attribute)
            if text is not None:
                yield from _audit_text(text, attribute, name)
        yield from _audit_objects(tree.root)


def _audit_text(text: str | bytes, attribute: str, name: str) -> Iterator[Finding]:
    """Yields the findings in an attribute with a config."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    source = decode(data, name)
    prefix = "" if attribute == CONFIG else f"{attribute}."
    for finding in audit_config(parse_json(Source(source.name, source.text))):
        yield finding._replace(path=f"{prefix}{finding.path}")


def _audit_objects(root: Group) -> Iterator[Finding]:
    waiting: list[tuple[Group, str]] = [(root, name) for name in root.links]
    entered = {root.address}
    unstored = 0  # bytes of all smaller arrays that are not stored as they are
    while waiting:
        group, name = waiting.pop()
        link = group.links[name]
        path = f"{group.path}/{name}".lstrip("/")
        if link.type == EXTERNAL:
            yield Finding(HDF5_REFERENCE, path, f"HDF5 link: opens the file {link.file!r}")
        elif link.type not in (HARD, SOFT):
            yield Finding(HDF5_REFERENCE, path, f"HDF5 link of the unknown type {link.type}")
        if link.type != HARD or link.address in entered:
            continue
        entered.add(link.address)
        member = group.open(name)
        if isinstance(member, Group):
            waiting += ((member, inner) for inner in member.links)
        elif isinstance(member, Array):
            for other in member.other_files:
                yield Finding(HDF5_REFERENCE, path, f"HDF5 array: reads its data from the file {other!r}")
            size = member.size * member.type.size
            if not member.other_files and not member.is_stored_whole:
                if size <= _LARGE:
                    unstored += size
                else:
                    yield Finding(BOMB, path, f"HDF5 array: states {bytes_text(size)}, which the file does not store")
    if unstored > max(_LARGE, _MAX_EXPANSION * root.storage.size):
        yield Finding(
            BOMB, "all arrays", f"HDF5 arrays: state {bytes_text(unstored)} in total, which the file does not store"
        )


def has_hdf5(file: BinaryIO) -> bool:
    """Returns True if HDF5 data begin in the file: at byte 0, 512, 1024, 2048 …"""
    size, position = file.seek(0, 2), 0
    while position + len(HDF5_START) <= size:
        file.seek(position)
        if file.read(len(HDF5_START)) == HDF5_START:
            return True
        position = position * 2 or 512
    return False
