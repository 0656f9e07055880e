"""Builds the models of ``keras.applications`` without Keras. The models are those of Keras 3.15.

Each module builds one family of models, such as ResNet. A module is imported when one of its models is requested. The models
are Python functions, not specs: the number of channels can depend on ``alpha``, and paddings depend on the size of the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.keras_names import Names
from convcalc.base.lazy import resolve
from convcalc.base.problems import Refusal, did_you_mean
from convcalc.base.structs import Struct
from convcalc.model import Model, Place
from convcalc.read.code.applications.graph import InputTensor

__all__ = ["APPLICATIONS", "InputTensor", "application", "parameters"]


class _Family(Struct):
    """A family of applications, such as VGG16 and VGG19.

    Attributes:
        build: the path of the function that builds a model, such as ``package.vgg:vgg``.
        parameters: the names of Keras's parameters, in Keras's order, separated by spaces.
        members: maps each application to the default name of its model.
    """

    build: str
    parameters: str
    members: Mapping[str, str | None]


_USUAL = "include_top weights input_tensor input_shape pooling classes classifier_activation name"
_MODULE = "convcalc.read.code.applications."


def _named_like(text: str) -> dict[str, str | None]:
    """Returns a default name for each application: ``VGG16`` → ``vgg16``."""
    return {name: name.lower() for name in text.split()}


_FAMILIES = (
    _Family(f"{_MODULE}vgg:vgg", _USUAL, _named_like("VGG16 VGG19")),
    _Family(
        f"{_MODULE}resnet:resnet",
        _USUAL,
        _named_like("ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2"),
    ),
    _Family(f"{_MODULE}densenet:densenet", _USUAL, _named_like("DenseNet121 DenseNet169 DenseNet201")),
    _Family(f"{_MODULE}inception:inception_v3", _USUAL, {"InceptionV3": "inception_v3"}),
    _Family(f"{_MODULE}inception:inception_resnet_v2", _USUAL, {"InceptionResNetV2": "inception_resnet_v2"}),
    _Family(f"{_MODULE}xception:xception", _USUAL, _named_like("Xception")),
    _Family(
        f"{_MODULE}mobilenet:mobilenet",
        "input_shape alpha depth_multiplier dropout include_top weights input_tensor pooling classes "
        "classifier_activation name",
        {"MobileNet": None},
    ),
    _Family(
        f"{_MODULE}mobilenet:mobilenet_v2",
        "input_shape alpha include_top weights input_tensor pooling classes classifier_activation name",
        {"MobileNetV2": None},
    ),
    _Family(
        f"{_MODULE}mobilenet_v3:mobilenet_v3",
        "input_shape alpha minimalistic include_top weights input_tensor classes pooling dropout_rate "
        "classifier_activation include_preprocessing name",
        {"MobileNetV3Small": "MobileNetV3Small", "MobileNetV3Large": "MobileNetV3Large"},
    ),
    _Family(
        f"{_MODULE}efficientnet:efficientnet", _USUAL, _named_like(" ".join(f"EfficientNetB{n}" for n in range(8)))
    ),
    _Family(
        f"{_MODULE}efficientnet_v2:efficientnet_v2",
        "include_top weights input_tensor input_shape pooling classes classifier_activation include_preprocessing name",
        {f"EfficientNetV2{size}": f"efficientnetv2-{size.lower()}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")},
    ),
    _Family(
        f"{_MODULE}convnext:convnext",
        "include_top include_preprocessing weights input_tensor input_shape pooling classes classifier_activation name",
        {f"ConvNeXt{size}": f"convnext_{size.lower()}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")},
    ),
    _Family(
        f"{_MODULE}nasnet:nasnet",
        "input_shape include_top weights input_tensor pooling classes classifier_activation name",
        {"NASNetMobile": "nasnet_mobile", "NASNetLarge": "nasnet_large"},
    ),
)
# The defaults of the arguments. Only the default of ``name`` differs between applications.
_DEFAULTS = {
    "include_top": True,
    "weights": "imagenet",
    "input_tensor": None,
    "input_shape": None,
    "pooling": None,
    "classes": 1000,
    "classifier_activation": "softmax",
    "include_preprocessing": True,
    "alpha": 1.0,
    "depth_multiplier": 1,
    "dropout": 0.001,
    "dropout_rate": 0.2,
    "minimalistic": False,
}
_FAMILY_OF = {name: family for family in _FAMILIES for name in family.members}
# The names of all applications.
APPLICATIONS = tuple(_FAMILY_OF)


def parameters(name: str) -> dict[str, Any]:
    """Returns the parameters of an application with their defaults, in Keras's order. ``name`` is one of ``APPLICATIONS``."""
    family = _FAMILY_OF[name]
    defaults = {**_DEFAULTS, "name": family.members[name]}
    return {parameter: defaults[parameter] for parameter in family.parameters.split()}


def application(
    name: str,
    arguments: Mapping[str, Any],
    names: Names,
    input_tensor: InputTensor | None = None,
    policy: str = "float32",
    place: Place | None = None,
) -> Model:
    """Returns the model that ``keras.applications.NAME(**arguments)`` returns.

    Args:
        name: the name of the application, such as ``ResNet50``; one of :data:`APPLICATIONS`.
        arguments: the arguments by name (:func:`parameters`), except ``input_tensor``.
        names: the counter of automatic names. Keras has one counter for the whole program.
        input_tensor: the argument ``input_tensor`` of Keras. The model then contains the layers that compute it.
        policy: Keras's global dtype policy.
        place: the source position of the call; all layers and calls get it.

    With ``weights="imagenet"``, Keras refuses some values of other arguments, and EfficientNet has an additional layer.

    Raises :class:`Refusal` if Keras refuses the arguments. The message has no subject: the caller writes the name of the
    application before it.
    """
    from convcalc.read.code.applications.graph import Graph
    from convcalc.read.code.applications.request import Request

    defaults = parameters(name)
    for argument, value in arguments.items():
        if argument not in defaults:
            hint = did_you_mean(argument, defaults)
            raise Refusal(f"has no argument '{argument}'{hint}", codes.UNKNOWN_ARGUMENT, argument)
        if argument == "input_tensor" and value is not None:
            raise TypeError("pass the input tensor separately, as an InputTensor")
    graph = Graph(names, input_tensor, policy, place)
    model: Model = resolve(_FAMILY_OF[name].build)(Request(name, {**defaults, **arguments}, graph))
    return model
