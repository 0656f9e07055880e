"""Limits the size of a zip archive's table of contents, before Python's ``zipfile`` reads it."""

from __future__ import annotations

from typing import BinaryIO

MAX_TABLE = 8 * 2**20  # the maximum size of the table, in bytes


class TableTooLarge(Exception):
    """Raised for an archive with a larger table of contents."""


class LimitedFile:
    """The file of an archive, for ``zipfile.ZipFile``. Until ``is_open`` is True, no long part of the file is read.

    ZipFile reads a table of any size, and makes an object for each member.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.is_open = False
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes. Raises :class:`TableTooLarge` for a long part, unless the archive is open."""
        if size > MAX_TABLE and not self.is_open:
            raise TableTooLarge(f"the archive's table of contents is larger than {MAX_TABLE:,} bytes")
        return self._file.read(size)
