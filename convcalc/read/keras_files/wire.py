"""Reads the wire format of protocol buffers, within limits. Needs neither a schema nor a package.

A message is a sequence of fields. Each field has a number, a type and a value: an integer or bytes. The bytes can be a text, a
list of packed integers, or another message. An inner message is read only on request, so deep nesting does no harm.

Source: the page "Encoding" of the documentation of protocol buffers.
"""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.base import codes
from convcalc.base.problems import Refusal

MAX_FIELDS = 4_000_000  # the maximum number of fields read from one file
_MAX_VARINT = 10  # the maximum number of bytes of an integer
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Wire:
    """Reads the messages of one file. Refuses a file whose messages have more than :data:`MAX_FIELDS` fields in total."""

    def __init__(self) -> None:
        self._remaining = MAX_FIELDS

    def fields(self, message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
        """Yields the number and the value of each field. Raises :class:`Refusal` for damaged bytes."""
        position, end = 0, len(message)
        while position < end:
            self._remaining -= 1
            if self._remaining < 0:
                raise Refusal(f"it has more than {MAX_FIELDS:,} fields", codes.TOO_LARGE)
            key, position = _varint(message, position)
            number, wire_type = key >> 3, key & 7
            value: int | memoryview
            if wire_type == _VARINT:
                value, position = _varint(message, position)
            elif wire_type == _BYTES:
                size, position = _varint(message, position)
                value, position = message[position : position + size], position + size
            elif wire_type in (_FIXED64, _FIXED32):
                size = 8 if wire_type == _FIXED64 else 4
                value, position = message[position : position + size], position + size
            else:
                raise _damaged(f"a field has the unknown type {wire_type}")
            if position > end:
                raise _damaged("a field is longer than the message that contains it")
            if number == 0:
                raise _damaged("a field has the number 0")
            yield number, value

    def messages(self, message: memoryview, number: int) -> Iterator[memoryview]:
        """Yields the values of all fields with this number, which are messages or texts."""
        for field, value in self.fields(message):
            if field == number:
                yield as_bytes(value)

    def last(self, message: memoryview) -> dict[int, int | memoryview]:
        """Returns the value of each field. If a field is repeated, the last value is returned."""
        return dict(self.fields(message))


def as_bytes(value: int | memoryview) -> memoryview:
    """Returns the value of a field that must be a message or a text."""
    if isinstance(value, int):
        raise _damaged("a field is an integer, where a message or a text is expected")
    return value


def as_int(value: int | memoryview) -> int:
    """Returns the value of a field that must be an integer. Integers are signed, with 64 bits."""
    if not isinstance(value, int):
        raise _damaged("a field is a message or a text, where an integer is expected")
    return value - 2**64 if value >= 2**63 else value


def as_text(value: int | memoryview) -> str:
    """Returns the value of a field that must be a text. Bytes that are not UTF-8 are replaced."""
    return bytes(as_bytes(value)).decode("utf-8", "replace")


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Returns an integer, and the position after it. The last byte of an integer is below 128."""
    value = shift = 0
    for byte in message[position : position + _MAX_VARINT]:
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), position
        shift += 7
    raise _damaged("an integer is too long, or the bytes end inside it")


def _damaged(what: str) -> Refusal:
    return Refusal(f"the file is damaged: {what}", codes.DAMAGED)
