"""Finds out whether a class or function in a file is Keras's or custom.

Keras 3, and Keras 2 from version 2.12, write the module and the registered name of a class. Older files have only the name. There,
a class counts as Keras's if Keras has a class with the same name and arguments.

Source: ``keras/src/saving/serialization_lib.py`` and the ``get_config`` methods of ``tf_keras``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import KnownName
from convcalc.ops import find_operation_class

_PACKAGES = ("keras.", "tf_keras.", "tensorflow.keras.", "tensorflow.python.keras.")

# a layer of Keras 2 whose registered name looks like that of a custom class
_REGISTERED = "Custom>CustomScaleLayer"
# Keys that Keras 2 writes for all layers, in addition to the layer's arguments.
_COMMON_KEYS = frozenset(
    (
        *("name", "trainable", "dtype", "autocast", "dynamic", "activity_regularizer", "implementation", "rng_type"),
        *("batch_input_shape", "batch_shape", "batch_size", "input_shape", "input_dtype", "input_dim", "input_length"),
        *("data_format", "keepdims"),
    )
)
# Keys that Keras 2 writes for some layers only. The class name begins with one of these words.
_KEYS = {
    "noise_shape": ("SpatialDropout",),
    "groups": ("Conv", "DepthwiseConv", "SeparableConv"),
    "filters": ("DepthwiseConv",),
    "kernel_initializer": ("DepthwiseConv", "SeparableConv"),
    "kernel_regularizer": ("DepthwiseConv", "SeparableConv"),
    "kernel_constraint": ("DepthwiseConv", "SeparableConv"),
    "num_constants": ("Bidirectional", "ConvLSTM", "GRU", "LSTM", "RNN", "SimpleRNN"),
    "time_major": ("ConvLSTM", "GRU", "LSTM", "RNN", "SimpleRNN"),
    "zero_output_for_mask": ("ConvLSTM", "GRU", "LSTM", "RNN", "SimpleRNN"),
    "cell": ("ConvLSTM", "GRU", "LSTM", "SimpleRNN"),
    "unroll": ("ConvLSTM",),
    "reset_after": ("GRU",),
    "vocabulary_dtype": ("StringLookup",),
    "max_values": ("IntegerLookup",),
    "mask_value": ("IntegerLookup",),
    "oov_value": ("IntegerLookup",),
    "max_tokens": ("CategoryEncoding",),
    "bins": ("Discretization",),
    "virtual_batch_size": ("BatchNormalization",),
    "fused": ("BatchNormalization",),
    "adjustment": ("BatchNormalization",),
    "renorm": ("BatchNormalization",),
    "renorm_clipping": ("BatchNormalization",),
    "renorm_momentum": ("BatchNormalization",),
    "type_spec": ("InputLayer",),
    "ragged": ("InputLayer",),
    "sparse": ("InputLayer",),
    "module": ("Lambda",),
    "mask_module": ("Lambda",),
    "mask_type": ("Lambda",),
    "function_type": ("Lambda",),
    "output_shape_type": ("Lambda",),
    "output_shape_module": ("Lambda",),
    "alpha": ("LeakyReLU",),
    "seed": ("AdditiveAttention",),
    "query_shape": ("MultiHeadAttention",),
    "key_shape": ("MultiHeadAttention",),
    "value_shape": ("MultiHeadAttention",),
    "softmax_robust_masking": ("MultiHeadAttention",),
    "robust_masking": ("Softmax",),
}
# Arguments that a config of an old Keras version can lack.
_NEWER_ARGUMENTS = frozenset({"data_format", "keepdims"})
# This key marks entries that were upgraded from Keras 1, which writes fewer arguments than Keras 2.
WRITTEN_BY_KERAS1 = "written by Keras 1"
# Keras 2 always writes these arguments if the layer's class has them. If the config lacks one, the class is custom.
_ALWAYS_WRITTEN = frozenset(
    (
        *("use_bias", "activation", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
        *("bias_initializer", "bias_regularizer", "bias_constraint"),
        *("recurrent_initializer", "recurrent_regularizer", "recurrent_constraint", "recurrent_activation"),
        *("depthwise_initializer", "pointwise_initializer", "depthwise_regularizer", "pointwise_regularizer"),
        *("embeddings_initializer", "embeddings_regularizer", "embeddings_constraint"),
        *("alpha_initializer", "alpha_regularizer", "alpha_constraint", "axis", "epsilon", "center", "scale"),
        *("beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer"),
        *("num_heads", "key_dim", "value_dim", "attention_axes"),
    )
)


def may_be_keras(entry: Mapping[str, Any]) -> bool:
    """Returns False if the module or the registered name shows that a class is custom."""
    class_name, registered, module = str(entry.get("class_name")), entry.get("registered_name"), entry.get("module")
    if class_name == _REGISTERED:
        return True
    # The upgrade from Keras 2 may have added " (Keras 2)" to the class name, but not to the registered name.
    names = (class_name, class_name.partition(" ")[0], f"Custom>{class_name}" if module is not None else "")
    if ">" in class_name or (isinstance(registered, str) and registered not in names):
        return False
    if "module" not in entry:
        return True
    return isinstance(module, str) and (module == "keras" or module.startswith(_PACKAGES))


def with_module_of_operation(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Adds the module to an operation in an HDF5 file of Keras 3. Returns any other object unchanged.

    Such a file contains no modules, and some operations have the same name as a layer, such as ``Add``. The config of a layer has the
    key ``trainable``; the config of an operation has not.
    """
    config = entry.get("config")
    if "module" in entry or not isinstance(config, Mapping) or "trainable" in config or "name" not in {*entry, *config}:
        return entry
    operation = find_operation_class(str(entry.get("class_name")))
    if operation is None or not set(config) <= {"name", *operation.init_parameters}:
        return entry
    return {**entry, "module": operation.module}


