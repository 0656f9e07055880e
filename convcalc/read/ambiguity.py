"""Finds files that programs can take for different models.

Keras decides by the ending of the name: it opens ``.keras`` as a zip archive, and ``.h5`` and ``.hdf5`` as HDF5 (see
``keras/src/saving/saving_api.py``). A zip archive may have other data before it, and HDF5 data may begin at byte 512, 1024,
2048 …, so one file can be both.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from convcalc.read.archive_table import LimitedFile, TableTooLarge

if TYPE_CHECKING:
    import zipfile

HDF5_START = b"\x89HDF\r\n\x1a\n"
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # of an archive, and of an empty archive
HDF5_ENDINGS = (".h5", ".hdf5")
_END = b"PK\x05\x06"
_END_SIZE = 22  # bytes of the record at the end of an archive, without its comment
_MAX_TAIL = 2**16 + _END_SIZE
_UNICODE_PATH = 0x7075  # the extra field with another name of a member; only newer versions of Python use it
# The members that Keras reads by their names.
_READ_BY_NAME = (
    "config.json",
    "metadata.json",
    "model.weights.h5",
    "model.weights.npz",
    "task.json",
    "preprocessor.json",
)


def contradiction(file: BinaryIO, name: str) -> str:
    """Returns why the content of a file contradicts its ending, or why it is two files in one. "" if all is well.

    The file's position is 0 before and after the call.
    """
    start = file.read(8)
    is_zip, is_hdf5 = start.startswith(ZIP_STARTS), start == HDF5_START
    ends_as_zip = not is_zip and (is_hdf5 or name.endswith(".keras")) and has_archive_at_end(file)
    file.seek(0)
    if ends_as_zip:
        what = "HDF5 data" if is_hdf5 else "other data"
        return (
            f"begins with {what} and ends with a zip archive; Keras opens the one that the ending .keras or .h5 names"
        )
    if name.endswith(".keras") and not is_zip and start:
        what = "HDF5 data" if is_hdf5 else "no zip archive"
        return f"ends with .keras, but contains {what}; Keras opens such a file only as a zip archive"
    if name.endswith(HDF5_ENDINGS) and not is_hdf5 and start:
        what = "a zip archive" if is_zip else "no HDF5 data at its start"
        return f"ends with {name[name.rindex('.') :]}, but contains {what}; Keras opens such a file only as HDF5"
    return ""


def has_archive_at_end(file: BinaryIO) -> bool:
    """Returns True if the file ends with a zip archive that Python can open."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _MAX_TAIL))
    if _END not in file.read(_MAX_TAIL):
        return False
    import zipfile  # slow to import, and most files are not archives

    try:
        with zipfile.ZipFile(LimitedFile(file)):
            return True
    except TableTooLarge:  # Keras may open the archive
        return True
    except Exception:  # damaged: no archive that Keras could open
        return False


def archive_contradiction(archive: zipfile.ZipFile, file: BinaryIO) -> str:
    """Returns why programs can find different members in an archive; "" if all find the same ones."""
    seen: set[str] = set()
    for member in archive.filelist:
        if member.filename in seen and member.filename in _READ_BY_NAME:
            return f"the archive has two members with the name {member.filename}; Keras reads the last one"
        seen.add(member.filename)
        if _has_second_name(member.extra):
            return f"the member {member.filename!r} of the archive has two names"
    if archive.filelist and min(member.header_offset for member in archive.filelist) > 0:
        return "there are data before the zip archive, which some programs read as another archive"
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _MAX_TAIL))
    tail = file.read(_MAX_TAIL)
    at = tail.rfind(_END)
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    if at + _END_SIZE + comment != len(tail):
        return "there are data after the zip archive, which some programs read as another archive"
    return ""


def _has_second_name(extra: bytes) -> bool:
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == _UNICODE_PATH:
            return True
        extra = extra[4 + size :]
    return False
