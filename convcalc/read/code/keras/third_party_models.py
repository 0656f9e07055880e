"""Functions of other packages that make models, such as the blocks of ``tensorflow_examples``."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.language.values import Spot, Unknown
from convcalc.read.code.libraries import function

_PIX2PIX = "tensorflow_examples.models.pix2pix.pix2pix"
_TAKEN = frozenset(("filters", "size", "norm_type", "apply_dropout", "apply_batchnorm", "apply_norm"))


@function(f"{_PIX2PIX}.upsample")
def _upsample(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _block(run, "upsample", args, kwargs, spot)


@function(f"{_PIX2PIX}.downsample")
def _downsample(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _block(run, "downsample", args, kwargs, spot)


def _block(run: Any, name: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the Sequential of ``upsample`` or ``downsample``: a convolution, a normalization and an activation."""
    given = {**dict(zip(("filters", "size"), args)), **kwargs}
    # The third argument by position differs between the versions of the package.
    if len(args) > 2 or set(given) - _TAKEN or str(given.get("norm_type", "batchnorm")).lower() != "batchnorm":
        return Unknown(f"this call of `{_PIX2PIX}.{name}` is not supported", spot)

    def layer(kind: str, *values: Any, **options: Any) -> Any:
        return run.call_library(f"keras.layers.{kind}", list(values), options, spot)

    convolution = {"strides": 2, "padding": "same", "use_bias": False}
    kind = "Conv2D" if name == "downsample" else "Conv2DTranspose"
    layers = [layer(kind, given.get("filters"), given.get("size"), **convolution)]
    if given.get("apply_batchnorm", given.get("apply_norm", True)) is not False:
        layers.append(layer("BatchNormalization"))
    if given.get("apply_dropout", False) is True:
        layers.append(layer("Dropout", 0.5))
    layers.append(layer("LeakyReLU" if name == "downsample" else "ReLU"))
    return run.call_library("keras.Sequential", [layers], {}, spot)
