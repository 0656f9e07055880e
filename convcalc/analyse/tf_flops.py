"""FLOPs as TensorFlow's profiler counts them for the graph that Keras 3 builds, in inference (``docs/costs.md``).

Layers declare them as the facet ``tf_flops`` (:mod:`convcalc.layers.costs`).
"""

from __future__ import annotations

from convcalc.analyse.run import Step
from convcalc.base.numbers import UNKNOWN, Number
from convcalc.layers.costs import tf_elements
from convcalc.ops import Operation

# The operations of keras.ops that the profiler counts 1 for each output element.
_BINARY = frozenset({"Add", "Divide", "Maximum", "Minimum", "Multiply", "Subtract", "TrueDivide"})


def tf_flops(step: Step) -> Number:
    """The operations of one call, for the whole batch if its size is known, otherwise for one sample."""
    definition, result = step.definition, step.inferred
    if result is None or definition is None:
        return UNKNOWN
    if isinstance(definition, Operation):
        return tf_elements(result.outputs[0]) if definition.name in _BINARY else UNKNOWN
    if definition.tf_flops is None:
        return UNKNOWN
    return definition.tf_flops(definition.rule_arguments(step.args), step.inputs, result)
