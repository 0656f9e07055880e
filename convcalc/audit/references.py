"""Judges a reference in a config: a class or function that Keras finds by its name and module.

Source: ``_retrieve_class_or_fn`` in ``keras/src/saving/serialization_lib.py``, in all versions of Keras 3. Before 3.9, Keras
imported every module that a file names.
"""

from __future__ import annotations

import builtins
import sys

from convcalc.audit.keras_functions import FUNCTIONS
from convcalc.audit.rules import FOREIGN_CODE, KERAS_TOOL, Rule
from convcalc.base.structs import Struct

# The values of class_name that mean data, not a class.
DATA = (
    "__keras_tensor__",
    "__tensor__",
    "__numpy__",
    "__bytes__",
    "__ellipsis__",
    "__slice__",
    "__tuple__",
    "__typespec__",
)
_KERAS = ("tensorflow.python.keras", "tensorflow.keras", "tf_keras", "keras_core", "keras")
# The parts of Keras with the classes of models. A file has no reason to name a class of another part.
_MODEL_PARTS = frozenset(
    (
        *(
            "activations",
            "constraints",
            "dtype_policies",
            "engine",
            "feature_column",
            "initializers",
            "layers",
            "losses",
        ),
        *("metrics", "mixed_precision", "models", "ops", "optimizers", "premade_models", "quantizers", "random"),
        *("regularizers", "trainers"),
    )
)
# Classes of models that are in other parts of Keras.
_MODEL_CLASSES = frozenset(
    (
        *("Cross", "Feature", "FeatureSpace", "SerializableDict", "TFFeatureSpace", "TFSMLayer", "TorchModuleWrapper"),
        *("CustomScaleLayer", "LayerScale", "StochasticDepth"),  # in keras.applications
    )
)
# Packages of layers and models. Their classes need code, but are not suspicious.
_LAYER_PACKAGES = frozenset(
    (
        *(
            "bayesflow",
            "deepctr",
            "efficientnet",
            "k3im",
            "kecam",
            "keras_bert",
            "keras_cv",
            "keras_cv_attention_models",
        ),
        *(
            "keras_hub",
            "keras_nlp",
            "keras_rs",
            "keras_tcn",
            "keras_unet_collection",
            "kimm",
            "larq",
            "qkeras",
            "spektral",
        ),
        *("tensorflow_addons", "tensorflow_hub", "tensorflow_model_optimization", "tensorflow_recommenders"),
    )
)
# Libraries without layers of Keras, in addition to Python's standard library.
_LIBRARIES = frozenset(
    (
        *("IPython", "_pytest", "absl", "cloudpickle", "dask", "dill", "distutils", "flask", "fsspec", "h5py", "httpx"),
        *("huggingface_hub", "jax", "jaxlib", "joblib", "matplotlib", "notebook", "numba", "numpy", "pandas", "pip"),
        *(
            "pkg_resources",
            "pytest",
            "requests",
            "scipy",
            "setuptools",
            "six",
            "sklearn",
            "sympy",
            "tensorflow",
            "torch",
        ),
        *("torchvision", "transformers", "urllib3", "wheel", "yaml"),
    )
)


class Verdict(Struct):
    """The row of the table for a reference, and a sentence about it."""

    rule: Rule
    sentence: str


def keras_part(module: str) -> tuple[str, ...] | None:
    """Returns the part of Keras that a module belongs to, such as ``("layers", "core")``. None for other modules."""
    for root in _KERAS:
        if module == root or module.startswith(f"{root}."):
            parts = module[len(root) + 1 :].split(".") if module != root else []
            return tuple(part for part in parts if part not in ("src", "api", "_v2", "_tf_keras", "keras"))
    return None


def class_verdict(name: str, module: str) -> Verdict | None:
    """Returns the verdict on a class that a file names; None if it is a class of models or of a package of layers."""
    part = keras_part(module)
    if part is not None:
        if name.lstrip("_")[:1].islower():  # before 3.11, a function could be given as a class
            return function_verdict(name, module)
        if part and part[0] not in _MODEL_PARTS and name not in _MODEL_CLASSES:
            return Verdict(KERAS_TOOL, f"is in {module}, which has no classes of models; Keras creates it")
        return None
    package = module.partition(".")[0]
    if _is_library(package):
        return Verdict(FOREIGN_CODE, f"is in {module}, which has no layers; Keras imports the module and calls it")
    is_function = name.lstrip("_")[:1].islower()
    if is_function and (package not in _LAYER_PACKAGES or ".util" in module):
        return Verdict(FOREIGN_CODE, f"looks like a function of {module}; Keras imports the module and calls it")
    return None


def function_verdict(name: str, module: str) -> Verdict | None:
    """Returns the verdict on a function that a file names; None if it is a function of Keras for models, or custom."""
    if module == "builtins":  # Keras writes this module for its own functions and for custom ones
        if ">" in name or any(name in names for names in FUNCTIONS.values()) or not hasattr(builtins, name):
            return None
        return Verdict(FOREIGN_CODE, "is a function of Python; Keras calls it")
    part = keras_part(module)
    if part is None:
        return Verdict(FOREIGN_CODE, f"is a function of {module}; Keras imports the module and calls it")
    if part and name in FUNCTIONS.get(part[0], ()):
        return None
    return Verdict(KERAS_TOOL, f"is a function of {module} that is not a part of models; Keras calls it")


def _is_library(package: str) -> bool:
    return package in sys.stdlib_module_names or package in _LIBRARIES
