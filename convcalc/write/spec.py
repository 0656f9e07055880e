"""Writes a model as a readable spec.

The spec omits default values and automatic names. It also omits ``from:`` if a layer reads the layer above it. The
written text is read again and compared with the model. If text and model differ, an error is raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.analyse import infer
from convcalc.analyse.report import Report
from convcalc.base import codes
from convcalc.base.keras_names import Names, short_class
from convcalc.base.problems import ConvcalcError, Source, error, listed
from convcalc.layers import LayerDefinition
from convcalc.layers.spelling import common_options, non_default_arguments
from convcalc.model import INPUT_FLAGS, Call, Foreign, Layer, Model, Ref, Slot, input_args
from convcalc.ops import Operation
from convcalc.read.spec.spec import read_spec
from convcalc.read.spec.values import COMMON_OPTIONS
from convcalc.write.arguments import claim_name, has_automatic_name
from convcalc.write.calls import data_calls, holds_function, require_keras_operations
from convcalc.write.custom import declarations
from convcalc.write.expressions import slot_numbers
from convcalc.write.operations import operands
from convcalc.write.proof import cannot_write, first_difference, shared_weights, without_stored_weights
from convcalc.write.yaml_values import flow, value_text, value_texts, word_text


def spec_yaml(report: Report) -> str:
    """Returns the text of the spec. Raises :class:`ConvcalcError` if the model cannot be written as a spec."""
    model = report.model
    require_keras_operations(model)
    _reject_repeated_operations(model)
    for path, inner in model.models():
        _reject_frozen(inner, path)
        _reject_calls(inner, path)
    expected = without_stored_weights(report)
    if reason := shared_weights(report, expected):
        raise cannot_write(report, "a spec", reason)
    reason = ""
    for short in (True, False):
        lines = _Writer(model, Names() if short else None).lines()
        text = "\n".join([lines[0], *declarations(model), *lines[1:]]) + "\n"
        try:
            difference = first_difference(expected, infer(read_spec(Source("the spec", text))), arranged=False)
        except ConvcalcError as failed:
            difference = failed.problems[0].message
        if difference is None:
            return text
        reason = difference
    raise cannot_write(report, "a spec", reason)


def _reject_frozen(model: Model, prefix: str) -> None:
    """Raises :class:`ConvcalcError` if the outermost model is frozen: a spec can freeze only layers."""
    if not prefix and not model.trainable:
        message = (
            f"'{model.name}' is frozen, but a spec can freeze only layers, not the whole model; write .json or .py"
        )
        raise error(codes.CANNOT_WRITE, message)


def _reject_calls(model: Model, prefix: str) -> None:
    """Raises :class:`ConvcalcError` for parts of a model that a spec cannot contain: some arguments of calls, and
    functions in the config of a custom class.
    """
    for layer in model.layers:
        if isinstance(layer.definition, Foreign) and holds_function(layer.definition.config):
            message = (
                f"the config of '{prefix}{layer.name}' contains a function, which a spec cannot contain; write .json"
            )
            raise error(codes.CANNOT_WRITE, message)
    for call in model.calls:
        layer, form = model.layers[call.layer], call.form
        if form is None:
            continue
        definition = layer.definition
        known = {"training", "initial_state"}
        if isinstance(definition, LayerDefinition):
            known |= {argument.name for argument in definition.call_arguments}
        others = [key for key, value in form.kwargs.items() if not _is_empty(value) and key not in known]
        others = [key for key in others if not any(True for _ in slot_numbers(form.kwargs[key]))]
        if isinstance(definition, Foreign):
            others = [key for key, value in form.kwargs.items() if not _is_empty(value) and key != "training"]
            tensors = form.args[0] if len(form.args) == 1 and isinstance(form.args[0], list) else list(form.args)
            if not others and (len(form.args) != 1 or tensors != [Slot(number) for number in range(len(call.inputs))]):
                others = ["several arguments"]
        if others:
            message = f"'{prefix}{layer.name}' is called with {listed(others, 'and')}, which a spec cannot contain"
            raise error(codes.CANNOT_WRITE, f"{message}; write .json or .py")


def _is_empty(value: Any) -> bool:
    """Returns True for None, and for a list with only None, such as the list of masks for tensors without masks."""
    return all(map(_is_empty, value)) if isinstance(value, (list, tuple)) else value is None


def _reject_repeated_operations(model: Model) -> None:
    calls = [model.calls[number].layer for number in data_calls(model)]
    again = sorted(
        {
            model.layers[n].name
            for n in calls
            if isinstance(model.layers[n].definition, Operation) and calls.count(n) > 1
        }
    )
    if again:
        raise error(
            codes.CANNOT_WRITE,
            f"a spec can call an operation only once, but the model calls {listed(again[:5], 'and')} several times",
        )
    for layer in model.layers:
        if layer.model is not None:
            _reject_repeated_operations(layer.model)


class _Writer:
    """Writes one model. Leaves out automatic names, which ``names`` counts; if ``names`` is None, writes all names."""

    def __init__(self, model: Model, names: Names | None) -> None:
        self.model = model
        self.names = names
        self.calls = data_calls(model)
        self.latest: dict[int, int] = {}
        self.labels = self._labels()

    def _labels(self) -> dict[int, str]:
        """Returns labels (``as:``) for calls whose output is read after a later call of the same layer.

        In a spec, the name of a layer means its latest call.
        """
        latest: dict[int, int] = {}
        labelled: dict[int, str] = {}
        taken = {layer.name for layer in self.model.layers}
        for number in [*self.calls, -1]:
            refs = self.model.outputs if number < 0 else self.model.calls[number].inputs
            for ref in refs:
                layer = self.model.calls[ref.call].layer
                if latest.get(layer) != ref.call and ref.call not in labelled:
                    label = f"{self.model.layers[layer].name}_call_{ref.call}"
                    while label in taken:
                        label += "_"
                    labelled[ref.call] = label
            if number >= 0:
                latest[self.model.calls[number].layer] = number
        return labelled

    def lines(self) -> list[str]:
        """Returns the lines of the spec."""
        model = self.model
        functional = model.class_name != "Sequential"
        lines = [f"name: {word_text(model.name)}"]
        inputs = [ref.call for ref in model.inputs]
        current = Ref(inputs[0]) if len(inputs) == 1 else None
        if functional:
            lines.append("inputs:")
            for call in inputs:
                layer = model.layer_of(Ref(call))
                lines.append(f"  {word_text(layer.name)}: {_input(layer)}")
        else:
            first = model.layer_of(Ref(inputs[0]))
            automatic = self.names.automatic("InputLayer") if self.names else ""
            lines.append(f"input: {_input(first, '' if first.name == automatic else first.name)}")
        lines.append("layers:")
        for number in self.calls:
            if number in inputs:
                continue
            lines += self._entry(number, model.calls[number], current)
            current = Ref(number)
        if model.output_names:
            texts = dict(zip(sorted(model.output_names), map(self._ref, model.outputs)))
            lines.append(f"outputs: {flow({name: texts[name] for name in model.output_names})}")
        elif functional and (model.outputs != (current,)):
            lines.append(f"outputs: {self._refs(model.outputs)}")
        return lines

    def _entry(self, number: int, call: Call, current: Ref | None) -> list[str]:
        layer = self.model.layers[call.layer]
        again = call.layer in self.latest
        own: dict[str, str] = {}
        if call.inputs != ((current,) if current is not None else ()):
            own["from"] = self._refs(call.inputs)
        if number in self.labels:
            own["as"] = word_text(self.labels[number])
        self.latest[call.layer] = number
        definition = layer.definition
        if isinstance(definition, Operation):
            return [self._operation(layer, definition, call, own)]
        if again:
            args = {key: value_text(value) for key, value in call.args.items()}
            return [f"  - {flow({'call': word_text(layer.name), **args, **own})}"]
        if isinstance(definition, Model):
            if not layer.trainable:
                own["trainable"] = "false"
            inner = _Writer(definition, self.names).lines()
            inner[0] = f"name: {word_text(layer.name)}"
            return [
                "  - Model:",
                *(f"      {line}" for line in [*inner, *(f"{key}: {value}" for key, value in own.items())]),
            ]
        if not isinstance(definition, LayerDefinition):
            return [self._foreign(layer, call, own)]
        args = value_texts(non_default_arguments(definition, {**layer.args, **call.args}))
        if not self.names or not has_automatic_name(self.names, definition, layer):
            args["name"] = word_text(layer.name)
        args |= {
            **value_texts(common_options(definition, layer)),
            **(_recorded(call) if definition.is_opaque else {}),
            **own,
        }
        return [f"  - {definition.name}: {flow(args)}" if args else f"  - {definition.name}"]

    def _foreign(self, layer: Layer, call: Call, own: Mapping[str, str]) -> str:
        """Returns the entry of a custom layer, with `expect:` if the file records its output shape."""
        base = short_class(layer.class_name)
        definition = layer.definition
        foreign = definition if isinstance(definition, Foreign) else Foreign(layer.class_name)
        registered, module = foreign.registered_name or "", foreign.module
        name = registered if ">" in registered else f"{module}.{base}" if module else f"Custom>{base}"
        fields = {key: value_text(value) for key, value in layer.args.items() if key not in COMMON_OPTIONS}
        if not self.names or not claim_name(self.names, base, layer):
            fields["name"] = word_text(layer.name)
        if not layer.trainable:
            fields["trainable"] = "false"
        if layer.dtype != "float32":
            fields["dtype"] = layer.dtype
        fields |= {**_recorded(call), **own}
        return f"  - {word_text(name)}: {flow(fields)}" if fields else f"  - {word_text(name)}"

    def _operation(self, layer: Layer, operation: Operation, call: Call, own: Mapping[str, str]) -> str:
        """Returns the entry of an operation. ``own`` has its keys ``from`` and ``as``.

        ``from`` is left out if the operation reads only the output of the entry above.
        """
        given = operands(layer, call, value_text, self._refs)
        if "from" not in own and given.get("from"):
            del given["from"]
        if not self.names or not has_automatic_name(self.names, operation, layer):
            given["name"] = word_text(layer.name)
        fields = given | ({"as": own["as"]} if "as" in own else {})
        return f"  - ops.{operation.function}: {flow(fields)}" if fields else f"  - ops.{operation.function}"

    def _refs(self, refs: Sequence[Ref]) -> str:
        words = [self._ref(ref) for ref in refs]
        return words[0] if len(words) == 1 else f"[{', '.join(words)}]"

    def _ref(self, ref: Ref) -> str:
        name = self.labels.get(ref.call) or self.model.layer_of(ref).name
        return f"[{word_text(name)}, {ref.output}]" if ref.output else word_text(name)


def _input(layer: Layer, name: str = "") -> str:
    """Returns the entry of an input: only the shape, or a mapping if the input has other options."""
    args = input_args(layer)
    shape = value_text(args.get("shape", ()))
    more = {"name": word_text(name)} if name else {}
    if "batch_size" in args:
        more["batch_size"] = value_text(args["batch_size"])
    if layer.dtype != "float32":
        more["dtype"] = layer.dtype
    more |= {flag: "true" for flag in INPUT_FLAGS if layer.args.get(flag)}
    return flow({"shape": shape, **more}) if more else shape


def _recorded(call: Call) -> dict[str, str]:
    """Returns an `expect:` with the recorded output shape, or an empty mapping."""
    shape = call.recorded[0][0] if 0 in call.recorded else None
    return {} if shape is None else {"expect": f"{{output_shape: {value_text(shape)}}}"}
