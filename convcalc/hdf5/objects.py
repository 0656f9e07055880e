"""The groups and the arrays of an HDF5 file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import prod

from convcalc.hdf5.attributes import Attribute, read_attributes, texts
from convcalc.hdf5.datatypes import DataType, read_datatype, read_shape
from convcalc.hdf5.headers import (
    DATASPACE,
    DATATYPE,
    EXTERNAL_FILES,
    GROUP_INFO,
    LAYOUT,
    LINK,
    LINK_INFO,
    SYMBOL_TABLE,
    Message,
    content,
    read_header,
)
from convcalc.hdf5.heaps import LocalHeap, global_object
from convcalc.hdf5.links import Link, read_links
from convcalc.hdf5.selections import virtual_sources
from convcalc.hdf5.storage import TEXT_COST, Cursor, Damaged, Storage

_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = range(4)
_GROUP_MESSAGES = {SYMBOL_TABLE, LINK_INFO, LINK, GROUP_INFO}


class Object:
    """An object of a file. ``path`` is its path without a slash at the start, and ``address`` identifies it."""

    def __init__(self, storage: Storage, address: int, path: str, messages: Sequence[Message]) -> None:
        self.storage = storage
        self.address = address
        self.path = path
        self._messages = messages

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """The attributes by name."""
        return read_attributes(self.storage, self._messages)

    def text(self, name: str) -> str | bytes | None:
        """Returns an attribute that is one text; None if it does not exist or is not a text."""
        attribute = self.attributes.get(name)
        if attribute is None or not attribute.is_text:
            return None
        return texts(self.storage, attribute)[0]

    def texts(self, name: str) -> list[str | bytes]:
        """Returns the texts of an attribute; an empty list if it does not exist or has no texts."""
        attribute = self.attributes.get(name)
        return [] if attribute is None else texts(self.storage, attribute)

    def _message(self, kind: int) -> bytes | None:
        """Returns the content of the first message of a type."""
        return next((content(self.storage, message) for message in self._messages if message.type == kind), None)

    def _required(self, kind: int) -> bytes:
        data = self._message(kind)
        if data is None:
            raise Damaged(f"{self.path} has no shape, type or layout")
        return data


class Group(Object):
    """A group: a folder of links."""

    @cached_property
    def _opened(self) -> dict[str, Object]:
        return {}

    @cached_property
    def links(self) -> Mapping[str, Link]:
        """The members by name."""
        return read_links(self.storage, self._messages)

    def open(self, name: str) -> Object:
        """Opens a member, which must be a hard link."""
        if name not in self._opened:
            path = f"{self.path}/{name}" if self.path else name
            self._opened[name] = open_object(self.storage, self.links[name].address, path)
        return self._opened[name]


class Array(Object):
    """An array, which HDF5 calls a dataset."""

    @cached_property
    def type(self) -> DataType:
        """The type of the elements."""
        return read_datatype(self._required(DATATYPE))

    @cached_property
    def shape(self) -> tuple[int, ...] | None:
        """The shape; None if the array is empty and has no shape."""
        return read_shape(self.storage, self._required(DATASPACE))

    @property
    def size(self) -> int:
        """The number of elements."""
        return 0 if self.shape is None else prod(self.shape)

    @cached_property
    def other_files(self) -> list[str]:
        """The names of other files that have the array's data. A virtual array has data in other arrays."""
        external = self._message(EXTERNAL_FILES)
        if external is not None:
            return self._external_files(Cursor(external))
        cursor = Cursor(self._required(LAYOUT))
        version, layout = cursor.number(1), cursor.number(1)
        return self._virtual_sources(cursor) if version >= 3 and layout == _VIRTUAL else []

    @property
    def is_virtual(self) -> bool:
        """True if the data are those of other arrays, in this file or in others."""
        data = self._required(LAYOUT)
        return len(data) > 1 and data[0] >= 3 and data[1] == _VIRTUAL

    @property
    def is_stored_whole(self) -> bool:
        """True if the file has all data of the array, in one piece and without compression."""
        size, place = self.size * self.type.size, self._place()
        if isinstance(place, bytes):
            return len(place) >= size
        return size == 0 or (place is not None and self.storage.has(place, size))

    def content(self, limit: int) -> bytes | None:
        """Returns the data as they are stored.

        Returns None if they have more than ``limit`` bytes, were never written, or are divided into chunks. Also returns
        None if too many data of the file were already read.
        """
        size = self.size * self.type.size
        place = self._place()
        if size > limit or size > self.storage.data_left or place is None or self.other_files:
            return None
        self.storage.data_left -= size
        if isinstance(place, bytes):
            return place[:size] if len(place) >= size else None
        return self.storage.read_data(place, size)

    def _place(self) -> int | bytes | None:
        """Returns the address of the data, or the data if they are in the header."""
        cursor = Cursor(self._required(LAYOUT))
        version = cursor.number(1)
        if version < 3:
            rank, layout = cursor.number(1), cursor.number(1)
            cursor.at += 5
            address = None if layout == _COMPACT else self.storage.address(cursor)
            cursor.at += 4 * rank
            return cursor.take(cursor.number(4)) if layout == _COMPACT else address if layout == _CONTIGUOUS else None
        layout = cursor.number(1)
        if layout == _COMPACT:
            return cursor.take(cursor.number(2))
        return self.storage.address(cursor) if layout == _CONTIGUOUS else None

    def _external_files(self, cursor: Cursor) -> list[str]:
        cursor.at = 6
        used = cursor.number(2)
        heap = LocalHeap(self.storage, self.storage.known_address(cursor))
        names = []
        for _ in range(used):
            name = heap.text(self.storage.length(cursor))
            self.storage.pay(TEXT_COST + len(name))
            names.append(name.decode("utf-8", "replace"))
            cursor.at += 2 * self.storage.length_size
        return names

    def _virtual_sources(self, cursor: Cursor) -> list[str]:
        """Returns the names of the files with the data of a virtual array. ``.`` is this file, and is left out."""
        address = self.storage.address(cursor)
        if address is None:
            return []
        return virtual_sources(self.storage, global_object(self.storage, address, cursor.number(4)))


def open_object(storage: Storage, address: int, path: str) -> Object:
    """Opens the object at an address."""
    messages = read_header(storage, address)
    types = {message.type for message in messages}
    if types & _GROUP_MESSAGES:
        return Group(storage, address, path, messages)
    if DATASPACE in types and LAYOUT in types:
        return Array(storage, address, path, messages)
    return Object(storage, address, path, messages)
