"""The YAML spec: a person's short description of a model, to a :class:`Model`.

Reading goes on after a problem, so that one run reports all that is wrong in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from convcalc.layers import LayerType, bind, builtin, find
from convcalc.model import Layer, Model, Ref
from convcalc.problems import Mark, Source, by_place, error
from convcalc.read.custom import block_arguments, read_custom
from convcalc.read.entries import MODEL_KEYS, NESTED, Block, Entries, Spec
from convcalc.read.graph import GraphBuilder, Shared
from convcalc.read.nodes import Fields, Items, Node, Scalar, compose, mark
from convcalc.read.values import Passed, Scope, Values, Written

TOP_KEYS = (*MODEL_KEYS, "blocks", "custom", "budget")
BUDGETS = ("params", "trainable_params", "non_trainable_params", "param_bytes", "macs")


def read_spec(source: Source) -> Model:
    """The model of a YAML spec; its ``problems`` hold what is wrong.

    Raises :class:`ConvcalcError` for a text that is no YAML, or no mapping.
    """
    shared = Shared()
    root = compose(source, shared.problems)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        raise error("empty", "this file is empty; a spec has 'input:' and 'layers:'", Mark(source, 1, 1))
    if not isinstance(root, Fields):
        raise error("not-a-spec", "a spec is a mapping with 'input:' and 'layers:'", mark(source, root))
    values = Values(source, shared)
    values.check_keys(root, TOP_KEYS, "a spec", Scope())
    blocks = _blocks(values, root.get("blocks"))
    reader = _ModelReader(values, blocks, read_custom(values, root.get("custom"), blocks))
    model = reader.model(root, Scope())
    try:
        budget = values.limits(root.get("budget"), BUDGETS, "a budget", Scope())
    except Passed:
        budget = {}
    problems = tuple(sorted(shared.problems, key=by_place))
    return replace(model, budget=budget, place=Written(source, root, root), source=source.name, problems=problems)


def _blocks(values: Values, node: Node | None) -> Mapping[str, Block]:
    """The ``blocks:`` of a file."""
    blocks: dict[str, Block] = {}
    if node is None:
        return blocks
    scope = Scope()
    if not isinstance(node, Fields):
        values.report(node, "invalid-value", "'blocks' is a mapping from a block's name to its layers", scope)
        return blocks
    for name, (key, body) in node.fields.items():
        if builtin(name) or name in NESTED:
            values.report(key, "name-taken", f"a block cannot be named '{name}': a layer of Keras has that name", scope)
        elif not isinstance(body, Fields) or not isinstance(body.get("layers"), Items):
            values.report(key, "missing-layers", f"block '{name}' needs a list of 'layers:'", scope)
        else:
            values.check_keys(body, ("arguments", "layers"), f"block '{name}'", scope)
            layers = body.get("layers")
            assert isinstance(layers, Items)
            blocks[name] = Block(name, block_arguments(values, body.get("arguments")), layers)
    return blocks


class _ModelReader:
    """Reads a model: the file's own, or one that stands in it as a layer."""

    def __init__(self, values: Values, blocks: Mapping[str, Block], custom: Mapping[str, LayerType]) -> None:
        self.values = values
        self.spec = Spec(values, blocks, custom, self.model)

    def model(self, fields: Fields, scope: Scope, name: str | None = None) -> Model:
        """The model of a mapping with inputs and layers."""
        graph = GraphBuilder(self.values.shared)
        scope = Scope(scope.variables, open_blocks=scope.open_blocks, context=scope.context)
        named_inputs = self.inputs(fields, graph, scope)
        entries = Entries(self.spec, graph, scope, graph.inputs[-1] if len(graph.inputs) == 1 else None)
        layers = fields.get("layers")
        if isinstance(layers, Items) and layers.items:
            entries.read(layers)
        else:
            node = fields.fields["layers"][0] if layers else fields
            self.values.report(node, "missing-layers", "a model needs a list of 'layers:'", scope)
        outputs = self.outputs(fields.get("outputs"), entries)
        functional = named_inputs or entries.branches or "outputs" in fields.fields
        class_name = "Functional" if functional else "Sequential"
        own_name = fields.get("name")
        if name is None and own_name is not None:
            with suppress(Passed):
                name = self.values.word(own_name, scope, "a model's name")
        return graph.finish(name or self.values.shared.names.automatic(class_name), class_name, outputs)

    def outputs(self, node: Node | None, entries: Entries) -> tuple[Ref, ...]:
        """The outputs that are named, else that of the last layer."""
        if node is not None:
            with suppress(Passed):
                return entries.references(node)
        return () if entries.current is None else (entries.current,)

    def inputs(self, fields: Fields, graph: GraphBuilder, scope: Scope) -> bool:
        """Put the inputs into the graph; whether they are named ones, which make the model a Functional."""
        one, several = fields.get("input"), fields.get("inputs")
        if several is not None:
            if one is not None:
                message = "write 'input:' for one input or 'inputs:' for named ones, not both"
                self.values.report(fields.fields["inputs"][0], "two-inputs", message, scope)
            if not isinstance(several, Fields) or not several.fields:
                self.values.report(several, "invalid-value", "'inputs' is a mapping from a name to a shape", scope)
                self.add_input(graph, several, None, scope, broken=True)
            else:
                for name, (_, node) in several.fields.items():
                    self.add_input(graph, node, name, scope)
            return True
        if "input" in fields.fields and one is not None:
            self.add_input(graph, one, None, scope)
        elif not _starts_with_input(fields.get("layers")):
            message = "a model needs an 'input:', the shape of one sample, such as [28, 28, 1]"
            node = fields.fields["layers"][0] if "layers" in fields.fields else fields
            self.values.report(node, "missing-input", message, scope)
            self.add_input(graph, fields, None, scope, broken=True)
        return False

    def add_input(self, graph: GraphBuilder, node: Node, name: str | None, scope: Scope, broken: bool = False) -> None:
        """An input layer, of a shape or of ``{shape, batch_size, dtype, name}``."""
        kind = find("InputLayer")
        assert kind is not None
        values = self.values
        given: Node | None = node if isinstance(node, Fields) else None
        place = Written(values.source, node, given, kind=kind, context=scope.context)
        args: dict[str, Any] = {}
        dtype = "float32"
        named: dict[str, Any] = {}
        if isinstance(node, Fields) and not broken:
            with suppress(Passed):
                dtype = values.dtype(node.get("dtype"), scope)
            with suppress(Passed):
                name_node = node.get("name")
                name = values.word(name_node, scope, "an input's name") if name_node and name is None else name
        if not broken:
            try:
                read = values.value(node, scope)
                named = read if isinstance(read, dict) else {"shape": read}
                own = {key: value for key, value in named.items() if key not in ("name", "dtype")}
                args, refusals = bind(kind, (), own)
                values.refused(place, refusals)
                broken = bool(refusals)
            except Passed:
                broken = True
        if not broken and "shape" not in args and "batch_shape" not in args:
            values.report(node, "missing-argument", "an input needs a 'shape:'", scope)
            broken = True
        layer = Layer(
            name or values.shared.names.automatic("InputLayer"),
            "InputLayer",
            args,
            dtype=dtype,
            place=place,
            broken=broken,
        )
        graph.add_input(graph.add_layer(layer), place)


def _starts_with_input(layers: Node | None) -> bool:
    """Whether the first layer is an InputLayer, as in Keras's own Sequential."""
    first = layers.items[0] if isinstance(layers, Items) and layers.items else None
    return (isinstance(first, Fields) and "InputLayer" in first.fields) or (
        isinstance(first, Scalar) and first.value == "InputLayer"
    )
