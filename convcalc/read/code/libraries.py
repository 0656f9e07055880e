"""The names of libraries, each with one canonical path, and the functions that convcalc implements.

A module in a folder of this package implements the functions of one library. It declares each with :func:`function`::

    @function("numpy.zeros", "numpy.ones")
    def zeros(run: Run, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        ...

``run`` is the interpreter. The function returns a value of the program, or an unknown value (``Unknown``) with the
reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from convcalc.base.keras_names import snake_case
from convcalc.layers import is_builtin

Function: TypeAlias = "Callable[[Any, list[Any], dict[str, Any], Any], Any]"

# The functions and constants of the modules imported so far, by canonical path.
FUNCTIONS: dict[str, Function] = {}
CONSTANTS: dict[str, Any] = {}
# The modules that implement the functions of a library, or of a part of a library.
ROOMS = {
    "builtins": "standard.python_functions",
    "math": "standard.math_functions",
    "itertools": "standard.math_functions",
    "operator": "standard.math_functions",
    "random": "standard.math_functions",
    "time": "standard.math_functions",
    "tqdm": "standard.math_functions",
    "functools": "standard.standard_library",
    "copy": "standard.standard_library",
    "string": "standard.standard_library",
    "typing": "standard.standard_library",
    "enum": "standard.standard_library",
    "dataclasses": "standard.standard_library",
    "types": "standard.standard_library",
    "inspect": "standard.standard_library",
    "collections": "standard.standard_library standard.python_functions",
    "json": "standard.standard_library",
    "easydict": "standard.standard_library",
    "ml_collections": "standard.standard_library",
    "addict": "standard.standard_library",
    "munch": "standard.standard_library",
    "os": "standard.system_functions",
    "sys": "standard.system_functions",
    "pathlib": "standard.system_functions",
    "argparse": "standard.command_line",
    "absl": "standard.command_line",
    "click": "standard.command_line",
    "fire": "standard.command_line",
    "typer": "standard.command_line",
    "tensorflow.app": "standard.command_line",
    "tensorflow.flags": "standard.command_line",
    "numpy": "data.numpy_functions data.saved_arrays",
    "pandas": "data.tables data.table_files",
    "sklearn": "data.sklearn_functions",
    "tensorflow_addons": "keras.third_party_layers",
    "keras_contrib": "keras.third_party_layers",
    "tensorflow_examples": "keras.third_party_models",
    "tensorflow_hub": "keras.hub_layers",
    "tensorflow_datasets": "data.tfds_datasets",
    "urllib": "data.public_files",
    "wget": "data.public_files",
    "gym": "data.gym_environments",
    "gymnasium": "data.gym_environments",
    "keras.datasets": "data.known_datasets",
    "keras.utils": "data.data_functions",
    "keras.preprocessing": "data.data_functions",
    "tensorflow.data": "data.data_functions",
    "keras": "keras.keras_functions keras.layer_utilities",
    "keras.layers.ImageDataGenerator": "data.data_functions",
    "keras.KerasTensorSpec": "data.data_functions",
    "keras.backend": "tensors.backend_functions",
    "keras.backend.is_tensor": "tensors.tensorflow_functions",
    "keras.config": "tensors.backend_functions",
    "keras.utils.clear_session": "tensors.backend_functions",
    "keras.utils.is_keras_tensor": "tensors.backend_functions",
    "keras.saving": "data.data_functions keras.copies",
    "keras.models": "keras.copies",
    "keras.clone_model": "keras.copies",
    "keras.Model.from_config": "keras.copies",
    "keras.Sequential.from_config": "keras.copies",
    "keras.Functional.from_config": "keras.copies",
    "keras.random": "tensors.operation_functions",
    "keras.ops": "tensors.operation_functions tensors.control_functions",
    "keras.ops.is_tensor": "tensors.tensorflow_functions",
    "keras.ops.ndim": "tensors.backend_functions",
    "keras.ops.dtype": "tensors.backend_functions",
    "keras.activations": "tensors.operation_functions",
    "tensorflow": "tensors.tensorflow_functions tensors.control_functions",
    "einops": "tensors.einops_functions",
    "tensorflow.distribute": "tensors.strategies",
    "tensorflow.TensorSpec": "data.data_functions",
    "keras.applications": "keras.application_functions",
    "keras.applications.imagenet_utils": "keras.imagenet_functions",
}


def function(*paths: str) -> Callable[[Function], Function]:
    """Returns a decorator. The decorated function implements the library functions ``paths``."""

    def declare(implementation: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(paths, implementation))
        return implementation

    return declare


def find(path: str) -> Function | None:
    """Returns the function with this path; None if convcalc does not implement it."""
    _load(path)
    return FUNCTIONS.get(path)


def is_known(path: str) -> bool:
    """Returns True for a path of a library that convcalc implements, at least in part."""
    return path.partition(".")[0] in ROOMS


def constant(path: str, default: Any) -> Any:
    """Returns the value of a constant such as ``math.pi``."""
    _load(path)
    return CONSTANTS.get(path, default)


def _load(path: str) -> None:
    """Imports the modules that implement ``path``. For ``a.b.c``, these are the modules of ``a``, ``a.b`` and
    ``a.b.c``.
    """
    parts = path.split(".")
    for count in range(1, min(len(parts), 3) + 1):
        for module in ROOMS.get(".".join(parts[:count]), "").split():
            _load_module(module)


@cache
def _load_module(name: str) -> None:
    import_module(f"convcalc.read.code.{name}")


_KERAS = re.compile(
    r"^(?:tensorflow\.(?:python\.|compat\.v[12]\.|contrib\.)?keras|tf_keras|keras\.(?:src|api|_v2|api\._v[12]\.keras))(?=\.|$)"
)
_PARTS = re.compile(r"^keras_(applications|preprocessing)(?=\.|$)")  # packages that were parts of Keras 2
_TENSORFLOW = re.compile(r"^tensorflow\.(?:compat\.v[12]|python)(?=\.|$)")
# Old or additional paths of Keras's classes, and the start of the path that replaces them.
_SAME = (
    (re.compile(r"^keras\.layers\.(?:experimental\.preprocessing|preprocessing|core|convolutional)(?=\.|$)"), "keras.layers"),
    (re.compile(r"^keras\.layers\.(?:[a-z_\d]+\.)+(?=[A-Za-z_\d]+$)"), "keras.layers."),
    (re.compile(r"^keras\.(?:engine|legacy|_tf_keras)(?:\.[a-z_\d]+)*\.(?=[A-Z])"), "keras.layers."),
    (re.compile(r"^keras\.(?:models|models\.[a-z_]+|layers|Model)\.(?=(?:Model|Sequential|Functional)$)"), "keras."),
    (re.compile(r"^keras\.models\.(?:[a-z_]+\.)(?=(?:Model|Sequential|Functional)$)"), "keras."),
    (re.compile(r"^keras\.(?:layers|models|engine(?:\.[a-z_]+)?)\.(?=Input(?:Spec)?$)"), "keras."),
    (re.compile(r"^keras\.applications\.(?:[a-z_\d]+\.)(?=[A-Z])"), "keras.applications."),
    (re.compile(r"^keras\.ops\.(?:numpy|nn|core|math|linalg)\.(?=\w+$)"), "keras.ops."),
    (re.compile(r"^keras\.utils\.(?:np_utils|[a-z_]+_utils)\.(?=[a-zA-Z_]+$)"), "keras.utils."),
    (re.compile(r"^keras\.preprocessing\.(?:sequence|image|text)\.(?=pad_sequences$)"), "keras.utils."),
    (re.compile(r"^keras\.preprocessing\.(?=image_dataset_from_directory$|text_dataset_from_directory$)"), "keras.utils."),
    (re.compile(r"^keras\.layers\.InputLayer$"), "keras.layers.InputLayer"),
    (re.compile(r"^keras\.mixed_precision\.(?:experimental\.)?"), "keras.mixed_precision."),
)  # fmt: skip


@cache
def canonical(path: str) -> str:
    """Returns the shortest name for a path of a library: ``tensorflow.keras.layers.Dense`` → ``keras.layers.Dense``."""
    path = _KERAS.sub("keras", path, count=1)
    if path.startswith("keras_applications"):
        path = f"keras.applications{path.removeprefix('keras_applications')}"
    path = _TENSORFLOW.sub("tensorflow", path, count=1)
    path = _PARTS.sub(r"keras.\1", path, count=1)
    if path.startswith("keras."):
        for pattern, replacement in _SAME:
            path = pattern.sub(replacement, path, count=1)
    return path


# Classes whose methods convcalc does not implement, such as optimizers. Of their objects, it keeps the class and the
# arguments.
_OBJECTS = re.compile(
    r"^keras\.(?:optimizers|losses|metrics|initializers|regularizers|constraints|callbacks|dtype_policies|quantizers|"
    r"mixed_precision|random|saving|export|distribution)(?:\.\w+)*\.\w+$|^keras\.(?:DTypePolicy|FloatDTypePolicy|InputSpec|Loss|Metric|Optimizer)$"
)


def is_object(path: str) -> bool:
    """Returns True for a class of ``_OBJECTS``, such as ``keras.optimizers.Adam``."""
    return _OBJECTS.match(path) is not None


_READERS = re.compile(
    r"^(?:numpy\.(?:load|loadtxt|genfromtxt|fromfile|memmap)|builtins\.open|h5py\.File|scipy\.io\.\w+|pickle\.loads?|joblib\.load|json\.load|"
    r"cv2\.imread|PIL\.Image\.open|glob\.\w+|tensorflow_datasets\.load|yaml\.\w*load\w*|torch\.load|datasets\.load_dataset|"
    r"keras\.utils\.get_file|tensorflow\.io\.\w+|skimage\.io\.\w+|imageio\.\w+|librosa\.load|builtins\.input)$"
)


def reads_data(path: str) -> bool:
    """Returns True for a function that reads data, such as ``numpy.load``."""
    return _READERS.match(path) is not None


_OLD = re.compile(
    r"^(?:tensorflow\.keras|keras)\.(?:engine|legacy|layers\.(?:core|convolutional|merge|normalization|advanced_activations|recurrent|"
    r"embeddings|pooling|wrappers|local|noise|convolutional_recurrent|Merge|TimeDistributedDense|MaxoutDense|Highway)|objectives|"
    r"utils\.(?:np_utils|conv_utils|generic_utils|vis_utils|visualize_util|layer_utils|data_utils|io_utils)|"
    r"backend\.(?:image_dim_ordering|set_image_dim_ordering|get_session|set_session|tensorflow_backend))(?:\.|$)|"
    r"^keras_applications(?:\.|$)|^tensorflow\.(?:contrib|examples|placeholder|Session|InteractiveSession|ConfigProto|get_variable|variable_scope|layers)(?:\.|$)|"
    r"^tensorflow\.(?:python\.keras|compat\.v1)(?:\.|$)|^tensorflow\.image\.resize_(?:bilinear|bicubic|images|nearest_neighbor|area)$"
)


def is_old(path: str) -> bool:
    """Returns True for a name that only Keras 1 and 2 or TensorFlow 1 have."""
    return _OLD.match(path) is not None


def is_layer(path: str) -> bool:
    """Returns True for the path of a layer of Keras."""
    name = path.removeprefix("keras.layers.")
    return path.startswith("keras.layers.") and "." not in name and (is_builtin(name) or name[:1].isupper())


# The base classes of Keras's classes, for ``isinstance``.
_EXTENDS = {
    "keras.Sequential": ("keras.Model", "keras.layers.Layer", "keras.Layer"),
    "keras.Functional": ("keras.Model", "keras.layers.Layer", "keras.Layer"),
    "keras.Model": ("keras.layers.Layer", "keras.Layer", "keras.Functional"),
    "keras.layers.Layer": ("keras.Layer",),
    "keras.Layer": ("keras.layers.Layer",),
    "numpy.ndarray": (),
    "builtins.bool": ("builtins.int",),
}


def extends(path: str, other: str) -> bool:
    """Returns True if ``issubclass(path, other)`` is true for these two classes of libraries."""
    if path == other or other == "builtins.object":
        return True
    if other in _EXTENDS.get(path, ()):
        return True
    if is_layer(path):
        return other in ("keras.layers.Layer", "keras.Layer") or (
            snake_case(path) != path and _same_layer(path.rpartition(".")[2], other.rpartition(".")[2], other)
        )
    return (
        path.startswith("builtins.")
        and other in ("numbers.Number", "numbers.Integral")
        and path in ("builtins.int", "builtins.float")
    )


def _same_layer(name: str, other_name: str, other: str) -> bool:
    """Returns True if both names belong to one layer, such as ``MaxPool2D`` and ``MaxPooling2D``."""
    if not is_layer(other) or not is_builtin(name) or not is_builtin(other_name):
        return False
    from convcalc.layers import find as find_layer

    return find_layer(name) is find_layer(other_name)
