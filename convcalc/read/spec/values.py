"""Converts nodes to plain values, and reports everything that is wrong with them.

A :class:`NodeReader` reads one file and collects its problems. A :class:`Scope` has the names that a node can use: variables,
labels, and the inputs of the block around the node.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.problems import Refusal, Source, did_you_mean, listed
from convcalc.base.structs import Struct
from convcalc.layers.arguments import REQUIRED, shown
from convcalc.layers.dtypes import POLICIES, is_policy
from convcalc.model import Ref
from convcalc.read.spec.expressions import substitute
from convcalc.read.spec.graph import FileContext
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode, mark, plain_value
from convcalc.read.spec.places import COMMON_OPTIONS as COMMON_OPTIONS
from convcalc.read.spec.places import SpecPlace as SpecPlace

_VARIABLE = r"[A-Za-z_]\w*"


class AlreadyReported(Exception):
    """Raised after a problem was reported. The reader skips the node and continues with the next node."""


class Scope(Struct):
    """The names that a node can use.

    The layers of a block can use the labels that exist where the block is used. So a label can be an argument of a
    block (``from: $skip``). Labels inside a block are not visible outside.

    Attributes:
        variables: the values of variables, by name
        labels: the tensors of labels, by name
        inputs: the inputs of the block (``$input``)
        open_blocks: the names of the blocks that contain the node, outermost first
        depth: the number of blocks, repeats and models that contain the node
        context: the text at the end of messages, such as " (in block 'stem', used on line 3)"
        blocks: the uses of blocks and the rounds of repeats that contain the node, outermost first: each has a name and a number
    """

    variables: Mapping[str, Any] = {}
    labels: ChainMap[str, Ref] = ChainMap()  # noqa: RUF012 - never modified: each model gets its own labels
    inputs: tuple[Ref, ...] = ()
    open_blocks: tuple[str, ...] = ()
    depth: int = 0
    context: str = ""
    blocks: tuple[tuple[str, int], ...] = ()


class NodeReader:
    """Reads the nodes of one file."""

    def __init__(self, source: Source, file: FileContext) -> None:
        self.source = source
        self.file = file

    def report(self, node: Node, code: Code, message: str | Callable[[], str], scope: Scope) -> None:
        """Reports a problem at a node."""
        self.file.report(code, message, mark(self.source, node), context=scope.context)

    def charge(self, work: int, node: Node) -> None:
        """Counts the work of reading a node for the file.

        Raises :class:`ConvcalcError` if the total is too large.
        """
        self.file.charge(work, lambda: mark(self.source, node))

    def report_refusals(self, place: SpecPlace, refusals: Sequence[Refusal]) -> None:
        """Reports problems with arguments. A wrong name is reported at the position of the name, and a wrong value at
        the position of the value.
        """
        if not refusals:
            return
        from convcalc.read.spec.cures import cured, form_problem  # imported lazily: only wrong specs need it

        form = form_problem(place, refusals)
        if form is not None:
            self.file.report(codes.INVALID_VALUE, form[1], mark(self.source, form[0]), context=place.context)
            return
        for refusal in refusals:
            several = place.arguments.items if isinstance(place.arguments, SequenceNode) else []
            if (
                refusal.code == codes.TOO_MANY_ARGUMENTS
                and place.definition
                and len(several) > len(place.positional_names)
            ):
                extra = several[len(place.positional_names)]
                self.file.report(refusal.code, refusal.message, mark(self.source, extra), context=place.context)
                continue
            at_key = refusal.code in (codes.UNKNOWN_ARGUMENT, codes.DUPLICATE_ARGUMENT) and refusal.argument
            at = place.key_mark(str(refusal.argument)) if at_key else place.mark(refusal.argument)
            about = str(refusal.argument) if refusal.argument else None
            self.file.report(refusal.code, cured(refusal, place), at, context=place.context, about=about)

    def check_keys(self, fields: MappingNode, known: Sequence[str], owner: str, scope: Scope) -> None:
        """Reports unknown keys."""
        for key, (key_node, value) in fields.fields.items():
            if key not in known:
                from convcalc.read.spec.cures import unknown_key_cure  # imported lazily: only wrong specs need it

                cure = unknown_key_cure(key, plain_value(value)) if owner == "a spec" else ""
                hint = cure or did_you_mean(key, known) or f"; it has {listed(known, 'and')}"
                self.report(key_node, codes.UNKNOWN_KEY, f"{owner} has no key '{key}'{hint}", scope)

    def value(self, node: Node, scope: Scope) -> Any:
        """Returns a node as a plain value, with variables replaced. Raises :class:`AlreadyReported`."""
        if isinstance(node, ScalarNode):
            if not isinstance(node.value, str) or "$" not in node.value:
                return node.value
            self.charge(len(node.value) // 2, node)
            try:
                value = substitute(node.value, scope.variables)
                if isinstance(value, (list, dict)):
                    self.charge(_count_values(value), node)
                return value
            except Refusal as refusal:
                self.report(node, refusal.code, refusal.message, scope)
                raise AlreadyReported from None
        if isinstance(node, SequenceNode):
            self.charge(len(node.items), node)
            return [self.value(item, scope) for item in node.items]
        return {key: self.value(value, scope) for key, (_, value) in node.fields.items()}

    def declared(self, node: Node | None, expects: str) -> Iterable[tuple[str, tuple[ScalarNode, Node]]]:
        """Returns the declarations under a key (``blocks`` or ``custom``) by name."""
        if node is None:
            return ()
        if not isinstance(node, MappingNode):
            self.report(node, codes.INVALID_VALUE, expects, Scope())
            return ()
        return node.fields.items()

    def declared_arguments(self, node: Node | None, reserved: Sequence[str]) -> dict[str, Any]:
        """Returns the arguments that a block or a custom layer declares. For ``[filters, {strides: 1}]``, the default
        of ``strides`` is 1.
        """
        defaults: dict[str, Any] = {}
        scope = Scope()
        for item in node.items if isinstance(node, SequenceNode) else [] if node is None else [node]:
            if isinstance(item, ScalarNode) and isinstance(item.value, str) and isinstance(node, SequenceNode):
                pairs: list[tuple[str, ScalarNode, Node | None]] = [(item.value, item, None)]
            elif isinstance(item, MappingNode) and isinstance(node, SequenceNode):
                pairs = [(name, key, value) for name, (key, value) in item.fields.items()]
            else:
                message = (
                    "'arguments' must be a list of names, such as [filters, {strides: 1}] (strides has the default 1)"
                )
                self.report(item, codes.INVALID_VALUE, message, scope)
                continue
            for name, key, value in pairs:
                if not re.fullmatch(_VARIABLE, name):
                    message = f"the name of an argument must be a word of letters, digits and '_', not {shown(name)}"
                    self.report(key, codes.INVALID_NAME, message, scope)
                elif name in reserved:
                    message = f"an argument cannot be named '{name}', which has another meaning; choose another name"
                    self.report(key, codes.NAME_TAKEN, message, scope)
                elif name in defaults:
                    self.report(key, codes.NAME_TAKEN, f"two arguments are named '{name}'; rename one of them", scope)
                with suppress(AlreadyReported):
                    defaults[name] = REQUIRED if value is None else self.value(value, scope)
        return defaults

    def word(self, node: Node, scope: Scope, what: str) -> str:
        """Returns a node as a word; a whole number is accepted too. Raises :class:`AlreadyReported`."""
        return self.as_word(self.value(node, scope), node, scope, what)

    def as_word(self, value: Any, node: Node, scope: Scope, what: str) -> str:
        """Returns the value of a node as a word. Raises :class:`AlreadyReported`."""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or not value:
            self.report(node, codes.INVALID_VALUE, f"{what} must be a word, not {shown(value)}", scope)
            raise AlreadyReported
        return value

    def flag(self, node: Node | None, scope: Scope, what: str) -> bool:
        """Returns the value of a node as True or False; True if there is no node. Raises :class:`AlreadyReported`."""
        value = True if node is None else self.value(node, scope)
        if not isinstance(value, bool) and node is not None:
            self.report(node, codes.INVALID_VALUE, f"'{what}' must be true or false, not {shown(value)}", scope)
            raise AlreadyReported
        return bool(value)

    def dtype(self, node: Node | None, scope: Scope, known: Sequence[str] = POLICIES) -> str | None:
        """Returns a node as the name of a dtype or a dtype policy; None if there is no node.

        Raises :class:`AlreadyReported`.
        """
        if node is None:
            return None
        name = self.word(node, scope, "a dtype")
        if name not in known and not (known is POLICIES and is_policy(name)):
            hint = did_you_mean(name, known) or f"; choose {listed(known)}"
            self.report(node, codes.INVALID_VALUE, f"there is no dtype '{name}'{hint}", scope)
            raise AlreadyReported
        return name

    def limits(self, node: Node | None, known: Sequence[str], owner: str, scope: Scope) -> dict[str, Any]:
        """Returns the limits for ``convcalc check``. Raises :class:`AlreadyReported`."""
        if node is None:
            return {}
        if not isinstance(node, MappingNode):
            self.report(node, codes.INVALID_VALUE, f"{owner} must be a mapping with {listed(known)}", scope)
            raise AlreadyReported
        self.check_keys(node, known, owner, scope)
        return {key: self.value(value, scope) for key, (_, value) in node.fields.items() if key in known}


def has_misspelling_of(fields: MappingNode, key: str) -> bool:
    """Returns True if a mapping has a key that is probably a misspelling of ``key``.

    The wrong key was reported before, so ``key`` need not be reported as missing.
    """
    return any(given != key and did_you_mean(given, [key]) for given in fields.fields)


# The maximum number of values in one variable. Without it, blocks that put lists into lists could fill the memory.
MAX_VARIABLE_VALUES = 200


def _count_values(value: Any) -> int:
    """Returns the number of values in ``value``. Raises :class:`Refusal` if there are too many for one variable."""
    count, remaining = 0, [value]
    while remaining:
        part = remaining.pop()
        count += 1
        if count > MAX_VARIABLE_VALUES:
            raise Refusal(f"a variable can hold at most {MAX_VARIABLE_VALUES} values", codes.EXPRESSION)
        if isinstance(part, list):
            remaining.extend(part)
        elif isinstance(part, dict):
            remaining.extend(part.values())
    return count
