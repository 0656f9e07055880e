"""Mutations that know the structure of a binary file or a text: zip archives, HDF5, protocol buffers, lines, notebooks."""

from __future__ import annotations

import io
import json
import re
import zipfile
from random import Random

from tests.fuzz.files import mutated_archive, mutated_code, mutated_hdf5, mutated_json, mutated_yaml

_NUMBERS = (0, 1, 2, 7, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1)
# Bytes with which structures of HDF5 and zip begin. The numbers that follow are changed most often.
_SIGNATURES = re.compile(
    rb"TREE|SNOD|HEAP|GCOL|OHDR|OCHK|FRHP|FHDB|FHIB|BTHD|BTLF|BTIN|\x89HDF|PK\x01\x02|PK\x03\x04|PK\x05\x06|\n.{1,30}\x12|\x01\0\0\0|\0\x11"
)
MOST = 4_000_000  # the largest file that a mutation makes, in bytes


def archive(data: bytes, random: Random) -> bytes:
    """Changes the config, the weights, the members or the bytes of an archive."""
    choice = random.random()
    if choice < 0.4:
        return mutated_archive(data, random) or fields(data, random)
    if choice < 0.7:
        return _weights(data, random) or fields(data, random)
    return fields(data, random)


def _weights(data: bytes, random: Random) -> bytes | None:
    """Changes bytes of a member, and packs the archive again, so that only this member is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = {name: packed.read(name) for name in packed.namelist()}
    except Exception:  # zipfile raises many types of exceptions for damaged files
        return None
    name = random.choice(list(members) or [""])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as written:
        for key, content in members.items():
            written.writestr(
                key, (fields if random.random() < 0.7 else grown)(content, random) if key == name else content
            )
    return file.getvalue()


def hdf5(data: bytes, random: Random) -> bytes:
    """Changes groups, attributes or the config of an HDF5 file, or numbers in its structures."""
    return (mutated_hdf5(data, random) if random.random() < 0.3 else None) or fields(data, random)


def fields(data: bytes, random: Random) -> bytes:
    """Changes a few numbers near the signatures of structures, or exchanges, repeats and removes parts."""
    changed = bytearray(data)
    places = [match.start() for match in _SIGNATURES.finditer(data)] or [0]
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        if not changed:
            break
        at = min(max(random.choice(places) + random.randrange(64), 0), len(changed) - 1)
        size = random.choice((1, 1, 2, 4, 8))
        what = random.random()
        if what < 0.7:
            number = random.choice(
                (*_NUMBERS, len(changed), at, random.getrandbits(8 * size), changed[at] + 1, changed[at] - 1)
            )
            changed[at : at + size] = (number % 2 ** (8 * size)).to_bytes(
                size, random.choice(("little", "little", "big"))
            )
        elif what < 0.85:
            there = random.randrange(len(changed))
            changed[at : at + size] = changed[there : there + size]
        elif what < 0.95:
            end = min(len(changed), at + random.randrange(1, 200))
            changed[at:at] = changed[at:end]
        else:
            del changed[at : at + random.randrange(1, 200)]
    return bytes(changed)


def message(data: bytes, random: Random) -> bytes:
    """Changes a file of protocol buffers: a field is repeated many times, nested in itself, or its numbers are changed."""
    if random.random() < 0.6:
        return fields(data, random)
    start = random.randrange(len(data) or 1)
    part = data[start : start + random.randrange(1, 300)]
    if random.random() < 0.5:
        part = b"\n" + _varint(len(part)) + part
    return data[:start] + part * random.choice((1, 2, 50, 5_000)) + data[start:]


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def grown(data: bytes, random: Random) -> bytes:
    """Repeats a part of a file many times, which shows work that grows faster than the file."""
    start = random.randrange(len(data) or 1)
    length = random.choice((1, 1, 2, 3, 8, 40, 300, 3_000))
    part = data[start : start + length] or b"x"
    return data[:start] + part * random.choice((2, 100, 10_000, MOST // len(part))) + data[start + length :]


def lines(data: bytes, random: Random) -> bytes:
    """Changes a text by its lines and characters: repeated, removed, exchanged, and unusual characters inserted."""
    rows = data.split(b"\n")
    for _ in range(random.choice((1, 1, 2, 4))):
        at, other = random.randrange(len(rows)), random.randrange(len(rows))
        match random.randrange(6):
            case 0:
                rows[at:at] = rows[min(at, other) : max(at, other)]
            case 1 if len(rows) > 1:
                del rows[at]
            case 2:
                rows[at], rows[other] = rows[other], rows[at]
            case 3:
                rows[at] = grown(rows[at], random)
            case _:
                place = random.randrange(len(rows[at]) + 1)
                odd = random.choice(
                    (b"\x1b]", b"\x1b[", b"\r", b"\t", b"_", b"=", b"\0", b"(", b"[0][0]", "┃".encode(), b"\xff", b" ")
                )
                rows[at] = rows[at][:place] + odd * random.choice((1, 1, 3, 1_000)) + rows[at][place:]
    return b"\n".join(rows)


def text(data: bytes, random: Random) -> bytes:
    """Changes a text that is JSON or YAML as data, or else by its lines."""
    choice = random.random()
    if choice < 0.4:
        return (mutated_json(data, random) if data[:1] in b"{[" else mutated_yaml(data, random)) or lines(data, random)
    return grown(data, random) if choice < 0.6 else lines(data, random)


def code(data: bytes, random: Random) -> bytes:
    """Changes a program."""
    return (mutated_code(data, random) if random.random() < 0.7 else None) or text(data, random)


def notebook(data: bytes, random: Random) -> bytes:
    """Changes a notebook as JSON, or the code of one of its cells."""
    try:
        tree = json.loads(data)
        cell = random.choice([cell for cell in tree["cells"] if cell["cell_type"] == "code"])
        source = "".join(cell["source"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return text(data, random)
    if random.random() < 0.4:
        return text(data, random)
    cell["source"] = code(source.encode("utf-8", "replace"), random).decode("utf-8", "replace")
    return json.dumps(tree).encode()
