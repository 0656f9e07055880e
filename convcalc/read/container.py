"""What a file is, by its content: a Keras archive, a Keras config, HDF5, or a YAML spec.

Nothing is written to disk and nothing in a file is run: of an archive the member that is asked for is read, within bounds.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.problems import ConvcalcError, Source, error

if TYPE_CHECKING:
    import zipfile  # it takes long to import, and most files are none

MAX_MEMBER = 64 * 2**20
MAX_RATIO = 200  # of a member's size to what it takes up in the archive
MAX_MEMBERS = 100_000
MAX_NESTING = 200

_MEMBER_START = b"PK\x03\x04"


@contextmanager
def opened_file(name: str) -> Iterator[BinaryIO]:
    """The file of that name. Raises :class:`ConvcalcError` where it cannot be opened, and while it is read."""
    with ExitStack() as closing:
        try:
            file = closing.enter_context(io.BufferedReader(io.FileIO(name)))
        except (OSError, ValueError) as bad:
            raise _cannot_read(name, bad) from None
        try:
            yield file
        except OSError as bad:
            raise _cannot_read(name, bad) from None


def _cannot_read(name: str, bad: OSError | ValueError) -> ConvcalcError:
    if isinstance(bad, io.UnsupportedOperation):
        return error(codes.CANNOT_READ, f"{name}: is a pipe; write - to read standard input, or give a file")
    reason = bad.strerror if isinstance(bad, OSError) and bad.strerror else str(bad)
    return error(codes.CANNOT_READ, f"{name}: {reason[0].lower()}{reason[1:]}")


def member(file: BinaryIO, name: str, source: str) -> bytes:
    """A member of an archive. Raises :class:`ConvcalcError` for an archive that is damaged or made to hurt."""
    with _archive(file, source) as archive:
        info = _info(archive, name, source, codes.NOT_A_MODEL)
        return _content(archive, info, source)


@contextmanager
def open_member(file: BinaryIO, name: str, source: str) -> Iterator[BinaryIO]:
    """A member as a file of its own. One that is not packed, as Keras writes them, is not loaded, whatever its size."""
    import zipfile

    with _archive(file, source) as archive:
        info = _info(archive, name, source, codes.NO_WEIGHTS)
        if info.compress_type == zipfile.ZIP_STORED:
            part: BinaryIO = io.BufferedReader(_Part(file, info))
        else:
            part = io.BytesIO(_content(archive, info, source))
    yield part


class _Part(io.RawIOBase):
    """A member that is not packed: a part of the archive's file. (To jump in one, ZipExtFile reads all that lies between.)"""

    def __init__(self, file: BinaryIO, info: zipfile.ZipInfo) -> None:
        import struct
        import zipfile

        self._file, self._at = file, 0
        file.seek(info.header_offset)
        header = file.read(30)
        if not header.startswith(_MEMBER_START):
            raise zipfile.BadZipFile(f"{info.filename} is not where the directory says")
        # The lengths of the name and of a further field, behind which the content starts.
        behind = sum(struct.unpack("<HH", header[26:30]))
        self._start = info.header_offset + 30 + behind
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
def _archive(file: BinaryIO, source: str) -> Iterator[zipfile.ZipFile]:
    """The archive, whose damages are one kind of error."""
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive:
            if len(archive.filelist) > MAX_MEMBERS:
                raise error(codes.TOO_LARGE, f"{source}: the archive has more than {MAX_MEMBERS:,} members")
            yield archive
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
    except Exception as bad:  # what a decompressor raises for damaged data: zlib.error, lzma.LZMAError
        if type(bad).__module__ not in ("zlib", "lzma", "_lzma", "bz2"):
            raise
        raise error(codes.DAMAGED, f"{source}: the archive is damaged: {bad}") from None


def _info(archive: zipfile.ZipFile, name: str, source: str, missing: Code) -> zipfile.ZipInfo:
    """What the archive's directory says of a member; ``missing`` is the code of the error that there is none."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise error(missing, f"{source}: a Keras archive has a {name}, and this one has none") from None
    if info.flag_bits & 1:
        raise error(codes.CANNOT_READ, f"{source}: {name} is encrypted")
    return info


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: str) -> bytes:
    """A member, unpacked into memory within bounds."""
    name = info.filename
    if info.file_size > MAX_MEMBER:
        raise error(codes.TOO_LARGE, f"{source}: {name} has {info.file_size:,} bytes; at most {MAX_MEMBER:,} are read")
    if info.file_size > 2**20 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise error(
            codes.TOO_LARGE, f"{source}: {name} unpacks to over {MAX_RATIO} times its size, as nothing of Keras's does"
        )
    with archive.open(info) as packed:
        content = packed.read(MAX_MEMBER + 1)
    if len(content) > MAX_MEMBER:
        raise error(codes.TOO_LARGE, f"{source}: {name} has more bytes than it states")
    return content


def config_of(given: Source) -> Any:
    """What a JSON text holds. Raises :class:`ConvcalcError` for one that is no JSON, or too deep."""
    import json

    source, text = given.name, given.text
    if _depth(text) > MAX_NESTING:
        raise error(codes.TOO_DEEP, f"{source}: lists and mappings are nested deeper than {MAX_NESTING} levels")
    try:
        data = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(data, ensure_ascii=False).encode()
        return data
    except UnicodeEncodeError:
        raise error(
            codes.ENCODING, f"{source}: a \\u escape is half of a character, of which no text can be made"
        ) from None
    except json.JSONDecodeError as bad:
        raise error(codes.JSON_SYNTAX, f"{source}:{bad.lineno}:{bad.colno}: this is not JSON: {bad.msg}") from None
    except (ValueError, RecursionError) as bad:  # a number of more digits than Python reads
        raise error(codes.JSON_SYNTAX, f"{source}: this JSON cannot be read: {str(bad)[:100]}") from None


def _depth(text: str) -> int:
    """How deep brackets are nested at most, those in strings left out."""
    deepest = depth = 0
    for sign in _brackets(text):
        depth += 1 if sign in "[{" else -1
        if depth > deepest:
            deepest = depth
            if deepest > MAX_NESTING:
                break
    return deepest


def _brackets(text: str) -> Iterator[str]:
    """The brackets that stand in no string. One that does not end is all the rest: else each quote in it would be read to the end."""
    return (found[0] for found in re.finditer(r'(?s)"(?:[^"\\]|\\.)*"?|[\[\]{}]', text) if found[0] in "[]{}")
