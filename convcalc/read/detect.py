"""Detects the kind of a file.

The kind depends on the first bytes or the text of the file. Keras decides by the ending of the name: a file whose content
contradicts its ending, or that is two models in one, is an error (see ``ambiguity``). All commands use this module. To add
an input format, write its reader in a new module and declare a kind here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from convcalc.base import codes
from convcalc.base.problems import Source, error
from convcalc.base.structs import Struct
from convcalc.read.ambiguity import HDF5_START, ZIP_STARTS, contradiction
from convcalc.read.code_settings import NO_SETTINGS, PACKAGE_FILE, CodeSettings, is_code
from convcalc.read.container import open_file
from convcalc.read.custom_layers import NO_CUSTOM_LAYERS, CustomLayers
from convcalc.read.spec.nodes import MAX_TEXT_BYTES, decode


class FileKind(Struct):
    """A kind of file, with references (``"module:function"``) to the functions that read it.

    - ``starts`` are the possible first bytes of a binary kind.
    - ``matches_bytes`` returns True for the first bytes of a file of this kind. Used if ``starts`` cannot list them.
    - ``matches`` returns True for a text of this kind.
    - ``read`` takes the :class:`OpenFile` and returns the Model.
    - ``config`` takes the OpenFile and returns Keras's config as data; None for kinds that Keras does not write.
    - ``tree`` takes the OpenFile and returns a context manager for the weights: an HDF5 tree, or other objects. None
      for a kind without weights.
    - ``weights`` takes the opened weights, the Model and the file's name, and returns the Weights.
    - ``layers`` takes the same arguments, and returns a Model with the layers that own the weights. It is called for a
      model whose config lists no layers.
    - ``has_graph`` is True if files of this kind contain a TensorFlow graph, which ``audit`` does not check.
    """

    name: str
    starts: tuple[bytes, ...] = ()
    matches_bytes: Callable[[bytes], bool] | None = None
    matches: Callable[[str], bool] | None = None
    read: str = "convcalc.read.spec.spec:read_spec_file"
    config: str | None = None
    tree: str | None = None
    weights: str | None = None
    layers: str = "convcalc.read.keras_files.weights_tree:stored_model"
    has_graph: bool = False


class OpenFile(Struct):
    """An open file of a known kind.

    Attributes:
        name: the file's name in messages.
        source: the text of the file; None for a binary file.
        custom: the declarations of custom layers.
        target: the name of a model in a program, such as ``build`` in ``train.py:build``.
        settings: the user's values for a program.
    """

    kind: FileKind
    file: BinaryIO
    name: str
    source: Source | None = None
    custom: CustomLayers = NO_CUSTOM_LAYERS
    target: str = ""
    settings: CodeSettings = NO_SETTINGS

    @property
    def text(self) -> Source:
        """The text of the file. Only a file of a text kind has a text."""
        assert self.source is not None, self.kind.name
        return self.source


_CLASS_NAME = re.compile(r"(?m)^class_name:\s")
_CONFIG = re.compile(r"(?m)^config:\s")
_LAYERS = re.compile(r"(?m)^layers\s*:")
_KEY = re.compile(r"(?m)^[\"']?\w+[\"']?\s*:(\s|$)")
_SUMMARY_PART = re.compile(r"(?m)^[^\w\n]*Model: \"|Layer \(type\)|\bparams: [\d,]+|\[\d+\]\[\d+\]")
_TABLE_EDGE = re.compile(r"[┏┌+][━─┳┬-]{8,}|_{10,}")


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith(("{", "["))


def _is_json_string(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith('"') and "class_name" in text and "config" in text


def _is_tfjs(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("{") and ('"modelTopology"' in text or '"weightsManifest"' in text)


def _is_keras_metadata(start: bytes) -> bool:
    # The first object in the file is the model: its path is "root", and its number is 0. A file may omit the number 0.
    return re.match(rb"\n[\x80-\xff]*[\0-\x7f](\x10\0)?\x1a\x04root[\x22\x2a]", start) is not None


def _is_tensorflow_graph(start: bytes) -> bool:
    # A graph begins with a node. A node begins with its name and the name of its operation.
    node = re.match(rb"\n[\x80-\xff]*[\0-\x7f]\n([\1-\x40])", start)
    operation = start[node.end() + node[1][0] :] if node else b""
    return re.match(rb"\x12[\1-\x40][A-Z][A-Za-z0-9]+", operation) is not None


def _is_json_config(text: str) -> bool:
    return text.lstrip().startswith("{") and '"class_name"' in text and '"config"' in text


def _is_sharded_weights(text: str) -> bool:
    return text.lstrip().startswith("{") and '"weight_map"' in text and ".weights.h5" in text


def _is_json_report(text: str) -> bool:
    return _is_json(text) and '"schema_version"' in text and '"layers"' in text


def _is_yaml_config(text: str) -> bool:
    return _CLASS_NAME.search(text) is not None and _CONFIG.search(text) is not None


def _is_keras_text(text: str) -> bool:
    if _LAYERS.search(text):
        return False
    return find_summary_part(text) is not None or _TABLE_EDGE.search(text) is not None or not has_key(text)


def find_summary_part(text: str) -> re.Match[str] | None:
    """Returns the first text that is typical of a summary printed by Keras, such as ``Layer (type)``."""
    return _SUMMARY_PART.search(text)


def has_key(text: str) -> bool:
    """Returns True if a line of the text begins with a YAML key."""
    return _KEY.search(text) is not None


_CONTENTS = "convcalc.read.keras_files.contents"
_WEIGHTS = "convcalc.read.keras_files.weights"
_SAVED_MODEL = "convcalc.read.keras_files.saved_model"
_TFJS = "convcalc.read.keras_files.tfjs"

KINDS: list[FileKind] = []


def _kind(kind: FileKind) -> FileKind:
    """Adds a kind to KINDS. For a file, the kinds are tried in the order of their declarations."""
    KINDS.append(kind)
    return kind


KERAS_ARCHIVE = _kind(
    FileKind(
        "Keras archive",
        starts=ZIP_STARTS,
        read=f"{_CONTENTS}:read_keras_file",
        config=f"{_CONTENTS}:archive_config",
        tree=f"{_CONTENTS}:archive_tree",
        weights=f"{_WEIGHTS}:archive_weights",
    )
)
HDF5 = _kind(
    FileKind(
        "HDF5 file",
        starts=(HDF5_START,),
        read=f"{_CONTENTS}:read_hdf5_file",
        config=f"{_CONTENTS}:hdf5_config",
        tree=f"{_CONTENTS}:hdf5_tree",
        weights=f"{_WEIGHTS}:hdf5_weights",
    )
)
SAVED_MODEL = _kind(
    FileKind(
        "TensorFlow SavedModel",
        starts=(b"\x08\x01\x12",),  # these bytes mean version 1 of the format, then a graph
        read=f"{_SAVED_MODEL}:read_saved_model",
        config=f"{_SAVED_MODEL}:saved_model_config",
        tree="convcalc.read.keras_files.saved_objects:saved_objects",
        weights=f"{_SAVED_MODEL}:saved_model_weights",
        layers=f"{_SAVED_MODEL}:saved_model_layers",
        has_graph=True,
    )
)
KERAS_METADATA = _kind(
    FileKind(
        "Keras metadata of a SavedModel",
        matches_bytes=_is_keras_metadata,
        read=f"{_CONTENTS}:read_keras_file",
        config=f"{_SAVED_MODEL}:metadata_config",
    )
)
TENSORFLOW_GRAPH = _kind(
    FileKind(
        "TensorFlow graph",
        matches_bytes=_is_tensorflow_graph,
        read=f"{_SAVED_MODEL}:read_graph",
        has_graph=True,
    )
)
SHARDED_WEIGHTS = _kind(
    FileKind("list of Keras weights files", matches=_is_sharded_weights, read=f"{_CONTENTS}:read_sharded_weights")
)
TFJS = _kind(
    FileKind(
        "TensorFlow.js model",
        matches=_is_tfjs,
        read=f"{_TFJS}:read_tfjs",
        config=f"{_TFJS}:tfjs_config",
        tree=f"{_TFJS}:tfjs_manifest",
        weights=f"{_TFJS}:tfjs_weights",
        layers=f"{_TFJS}:tfjs_layers",
    )
)
JSON_CONFIG = _kind(
    FileKind(
        "Keras config",
        matches=_is_json_config,
        read=f"{_CONTENTS}:read_keras_file",
        config=f"{_CONTENTS}:json_config",
        tree=f"{_CONTENTS}:tree_beside",
        weights=f"{_WEIGHTS}:archive_weights",
        layers=f"{_CONTENTS}:layers_beside",
    )
)
JSON_STRING = _kind(
    FileKind(
        "Keras config in a JSON string",
        matches=_is_json_string,
        read=f"{_CONTENTS}:read_keras_file",
        config=f"{_CONTENTS}:json_string_config",
    )
)
YAML_CONFIG = _kind(
    FileKind(
        "Keras config in YAML",
        matches=_is_yaml_config,
        read=f"{_CONTENTS}:read_keras_file",
        config=f"{_CONTENTS}:yaml_config",
    )
)
# The next three kinds are not models. Their readers report the mistake.
JSON_REPORT = _kind(FileKind("JSON report", matches=_is_json_report, read="convcalc.read.records:read_report"))
JSON = _kind(FileKind("JSON text", matches=_is_json))
KERAS_TEXT = _kind(FileKind("printed summary", matches=_is_keras_text, read="convcalc.read.records:read_printed"))
# The name of a file shows that it is Python code. Its content does not: every text can be Python.
PYTHON_CODE = FileKind("Python code", read="convcalc.read.code.file:read_code")
SPEC = FileKind("YAML spec")  # a text that has none of the kinds above

_TEXT_BYTES = bytes((*b"\t\n\r\f", *range(32, 127)))
_START = 160  # the number of bytes that are read to detect a binary kind
# The possible names of the file that describes the model in a folder. The names are tried in this order.
_MAIN_FILES = ("saved_model.pb", "model.json", "task.json", "config.json", PACKAGE_FILE)


@contextmanager
def open_model(source: str) -> Iterator[tuple[BinaryIO, str]]:
    """Opens a model's file. For a folder, opens the file that describes the model. Yields the open file and its path."""
    path = main_file(source) if os.path.isdir(source) else source  # noqa: PTH112 (pathlib takes long to import)
    with open_file(path) as file:
        yield file, path


