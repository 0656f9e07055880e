"""Opens files, reads the members of zip archives, and parses JSON, all within limits.

Nothing is written to disk and nothing in a file is run. Only the requested member of an archive is read.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.problems import ConvcalcError, Source, error
from convcalc.read.ambiguity import archive_contradiction
from convcalc.read.archive_table import LimitedFile, TableTooLarge
from convcalc.read.json_limits import require_small

if TYPE_CHECKING:
    import zipfile  # zipfile is slow to import, and most files are not archives

MAX_MEMBER = 64 * 2**20
MAX_RATIO = 200  # the maximum of a member's size divided by its compressed size
MAX_MEMBERS = 100_000

_MEMBER_START = b"PK\x03\x04"


@contextmanager
def open_file(name: str) -> Iterator[BinaryIO]:
    """Opens a file. Raises :class:`ConvcalcError` if opening it or reading from it fails."""
    with ExitStack() as closing:
        try:
            _require_regular(name)
            file = closing.enter_context(io.BufferedReader(io.FileIO(name)))
        except (OSError, ValueError) as bad:
            raise _cannot_read(name, bad) from None
        try:
            yield file
        except OSError as bad:
            raise _cannot_read(name, bad) from None


def _require_regular(name: str) -> None:
    """Raises :class:`ConvcalcError` for a pipe, a socket or a device: reading it could wait or last forever."""
    mode = os.stat(name).st_mode  # noqa: PTH116 (pathlib takes long to import)
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # opening a folder gives its own error
        return
    kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise error(codes.CANNOT_READ, f"{name}: is {kind}; use - to read standard input, or give a file")


def _cannot_read(name: str, bad: OSError | ValueError) -> ConvcalcError:
    reason = bad.strerror if isinstance(bad, OSError) and bad.strerror else str(bad)
    hint = _similar_file(name) if isinstance(bad, FileNotFoundError) else ""
    return error(codes.CANNOT_READ, f"{name}: {reason[0].lower()}{reason[1:]}{hint}")


def _similar_file(name: str) -> str:
    """Returns a hint with a file of a similar name in the same folder; "" if there is none."""
    import os

    from convcalc.base.problems import did_you_mean

    folder, file = os.path.split(name)
    if "*" in file:
        return "; no file matches this pattern"
    try:
        names = sorted(os.listdir(folder or "."))[:1000]  # noqa: PTH208 (pathlib takes long to import)
    except OSError:
        return f"; there is no folder {folder}"
    return did_you_mean(file, names).replace("'", f"'{folder}/" if folder else "'", 1)


def read_member(file: BinaryIO, name: str, source: str) -> bytes:
    """Returns the content of a member of an archive. Raises :class:`ConvcalcError` for a damaged or malicious archive."""
    with open_archive(file, source) as archive:
        info = _info(archive, name, source, codes.NOT_A_MODEL)
        return member_content(archive, info, source)


@contextmanager
def open_member(file: BinaryIO, name: str, source: str) -> Iterator[BinaryIO]:
    """Opens a member of an archive as a file.

    An uncompressed member is read directly from the archive, not loaded into memory. Keras writes uncompressed members.
    """
    with open_archive(file, source) as archive:
        part = member_file(archive, _info(archive, name, source, codes.NO_WEIGHTS), file, source)
    yield part


def member_file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: BinaryIO, source: str) -> BinaryIO:
    """Returns a member of an open archive as a file, as :func:`open_member` does."""
    import zipfile

    if info.compress_type == zipfile.ZIP_STORED:
        return io.BufferedReader(_UncompressedMember(file, info))
    return io.BytesIO(member_content(archive, info, source))


class _UncompressedMember(io.RawIOBase):
    """An uncompressed member of an archive as a file. It reads directly from the archive.

    Python's ZipExtFile is slow: to move to a position, it reads everything before that position.
    """

    def __init__(self, file: BinaryIO, info: zipfile.ZipInfo) -> None:
        import struct
        import zipfile

        self._file, self._at = file, 0
        file.seek(info.header_offset)
        header = file.read(30)
        if not header.startswith(_MEMBER_START):
            raise zipfile.BadZipFile(
                f"{info.filename} is not at the position that the archive's table of contents states"
            )
        # The header has 30 bytes. After it come the member's name, an extra field and the content. The header ends with
        # two numbers: the lengths of the name and the extra field.
        lengths = sum(struct.unpack("<HH", header[26:30]))
        self._start = info.header_offset + 30 + lengths
        self._size = info.compress_size
        if file.seek(0, io.SEEK_END) < self._start + self._size:
            raise zipfile.BadZipFile(f"{info.filename} is cut short")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        content = self._file.read(count)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


@contextmanager
def open_archive(file: BinaryIO, source: str, any_reading: bool = False) -> Iterator[zipfile.ZipFile]:
    """Opens an archive. Raises :class:`ConvcalcError` for every error in a damaged archive.

    Unless ``any_reading`` is True, also raises it if programs can find different members in the archive.
    """
    import zipfile

    limited = LimitedFile(file)
    with archive_errors(source), zipfile.ZipFile(limited) as archive:
        limited.is_open = True
        if len(archive.filelist) > MAX_MEMBERS:
            raise error(codes.TOO_LARGE, f"{source}: the archive has more than {MAX_MEMBERS:,} members")
        if not any_reading and (reason := archive_contradiction(archive, file)):
            raise error(codes.AMBIGUOUS_FILE, f"{source}: {reason}")
        yield archive


@contextmanager
def archive_errors(source: str) -> Iterator[None]:
    """Turns every exception for damaged data of an archive into a :class:`ConvcalcError`."""
    import zipfile

    try:
        yield
    except TableTooLarge as bad:
        raise error(codes.TOO_LARGE, f"{source}: {bad}") from None
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        ValueError,
        RuntimeError,
    ) as bad:
        raise error(codes.DAMAGED, f"{source}: the archive is damaged: {bad}") from None
    except Exception as bad:  # damaged data: the decompressor raises its own errors, such as zlib.error
        if type(bad).__module__ not in ("zlib", "lzma", "_lzma", "bz2"):
            raise
        raise error(codes.DAMAGED, f"{source}: the archive is damaged: {bad}") from None


def _info(archive: zipfile.ZipFile, name: str, source: str, missing: Code) -> zipfile.ZipInfo:
    """Returns the entry of a member in the archive's list. ``missing`` is the error code if there is no such member."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        from convcalc.read.foreign_files import foreign_archive

        foreign = foreign_archive(archive.namelist(), source) if missing == codes.NOT_A_MODEL else None
        if foreign is not None:
            raise foreign from None
        raise error(missing, f"{source}: this archive has no {name}, which every Keras archive has") from None
    if info.flag_bits & 1:
        raise error(codes.CANNOT_READ, f"{source}: {name} is encrypted")
    return info


