"""Reads heaps. A heap holds data of different lengths, such as names and texts."""

from __future__ import annotations

from convcalc.hdf5.btrees import records
from convcalc.hdf5.storage import TEXT_COST, Cursor, Damaged, Storage, expect

_MANAGED, _HUGE, _TINY = 0, 1, 2


class LocalHeap:
    """The names of the members of a group in the older format."""

    def __init__(self, storage: Storage, address: int) -> None:
        cursor = storage.at(address, 8 + 2 * storage.length_size + storage.offset_size)
        expect(cursor.take(4), b"HEAP")
        cursor.at += 4
        size = storage.length(cursor)
        cursor.at += storage.length_size
        self._data = storage.read(storage.known_address(cursor), size)

    def text(self, offset: int) -> bytes:
        """Returns the text that begins at an offset and ends with a zero byte."""
        end = self._data.find(b"\0", offset)
        if end < 0:
            raise Damaged("a name has no end")
        return self._data[offset:end]


class GlobalHeap:
    """A collection of texts. Its objects have numbers."""

    def __init__(self, storage: Storage, address: int) -> None:
        prefix = storage.at(address, 8 + storage.length_size)
        expect(prefix.take(4), b"GCOL")
        prefix.at = 8
        size = storage.length(prefix)
        self._data = storage.read(address, size)
        self._places: dict[int, slice] = {}
        cursor = Cursor(self._data, 8 + storage.length_size)
        while cursor.at + 8 + storage.length_size <= size:
            number = cursor.number(2)
            cursor.at += 6
            length = storage.length(cursor)
            if number == 0:  # free space up to the end of the heap; its length includes this header
                if length < 8 + storage.length_size:
                    raise Damaged("the free space of a heap has no size")
                break
            storage.pay(TEXT_COST * 2)
            self._places[number] = slice(cursor.at, cursor.at + length)
            cursor.skip(length)
            cursor.align()

    def object(self, number: int) -> bytes:
        """Returns the object with a number."""
        if number not in self._places:
            raise Damaged(f"a heap has no object {number}")
        return self._data[self._places[number]]


def global_object(storage: Storage, address: int, number: int) -> bytes:
    """Returns an object of the global heap at an address. Each heap is read once."""
    if address not in storage.heaps:
        storage.heaps[address] = GlobalHeap(storage, address)
    heap: GlobalHeap = storage.heaps[address]
    return heap.object(number)


class FractalHeap:
    """A heap of the newer format. It holds the links or the attributes of an object that has many of them.

    The objects are in blocks. A table of blocks has rows: the blocks of the first two rows have the same size, and the
    blocks of each further row are twice as large. The large rows are tables of blocks again.
    """

    def __init__(self, storage: Storage, address: int) -> None:
        self._storage = storage
        lengths, offsets = storage.length_size, storage.offset_size
        cursor = storage.at(address, 22 + 12 * lengths + 3 * offsets)
        expect(cursor.take(4), b"FRHP")
        cursor.at += 1
        self.id_size, filters = cursor.number(2), cursor.number(2)
        if filters:
            raise Damaged("a heap is compressed")
        cursor.at += 1
        largest_object = cursor.number(4)
        cursor.at += lengths
        self._huge_objects = storage.address(cursor)
        cursor.at += lengths + offsets + 8 * lengths
        self._width, self._first_size = cursor.number(2), storage.length(cursor)
        largest_direct = storage.length(cursor)
        self._offset_bytes = (cursor.number(2) + 7) // 8
        cursor.at += 2
        self._root, self._rows = storage.address(cursor), cursor.number(2)
        if not self._width or not self._first_size or largest_direct < self._first_size:
            raise Damaged("a heap has blocks without a size")
        self._direct_rows = (largest_direct // self._first_size).bit_length() + 1
        self._length_bytes = min(_bytes_for(largest_direct), _bytes_for(largest_object))

    def object(self, identifier: bytes) -> bytes:
        """Returns the object with an identifier."""
        if not identifier:
            raise Damaged("an object of a heap has no identifier")
        kind = identifier[0] >> 4 & 3
        if kind == _TINY:
            return identifier[1 : 2 + (identifier[0] & 0x0F)]
        if kind == _HUGE:
            return self._huge(identifier)
        cursor = Cursor(identifier, 1)
        offset, length = cursor.number(self._offset_bytes), cursor.number(self._length_bytes)
        return self._storage.read(self._place(offset), length)

    def _huge(self, identifier: bytes) -> bytes:
        storage = self._storage
        if self._huge_objects is None:
            raise Damaged("a heap has no large objects")
        number = int.from_bytes(identifier[1 : 1 + storage.length_size], "little")
        for record in records(storage, self._huge_objects, 1):
            cursor = Cursor(record)
            address, length = storage.known_address(cursor), storage.length(cursor)
            if storage.length(cursor) == number:
                return storage.read(address, length)
        raise Damaged(f"a heap has no large object {number}")

    def _place(self, offset: int) -> int:
        """Returns the address of an offset in the heap."""
        storage, table = self._storage, self._root
        if table is None:
            raise Damaged("a heap is empty")
        if not self._rows:
            return table + offset  # the heap has one block
        rows, start = self._rows, 0
        prefix = 5 + storage.offset_size + self._offset_bytes
        while True:
            row, column, size, block_start = self._block(offset - start)
            if row >= rows:
                raise Damaged("an object is outside of its heap")
            entry = (row * self._width + column) * storage.offset_size
            child = storage.known_address(storage.at(table + prefix + entry, storage.offset_size))
            start += block_start
            if row < self._direct_rows:
                return child + offset - start
            inner_rows = size.bit_length() - (self._first_size * self._width).bit_length() + 1
            if inner_rows >= rows:
                raise Damaged("a table of blocks is in itself")
            table, rows = child, inner_rows

    def _block(self, offset: int) -> tuple[int, int, int, int]:
        """Returns the block with an offset: its row, its column, its size and the offset of its start."""
        row_size = self._first_size * self._width
        row = (offset // row_size).bit_length()
        size = self._first_size << max(row - 1, 0)
        row_start = row_size << (row - 1) if row else 0
        column = (offset - row_start) // size
        return row, column, size, row_start + column * size


def _bytes_for(number: int) -> int:
    """Returns how many bytes HDF5 uses for numbers up to this number."""
    return (number.bit_length() - 1) // 8 + 1
