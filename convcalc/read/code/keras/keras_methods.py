"""The attributes and methods of layers and models that a program uses."""

from __future__ import annotations

from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.read.code.keras import models
from convcalc.read.code.keras.cells import cell_attribute, is_cell
from convcalc.read.code.keras.copies import config_method
from convcalc.read.code.keras.following import MERGE_BASES, placeholder
from convcalc.read.code.keras.graph import (
    LayerValue,
    ModelValue,
    TensorValue,
    TrackedList,
    WeightValue,
    leaves,
    tensors_in,
)
from convcalc.read.code.keras.layer_arguments import make_layer, policy_of, variable_dtype
from convcalc.read.code.keras.vocabularies import has_vocabulary, vocabulary_attribute
from convcalc.read.code.language.values import MISSING, Bound, Library, Native, Spot, Unknown, Wrapped


def inherited_method(run: Any, base: Library, layer: LayerValue, name: str) -> Any:
    """Returns a method that a class of the program inherits from a Keras class, such as ``add_weight``."""
    if name == "__init__":
        return Native("__init__", lambda run, args, kwargs, spot: _initialize(run, base, layer, args, kwargs, spot))
    if name in ("call", "__call__"):
        return Native("call", lambda run, args, kwargs, spot: _call_base(run, layer, args, kwargs, spot))
    if name in ("build", "__setattr__", "compile", "build_from_config"):
        return Native(
            name,
            lambda run, args, kwargs, spot: (
                set_layer_attribute(run, layer, args[0], args[1], spot) if name == "__setattr__" else None
            ),
        )
    if name == "get_config":
        return Native(
            "get_config",
            lambda run, args, kwargs, spot: {"name": layer.name, "trainable": layer.is_trainable, "dtype": layer.dtype},
        )
    return standard_attribute(run, layer, name, layer.spot)


def _initialize(
    run: Any, base: Library, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot
) -> None:
    """Does ``super().__init__(…)`` in a layer or model of the program."""
    if isinstance(layer, ModelValue):
        if layer.is_sequential:
            models.fill_sequential(run, layer, args, kwargs, spot)
        else:
            models.fill_functional(run, layer, args, kwargs, spot)
        return
    if base.path == "keras.layers.Wrapper":
        set_layer_attribute(run, layer, "layer", args[0] if args else kwargs.get("layer"), spot)
    elif base.path not in ("keras.layers.Layer", "keras.Layer", "tensorflow.Module", *MERGE_BASES):
        inner = make_layer(run, base.path, args, {**kwargs, "name": kwargs.get("name") or "base"}, spot)
        layer.attributes["__base__"] = inner
        layer.args, layer.given = inner.args, inner.given
    name = kwargs.get("name")
    layer.named = isinstance(name, str)
    layer.name = name if isinstance(name, str) else layer.name or run.names.automatic(layer.class_name)
    if kwargs.get("trainable") is False:
        layer.is_trainable = False
    layer.dtype = policy_of(run, kwargs.get("dtype")) or run.policy
    shape = kwargs.get("input_shape")
    if isinstance(shape, (list, tuple)):
        layer.input_shape_argument = (None, *shape)


