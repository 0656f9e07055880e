"""Matches values with the patterns of ``match`` statements."""

from __future__ import annotations

import ast
from typing import Any

from convcalc.read.code.language.values import MISSING, Environment, Instance, Library, Unknown, first_unknown

# In `case int(n):`, the name `n` gets the whole value, for these classes only.
_WHOLE = ("bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple")


def matches(run: Any, pattern: ast.pattern, value: Any, env: Environment) -> Any:
    """Returns True if a value matches a pattern. Assigns the names in the pattern. The result may be an unknown value."""
    if isinstance(pattern, ast.MatchValue):
        return run.equal(value, run.evaluate(pattern.value, env))
    if isinstance(pattern, ast.MatchSingleton):
        return run.identical(value, pattern.value)
    if isinstance(pattern, ast.MatchAs):
        inner = True if pattern.pattern is None else matches(run, pattern.pattern, value, env)
        if inner is True and pattern.name is not None:
            env.variables[pattern.name] = value
        return inner
    if isinstance(pattern, ast.MatchOr):
        return _first_answer(run, pattern, value, env)
    if isinstance(value, Unknown):
        return value
    if isinstance(pattern, ast.MatchSequence):
        return _sequence(run, pattern, value, env)
    if isinstance(pattern, ast.MatchMapping):
        return _mapping(run, pattern, value, env)
    if isinstance(pattern, ast.MatchClass):
        return _class(run, pattern, value, env)
    return Unknown("this pattern is not supported", run.spot(pattern))


def _first_answer(run: Any, pattern: ast.MatchOr, value: Any, env: Environment) -> Any:
    for part in pattern.patterns:
        answer = matches(run, part, value, env)
        if answer is not False:
            return answer
    return False


def _all(run: Any, pairs: Any, env: Environment) -> Any:
    """Matches each value with its pattern. Returns the first result that is not True."""
    for pattern, value in pairs:
        answer = matches(run, pattern, value, env)
        if answer is not True:
            return answer
    return True


def _sequence(run: Any, pattern: ast.MatchSequence, value: Any, env: Environment) -> Any:
    if isinstance(value, Instance) and value.cls.kind == "namedtuple":
        value = tuple(value.attributes.values())
    if isinstance(value, Instance) and isinstance(value.items, list):
        value = value.items
    if not isinstance(value, (list, tuple)):
        return False
    if (doubt := run.doubtful(value)) is not None:
        return doubt
    patterns = pattern.patterns
    star = next((at for at, part in enumerate(patterns) if isinstance(part, ast.MatchStar)), None)
    if star is None:
        return len(value) == len(patterns) and _all(run, zip(patterns, value), env)
    after = len(patterns) - star - 1
    if len(value) < len(patterns) - 1:
        return False
    end = len(value) - after
    answer = _all(run, [*zip(patterns[:star], value), *zip(patterns[star + 1 :], value[end:])], env)
    rest = patterns[star]
    if answer is True and isinstance(rest, ast.MatchStar) and rest.name is not None:
        env.variables[rest.name] = list(value[star:end])
    return answer


def _mapping(run: Any, pattern: ast.MatchMapping, value: Any, env: Environment) -> Any:
    items = value.items if isinstance(value, Instance) else value
    if not isinstance(items, dict):
        return False
    if (doubt := run.doubtful(items)) is not None:
        return doubt
    keys = [run.evaluate(key, env) for key in pattern.keys]
    unknown = first_unknown(keys)
    if unknown is not None:
        return unknown
    if any(key not in items for key in keys):
        return False
    answer = _all(run, zip(pattern.patterns, [items[key] for key in keys]), env)
    if answer is True and pattern.rest is not None:
        env.variables[pattern.rest] = {key: part for key, part in items.items() if key not in keys}
    return answer


def _class(run: Any, pattern: ast.MatchClass, value: Any, env: Environment) -> Any:
    spot = run.spot(pattern)
    cls = run.evaluate(pattern.cls, env)
    answer = run.is_instance(value, cls, spot)
    if answer is not True:
        return answer
    names = list(pattern.kwd_attrs)
    patterns = [*pattern.patterns, *pattern.kwd_patterns]
    if pattern.patterns:
        if isinstance(cls, Library) and cls.name in _WHOLE and len(pattern.patterns) == 1:
            answer = matches(run, pattern.patterns[0], value, env)
            if answer is not True:
                return answer
            patterns = patterns[1:]
        else:
            order = _match_args(run, cls, spot)
            if order is None or len(order) < len(pattern.patterns):
                return Unknown("this pattern is not supported", spot)
            names = [*order[: len(pattern.patterns)], *names]
    values = [run.attribute_or_missing(value, name, spot) for name in names]
    return MISSING not in values and _all(run, zip(patterns, values), env)


def _match_args(run: Any, cls: Any, spot: Any) -> list[str] | None:
    """Returns the attributes for ``case Point(0, y)``, such as ["x", "y"]; None if they are unknown."""
    order = run.attribute_or_missing(cls, "__match_args__", spot)
    if isinstance(order, (tuple, list)):
        return list(order)
    kind = getattr(cls, "kind", "")
    return list(cls.fields) if kind in ("dataclass", "namedtuple") else None
