"""Reads files of custom layers: YAML files with ``custom:`` and ``blocks:``, as in a spec, but without a model."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Source, by_place, error
from convcalc.read.container import open_file
from convcalc.read.custom_layers import NO_CUSTOM_LAYERS, CustomLayers
from convcalc.read.spec.blocks import read_blocks
from convcalc.read.spec.custom import KEYS as DECLARATION_KEYS
from convcalc.read.spec.custom import TEMPLATE_KEYS, read_custom
from convcalc.read.spec.excerpts import composed, has_known_key, keys_of
from convcalc.read.spec.graph import FileContext
from convcalc.read.spec.nodes import MAX_TEXT_BYTES, MappingNode, decode
from convcalc.read.spec.values import NodeReader, Scope

KEYS = ("custom", "blocks")
_EXPECTED = "a file of custom layers must be a mapping with 'custom:'"


def read_layers_files(sources: Sequence[str | PathLike[str]], custom: CustomLayers) -> CustomLayers:
    """Returns ``custom`` and the declarations in all files. If two files declare the same name, the last declaration
    counts.

    Raises :class:`ConvcalcError` with every problem in the files.
    """
    failures: list[ConvcalcError] = []
    for source in sources:
        name = fspath(source)
        try:
            with open_file(name) as file:
                custom = read_layers(decode(file.read(MAX_TEXT_BYTES + 1), name), custom)
        except ConvcalcError as failed:
            failures.append(failed)
    if failures:
        raise ConvcalcError([problem for failed in failures for problem in failed.problems])
    return custom


def read_layers(source: Source, given: CustomLayers = NO_CUSTOM_LAYERS) -> CustomLayers:
    """Returns the declarations in ``given``, and those in a text."""
    file = FileContext()
    known = (*KEYS, *DECLARATION_KEYS, *TEMPLATE_KEYS)
    root = composed(source, file.problems, known)
    if not isinstance(root, MappingNode) or not has_known_key(keys_of(root), known):
        raise error(codes.NOT_A_SPEC, f"{source.name}: {_EXPECTED}")
    reader = NodeReader(source, file)
    is_block = bool(root.fields) and all(isinstance(node, MappingNode) for _, node in root.fields.values())
    # the key 'custom' may be left out
    if is_block and not root.fields.keys() & set(KEYS):
        definitions = read_custom(reader, root, {}, given)
    else:
        reader.check_keys(root, KEYS, "a file of custom layers", Scope())
        blocks = read_blocks(reader, root.get("blocks"))
        definitions = read_custom(reader, root.get("custom"), blocks, given)
        if "custom" not in root.fields and not file.problems:
            reader.report(root, codes.MISSING_LAYERS, _EXPECTED, Scope())
    if file.problems:
        raise ConvcalcError(sorted(file.problems, key=by_place))
    return given.updated(definitions, source.name)
