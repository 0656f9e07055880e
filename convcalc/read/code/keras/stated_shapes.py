"""Custom layers that state their output shape with ``compute_output_shape``, as Keras uses it.

It is used if ``call`` cannot be determined. The weights are those of ``__init__`` and ``build``, and the MACs are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base.numbers import Shape
from convcalc.layers import LayerDefinition, require_builtin
from convcalc.layers.registry import Inferred
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import LayerValue, TensorValue, from_sizes, leaves, mapped, tensors_in, to_sizes
from convcalc.read.code.keras.to_model import own_weights
from convcalc.read.code.language.values import Bound, FunctionValue, Instance, Raised, Spot, Unknown

_UNKNOWN_COSTS = frozenset({"macs"})


def stated_definition(run: Any, layer: LayerValue, args: list[Any], spot: Spot) -> LayerDefinition | None:
    """Returns the definition of a layer that states its output shape. None if it does not, or if it may have other weights."""
    method = _method(layer)
    inputs = tensors_in(args)
    if method is None or layer.unknown is not None or not inputs or _may_have_more_weights(layer):
        return None
    first = _outputs(run, method, mapped(args[0], _sizes), spot)
    if first is None:
        return None
    weights = own_weights(layer)

    def rule(a: Mapping[str, Any], *shapes: Shape) -> Inferred:
        waiting = list(shapes)
        sizes = mapped(args[0], lambda value: to_sizes(waiting.pop(0)) if isinstance(value, TensorValue) else value)
        return Inferred(_outputs(run, method, sizes, spot) or first, weights, unknown=_UNKNOWN_COSTS)

    return _definition(layer, rule)


def stated_outputs(run: Any, layer: LayerValue, value: Any, spot: Spot) -> tuple[Shape, ...] | None:
    """Returns the output shapes that ``compute_output_shape`` states for an input. None if they are unknown."""
    method = _method(layer)
    return None if method is None else _outputs(run, method, mapped(value, _sizes), spot)


def opaque_definition(layer: LayerValue, outputs: tuple[Shape, ...]) -> LayerDefinition:
    """Returns the definition of a layer with these outputs. It has no weights, and its MACs are unknown."""
    return _definition(layer, lambda a, *shapes: Inferred(outputs, (), unknown=_UNKNOWN_COSTS))


def _definition(layer: LayerValue, rule: Any) -> LayerDefinition:
    return require_builtin("Lambda")._replace(
        name=layer.class_name,
        class_name=layer.class_name,
        family="custom",
        arguments=(),
        defaults={},
        call_arguments=(),
        rule=rule,
        doc="A layer of the program, with the output shape that it states.",
        is_custom=layer.cls is not None,
        is_opaque=layer.cls is None,
        runs_code="",
        keras_module="" if layer.cls is not None else "keras.layers",
    )


def _method(layer: LayerValue) -> Any:
    """Returns the function that states the output shape: that of a custom layer, or the argument of a Lambda."""
    if layer.cls is None:
        found = layer.given.get("output_shape")
        return found if isinstance(found, (FunctionValue, Bound)) else None
    found = layer.cls.find("compute_output_shape")
    return Bound(found, layer) if isinstance(found, FunctionValue) else None


def _may_have_more_weights(layer: LayerValue) -> bool:
    """Returns True for a layer with layers or unknown objects inside of it."""
    parts = list(leaves(list(layer.attributes.values())))
    return bool(layer.tracked) or any(
        isinstance(part, Instance) or (type(part) is Unknown and "is not supported" in part.reason) for part in parts
    )


def _sizes(value: Any) -> Any:
    return value.sizes if isinstance(value, TensorValue) else value


def _outputs(run: Any, method: Any, sizes: Any, spot: Spot) -> tuple[Shape, ...] | None:
    """Returns the output shapes; None if they are unknown."""
    outer, run.doubt = run.doubt, None
    run.inside += 1
    try:
        result = run.call(method, [sizes], {}, spot)
    except Raised:
        return None
    finally:
        run.doubt = outer
        run.inside -= 1
    several = (
        isinstance(result, (list, tuple)) and bool(result) and all(isinstance(part, (list, tuple)) for part in result)
    )
    shapes = list(result) if several else [result]
    if not all(isinstance(shape, (list, tuple)) for shape in shapes):
        return None
    shapes = [[_number(size) for size in shape] for shape in shapes]
    return tuple(map(from_sizes, shapes)) if all(_is_size(size) for shape in shapes for size in shape) else None


def _number(value: Any) -> Any:
    """Returns the number in a constant, such as ``tf.constant(200)``. Returns any other value unchanged."""
    return value.flat[0] if isinstance(value, Array) and value.shape == () and value.flat else value


def _is_size(value: Any) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value is None or is_number or (isinstance(value, Unknown) and value.has_name)