def main_file(folder: str) -> str:
    """Returns the path of the file that describes the model of a folder.

    Raises :class:`ConvcalcError` if the folder has no such file.
    """
    from pathlib import Path  # imported here, because most files need no folder and the import takes long

    for name in _MAIN_FILES:
        path = Path(folder, name)
        if path.is_file():
            return str(path)
    from convcalc.read.foreign_files import foreign_folder

    try:
        foreign = foreign_folder(folder)
    except OSError:
        foreign = ""
    if foreign:
        raise error(codes.NOT_A_MODEL, f"{folder}: {foreign}")
    names = ", ".join(_MAIN_FILES[:-1])
    message = f"{folder}: is a folder without a model: a model's folder has {names} or {_MAIN_FILES[-1]}"
    raise error(codes.NOT_A_MODEL, f"{message}; give the file of a model instead")


def detect(file: BinaryIO, name: str) -> OpenFile:
    """Detects the kind of an open file.

    Raises :class:`ConvcalcError` if the file is neither text nor of a known binary kind, or if its content contradicts
    its ending.
    """
    if reason := contradiction(file, name):
        raise error(codes.AMBIGUOUS_FILE, f"{name}: {reason}")
    return detect_content(file, name)


def detect_content(file: BinaryIO, name: str) -> OpenFile:
    """Detects the kind of an open file by its content alone. Only Python code is detected by its name."""
    binary = open_binary(file, name)
    if binary is not None:
        return binary
    data = file.read(MAX_TEXT_BYTES + 1)
    # UTF-16 also contains zeros, and begins with a byte order mark.
    if not data[:_START].isascii() or data[:_START].translate(None, _TEXT_BYTES):
        from convcalc.read.foreign_files import foreign_binary  # imported lazily: most files are ASCII texts

        foreign = foreign_binary(data[:_START], name)
        if foreign is not None:
            raise foreign
    source = decode(data, name)
    if is_code(name):
        return OpenFile(PYTHON_CODE, file, name, source)
    return OpenFile(text_kind(source.text), file, name, source)


def open_binary(file: BinaryIO, name: str) -> OpenFile | None:
    """Returns the opened file if its kind is binary, else None. The file's position is 0 before and after the call."""
    start = file.read(_START)
    file.seek(0)
    kind = next((kind for kind in KINDS if _matches(kind, start)), None)
    return None if kind is None else OpenFile(kind, file, name)


def _matches(kind: FileKind, start: bytes) -> bool:
    return start.startswith(kind.starts) or (kind.matches_bytes is not None and kind.matches_bytes(start))


def text_kind(text: str) -> FileKind:
    """Returns the kind of a text."""
    return next((kind for kind in KINDS if kind.matches is not None and kind.matches(text)), SPEC)
