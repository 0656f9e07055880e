"""Reads the headers of objects. A header is a list of messages, such as the shape of an array."""

from __future__ import annotations

from struct import Struct

from convcalc.base import structs
from convcalc.hdf5.storage import MESSAGE_COST, Cursor, Damaged, Storage, TooLarge, expect

DATASPACE = 0x01
LINK_INFO = 0x02
DATATYPE = 0x03
LINK = 0x06
EXTERNAL_FILES = 0x07
LAYOUT = 0x08
GROUP_INFO = 0x0A
FILTERS = 0x0B
ATTRIBUTE = 0x0C
CONTINUATION = 0x10
SYMBOL_TABLE = 0x11
ATTRIBUTE_INFO = 0x15

MAX_MESSAGES = 200_000
_PREFIX = Struct("<HHB3x")  # a message of version 1 begins with its type, the length of its content, and flags
_USUAL_SIZE = 288  # the headers of most objects have at most this many bytes
_SHARED = 0x02  # a flag of a message: the message is stored elsewhere


class Message(structs.Struct):
    """A message of a header: its type, its flags and its content."""

    type: int
    flags: int
    data: bytes


def read_header(storage: Storage, address: int) -> list[Message]:
    """Returns the messages in the header of the object at an address."""
    start = storage.read_some(address, _USUAL_SIZE)
    if start.startswith(b"OHDR"):
        return _version_2(storage, address)
    return _version_1(storage, address, start)


def _version_1(storage: Storage, address: int, begun: bytes) -> list[Message]:
    """``begun`` has the first bytes of the header."""
    prefix = Cursor(begun)
    if prefix.number(1) != 1:
        raise Damaged("an object has no header")
    prefix.at = 8
    blocks = [(address + 16, prefix.number(4))]  # the prefix has 12 bytes, and is padded to 16
    messages: list[Message] = []
    for start, size in blocks:
        is_read = start == address + 16 and 16 + size <= len(begun)
        block, at = begun[16 : 16 + size] if is_read else storage.read(start, size), 0
        while at + 8 <= size:
            kind, length, flags = _PREFIX.unpack_from(block, at)
            at += 8 + length
            if at > size:
                raise Damaged("a message is longer than its header")
            _add(storage, messages, blocks, Message(kind, flags, block[at - length : at]))
    return messages


def _version_2(storage: Storage, address: int) -> list[Message]:
    prefix = storage.at(address, 6)
    prefix.at = 4
    version, flags = prefix.number(1), prefix.number(1)
    if version != 2:
        raise Damaged(f"an object header has the unknown version {version}")
    # The prefix may have four times, and the limits of attributes.
    start = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    size_bytes = 1 << (flags & 3)
    size = storage.at(start, size_bytes).number(size_bytes)
    blocks = [(start + size_bytes, size)]
    ordered = bool(flags & 0x04)
    messages: list[Message] = []
    for number, (position, length) in enumerate(blocks):
        block = storage.at(position, length)
        end = length
        if number:  # a continuation has a signature and a checksum; the checksum of the first block is behind it
            expect(block.take(4), b"OCHK")
            end -= 4
        while block.at + 4 + 2 * ordered <= end:
            kind, message_size, message_flags = block.number(1), block.number(2), block.number(1)
            block.at += 2 * ordered
            _add(storage, messages, blocks, Message(kind, message_flags, block.take(message_size)))
    return messages


def _add(storage: Storage, messages: list[Message], blocks: list[tuple[int, int]], message: Message) -> None:
    """Adds a message. For a message that names a further block of the header, adds the block instead."""
    if message.type == CONTINUATION:
        cursor = Cursor(message.data)
        block = storage.known_address(cursor), storage.length(cursor)
        if block in blocks:
            raise Damaged("an object header continues in itself")
        blocks.append(block)
        return
    if len(messages) >= MAX_MESSAGES:
        raise TooLarge(f"an object header has more than {MAX_MESSAGES:,} messages")
    storage.pay(MESSAGE_COST)
    messages.append(message)


def content(storage: Storage, message: Message) -> bytes:
    """Returns the content of a message, also if it is stored with another object."""
    if not message.flags & _SHARED:
        return message.data
    return shared_content(storage, message.data, message.type)


def shared_content(storage: Storage, pointer: bytes, kind: int) -> bytes:
    """Returns the content of a message that is stored with another object, such as a named datatype."""
    cursor = Cursor(pointer)
    version, where = cursor.number(1), cursor.number(1)
    if version == 1:
        cursor.at += 6
    elif version == 3 and where != 2:
        raise Damaged("it has a table of shared messages, which is not read")
    address = storage.known_address(cursor)
    for message in read_header(storage, address):
        if message.type == kind and not message.flags & _SHARED:
            return message.data
    raise Damaged("a shared message does not exist")
