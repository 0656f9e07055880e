"""Mutations of data: lists, mappings and single values of JSON and YAML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

ODD: list[Any] = [
    None, True, False, 0, 1, 2, 3, -1, 7, 32, 255, 10**6, 2**31, 2**53, 2**63, 10**18, 10**30, -(10**30), 0.5, -0.5, 1e300, 1e-300,
    float("inf"), float("nan"), "", "x", "é", "\x00", "\x1b[31m", "\ud800", "\u202e", "[bold]", "a/b", "../x", "a" * 300, "null", "1",
    "-1", "same", "valid", "causal", "relu", "float16", "channels_first", "$x", "${1/0}", [], {}, [None], [[]], [1, 1], [2, 2],
    [3, 3, 3], [[1, 1], [1, 1]], [None, 8, 8, 3], [None, None, 4], {"a": 1}, {"class_name": "__slice__", "config": {"start": 1}},
    {"class_name": "__ellipsis__", "config": {}}, {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float32"}},
]  # fmt: skip
_Spot = tuple[Any, Any]  # a list with an index, or a mapping with a key


class _Site(NamedTuple):
    """The position of a mutation, and the values that the mutation may use."""

    owner: Any
    key: Any
    places: list[_Spot]
    random: Random
    words: Sequence[str]
    donors: Sequence[Any]


def spots(tree: Any) -> list[_Spot]:
    """Returns the position of every value in the tree, except the root."""
    result: list[_Spot] = []
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        keys = range(len(part)) if isinstance(part, list) else list(part) if isinstance(part, dict) else ()
        result += [(part, key) for key in keys]
        waiting += [part[key] for key in keys]
    return result


def mutated(tree: Any, random: Random, words: Sequence[str], donors: Sequence[Any]) -> Any:
    """Changes the tree in place by a few mutations, and returns it. ``donors`` are values of other trees."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        places = spots(tree)
        if not places:
            return random.choice(ODD)
        owner, key = random.choice(places)
        random.choice(_CHANGES)(_Site(owner, key, places, random, words, donors))
    return tree


_Change = Callable[[_Site], None]


def _odd(at: _Site) -> None:
    at.owner[at.key] = copy(at.random.choice(ODD))


def _word(at: _Site) -> None:
    at.owner[at.key] = at.random.choice(at.words)


def _near(at: _Site) -> None:
    """Replaces a value by a similar value: a nearby number, a slightly changed word or list, or the opposite of a bool."""
    value, choice = at.owner[at.key], at.random.choice
    if isinstance(value, bool):
        at.owner[at.key] = not value
    elif isinstance(value, int):
        at.owner[at.key] = choice([value + 1, value - 1, value * 2, -value, value // 2, [value], str(value)])
    elif isinstance(value, str) and value:
        cut = at.random.randrange(len(value))
        start, rest = value[:cut], value[cut:]
        at.owner[at.key] = choice([start + rest[1:], start + choice("x_0$ \t\né:") + rest, [value]])
    elif isinstance(value, list):
        at.owner[at.key] = choice([value[::-1], value[:-1], value * 2, [value], value[0] if value else 0])


def _other(at: _Site) -> None:
    """Replaces a value by another value of the same tree."""
    there, other = at.random.choice(at.places)
    at.owner[at.key] = copy(there[other])


def _swapped(at: _Site) -> None:
    other = at.random.choice(range(len(at.owner)) if isinstance(at.owner, list) else list(at.owner))
    at.owner[at.key], at.owner[other] = at.owner[other], at.owner[at.key]


def _gone(at: _Site) -> None:
    del at.owner[at.key]


def _given(at: _Site) -> None:
    """Inserts a value: a value from another tree, or an unusual value."""
    value = copy(at.random.choice(at.donors) if at.donors and at.random.random() < 0.7 else at.random.choice(ODD))
    if isinstance(at.owner, list):
        at.owner.insert(at.key, value)
    else:
        at.owner[at.random.choice(at.words)] = value


def _renamed(at: _Site) -> None:
    if isinstance(at.owner, dict):
        at.owner[at.random.choice(at.words)] = at.owner.pop(at.key)


def _replaced(at: _Site) -> None:
    if at.donors:
        at.owner[at.key] = copy(at.random.choice(at.donors))


_CHANGES: tuple[_Change, ...] = (_odd, _word, _near, _near, _other, _swapped, _gone, _given, _renamed, _replaced)


def copy(value: Any) -> Any:
    """Returns a deep copy of a value.

    Repeated copies of shared parts would grow without end. So parts that are nested too deeply, and all parts after the
    first 2,000, become None.
    """
    left = [2_000]

    def copied(part: Any, depth: int) -> Any:
        left[0] -= 1
        if left[0] < 0 or depth > 40:
            return None
        if isinstance(part, list):
            return [copied(each, depth + 1) for each in part]
        if isinstance(part, dict):
            return {key: copied(each, depth + 1) for key, each in part.items()}
        return part

    return copied(value, 0)