def unlike_keras(entry: Mapping[str, Any], definition: LayerDefinition) -> str:
    """Returns the reason why a class is custom, although Keras has a class of this name.

    Returns "" if the class may be Keras's, or if the file states its module.

    A class is custom if its config has an unknown argument, lacks an argument of ``_ALWAYS_WRITTEN``, or has no argument of Keras's
    class.
    """
    config = entry["config"]
    if "module" in entry:
        return ""
    if unknown := unknown_arguments(config, definition):
        return f"because Keras's class has no argument '{unknown[0]}'"
    is_keras2 = "trainable" in config and WRITTEN_BY_KERAS1 not in entry
    if is_keras2 and not definition.name.startswith("CuDNN"):
        for argument in definition.arguments:
            if argument.name in _ALWAYS_WRITTEN and argument.name not in config:
                return f"because the config lacks the argument '{argument.name}', which Keras always writes"
    written = {argument.name for argument in definition.arguments} - _NEWER_ARGUMENTS
    if written and not any(key in config for key in written):
        return (
            f"because the config has none of the arguments of Keras's class, such as '{definition.arguments[0].name}'"
        )
    return ""


def unknown_arguments(config: Mapping[str, Any], definition: LayerDefinition) -> list[str]:
    """Returns the keys of a config that are no arguments of Keras's class, and that no version of Keras writes."""
    known = {*_COMMON_KEYS, *(argument.name for argument in (*definition.arguments, *definition.call_arguments))}
    if definition.records_vocabulary_size:
        known |= {"vocabulary_size", "oov_method"}
    return [key for key in config if key not in known and not definition.name.startswith(_KEYS.get(key, ("?",)))]


def description(entry: Mapping[str, Any]) -> str:
    """Returns the name, module and registered name of a custom class or function, for a message."""
    parts = [str(entry.get("class_name"))]
    for key in ("module", "registered_name"):
        if key in entry:
            value = entry[key]
            parts.append(f"{key} {value if isinstance(value, str) else 'null'}")
    return ", ".join(parts)


def module_of(entry: Mapping[str, Any]) -> str | None:
    """Returns the module that a file states for a class; None if it states none."""
    module = entry.get("module")
    return module if isinstance(module, str) else None


def full_name(entry: Mapping[str, Any]) -> str:
    """Returns the name of a custom class with its module or package: ``module.Class`` or ``package>Class``."""
    module, class_name, registered = module_of(entry), str(entry.get("class_name")), entry.get("registered_name")
    if module is not None:
        return f"{module}.{class_name}"
    if isinstance(registered, str) and ">" in registered:
        return registered
    return class_name if ">" in class_name else f"Custom>{class_name}"


def custom_function(value: Any, kind: KnownName) -> str:
    """Returns the name of a custom function. "" if Keras has a function of this name.

    ``kind`` has the names of Keras's functions, for example of all activations.
    """
    if isinstance(value, dict) and value.get("class_name") == "function":
        value = value.get("config")
    return value if isinstance(value, str) and value and value not in kind.names else ""


def function_object(name: str) -> dict[str, Any]:
    """Returns the object that Keras 3 writes for a function."""
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def is_custom_object(value: Any, kind: KnownName) -> bool:
    """Returns True if the value of an activation, initializer or similar argument is an object of a custom class."""
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        return False
    name = value["class_name"]
    if name.startswith("__"):  # Keras writes Python functions under the class name __lambda__
        return False
    if not may_be_keras(value):
        return True
    from convcalc.layers import is_builtin

    return "module" not in value and name not in kind.names and not is_builtin(name)
