"""Decides whether messages may show lines of a YAML file.

A file that is not ours is not shown. In a stranger's repository, ``specs/x.yaml`` can be a link to a file with passwords,
and the log of CI can be public.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from convcalc.base.problems import ConvcalcError, Problem, Source, closest
from convcalc.read.spec.nodes import MappingNode, Node, compose

MAX_KEYS = 100  # the number of keys in which a known key is searched
_KEY = r"(?m)^[ \t{-]*[\"']?(\w+)[\"']?[ \t]*:"


def composed(source: Source, problems: list[Problem], known: Sequence[str]) -> Node | None:
    """Returns the node of a YAML text, as :func:`compose` does.

    If the text is not YAML and has none of the known keys, the error shows no line.
    """
    try:
        return compose(source, problems)
    except ConvcalcError as failed:
        if has_known_key((match[1] for match in re.finditer(_KEY, source.text)), known):
            raise
        raise ConvcalcError(map(without_excerpt, failed.problems[-1:])) from None


def has_known_key(keys: Iterable[str], known: Sequence[str]) -> bool:
    """Returns True if one of the keys is known, or similar to a known key."""
    return any(key in known or closest(key, known) for key in islice(keys, MAX_KEYS))


def keys_of(node: Node | None) -> Iterable[str]:
    """Yields the keys of a mapping, and those of the mappings in it."""
    if isinstance(node, MappingNode):
        yield from node.fields
        for _, value in node.fields.values():
            if isinstance(value, MappingNode):
                yield from value.fields


def without_excerpt(problem: Problem) -> Problem:
    """Returns the problem without a line of the file."""
    if problem.mark is None:
        return problem
    return problem._replace(mark=problem.mark._replace(source=Source(problem.mark.source.name, "")))
