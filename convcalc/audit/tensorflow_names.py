"""Names of TensorFlow: functions that only compute, and operations of graphs that do more than compute."""

from __future__ import annotations

# The modules of TensorFlow whose functions only compute. The first part of a name, as in ``math.add``.
_COMPUTING = frozenset(
    (
        *(
            "__operators__",
            "audio",
            "autodiff",
            "bitwise",
            "compat",
            "dtypes",
            "experimental",
            "image",
            "keras",
            "linalg",
        ),
        *("math", "nest", "nn", "quantization", "ragged", "random", "sets", "signal", "sparse", "strings", "types"),
    )
)
_INSIDE = frozenset(("io", "saved_model", "train", "utils", "models", "data", "gfile", "python_io", "load_op_library"))
_NOT_COMPUTING = frozenset(
    (
        *("Assert", "function", "load_library", "load_op_library", "numpy_function", "print", "Print", "py_func"),
        *("py_function", "import_graph_def", "read_file", "write_file", "matching_files"),
    )
)
_READ, _WRITE = ("ReadFile", "MatchingFiles", "WholeFileReader", "WholeFileReaderV2"), ("WriteFile",)
FILE_OPERATIONS = (*_READ, *_WRITE)
PYTHON_OPERATIONS = ("PyFunc", "PyFuncStateless", "EagerPyFunc")


def is_computation(function: str) -> bool:
    """Returns True if a function of TensorFlow, such as ``math.add``, only computes with tensors."""
    parts = function.split(".")
    if _NOT_COMPUTING & set(parts) or _INSIDE & set(parts):
        return False
    return len(parts) == 1 or parts[0] in _COMPUTING


def risky_operation(name: str) -> bool:
    """Returns True if an operation of a graph reads or writes files, or calls Python."""
    return name in FILE_OPERATIONS or name in PYTHON_OPERATIONS