def _call_base(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    base = layer.attributes.get("__base__")
    if isinstance(base, LayerValue):
        return run.call_layer(base, args, kwargs, spot)
    if isinstance(layer, ModelValue) and layer.outputs is not None:
        return models.call_model(run, layer, args, kwargs, spot)
    return run.unknown("`super().call` is not supported", spot)


def set_layer_attribute(run: Any, layer: LayerValue, name: str, value: Any, spot: Spot) -> None:
    """Does ``layer.name = value``. Layers and variables in ``value`` become parts of the layer."""
    run.change(layer)
    if layer.cls is not None:
        found = layer.cls.find(name)
        if isinstance(found, Wrapped) and found.kind == "property" and found.setter is not None:
            run.call(Bound(found.setter, layer), [value], {}, spot)
            return
    if name == "trainable":
        if not run.is_certain(layer) or not isinstance(value, (bool, int)):
            layer.unknown = layer.unknown or Unknown("its `trainable` is unknown", spot)
        else:
            layer.freeze(bool(value))
        return
    if name in ("name", "_name") and isinstance(value, str):
        layer.name = value
        return
    if isinstance(value, list) and not isinstance(value, TrackedList):
        certain = run.is_certain(value)
        value = TrackedList(value, layer)
        if certain:
            run.note_new(value)
    layer.attributes[name] = value
    layer.track(value)


def layer_attribute(run: Any, layer: LayerValue, name: str, spot: Spot) -> Any:
    """Returns an attribute or a method of a layer."""
    if name in layer.attributes:
        return layer.attributes[name]
    if layer.cls is not None:
        found = layer.cls.find(name)
        if found is not MISSING:
            bound = run.bind(found, layer, layer.cls, spot)
            return bound if name != "build" or isinstance(layer, ModelValue) else _building(layer, bound)
    if name == "__class__":
        return layer.cls or Library(layer.path)
    if name == "__dict__":
        return layer.attributes
    return standard_attribute(run, layer, name, spot)


def standard_attribute(run: Any, layer: LayerValue, name: str, spot: Spot | None) -> Any:
    """Returns an attribute or a method that every layer of Keras has. MISSING for other names."""
    if isinstance(layer, ModelValue) and (value := _model_attribute(run, layer, name, spot)) is not MISSING:
        return value
    if has_vocabulary(layer) and (value := vocabulary_attribute(layer, name)) is not MISSING:
        return value
    if name in ("name", "_name"):
        return layer.name
    if name == "trainable":
        return layer.is_trainable
    if name == "built":
        return layer.built
    if name in ("dtype", "compute_dtype", "_compute_dtype", "variable_dtype"):
        return layer.dtype
    if name in ("input", "output", "input_shape", "output_shape"):
        return _tensor_of(run, layer, name, spot)
    if name in (
        "trainable_weights",
        "trainable_variables",
        "weights",
        "variables",
        "non_trainable_weights",
        "losses",
        "updates",
    ):
        return Unknown(f"`.{name}` is not supported", spot)
    if name == "add_weight" or name == "add_variable":
        return Native(name, lambda run, args, kwargs, at: add_weight(run, layer, args, kwargs, at))
    if name in (
        "add_loss",
        "add_metric",
        "set_weights",
        "load_weights",
        "save_weights",
        "reset_states",
        "reset_state",
        "adapt",
        "add_update",
    ):
        return Native(name, lambda run, args, kwargs, at: None)
    if name == "get_config":
        return Native(name, lambda run, args, kwargs, at: _config(layer))
    if name == "__call__" or name == "call":
        return Native(name, lambda run, args, kwargs, at: run.call_layer(layer, args, kwargs, at))
    if name == "build":
        return Native(name, lambda run, args, kwargs, at: _build(run, layer, args, kwargs, at))
    if name in ("compute_output_shape", "get_weights", "count_params"):
        return Native(name, lambda run, args, kwargs, at: _computed(run, layer, name, args, at))
    definition = layer.definition
    if is_cell(layer) and (value := cell_attribute(layer, name)) is not MISSING:
        return value
    if isinstance(definition, LayerDefinition) and layer.cls is None:
        arguments = definition.rule_arguments(layer.args)
        if name in arguments:
            return arguments[name]
        if name in layer.given:
            return layer.given[name]
        inner = {"forward_layer": "layer", "backward_layer": "backward_layer", "layer": "layer", "cell": "cell"}.get(
            name
        )
        if inner is not None and inner in layer.given:
            return layer.given[inner]
    return MISSING


def _config(layer: LayerValue) -> Any:
    config = {"name": layer.name, "trainable": layer.is_trainable, "dtype": layer.dtype}
    if isinstance(layer.definition, LayerDefinition):
        config.update(layer.definition.rule_arguments(layer.args))
    return config


def _tensor_of(run: Any, layer: LayerValue, name: str, spot: Spot | None) -> Any:
    """Returns ``layer.input``, ``layer.output``, ``layer.input_shape`` or ``layer.output_shape``."""
    if not layer.nodes:
        return Unknown(f"`{layer.name}` is not called, so it has no {name.partition('_')[0]}", spot)
    node = layer.nodes[0]
    tensors = list(node.inputs) if name.startswith("input") else node.outputs
    if layer.path == "keras.layers.InputLayer":
        tensors = node.outputs
    values: list[Any] = [tensor.sizes for tensor in tensors] if name.endswith("shape") else list(tensors)
    return values[0] if len(values) == 1 else values


def add_weight(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Does ``self.add_weight(…)``. In Keras 2, the first argument is the name; in Keras 3, it is the shape."""
    names = (
        ("name", "shape", "dtype", "initializer")
        if args and isinstance(args[0], (str, type(None)))
        else ("shape", "initializer", "dtype", "trainable")
    )
    given = {**dict(zip(names, args)), **kwargs}
    shape = given.get("shape", ())
    if isinstance(shape, int) or shape is None:
        shape = () if shape is None else (shape,)
    name = (
        given.get("name")
        if isinstance(given.get("name"), str)
        else f"variable_{len(layer.weights)}"
        if layer.weights
        else "variable"
    )
    if isinstance(shape, Unknown) or not isinstance(shape, (list, tuple)):
        reason = shape if isinstance(shape, Unknown) else Unknown("its shape is unknown", spot)
        layer.unknown = Unknown(f"the shape of its variable `{name}` is unknown: {reason.reason}", spot)
        return reason
    trainable = given.get("trainable", True)
    weight = WeightValue(
        str(name), tuple(shape), variable_dtype(given.get("dtype")), trainable if isinstance(trainable, bool) else True
    )
    layer.weights.append(weight)
    return weight


def _building(layer: LayerValue, method: Any) -> Any:
    """Returns ``layer.build`` of a custom layer. Its first call does not build the layer again."""

    def build(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        _note_built(layer, args[0] if args else next(iter(kwargs.values()), None))
        return run.call(method, args, kwargs, spot)

    return Native("build", build)


def _note_built(layer: LayerValue, shape: Any) -> None:
    """Records that the program builds a layer for an input of this shape."""
    layer.built = True
    parts = shape if isinstance(shape, (list, tuple)) and shape else ()
    shapes = parts if parts and all(isinstance(part, (list, tuple)) for part in parts) else (shape,)
    layer.cached["built shapes"] = list(shapes)


def _build(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    """Does ``layer.build(shape)`` or ``model.build(shape)``."""
    shape = args[0] if args else next(iter(kwargs.values()), None)
    if not isinstance(layer, ModelValue):
        _note_built(layer, shape)
        return
    if isinstance(layer, ModelValue) and layer.is_sequential:
        models.build_sequential(run, layer, shape, spot)
    elif isinstance(layer, ModelValue) and layer.cls is not None and layer.outputs is None:
        sizes = shape if isinstance(shape, (list, tuple)) else ((),)
        if not any(isinstance(part, (list, tuple)) for part in sizes):
            build_own_model(run, layer, tuple(sizes), spot)


def build_own_model(run: Any, model: ModelValue, shape: tuple[Any, ...], spot: Spot) -> None:
    """Calls a custom model on a new input. ``shape`` includes the batch axis."""
    tensor = models.make_input(run, [], {"batch_shape": shape, "name": "input"}, spot)
    run.call_layer(model, [tensor], {}, spot)


def _computed(run: Any, layer: LayerValue, name: str, args: list[Any], spot: Spot) -> Any:
    if name == "compute_output_shape" and args and isinstance(args[0], (list, tuple)):
        sizes = args[0]
        if not any(isinstance(part, (list, tuple)) for part in sizes):
            run.inside += 1
            try:
                outer, run.tape = run.tape, []
                result = run.call_layer(layer, [placeholder(run, sizes)], {}, spot)
            finally:
                run.tape = outer
                run.inside -= 1
                if layer.nodes:
                    layer.nodes.pop()
            if isinstance(result, TensorValue):
                return result.sizes
    return Unknown(f"`.{name}()` is not supported", spot)


# Models -------------------------------------------------------------------------------------------------------------------


def _model_attribute(run: Any, model: ModelValue, name: str, spot: Spot | None) -> Any:
    if (method := config_method(model, name)) is not MISSING:
        return method
    if name in ("layers", "_layers"):
        layers = models.layers_of(run, model)
        return list(layers)
    if name in ("input", "inputs", "output", "outputs", "input_shape", "output_shape", "input_names", "output_names"):
        return _model_tensors(run, model, name, spot)
    if name == "get_layer":
        return Native(name, lambda run, args, kwargs, at: _get_layer(run, model, args, kwargs, at))
    if name == "add":
        return Native(
            name,
            lambda run, args, kwargs, at: models.add(run, model, args[0] if args else next(iter(kwargs.values())), at),
        )
    if name == "pop":
        return Native(name, lambda run, args, kwargs, at: _pop(run, model, at))
    if name in (
        "compile",
        "fit",
        "evaluate",
        "predict",
        "fit_generator",
        "evaluate_generator",
        "predict_generator",
        "train_on_batch",
        "predict_on_batch",
        "test_on_batch",
    ):
        return Native(name, lambda run, args, kwargs, at: run.train(model, name, args, kwargs, at))
    if name in (
        "summary",
        "load_weights",
        "set_weights",
        "save_weights",
        "reset_states",
        "reset_metrics",
        "export",
    ):
        return Native(name, lambda run, args, kwargs, at: None)
    return MISSING


def _model_tensors(run: Any, model: ModelValue, name: str, spot: Spot | None) -> Any:
    value = model.inputs if name.startswith("input") else model.cached.get("outputs", model.outputs)
    if isinstance(value, Unknown):
        return value
    if value is None:
        tensors = [model.input_tensor] if name.startswith("input") and model.input_tensor is not None else []
        if not tensors:
            return Unknown(f"the model '{model.name}' has no {name} yet", spot)
        value = tensors[0]
    if name.endswith("_names"):
        return [tensor.node.layer.name for tensor in tensors_in(value)]
    if name.endswith("_shape"):
        shapes = [tensor.sizes for tensor in tensors_in(value)]
        return shapes[0] if len(shapes) == 1 else shapes
    if name in ("inputs", "outputs"):
        return list(leaves(value))
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return value[0]
    return value


def _get_layer(run: Any, model: ModelValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("name", "index"), args)), **kwargs}
    layers = models.layers_of(run, model)
    name, index = given.get("name"), given.get("index")
    if isinstance(name, int):
        name, index = None, name
    for value in (name, index):
        if isinstance(value, Unknown):
            return value
    if isinstance(index, int) and -len(layers) <= index < len(layers):
        return layers[index]
    found = next((layer for layer in layers if layer.name == name), None)
    if found is None:
        if any(isinstance(layer, ModelValue) and layer.read is not None for layer in layers):
            return Unknown(f"the layer '{name}' is not supported", spot)
        raise run.error(
            "ValueError", f"No such layer: {name}. Existing layers are: {[layer.name for layer in layers][:20]}.", spot
        )
    return found


def _pop(run: Any, model: ModelValue, spot: Spot) -> Any:
    run.change(model)
    if not model.layers:
        raise run.error("TypeError", "There are no layers in the model.", spot)
    layer = model.layers.pop()
    models.rebuild(run, model, spot)
    return layer
