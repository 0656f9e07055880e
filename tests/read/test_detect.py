"""Tests that the kind of a file is detected from its content, and that only one module detects kinds."""

from __future__ import annotations

import io

import pytest

from convcalc.base.lazy import resolve
from convcalc.read.detect import (
    HDF5,
    JSON,
    JSON_CONFIG,
    JSON_REPORT,
    JSON_STRING,
    KERAS_ARCHIVE,
    KERAS_METADATA,
    KERAS_TEXT,
    KINDS,
    SAVED_MODEL,
    SHARDED_WEIGHTS,
    SPEC,
    TENSORFLOW_GRAPH,
    TFJS,
    YAML_CONFIG,
    FileKind,
    detect,
)

SAMPLES = [
    (b"PK\x03\x04 and more", KERAS_ARCHIVE),
    (b"PK\x05\x06", KERAS_ARCHIVE),
    (b"\x89HDF\r\n\x1a\n and more", HDF5),
    (b"\x08\x01\x12\x00", SAVED_MODEL),
    (b'\n\x10\x1a\x04root"\x0c_tf_keras_model', KERAS_METADATA),
    (b"\n\x80\x02\x10\x00\x1a\x04root*\x01", KERAS_METADATA),
    (b"\n\x10\n\x01x\x12\x0bPlaceholder", TENSORFLOW_GRAPH),
    (b'{"format": "layers-model", "modelTopology": {"class_name": "Model", "config": {}}}', TFJS),
    (b'{"weightsManifest": []}', TFJS),
    (b'"{\\"class_name\\": \\"Sequential\\", \\"config\\": {}}"', JSON_STRING),
    (b"\nx\nlayers: []\n", SPEC),
    (b'{"metadata": {}, "weight_map": {"/vars": ["m_00000.weights.h5"]}}', SHARDED_WEIGHTS),
    (b'{"class_name": "Sequential", "config": {}}', JSON_CONFIG),
    (b'\xef\xbb\xbf  {"config": {}, "class_name": "Sequential"}', JSON_CONFIG),
    (b"class_name: Sequential\nconfig:\n  layers: []\n", YAML_CONFIG),
    (b'{"schema_version": 1, "layers": []}', JSON_REPORT),
    (b'[{"schema_version": 1, "layers": []}]', JSON_REPORT),
    (b'{"a": 1}', JSON),
    (b"[1, 2]", JSON),
    ('Model: "m"\n┏━━━━━━━━━━━┓\n'.encode(), KERAS_TEXT),
    (b"_________________________\n Layer (type)   Output Shape\n", KERAS_TEXT),
    (b"just words", KERAS_TEXT),
    (b"input: [4]\nlayers: []\n", SPEC),
    (b'layers: []\n# Model: "m", Layer (type)\n', SPEC),
    (b"inputs: {a: [4]}\n", SPEC),
]


@pytest.mark.parametrize(("content", "kind"), SAMPLES)
def test_the_kind_is_detected_by_content(content: bytes, kind: FileKind) -> None:
    file = io.BytesIO(content)
    opened = detect(file, "m")
    assert opened.kind is kind
    if kind.starts or kind.matches_bytes:
        assert opened.source is None and file.tell() == 0
    else:
        assert opened.text.text == content.decode("utf-8-sig")


def test_every_kind_has_a_sample() -> None:
    assert {kind.name for _, kind in SAMPLES} == {kind.name for kind in (*KINDS, SPEC)}


@pytest.mark.parametrize("kind", [*KINDS, SPEC], ids=lambda kind: kind.name)
def test_each_reference_is_a_function(kind: FileKind) -> None:
    for reference in (kind.read, kind.config, kind.tree, kind.weights, kind.layers):
        assert reference is None or callable(resolve(reference))
    assert (kind.tree is None) == (kind.weights is None)
