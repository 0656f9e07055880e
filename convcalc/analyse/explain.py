"""Explains the numbers of one layer with formulas, such as ``3·3·1·32 + 32 = 320``.

The report and the explanation use the same function of the layer (its *rule*). For the explanation, the rule gets
numbers that record how they were computed (:class:`convcalc.base.numbers.Traced`).
"""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.analyse.field_words import field_lines
from convcalc.analyse.inference import apply_rule
from convcalc.analyse.report import LayerReport, Report
from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, map_numbers, named, plain, product, shape_text, traced
from convcalc.base.problems import did_you_mean, error, listed
from convcalc.base.structs import Struct
from convcalc.base.window import Window
from convcalc.calculator import axis
from convcalc.calculator.axis import worked
from convcalc.layers import Inferred, LayerDefinition, parameters, sample_macs
from convcalc.model import Foreign, Model
from convcalc.ops import Operation


class Section(Struct):
    """A heading and its lines; each line has a label and a text."""

    title: str
    lines: tuple[tuple[str, str], ...]


class Explanation(Struct):
    """The explanation of one layer.

    Attributes:
        layer: the row of the report.
        number: the number of the row, from 1.
        layer_count: the number of rows of the report.
        summary: what the layer does.
        sections: the explained numbers.
    """

    layer: LayerReport
    number: int
    layer_count: int
    summary: str
    sections: tuple[Section, ...]


