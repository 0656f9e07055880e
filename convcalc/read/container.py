"""What a file is, by its content: a Keras archive, a Keras config, HDF5, or a YAML spec.

Nothing is written to disk and nothing in a file is run: of an archive one member is read, into memory, within bounds.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from convcalc.problems import error

MAX_MEMBER = 64 * 2**20
MAX_RATIO = 200  # of a member's size to what it takes up in the archive
MAX_MEMBERS = 100_000
MAX_NESTING = 200

ZIP = b"PK\x03\x04"
HDF5 = b"\x89HDF\r\n\x1a\n"


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as a zip archive does."""
    return data.startswith((ZIP, b"PK\x05\x06"))


def member(file: BinaryIO, name: str, source: str) -> bytes:
    """A member of an archive. Raises :class:`ConvcalcError` for an archive that is damaged or made to hurt."""
    try:
        with zipfile.ZipFile(file) as archive:
            if len(archive.filelist) > MAX_MEMBERS:
                raise error("too-large", f"{source}: the archive has more than {MAX_MEMBERS:,} members")
            try:
                info = archive.getinfo(name)
            except KeyError:
                raise error("not-a-model", f"{source}: a Keras archive has a {name}, and this one has none") from None
            if info.flag_bits & 1:
                raise error("cannot-read", f"{source}: {name} is encrypted")
            if info.file_size > MAX_MEMBER:
                raise error(
                    "too-large", f"{source}: {name} has {info.file_size:,} bytes; at most {MAX_MEMBER:,} are read"
                )
            if info.file_size > 2**20 and info.file_size > MAX_RATIO * max(1, info.compress_size):
                raise error(
                    "too-large", f"{source}: {name} unpacks to over {MAX_RATIO} times its size, as no config does"
                )
            with archive.open(info) as packed:
                content = packed.read(MAX_MEMBER + 1)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        ValueError,
        RuntimeError,
    ) as bad:
        raise error("damaged", f"{source}: the archive is damaged: {bad}") from None
    except Exception as bad:  # what a decompressor raises for damaged data: zlib.error, lzma.LZMAError
        if type(bad).__module__ not in ("zlib", "lzma", "_lzma", "bz2"):
            raise
        raise error("damaged", f"{source}: the archive is damaged: {bad}") from None
    if len(content) > MAX_MEMBER:
        raise error("too-large", f"{source}: {name} has more bytes than it states")
    return content


def config_of(text: str, source: str) -> Any:
    """What a JSON text holds. Raises :class:`ConvcalcError` for one that is no JSON, or too deep."""
    if _depth(text) > MAX_NESTING:
        raise error("too-deep", f"{source}: lists and mappings are nested deeper than {MAX_NESTING} levels")
    try:
        return json.loads(text)
    except json.JSONDecodeError as bad:
        raise error("json-syntax", f"{source}:{bad.lineno}:{bad.colno}: this is not JSON: {bad.msg}") from None
    except (ValueError, RecursionError) as bad:  # a number of more digits than Python reads
        raise error("json-syntax", f"{source}: this JSON cannot be read: {str(bad)[:100]}") from None


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
    return (found[0] for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text) if found[0] in "[]{}")
