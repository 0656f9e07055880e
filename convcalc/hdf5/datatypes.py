"""Reads the types and the shapes of arrays and attributes."""

from __future__ import annotations

from convcalc.base.structs import Struct
from convcalc.hdf5.storage import Cursor, Damaged, Storage

FIXED_POINT, FLOAT, STRING, OPAQUE, COMPOUND, ENUM, VARIABLE_LENGTH, ARRAY = 0, 1, 3, 5, 6, 8, 9, 10
MAX_RANK = 32


class DataType(Struct):
    """The type of an array's elements.

    Attributes:
        class_: The class of the type, such as :data:`FLOAT`.
        size: The number of bytes of an element.
        name: NumPy's name of the type, such as ``float32``; ``void`` and the number of bits if NumPy has no name.
        big_endian: True if the bytes of a number are in the order of big-endian machines.
        is_variable_text: True for texts of different lengths, which are stored in a heap.
    """

    class_: int
    size: int
    name: str
    big_endian: bool = False
    is_variable_text: bool = False


def read_datatype(data: bytes) -> DataType:
    """Returns the type in the content of a datatype message."""
    cursor = Cursor(data)
    first, bits, size = cursor.number(1), cursor.number(3), cursor.number(4)
    class_ = first & 0x0F
    if class_ == FIXED_POINT:
        return DataType(class_, size, f"{'int' if bits & 0x08 else 'uint'}{8 * size}", bool(bits & 1))
    if class_ == FLOAT:
        return DataType(class_, size, _float_name(cursor, size), bool(bits & 1))
    if class_ == STRING:
        return DataType(class_, size, f"bytes{8 * size}")
    if class_ == ENUM:
        return DataType(class_, size, _enum_name(cursor, bits & 0xFFFF))
    if class_ == VARIABLE_LENGTH:
        return DataType(class_, size, "object", is_variable_text=bits & 0x0F == 1)
    if class_ == COMPOUND and (bits & 0xFFFF) == 2 and cursor.rest().startswith(b"r\0"):
        return DataType(class_, size, f"complex{8 * size}")  # h5py stores a complex number as the fields r and i
    # HDF5 has no bfloat16. Keras stores a bfloat16 as two bytes without a type.
    return DataType(class_, size, "bfloat16" if (class_, size) == (OPAQUE, 2) else f"void{8 * size}")


def _float_name(cursor: Cursor, size: int) -> str:
    cursor.at += 5
    exponent_bits = cursor.number(1)
    return "bfloat16" if size == 2 and exponent_bits == 8 else f"float{8 * size}"


def _enum_name(cursor: Cursor, members: int) -> str:
    """Returns the name of the integers that an enumeration names. NumPy's ``bool`` is stored as such a type."""
    if cursor.rest()[:1] and cursor.rest()[0] & 0x0F == ENUM:  # thousands of them could be inside each other
        raise Damaged("an enumeration is of another enumeration")
    base = read_datatype(cursor.rest())
    names = cursor.rest()[8 + 4 :]  # the base type has 8 bytes, and 4 more for integers
    return "bool" if members == 2 and base.size == 1 and names.startswith(b"FALSE\0") else base.name


def read_shape(storage: Storage, data: bytes) -> tuple[int, ...] | None:
    """Returns the shape in the content of a dataspace message; None if there are no elements and no shape."""
    cursor = Cursor(data)
    version, rank, flags, kind = (cursor.number(1) for _ in range(4))
    del flags
    if version not in (1, 2):
        raise Damaged(f"a shape has the unknown version {version}")
    if rank > MAX_RANK:
        raise Damaged(f"an array has {rank} axes; HDF5 allows {MAX_RANK}")
    if version == 1:
        cursor.at += 4
    elif kind == 2:
        return None
    return tuple(storage.length(cursor) for _ in range(rank))
