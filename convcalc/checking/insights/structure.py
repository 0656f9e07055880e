"""Insights about the order of layers: mistakes that models of beginners often have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convcalc.analyse.report import LayerReport, Report
from convcalc.base.numbers import Shape, plain
from convcalc.base.text import shapes_text
from convcalc.checking.insights.rules import Findings, all_arguments, insight, readers
from convcalc.layers import LayerDefinition
from convcalc.layers.registry import VIEW
from convcalc.model import Layer, Model


@insight("dense-on-image")
def _dense_on_image(report: Report) -> Findings:
    """The output of a Dense layer at the end still has height and width.

    A Dense layer acts on the last axis only. On an image of 7×7×64 it gives one answer for each of the 49 positions, not one for
    the whole image. Usually a Flatten or a GlobalAveragePooling2D is missing before the first Dense layer: add one of them
    there. If you want an answer for each position, as in segmentation, this is right; a Conv2D with kernel size 1 does the same.
    """
    for layer, row in _last_layers(report):
        shape = row.output_shapes[0]
        if _is_dense(layer) and shape is not None and len(shape) > 3:
            yield (
                row.path,
                f"acts on the last axis only: its output is {shapes_text((shape,))}, one answer for each position",
            )


@insight("linear-layers")
def _linear_layers(report: Report) -> Findings:
    """Two Dense layers without an activation between them compute no more than one.

    Without an activation, a Dense layer is a multiplication by a matrix, and two such multiplications are one. Give the first layer an
    activation, such as `activation: relu`. A layer with fewer units than its input and its reader is not reported, because such a
    bottleneck saves parameters on purpose.
    """
    rows = _rows(report)
    for prefix, model in report.model.models():
        read_by = readers(model)
        for number, layer in enumerate(model.layers):
            after = _only_reader(model, read_by, number)
            row = rows.get(prefix + layer.name)
            if row is None or after is None or not (_is_linear(layer) and _is_dense(model.layers[after])):
                continue
            if not _is_bottleneck(row, rows.get(prefix + model.layers[after].name)):
                yield (
                    row.path,
                    f"has no activation before '{model.layers[after].name}': together they compute no more than one layer",
                )


@insight("dropout-last")
def _dropout_last(report: Report) -> Findings:
    """A dropout after the last layer deletes a part of the answers.

    In training, a random part of the model's outputs becomes 0, whatever the layers before it computed: the loss then punishes
    right answers. Dropout usually follows a large Dense layer in the middle of a model, or is before it. There are the most
    weights, which can learn single images by heart; dropout makes the model rely on many features instead. A convolution has
    fewer weights, and neighbouring pixels contain the same information, so dropout has less effect there.
    """
    for layer, row in _last_layers(report):
        if _is_dropout(layer):
            yield row.path, "is the last layer, so it deletes a part of the model's outputs in training"


@insight("softmax-of-one")
def _softmax_of_one(report: Report) -> Findings:
    """A softmax over one value is always 1.

    Softmax divides each value by the sum of all values. With one unit, the result is 1 for every input, and the model cannot learn.
    For two classes, use one unit with `activation: sigmoid`, or two units with `activation: softmax`.
    """
    for row in report.layers:
        if _activation(row.definition, row.config) == "softmax" and any(
            _last_size((shape,)) == 1 for shape in row.output_shapes
        ):
            yield row.path, "applies softmax to one value, so its output is always 1"


@insight("no-final-activation")
def _no_final_activation(report: Report) -> Findings:
    """The last Dense layer has several units and no activation.

    Its outputs are any numbers (logits), not probabilities. For one class of several, use `activation: softmax`; for several labels at
    once, `activation: sigmoid`. Without an activation, give the loss `from_logits=True`. For a regression, this is right.
    """
    for layer, row in _last_layers(report):
        units = _last_size(row.output_shapes)
        if _is_linear(layer) and units is not None and units > 1:
            yield (
                row.path,
                f"returns {units:,} numbers without an activation: for classes, add softmax or sigmoid, or use a loss with "
                "from_logits=True",
            )


def _rows(report: Report) -> dict[str, LayerReport]:
    """Returns the rows by the paths of their layers."""
    return {row.path: row for row in report.layers}


def _last_layers(report: Report) -> Iterator[tuple[Layer, LayerReport]]:
    """Yields the layers whose outputs the model returns, except its inputs."""
    rows = _rows(report)
    for number in dict.fromkeys(
        report.model.calls[ref.call].layer for ref in report.model.outputs if ref not in report.model.inputs
    ):
        layer = report.model.layers[number]
        if layer.name in rows:
            yield layer, rows[layer.name]


def _last_size(shapes: Sequence[Shape | None]) -> int | None:
    """Returns the size of the last axis of the first shape; None if it is unknown."""
    size = plain(shapes[0][-1]) if shapes and shapes[0] else None
    return size if isinstance(size, int) else None


def _only_reader(model: Model, read_by: list[set[int | None]], number: int) -> int | None:
    """Returns the only layer that reads a layer's output, after layers that change no value at inference; otherwise None."""
    while True:
        readers_of = read_by[number]
        if len(readers_of) != 1 or None in readers_of:
            return None
        (reader,) = readers_of
        assert reader is not None
        definition = model.layers[reader].definition
        if not (isinstance(definition, LayerDefinition) and definition.buffer_reuse == VIEW and not definition.merges):
            return reader
        number = reader


def _is_dense(layer: Layer) -> bool:
    return isinstance(layer.definition, LayerDefinition) and layer.definition.is_dense


def _is_linear(layer: Layer) -> bool:
    return _is_dense(layer) and _activation(layer.definition, layer.args) in (None, "linear")


def _is_dropout(layer: Layer) -> bool:
    return isinstance(layer.definition, LayerDefinition) and layer.definition.drops_values


def _activation(definition: Any, args: Mapping[str, Any]) -> Any:
    return all_arguments(definition, args).get("activation")


def _is_bottleneck(row: LayerReport, reader: LayerReport | None) -> bool:
    """Returns True if a Dense layer has fewer units than its input and than its reader, or if one of them is unknown."""
    units, inputs = _last_size(row.output_shapes), _last_size(row.calls[-1].input_shapes)
    after = _last_size(reader.output_shapes) if reader is not None else None
    return units is None or inputs is None or after is None or (units < inputs and units < after)
