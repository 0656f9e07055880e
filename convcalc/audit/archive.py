"""Checks a ``.keras`` archive: every member that some program may take for the config or the weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from convcalc.audit.config import audit_config, leads_outside
from convcalc.audit.hdf5 import audit_hdf5
from convcalc.audit.numpy_arrays import audit_numpy
from convcalc.audit.objects import WHOLE_FILE
from convcalc.audit.rules import BOMB, OUTSIDE_PATH, TWO_MODELS, UNCHECKED, Finding
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error
from convcalc.base.text import bytes_text
from convcalc.read.ambiguity import archive_contradiction
from convcalc.read.container import archive_errors, member_content, member_file, open_archive, parse_json
from convcalc.read.keras_files.members import CONFIG_MEMBER
from convcalc.read.spec.nodes import decode

if TYPE_CHECKING:
    import zipfile

_LARGE = 2**32  # bytes; Keras 3.15 has the same limits
_MAX_EXPANSION = 100
_MAX_PARTS = 8  # maximum number of configs and weights that are checked; an archive of Keras has two
_MAX_BYTES = 256 * 2**20  # maximum number of bytes of all of them that are read into memory
_HDF5, _NUMPY = (".h5", ".hdf5"), (".npz", ".npy")
_CONFIGS = (CONFIG_MEMBER, "task.json", "preprocessor.json", "model.json")


def audit_archive(file: BinaryIO, name: str, is_contradictory: bool = False) -> Iterator[Finding]:
    """Yields the findings in an archive. Raises :class:`ConvcalcError` if the archive is damaged.

    ``is_contradictory`` is True if it is already known that the file is two models in one.
    """
    with open_archive(file, name, any_reading=True) as archive:
        if not is_contradictory and (reason := archive_contradiction(archive, file)):
            yield Finding(TWO_MODELS, WHOLE_FILE, reason)
        parts = []
        for member in archive.infolist():
            yield from _audit_entry(member)
            if member.filename.endswith((*_CONFIGS, *_HDF5, *_NUMPY)):
                parts.append(member)
        if not parts:
            raise error(
                codes.NOT_A_MODEL, f"{name}: this archive has no {CONFIG_MEMBER}, which every Keras archive has"
            )
        counts = Counter(member.filename for member in parts)
        is_only_hdf5 = sum(member.filename.endswith(_HDF5) for member in parts) == 1
        unread = _MAX_BYTES
        for number, member in enumerate(parts):
            place = member.filename
            if counts[place] > 1:
                place = f"{place} at byte {member.header_offset:,}"
            is_copied = member.compress_type or member.filename.endswith(_CONFIGS)
            unread -= member.file_size if is_copied else 0
            if number >= _MAX_PARTS or unread < 0:
                yield Finding(
                    UNCHECKED, place, "the archive has too many or too large configs and weights to check all"
                )
                return
            is_main = place == CONFIG_MEMBER or place.endswith(_NUMPY) or (place.endswith(_HDF5) and is_only_hdf5)
            part = _part(archive, member, file, f"{name}: {place}")
            yield from finished(part, place, "" if is_main else f"{place}: ")


def finished(findings: Iterable[Finding], place: str, prefix: str = "") -> Iterator[Finding]:
    """Yields the findings of a part, with a prefix before their paths.

    If the part cannot be read to its end, yields that as the last finding.
    """
    try:
        with archive_errors(place):
            for finding in findings:
                yield finding._replace(path=f"{prefix}{finding.path}") if prefix else finding
    except ConvcalcError as failed:
        message = failed.problems[0].message
        yield Finding(UNCHECKED, place, message.rpartition(f"{place}: ")[2])


def _audit_entry(member: zipfile.ZipInfo) -> Iterator[Finding]:
    """Yields the findings about the name and the size of a member."""
    if leads_outside(member.filename):
        yield Finding(OUTSIDE_PATH, member.filename, "this member's name leads out of the folder where it is unpacked")
    if member.file_size > _LARGE and member.file_size > _MAX_EXPANSION * member.compress_size:
        stated = f"states {bytes_text(member.file_size)}, stored in {bytes_text(member.compress_size)}"
        yield Finding(BOMB, member.filename, f"member of the archive: {stated}")


def _part(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: BinaryIO, name: str) -> Iterator[Finding]:
    if member.filename.endswith(_HDF5):
        yield from audit_hdf5(member_file(archive, member, file, name), name)
    elif member.filename.endswith(_NUMPY):
        yield from audit_numpy(member_file(archive, member, file, name), member.filename)
    else:
        yield from audit_config(parse_json(decode(member_content(archive, member, name), name)))
