"""Layers of other packages that have the rule of a Keras layer, such as the normalizations of TensorFlow Addons.

They keep their own class, so that no Keras file can be written from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.layers import LayerDefinition, require_builtin
from convcalc.read.code.keras.layer_arguments import make_layer
from convcalc.read.code.language.values import Spot
from convcalc.read.code.libraries import function


def _like(name: str, keras_name: str, **options: Any) -> LayerDefinition:
    """Returns the definition of a layer with the rule of a Keras layer. ``options`` are arguments with a fixed value."""
    source = require_builtin(keras_name)
    arguments = tuple(argument for argument in source.arguments if argument.name not in options)
    return source._replace(
        name=name,
        class_name=name,
        arguments=arguments,
        defaults={argument.name: source.defaults[argument.name] for argument in arguments},
        rule_options={**source.rule_options, **options},
        keras_module="",
        is_custom=True,
    )


def _declare(path: str, definition: LayerDefinition, dropped: Mapping[str, Any] | None = None) -> None:
    """Declares a layer. An argument in ``dropped`` must have the value there; with another value, the layer is unknown."""

    def make(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        for name, value in (dropped or {}).items():
            if name in kwargs and run.equal(kwargs[name], value) is not True:
                return run.unknown(f"the argument `{name}` of `{path}` is not supported", spot)
        given = {name: value for name, value in kwargs.items() if name not in (dropped or {})}
        return make_layer(run, path, args, given, spot, definition)

    function(path)(make)


_INSTANCE = _like("InstanceNormalization", "GroupNormalization", groups=-1)

_declare("tensorflow_addons.layers.InstanceNormalization", _INSTANCE, {"groups": -1})
_declare("tensorflow_addons.layers.GroupNormalization", _like("GroupNormalization", "GroupNormalization"))
_declare("tensorflow_addons.layers.SpectralNormalization", _like("SpectralNormalization", "SpectralNormalization"))


@function(
    "keras_contrib.layers.InstanceNormalization",
    "keras_contrib.layers.normalization.InstanceNormalization",
    "keras_contrib.layers.normalization.instancenormalization.InstanceNormalization",
)
def _contrib_instance(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Makes an InstanceNormalization of keras-contrib. Its default ``axis=None`` (one scale for all channels) is not
    followed.
    """
    path = "keras_contrib.layers.InstanceNormalization"
    given = {**dict(zip(("axis", "epsilon", "center", "scale"), args)), **kwargs}
    if given.get("axis") is None:
        return run.unknown(f"`{path}` without an axis is not supported", spot)
    return make_layer(run, path, [], given, spot, _INSTANCE)
