"""Reads bytes and numbers from an HDF5 file, within limits."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

# The work for one file is limited by a budget in bytes. What is read and what is kept in memory is paid from it, with the
# overhead of Python's objects. So the budget limits both the time and the memory.
BUDGET = 160 * 2**20
READ_COST = 400  # the time of one read, and the objects that it makes, in bytes
MESSAGE_COST = 150
MEMBER_COST = 300  # a link, an attribute, or a record of an index
TEXT_COST = 80
MAX_DATA = 256 * 2**20  # the maximum size of the arrays' data that are read from one file


class Damaged(Exception):
    """The file breaks the rules of the format, or uses a part of the format that is not read."""


class TooLarge(Exception):
    """The file needs more work than the limits allow."""


class Cursor:
    """Reads numbers from bytes, one after the other. All numbers in HDF5 files are little-endian."""

    __slots__ = ("_data", "at")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    def skip(self, size: int) -> None:
        """Moves over the next bytes."""
        self.at += size
        if self.at > len(self._data):
            raise Damaged("a structure ends too early")

    def take(self, size: int) -> bytes:
        """Returns the next bytes."""
        start = self.at
        self.skip(size)
        return self._data[start : self.at]

    def number(self, size: int) -> int:
        """Returns the next number without a sign, which has ``size`` bytes."""
        start, self.at = self.at, self.at + size
        if self.at > len(self._data):
            raise Damaged("a structure ends too early")
        return int.from_bytes(self._data[start : self.at], "little")

    def text(self) -> bytes:
        """Returns the next text, which ends with a zero byte."""
        end = self._data.find(b"\0", self.at)
        if end < 0:
            raise Damaged("a text has no end")
        start, self.at = self.at, end + 1
        return self._data[start:end]

    def align(self, start: int = 0) -> None:
        """Moves forward to the next multiple of 8 bytes, counted from ``start``."""
        self.at += (start - self.at) % 8

    def rest(self) -> bytes:
        """Returns all bytes that were not read."""
        return self._data[self.at :]


class Storage:
    """An HDF5 file as bytes at addresses.

    Attributes:
        base: The position of the address 0 in the file.
        offset_size: The number of bytes of an address.
        length_size: The number of bytes of a length.
        heaps: The global heaps that were read, by their addresses.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.base = 0
        self.offset_size = 8
        self.length_size = 8
        self.size = file.seek(0, io.SEEK_END)
        self.heaps: dict[int, Any] = {}
        self._left = BUDGET
        self.data_left = MAX_DATA

    def read(self, address: int, size: int) -> bytes:
        """Returns exactly ``size`` bytes at an address."""
        self.pay(size + READ_COST)
        return self.read_data(address, size)

    def pay(self, cost: int) -> None:
        """Takes a cost from the budget. Raises ``TooLarge`` if too little is left."""
        self._left -= cost
        if self._left < 0:
            raise TooLarge("its structure is larger than that of any model")

    def read_some(self, address: int, size: int) -> bytes:
        """Returns ``size`` bytes at an address, or fewer at the end of the file.

        Callers that do not know the length of a structure read more than it needs: one read is faster than two.
        """
        return self.read(address, max(min(size, self.size - self.base - address), 0))

    def read_data(self, address: int, size: int) -> bytes:
        """Returns exactly ``size`` bytes of an array's data. The caller limits the size."""
        start = self.base + address
        if start + size > self.size:
            raise Damaged("a structure is outside of the file")
        self._file.seek(start)
        data = self._file.read(size)
        if len(data) != size:
            raise Damaged("a structure is outside of the file")
        return data

    def has(self, address: int, size: int) -> bool:
        """Returns True if the file has ``size`` bytes at an address."""
        return self.base + address + size <= self.size

    def at(self, address: int, size: int) -> Cursor:
        """Returns a cursor over ``size`` bytes at an address."""
        return Cursor(self.read(address, size))

    def address(self, cursor: Cursor) -> int | None:
        """Returns the next address; None for the address that means "undefined"."""
        number = cursor.number(self.offset_size)
        return None if number == (1 << 8 * self.offset_size) - 1 else number

    def length(self, cursor: Cursor) -> int:
        """Returns the next length."""
        return cursor.number(self.length_size)

    def known_address(self, cursor: Cursor) -> int:
        """Returns the next address, which must be defined."""
        address = self.address(cursor)
        if address is None:
            raise Damaged("an address is undefined")
        return address


def expect(found: bytes, wanted: bytes) -> None:
    """Raises an error if a structure does not begin with its signature."""
    if found != wanted:
        raise Damaged(f"the signature {wanted.decode()} is missing")
