"""The YAML spec: a person's short description of a model, to a :class:`Model`.

Reading goes on after a problem, so that one run reports all that is wrong in a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convcalc.layers import LayerType, bind, find, known_names
from convcalc.layers.arguments import REQUIRED, Integers, shown
from convcalc.layers.dtypes import POLICIES
from convcalc.model import Layer, Model, Ref
from convcalc.problems import Mark, Problem, Refusal, Source, did_you_mean, error, listed
from convcalc.read.expressions import substitute
from convcalc.read.graph import GraphBuilder, Shared
from convcalc.read.nodes import Fields, Items, Node, Scalar, compose, mark

MODEL_KEYS = ("name", "input", "inputs", "layers", "outputs", "trainable")
TOP_KEYS = (*MODEL_KEYS, "blocks", "budget")
NESTED = ("Model", "Functional", "Sequential")
COMMON = ("name", "from", "as", "expect", "trainable", "dtype")
EXPECTATIONS = ("output_shape", "params", "trainable_params", "macs")
BUDGETS = ("params", "trainable_params", "non_trainable_params", "param_bytes", "macs")
MAX_BLOCK_DEPTH = 16
INPUT = "$input"


@dataclass(frozen=True)
class Written:
    """A :class:`convcalc.model.Place`: the node of a layer's entry, and that of its arguments."""

    source: Source
    entry: Node
    given: Node | None = None
    kind: LayerType | None = None
    context: str = ""

    def mark(self, argument: str | None = None) -> Mark:
        """The argument's value where it is written, else the entry."""
        node: Node | None = None
        if argument is not None:
            for holder in (self.given, self.entry):
                if isinstance(holder, Fields) and node is None:
                    node = holder.get(argument)
            names = [known.name for known in self.kind.arguments] if self.kind else []
            if node is None and argument in names:
                index = names.index(argument)
                if isinstance(self.given, Items) and index < len(self.given.items):
                    node = self.given.items[index]
                elif isinstance(self.given, Scalar) and index == 0:
                    node = self.given
        return mark(self.source, node or self.entry)

    def key_mark(self, key: str) -> Mark:
        """The key of an argument."""
        for holder in (self.given, self.entry):
            if isinstance(holder, Fields) and key in holder.fields:
                return mark(self.source, holder.fields[key][0])
        return self.mark()


@dataclass(frozen=True)
class Block:
    """A reusable group of layers; ``defaults`` hold :data:`REQUIRED` for arguments that must be given."""

    name: str
    defaults: Mapping[str, Any]
    layers: Items
    line: int


