"""Writes the JSON report, version 1.

An unknown number is ``null``. ``incomplete`` has a label for each number that is not fully known: ``unknown``, or
``partial`` for a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from convcalc.analyse.report import CallReport, LayerReport, Totals
from convcalc.analyse.study import Study
from convcalc.analyse.sums import sum_known
from convcalc.base.identity import IdentityCache
from convcalc.base.json_text import dumps
from convcalc.base.numbers import Number, Shape, plain_number, plain_shape
from convcalc.layers import Weight
from convcalc.model import Model, Place, Ref, Slot, call_numbers
from convcalc.report_json import SCHEMA_VERSION
from convcalc.report_json.arguments import call_arguments, calls_by_path, json_values, row_arguments

if TYPE_CHECKING:
    from convcalc.analyse.memory import Memory, Training
    from convcalc.analyse.receptive_field import Field


def report_json(report: Study) -> str:
    """Returns the JSON report as text."""
    return dumps(report_data(report))


def report_data(report: Study) -> dict[str, Any]:
    """Returns the JSON report as plain data. If the report has no FLOPs yet,
    they are counted by convcalc's own convention.

    Equal parts may share one object: make a deep copy before you change anything.
    """
    report = report.with_flops()
    model, rows = report.model, _Rows(report)
    return {
        "schema_version": SCHEMA_VERSION,
        "model": {
            "name": model.name,
            "class_name": model.class_name,
            "source": model.source,
            "input_shapes": _shapes(report.input_shapes),
            "output_shapes": _shapes(report.output_shapes),
            **_ports(model),
        },
        "flops_convention": report.convention,
        "layers": list(map(rows.layer, report.layers)),
        "totals": totals_with_memory(report),
        "memory": _memory(report.memory),
        "problems": [problem.as_dict() for problem in report.problems],
    }


def totals_data(totals: Totals) -> dict[str, Any]:
    """Returns the ``totals`` object without the memory totals."""
    return {
        "params": plain_number(totals.params),
        "trainable_params": plain_number(totals.trainable_params),
        "non_trainable_params": plain_number(totals.non_trainable_params),
        "param_bytes": plain_number(totals.param_bytes),
        "macs": plain_number(totals.macs),
        **_if_counted("flops", totals.flops),
        "incomplete": dict(totals.incomplete),
    }


def totals_with_memory(report: Study) -> dict[str, Any]:
    """Returns the ``totals`` object with the memory totals."""
    counts, memory = totals_data(report.totals), report.memory
    return {
        **counts,
        "input_bytes": plain_number(memory.inputs),
        "activation_bytes": plain_number(memory.activations),
        "peak_activation_bytes": plain_number(memory.peak),
        "peak_layer": memory.peak_layer,
        "weight_bytes": plain_number(memory.weight_bytes),
        "incomplete": {**counts["incomplete"], **memory.incomplete},
    }


def _memory(memory: Memory) -> dict[str, Any]:
    return {
        "dtype": memory.assumptions.dtype,
        "in_place": memory.assumptions.in_place,
        "batch": plain_number(memory.batch),
        "weights": [
            {"dtype": group.dtype, "trainable": group.trainable, "bytes": group.size} for group in memory.weights
        ],
        "alive_at_peak": [{"tensor": tensor.name, "bytes": plain_number(tensor.size)} for tensor in memory.alive],
        "steps": [
            {"layer": moment.layer, "call": moment.call, "alive_bytes": moment.alive} for moment in memory.moments
        ],
        "training": training_data(memory.training) if memory.training else None,
    }


def training_data(training: Training) -> dict[str, Any]:
    """Returns the ``training`` object: the estimate for a training step."""
    return {
        "optimizer": training.optimizer,
        "weight_bytes": plain_number(training.weights),
        "gradient_bytes": plain_number(training.gradients),
        "optimizer_bytes": plain_number(training.slots),
        "activation_bytes": plain_number(training.activations),
        "input_bytes": plain_number(training.inputs),
        "total_bytes": plain_number(training.total),
        "incomplete": {"total_bytes": training.label} if training.label else {},
    }


class _Rows:
    """Makes the JSON objects of the layers. Equal parts are made once and shared."""

    def __init__(self, report: Study) -> None:
        self.fields = report.receptive_fields
        self.memory = report.memory
        self.model = report.model
        self.calls = calls_by_path(report.model)
        self.once = IdentityCache[Any]().once

    def layer(self, row: LayerReport) -> dict[str, Any]:
        path = row.path
        fields = self.fields.get(path, ())
        last = fields[-1] if fields else None
        sizes = self.memory.call_bytes(row)
        size = sum_known(sizes)
        given = call_arguments(self.model, row, self.calls)
        extra = repeat({}) if given is None else [{"arguments": json_values(arguments)} for arguments in given]
        return {
            "name": row.name,
            "class_name": row.class_name,
            "module": row.module or None,
            "path": path,
            "depth": row.depth,
            **_made_at(row.layer.place),
            "output_shapes": self.once(_shapes, row.output_shapes),
            "trainable": row.trainable,
            "dtype": row.dtype,
            "arguments": json_values(row_arguments(row, self.calls)),
            **_ports(row.layer.model),
            "calls": list(map(self.call, row.calls, sizes, chain(fields, repeat(())), extra)),
            "params": plain_number(row.params),
            "trainable_params": plain_number(row.trainable_params),
            "non_trainable_params": plain_number(row.non_trainable_params),
            "weights": self.once(weights_data, row.weights),
            "macs": plain_number(row.macs),
            **self.once(fields_data, last or ()),
            **_if_counted("flops", row.flops),
            "incomplete": {
                **row.incomplete,
                **({"receptive_field": "unknown"} if last is None else self.once(_labels, last)),
                **({"output_bytes": size.label} if size.label else {}),
            },
            **({"recorded": True} if row.recorded else {}),
            **({"may_have_more_outputs": True} if row.may_have_more_outputs else {}),
            "output_bytes": plain_number(size.value),
        }

    def call(self, call: CallReport, size: Number, fields: Sequence[Field], extra: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the object of a call with the bytes of its outputs, its receptive fields, and ``extra`` values."""
        return {
            "inputs": list(call.inputs),
            **extra,
            "input_shapes": _shapes(call.input_shapes) if call.received else self.once(_shapes, call.input_shapes),
            "output_shapes": self.once(_shapes, call.output_shapes),
            "output_dtypes": self.once(list, call.output_dtypes),
            "macs": plain_number(call.macs),
            **self.once(fields_data, fields),
            **_if_counted("flops", call.flops),
            **({"recorded": True} if call.recorded else {}),
            **({"may_have_more_outputs": True} if call.may_have_more_outputs else {}),
            "output_bytes": plain_number(size),
        }


