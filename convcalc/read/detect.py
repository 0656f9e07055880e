"""What a file is. Every command detects the kind of a file here, by its first bytes or its text, never by its name.

To add an input format, write its reader in a module of its own and declare a :class:`FileKind` here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

from convcalc.base.problems import Source
from convcalc.base.structs import Struct
from convcalc.read.spec.nodes import MAX_BYTES, decode


class FileKind(Struct):
    """A kind of file, with references (``"module:function"``) to the functions that read it.

    - ``read`` takes the :class:`OpenFile` and returns the Model.
    - ``config`` takes the OpenFile and returns Keras's config as data. None for files that are not written by Keras.
    - ``tree`` takes the OpenFile and returns a context manager of the HDF5 tree that holds the weights. None if there is none.
    - ``weights`` takes the HDF5 tree, the Model and the file's name, and returns the Weights.
    """

    name: str
    read: str = "convcalc.read.spec.spec:read_spec_file"
    config: str | None = None
    tree: str | None = None
    weights: str | None = None


class OpenFile(Struct):
    """An open file of a known kind. ``name`` is for messages. ``source`` is the text, None for a binary file."""

    kind: FileKind
    file: BinaryIO
    name: str
    source: Source | None = None

    @property
    def text(self) -> Source:
        """The text of a file of a text kind."""
        assert self.source is not None, self.kind.name
        return self.source


_KERAS = "convcalc.read.keras_files.contents"
_WEIGHTS = "convcalc.read.keras_files.weights"

KERAS_ARCHIVE = FileKind(
    "Keras archive",
    f"{_KERAS}:read_keras_file",
    config=f"{_KERAS}:archive_config",
    tree=f"{_KERAS}:archive_tree",
    weights=f"{_WEIGHTS}:archive_weights",
)
HDF5 = FileKind(
    "HDF5 file",
    f"{_KERAS}:read_keras_file",
    config=f"{_KERAS}:hdf5_config",
    tree=f"{_KERAS}:hdf5_tree",
    weights=f"{_WEIGHTS}:hdf5_weights",
)
JSON_CONFIG = FileKind("Keras config", f"{_KERAS}:read_keras_file", config=f"{_KERAS}:json_config")
YAML_CONFIG = FileKind("Keras config in YAML", f"{_KERAS}:read_keras_file", config=f"{_KERAS}:yaml_config")
# These three are not models. A command that needs a model reads them as a spec, whose reader says what is wrong.
JSON_REPORT = FileKind("JSON report")
JSON = FileKind("JSON text")
KERAS_TEXT = FileKind("printed summary")
SPEC = FileKind("YAML spec")

_CLASS_NAME = re.compile(r"(?m)^class_name:\s")
_CONFIG = re.compile(r"(?m)^config:\s")
_LAYERS = re.compile(r"(?m)^layers\s*:")
_KEY = re.compile(r"(?m)^[\"']?\w+[\"']?\s*:(\s|$)")
_SUMMARY_PART = re.compile(r"(?m)^\W*Model: \"|Layer \(type\)|\bparams: [\d,]+|\[\d+\]\[\d+\]")
_TABLE_EDGE = re.compile(r"[┏┌+][━─┳┬-]{8,}|_{10,}")

# The first bytes of each binary kind.
_BINARY: dict[bytes, FileKind] = {
    b"PK\x03\x04": KERAS_ARCHIVE,
    b"PK\x05\x06": KERAS_ARCHIVE,  # an archive without members
    b"\x89HDF\r\n\x1a\n": HDF5,
}
_LONGEST = max(map(len, _BINARY))


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith(("{", "["))


def _is_json_config(text: str) -> bool:
    return text.lstrip().startswith("{") and '"class_name"' in text and '"config"' in text


def _is_json_report(text: str) -> bool:
    return _is_json(text) and '"schema_version"' in text and '"layers"' in text


def _is_yaml_config(text: str) -> bool:
    return _CLASS_NAME.search(text) is not None and _CONFIG.search(text) is not None


def _is_keras_text(text: str) -> bool:
    if _LAYERS.search(text):
        return False
    return may_be_part_of_a_summary(text) is not None or _TABLE_EDGE.search(text) is not None or not has_key(text)


# How each text kind is recognized. The first match counts; a text that matches none is a spec.
_TEXT: tuple[tuple[Callable[[str], bool], FileKind], ...] = (
    (_is_json_config, JSON_CONFIG),
    (_is_json_report, JSON_REPORT),
    (_is_json, JSON),
    (_is_yaml_config, YAML_CONFIG),
    (_is_keras_text, KERAS_TEXT),
)


def may_be_part_of_a_summary(text: str) -> re.Match[str] | None:
    """The first place in a text that looks as if Keras had printed it."""
    return _SUMMARY_PART.search(text)


def has_key(text: str) -> bool:
    """True if a line of the text begins with a YAML key."""
    return _KEY.search(text) is not None


def detect(file: BinaryIO, name: str) -> OpenFile:
    """Detects the kind of an open file. Raises :class:`ConvcalcError` for a file that is neither text nor a known binary kind."""
    binary = open_binary(file, name)
    if binary is not None:
        return binary
    source = decode(file.read(MAX_BYTES + 1), name)
    return OpenFile(text_kind(source.text), file, name, source)


def open_binary(file: BinaryIO, name: str) -> OpenFile | None:
    """The file, which is at its start before and after this call, if it is of a binary kind, else None."""
    start = file.read(_LONGEST)
    file.seek(0)
    kind = next((kind for signature, kind in _BINARY.items() if start.startswith(signature)), None)
    return None if kind is None else OpenFile(kind, file, name)


def text_kind(text: str) -> FileKind:
    """The kind of a text."""
    return next((kind for matches, kind in _TEXT if matches(text)), SPEC)
