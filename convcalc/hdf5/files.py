"""Opens HDF5 files."""

from __future__ import annotations

from typing import BinaryIO

from convcalc.hdf5.objects import Group, open_object
from convcalc.hdf5.storage import Damaged, Storage

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_OFFSET_SIZES = (2, 4, 8)


def open_root(file: BinaryIO) -> Group:
    """Returns the root group of an open file.

    Raises ``Damaged`` or ``TooLarge`` if the file cannot be read. The same errors can be raised later, because groups
    and arrays are read when they are needed.
    """
    storage = Storage(file)
    root = open_object(storage, _root_address(storage), "")
    if not isinstance(root, Group):
        raise Damaged("the root is not a group")
    return root


def _root_address(storage: Storage) -> int:
    """Reads the superblock, the first structure of a file. Returns the address of the root group."""
    start = _superblock(storage)
    storage.base = start
    block = storage.at(0, 16)
    block.at = 8
    version = block.number(1)
    if version < 2:
        block.at = 13
    storage.offset_size, storage.length_size = block.number(1), block.number(1)
    if storage.offset_size not in _OFFSET_SIZES or storage.length_size not in _OFFSET_SIZES:
        raise Damaged("its addresses have neither 2, 4 nor 8 bytes")
    if version in (0, 1):
        addresses = storage.at(24 + 4 * version, 6 * storage.offset_size)
        storage.address(addresses)  # the base address, which is the start of the superblock
        storage.address(addresses)
        end = storage.address(addresses)
        storage.address(addresses)
        storage.address(addresses)  # the offset of the root's name
        root = storage.known_address(addresses)
    elif version in (2, 3):
        addresses = storage.at(12, 4 * storage.offset_size)
        storage.address(addresses)
        storage.address(addresses)
        end, root = storage.address(addresses), storage.known_address(addresses)
    else:
        raise Damaged(f"the file has the unknown version {version}")
    if end is not None and end > storage.size:
        raise Damaged(f"the file is cut short: it has {storage.size:,} of {end:,} bytes")
    return root


def _superblock(storage: Storage) -> int:
    """Returns the position of the superblock: 0, 512, 1024, 2048 …"""
    position = 0
    while position + 8 <= storage.size:
        if storage.read(position, 8) == SIGNATURE:
            return position
        position = position * 2 or 512
    raise Damaged("this is not an HDF5 file")
