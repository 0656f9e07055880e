"""Reads the ``blocks:`` of a spec. A block is a group of layers with arguments, and is used like a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import closest, did_you_mean, listed
from convcalc.base.structs import Struct
from convcalc.layers import lookup_builtin
from convcalc.layers.arguments import REQUIRED
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode
from convcalc.read.spec.values import COMMON_OPTIONS, AlreadyReported, NodeReader, Scope, has_misspelling_of

# Names that have another meaning in a spec. A block or an argument cannot have such a name.
NESTED = ("Model", "Functional", "Sequential")
_RESERVED_BLOCK_NAMES = (*COMMON_OPTIONS, "repeat", "when", "unless", "call")
_RESERVED_ARGUMENT_NAMES = ("from", "as", "input")


class Block(Struct):
    """A reusable group of layers.

    ``body`` is the whole declaration. ``defaults`` maps each argument to its default value, or to :data:`REQUIRED` if
    the argument has no default.
    """

    name: str
    defaults: Mapping[str, Any]
    layers: SequenceNode
    body: MappingNode


def read_blocks(reader: NodeReader, node: Node | None) -> Mapping[str, Block]:
    """Returns the blocks of a file, by name."""
    blocks: dict[str, Block] = {}
    scope = Scope()
    for name, (key, body) in reader.declared(node, "'blocks' must be a mapping from a block's name to its layers"):
        layers = body.get("layers") if isinstance(body, MappingNode) else None
        if lookup_builtin(name) or name in NESTED:
            reader.report(
                key,
                codes.NAME_TAKEN,
                f"a block cannot be named '{name}', which is a layer of Keras; choose another name",
                scope,
            )
        elif name in _RESERVED_BLOCK_NAMES:
            message = (
                f"a block cannot be named '{name}', which has another meaning in a list of layers; choose another name"
            )
            reader.report(key, codes.NAME_TAKEN, message, scope)
        if isinstance(body, MappingNode):
            reader.check_keys(body, ("arguments", "layers"), f"block '{name}'", scope)
            defaults = reader.declared_arguments(body.get("arguments"), _RESERVED_ARGUMENT_NAMES)
            if isinstance(layers, SequenceNode) and layers.items:
                blocks[name] = Block(name, defaults, layers, body)
                continue
            if layers is None and has_misspelling_of(body, "layers"):
                continue
        reader.report(key, codes.MISSING_LAYERS, f"block '{name}' needs a list of 'layers:'", scope)
    return blocks


def block_variables(
    reader: NodeReader, block: Block, scope: Scope, key: Node, entry: Node, given: Node | None
) -> dict[str, Any]:
    """Returns the values of a block's arguments, given by name or by position. Raises :class:`AlreadyReported`."""
    names = list(block.defaults)
    variables: dict[str, Any] = dict(block.defaults)
    beside = entry.fields.items() if isinstance(entry, MappingNode) else ()
    named = [(name, pair) for name, pair in beside if name in COMMON_OPTIONS]
    by_position: list[Node] = []
    if isinstance(given, MappingNode):
        named += given.fields.items()
    elif given is not None and not (isinstance(given, ScalarNode) and given.value is None):
        by_position = given.items if isinstance(given, SequenceNode) else [given]
    if len(by_position) > len(names):
        takes = f"takes {len(names)} argument{'s' * (len(names) != 1)}" if names else "takes no arguments"
        message = (
            f"block '{block.name}' {takes}, but {len(by_position)} {'is' if len(by_position) == 1 else 'are'} given"
        )
        reader.report(by_position[len(names)], codes.TOO_MANY_ARGUMENTS, message, scope)
    meant: set[str] = set()
    pairs: list[tuple[str, Node]] = list(zip(names, by_position))
    for name, (name_node, node) in named:
        if name in names:
            pairs.append((name, node))
        elif name not in ("from", "as"):
            might_be = [*names, "from", "as"]
            hint = did_you_mean(name, might_be)
            meant.add(closest(name, might_be))
            has = f"; it has {listed(names, 'and')}" if names and not hint else ""
            reader.report(
                name_node, codes.UNKNOWN_ARGUMENT, f"block '{block.name}' has no argument '{name}'{hint or has}", scope
            )
    failed = False
    for name, node in pairs:
        try:
            variables[name] = reader.value(node, scope)
        except AlreadyReported:
            failed = True
            variables[name] = None
    missing = [name for name, value in variables.items() if value is REQUIRED]
    # a misspelt argument was reported before
    unreported = [repr(name) for name in missing if name not in meant]
    if unreported:
        message = f"block '{block.name}' needs the argument{'s' * (len(unreported) > 1)} {listed(unreported, 'and')}"
        reader.report(key, codes.MISSING_ARGUMENT, message, scope)
    if missing or failed:
        raise AlreadyReported
    return variables
