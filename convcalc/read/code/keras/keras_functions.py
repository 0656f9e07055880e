"""The functions and classes of Keras that are neither layers nor operations, such as ``clone_model``."""

from __future__ import annotations

from typing import Any

from convcalc.layers.families import FAMILIES
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.keras import models
from convcalc.read.code.keras.graph import LayerValue, ModelValue, WeightValue, nodes_between, tensors_in
from convcalc.read.code.keras.layer_arguments import make_layer, variable_dtype
from convcalc.read.code.keras.old_arguments import merge_layer
from convcalc.read.code.language.values import LibraryObject, Spot
from convcalc.read.code.libraries import CONSTANTS, function

CONSTANTS["keras.__version__"] = "3.15.1"


@function("keras.Input")
def _input(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return models.make_input(run, args, kwargs, spot)


@function("keras.Sequential")
def _sequential(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    model = ModelValue("keras.Sequential", "", spot)
    run.note_new(model)
    run.models.append(model)
    models.fill_sequential(run, model, args, kwargs, spot)
    return model


@function("keras.Model", "keras.Functional")
def _model(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    model = ModelValue("keras.Model", "", spot)
    run.note_new(model)
    run.models.append(model)
    models.fill_functional(run, model, args, kwargs, spot)
    return model


def _merge(class_name: str) -> Any:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        inputs = args[0] if args else kwargs.pop("inputs")
        layer = make_layer(run, f"keras.layers.{class_name}", args[1:], kwargs, spot)
        return run.call(layer, [inputs], {}, spot)

    return run_it


for _class in FAMILIES["merging"].split():
    function(f"keras.layers.{_class.lower()}")(_merge(_class))


@function("keras.layers.merge")
def _merge_function(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    inputs = args[0] if args else kwargs.pop("inputs")
    return run.call(_merge_layer(run, args[1:], kwargs, spot), [inputs], {}, spot)


@function("keras.layers.Merge")
def _merge_class(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    branches = args[0] if args else kwargs.pop("layers", None)
    layer = _merge_layer(run, args[1:], kwargs, spot)
    if isinstance(layer, LayerValue) and branches is not None:
        layer.attributes["branches"] = branches
    return layer


def _merge_layer(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    merged = merge_layer(args, kwargs)
    if merged is None:
        return run.unknown("the mode of this merge is not known", spot)
    return make_layer(run, f"keras.layers.{merged[0]}", [], merged[1], spot)


@function(
    "keras.mixed_precision.set_global_policy",
    "keras.mixed_precision.set_policy",
    "keras.config.set_dtype_policy",
    "keras.mixed_precision.set_dtype_policy",
)
def _set_policy(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0]
    if isinstance(value, LibraryObject) and value.args:
        value = value.args[0]
    if isinstance(value, str):
        run.policy = value


@function(
    "keras.utils.get_source_inputs",
    "keras.engine.get_source_inputs",
    "keras.engine.topology.get_source_inputs",
    "keras.engine.network.get_source_inputs",
    "keras.engine.training.get_source_inputs",
)
def _source_inputs(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the inputs on which a tensor depends."""
    tensors = tensors_in((args, kwargs))
    if not tensors:
        return run.unknown("the inputs of this value are not supported", spot)
    nodes = nodes_between([], tensors)
    return [node.outputs[0] for node in nodes if node.layer.path == "keras.layers.InputLayer"]


@function("keras.Variable")
def _variable(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns a variable. A layer that has it in an attribute counts it as a weight."""
    given = {**dict(zip(("initializer", "shape", "dtype", "trainable"), args)), **kwargs}
    initial = as_array(given.get("initializer"))
    shape = given.get("shape")
    if isinstance(shape, int):
        shape = (shape,)
    if shape is None and initial is not None:
        shape = initial.shape
    if not isinstance(shape, (tuple, list)):
        return run.unknown("the shape of this variable is unknown", spot)
    own_dtype = initial.dtype if initial is not None and isinstance(given.get("initializer"), Array) else run.floatx
    dtype = variable_dtype(given.get("dtype")) or own_dtype
    trainable = given.get("trainable", True)
    return WeightValue(str(given.get("name") or "variable"), tuple(shape), dtype, trainable is not False)
