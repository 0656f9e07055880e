"""Files of other programs are named for what they are, with what to do."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from convcalc.base.problems import ConvcalcError
from convcalc.read import load


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


_HEADER = json.dumps({"embed": {"dtype": "F16", "shape": [3, 4], "data_offsets": [0, 24]}}).encode()

FILES: dict[str, tuple[bytes, str]] = {
    "m.onnx": (b"\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x10\n\x06conv_1\x12\x01x", "an ONNX model"),
    "keras.onnx": (b"\x08\x07\x12\x07tf2onnx\x1a\x0a1.14.0 abc" + b"\0" * 20, "an ONNX model"),
    "bare.onnx": (b"\x08\x09:\x20\n\x06conv_1\x12\x01x", "an ONNX model"),
    "m.tflite": (b"\x1c\0\0\0TFL3\x14\0 \0" + b"\0" * 100, "a TensorFlow Lite model"),
    "m.gguf": (b"GGUF\x03\0\0\0" + b"\0" * 40, "a GGUF file"),
    "m.safetensors": (struct.pack("<Q", len(_HEADER)) + _HEADER + b"\0" * 24, "a safetensors file"),
    "m.pt": (_zip("archive/data.pkl", "archive/version"), "a PyTorch file"),
    "script.pt": (_zip("m/code/__torch__.py", "m/constants.pkl"), "a PyTorch file"),
    "old.pth": (pickle.dumps({"a": 1}, 2), "a pickle"),
    "sk.pkl": (pickle.dumps({"a": 1}, 4), "a pickle"),
    "w.npz": (_zip("arr_0.npy"), "NumPy arrays"),
    "w.npy": (b"\x93NUMPY\x01\0v\0{" + b" " * 100, "a NumPy array"),
    "m.mlmodel": (b"\x08\x04\x12\xb0\x01\n\x20\n\x05image", "a Core ML model"),
    "pic.png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a picture"),
    "m.tar.gz": (b"\x1f\x8b\x08\0" + b"\0" * 50, "unpack it"),
    "packed.zip": (_zip("run/model.h5"), "unpack it"),
    "saved.zip": (_zip("m/saved_model.pb"), "a packed SavedModel folder"),
    "report.docx": (_zip("[Content_Types].xml", "word/document.xml"), "a document"),
    "config.json": (b'{"architectures": ["BertModel"], "model_type": "bert"}', "Hugging Face"),
    "vit.json": (b'{"model_type": "vit", "hidden_size": 768}', "Hugging Face"),
    "model.txt": (b"import keras\nmodel = keras.Sequential([keras.layers.Dense(3)])\n", "rename it to FILE.py"),
    "build.txt": (b'def build(n):\n    """A model."""\n    return n\n', "rename it to FILE.py"),
    "torch.txt": (b"Sequential(\n  (0): Conv2d(1, 20, kernel_size=(5, 5))\n  (1): ReLU()\n)\n", "a PyTorch model"),
    "summary.txt": (
        b"    Layer (type)    Output Shape   Param #\n====\n   Conv2d-1   [-1, 10, 24, 24]   260\n====\nTotal params: 260\n",
        "a summary of a PyTorch model",
    ),
    "net.prototxt": (b'name: "LeNet"\nlayer {\n  name: "data"\n}\n', "a network of Caffe"),
    "yolo.cfg": (b"[net]\nbatch=64\n[convolutional]\nfilters=32\n", "a network of Darknet"),
    "page.html": (b"<!DOCTYPE html>\n<html></html>\n", "a page of HTML"),
    "lfs.yaml": (b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n", "git lfs pull"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_named(name: str, tmp_path: Path) -> None:
    content, what = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConvcalcError) as failed:
        load(path)
    assert [problem.code for problem in failed.value.problems] == ["not-a-model"]
    assert what in str(failed.value)


def test_folders(tmp_path: Path) -> None:
    package = tmp_path / "m.mlpackage"
    package.mkdir()
    with pytest.raises(ConvcalcError, match="a Core ML model"):
        load(package)
    (tmp_path / "a.keras").write_text("x")
    with pytest.raises(ConvcalcError, match=r"give one of its files: .*a\.keras"):
        load(tmp_path)


@pytest.mark.parametrize(
    "text", ["input: [3]\nlayers: [Dense: 3]\nfrom: x\n", "- cat\n- dog\n", "stages:\n  train: {cmd: a}\n"]
)
def test_other_texts_are_read_as_a_spec(text: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(ConvcalcError) as failed:
        load(path)
    assert "not-a-model" not in str(failed.value)
