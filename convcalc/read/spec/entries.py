"""Reads the entries of a ``layers:`` list: layers, blocks, repeats, nested models, and repeated calls of layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.keras_names import Names
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import Refusal, did_you_mean
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition, bind, find
from convcalc.layers.arguments import shown
from convcalc.layers.sublayer import name_inside
from convcalc.model import Definition, Foreign, Layer, Model, Ref
from convcalc.ops import Operation, find_function
from convcalc.read.custom_layers import CustomLayers
from convcalc.read.spec.blocks import NESTED as NESTED
from convcalc.read.spec.blocks import Block, block_variables
from convcalc.read.spec.conditions import CONDITIONS, WHEN, read_condition, unmet
from convcalc.read.spec.graph import MAX_LAYERS, WORK_PER_LAYER, GraphBuilder
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode, TupleNode, plain_value
from convcalc.read.spec.operations import OperationReader, OperationUse
from convcalc.read.spec.references import INPUT, References
from convcalc.read.spec.values import COMMON_OPTIONS as COMMON_OPTIONS
from convcalc.read.spec.values import AlreadyReported, NodeReader, Scope, SpecPlace, has_misspelling_of

MODEL_KEYS = ("name", "input", "inputs", "layers", "outputs")
EXPECTATIONS = ("output_shape", "params", "trainable_params", "macs")
# The maximum nesting depth of blocks, repeats and models.
MAX_OPEN = 32
# Module prefixes that can be written before the name of a layer.
_KERAS = r"^((tf\.)?keras\.)?layers\.(?=\w+$)|(tf\.)?keras\.(?=Input$)"
_OPERATION = r"(?:(?:tf\.)?keras\.)?ops\.([\w.]+)"
_CUSTOM_CLASS = r"[A-Za-z_][\w.]*[.>]\w+"

_NO_LAYER = (
    "this entry names no layer; write '- Flatten', '- Dropout: 0.5' or '- Conv2D: {filters: 32, kernel_size: 3}'"
)


class Spec(Struct):
    """Data that all :class:`Entries` of one file share. ``read_model`` is the function that reads a nested model."""

    reader: NodeReader
    blocks: Mapping[str, Block]
    custom: CustomLayers
    read_model: Callable[[MappingNode, Scope, str | None], Model]


class Entries:
    """Reads one list of layers and adds them to a graph.

    Attributes:
        current: the output of the previous entry.
        branches: True if an entry has ``from:``. The model is then a Functional.
    """

    def __init__(self, spec: Spec, graph: GraphBuilder, scope: Scope, current: Ref | None) -> None:
        self.spec = spec
        self.reader = spec.reader
        self.graph = graph
        self.scope = scope
        self.current = current
        self.branches = False
        self.references = References(spec.reader, graph, scope)

    def report(self, node: Node, code: Code, message: str) -> None:
        """Reports a problem at a node."""
        self.reader.report(node, code, message, self.scope)

    def read(self, items: SequenceNode) -> Ref | None:
        """Reads each entry, and returns the output of the last entry."""
        for entry in items.items:
            self.reader.charge(WORK_PER_LAYER, entry)
            try:
                self.entry(entry)
            except AlreadyReported:
                self.current = self.placeholder(entry)
        return self.current

    def entry(self, entry: Node) -> None:
        """Reads one entry. Raises :class:`AlreadyReported`."""
        if isinstance(entry, ScalarNode) and isinstance(entry.value, str):
            if "(" in entry.value:
                self.python_call(entry.value, entry)
            else:
                self.use(entry.value, entry, entry, None)
        elif not isinstance(entry, MappingNode) or not entry.fields:
            self.report(entry, codes.INVALID_LAYER, _NO_LAYER)
            raise AlreadyReported
        elif "repeat" in entry.fields:
            self.repeat(entry)
        elif name := next((name for name in CONDITIONS if name in entry.fields), None):
            self.conditional(entry, name)
        elif "call" in entry.fields:
            self.call_again(entry)
        else:
            names = [key for key in entry.fields if key not in COMMON_OPTIONS]
            if len(names) != 1:
                node = entry.fields[names[1]][0] if names else entry
                message = self.several_names(names, entry) if names else _NO_LAYER
                self.report(node, codes.INVALID_LAYER, message)
                raise AlreadyReported
            key, given = entry.fields[names[0]]
            if re.match(r"(\w+\s*=\s*)?[\w.]+\(", names[0]):  # a colon in Python, as in ``Lambda(lambda x: x / 255)``
                text = names[0] if plain_value(given) is None else f"{names[0]}: {plain_value(given)}"
                self.python_call(text, key)
                return
            inside = given.fields if isinstance(given, MappingNode) and names[0] not in self.spec.blocks else {}
            # An operation has no other options, but some have an argument of this name.
            for option in ("name",) if re.fullmatch(_OPERATION, names[0]) else COMMON_OPTIONS:
                if option in inside and option in entry.fields:
                    message = f"'{option}' is given twice, inside and beside {names[0]}; remove one of them"
                    self.report(entry.fields[option][0], codes.DUPLICATE_ARGUMENT, message)
            self.use(names[0], key, entry, given)

    def several_names(self, names: list[str], entry: MappingNode) -> str:
        """Returns the message for an entry with several names. The user probably forgot to indent the arguments, or to
        begin a layer with '- '.
        """
        from convcalc.read.spec.cures import several_names_message  # imported lazily: only wrong specs need it

        known = {
            name: self.positional_names(name) for name in names if find(keras_name(name)) or name in self.spec.blocks
        }
        return several_names_message(
            names, known, {key: plain_value(value) for key, (_, value) in entry.fields.items()}
        )

    def python_call(self, text: str, entry: Node) -> None:
        """Reads an entry that is written in Python, such as ``Conv2D(32, 3, padding='same')`` or ``x = Flatten()(x)``."""
        from convcalc.read.spec import pasted, python_syntax  # imported lazily: few specs contain Python

        try:
            call = python_syntax.layer_call(text, entry.line, entry.column, self.positional_names)
        except python_syntax.NotUnderstood as why:
            message = pasted.not_understood(text, str(why), self.positional_names, plain_value)
            self.report(entry, codes.INVALID_LAYER, message)
            raise AlreadyReported from None
        if keras_name(call.name) in NESTED:
            cure = (
                "list its layers here, one on each line, or write a nested model: 'Model:' with 'input:' and 'layers:'"
            )
            message = f"{call.name}(…) cannot be read in a spec; {cure}"
            self.report(entry, codes.INVALID_LAYER, message)
            raise AlreadyReported
        target = re.match(r"(\w+)\s*=[^=]", text)
        if not call.inputs and not target:
            self.use(call.name, entry, entry, call.arguments)
            return
        # The name of an unknown tensor means the model's input, if the model has one input and no layer so far.
        is_first = len(self.graph.calls) == 1 == len(self.graph.inputs) and len(call.inputs) == 1
        names_input = is_first and self.graph.find(call.inputs[0], self.scope.labels) is None
        if names_input:
            self.scope.labels[call.inputs[0]] = self.graph.inputs[0]
        mapping = pasted.entry_of(call, target[1] if target else "", call.inputs[0] if names_input else "", entry)
        self.use(call.name, entry, mapping, call.arguments)

    def positional_names(self, name: str) -> Sequence[str]:
        """Returns the names of the positional arguments of a layer or a block."""
        name = keras_name(name)
        if name in self.spec.blocks:
            return list(self.spec.blocks[name].defaults)
        declared = self.spec.custom.declared.get(name)
        definition = declared.definition if declared else find(name)
        return [argument.name for argument in definition.arguments] if definition else []

    def use(self, name: str, key: Node, entry: Node, given: Node | None) -> None:
        """Reads an entry with the name of a layer, a block, a nested model or an operation."""
        name = keras_name(name)
        if name in self.spec.blocks:
            self.block(self.spec.blocks[name], key, entry, given)
        elif name in NESTED:
            self.nested(key, entry, given)
        elif (declaration := self.spec.custom.declared.get(name)) is not None and name.isidentifier():
            self.layer(declaration.definition, key, entry, given)
        elif (definition := find(name)) is not None:
            self.layer(definition, key, entry, given)
        elif function := re.fullmatch(_OPERATION, name):
            self.operation(function[1], key, entry, given)
        elif re.fullmatch(_CUSTOM_CLASS, name):
            self.foreign(name, key, entry, given)
        else:
            from convcalc.read.spec.cures import unknown_layer_cure  # imported lazily: only wrong specs need it

            cure = unknown_layer_cure(name, [*self.spec.custom.declared, *self.spec.blocks, *NESTED])
            self.report(key, codes.UNKNOWN_LAYER, f"there is no layer or block '{name}'{cure}")
            raise AlreadyReported

    # Layers -----------------------------------------------------------------------------------------------------------

    def layer(self, definition: LayerDefinition, key: Node, entry: Node, given: Node | None) -> None:
        """Reads a layer whose class is in the catalogue, and calls it."""
        place = SpecPlace(self.reader.source, key, given, entry, definition, self.scope.context, self.scope.blocks)
        broken = False
        args: dict[str, Any] = {}
        try:
            args, refusals = bind(definition, *self.arguments(given))
            if isinstance(given, SequenceNode) and any(_names_argument(item, definition) for item in given.items):
                refusals = refusals or [Refusal("names in a list")]  # the message follows from the form of the list
            elif refusals or isinstance(given, TupleNode):
                given, args, refusals = self.other_forms(definition, given, args, refusals)
                place = place._replace(arguments=given)
            self.reader.report_refusals(place, refusals)
            broken = bool(refusals)
        except AlreadyReported:
            broken = True
        if definition.inputs == 0:
            self.input_layer(definition, place, args, broken)
        else:
            self.call_new(definition.class_name, definition, place, args, broken)
            if definition.is_opaque:
                self.record_expected()
            for class_name in definition.hidden_sublayer_classes(
                {} if broken else args, place.option("name") is not None
            ):
                self.reader.file.names.automatic(class_name)
        self.label(place)

    def other_forms(
        self, definition: LayerDefinition, given: Node | None, args: dict[str, Any], refusals: list[Refusal]
    ) -> tuple[Node | None, dict[str, Any], list[Refusal]]:
        """Reads arguments that are not valid as they are written, but clear: Python syntax, or one list as an argument."""
        from convcalc.read.spec import pasted  # imported lazily: few specs need it

        if refusals:
            other = pasted.understood_arguments(definition, given, self.positional_names, self.arguments)
            return (*other, []) if other else (given, args, refusals)
        assert isinstance(given, TupleNode)
        node, bound, refusals = pasted.tuple_arguments(definition, given, args, self.arguments)
        return node, dict(bound), refusals

    def input_layer(self, definition: LayerDefinition, place: SpecPlace, args: Mapping[str, Any], broken: bool) -> None:
        """Reads an entry that is an input layer, and adds it to the inputs of the model."""
        if (node := place.option("from")) is not None:
            self.report(
                node, codes.WRONG_INPUTS, f"{definition.name} is an input of the model and takes no 'from:'; remove it"
            )
        self.current = self.graph.add_input(
            self.add_layer(definition.class_name, definition, place, args, broken), place
        )
        self.branches = self.branches or len(self.graph.inputs) > 1

    def call_new(
        self,
        class_name: str,
        definition: Definition,
        place: SpecPlace,
        args: Mapping[str, Any],
        broken: bool,
    ) -> None:
        """Adds a layer and calls it. If its inputs are invalid, marks it as broken, and checks its other options."""
        inputs: tuple[Ref, ...] = ()
        try:
            inputs = self.inputs(place, definition)
        except AlreadyReported:
            broken = True
        number = self.add_layer(class_name, definition, place, args, broken)
        self.current = self.graph.call(number, inputs, place)

    def foreign(self, name: str, key: Node, entry: Node, given: Node | None) -> None:
        """Reads a layer of a custom class, such as ``package.Class`` or ``package>Class``.

        The layer's shapes and costs are unknown, unless the class is declared. Arguments that the declaration does not
        name are ignored.
        """
        place = SpecPlace(self.reader.source, key, given, entry, context=self.scope.context, blocks=self.scope.blocks)
        _, args = self.arguments(given)
        masks = self.masks(args)
        short = re.split(r"[.>]", name)[-1]
        # The short name may be that of a Keras layer. Then the custom class keeps its full name.
        class_name = name if find(short) else short
        definition = (
            Foreign(class_name, registered_name=name)
            if ">" in name
            else Foreign(class_name, module=name.rpartition(".")[0])
        )
        declaration = self.spec.custom.find(short, definition.module, definition.registered_name)
        broken = False
        if declaration is not None:
            place = place._replace(definition=declaration.definition)
            rule, refusals = declaration.bound(args)
            self.reader.report_refusals(place, refusals)
            definition, broken = definition._replace(rule=rule), bool(refusals)
        self.call_new(class_name, definition, place, args, broken)
        if masks and not broken:
            self.graph.calls[-1] = self.graph.calls[-1]._replace(masks=masks)
        self.record_expected()
        self.label(place)

    def masks(self, args: dict[str, Any]) -> tuple[Ref, ...]:
        """Removes mask arguments, such as ``padding_mask: mask``, from ``args``. Returns the tensors of these masks."""
        named = {key: value for key, value in args.items() if key == "mask" or key.endswith("_mask")}
        refs = {
            key: self.graph.find(value, self.scope.labels) for key, value in named.items() if isinstance(value, str)
        }
        for key, ref in refs.items():
            if ref is not None:
                del args[key]
                self.branches = True
        return tuple(ref for ref in refs.values() if ref is not None)

    def record_expected(self) -> None:
        """Records the output shape of the last layer from its ``expect:``, because it cannot be computed."""
        expected = (self.graph.layers[-1].expect or {}).get("output_shape")
        if isinstance(expected, list) and self.current is not None:
            # a shape under ``expect:`` may lack the batch axis
            sizes = expected if expected[:1] == [None] else [None, *expected]
            self.graph.record(self.current, tuple(UNKNOWN if size is None else size for size in sizes))

    def operation(self, function: str, key: Node, entry: Node, given: Node | None) -> None:
        """Reads an operation of ``keras.ops`` by the name of its function.

        A model that contains an operation is a Functional.
        """
        operation = find_function(function)
        if operation is None:
            from convcalc.ops import (
                OPERATIONS,
            )  # imported here, because the import is slow and seldom needed

            known = [known_operation.function for known_operation in OPERATIONS.values()]
            hint = did_you_mean(function, known) or "; `convcalc layers ops` lists them"
            self.report(key, codes.UNKNOWN_OPERATION, f"there is no operation 'ops.{function}'{hint}")
            raise AlreadyReported
        self.branches = True
        place = SpecPlace(self.reader.source, key, given, entry, operation, self.scope.context, self.scope.blocks)
        use, broken = OperationUse({}, {}, ()), False
        try:
            use = OperationReader(self.reader, self.references, self.scope).read(operation, place, self.current)
        except AlreadyReported:
            broken = True
        layer = Layer(
            self.given_name(place) or self.reader.file.names.automatic(operation.name),
            operation.name,
            operation,
            use.made,
            expect=self.expected(place),
            place=place,
            broken=broken,
        )
        self.current = self.graph.call(self.graph.add_layer(layer), use.inputs, place, use.call)
        self.label(place)

    def arguments(self, given: Node | None) -> tuple[list[Any], dict[str, Any]]:
        """Returns the positional and the named arguments of an entry, without options such as ``name`` and ``from``.

        Raises :class:`AlreadyReported`.
        """
        if isinstance(given, SequenceNode):
            return [self.reader.value(item, self.scope) for item in given.items], {}
        if isinstance(given, MappingNode):
            arguments = ((key, value) for key, (_, value) in given.fields.items() if key not in COMMON_OPTIONS)
            return [], {key: self.reader.value(value, self.scope) for key, value in arguments}
        if given is None or given.value is None:
            return [], {}
        return [self.reader.value(given, self.scope)], {}

    def add_layer(
        self,
        class_name: str,
        definition: Definition,
        place: SpecPlace,
        args: Mapping[str, Any],
        broken: bool = False,
    ) -> int:
        """Adds a layer with its common options to the graph, and returns its number."""
        reader, scope = self.reader, self.scope
        trainable, dtype = True, None
        layer_definition = place.definition if isinstance(place.definition, LayerDefinition) else None
        for key in layer_definition.unsupported_options if layer_definition else ():
            if (node := place.option(key)) is not None:
                self.report(node, codes.UNKNOWN_ARGUMENT, f"{class_name} has no '{key}' in Keras; remove it")
        names = reader.file.names
        if layer_definition is not None and layer_definition.sublayers_argument:
            args = {
                **args,
                layer_definition.sublayers_argument: tuple(
                    _named(sublayer, names) for sublayer in args.get(layer_definition.sublayers_argument, ())
                ),
            }
        name_inside(args, names)
        name = definition.name if isinstance(definition, Model) else self.given_name(place)
        with suppress(AlreadyReported):
            trainable = reader.flag(place.option("trainable"), scope, "trainable")
        with suppress(AlreadyReported):
            dtype = reader.dtype(place.option("dtype"), scope)
        layer = Layer(
            name or names.automatic(class_name.rpartition(".")[2]),
            class_name,
            definition,
            reader.file.interner.intern(args),
            trainable=trainable,
            dtype=dtype or (layer_definition.policy(args) if layer_definition and not broken else "float32"),
            expect=self.expected(place),
            place=place,
            broken=broken,
        )
        return self.graph.add_layer(layer)

    def given_name(self, place: SpecPlace) -> str:
        """Returns the name that an entry gives to its layer; an empty string if the entry states no name."""
        node = place.option("name")
        if node is not None:
            with suppress(AlreadyReported):
                return self.reader.word(node, self.scope, "a layer's name")
        return ""

    def expected(self, place: SpecPlace) -> Mapping[str, Any] | None:
        """Returns the values under ``expect:`` of an entry; None if the entry has no ``expect:``."""
        with suppress(AlreadyReported):
            return self.reader.limits(place.option("expect"), EXPECTATIONS, "an expectation", self.scope) or None
        return None

    def placeholder(self, entry: Node) -> Ref:
        """Adds a placeholder for a layer that cannot be read.

        The placeholder has the layer's name and label, so that later layers can refer to it.
        """
        given = None
        if isinstance(entry, MappingNode):
            given = next((value for key, (_, value) in entry.fields.items() if key not in COMMON_OPTIONS), None)
        place = SpecPlace(self.reader.source, entry, given, entry, context=self.scope.context, blocks=self.scope.blocks)
        self.current = self.graph.call(
            self.graph.add_placeholder(Layer(self.given_name(place), "?", Foreign("?"), broken=True)), (), None
        )
        self.label(place)
        return self.current

    def label(self, place: SpecPlace) -> None:
        """Reads an option such as ``as: shortcut``, which gives a label to the output of the entry.

        Later entries of the same list can use the label in ``from:``.
        """
        node = place.option("as")
        if node is not None and self.current is not None:
            with suppress(AlreadyReported):
                self.scope.labels[self.reader.word(node, self.scope, "a label")] = self.current

    # Inputs ----------------------------------------------------------------------------------------------------------

    def inputs(self, place: SpecPlace, definition: Definition | None = None) -> tuple[Ref, ...]:
        """Returns the inputs of an entry: the tensors under ``from:``, or the output of the previous entry.

        Raises :class:`AlreadyReported`.
        """
        node = place.option("from")
        if node is not None:
            self.branches = True
            return self.references.read(node)
        if isinstance(definition, LayerDefinition) and definition.merges:
            names = place.arguments.items if isinstance(place.arguments, SequenceNode) else []
            words = [name.value for name in names if isinstance(name, ScalarNode) and isinstance(name.value, str)]
            example = f"{definition.name}: {{from: [{', '.join(words) or 'a, b'}]}}"
            self.report(
                place.node,
                codes.MISSING_FROM,
                f"{definition.name} takes several inputs; name them under 'from:', such as {example}",
            )
            raise AlreadyReported
        if self.current is None:
            self.report(place.node, codes.MISSING_FROM, "the input of this entry is not clear; name it under 'from:'")
            raise AlreadyReported
        return (self.current,)

    # Repeated calls, models, groups -----------------------------------------------------------------------------------

    def call_again(self, entry: MappingNode) -> None:
        """Reads ``call: encoder``: calls a layer again on other tensors, with the same weights."""
        reader, scope = self.reader, self.scope
        node = entry.fields["call"][1]
        self.branches = True
        if not isinstance(node, ScalarNode) or node.value == INPUT:
            self.report(node, codes.INVALID_VALUE, "'call' must be the name of one layer above")
            raise AlreadyReported
        number = self.graph.calls[self.references.read(node)[0].call].layer
        layer = self.graph.layers[number]
        if layer.class_name == "InputLayer":
            self.report(
                node,
                codes.INVALID_VALUE,
                f"'{layer.name}' is an input of the model, which cannot be called; name a layer",
            )
            raise AlreadyReported
        if isinstance(layer.definition, Operation):
            self.report(
                node,
                codes.INVALID_VALUE,
                f"'{layer.name}' is an operation without weights to share; write the operation again instead",
            )
            raise AlreadyReported
        definition = layer.definition
        known = definition.call_arguments if isinstance(definition, LayerDefinition) else ()
        arguments = {argument.name: argument for argument in known}
        reader.check_keys(entry, ("call", "from", "as", *arguments), "a call", scope)
        place = SpecPlace(reader.source, node, entry, entry, context=scope.context)
        args: dict[str, Any] = {}
        for name in arguments.keys() & entry.fields.keys():
            try:
                args[name] = arguments[name].read(reader.value(entry.fields[name][1], scope), layer.class_name)
            except Refusal as refusal:
                reader.report_refusals(place, [refusal])
        self.current = self.graph.call(number, self.inputs(place), place, args)
        self.label(place)

    def nested(self, key: Node, entry: Node, given: Node | None) -> None:
        """Reads ``Model: {name, input, layers}``, a nested model that is used as a layer."""
        reader = self.reader
        if not isinstance(given, MappingNode):
            self.report(key, codes.INVALID_VALUE, "a nested model must be a mapping with 'input:' and 'layers:'")
            raise AlreadyReported
        known = [key for key in dict.fromkeys((*MODEL_KEYS, *COMMON_OPTIONS)) if key != "dtype"]
        reader.check_keys(given, known, "a nested model", self.scope)
        if isinstance(entry, MappingNode) and "dtype" in entry.fields:
            self.report(
                entry.fields["dtype"][0], codes.UNKNOWN_KEY, "a nested model has no dtype; set it in its layers"
            )
        place = SpecPlace(reader.source, key, given, entry, context=self.scope.context, blocks=self.scope.blocks)
        name, broken = "", False
        inputs: tuple[Ref, ...] = ()
        try:
            inputs = self.inputs(place)
        except AlreadyReported:
            broken = True
        if (name_node := place.option("name")) is not None:
            with suppress(AlreadyReported):
                name = reader.word(name_node, self.scope, "a model's name")
        model = self.spec.read_model(given, self.opened(key), name or None)
        number = self.add_layer(model.class_name, model, place, {}, broken)
        self.current = self.graph.call(number, inputs, place)
        self.label(place)

    def repeat(self, entry: MappingNode) -> None:
        """Reads ``repeat: 3`` with a list of ``layers``.

        ``index: n`` names a variable that counts the rounds: ``n`` is 1 in the first round, 2 in the second round, and
        so on.
        """
        reader = self.reader
        reader.check_keys(entry, ("repeat", "index", "layers"), "a repeat", self.scope)
        (key, count_node), index_node = entry.fields["repeat"], entry.get("index")
        count = reader.value(count_node, self.scope)
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_LAYERS:
            expects = f"'repeat' must be a whole number from 0 to {MAX_LAYERS:,}, not {shown(count)}"
            self.report(count_node, codes.INVALID_VALUE, expects)
            raise AlreadyReported
        layers = self.layers_of(entry, key, "repeat")
        index = reader.word(index_node, self.scope, "'index'") if index_node else None
        scope = self.opened(key)
        for number in range(1, count + 1):
            if index:
                scope = scope._replace(variables={**self.scope.variables, index: number})
            scope = scope._replace(blocks=(*self.scope.blocks, ("repeat", len(self.graph.layers))))
            # All rounds use the labels of the list around the repeat. So layers after the repeat can use labels of the
            # last round.
            self.group(layers, scope, self.current)

    def conditional(self, entry: MappingNode, name: str) -> None:
        """Reads ``when: {use_bias: [true]}`` or ``unless: {use_bias: [true]}`` with a list of ``layers``."""
        self.reader.check_keys(entry, (name, "layers"), f"the condition '{name}'", self.scope)
        key, node = entry.fields[name]
        condition = read_condition(self.reader, node, self.scope.variables, self.scope)
        layers = self.layers_of(entry, key, name)
        is_met = not unmet(condition, self.scope.variables)
        if is_met is (name == WHEN):
            self.group(layers, self.opened(key), self.current)

    def layers_of(self, entry: MappingNode, key: Node, name: str) -> SequenceNode:
        """Returns the list of layers in an entry with the key ``name``. Raises :class:`AlreadyReported`."""
        layers = entry.get("layers")
        if not isinstance(layers, SequenceNode) or not layers.items:
            if layers is not None or not has_misspelling_of(entry, "layers"):
                self.report(key, codes.MISSING_LAYERS, f"'{name}' needs a list of 'layers:' in the same entry")
            raise AlreadyReported
        return layers

    def block(self, block: Block, key: Node, entry: Node, given: Node | None) -> None:
        """Adds the layers of a block to the graph. The block's arguments are variables in these layers.

        The output of the block is the output of its last layer.
        """
        scope = self.opened(key)
        if block.name in scope.open_blocks:
            way = " → ".join((*scope.open_blocks[scope.open_blocks.index(block.name) :], block.name))
            self.report(
                key, codes.BLOCK_RECURSION, f"block '{block.name}' uses itself ({way}); remove one of these uses"
            )
            raise AlreadyReported
        place = SpecPlace(self.reader.source, key, given, entry, context=self.scope.context, blocks=self.scope.blocks)
        variables = block_variables(self.reader, block, self.scope, key, entry, given)
        try:
            inputs = self.inputs(place)
        except AlreadyReported:
            inputs = (self.placeholder(key),)
        inner = scope._replace(
            variables=variables,
            labels=scope.labels.new_child(),
            inputs=inputs,
            open_blocks=(*scope.open_blocks, block.name),
            context=f" (in block '{block.name}', used on line {key.line + 1})",
            blocks=(*scope.blocks, (block.name, len(self.graph.layers))),
        )
        self.group(block.layers, inner, inputs[0] if len(inputs) == 1 else None)
        self.label(place)

    def group(self, layers: SequenceNode, scope: Scope, current: Ref | None) -> None:
        """Reads a list of layers with its own scope, and adds them to the same graph."""
        entries = Entries(self.spec, self.graph, scope, current)
        self.current = entries.read(layers)
        self.branches = self.branches or entries.branches

    def opened(self, key: Node) -> Scope:
        """Returns the scope for the inside of a block, a repeat or a model.

        Raises :class:`AlreadyReported` if the nesting is too deep.
        """
        if self.scope.depth >= MAX_OPEN:
            self.report(
                key,
                codes.TOO_DEEP,
                f"blocks, repeats and models are nested deeper than the maximum of {MAX_OPEN} levels",
            )
            raise AlreadyReported
        return self.scope._replace(depth=self.scope.depth + 1)


def _named(layer: Any, names: Names) -> Any:
    """Returns an inner layer, such as the layer in a Bidirectional. If it has no name, it gets an automatic name.

    Summaries of nested layers show the name.
    """
    if layer.name is not None:
        return layer
    name_inside(layer.args, names)
    return layer._replace(name=names.automatic(layer.definition.class_name))


def _names_argument(item: Node, definition: LayerDefinition) -> bool:
    """Returns True if an item of a list of arguments names one of the layer's arguments: ``padding: same``."""
    return isinstance(item, MappingNode) and len(item.fields) == 1 and definition.argument(*item.fields) is not None


def keras_name(name: str) -> str:
    """Returns a layer's name without a module: ``Dense`` for ``keras.layers.Dense``, ``InputLayer`` for ``Input``."""
    if "." in name:
        name = re.sub(_KERAS, "", name, count=1)
    return "InputLayer" if name == "Input" else name