def _ports(model: Model | None) -> dict[str, Any]:
    """Returns the inputs and outputs of a model; ``{}`` for a layer, and for a model without a graph."""
    if model is None or not model.outputs:
        return {}
    return {"inputs": model_inputs(model), "outputs": model_outputs(model)}


def model_inputs(model: Model) -> Any:
    """Returns the names of the inputs: a list, or the lists and mappings that the model takes."""
    return _arranged(model, model.inputs, model.input_tree)


def model_outputs(model: Model) -> Any:
    """Returns the names of the outputs: a list, or the lists and mappings that the model returns."""
    if model.output_names:
        return dict(zip(sorted(model.output_names), _tensor_names(model, model.outputs)))
    return _arranged(model, model.outputs, model.output_tree)


def _arranged(model: Model, refs: Sequence[Ref], tree: Any) -> Any:
    names = _tensor_names(model, refs)
    return names if tree is None else _filled(tree, names)


def _filled(tree: Any, names: Sequence[str]) -> Any:
    """Returns the lists and mappings of a model's inputs or outputs, with the names of the tensors."""
    if isinstance(tree, Slot):
        return names[tree.number]
    if isinstance(tree, Mapping):
        return {str(key): _filled(part, names) for key, part in tree.items()}
    return [_filled(part, names) for part in tree] if isinstance(tree, (list, tuple)) else tree


def _tensor_names(model: Model, refs: Sequence[Ref]) -> list[str]:
    numbers = call_numbers(model)
    return [f"{model.layer_of(ref).name}[{numbers[ref.call]}][{ref.output}]" for ref in refs]


def _made_at(place: Place | None) -> dict[str, Any]:
    """Returns the position in the code that makes a layer; ``{}`` if the model is not Python code."""
    mark = None if place is None else place.made_at
    return {} if mark is None else {"made_at": {"file": mark.file, "line": mark.line, "column": mark.column}}


def _shapes(shapes: Sequence[Shape | None]) -> list[list[int | None] | None]:
    return list(map(plain_shape, shapes))


def weights_data(weights: Sequence[Weight]) -> list[dict[str, Any]]:
    """Returns the list of a layer's weights."""
    return [
        {
            "name": weight.name,
            "shape": plain_shape(weight.shape),
            "dtype": weight.dtype,
            "trainable": weight.trainable,
        }
        for weight in weights
    ]


def fields_data(fields: Sequence[Field]) -> dict[str, Any]:
    """Returns the receptive fields of a layer, for one or several model inputs.

    The first field is ``receptive_field``, the others are ``other_receptive_fields``.
    """
    if not fields:
        return {"receptive_field": None}
    first, *others = map(_field, fields)
    return {"receptive_field": first, **({"other_receptive_fields": others} if others else {})}


def _field(field: Field) -> dict[str, Any]:
    return {
        "input": field.input,
        "size": [_plain_int(axis.size) for axis in field.axes],
        "stride": [axis.stride for axis in field.axes],
        "padding": [_plain_int(axis.padding) for axis in field.axes],
        "exceeds_input": field.exceeds,
        "misaligned": [list(path) for path in field.misaligned],
    }


def _plain_int(number: Number) -> int | None:
    return number if isinstance(number, int) else None


def _if_counted(name: str, number: Number | None) -> dict[str, int | None]:
    """Returns ``{name: number}``, or ``{}`` if the number was not requested."""
    return {} if number is None else {name: plain_number(number)}


def _labels(fields: Sequence[Field]) -> dict[str, str]:
    return fields[0].labels if fields else {}