def find_layer(report: Report, selector: str) -> tuple[int, LayerReport]:
    """Returns the number of a layer (counted from 1) and its row in the report.

    ``selector`` is a name, a path, a number, or the beginning of exactly one name. Raises :class:`ConvcalcError` if no layer
    matches, or several do.
    """
    rows = list(enumerate(report.layers, start=1))
    for number, row in rows:
        if selector in (row.path, row.name):
            return number, row
    if selector.isdecimal() and len(selector) < 10:
        if 1 <= int(selector) <= len(rows):
            return rows[int(selector) - 1]
        raise error(codes.UNKNOWN_LAYER, f"there is no layer {selector}; the model has {len(rows)} layers")
    matches = [(number, row) for number, row in rows if row.name.startswith(selector) or row.path.startswith(selector)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = listed((f"'{row.path}'" for _, row in matches[:5]), "or") + (" or others" if len(matches) > 5 else "")
        raise error(codes.AMBIGUOUS_LAYER, f"'{selector}' could be {names}; write the whole name")
    paths = [row.path for _, row in rows]
    hint = (
        did_you_mean(selector, paths) or f"; its layers are {listed(paths[:8], 'and')}{' …' if len(paths) > 8 else ''}"
    )
    raise error(codes.UNKNOWN_LAYER, f"the model has no layer '{selector}'{hint}")


def explain(report: Study, selector: str) -> Explanation:
    """Returns the explanation of one layer. Raises :class:`ConvcalcError` unless ``selector`` matches exactly one
    layer.
    """
    number, row = find_layer(report, selector)
    explanation = _explained(report, number, row)
    calls = report.receptive_fields.get(row.path)
    lines = field_lines(calls[-1]) if calls else [("size", "unknown: the layer does not depend on a known input")]
    field = [Section("Receptive field", tuple(lines))] if lines else []
    return explanation._replace(sections=(*explanation.sections, *field))


def _explained(report: Report, number: int, row: LayerReport) -> Explanation:
    """Returns the explanation without the receptive field."""
    definition = row.definition
    inputs = _inputs(row)
    if isinstance(definition, Foreign) and definition.rule is not None and row.calls[-1].result.inferred is not None:
        rule = definition.rule
        layer = row.layer._replace(definition=rule.definition, args=rule.args)
        declared = LayerReport(layer, row.prefix, row.depth, row.trainable, row.calls, row.counts)
        return _explained(report, number, declared)._replace(layer=row)
    if isinstance(definition, Foreign):
        more = "; there may be more outputs" if row.may_have_more_outputs else ""
        shapes = ", ".join(map(shape_text, row.output_shapes))
        shown = f"{shapes}, as recorded in the file{more}" if row.calls[-1].recorded else "unknown"
        unknown = Section("Output", (("output", f"{shown}: the class is unknown, and its code is not run"),))
        stored = _stored(row)
        sections = (inputs, unknown, stored) if stored.lines else (inputs, unknown)
        known = f"{row.class_name} is not a Keras layer."
        if definition.keras_class is not None:
            known = f"The file stores other weights for this layer than Keras's {row.class_name} has."
        if definition.module == "keras.layers":
            known = f"{row.class_name} is a Keras layer, but the file does not contain its calls."
        only_weights = "The file has only the weights of this layer, not its class."
        return Explanation(row, number, len(report.layers), known if definition.class_known else only_weights, sections)
    if isinstance(definition, Model):
        return Explanation(
            row,
            number,
            len(report.layers),
            f"A nested {row.class_name} model, called as a layer.",
            (inputs, *_nested(report, row)),
        )
    if isinstance(definition, Operation):
        output = Section("Output", tuple(("output", shape_text(shape)) for shape in row.output_shapes))
        summary = f"{definition.summary} An operation of keras.ops, not a layer."
        cost = Section("MACs", (("MACs", "unknown: the number depends on the algorithm, or on an unknown size"),))
        sections = (inputs, output, cost) if row.macs is UNKNOWN else (inputs, output)
        return Explanation(row, number, len(report.layers), summary, sections)
    assert isinstance(definition, LayerDefinition)
    if any(shape is None for shape in row.calls[-1].result.inputs):
        unknown = Section("Output", (("output", "unknown, because an input is unknown"),))
        return Explanation(row, number, len(report.layers), definition.summary, (inputs, unknown))
    if definition.template is not None:
        nested = (inputs, *_nested(report, row))
        return Explanation(row, number, len(report.layers), definition.summary, nested)
    # Keras 2 can call a Conv2D on a video: the call then uses another definition than the layer's.
    ran = row.calls[-1].result.definition
    definition = ran if isinstance(ran, LayerDefinition) else definition
    inferred = _trace(definition, row)
    parts = (inputs, _output(definition, row, inferred), _weights(row, inferred), _macs(row, inferred))
    non_empty = tuple(section for section in parts if section.lines)
    return Explanation(row, number, len(report.layers), definition.summary, non_empty)


def _trace(definition: LayerDefinition, row: LayerReport) -> Inferred:
    """Runs the layer's rule on numbers that record their formulas.

    A formula shows an unknown size by the name of its axis, such as ``height``.
    """
    names, result = _axis_names(definition, row), row.calls[-1].result

    def size(value: Number, index: int) -> Number:
        if value is not UNKNOWN:
            return traced(value)
        return named(names[index]) if definition.axes and index else UNKNOWN

    args = {
        name: map_numbers(lambda number: number if number is UNKNOWN else traced(number), value)
        for name, value in {**definition.defaults, **row.config, **result.args}.items()
    }
    shapes = [tuple(size(value, index) for index, value in enumerate(shape)) for shape in result.rule_inputs]
    return apply_rule(definition, args, shapes, row.dtype)


def _axis_names(definition: LayerDefinition, row: LayerReport) -> list[str]:
    """Returns the names of the input's axes, such as ``batch``, ``height``, ``width`` and ``channels``."""
    return ["batch", *definition.axis_names(row.config)]


def _inputs(row: LayerReport) -> Section:
    lines = []
    for count, call in enumerate(row.calls, start=1):
        for source, shape in zip(call.inputs, call.input_shapes):
            label = "input" if len(row.calls) == 1 else f"input of call {count}"
            lines.append((label, f"{shape_text(shape)} from {source.removesuffix('[0][0]')}"))
    return Section("Input", tuple(lines))


def _output(definition: LayerDefinition, row: LayerReport, inferred: Inferred) -> Section:
    lines: list[tuple[str, str]] = []
    for index, (shape, known) in enumerate(zip(inferred.outputs, row.output_shapes)):
        lines.append(("output" if len(inferred.outputs) == 1 else f"output {index}", shape_text(known)))
        names = _axis_names(definition, row)
        spatial = [name for name in names if name not in ("batch", "channels")]
        for number, size in enumerate(shape[1:] if shape else (), start=1):
            # A model input may contain token ids: its last axis is then not called "features".
            unnamed = "features" if len(shape or ()) == 2 and definition.inputs != 0 else f"axis {number}"
            name = names[number] if shape and len(names) == len(shape) else unnamed
            lines.append((name, worked(size)))
            if name in spatial and len(inferred.windows) == len(spatial):
                lines.extend(("", note) for note in _window_notes(inferred.windows[spatial.index(name)]))
    return Section("Output", tuple(lines))


def _window_notes(window: Window) -> list[str]:
    """Returns texts about one axis of a window: the padding, and the input positions that the window never reads."""
    if window.transposed or not axis.known(window):
        return []
    notes = []
    if axis.is_same(window) and (window.pad_before != 0 or window.pad_after != 0):
        before, after = plain(window.pad_before), plain(window.pad_after)
        notes.append(f"padding {before} before and {after} after: {worked(axis.with_padding(window))}")
    unread = axis.unread(window)
    if unread:
        notes.append(
            "the last position is never used" if unread == 1 else f"the last {unread} positions are never used"
        )
    return notes


def _weights(row: LayerReport, inferred: Inferred) -> Section:
    if row.recorded:
        return _stored(row)
    lines: list[tuple[str, str]] = []
    for weight, known in zip(inferred.weights, row.weights):
        state = "" if known.trainable else f"; not trainable: {known.frozen_because}"
        count = worked(parameters(Inferred((), (weight,))))
        lines.append((weight.name, f"{shape_text(known.shape)}: {count}{state}"))
    if "params" in inferred.unknown:
        return Section(
            "Parameters", (*lines, ("params", "unknown: the number depends on code that convcalc does not run"))
        )
    lines.append(("params", worked(parameters(inferred)) if lines else "0: the layer has no weights"))
    if lines and row.trainable_params != row.params and row.trainable_params != 0:
        lines.append(("trainable", f"{row.trainable_params:,} of {row.params:,}"))
    return Section("Parameters", tuple(lines))


def _stored(row: LayerReport) -> Section:
    """Returns the section "Parameters" if the weights come from the file; an empty section if they were inferred."""
    if not row.recorded:
        return Section("Parameters", ())
    lines = [(weight.name, f"{shape_text(weight.shape)}: {product(weight.shape):,}") for weight in row.weights]
    return Section("Parameters", (*lines, ("params", f"{row.params:,}, as stored in the file")))


def _macs(row: LayerReport, inferred: Inferred) -> Section:
    macs = sample_macs(inferred)
    if "macs" in inferred.unknown:
        return Section("MACs", (("MACs", "unknown: the number depends on code that convcalc does not run"),))
    if plain(macs) == 0:
        return Section("MACs", (("MACs", "0: the layer does not multiply by weights"),))
    lines = [("MACs", f"{worked(macs)}{'' if isinstance(plain(macs), int) else ' (sizes are unknown)'} for one sample")]
    first = row.calls[-1].result.inputs[0]
    batch = plain(first[0]) if first else UNKNOWN
    if isinstance(plain(row.macs), int) and plain(row.macs) != plain(macs):
        calls = f"in {len(row.calls)} calls" if len(row.calls) > 1 else ""
        whole = f"for a batch of {batch}" if isinstance(batch, int) and batch != 1 else ""
        lines.append(("", " ".join(filter(None, (f"{row.macs:,}", whole, calls)))))
    return Section("MACs", tuple(lines))


def _params(row: LayerReport) -> str:
    """Returns the number of parameters of a layer as text."""
    label = row.incomplete.get("params")
    if row.params is UNKNOWN or label == "unknown":
        return "unknown"
    return f"{'at least ' if label else ''}{row.params:,}"


def _nested(report: Report, row: LayerReport) -> Sequence[Section]:
    below = [inner for inner in report.layers if inner.path.startswith(row.path + "/") and inner.depth == row.depth + 1]
    lines = [(inner.name, _params(inner)) for inner in below if inner.incomplete.get("params") or inner.params != 0]
    return (
        Section("Output", (("output", ", ".join(map(shape_text, row.output_shapes))),)),
        Section("Parameters", (*lines, ("params", f"{_params(row)}, the sum over its layers"))),
    )
