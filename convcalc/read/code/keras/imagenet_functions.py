"""The functions of ``keras.applications.imagenet_utils``, which the code of image models uses."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.language.values import Spot, Unknown, first_unknown
from convcalc.read.code.libraries import function

_UTILS = "keras.applications.imagenet_utils"
_SHAPE = ("input_shape", "default_size", "min_size", "data_format", "require_flatten", "weights")


@function(f"{_UTILS}.obtain_input_shape", f"{_UTILS}._obtain_input_shape")
def _obtain_input_shape(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the input shape of an application, as Keras's function of this name does. Raises the same errors."""
    given = {"weights": None, **dict(zip(_SHAPE, args)), **kwargs}
    given.setdefault("require_flatten", given.pop("include_top", True))  # the name in Keras 2
    unknown = first_unknown([value for name, value in given.items() if name != "weights"])
    if unknown is not None:
        return Unknown(unknown.reason, unknown.spot)
    shape, size = given["input_shape"], given["default_size"]
    flatten, is_trained = run.truth(given["require_flatten"]) is True, given["weights"] == "imagenet"
    first = given.get("data_format") == "channels_first"
    channels = shape[0 if first else -1] if shape is not None and len(shape) == 3 and not is_trained else 3
    default = (channels, size, size) if first else (size, size, channels)
    if is_trained and flatten:
        if shape is not None and tuple(shape) != default:
            raise run.error(
                "ValueError", f"with the weights of ImageNet, `input_shape` must be {default}, not {shape}", spot
            )
        return default
    if not shape:
        open_shape = (3, None, None) if first else (None, None, 3)
        return default if flatten else open_shape
    if len(shape) != 3:
        raise run.error("ValueError", "`input_shape` must be a tuple of three integers", spot)
    smallest = given["min_size"]
    if any(side is not None and side < smallest for side in (shape[1:] if first else shape[:-1])):
        raise run.error(
            "ValueError", f"Input size must be at least {smallest}x{smallest}; Received: input_shape={shape}", spot
        )
    if flatten and None in shape:
        raise run.error("ValueError", f"with `include_top=True`, `input_shape` must be static, not {shape}", spot)
    return shape


@function(f"{_UTILS}.correct_pad")
def _correct_pad(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the padding before a convolution with strides of 2: ((top, bottom), (left, right))."""
    inputs, kernel = [*args, *kwargs.values()][:2]
    sizes = inputs.sizes
    if isinstance(sizes, Unknown) or isinstance(kernel, Unknown):
        return run.unknown("the shape of the input is unknown", spot)
    at = 2 if run.data_format == "channels_first" else 1
    kernel = (kernel, kernel) if isinstance(kernel, int) else tuple(kernel)
    height, width = sizes[at : at + 2]
    adjust = (1, 1) if height is None or isinstance(height, Unknown) else (1 - height % 2, 1 - width % 2)
    return tuple((side // 2 - odd, side // 2) for side, odd in zip(kernel, adjust))


@function(f"{_UTILS}.validate_activation")
def _validate_activation(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    return None
