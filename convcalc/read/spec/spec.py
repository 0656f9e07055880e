"""Reads a YAML spec, which is a short description of a model, and returns a :class:`Model`.

Reading continues after a problem, so that one run reports all problems of a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Mark, Problem, Source, by_place, error
from convcalc.model import BUDGETS, Model
from convcalc.read.custom_layers import NO_CUSTOM_LAYERS, CustomLayers
from convcalc.read.spec.blocks import read_blocks
from convcalc.read.spec.entries import MODEL_KEYS
from convcalc.read.spec.excerpts import composed, has_known_key, without_excerpt
from convcalc.read.spec.graph import FileContext
from convcalc.read.spec.model_reader import ModelReader
from convcalc.read.spec.nodes import MappingNode, ScalarNode, mark
from convcalc.read.spec.values import AlreadyReported, NodeReader, Scope, SpecPlace
from convcalc.read.third_party import find_third_party

if TYPE_CHECKING:
    from convcalc.read.detect import OpenFile

TOP_KEYS = (*MODEL_KEYS, "blocks", "custom", "budget")


def read_spec_file(opened: OpenFile) -> Model:
    """Returns the model of a YAML spec in an open file."""
    return read_spec(opened.text, opened.custom)


def _reject_other_texts(source: Source) -> None:
    """Raises :class:`ConvcalcError` if a text that is not a spec is known, such as a config of another library."""
    from convcalc.read.foreign_files import foreign_text  # imported lazily: most specs are correct

    foreign = foreign_text(source)
    if foreign is not None:
        raise foreign


def read_spec(source: Source, given: CustomLayers = NO_CUSTOM_LAYERS) -> Model:
    """Returns the model of a YAML spec. Its ``problems`` list all problems in the spec.

    ``given`` are declarations of custom layers. A declaration in the spec replaces a given declaration of the same
    name.

    Raises :class:`ConvcalcError` if the text is not YAML, or is not a mapping.
    """
    file = FileContext()
    try:
        root = composed(source, file.problems, TOP_KEYS)
    except ConvcalcError:
        _reject_other_texts(source)
        raise
    if root is not None and not (isinstance(root, MappingNode) and any(key in root.fields for key in MODEL_KEYS[1:])):
        _reject_other_texts(source)
    if root is None or (isinstance(root, ScalarNode) and root.value is None):
        raise error(codes.EMPTY, "this file is empty; a spec needs 'input:' and 'layers:'", Mark(source, 1, 1))
    if not isinstance(root, MappingNode) or not has_known_key(root.fields, TOP_KEYS):
        problem = Problem(codes.NOT_A_SPEC, "a spec must be a mapping with 'input:' and 'layers:'", mark(source, root))
        raise ConvcalcError([without_excerpt(problem)])
    reader = NodeReader(source, file)
    reader.check_keys(root, TOP_KEYS, "a spec", Scope())
    blocks = read_blocks(reader, root.get("blocks"))
    custom = given._replace(elsewhere=find_third_party)
    if "custom" in root.fields:
        from convcalc.read.spec.custom import read_custom

        custom = custom.updated(read_custom(reader, root.get("custom"), blocks, custom), source.name)
    model = ModelReader(reader, blocks, custom).model(root, Scope())
    try:
        budget = reader.limits(root.get("budget"), BUDGETS, "a budget", Scope())
    except AlreadyReported:
        budget = {}
    problems = tuple(sorted(file.problems, key=by_place))
    return model._replace(budget=budget, place=SpecPlace(source, root, root), source=source.name, problems=problems)
