"""Insights about layers that affect each other."""

from __future__ import annotations

from convcalc.analyse.report import LayerReport, Report
from convcalc.analyse.study import Study
from convcalc.base.numbers import product
from convcalc.base.problems import listed
from convcalc.checking.insights.rules import Findings, all_arguments, insight, readers, single_layers
from convcalc.layers import LayerDefinition
from convcalc.model import Layer


@insight("bias-before-norm")
def _bias_before_norm(report: Report) -> Findings:
    """A bias before a batch normalization has no effect.

    Batch normalization subtracts the mean of each channel, and so removes the bias. It adds its own bias (`beta`) afterwards. With
    `use_bias: false` the model computes the same with fewer parameters.
    """
    rows = {row.path: row for row in report.layers}
    for prefix, model in report.model.models():
        read_by = readers(model)
        for number, layer in enumerate(model.layers):
            row, layer_readers = rows.get(prefix + layer.name), read_by[number]
            if row is None or not _ends_with_bias(layer) or not layer_readers or None in layer_readers:
                continue
            norms = [model.layers[reader] for reader in layer_readers if reader is not None]
            if all(_subtracts_mean(norm, row) for norm in norms):
                count = sum(product(weight.shape) for weight in row.weights if weight.name == "bias")
                names = listed(dict.fromkeys(f"'{norm.name}'" for norm in norms), "and")
                yield row.path, f"has a bias ({count:,} parameters) that {names} removes"


def _ends_with_bias(layer: Layer) -> bool:
    """Returns True if a layer adds a bias to each channel in its last step: no activation follows."""
    definition = layer.definition
    if not isinstance(definition, LayerDefinition) or not definition.ends_with_bias:
        return False
    arguments = all_arguments(definition, layer.args)
    return bool(arguments["use_bias"]) and arguments["activation"] in (None, "linear")


def _subtracts_mean(norm: Layer, row: LayerReport) -> bool:
    """Returns True if ``norm`` is a batch normalization with ``beta``, along the channel axis of the layer ``row``."""
    definition, shape = norm.definition, row.output_shapes[0]
    if definition.name != "BatchNormalization" or shape is None:
        return False
    arguments = all_arguments(definition, norm.args)
    channels_first = all_arguments(row.definition, row.config).get("data_format") == "channels_first"
    channel_axis = 1 if channels_first else len(shape) - 1
    return bool(arguments["center"]) and arguments["axis"] % len(shape) == channel_axis


@insight("field-beyond-input")
def _field_beyond_input(report: Study) -> Findings:
    """From this layer on, the receptive field is larger than the input.

    A part of such a receptive field is padding. Positions in the middle usually depend on the whole input already. For them, a
    larger receptive field (large kernels, dilation, more strides) adds nothing, unless the input becomes larger.
    """
    inputs: set[str] = set()  # the inputs that already have a finding
    for row in single_layers(report):
        for field in (report.receptive_fields.get(row.path) or ((),))[-1]:
            # A layer that reads the whole input, such as Dense, is not reported.
            wide = any(axis.exceeds and not axis.is_global for axis in field.axes)
            if wide and field.input not in inputs:
                inputs.add(field.input)
                pairs = ((axis.size, axis.input_size) for axis in field.axes)
                size, available = ("×".join(map(str, sizes)) for sizes in zip(*pairs))
                yield row.path, f"sees {size} positions of the input '{field.input}', which has only {available}"
