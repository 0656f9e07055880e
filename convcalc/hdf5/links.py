"""Reads the members of groups. A member is a link: to an object, to another path, or to another file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct

from convcalc.base import structs
from convcalc.hdf5.btrees import records, symbol_nodes
from convcalc.hdf5.headers import LINK, LINK_INFO, SYMBOL_TABLE, Message, content
from convcalc.hdf5.heaps import FractalHeap, LocalHeap
from convcalc.hdf5.storage import MEMBER_COST, Cursor, Damaged, Storage, expect

HARD, SOFT, EXTERNAL = 0, 1, 64
_FORMATS = {2: "H", 4: "I", 8: "Q"}  # number of bytes → format of Python's struct
_USUAL_ENTRIES = 8  # a node has at most this many members, unless the file was made with another limit
_NAME_INDEX = 5  # the type of a B-tree that sorts links by name


class Link(structs.Struct):
    """A member of a group.

    Attributes:
        type: :data:`HARD` for an object of this file, :data:`SOFT` for another path, :data:`EXTERNAL` for another file,
            or a number that a user defined.
        address: The address of the object; only for :data:`HARD`.
        file: The name of the other file; only for :data:`EXTERNAL`.
    """

    type: int
    address: int = 0
    file: str = ""


def read_links(storage: Storage, messages: Sequence[Message]) -> dict[str, Link]:
    """Returns the members of a group by name. Raises an error if two members have the same name."""
    links: dict[str, Link] = {}
    for name, link in _links(storage, messages):
        storage.pay(MEMBER_COST + len(name))
        text = name.decode("utf-8", "surrogateescape")
        if text in links:
            raise Damaged(f"a group has two members with the name '{text[:100]}'")
        links[text] = link
    return links


def _links(storage: Storage, messages: Sequence[Message]) -> Iterator[tuple[bytes, Link]]:
    for message in messages:
        if message.type == SYMBOL_TABLE:
            yield from _symbols(storage, Cursor(content(storage, message)))
        elif message.type == LINK:
            yield _link(storage, content(storage, message))
        elif message.type == LINK_INFO:
            yield from _indexed_links(storage, Cursor(content(storage, message)))


def _symbols(storage: Storage, table: Cursor) -> Iterator[tuple[bytes, Link]]:
    tree, names = storage.known_address(table), LocalHeap(storage, storage.known_address(table))
    # An entry has the offset of its name, the address of the object, the kind of its cache, and the cache.
    entry = Struct("<" + 2 * _FORMATS[storage.offset_size] + "I20x")
    undefined = (1 << 8 * storage.offset_size) - 1
    for node in symbol_nodes(storage, tree):
        begun = storage.read_some(node, 8 + _USUAL_ENTRIES * entry.size)
        expect(begun[:4], b"SNOD")
        size = int.from_bytes(begun[6:8], "little") * entry.size
        entries = begun[8 : 8 + size] if 8 + size <= len(begun) else storage.read(node + 8, size)
        for name, address, cached in entry.iter_unpack(entries):
            if cached == 2:  # the entry is a link to another path
                yield names.text(name), Link(SOFT)
            elif address == undefined:
                raise Damaged("a member of a group has no address")
            else:
                yield names.text(name), Link(HARD, address)


def _indexed_links(storage: Storage, info: Cursor) -> Iterator[tuple[bytes, Link]]:
    info.at = 1
    if info.number(1) & 1:
        info.at += 8
    heap_address, index = storage.address(info), storage.address(info)
    if heap_address is None or index is None:  # all links are messages of the group's header
        return
    heap = FractalHeap(storage, heap_address)
    for record in records(storage, index, _NAME_INDEX):
        yield _link(storage, heap.object(record[4:]))


def _link(storage: Storage, data: bytes) -> tuple[bytes, Link]:
    cursor = Cursor(data)
    version, flags = cursor.number(1), cursor.number(1)
    if version != 1:
        raise Damaged(f"a link has the unknown version {version}")
    kind = cursor.number(1) if flags & 0x08 else HARD
    cursor.at += (8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0)
    name = cursor.take(cursor.number(1 << (flags & 3)))
    if kind == HARD:
        return name, Link(HARD, storage.known_address(cursor))
    value = cursor.take(cursor.number(2))
    if kind != EXTERNAL:
        return name, Link(kind)
    # The value has a byte with a version, then the name of the file and the path in it, both with a zero byte at the end.
    return name, Link(EXTERNAL, file=value[1:].partition(b"\0")[0].decode("utf-8", "replace"))