@dataclass(frozen=True)
class Scope:
    """Where a list of layers is read: its variables, its labels, and the blocks that are open around it."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    labels: dict[str, Ref] = field(default_factory=dict)
    open_blocks: tuple[str, ...] = ()
    context: str = ""
    inputs: tuple[Ref, ...] = ()


def read_spec(source: Source) -> Model:
    """The model of a YAML spec; its ``problems`` hold what is wrong. Raises :class:`ConvcalcError` for what is no YAML."""
    shared = Shared()
    root = compose(source, shared.problems)
    if root is None:
        raise error("empty", f"{source.name} is empty; a spec needs 'input:' and 'layers:'")
    return _Reader(source, root, shared).read()


class _Reader:
    def __init__(self, source: Source, root: Node, shared: Shared) -> None:
        self.source = source
        self.root = root
        self.shared = shared
        self.blocks: dict[str, Block] = {}

    # Problems ---------------------------------------------------------------------------------------------------------

    def report(self, node: Node, code: str, message: str, context: str = "") -> None:
        self.shared.report(code, message, mark(self.source, node), context=context)

    def refused(self, node: Node, refusal: Refusal, scope: Scope) -> None:
        self.report(node, refusal.code, refusal.message, scope.context)

    def check_keys(self, fields: Fields, known: Sequence[str], owner: str) -> None:
        for key, (key_node, _) in fields.fields.items():
            if key not in known:
                hint = did_you_mean(key, known) or f"; known are {listed(known, 'and')}"
                self.report(key_node, "unknown-key", f"{owner} has no key '{key}'{hint}")

    # Values -----------------------------------------------------------------------------------------------------------

    def value(self, node: Node, scope: Scope) -> Any:
        """A node as a plain value, with variables replaced."""
        if isinstance(node, Scalar):
            if isinstance(node.value, str):
                try:
                    return substitute(node.value, scope.variables)
                except Refusal as refusal:
                    self.refused(node, refusal, scope)
                    raise _Passed from None
            return node.value
        if isinstance(node, Items):
            return [self.value(item, scope) for item in node.items]
        return {key: self.value(value, scope) for key, (_, value) in node.fields.items()}

    def word(self, node: Node, scope: Scope, what: str) -> str | None:
        """A node that has to be a word."""
        try:
            value = self.value(node, scope)
        except _Passed:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value:
            self.report(node, "invalid-value", f"{what} must be a word, not {shown(value)}", scope.context)
            return None
        return value

    def flag(self, node: Node | None, scope: Scope, what: str) -> bool:
        """A node that has to be true or false; true where it is not given."""
        value = True if node is None else self.value(node, scope)
        if not isinstance(value, bool):
            assert node is not None
            self.report(node, "invalid-value", f"'{what}' must be true or false, not {shown(value)}", scope.context)
            return True
        return value

    # The file ---------------------------------------------------------------------------------------------------------

    def read(self) -> Model:
        root = self.root
        if not isinstance(root, Fields):
            raise error(
                "not-a-spec", "a spec is a mapping with the keys 'input:' and 'layers:'", mark(self.source, root)
            )
        self.check_keys(root, TOP_KEYS, "a spec")
        self.read_blocks(root.get("blocks"))
        try:
            model = self.model(root, Scope(), Written(self.source, root))
        except Refusal as refusal:
            raise error(refusal.code, refusal.message) from None
        budget = self.limits(root.get("budget"), BUDGETS, "a budget", Scope())
        problems = tuple(sorted(self.shared.problems, key=_by_place))
        return Model(
            **{name: getattr(model, name) for name in ("name", "class_name", "layers", "calls", "inputs", "outputs")},
            budget=budget,
            source=self.source.name,
            problems=problems,
        )

    def limits(self, node: Node | None, known: Sequence[str], owner: str, scope: Scope) -> dict[str, Any]:
        """A mapping of numbers that a check holds the model against."""
        if node is None:
            return {}
        if not isinstance(node, Fields):
            self.report(node, "invalid-value", f"{owner} is a mapping of {listed(known, 'and')}", scope.context)
            return {}
        self.check_keys(node, known, owner)
        return {key: self.value(value, scope) for key, (_, value) in node.fields.items() if key in known}

    def read_blocks(self, node: Node | None) -> None:
        if node is None:
            return
        if not isinstance(node, Fields):
            self.report(node, "invalid-value", "'blocks' is a mapping from a block's name to its layers")
            return
        for name, (key, body) in node.fields.items():
            if find(name) or name in NESTED:
                self.report(key, "name-taken", f"a block cannot be named '{name}': a layer of Keras has that name")
            elif not isinstance(body, Fields):
                self.report(
                    body,
                    "invalid-value",
                    f"block '{name}' is a mapping with 'layers:' and, if it has any, 'arguments:'",
                )
            else:
                self.check_keys(body, ("arguments", "layers"), f"block '{name}'")
                layers = body.get("layers")
                if not isinstance(layers, Items):
                    self.report(layers or key, "missing-layers", f"block '{name}' needs a list of 'layers:'")
                else:
                    self.blocks[name] = Block(name, self.block_arguments(body.get("arguments")), layers, key.line + 1)

    def block_arguments(self, node: Node | None) -> dict[str, Any]:
        """``[filters, {strides: 1}]``: names, with a default or without."""
        defaults: dict[str, Any] = {}
        if node is None:
            return defaults
        for item in node.items if isinstance(node, Items) else [node]:
            if isinstance(item, Scalar) and isinstance(item.value, str):
                defaults[item.value] = REQUIRED
            elif isinstance(item, Fields) and isinstance(node, Items):
                defaults.update((key, self.value(value, Scope())) for key, (_, value) in item.fields.items())
            else:
                self.report(item, "invalid-value", "a block's arguments are a list of names, or of {name: default}")
        return defaults

    # Models -----------------------------------------------------------------------------------------------------------

    def model(self, fields: Fields, scope: Scope, place: Written, given_name: str | None = None) -> Model:
        """A model, the file's own or a nested one."""
        graph = GraphBuilder(self.shared)
        name_node = fields.get("name")
        name = given_name or (self.word(name_node, scope, "a model's name") if name_node else None)
        inner = Scope(scope.variables, {}, scope.open_blocks, scope.context)
        many = self.read_inputs(fields, graph, inner)
        layers = fields.get("layers")
        current: Ref | None = graph.inputs[-1] if len(graph.inputs) == 1 else None
        if not isinstance(layers, Items) or not layers.items:
            node = fields.fields["layers"][0] if layers else fields
            self.report(node, "missing-layers", "a model needs a list of 'layers:'", scope.context)
        else:
            run = _Run(self, graph, inner, current)
            current = run.layers(layers)
            many = many or run.branches
        outputs_node = fields.get("outputs")
        outputs: tuple[Ref, ...] = () if current is None else (current,)
        if outputs_node is not None:
            many = True
            outputs = _Run(self, graph, inner, current).references(outputs_node)
        class_name = "Functional" if many else "Sequential"
        return graph.finish(name or self.shared.names.automatic(class_name), class_name, outputs, place)

    def read_inputs(self, fields: Fields, graph: GraphBuilder, scope: Scope) -> bool:
        """Add the input layers; whether they make the model a Functional."""
        one, several = fields.get("input"), fields.get("inputs")
        if several is not None:
            if one is not None:
                self.report(
                    fields.fields["inputs"][0],
                    "two-inputs",
                    "write 'input:' for one input or 'inputs:' for named ones, not both",
                )
            if not isinstance(several, Fields) or not several.fields:
                self.report(several, "invalid-value", "'inputs' is a mapping from a name to a shape", scope.context)
                self.add_input(graph, several, None, scope, broken=True)
                return True
            for name, (_, node) in several.fields.items():
                self.add_input(graph, node, name, scope)
            return True
        if one is not None:
            self.add_input(graph, one, None, scope)
        elif not self.starts_with_input(fields.get("layers")):
            message = "a model needs an 'input:', the shape of one sample, such as [28, 28, 1]"
            self.report(
                fields.fields["layers"][0] if "layers" in fields.fields else fields,
                "missing-input",
                message,
                scope.context,
            )
            self.add_input(graph, fields, None, scope, broken=True)
        return False

    def starts_with_input(self, layers: Node | None) -> bool:
        first = layers.items[0] if isinstance(layers, Items) and layers.items else None
        return (isinstance(first, Fields) and "InputLayer" in first.fields) or (
            isinstance(first, Scalar) and first.value == "InputLayer"
        )

    def add_input(self, graph: GraphBuilder, node: Node, name: str | None, scope: Scope, broken: bool = False) -> None:
        """An input layer from a shape or from ``{shape, dtype, batch_size, name}``."""
        kind = find("InputLayer")
        assert kind is not None
        place = Written(self.source, node, node, kind, scope.context)
        args: dict[str, Any] = {}
        dtype = "float32"
        if not broken:
            try:
                value = self.value(node, scope)
            except _Passed:
                value, broken = None, True
            given = dict(value) if isinstance(value, dict) else {"shape": value}
            name = name or given.pop("name", None)
            dtype = given.pop("dtype", None) or "float32"
            if not broken:
                args, refusals = bind(kind, (), given)
                broken = bool(refusals)
                for refusal in refusals:
                    at = (
                        place.key_mark(refusal.argument)
                        if refusal.code == "unknown-argument" and refusal.argument
                        else place.mark(refusal.argument)
                    )
                    message = refusal.message.replace("InputLayer's argument 'shape'", "an input's shape").replace(
                        "InputLayer", "an input"
                    )
                    self.shared.report(refusal.code, message, at, context=scope.context)
            if not broken and "shape" not in args and "batch_shape" not in args:
                self.report(node, "missing-argument", "an input needs a 'shape:'", scope.context)
                broken = True
            if dtype not in POLICIES:
                self.report(
                    node,
                    "invalid-value",
                    f"there is no dtype '{dtype}'{did_you_mean(str(dtype), POLICIES)}",
                    scope.context,
                )
                dtype = "float32"
        layer = Layer(
            name or self.shared.names.automatic("InputLayer"),
            "InputLayer",
            args,
            dtype=dtype,
            place=place,
            broken=broken,
        )
        graph.inputs.append(graph.call(graph.add_layer(layer), (), place))


