"""Names files that are not models convcalc reads, and says what to do with each.

Used only after a file could not be read as a model: by its first bytes, by the members of its archive, or by its text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Source, error, first_listed

_KERAS = "convcalc reads Keras: save the Keras model with model.save('model.keras')"
_CODE = "convcalc reads Keras: give the Python code of the model (FILE.py), or write the model as a spec"
_PYTORCH = f"weights or an object of PyTorch, without the layers; {_CODE}"

# The first bytes of a file, as a pattern, and what the file is.
_BINARY: tuple[tuple[bytes, str], ...] = (
    (rb"(?s).{4}TFL3", f"a TensorFlow Lite model, which does not contain Keras's layers; {_KERAS}"),
    (rb"(?s)\x08[\x01-\x20]\x12.[\w. -]{2,40}(\x1a|\x22|:|\x2a)", f"an ONNX model; {_KERAS}"),
    (rb"(?s)\x08[\x01-\x20]:", f"an ONNX model; {_KERAS}"),
    (rb"GGUF", f"a GGUF file: weights of a language model, without its layers; {_CODE}"),
    (rb"GGML|ggjt|lmgg|tjgg", f"a GGML file: weights of a language model, without its layers; {_CODE}"),
    (rb"(?s).{4}\0{3,4}\s*\{\"", f"a safetensors file: weights without the layers; {_CODE}"),
    (rb"\x80[\x02-\x05]", f"a pickle: {_PYTORCH}"),
    (rb"\x93NUMPY", f"a NumPy array, not a model; {_CODE}"),
    (rb"(?s)\x08[\x01-\x20]\x12..?\x0a", f"a Core ML model; {_KERAS}"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|%PDF|BM", "a picture or a document, not a model; give the model's file"),
    (
        rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd",
        "a compressed file; unpack it and give the model's file",
    ),
    (rb"\x7fELF|MZ|\xcf\xfa\xed\xfe", "a program, not a model; give the model's file"),
    (rb"SQLite format 3", "a database, not a model; give the model's file"),
)

# A pattern for a member of an archive, and what the archive is.
_ARCHIVES: tuple[tuple[str, str], ...] = (
    (r"(^|.*/)data\.pkl|.*\.pt2?|.*constants\.pkl", f"a PyTorch file: {_PYTORCH}"),
    (r".*\.npy", f"NumPy arrays, not a model; {_CODE}"),
    (r"(word|ppt|xl)/.*", "a document, not a model; give the model's file"),
    (r"(.*/)?saved_model\.pb", "a packed SavedModel folder; unpack it and give the folder"),
    (r".*\.(keras|h5|hdf5|json|py|ipynb|yaml|yml)", "an archive; unpack it and give the model's file in it"),
)

# A pattern for a text, and what the text is. No pattern has \s where it could match many lines: that takes quadratic time.
_TEXTS: tuple[tuple[str, str], ...] = (
    (
        r'(?s)\s*\{.*"(architectures|model_type|transformers_version|_name_or_path)"\s*:',
        f"a config of Hugging Face Transformers, which lists no layers; {_CODE}",
    ),
    (r'(?s)\s*\{.*"(itemInfoEntries|mlmodelSpecification)', f"a part of a Core ML model; {_KERAS}"),
    (r'(?s)\s*\{.*"(modelTopology|weightsManifest)"', f"a TensorFlow.js model without Keras's layers; {_KERAS}"),
    (r'(?s)\s*\{.*"weight_map"', f"a list of weights files; {_CODE}"),
    (r"(?m)^[ \t]*(import|from)[ \t]+\w[\w.]*([ \t]+import\s|[ \t]+as\s|[ \t]*$)|^[ \t]*(def|class)[ \t]+\w+.*:[ \t]*$",
     "Python code; rename it to FILE.py, so that it is read as code (it is never run)"),
    (r"(?m)\A(?=[\s\S]*^=+[ \t]*$)[\s\S]*\[-1,|Input size \(MB\)|Layer \(type:depth-idx\)|Total mult-adds",
     f"a summary of a PyTorch model; {_CODE}"),
    (r"(?m)^[ \t]*\(\w+\): \w+\(", f"a PyTorch model as print() shows it; {_CODE}"),
    (r"(?m)^[ \t]*layers?[ \t]*\{", f"a network of Caffe; {_CODE}"),
    (r"(?m)^\[(net|convolutional|maxpool|connected)\]", f"a network of Darknet; {_CODE}"),
    (r"(?i)\s*<(!doctype|html|\?xml|svg)", "a page of HTML or XML, not a model; give the model's file"),
    (r"\s*version https://git-lfs", "a pointer of Git LFS, not the file itself; run `git lfs pull`"),
)  # fmt: skip
_SEARCHED = 20_000  # the number of characters that are searched
_MODEL_ENDINGS = (".keras", ".h5", ".hdf5", ".yaml", ".yml", ".json", ".py", ".ipynb")


def foreign_binary(start: bytes, name: str) -> ConvcalcError | None:
    """Returns the error for a binary file of another kind; None if its first bytes are unknown."""
    for pattern, what in _BINARY:
        if re.match(pattern, start):
            return error(codes.NOT_A_MODEL, f"{name} is {what}")
    return None


def foreign_archive(members: Iterable[str], name: str) -> ConvcalcError | None:
    """Returns the error for an archive that is not a Keras archive; None if its members are unknown."""
    names = list(members)[:1000]
    for pattern, what in _ARCHIVES:
        if any(re.fullmatch(pattern, member) for member in names):
            return error(codes.NOT_A_MODEL, f"{name} is {what}")
    return None


def foreign_text(source: Source) -> ConvcalcError | None:
    """Returns the error for a text of another kind; None if the text is unknown."""
    text = source.text[:_SEARCHED]
    for pattern, what in _TEXTS:
        if (re.search if pattern.startswith("(?m)") else re.match)(pattern, text):
            return error(codes.NOT_A_MODEL, f"{source.name} is {what}")
    return None


def foreign_folder(folder: str) -> str:
    """Returns what to do with a folder that is not a model."""
    names = sorted(os.listdir(folder))  # noqa: PTH208 (pathlib takes long to import)
    if folder.rstrip("/").endswith(".mlpackage"):
        return f"is a Core ML model; {_KERAS}"
    models = [name for name in names if name.endswith(_MODEL_ENDINGS)]
    if models:
        return f"is a folder without a model: give one of its files: {first_listed([os.path.join(folder, name) for name in models], 4)}"  # noqa: PTH118
    return ""
