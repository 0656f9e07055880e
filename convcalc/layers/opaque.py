"""Layers defined by code: their results are unknown, because convcalc does not run the code.

Sources: ``keras/src/layers/core/lambda_layer.py``, ``keras/src/utils/{jax,torch}_utils.py``,
``keras/src/export/tfsm_layer.py``.
"""

from __future__ import annotations

from convcalc.base.numbers import Shape
from convcalc.layers import costs, views
from convcalc.layers.arguments import Anything, Argument, Sizes, ignored_arguments
from convcalc.layers.registry import Args, Inferred, layer

_COSTS = frozenset({"macs"})
_ALL = frozenset({"params", "macs"})


def _recorded(a: Args, x: Shape, unknown: frozenset[str]) -> Inferred:
    """Returns the output shape from the argument ``output_shape``; unknown without it."""
    shape = a["output_shape"]
    return Inferred((None if shape is None else (x[0], *shape),), unknown=unknown)


@layer(
    "Lambda",
    Argument("function", Anything()),
    Argument("output_shape", Sizes(), None, nullable=True),
    *ignored_arguments("mask", "arguments"),
    inputs=(1, 100),
    is_opaque=True,
    consumes_mask=True,
    receptive_field_rule=views.unknown,
    flops=costs.unknown,
    tf_flops=costs.unknown,
    built_when_made=False,
    runs_code="a Lambda layer runs a Python function that the file stores or names",
    example="Lambda: {{function: my_function, output_shape: [8]}}",
)
def lambda_layer(a: Args, x: Shape, *others: Shape) -> Inferred:
    """Calls a Python function. Its results are unknown, because convcalc does not run the function.

    Output shape: output_shape if it is set, otherwise unknown. Parameters: none. The MACs are unknown.
    """
    return _recorded(a, x, _COSTS)


@layer(
    "TorchModuleWrapper",
    Argument("module", Anything()),
    Argument("output_shape", Sizes(), None, nullable=True),
    inputs=(1, 100),
    is_opaque=True,
    has_unknown_weights=True,
    receptive_field_rule=views.unknown,
    flops=costs.unknown,
    tf_flops=costs.unknown,
    built_when_made=False,
    runs_code="a TorchModuleWrapper unpickles a PyTorch module, and unpickling can run any code",
    example="TorchModuleWrapper: {{module: my_module, output_shape: [8]}}",
)
def torch_module_wrapper(a: Args, x: Shape, *others: Shape) -> Inferred:
    """Wraps a PyTorch module. Its results are unknown, because convcalc does not run the module.

    Output shape: output_shape if it is set, otherwise unknown. Parameters and MACs are unknown.
    """
    return _recorded(a, x, _ALL)


@layer(
    "JaxLayer",
    Argument("call_fn", Anything()),
    *ignored_arguments("init_fn", "params", "state", "seed", "native_serialization_platforms"),
    inputs=(1, 100),
    is_opaque=True,
    has_unknown_weights=True,
    receptive_field_rule=views.unknown,
    flops=costs.unknown,
    tf_flops=costs.unknown,
    built_when_made=False,
    runs_code="a JaxLayer calls functions that the file names",
    example="JaxLayer: {{call_fn: my_function}}",
)
def jax_layer(a: Args, x: Shape, *others: Shape) -> Inferred:
    """Wraps a JAX function. Its results are unknown, because convcalc does not run the function.

    Output shape, parameters and MACs are unknown.
    """
    return Inferred((None,), unknown=_ALL)


@layer(
    "FlaxLayer",
    Argument("module", Anything()),
    *ignored_arguments("method", "variables"),
    inputs=(1, 100),
    is_opaque=True,
    has_unknown_weights=True,
    receptive_field_rule=views.unknown,
    flops=costs.unknown,
    tf_flops=costs.unknown,
    built_when_made=False,
    runs_code="a FlaxLayer creates and calls a module that the file names",
    example="FlaxLayer: {{module: my_module}}",
)
def flax_layer(a: Args, x: Shape, *others: Shape) -> Inferred:
    """Wraps a Flax module. Its results are unknown, because convcalc does not run the module.

    Output shape, parameters and MACs are unknown.
    """
    return Inferred((None,), unknown=_ALL)


@layer(
    "TFSMLayer",
    Argument("filepath", Anything()),
    *ignored_arguments("call_endpoint", default="serve"),
    *ignored_arguments("call_training_endpoint"),
    inputs=(1, 100),
    is_opaque=True,
    has_unknown_weights=True,
    receptive_field_rule=views.unknown,
    flops=costs.unknown,
    tf_flops=costs.unknown,
    built_when_made=False,
    file_arguments={"filepath": "loads and runs the SavedModel at"},
    example="TFSMLayer: {{filepath: path/to/model}}",
)
def tfsm_layer(a: Args, x: Shape, *others: Shape) -> Inferred:
    """Wraps a TensorFlow SavedModel. Its results are unknown, because convcalc does not run the SavedModel.

    Output shape, parameters and MACs are unknown.
    """
    return Inferred((None,), unknown=_ALL)
