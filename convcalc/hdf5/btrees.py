"""Reads B-trees, the indexes of HDF5."""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.hdf5.storage import TEXT_COST, Cursor, Damaged, Storage, TooLarge, expect

MAX_RECORDS = 1_000_000
_LEAF_OVERHEAD = 10  # a node has a signature, a version, a type and a checksum


def symbol_nodes(storage: Storage, address: int) -> Iterator[int]:
    """Yields the addresses of the nodes with the members of a group in the older format (a B-tree of version 1)."""
    waiting: list[tuple[int, int | None]] = [(address, None)]
    while waiting:
        node, expected_level = waiting.pop()
        begun = storage.read_some(node, 64)
        prefix = Cursor(begun)
        expect(prefix.take(4), b"TREE")
        kind, level, used = prefix.number(1), prefix.number(1), prefix.number(2)
        if kind != 0 or expected_level not in (None, level):
            raise Damaged("the index of a group is not a tree")
        # The node has a key before each child, and one key behind the last child.
        pair = storage.length_size + storage.offset_size
        start, size = 8 + 2 * storage.offset_size, used * pair
        pairs = Cursor(begun, start) if start + size <= len(begun) else storage.at(node + start, size)
        children = []
        storage.pay(TEXT_COST * used)
        for _ in range(used):
            pairs.at += storage.length_size
            children.append(storage.known_address(pairs))
        if level:
            waiting += [(child, level - 1) for child in reversed(children)]
        else:
            yield from children


def records(storage: Storage, address: int, kind: int) -> Iterator[bytes]:
    """Yields the records of a B-tree of version 2. ``kind`` is the number of its type in the specification."""
    header = storage.at(address, 22 + storage.offset_size + storage.length_size)
    expect(header.take(4), b"BTHD")
    header.at += 1
    found, node_size, record_size, depth = header.number(1), header.number(4), header.number(2), header.number(2)
    header.at += 2
    root, count, total = storage.address(header), header.number(2), storage.length(header)
    if found != kind:
        raise Damaged("an index has another type than its object needs")
    if root is None or not total:
        return
    if total > MAX_RECORDS:
        raise TooLarge(f"an index has more than {MAX_RECORDS:,} entries")
    if not record_size or node_size < _LEAF_OVERHEAD + record_size or depth > 8:
        raise Damaged("an index has nodes without records")
    yield from _Records(storage, node_size, record_size, depth, total).of(root, count, depth)


class _Records:
    """The records of a tree whose nodes have ``node_size`` bytes."""

    def __init__(self, storage: Storage, node_size: int, record_size: int, depth: int, total: int) -> None:
        self.storage = storage
        self.record_size = record_size
        self.left = total
        # For each level: the number of bytes that hold the number of records in a child, and in all nodes below a child.
        largest = (node_size - _LEAF_OVERHEAD) // record_size
        self.count_bytes = (largest.bit_length() - 1) // 8 + 1
        self.total_bytes = [0]
        below = largest
        for level in range(1, depth + 1):
            pointer = storage.offset_size + self.count_bytes + self.total_bytes[level - 1]
            most = (node_size - _LEAF_OVERHEAD - pointer) // (record_size + pointer)
            below = (most + 1) * below + most
            self.total_bytes.append((max(below, 1).bit_length() - 1) // 8 + 1)

    def of(self, address: int, count: int, level: int) -> Iterator[bytes]:
        """Yields the records of a node and of all nodes below it."""
        self.storage.pay(TEXT_COST * count)
        self.left -= count
        if self.left < 0:
            raise Damaged("an index has more entries than it states")
        if not level:
            cursor = self.node(address, b"BTLF", count * self.record_size)
            for _ in range(count):
                yield cursor.take(self.record_size)
            return
        pointer = self.storage.offset_size + self.count_bytes + self.total_bytes[level - 1]
        cursor = self.node(address, b"BTIN", count * self.record_size + (count + 1) * pointer)
        own = [cursor.take(self.record_size) for _ in range(count)]
        for number in range(count + 1):
            child, inside = self.storage.known_address(cursor), cursor.number(self.count_bytes)
            cursor.at += self.total_bytes[level - 1]
            yield from self.of(child, inside, level - 1)
            if number < count:
                yield own[number]

    def node(self, address: int, signature: bytes, size: int) -> Cursor:
        """Returns a cursor over the content of a node."""
        cursor = self.storage.at(address, 6 + size)
        expect(cursor.take(4), signature)
        cursor.at += 2
        return cursor
