"""Runs one call of one layer, for readers that need the shape of each tensor while they build a model."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.analyse.inference import run_calls, start_session
from convcalc.analyse.run import CallResult
from convcalc.base.numbers import Shape
from convcalc.layers import require_builtin
from convcalc.model import Call, Layer, Model, Ref


def run_call(layer: Layer, call: Call, inputs: Sequence[tuple[Shape | None, str]]) -> CallResult:
    """Returns the result of a call of a layer on inputs of these shapes and dtypes.

    ``call`` has the arguments of the call; its own inputs are not used. Raises
    :class:`convcalc.base.problems.ConvcalcError` if the layer does not accept the inputs.
    """
    definition = require_builtin("InputLayer")
    count = len(inputs)
    layers = [
        Layer(f"input_{number}", "InputLayer", definition, dtype=dtype) for number, (_, dtype) in enumerate(inputs)
    ]
    refs = tuple(Ref(number) for number in range(count))
    calls = (
        *(Call(number, ()) for number in range(count)),
        call._replace(layer=count, inputs=refs, masks=(), order=()),
    )
    model = Model("", "Functional", (*layers, layer), calls, refs, ())
    session = start_session()
    session.gives_advice = False  # the layers before the call are not in this model
    run = run_calls(model, [shape for shape, _ in inputs], session)
    session.raise_errors()
    return run.results[-1]
