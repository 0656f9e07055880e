"""The arguments of an application: their defaults, and the checks that several families share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import isfinite
from typing import Any, TypeAlias

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import Refusal, listed
from convcalc.layers.arguments import shown
from convcalc.model import Model
from convcalc.read.code.applications.graph import Graph, Tensor

IMAGENET = "imagenet"
CLASSES = 1000  # the number of classes of ImageNet
_ACTIVATION = {"activation": "classifier_activation"}
Sizes: TypeAlias = "tuple[int | None, ...]"  # a shape without the batch axis


class Request:
    """A call of an application. ``arguments`` has a value for each of the function's arguments."""

    def __init__(self, application: str, arguments: Mapping[str, Any], graph: Graph) -> None:
        self.application = application
        self.arguments = arguments
        self.graph = graph
        self.include_top = bool(arguments["include_top"])
        self.name: str | None = arguments["name"]
        if self.name is not None and (not isinstance(self.name, str) or "/" in self.name):
            raise self.refusal("name", f"must be a text without '/', not {shown(self.name)}")
        self._check_weights()

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]

    @property
    def is_imagenet(self) -> bool:
        """True for ``weights="imagenet"``: Keras downloads trained weights."""
        return bool(self["weights"] == IMAGENET)

    def refusal(self, argument: str, message: str) -> Refusal:
        """Returns an error about an argument. In its text, ``message`` follows the name of the argument."""
        return Refusal(f"'{argument}' {message}", codes.INVALID_VALUE, argument)

    # Weights ---------------------------------------------------------------------------------------------------------

    def _check_weights(self) -> None:
        weights, classes = self["weights"], self["classes"]
        is_file = isinstance(weights, str) and any(mark in weights for mark in "./\\")
        if weights is not None and weights != IMAGENET and not is_file:
            raise self.refusal("weights", f"must be None, 'imagenet' or the path of a file, not {shown(weights)}")
        if self.is_imagenet and self.include_top and classes != CLASSES:
            cure = "pass weights=None, or include_top=False and a Dense layer after the model"
            raise self.refusal("classes", f"must be {CLASSES} for weights='imagenet', not {shown(classes)}; {cure}")

    def check_own_name(self, name: str) -> None:
        """Refuses a ``name`` that the caller changes together with ``weights="imagenet"``. Keras downloads the file of
        this name.
        """
        if self.is_imagenet and self.name != name:
            message = f"must be '{name}' for weights='imagenet', because Keras downloads the file of this name"
            raise self.refusal("name", f"{message}, not {shown(self.name)}")

    def check_pretrained(self, argument: str, values: Collection[Any]) -> None:
        """Refuses a value that is not in ``values`` if ``weights="imagenet"``."""
        if self.is_imagenet and self[argument] not in values:
            message = (
                f"must be {listed(values)} for weights='imagenet', not {shown(self[argument])}; or pass weights=None"
            )
            raise self.refusal(argument, message)

    def alpha(self) -> float:
        """Returns the argument ``alpha``, which scales the channels."""
        alpha: float = self["alpha"]
        if not isinstance(alpha, (int, float)) or not isfinite(alpha):
            raise self.refusal("alpha", f"must be a number such as 1.0 or 0.5, not {shown(alpha)}")
        return alpha

    # The input -------------------------------------------------------------------------------------------------------

    def sizes(self) -> Sizes | None:
        """Returns the argument ``input_shape``; None if it is not given. Refuses a value that is not a shape of an image."""
        sizes = self["input_shape"]
        if sizes is None or sizes == ():
            return None
        if not isinstance(sizes, (list, tuple)) or len(sizes) != 3:
            raise self.refusal(
                "input_shape", f"must be (height, width, channels) such as (224, 224, 3), not {shown(sizes)}"
            )
        for size in sizes:
            if size is not None and (not isinstance(size, int) or size < 1):
                raise self.refusal("input_shape", f"must have positive whole numbers or None, not {shown(size)}")
        return tuple(sizes)

    def sizes_or_tensor(self) -> Sizes | None:
        """Returns the argument ``input_shape``. If it is None, returns the height and width of the input tensor, and 3
        channels.

        Refuses an ``input_shape`` with another width than the input tensor.
        """
        sizes, given = self.sizes(), self.graph.given
        if given is None or len(given.shape) != 4:
            return sizes
        height, width = (size if isinstance(size, int) else None for size in given.shape[1:3])
        if sizes is not None and sizes[1] != width:
            raise self.refusal("input_shape", f"must have the width of 'input_tensor', {width}, not {sizes[1]}")
        return (height, width, 3) if sizes is None else sizes

    def input_shape(self, default_size: int, minimum: int = 32) -> Sizes:
        """Returns the argument ``input_shape``, or its default. Refuses a shape that Keras refuses.

        ``default_size`` is the default height and width: the size of the images that trained the weights.
        """
        sizes = self.sizes()
        default = (default_size, default_size, 3)
        if self.is_imagenet and self.include_top:
            if sizes is not None and self["input_shape"] != default:
                cure = "or pass include_top=False, or weights=None"
                message = f"must be {default} for weights='imagenet', not {self['input_shape']}; {cure}"
                raise self.refusal("input_shape", message)
            return default
        if sizes is None:
            return default if self.include_top else (None, None, 3)
        self.check_minimum(sizes[:2], minimum)
        self._check_channels("input_shape", sizes[-1])
        if self.include_top and None in sizes:
            message = (
                f"must contain only numbers if include_top is True, not {sizes}; pass numbers, or include_top=False"
            )
            raise self.refusal("input_shape", message)
        return sizes

    def check_minimum(self, sizes: Sequence[int | None], minimum: int) -> None:
        """Refuses an image that is smaller than ``minimum`` × ``minimum``."""
        if any(size is not None and size < minimum for size in sizes):
            message = f"must have a height and a width of at least {minimum}, not {self['input_shape']}"
            raise self.refusal("input_shape", message)

    def input(self, sizes: Sizes) -> Tensor:
        """Returns the tensor that the model reads. If the caller gives none, it is a new input of shape ``sizes``."""
        x = self.graph.input(sizes)
        argument = "input_shape" if self.graph.given is None else "input_tensor"
        if len(x.shape) != 4:
            raise self.refusal(argument, "must be an image: it needs a height, a width and channels")
        if x.shape[-1] is UNKNOWN:
            raise self.refusal(argument, "must have a known number of channels")
        self._check_channels(argument, x.shape[-1])
        return x

    def _check_channels(self, argument: str, channels: object) -> None:
        """Refuses an image without 3 channels if ``weights="imagenet"``."""
        if self.is_imagenet and channels != 3:
            message = f"must have 3 channels for weights='imagenet', not {channels}; or pass weights=None"
            raise self.refusal(argument, message)

    def same_padding(self, x: Tensor, kernel_size: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Returns the padding before a convolution with strides of 2. The output has half the size, rounded up.

        An odd size gets equal padding at both ends. An even or unknown size gets one row or column less at the start.
        """
        if x.height is not UNKNOWN and x.width is UNKNOWN:
            message = f"has a height but no width, and {self.application} pads by both; give both sizes or neither"
            raise self.refusal("input_shape" if self.graph.given is None else "input_tensor", message)
        sizes = (0, 0) if x.height is UNKNOWN else (x.height, x.width)
        half = kernel_size // 2
        (top, left) = (half if isinstance(size, int) and size % 2 else half - 1 for size in sizes)
        return ((top, half), (left, half))

    # The top ---------------------------------------------------------------------------------------------------------

    def check_top(self) -> None:
        """Refuses wrong values of ``classes`` and ``classifier_activation``, which only the last layer uses."""
        classes, activation = self["classes"], self["classifier_activation"]
        if not isinstance(classes, int) or classes < 1:
            raise self.refusal("classes", f"must be a positive whole number, not {shown(classes)}")
        if self["weights"] is not None and activation not in (None, "linear", "softmax"):
            message = f"must be 'softmax' or None if weights are loaded, not {shown(activation)}; or pass weights=None"
            raise self.refusal("classifier_activation", message)

    def classifier(self, x: Tensor, **initializers: Any) -> Tensor:
        """Adds the last layer, a Dense layer with one unit for each class."""
        self.check_top()
        named = {
            "activation": self["classifier_activation"],
            "sources": _ACTIVATION,
            "name": "predictions",
            **initializers,
        }
        return self.graph.layer(x, "Dense", self["classes"], **named)

    def final_activation(self, x: Tensor) -> Tensor:
        """Adds an Activation layer for ``classifier_activation``. Only some families use it; others pass it to the
        Dense layer.
        """
        activation = self["classifier_activation"]
        activation = "linear" if activation is None else activation
        return self.graph.layer(x, "Activation", activation, sources=_ACTIVATION, name="predictions")

    def pooled(self, x: Tensor, names: Mapping[str, str | None] | None = None) -> Tensor:
        """Adds the global pooling at the end of a model without classifier. ``names`` has the layer's name for 'avg'
        and 'max'.
        """
        names = names or {}
        if self["pooling"] == "avg":
            return self.graph.layer(x, "GlobalAveragePooling2D", name=names.get("avg"))
        if self["pooling"] == "max":
            return self.graph.layer(x, "GlobalMaxPooling2D", name=names.get("max"))
        return x

    def top(self, x: Tensor, average_name: str | None, pool_names: Mapping[str, str | None] | None = None) -> Tensor:
        """Adds the usual end of a model: average pooling and a classifier, or only the requested pooling."""
        if not self.include_top:
            return self.pooled(x, pool_names)
        return self.classifier(self.graph.layer(x, "GlobalAveragePooling2D", name=average_name))

    def model(self, output: Tensor, name: str | None = None, lists_inputs: bool = True) -> Model:
        """Returns the model. ``name`` is used if the program gives no name."""
        return self.graph.model(self.name if self.name is not None else name, output, lists_inputs)


# The names of the pooling layers. Families that do not use them have automatic names.
POOL_NAMES: Mapping[str, str | None] = {"avg": "avg_pool", "max": "max_pool"}


def rounded(channels: float, divisor: int = 8) -> int:
    """Rounds a number of channels to a multiple of ``divisor``, but never more than 10 % down."""
    result = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return result + divisor if result < 0.9 * channels else result
