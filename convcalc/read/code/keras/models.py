"""The models of a program: creates, changes and calls Sequential and Model objects, and reads their attributes."""

from __future__ import annotations

from typing import Any

from convcalc.analyse.inference import run_on
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, shape_text
from convcalc.base.problems import ConvcalcError
from convcalc.layers import require_builtin
from convcalc.layers.dtypes import compute_dtype
from convcalc.model import Foreign, summary_order
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.calls import call_layer, new_node, unknown_output
from convcalc.read.code.keras.graph import (
    LayerValue,
    ModelValue,
    TensorValue,
    from_sizes,
    leaves,
    mapped,
    nodes_between,
    tensors_in,
)
from convcalc.read.code.keras.layer_arguments import dtype_name
from convcalc.read.code.keras.to_model import model_of
from convcalc.read.code.keras.unbuilt import note_run
from convcalc.read.code.language.values import Spot, Unknown, first_unknown


def make_input(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the tensor of ``keras.Input(…)``."""
    given = {**dict(zip(("shape", "batch_size", "dtype", "sparse", "batch_shape", "name", "tensor"), args)), **kwargs}
    if isinstance(given.get("tensor"), TensorValue):
        return given["tensor"]
    shape = given.get("batch_shape", given.get("batch_input_shape"))
    if shape is None:
        sizes = given.get("shape")
        if isinstance(sizes, int):
            sizes = (sizes,)
        if isinstance(sizes, (list, tuple)):
            batch = given.get("batch_size")
            shape = (batch if isinstance(batch, int) else None, *sizes)
        else:
            shape = sizes
    name = given.get("name")
    layer = LayerValue(
        "keras.layers.InputLayer", name if isinstance(name, str) else run.names.automatic("InputLayer"), spot
    )
    run.note_new(layer)
    layer.named = isinstance(name, str)
    layer.definition = require_builtin("InputLayer")
    layer.dtype = dtype_name(given.get("dtype")) or "float32"
    node = new_node(run, layer, (), spot)
    if layer.name in run.sizes_of_inputs and not isinstance(shape, (list, tuple)):
        shape = (None, *run.sizes_of_inputs[layer.name])
    if not isinstance(shape, (list, tuple)):
        reason = shape if isinstance(shape, Unknown) else Unknown("the shape of this input is not given", spot)
        layer.given = {name: given[name] for name in ("shape", "batch_shape", "batch_size") if name in given}
        layer.unknown = Unknown(f"the shape of the input is unknown: {reason.reason}", spot, reason.name)
        layer.definition = Foreign("InputLayer")
        return unknown_output(run, node, layer.unknown)
    shape = run.override(layer.name, tuple(shape))
    layer.unknown = unknown_size(shape, spot)
    layer.args = {"batch_shape": from_sizes(shape)}
    layer.given = {"batch_shape": shape}
    tensor = TensorValue(node, 0, from_sizes(shape), layer.dtype, layer.unknown)
    node.outputs.append(tensor)
    layer.built = True
    return tensor


def unknown_size(shape: Any, spot: Spot) -> Unknown | None:
    """Returns the reason why a size of an input is unknown; None if the code states all sizes."""
    unknown = first_unknown(shape)
    if unknown is None:
        return None
    reason = f"the size `{unknown.name or '?'}` of the input is unknown: {unknown.reason}"
    return Unknown(reason, unknown.spot or spot, unknown.name)


# Sequential ---------------------------------------------------------------------------------------------------------------


def fill_sequential(run: Any, model: ModelValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    """Does ``Sequential(layers, name=…)``."""
    given = {**dict(zip(("layers", "trainable", "name"), args)), **kwargs}
    if isinstance(given.get("trainable"), str):  # Keras 2: Sequential(layers, name)
        given["name"] = given.pop("trainable")
    name_model(run, model, given)
    layers = given.get("layers")
    if layers is None:
        return
    if isinstance(layers, LayerValue):
        layers = [layers]
    elements = run.iterate(layers, spot)
    if isinstance(elements, Unknown):
        add_unknown(run, model, Unknown(f"its list of layers is unknown: {elements.reason}", spot), spot)
        return
    for layer in elements:
        add(run, model, layer, spot, then_build=False)
    rebuild(run, model, spot)


def name_model(run: Any, model: ModelValue, given: dict[str, Any]) -> None:
    """Sets a model's name and ``trainable`` from the arguments of its constructor."""
    name = given.get("name")
    model.named = isinstance(name, str)
    if not model.name or model.named:
        model.name = name if isinstance(name, str) else run.names.automatic(model.class_name)
    if given.get("trainable") is False:
        model.is_trainable = False


def add(run: Any, model: ModelValue, layer: Any, spot: Spot, then_build: bool = True) -> None:
    """Does ``model.add(layer)``."""
    if isinstance(layer, TensorValue) and layer.node.layer.path == "keras.layers.InputLayer":
        layer = layer.node.layer
    if not run.is_certain(model):
        reason = (
            f"whether '{getattr(layer, 'name', '?')}' is added depends on a test that is unknown: {run.doubt.reason}"
        )
        add_unknown(run, model, Unknown(reason, spot), spot)
        return
    if not isinstance(layer, LayerValue):
        reason = layer.reason if isinstance(layer, Unknown) else "the value is not a layer"
        add_unknown(run, model, Unknown(f"a layer is unknown: {reason}", spot), spot)
        return
    if not model.is_sequential and "branches" in model.attributes:
        model.outputs = call_layer(run, layer, [model.outputs], {}, spot)
        return
    if not model.layers and "branches" in layer.attributes:
        _add_branches(run, model, layer, spot)
        return
    if layer.path == "keras.layers.InputLayer":
        if layer.nodes and layer.nodes[0].outputs:
            model.input_tensor = layer.nodes[0].outputs[0]
        else:
            model.input_tensor = make_input(
                run, [], {"batch_shape": _shape_argument(layer), "name": layer.name, "dtype": layer.dtype}, spot
            )
            layer.nodes = model.input_tensor.node.layer.nodes if model.input_tensor is not None else []
        return
    if not model.layers and model.input_tensor is None and layer.input_shape_argument is not None:
        shape = layer.input_shape_argument
        model.input_tensor = make_input(run, [], {"batch_shape": shape, "dtype": run.floatx}, spot)
    model.layers.append(layer)
    if then_build and model.built and model.outputs is not None:
        extend(run, model, layer, spot)
    elif then_build:
        rebuild(run, model, spot)


def _add_branches(run: Any, model: ModelValue, layer: LayerValue, spot: Spot) -> None:
    """Adds the layer ``Merge`` of Keras 1, which combines several models, to an empty Sequential."""
    branches = run.iterate(layer.attributes["branches"], spot)
    branches = [] if isinstance(branches, Unknown) else branches
    inputs: list[Any] = []
    outputs: list[Any] = []
    for branch in branches:
        if isinstance(branch, LayerValue) and not isinstance(branch, ModelValue) and branch.input_shape_argument:
            inputs.append(make_input(run, [], {"batch_shape": branch.input_shape_argument}, spot))
            outputs.append(call_layer(run, branch, [inputs[-1]], {}, spot))
        elif isinstance(branch, ModelValue) and tensors_in(branch.outputs):
            inputs += tensors_in(branch.inputs)
            outputs += tensors_in(branch.outputs)
    if not branches or len(outputs) < len(branches):
        add_unknown(run, model, Unknown("the input shape of a merged model is unknown", spot), spot)
        return
    model.path = "keras.Model"
    model.attributes["branches"] = branches
    model.inputs = inputs
    model.outputs = call_layer(run, layer, [outputs], {}, spot)


def add_unknown(run: Any, model: ModelValue, reason: Unknown, spot: Spot) -> None:
    """Adds an unknown layer to a Sequential. So the shapes after it and the totals are unknown too."""
    if not model.is_sequential:
        model.unknown = model.unknown or reason
        return
    layer = LayerValue("unknown.?", run.names.automatic("unknown"), spot)
    layer.definition = Foreign("?")
    layer.unknown = reason
    model.layers.append(layer)
    rebuild(run, model, spot)


def _shape_argument(layer: LayerValue) -> Any:
    given = layer.given
    if "batch_shape" in given:
        return given["batch_shape"]
    shape = given.get("shape", given.get("input_shape"))
    return (given.get("batch_size"), *shape) if isinstance(shape, (list, tuple)) else shape


def rebuild(run: Any, model: ModelValue, spot: Spot) -> None:
    """Calls all layers of a Sequential again, as Keras does after each change. Does nothing if the input is unknown."""
    if not model.layers:
        return
    first = model.layers[0]
    if model.input_tensor is None and isinstance(first, ModelValue) and (tensors := tensors_in(first.inputs)):
        sizes = tensors[0].sizes
        if not isinstance(sizes, Unknown) and len(tensors) == 1 and len(model.layers) > 1:
            model.input_tensor = make_input(run, [], {"batch_shape": tuple(sizes), "dtype": tensors[0].dtype}, spot)
    if model.input_tensor is None:
        return
    model.outputs = model.input_tensor
    model.inputs = model.input_tensor
    for layer in model.layers:
        extend(run, model, layer, spot, is_new=False)
    run.names.automatic("Functional")
    model.built = True


def extend(run: Any, model: ModelValue, layer: LayerValue, spot: Spot, is_new: bool = True) -> None:
    """Calls a layer on the last output of a Sequential. For a new layer, Keras also creates a Functional with an
    automatic name.
    """
    outer, run.tape = run.tape, []  # these calls belong to the model, not to the graph in which it is built
    try:
        model.outputs = call_layer(run, layer, [model.outputs], {}, layer.spot or spot)
    finally:
        run.tape = outer
    if is_new:
        run.names.automatic("Functional")


def build_sequential(run: Any, model: ModelValue, shape: Any, spot: Spot) -> None:
    """Does ``model.build(shape)``. The dtype of the input is the compute dtype of the first layer, not that of the
    data.
    """
    if model.input_tensor is None and isinstance(shape, (list, tuple)) and model.layers:
        first = model.layers[0]
        dtype = "string" if first.class_name == "TextVectorization" else compute_dtype(first.dtype) or "float32"
        model.input_tensor = make_input(run, [], {"batch_shape": tuple(shape), "dtype": dtype}, spot)
        rebuild(run, model, spot)


def assume_input(run: Any, model: ModelValue) -> None:
    """Builds a Sequential that the program never builds, if its first layer shows the shape of its input.

    The shape is (None, length) before an Embedding, and (None, 1) before a TextVectorization. Other first layers do not
    show it.
    """
    if not model.layers or model.input_tensor is not None:
        return
    first, spot = model.layers[0], model.layers[0].spot or model.spot
    length = first.given.get("input_length")
    if first.class_name == "Embedding" and spot is not None:
        size = length if isinstance(length, int) else run.settings.get("input_length")
        if not isinstance(size, int):
            size = Unknown("the code does not state the length of the sequences", spot, "input_length")
        build_sequential(run, model, (None, size), spot)
    elif first.class_name == "TextVectorization" and spot is not None:
        build_sequential(run, model, (None, 1), spot)


# Functional ---------------------------------------------------------------------------------------------------------------


def fill_functional(run: Any, model: ModelValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    """Does ``Model(inputs, outputs, name=…)``."""
    given = {**dict(zip(("inputs", "outputs", "name"), args)), **kwargs}
    run.is_old_keras |= "input" in given or "output" in given
    given.setdefault("inputs", given.get("input"))
    given.setdefault("outputs", given.get("output"))
    if given["inputs"] is None and given["outputs"] is None:
        name_model(run, model, given)
        return
    inputs, outputs = given["inputs"], given["outputs"]
    if isinstance(outputs, Unknown):
        model.cached["outputs"] = outputs  # the number of outputs is unknown too
    name_model(run, model, given)
    outputs = mapped(outputs, lambda value: _known_tensor(run, value, tensors_in(inputs), spot))
    ins = tensors_in(inputs)
    known = {id(tensor.node) for tensor in ins}
    missing = [
        node
        for node in nodes_between(ins, tensors_in(outputs))
        if node.layer.path == "keras.layers.InputLayer" and id(node) not in known
    ]
    is_unknown = first_unknown(list(leaves(inputs))) is not None or any(map(_is_of_unknown_function, ins))
    if is_unknown:
        inputs = [*ins, *(node.outputs[0] for node in missing)]
    else:
        for node in missing:
            message = f"'{model.name}' depends on the input '{node.layer.name}', which is not one of its inputs; add it to `inputs`"
            run.fault(codes.WRONG_INPUTS, message, spot, model)
    model.inputs, model.outputs = inputs, outputs


def _is_of_unknown_function(tensor: TensorValue) -> bool:
    """Returns True for the result of a function that is not supported, such as a function that returns inputs."""
    layer = tensor.node.layer
    return layer.unknown is not None and isinstance(layer.definition, Foreign) and layer.path.startswith("functions.")


def _known_tensor(run: Any, value: Any, inputs: list[TensorValue], spot: Spot) -> Any:
    """Returns an output of a model. Returns the output of an unknown layer in place of an unknown value."""
    if isinstance(value, TensorValue) or not isinstance(value, (Unknown, LayerValue, Array)):
        return value
    if isinstance(value, Array):
        reason = "it does not depend on the inputs of the model"
    else:
        reason = value.reason if isinstance(value, Unknown) else f"'{value.name}' is a layer, not a tensor"
    layer = LayerValue("unknown.?", run.names.automatic("unknown"), spot)
    layer.definition = Foreign("?")
    layer.unknown = Unknown(f"an output of the model is unknown: {reason}", spot)
    return unknown_output(run, new_node(run, layer, inputs, spot), layer.unknown)


def call_model(run: Any, model: ModelValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Calls a model on tensors. Returns its outputs."""
    inputs = tensors_in(args[:1] or list(kwargs.values())[:1])
    if model.is_sequential and model.input_tensor is None and inputs and not isinstance(inputs[0].sizes, Unknown):
        build_sequential(run, model, inputs[0].sizes, spot)
    node = new_node(run, model, inputs, spot)
    if run.inside or not inputs:
        note_run([model])
    if model.outputs is None or not inputs:
        reason = model.unknown or Unknown(f"the model '{model.name}' is called on a value that is not a tensor", spot)
        return unknown_output(run, node, reason)
    own = tensors_in(model.inputs)
    expected = [tensor.shape for tensor in own]
    shapes = [tensor.shape for tensor in inputs]
    outs = tensors_in(model.outputs)
    results = [(tensor.shape, tensor.dtype, tensor.reason) for tensor in outs]
    if shapes != expected:
        try:
            ran = run_on(model_of(run, model), shapes)
            results = [(shape, tensor.dtype, tensor.reason) for shape, tensor in zip(ran.outputs, outs)]
        except ConvcalcError:
            results = [(None, tensor.dtype, Unknown("the model does not accept this input", spot)) for tensor in outs]
        if len(shapes) == len(expected) and all(shapes) and all(expected):
            _check_input(run, model, expected, shapes, spot)

    node.outputs = [
        TensorValue(node, number, shape, dtype, reason) for number, (shape, dtype, reason) in enumerate(results)
    ]
    waiting = list(node.outputs)

    def outer(value: Any) -> Any:
        return waiting.pop(0) if isinstance(value, TensorValue) and waiting else value

    return mapped(model.outputs, outer)


def _check_input(run: Any, model: ModelValue, expected: list[Any], shapes: list[Any], spot: Spot) -> None:
    """Reports an input of another shape than the model's input. The batch axis is ignored.

    A Sequential inside a custom layer is not checked, as in Keras.
    """
    if run.inside and model.is_sequential:
        return
    for own, shape in zip(expected, shapes):
        differ = [
            size
            for size, other in zip(own[1:], shape[1:])
            if size is not UNKNOWN and other is not UNKNOWN and size != other
        ]
        if differ and len(own) == len(shape) and own[-1] != 1:
            message = f"the model '{model.name}' expects an input of shape {shape_text(own)}, but it is called on {shape_text(shape)}"
            run.fault(codes.WRONG_SHAPE, message, spot, model)


# Attributes ---------------------------------------------------------------------------------------------------------------


def layers_of(run: Any, model: ModelValue) -> list[LayerValue]:
    """Returns ``model.layers``, in Keras's order."""
    if model.is_sequential:
        return list(model.layers)
    if not model.is_functional:
        return list(model.tracked)
    if "layers" in model.cached:  # the layers are cached, because a graph does not change
        return list(model.cached["layers"])
    built = model_of(run, model)
    by_name = {
        node.layer.name: node.layer for node in nodes_between(tensors_in(model.inputs), tensors_in(model.outputs))
    }
    names = [built.layers[number].name for number in summary_order(built)]
    layers = model.cached["layers"] = [by_name[name] for name in names if name in by_name]
    return list(layers)
