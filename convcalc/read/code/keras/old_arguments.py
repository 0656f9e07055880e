"""Converts the arguments of layers in Keras 1 and 2 to those of Keras 3.

Sources: the constructors of Keras 1.2.2, and the tables of Keras 2 that accept the old arguments
(``keras/legacy/interfaces.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from convcalc.base.keras_names import OF_KERAS2
from convcalc.read.code.language.values import FunctionValue, Library
from convcalc.read.keras_files.origin import WRITTEN_BY_KERAS1
from convcalc.read.keras_files.upgrade_keras1 import ONLY_KERAS1, RENAMED, upgrade_keras1

_CONVOLUTION = "init activation weights border_mode subsample"
_DENSE = (
    "init activation weights W_regularizer b_regularizer activity_regularizer W_constraint b_constraint bias input_dim"
)
# The parameters of layers in Keras 1 whose order differs from Keras 3.
_ORDERS = {
    "Dense": f"output_dim {_DENSE}",
    "TimeDistributedDense": f"output_dim {_DENSE}",
    "MaxoutDense": f"output_dim nb_feature {_DENSE}",
    "Highway": _DENSE,
    "Convolution1D": "nb_filter filter_length init activation weights border_mode subsample_length",
    "AtrousConvolution1D": "nb_filter filter_length init activation weights border_mode subsample_length atrous_rate",
    "LocallyConnected1D": "nb_filter filter_length init activation weights border_mode subsample_length",
    "Convolution2D": f"nb_filter nb_row nb_col {_CONVOLUTION} dim_ordering",
    "LocallyConnected2D": f"nb_filter nb_row nb_col {_CONVOLUTION} dim_ordering",
    "AtrousConvolution2D": f"nb_filter nb_row nb_col {_CONVOLUTION} atrous_rate dim_ordering",
    "SeparableConvolution2D": f"nb_filter nb_row nb_col {_CONVOLUTION} depth_multiplier dim_ordering",
    "Deconvolution2D": f"nb_filter nb_row nb_col output_shape {_CONVOLUTION} dim_ordering",
    "Convolution3D": f"nb_filter kernel_dim1 kernel_dim2 kernel_dim3 {_CONVOLUTION} dim_ordering",
    "ConvLSTM2D": "nb_filter nb_row nb_col init inner_init forget_bias_init activation inner_activation",
    "MaxPooling1D": "pool_length stride border_mode",
    "AveragePooling1D": "pool_length stride border_mode",
    "LSTM": "output_dim init inner_init forget_bias_init activation inner_activation",
    "GRU": "output_dim init inner_init activation inner_activation",
    "SimpleRNN": "output_dim init inner_init activation",
    "Embedding": "input_dim output_dim init input_length",
    "BatchNormalization": "epsilon mode axis momentum",
}
# Layers that Keras 1 also has, under another name and with another order of parameters.
_SAME = {
    "Conv1D": "Convolution1D",
    "Conv2D": "Convolution2D",
    "Conv3D": "Convolution3D",
    "SeparableConv2D": "SeparableConvolution2D",
    "Conv2DTranspose": "Deconvolution2D",
}
# With this many numbers as first arguments, a call is from Keras 1: the filters, and each axis of the kernel.
_NUMBERS = {
    "Convolution2D": 3,
    "AtrousConvolution2D": 3,
    "SeparableConvolution2D": 3,
    "Deconvolution2D": 3,
    "Convolution3D": 4,
}
# Arguments that Keras 3 no longer has. They change neither shapes nor weights.
_DROPPED = (
    "implementation", "fused", "renorm", "renorm_clipping", "renorm_momentum", "virtual_batch_size", "adjustment", "experimental_autocast",
    "consume_less", "input_dtype", "input_spec", "batch_dot_axes", "W_learning_rate", "uses_learning_phase", "init_std",
)  # fmt: skip
_RENAMED_IN_KERAS3 = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "Discretization": {"bins": "bin_boundaries"},
    "Input": {"batch_input_shape": "batch_shape"},
}
_CLASSES = {"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"}


def modern_arguments(
    class_name: str, args: list[Any], kwargs: dict[str, Any], reads_numbers: bool = True
) -> tuple[str, list[Any], dict[str, Any]]:
    """Returns the class name and the arguments that a layer has in Keras 3.

    If Keras 3 has no such layer, the class name is that of :func:`convcalc.layers.keras2.keras2_layer`. With ``reads_numbers``,
    ``Convolution2D(32, 3, 3)`` has a kernel of 3x3, as in Keras 1 and 2. In ``tf.keras``, it has strides of 3.
    """
    class_name = _CLASSES.get(class_name, class_name)
    old_name = _SAME.get(class_name, class_name) if class_name not in RENAMED else class_name
    if _is_keras1(old_name, class_name, args, kwargs, reads_numbers):
        order = _ORDERS.get(old_name, "").split()
        positional = dict(zip(order, args)) if order else {}
        rest = [] if order else list(args)
        config = {key: list(value) if isinstance(value, tuple) else value for key, value in kwargs.items()}
        upgraded = upgrade_keras1({"class_name": old_name, "config": {**positional, **config}})
        if WRITTEN_BY_KERAS1 in upgraded:
            class_name, args, kwargs = upgraded["class_name"], rest, dict(upgraded["config"])
    elif class_name.startswith("ZeroPadding"):
        upgraded = upgrade_keras1({"class_name": class_name, "config": _padding(args, kwargs)})
        args, kwargs = [], dict(upgraded["config"])
    elif class_name in _SAME.values() and class_name != "Deconvolution2D":
        class_name = next(new for new, old in _SAME.items() if old == class_name)
    if class_name.startswith(("SeparableConv", "DepthwiseConv")):
        # Keras 2 ignores arguments such as kernel_initializer here.
        kwargs = {key: value for key, value in kwargs.items() if not key.startswith("kernel_") or key == "kernel_size"}
    renamed = _RENAMED_IN_KERAS3.get(class_name, {})
    kwargs = {renamed.get(key, key): value for key, value in kwargs.items() if key not in _DROPPED}
    if class_name in ("LSTM", "GRU", "SimpleRNN", "RNN") and "time_major" in kwargs:
        if kwargs["time_major"] is True:
            class_name += OF_KERAS2
        else:
            kwargs.pop("time_major")
    axis = kwargs.get("axis")
    if class_name == "BatchNormalization" and isinstance(axis, (list, tuple)):
        kwargs = {**kwargs, "axis": axis[0] if len(axis) == 1 else list(axis)}
        class_name += OF_KERAS2 * (len(axis) > 1)
    return class_name, args, kwargs


def _padding(args: list[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    named = {**dict(zip(("padding", "data_format"), args)), **kwargs}
    padding = named.get("padding")
    if isinstance(padding, tuple):
        named["padding"] = [list(part) if isinstance(part, tuple) else part for part in padding]
    return named


def _is_keras1(old_name: str, class_name: str, args: list[Any], kwargs: Mapping[str, Any], reads_numbers: bool) -> bool:
    """Returns True if only Keras 1 accepts the arguments of this call."""
    if class_name in ONLY_KERAS1:
        return True
    if any(key in kwargs for key in RENAMED.get(old_name, ())):
        return not (class_name == "Embedding" and "embeddings_initializer" in kwargs)
    if any(key in kwargs for key in ("nb_row", "nb_col", "kernel_dim1")):
        return True
    count = _NUMBERS.get(class_name, 0) if reads_numbers else 0
    return count > 0 and len(args) >= count and all(isinstance(value, int) for value in args[:count])


# Arguments and methods that Keras 3 does not have.
_OLD_ARGUMENTS = frozenset((
    "border_mode", "subsample", "subsample_length", "dim_ordering", "nb_filter", "nb_row", "nb_col", "W_regularizer",
    "b_regularizer", "nb_epoch", "samples_per_epoch", "nb_val_samples", "init", "inner_init", "inner_activation", "consume_less",
    "border_modes",
))  # fmt: skip
_OLD_METHODS = frozenset(
    ("fit_generator", "predict_generator", "evaluate_generator", "predict_classes", "predict_proba")
)


def has_old_arguments(names: Iterable[str]) -> bool:
    """Returns True if an argument of a layer, or of a method such as ``fit``, is one of Keras 1."""
    return not _OLD_ARGUMENTS.isdisjoint(names)


def is_old_method(name: str) -> bool:
    """Returns True for a method of models that only Keras 1 and 2 have."""
    return name in _OLD_METHODS


# The function ``merge`` and the layer ``Merge`` ---------------------------------------------------------------------------

_MERGE_ORDER = ("mode", "concat_axis", "dot_axes", "output_shape", "output_mask", "arguments", "name")


def merge_layer(args: list[Any], kwargs: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Returns the class name and the arguments of the layer that ``merge(inputs, …)`` creates. None for an unknown
    mode.

    ``args`` are the arguments after ``inputs``.
    """
    given = {**dict(zip(_MERGE_ORDER, args)), **kwargs}
    mode = given.get("mode", "sum")
    name = {"name": given["name"]} if isinstance(given.get("name"), str) else {}
    if isinstance(mode, (FunctionValue, Library)):
        options = {key: given[key] for key in ("output_shape", "arguments") if given.get(key) is not None}
        return "Lambda", {"function": mode, **options, **name}
    config = {key: given[key] for key in ("concat_axis", "dot_axes") if key in given}
    upgraded = upgrade_keras1({"class_name": "Merge", "config": {"mode": mode, **config}})
    class_name = str(upgraded["class_name"])
    if class_name == "Merge":
        return None
    arguments = {key: value for key, value in upgraded["config"].items() if key != "name"}
    return class_name, {**arguments, **name}