class _Passed(Exception):
    """A value could not be read, and its problem is put down already."""


def _by_place(problem: Problem) -> tuple[int, int]:
    return (problem.mark.line, problem.mark.column) if problem.mark else (0, 0)


class _Run:
    """Reads one list of layers into a graph; ``current`` is the output of the layer above."""

    def __init__(self, reader: _Reader, graph: GraphBuilder, scope: Scope, current: Ref | None) -> None:
        self.reader = reader
        self.graph = graph
        self.scope = scope
        self.current = current
        self.branches = False

    def report(self, node: Node, code: str, message: str) -> None:
        self.reader.report(node, code, message, self.scope.context)

    def layers(self, items: Items) -> Ref | None:
        """Read each entry; the output of the last."""
        for entry in items.items:
            try:
                self.entry(entry)
            except _Passed:
                self.current = self.broken(entry)
        return self.current

    def entry(self, entry: Node) -> None:
        if isinstance(entry, Scalar) and isinstance(entry.value, str):
            self.use(entry.value, entry, entry, None)
            return
        if not isinstance(entry, Fields) or not entry.fields:
            self.report(
                entry,
                "invalid-layer",
                "a layer is written as 'Flatten', '- Dropout: 0.5' or '- Conv2D: {filters: 32, kernel_size: 3}'",
            )
            raise _Passed
        if "repeat" in entry.fields:
            self.repeat(entry)
        elif "call" in entry.fields:
            self.call_again(entry)
        else:
            names = [key for key in entry.fields if key not in COMMON]
            if len(names) != 1:
                wrong = entry.fields[names[1]][0] if len(names) > 1 else entry
                what = (
                    f"names {listed(map(repr, names), 'and')}; begin each layer with '- '"
                    if names
                    else "names no layer"
                )
                self.report(wrong, "invalid-layer", f"this entry {what}")
                raise _Passed
            key, given = entry.fields[names[0]]
            self.use(names[0], key, entry, given)

    def use(self, name: str, key: Node, entry: Node, given: Node | None) -> None:
        """A layer, a block or a nested model, by its name."""
        if name in self.reader.blocks:
            self.block(self.reader.blocks[name], key, entry, given)
        elif name in NESTED:
            self.nested(key, entry, given)
        else:
            kind = find(name)
            if kind is None:
                hint = (
                    did_you_mean(name, [*known_names(), *self.reader.blocks, *NESTED])
                    or "; `convcalc layers` lists those that are known"
                )
                self.report(key, "unknown-layer", f"there is no layer or block '{name}'{hint}")
                self.current = self.broken(entry, given)
            else:
                self.layer(kind, key, entry, given)

    def common(self, entry: Node, given: Node | None, key: str) -> Node | None:
        """A key that any layer may have, among its arguments or beside its name."""
        for holder in (given, entry):
            if isinstance(holder, Fields) and (found := holder.get(key)) is not None:
                return found
        return None

    def inputs(self, entry: Node, given: Node | None) -> tuple[Ref, ...]:
        """The tensors that an entry takes: those under ``from:``, else the output above."""
        node = self.common(entry, given, "from")
        if node is not None:
            self.branches = True
            return self.references(node)
        if self.current is None:
            self.report(entry, "missing-from", "this layer needs a 'from:': there is no single output above it")
            raise _Passed
        return (self.current,)

    def references(self, node: Node) -> tuple[Ref, ...]:
        """``a``, ``[a, b]`` or, for one output of several, ``[a, 1]``."""
        if isinstance(node, Items):
            second = node.items[1] if len(node.items) == 2 else None
            if isinstance(second, Scalar) and isinstance(second.value, int) and isinstance(node.items[0], Scalar):
                (ref,) = self.references(node.items[0])
                return (Ref(ref.call, second.value),)
            if not node.items:
                self.report(node, "invalid-value", "this list of layers is empty")
                raise _Passed
            return tuple(ref for item in node.items for ref in self.references(item))
        if isinstance(node, Scalar) and node.value == INPUT and self.scope.inputs:
            return self.scope.inputs
        name = self.reader.word(node, self.scope, "the name of a layer")
        if name is None:
            raise _Passed
        try:
            return (self.graph.find(name, self.scope.labels),)
        except Refusal as refusal:
            self.reader.refused(node, refusal, self.scope)
            raise _Passed from None

    def layer(self, kind: LayerType, key: Node, entry: Node, given: Node | None) -> None:
        """One layer of the catalogue, called once."""
        place = Written(self.reader.source, key, given, kind, self.scope.context)
        positional, named, readable = self.arguments(given)
        args, refusals = bind(kind, positional, named) if readable else ({}, [])
        for refusal in refusals:
            if refusal.argument and refusal.code in ("unknown-argument", "duplicate-argument"):
                at = place.key_mark(refusal.argument)
            else:
                at = place.mark(refusal.argument)
            self.reader.shared.report(refusal.code, refusal.message, at, context=self.scope.context)
        entry_place = Written(self.reader.source, key, _merged(given, entry), kind, self.scope.context)
        broken = bool(refusals) or not readable
        number = self.new_layer(kind.name, entry, given, entry_place, args=args, broken=broken)
        if kind.inputs == 0:
            ref = self.graph.call(number, (), entry_place)
            self.graph.inputs.append(ref)
            self.branches = self.branches or len(self.graph.inputs) > 1
        else:
            if kind.inputs != 1 and self.common(entry, given, "from") is None:
                self.report(
                    key,
                    "missing-from",
                    f"{kind.name} merges several inputs: name them under 'from:', as in {kind.name}: {{from: [a, b]}}",
                )
                raise _Passed
            ref = self.graph.call(number, self.inputs(entry, given), entry_place)
        self.current = ref
        self.label(entry, given, ref)

    def arguments(self, given: Node | None) -> tuple[list[Any], dict[str, Any], bool]:
        """Positional and named arguments of an entry, common keys left out; whether all could be read."""
        positional: list[Any] = []
        named: dict[str, Any] = {}
        readable = True
        try:
            if isinstance(given, Items):
                positional = [self.reader.value(item, self.scope) for item in given.items]
            elif isinstance(given, Scalar) and given.value is not None:
                positional = [self.reader.value(given, self.scope)]
            elif isinstance(given, Fields):
                named = {k: self.reader.value(v, self.scope) for k, (_, v) in given.fields.items() if k not in COMMON}
        except _Passed:
            readable = False
        return positional, named, readable

    def new_layer(
        self,
        class_name: str,
        entry: Node,
        given: Node | None,
        place: Written,
        args: Mapping[str, Any],
        broken: bool = False,
        model: Model | None = None,
    ) -> int:
        name_node = self.common(entry, given, "name")
        name = (
            model.name if model else (self.reader.word(name_node, self.scope, "a layer's name") if name_node else None)
        )
        dtype_node = self.common(entry, given, "dtype")
        dtype = "float32" if dtype_node is None else self.reader.word(dtype_node, self.scope, "a dtype") or "float32"
        if dtype not in POLICIES:
            assert dtype_node is not None
            self.report(dtype_node, "invalid-value", f"there is no dtype '{dtype}'{did_you_mean(dtype, POLICIES)}")
            dtype = "float32"
        layer = Layer(
            name or self.reader.shared.names.automatic(class_name),
            class_name,
            args,
            trainable=self.reader.flag(self.common(entry, given, "trainable"), self.scope, "trainable"),
            dtype=dtype,
            model=model,
            expect=self.reader.limits(self.common(entry, given, "expect"), EXPECTATIONS, "an expectation", self.scope)
            or None,
            place=place,
            broken=broken,
        )
        return self.graph.add_layer(layer)

    def label(self, entry: Node, given: Node | None, ref: Ref) -> None:
        """``as: shortcut`` names an output for the ``from:`` of the same list of layers."""
        node = self.common(entry, given, "as")
        if node is not None:
            name = self.reader.word(node, self.scope, "a label")
            if name is not None:
                self.scope.labels[name] = ref

    def broken(self, entry: Node, given: Node | None = None) -> Ref:
        """A stand-in for a layer that cannot be read, so that those below it still can."""
        if given is None and isinstance(entry, Fields):
            given = next((value for key, (_, value) in entry.fields.items() if key not in COMMON), None)
        name_node = self.common(entry, given, "name")
        name = name_node.value if isinstance(name_node, Scalar) and isinstance(name_node.value, str) else ""
        layer = Layer(name or f"(line {entry.line + 1}, {len(self.graph.layers)})", "?", broken=True)
        self.graph.by_name.pop(layer.name, None)
        ref = self.graph.call(self.graph.add_layer(layer), (), None)
        self.label(entry, given, ref)
        return ref

    def nested(self, key: Node, entry: Node, given: Node | None) -> None:
        """``Model: {name, input, layers}``: a model as a layer, called on the output above."""
        if not isinstance(given, Fields):
            self.report(key, "invalid-value", "a nested model is a mapping with 'input:' and 'layers:'")
            raise _Passed
        self.reader.check_keys(given, (*MODEL_KEYS, *COMMON), "a nested model")
        place = Written(self.reader.source, key, given, None, self.scope.context)
        name_node = self.common(entry, given, "name")
        name = self.reader.word(name_node, self.scope, "a model's name") if name_node else None
        model = self.reader.model(given, self.scope, place, name)
        number = self.new_layer(model.class_name, entry, given, place, args={}, model=model)
        self.current = self.graph.call(number, self.inputs(entry, given), place)
        self.label(entry, given, self.current)

    def call_again(self, entry: Fields) -> None:
        """``call: encoder``: the same layer once more, on other tensors; its weights are shared."""
        self.reader.check_keys(entry, ("call", "from", "as"), "a call")
        node = entry.fields["call"][1]
        name = self.reader.word(node, self.scope, "the name of a layer")
        if name is None:
            raise _Passed
        number = self.graph.by_name.get(name)
        if number is None and name in self.scope.labels:
            number = self.graph.calls[self.scope.labels[name].call].layer
        if number is None:
            hint = did_you_mean(name, self.graph.by_name)
            self.report(node, "unknown-name", f"no layer above is named '{name}'{hint}")
            raise _Passed
        self.branches = True
        place = Written(self.reader.source, entry, entry, None, self.scope.context)
        self.current = self.graph.call(number, self.inputs(entry, None), place)
        self.label(entry, None, self.current)

    def repeat(self, entry: Fields) -> None:
        """``repeat: 3`` with a list of ``layers``; under ``index`` a variable that counts from 1."""
        self.reader.check_keys(entry, ("repeat", "index", "layers"), "a repeat")
        count_node, layers, index_node = entry.fields["repeat"][1], entry.get("layers"), entry.get("index")
        count = self.reader.value(count_node, self.scope)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            self.report(
                count_node, "invalid-value", f"'repeat' must be a whole number of at least 0, not {shown(count)}"
            )
            raise _Passed
        if not isinstance(layers, Items):
            self.report(entry.fields["repeat"][0], "missing-layers", "'repeat' needs a list of 'layers:' beside it")
            raise _Passed
        index = self.reader.word(index_node, self.scope, "'index'") if index_node else None
        for number in range(1, count + 1):
            variables = {**self.scope.variables, index: number} if index else self.scope.variables
            # Labels stay in view after the loop: what follows may refer to the last round.
            scope = replace(self.scope, variables=variables)
            run = _Run(self.reader, self.graph, scope, self.current)
            self.current = run.layers(layers)
            self.branches = self.branches or run.branches

    def block(self, block: Block, key: Node, entry: Node, given: Node | None) -> None:
        """Read a block's layers with its arguments in view; its output is that of its last layer."""
        if block.name in self.scope.open_blocks or len(self.scope.open_blocks) >= MAX_BLOCK_DEPTH:
            self.report(key, "block-recursion", f"block '{block.name}' uses itself")
            raise _Passed
        # A block's own arguments may have any name, so `name` and `dtype` are common keys only where it has no such argument.
        variables = self.block_variables(block, key, given)
        inputs = self.inputs(entry, given)
        context = f" (in block '{block.name}', used on line {key.line + 1})"
        scope = Scope(variables, {}, (*self.scope.open_blocks, block.name), context, inputs)
        run = _Run(self.reader, self.graph, scope, inputs[0] if len(inputs) == 1 else None)
        self.current = run.layers(block.layers)
        self.branches = self.branches or run.branches
        if self.current is not None:
            self.label(entry, given, self.current)

    def block_variables(self, block: Block, key: Node, given: Node | None) -> dict[str, Any]:
        names = list(block.defaults)
        values: dict[str, Any] = dict(block.defaults)
        if isinstance(given, Fields):
            for name, (name_node, node) in given.fields.items():
                if name in names:
                    values[name] = self.reader.value(node, self.scope)
                elif name not in ("from", "as"):
                    hint = did_you_mean(name, names) or (f"; it has {listed(names, 'and')}" if names else "")
                    self.report(name_node, "unknown-argument", f"block '{block.name}' has no argument '{name}'{hint}")
        elif given is not None and not (isinstance(given, Scalar) and given.value is None):
            items = given.items if isinstance(given, Items) else [given]
            if len(items) > len(names):
                self.report(
                    items[len(names)],
                    "too-many-arguments",
                    f"block '{block.name}' takes {len(names)} arguments, and {len(items)} are given",
                )
            values.update((name, self.reader.value(node, self.scope)) for name, node in zip(names, items))
        for name, value in values.items():
            if value is REQUIRED:
                self.report(key, "missing-argument", f"block '{block.name}' needs the argument '{name}'")
                raise _Passed
        return values


def _merged(given: Node | None, entry: Node) -> Node | None:
    """Where a layer's arguments are looked for: in its own mapping or list, else beside its name."""
    return given if given is not None else entry


# What a shape is made of; the schema and the command line read it as well.
SHAPE = Integers(0, single=True, nullable=True)
