"""Reads the attributes of groups and arrays. Only texts and lists of texts are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from convcalc.base.structs import Struct
from convcalc.hdf5.btrees import records
from convcalc.hdf5.datatypes import STRING, DataType, read_datatype, read_shape
from convcalc.hdf5.headers import ATTRIBUTE, ATTRIBUTE_INFO, DATASPACE, DATATYPE, Message, content, shared_content
from convcalc.hdf5.heaps import FractalHeap, global_object
from convcalc.hdf5.storage import MEMBER_COST, TEXT_COST, Cursor, Damaged, Storage, TooLarge

MAX_TEXTS = 100_000  # maximum number of texts in one attribute
_NAME_INDEX = 8  # the type of a B-tree that sorts attributes by name


class Attribute(Struct):
    """An attribute: its type, its shape (None if it has no value), and its value as bytes."""

    type: DataType
    shape: tuple[int, ...] | None
    data: bytes

    @property
    def is_text(self) -> bool:
        """True for a single text."""
        return self.shape == () and self.has_texts

    @property
    def is_other_list(self) -> bool:
        """True if the attribute has values that are not texts, or is not a list. An empty list can have any type."""
        return not self.shape or (not self.has_texts and prod(self.shape) > 0)

    @property
    def has_texts(self) -> bool:
        """True if the values are texts."""
        return self.type.class_ == STRING or self.type.is_variable_text


def read_attributes(storage: Storage, messages: Sequence[Message]) -> dict[str, Attribute]:
    """Returns the attributes of an object by name."""
    attributes: dict[str, Attribute] = {}
    for data in _messages(storage, messages):
        storage.pay(MEMBER_COST + len(data))
        name, attribute = _attribute(storage, data)
        attributes.setdefault(name, attribute)
    return attributes


def _messages(storage: Storage, messages: Sequence[Message]) -> Iterator[bytes]:
    for message in messages:
        if message.type == ATTRIBUTE:
            yield content(storage, message)
        elif message.type == ATTRIBUTE_INFO:
            info = Cursor(content(storage, message), 1)
            if info.number(1) & 1:
                info.at += 2
            heap_address, index = storage.address(info), storage.address(info)
            if heap_address is None or index is None:  # all attributes are messages of the header
                continue
            heap = FractalHeap(storage, heap_address)
            for record in records(storage, index, _NAME_INDEX):
                yield heap.object(record[:8])


def _attribute(storage: Storage, data: bytes) -> tuple[str, Attribute]:
    cursor = Cursor(data)
    version, flags = cursor.number(1), cursor.number(1)
    if version not in (1, 2, 3):
        raise Damaged(f"an attribute has the unknown version {version}")
    name_size, type_size, shape_size = (cursor.number(2) for _ in range(3))
    if version == 3:
        cursor.at += 1
    parts = []
    for size in (name_size, type_size, shape_size):
        parts.append(cursor.take(size))
        if version == 1:
            cursor.align()
    name, datatype, dataspace = parts
    if version > 1 and flags & 1:
        datatype = shared_content(storage, datatype, DATATYPE)
    if version > 1 and flags & 2:
        dataspace = shared_content(storage, dataspace, DATASPACE)
    shape = read_shape(storage, dataspace)
    text = name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    return text, Attribute(read_datatype(datatype), shape, cursor.rest())


def texts(storage: Storage, attribute: Attribute) -> list[str | bytes]:
    """Returns the texts of an attribute. An attribute of another type has no texts.

    Like h5py, returns bytes for texts of a fixed length, and strings for texts of different lengths.
    """
    type_ = attribute.type
    if attribute.shape is None or not attribute.has_texts:
        return []
    count = prod(attribute.shape)
    if count > MAX_TEXTS:
        raise TooLarge(f"an attribute has more than {MAX_TEXTS:,} texts")
    cursor = Cursor(attribute.data)
    storage.pay(TEXT_COST * count + (count * type_.size if type_.class_ == STRING else 0))
    if type_.class_ == STRING:
        return [cursor.take(type_.size).rstrip(b"\0") for _ in range(count)]
    found: list[str | bytes] = []
    for _ in range(count):
        length, address, number = cursor.number(4), storage.address(cursor), cursor.number(4)
        if not length or not address:  # an empty text is not stored
            found.append("")
            continue
        whole = global_object(storage, address, number)
        storage.pay(len(whole))  # many texts can be the same object
        text = whole[:length].partition(b"\0")[0]
        found.append(text.decode("utf-8", "surrogateescape"))
    return found
