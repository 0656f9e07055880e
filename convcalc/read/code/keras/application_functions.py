"""The models of ``keras.applications``, and the functions that prepare images for them."""

from __future__ import annotations

from typing import Any

from convcalc.base.problems import Refusal
from convcalc.layers.arguments import ACTIVATION, Argument
from convcalc.model import Model
from convcalc.read.code.applications import APPLICATIONS, InputTensor, application, parameters
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import LayerValue, Node, TensorValue, from_sizes, nodes_between
from convcalc.read.code.keras.imported_models import imported_model
from convcalc.read.code.keras.layer_arguments import argument_value
from convcalc.read.code.keras.models import unknown_size
from convcalc.read.code.keras.to_model import functional
from convcalc.read.code.language.values import Spot, Unknown, first_unknown
from convcalc.read.code.libraries import function

# The argument ``mode`` of each module's ``preprocess_input``. "": the model itself prepares the image.
_MODES = {
    "imagenet_utils": "caffe", "vgg16": "caffe", "vgg19": "caffe", "resnet": "caffe", "resnet50": "caffe",
    "densenet": "torch", "resnet_v2": "tf", "inception_v3": "tf", "inception_resnet_v2": "tf", "xception": "tf",
    "mobilenet": "tf", "mobilenet_v2": "tf", "nasnet": "tf", "mobilenet_v3": "", "efficientnet": "", "efficientnet_v2": "",
    "convnext": "",
}  # fmt: skip


_ACTIVATION = Argument("classifier_activation", ACTIVATION, None)


def _application(name: str) -> Any:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        return make_application(run, name, {**dict(zip(parameters(name), args)), **kwargs}, spot)

    return run_it


for _name in APPLICATIONS:
    function(f"keras.applications.{_name}")(_application(_name))


def make_application(run: Any, name: str, given: dict[str, Any], spot: Spot) -> Any:
    """Returns the model that ``keras.applications.NAME(…)`` makes."""
    weights = given.get("weights", "imagenet")
    # Keras loads weights from a file into the same layers, so the path of a file counts as None.
    given["weights"] = "imagenet" if weights == "imagenet" else None
    tensor = given.pop("input_tensor", None)
    if isinstance(tensor, LayerValue) and tensor.nodes:
        tensor = tensor.nodes[0].outputs[0]
    shape = given.get("input_shape")
    if isinstance(shape, list):
        given["input_shape"] = shape = tuple(shape)
    open_sizes: tuple[Any, ...] = ()
    if isinstance(shape, tuple) and first_unknown(shape) is not None and not run.truth(given.get("include_top", True)):
        open_sizes, given["input_shape"] = shape, tuple(None if isinstance(size, Unknown) else size for size in shape)
    wanted = run.sizes_of_inputs.get(run.names.upcoming("InputLayer"))
    if wanted is not None and tensor is None:
        given["input_shape"], open_sizes = tuple(wanted), ()
    unknown = tensor if isinstance(tensor, Unknown) else first_unknown(list(given.values()))
    if unknown is not None:
        return Unknown(f"an argument of `{name}` is unknown: {unknown.reason}", unknown.spot or spot)
    if "classifier_activation" in given:
        given["classifier_activation"] = argument_value(run, given["classifier_activation"], _ACTIVATION)
    known: list[Node] = []
    source = None
    if isinstance(tensor, TensorValue) and tensor.shape is not None:
        known = nodes_between((), [tensor])
        inputs = [node.outputs[0] for node in known if node.layer.path == "keras.layers.InputLayer"]
        source = InputTensor(functional(run, "input", "Functional", inputs, tensor), tensor.shape)
        if len(source.model.calls) != len(known):
            return Unknown(f"the `input_tensor` of `{name}` is not supported", spot)
    try:
        model = application(name, given, run.names, source, run.policy, spot)
    except Refusal as refusal:
        run.fault(refusal.code, f"{name} {refusal.message}", spot, None)
        return Unknown(f"`{name}` {refusal.message}", spot)
    if not open_sizes:
        return imported_model(run, model, spot, known)
    made = imported_model(run, _with_input_shape(model, (None, *open_sizes)), spot, known)
    source_layer = made.inputs.node.layer
    source_layer.unknown = unknown_size(open_sizes, spot)
    return made


def _with_input_shape(model: Model, shape: tuple[Any, ...]) -> Model:
    """Returns the model with ``shape`` as the shape of its input. The model has one input."""
    first = model.calls[model.inputs[0].call].layer
    args = {"batch_shape": from_sizes(shape)}
    layers = tuple(layer._replace(args=args) if at == first else layer for at, layer in enumerate(model.layers))
    return model._replace(layers=layers)


# Values of images ---------------------------------------------------------------------------------------------------------


def _preprocess(mode: str) -> Any:
    def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        given = {**dict(zip(("x", "data_format", "mode"), args)), **kwargs}
        value = given.get("x")
        chosen = given.get("mode", mode) if mode else ""
        if chosen == "" or isinstance(value, Unknown):
            return value
        if isinstance(value, Array):
            return Array(value.shape, "float32" if value.dtype.startswith(("int", "uint")) else value.dtype)
        if not isinstance(value, TensorValue):
            return run.unknown("`preprocess_input` of this value is not supported", spot)
        return _preprocessed(run, value, chosen, given.get("data_format") or run.data_format, spot)

    return run_it


for _module, _mode in _MODES.items():
    function(f"keras.applications.{_module}.preprocess_input")(_preprocess(_mode))


def _preprocessed(run: Any, tensor: Any, mode: str, data_format: str, spot: Spot) -> Any:
    """Prepares images as Keras's ``_preprocess_tensor_input`` does."""
    if mode == "tf":
        return run.binary("-", run.binary("/", tensor, 127.5, spot), 1.0, spot)
    if isinstance(tensor.sizes, Unknown):
        return tensor.sizes
    axes = len(tensor.sizes)
    is_first = data_format == "channels_first"
    axis = axes - 3 if is_first else -1
    if mode == "torch":
        tensor = run.binary("/", tensor, 255.0, spot)
    else:
        before: tuple[Any, ...] = (slice(None),) * axis if is_first else (Ellipsis,)
        parts = [run.get_item(tensor, (*before, number), spot) for number in (2, 1, 0)]
        tensor = run.call_library("keras.ops.stack", [parts], {"axis": axis}, spot)
    sizes = [1] * axes
    sizes[axis] = 3
    tensor = run.binary("+", tensor, Array(tuple(sizes), "float32"), spot)
    if mode == "torch":
        tensor = run.binary("/", tensor, Array((3, 1, 1) if is_first else (3,), "float32"), spot)
    return tensor