def member_content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: str) -> bytes:
    """Returns the decompressed content of a member, up to a maximum size."""
    name = info.filename
    if info.compress_type not in (0, 8):  # not compressed, or deflate
        # Python decompresses other methods in blocks of any size, so the size of the result would not be limited.
        message = f"{name} is compressed by a method that Keras does not write, and whose size cannot be limited"
        raise error(
            codes.CANNOT_READ, f"{source}: {message}; pack the archive again with deflate or without compression"
        )
    if info.file_size > MAX_MEMBER:
        raise error(codes.TOO_LARGE, f"{source}: {name} has {info.file_size:,} bytes; at most {MAX_MEMBER:,} are read")
    if info.file_size > 2**20 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise error(
            codes.TOO_LARGE,
            f"{source}: {name} decompresses to more than {MAX_RATIO} times its size; files written by Keras never do",
        )
    with archive.open(info) as compressed:
        content = compressed.read(MAX_MEMBER + 1)
    if len(content) > MAX_MEMBER:
        raise error(codes.TOO_LARGE, f"{source}: {name} is larger than the archive states")
    return content


def parse_json(source_text: Source) -> Any:
    """Returns the value of a JSON text. Raises :class:`ConvcalcError` for a text that is not JSON or is nested too deep."""
    import json

    source, text = source_text.name, source_text.text
    require_small(text, source)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as bad:
        raise error(codes.JSON_SYNTAX, f"{source}:{bad.lineno}:{bad.colno}: this is not JSON: {bad.msg}") from None
    except (ValueError, RecursionError) as bad:  # ValueError: a number has too many digits
        raise error(codes.JSON_SYNTAX, f"{source}: this JSON cannot be read: {str(bad)[:100]}") from None
    if ("\\ud" in text or "\\uD" in text) and any(re.search("[\ud800-\udfff]", part) for part in _strings(data)):
        raise error(
            codes.ENCODING, f"{source}: a \\u escape is only half of a surrogate pair, which is not a character"
        )
    return data


def _strings(data: Any) -> Iterator[str]:
    """Yields all strings in the values of a JSON text, also the keys."""
    waiting = [iter([data])]
    while waiting:
        value = next(waiting[-1], waiting)
        if value is waiting:
            waiting.pop()
        elif isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting.append(iter(value))
        elif isinstance(value, dict):
            waiting += iter(value.values()), iter(value)
