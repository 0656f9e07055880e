"""Reads a model in a spec: its inputs, layers and outputs. Also reads nested models and templates."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Shape
from convcalc.base.problems import Refusal
from convcalc.layers import bind, lookup_builtin, require_builtin
from convcalc.layers.arguments import Sizes, shown
from convcalc.layers.dtypes import DTYPES
from convcalc.model import Layer, Model, Ref, Slot
from convcalc.read.custom_layers import CustomLayers
from convcalc.read.spec.blocks import Block
from convcalc.read.spec.entries import Entries, Spec, keras_name
from convcalc.read.spec.graph import GraphBuilder
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode
from convcalc.read.spec.values import AlreadyReported, NodeReader, Scope, SpecPlace, has_misspelling_of

_INPUT = require_builtin("InputLayer")
# The keys that an input can have, in addition to the arguments of InputLayer.
_INPUT_OPTIONS = ("name", "dtype")


class ModelReader:
    """Reads the model of the file, and models nested in it."""

    def __init__(self, reader: NodeReader, blocks: Mapping[str, Block], custom: CustomLayers) -> None:
        self.reader = reader
        self.spec = Spec(reader, blocks, custom, self.model)

    def model(
        self,
        fields: MappingNode,
        scope: Scope,
        name: str | None = None,
        given: Mapping[str | None, tuple[Shape, str]] | None = None,
    ) -> Model:
        """Returns the model of a mapping with inputs and layers.

        ``given`` maps the name of an input to its shape and dtype. It replaces the inputs in the mapping.
        """
        graph = GraphBuilder(self.reader.file)
        # A nested model sees the variables of the outer model, but not its tensors.
        scope = scope._replace(labels=ChainMap(), inputs=())
        if given is None:
            named_inputs = self.inputs(fields, graph, scope)
        else:
            named_inputs = None not in given
            for key, (shape, dtype) in given.items():
                layer = _given_input(key or self.reader.file.names.automatic(_INPUT.name), shape, dtype)
                graph.add_input(graph.add_layer(layer), None)
        if len(graph.inputs) == 1:
            scope = scope._replace(inputs=tuple(graph.inputs)) if given is not None else scope
        entries = Entries(self.spec, graph, scope, graph.inputs[-1] if len(graph.inputs) == 1 else None)
        layers = fields.get("layers")
        if isinstance(layers, SequenceNode) and layers.items:
            entries.read(layers)
        elif layers is not None:
            message = "'layers' must be a list of at least one layer; begin each with '- '"
            self.reader.report(fields.fields["layers"][0], codes.MISSING_LAYERS, message, scope)
        elif not has_misspelling_of(fields, "layers"):
            self.reader.report(fields, codes.MISSING_LAYERS, "a model needs a list of 'layers:'", scope)
        named = fields.get("outputs")
        keys = tuple(named.fields) if isinstance(named, MappingNode) else ()
        outputs = self.named_outputs(named, entries) if isinstance(named, MappingNode) else self.outputs(named, entries)
        functional = named_inputs or entries.branches or "outputs" in fields.fields
        class_name = "Functional" if functional else "Sequential"
        own_name = fields.get("name")
        if name is None and own_name is not None:
            with suppress(AlreadyReported):
                name = self.reader.word(own_name, scope, "a model's name")
        model = graph.finish(name or self.reader.file.names.automatic(class_name), class_name, outputs)
        if not keys:
            return model
        tree = {key: Slot(number) for number, key in enumerate(sorted(keys))}
        return model._replace(output_names=keys, output_tree=tree)

    def named_outputs(self, node: MappingNode, entries: Entries) -> tuple[Ref, ...]:
        """Returns the outputs of ``outputs: {name: layer}``, sorted by their names, as in Keras."""
        refs: list[Ref] = []
        if not node.fields:
            self.reader.report(node, codes.INVALID_VALUE, "'outputs' is empty; name at least one layer", entries.scope)
            return () if entries.current is None else (entries.current,)
        for key, (_, value) in sorted(node.fields.items()):
            with suppress(AlreadyReported):
                one = entries.references.read(value)
                if len(one) == 1:
                    refs += one
                else:
                    message = (
                        f"the output '{key}' must be one layer; write a name, or [name, number] for a further output"
                    )
                    self.reader.report(value, codes.INVALID_VALUE, message, entries.scope)
        return tuple(refs)

    def outputs(self, node: Node | None, entries: Entries) -> tuple[Ref, ...]:
        """Returns the outputs that the spec names; the output of the last layer if the spec names no outputs."""
        if node is not None:
            with suppress(AlreadyReported):
                return entries.references.read(node)
        return () if entries.current is None else (entries.current,)

    def inputs(self, fields: MappingNode, graph: GraphBuilder, scope: Scope) -> bool:
        """Adds the inputs to the graph. Returns True if the inputs have names; the model is then a Functional."""
        report = self.reader.report
        one, several, layers = fields.get("input"), fields.get("inputs"), fields.get("layers")
        if several is not None and one is not None:
            message = "write 'input:' for one input or 'inputs:' for named ones, not both"
            report(fields.fields["inputs"][0], codes.TWO_INPUTS, message, scope)
        if isinstance(several, MappingNode) and several.fields:
            for name, (_, node) in several.fields.items():
                self.add_input(graph, node, name, scope)
        elif several is not None:
            message = "'inputs' must be a mapping from a name to a shape, such as {image: [28, 28, 1], size: [2]}"
            report(several, codes.INVALID_VALUE, message, scope)
            self.add_broken_input(graph, several, scope)
        elif one is not None:
            self.add_input(graph, one, None, scope)
            if (second := _first_input_layer(layers)) is not None:
                message = "this is a second input besides 'input:'; remove one of them, or name both under 'inputs:'"
                report(second, codes.TWO_INPUTS, message, scope)
        elif _first_input_layer(layers) is None:
            message = "a model needs an 'input:' with the shape of one sample, such as [28, 28, 1]"
            if not has_misspelling_of(fields, "input") and not has_misspelling_of(fields, "inputs"):
                report(fields.fields["layers"][0] if layers else fields, codes.MISSING_INPUT, message, scope)
            self.add_broken_input(graph, fields, scope)
        return several is not None

    def add_broken_input(self, graph: GraphBuilder, node: Node, scope: Scope) -> None:
        """Adds an input of unknown shape in place of an input that could not be read, so that its layers can be read."""
        place = SpecPlace(self.reader.source, node, context=scope.context)
        layer = Layer(self.reader.file.names.automatic(_INPUT.name), _INPUT.name, _INPUT, place=place, broken=True)
        graph.add_input(graph.add_layer(layer), place)

    def add_input(self, graph: GraphBuilder, node: Node, name: str | None, scope: Scope) -> None:
        """Adds an input layer, given by a shape or by ``{shape, batch_size, dtype, name}``."""
        reader = self.reader
        given = node if isinstance(node, MappingNode) else None
        place = SpecPlace(reader.source, node, given, definition=_INPUT, context=scope.context)
        args: dict[str, Any] = {}
        dtype = "float32"
        broken = False
        if isinstance(node, MappingNode):
            with suppress(AlreadyReported):
                dtype = reader.dtype(node.get("dtype"), scope, DTYPES) or dtype
            if (name_node := node.get("name")) is not None:
                if name is not None:
                    message = f"this input is already named '{name}' by its key under 'inputs:'; remove this name"
                    reader.report(node.fields["name"][0], codes.DUPLICATE_ARGUMENT, message, scope)
                else:
                    with suppress(AlreadyReported):
                        name = reader.word(name_node, scope, "an input's name")
        try:
            args, refusals = self.input_arguments(node, scope)
            reader.report_refusals(place, refusals)
            broken = bool(refusals)
        except AlreadyReported:
            broken = True
        layer = Layer(
            name or reader.file.names.automatic(_INPUT.name),
            _INPUT.name,
            _INPUT,
            args,
            dtype=dtype,
            place=place,
            broken=broken,
        )
        graph.add_input(graph.add_layer(layer), place)

    def input_arguments(self, node: Node, scope: Scope) -> tuple[dict[str, Any], list[Refusal]]:
        """Returns the arguments of an input, and the problems with them. Raises :class:`AlreadyReported`."""
        if isinstance(node, MappingNode):
            given = {
                key: self.reader.value(value, scope)
                for key, (_, value) in node.fields.items()
                if key not in (*_INPUT_OPTIONS, "expect")
            }
            args, refusals = bind(_INPUT, (), given)
            if "expect" in node.fields:
                message = "an input has no 'expect:'; write the expected size as its 'shape:'"
                refusals.append(Refusal(message, codes.UNKNOWN_ARGUMENT, "expect"))
            if not refusals and args.get("shape") is None and args.get("batch_shape") is None:
                refusals.append(Refusal("an input needs a 'shape:', such as [28, 28, 1]", codes.MISSING_ARGUMENT))
            return args, refusals
        read = self.reader.value(node, scope)
        if isinstance(read, str):
            from convcalc.read.spec.cures import input_sizes  # imported lazily: few specs write sizes as a text

            read = input_sizes(read) or read
        try:
            return {"shape": Sizes().read(read)}, []
        except ValueError as refused:
            self.report_shape(node, read, str(refused), scope)
            raise AlreadyReported from None

    def report_shape(self, node: Node, read: Any, hint: str, scope: Scope) -> None:
        """Reports a wrong shape, if possible at the position of the wrong size."""
        if isinstance(node, SequenceNode) and not hint:
            for item, size in zip(node.items, read):
                try:
                    Sizes().read([size])
                except ValueError:
                    message = (
                        f"a size must be a whole number of at least 0, or null if it is unknown, not {shown(size)}"
                    )
                    if str(size).lower() in ("none", "?", "nan", "-1"):
                        message += "; write null"
                    self.reader.report(item, codes.INVALID_VALUE, message, scope)
            return
        message = f"an input must be {Sizes.expects}, not {shown(read)}"
        self.reader.report(node, codes.INVALID_VALUE, hint.removeprefix("; ") or message, scope)


def _given_input(name: str, shape: Shape, dtype: str) -> Layer:
    """Returns an input layer for a tensor of this shape."""
    args: dict[str, Any] = {"batch_shape": tuple(shape)}
    if shape and shape[0] is UNKNOWN:
        args = {"shape": tuple(shape[1:])}
    return Layer(name, _INPUT.name, _INPUT, args, dtype=dtype or "float32")


def _first_input_layer(layers: Node | None) -> Node | None:
    """Returns the first layer if it is an InputLayer, otherwise None. A Sequential of Keras can begin with an
    InputLayer.
    """
    first = layers.items[0] if isinstance(layers, SequenceNode) and layers.items else None
    names = first.fields if isinstance(first, MappingNode) else (first.value,) if isinstance(first, ScalarNode) else ()
    return (
        first if any(isinstance(name, str) and lookup_builtin(keras_name(name)) is _INPUT for name in names) else None
    )
