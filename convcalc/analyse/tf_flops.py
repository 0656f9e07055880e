"""FLOPs as TensorFlow's profiler counts them for the graph that Keras 3 builds, in inference (``docs/costs.md``).

Layers and operations declare them as the facet ``tf_flops`` (:mod:`convcalc.layers.costs`).
"""

from __future__ import annotations

from convcalc.analyse.run import Step
from convcalc.base.numbers import UNKNOWN, Number


def tf_flops(step: Step) -> Number:
    """The operations of one call, for the whole batch if its size is known, otherwise for one sample."""
    definition, result = step.definition, step.inferred
    if result is None or definition is None or definition.tf_flops is None:
        return UNKNOWN
    return definition.tf_flops(definition.rule_arguments(step.args), step.inputs, result)
