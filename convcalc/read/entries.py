"""The entries of a ``layers:`` list: layers, blocks, repeats, nested models, and layers that are called again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from convcalc.layers import LayerType, bind, find, known_names
from convcalc.layers.arguments import REQUIRED, shown
from convcalc.layers.sublayer import made_inside
from convcalc.model import Layer, Model, Ref
from convcalc.problems import Refusal, did_you_mean, listed
from convcalc.read.graph import GraphBuilder
from convcalc.read.nodes import Fields, Items, Node, Scalar
from convcalc.read.values import Passed, Scope, Values, Written

NESTED = ("Model", "Functional", "Sequential")
MODEL_KEYS = ("name", "input", "inputs", "layers", "outputs", "trainable")
# What any layer may have besides its own arguments, among them or beside its name.
COMMON = ("name", "from", "as", "expect", "trainable", "dtype")
EXPECTATIONS = ("output_shape", "params", "trainable_params", "macs")
MAX_BLOCK_DEPTH = 16
INPUT = "$input"

_WRITTEN_AS = "a layer is written as '- Flatten', '- Dropout: 0.5' or '- Conv2D: {filters: 32, kernel_size: 3}'"


@dataclass(frozen=True)
class Block:
    """A reusable group of layers; ``defaults`` holds its arguments, :data:`REQUIRED` for those that must be given."""

    name: str
    defaults: Mapping[str, Any]
    layers: Items


@dataclass(frozen=True)
class Spec:
    """What the entries of one file share: its values, its blocks, and how a nested model is read."""

    values: Values
    blocks: Mapping[str, Block]
    custom: Mapping[str, LayerType]
    read_model: Callable[[Fields, Scope, str | None], Model]


class Entries:
    """Reads one list of layers into a graph. ``current`` is the output of the entry above; ``branches`` says whether any
    entry named its inputs, which makes the model a Functional.
    """

    def __init__(self, spec: Spec, graph: GraphBuilder, scope: Scope, current: Ref | None) -> None:
        self.spec = spec
        self.values = spec.values
        self.graph = graph
        self.scope = scope
        self.current = current
        self.branches = False

    def report(self, node: Node, code: str, message: str) -> None:
        """Put a problem down."""
        self.values.report(node, code, message, self.scope)

    def read(self, items: Items) -> Ref | None:
        """Read each entry; the output of the last."""
        for entry in items.items:
            try:
                self.entry(entry)
            except Passed:
                self.current = self.stand_in(entry)
        return self.current

    def entry(self, entry: Node) -> None:
        """One entry, by its form. Raises :class:`Passed`."""
        if isinstance(entry, Scalar) and isinstance(entry.value, str):
            self.use(entry.value, entry, entry, None)
        elif not isinstance(entry, Fields) or not entry.fields:
            self.report(entry, "invalid-layer", _WRITTEN_AS)
            raise Passed
        elif "repeat" in entry.fields:
            self.repeat(entry)
        elif "call" in entry.fields:
            self.call_again(entry)
        else:
            names = [key for key in entry.fields if key not in COMMON]
            if len(names) != 1:
                node = entry.fields[names[1]][0] if names else entry
                several = f"this entry names {listed(map(repr, names), 'and')}; begin each layer with '- '"
                self.report(node, "invalid-layer", several if names else f"this entry names no layer; {_WRITTEN_AS}")
                raise Passed
            key, given = entry.fields[names[0]]
            self.use(names[0], key, entry, given)

    def use(self, name: str, key: Node, entry: Node, given: Node | None) -> None:
        """A layer, a block or a nested model, by its name."""
        if name in self.spec.blocks:
            self.block(self.spec.blocks[name], key, entry, given)
        elif name in NESTED:
            self.nested(key, entry, given)
        elif (kind := self.spec.custom.get(name) or find(name)) is not None:
            self.layer(kind, key, entry, given)
        elif re.fullmatch(r"[A-Za-z_][\w.]*[.>]\w+", name):
            self.foreign(name, key, entry, given)
        else:
            hint = did_you_mean(name, [*known_names(), *self.spec.custom, *self.spec.blocks, *NESTED])
            self.report(
                key, "unknown-layer", f"there is no layer or block '{name}'{hint or '; `convcalc layers` lists them'}"
            )
            raise Passed

    # Layers -----------------------------------------------------------------------------------------------------------

    def layer(self, kind: LayerType, key: Node, entry: Node, given: Node | None) -> None:
        """One layer of the catalogue, called once."""
        place = Written(self.values.source, key, given, entry, kind, self.scope.context)
        broken = False
        args: dict[str, Any] = {}
        try:
            args, refusals = bind(kind, *self.arguments(given))
            self.values.refused(place, refusals)
            broken = bool(refusals)
        except Passed:
            broken = True
        if kind.inputs == 0:
            number = self.add_layer(kind.name, place, args, broken)
            self.current = self.graph.add_input(number, place)
            self.branches = self.branches or len(self.graph.inputs) > 1
        else:
            inputs = self.inputs(place, kind)
            number = self.add_layer(kind.name, place, args, broken)
            self.current = self.graph.call(number, inputs, place)
            for class_name in kind.makes:  # when the layer is built, at its first call
                self.values.shared.names.automatic(class_name)
        self.label(place)

    def foreign(self, name: str, key: Node, entry: Node, given: Node | None) -> None:
        """A class of someone else's, ``package.Class`` or ``package>Class``: shown, though nothing is known of it."""
        place = Written(self.values.source, key, given, entry, context=self.scope.context)
        _, args = self.arguments(given)
        inputs = self.inputs(place)
        number = self.add_layer(re.split(r"[.>]", name)[-1], place, args)
        self.current = self.graph.call(number, inputs, place)
        self.label(place)

    def arguments(self, given: Node | None) -> tuple[list[Any], dict[str, Any]]:
        """The positional and the named arguments of an entry, common keys left out. Raises :class:`Passed`."""
        if isinstance(given, Items):
            return [self.values.value(item, self.scope) for item in given.items], {}
        if isinstance(given, Fields):
            own = ((key, value) for key, (_, value) in given.fields.items() if key not in COMMON)
            return [], {key: self.values.value(value, self.scope) for key, value in own}
        if given is None or given.value is None:
            return [], {}
        return [self.values.value(given, self.scope)], {}

    def add_layer(
        self,
        class_name: str,
        place: Written,
        args: Mapping[str, Any],
        broken: bool = False,
        model: Model | None = None,
    ) -> int:
        """Put a layer into the graph, with what any layer may have; its number."""
        values, scope = self.values, self.scope
        name_node = common(place, "name")
        name = model.name if model else values.word(name_node, scope, "a layer's name") if name_node else None
        names = values.shared.names
        for inside in made_inside(args):
            if inside.name is None:
                names.automatic(inside.kind.name)
        layer = Layer(
            name or names.automatic(class_name),
            class_name,
            args,
            trainable=values.flag(common(place, "trainable"), scope, "trainable"),
            dtype=values.dtype(common(place, "dtype"), scope),
            model=model,
            kind=self.spec.custom.get(class_name),
            expect=values.limits(common(place, "expect"), EXPECTATIONS, "an expectation", scope) or None,
            place=place,
            broken=broken,
        )
        return self.graph.add_layer(layer)

    def stand_in(self, entry: Node) -> Ref:
        """A layer in place of one that cannot be read, under its name and label, so that those below still can be."""
        given = None
        if isinstance(entry, Fields):
            given = next((value for key, (_, value) in entry.fields.items() if key not in COMMON), None)
        place = Written(self.values.source, entry, given, entry)
        name = common(place, "name")
        layer = Layer(str(name.value) if isinstance(name, Scalar) else "", "?", broken=True)
        ref = self.graph.call(self.graph.add_stand_in(layer), (), None)
        with suppress(Passed):
            self.label(replace(place), ref)
        return ref

    def label(self, place: Written, ref: Ref | None = None) -> None:
        """``as: shortcut`` names an output for the ``from:`` of the same list of layers."""
        node = common(place, "as")
        if node is not None and (ref or self.current) is not None:
            self.scope.labels[self.values.word(node, self.scope, "a label")] = ref or self.current  # type: ignore[assignment]

    # Where inputs come from -------------------------------------------------------------------------------------------

    def inputs(self, place: Written, kind: LayerType | None = None) -> tuple[Ref, ...]:
        """The tensors that an entry takes: those under ``from:``, else the output above. Raises :class:`Passed`."""
        node = common(place, "from")
        if node is not None:
            self.branches = True
            return self.references(node)
        if kind is not None and kind.merges:
            like = f"{kind.name}: {{from: [a, b]}}"
            self.report(
                place.node, "missing-from", f"{kind.name} takes several inputs: name them under 'from:', as in {like}"
            )
            raise Passed
        if self.current is None:
            self.report(place.node, "missing-from", "name the input under 'from:': there is no single output above")
            raise Passed
        return (self.current,)

    def references(self, node: Node) -> tuple[Ref, ...]:
        """``a``, ``[a, b]`` or, for one output of several, ``[a, 1]``. Raises :class:`Passed`."""
        if isinstance(node, Items):
            second = node.items[1] if len(node.items) == 2 else None
            if isinstance(second, Scalar) and isinstance(second.value, int) and isinstance(node.items[0], Scalar):
                return (Ref(self.references(node.items[0])[0].call, second.value),)
            if not node.items:
                self.report(node, "invalid-value", "this list names no layer")
                raise Passed
            return tuple(ref for item in node.items for ref in self.references(item))
        if isinstance(node, Scalar) and node.value == INPUT and self.scope.inputs:
            return self.scope.inputs
        name = self.values.word(node, self.scope, "the name of a layer")
        try:
            return (self.graph.find(name, self.scope.labels),)
        except Refusal as refusal:
            self.report(node, refusal.code, refusal.message)
            raise Passed from None

    # Layers again, models, groups -------------------------------------------------------------------------------------

    def call_again(self, entry: Fields) -> None:
        """``call: encoder``: the same layer once more, on other tensors; its weights are shared."""
        self.values.check_keys(entry, ("call", "from", "as"), "a call", self.scope)
        node = entry.fields["call"][1]
        ref = self.references(node)[0]
        self.branches = True
        place = Written(self.values.source, node, entry, entry, context=self.scope.context)
        self.current = self.graph.call(self.graph.calls[ref.call].layer, self.inputs(place), place)
        self.label(place)

    def nested(self, key: Node, entry: Node, given: Node | None) -> None:
        """``Model: {name, input, layers}``: a model as a layer, called on the output above."""
        if not isinstance(given, Fields):
            self.report(key, "invalid-value", "a nested model is a mapping with 'input:' and 'layers:'")
            raise Passed
        self.values.check_keys(given, (*MODEL_KEYS, *COMMON), "a nested model", self.scope)
        place = Written(self.values.source, key, given, entry, context=self.scope.context)
        name = common(place, "name")
        inputs = self.inputs(place)
        model = self.spec.read_model(
            given, self.scope, self.values.word(name, self.scope, "a model's name") if name else None
        )
        self.current = self.graph.call(self.add_layer(model.class_name, place, {}, model=model), inputs, place)
        self.label(place)

    def repeat(self, entry: Fields) -> None:
        """``repeat: 3`` with a list of ``layers``; under ``index`` a variable that counts from 1."""
        values = self.values
        values.check_keys(entry, ("repeat", "index", "layers"), "a repeat", self.scope)
        (key, count_node), layers, index_node = entry.fields["repeat"], entry.get("layers"), entry.get("index")
        count = values.value(count_node, self.scope)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            self.report(
                count_node, "invalid-value", f"'repeat' must be a whole number of at least 0, not {shown(count)}"
            )
            raise Passed
        if not isinstance(layers, Items) or not layers.items:
            self.report(key, "missing-layers", "'repeat' needs a list of 'layers:' beside it")
            raise Passed
        index = values.word(index_node, self.scope, "'index'") if index_node else None
        for number in range(1, count + 1):
            self.bounded(key)
            variables = {**self.scope.variables, index: number} if index else self.scope.variables
            # The labels are the list's own: what follows the repeat may refer to those of its last round.
            self.group(layers, replace(self.scope, variables=variables), self.current)

    def block(self, block: Block, key: Node, entry: Node, given: Node | None) -> None:
        """Read a block's layers with its arguments in view; its output is that of its last layer."""
        scope = self.scope
        if block.name in scope.open_blocks or len(scope.open_blocks) >= MAX_BLOCK_DEPTH:
            self.report(key, "block-recursion", f"block '{block.name}' uses itself")
            raise Passed
        self.bounded(key)
        place = Written(self.values.source, key, given, entry, context=scope.context)
        variables = self.block_variables(block, key, entry, given)
        inputs = self.inputs(place)
        context = f" (in block '{block.name}', used on line {key.line + 1})"
        inner = Scope(variables, scope.labels.new_child(), inputs, (*scope.open_blocks, block.name), context)
        self.group(block.layers, inner, inputs[0] if len(inputs) == 1 else None)
        self.label(place)

    def group(self, layers: Items, scope: Scope, current: Ref | None) -> None:
        """Read a list of layers in a scope of its own into the same graph."""
        entries = Entries(self.spec, self.graph, scope, current)
        self.current = entries.read(layers)
        self.branches = self.branches or entries.branches

    def bounded(self, node: Node) -> None:
        """Blocks and repeats write few lines for many layers, so how often they are opened is bounded."""
        if not self.graph.shared.open_group():
            self.report(node, "too-many-layers", "blocks and repeats make too many layers of this file")
            raise Passed

    def block_variables(self, block: Block, key: Node, entry: Node, given: Node | None) -> dict[str, Any]:
        """A block's arguments, given by name or by position. Raises :class:`Passed`."""
        names = list(block.defaults)
        values: dict[str, Any] = dict(block.defaults)
        beside = entry.fields.items() if isinstance(entry, Fields) else ()
        named = [(name, pair) for name, pair in beside if name in COMMON]
        if isinstance(given, Fields):
            named += given.fields.items()
        elif given is not None and not (isinstance(given, Scalar) and given.value is None):
            items = given.items if isinstance(given, Items) else [given]
            if len(items) > len(names):
                takes = f"takes {len(names)} argument{'s' * (len(names) != 1)}, and {len(items)} are given"
                self.report(items[len(names)], "too-many-arguments", f"block '{block.name}' {takes}")
            values.update((name, self.values.value(node, self.scope)) for name, node in zip(names, items))
        for name, (name_node, node) in named:
            if name in names:
                values[name] = self.values.value(node, self.scope)
            elif name not in ("from", "as"):
                hint = did_you_mean(name, names) or (f"; it has {listed(names, 'and')}" if names else "")
                self.report(name_node, "unknown-argument", f"block '{block.name}' has no argument '{name}'{hint}")
        missing = [name for name, value in values.items() if value is REQUIRED]
        if missing:
            self.report(
                key,
                "missing-argument",
                f"block '{block.name}' needs the argument{'s' * (len(missing) > 1)} {listed(map(repr, missing), 'and')}",
            )
            raise Passed
        return values


def common(place: Written, key: str) -> Node | None:
    """The value of a key that any layer may have, among its arguments or beside its name."""
    for holder in (place.given, place.entry):
        if isinstance(holder, Fields) and (found := holder.get(key)) is not None:
            return found
    return None
