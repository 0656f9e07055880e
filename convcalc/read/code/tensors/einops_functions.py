"""The functions of ``einops`` on tensors, as reshapes, transposes and reductions of TensorFlow."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import TensorValue
from convcalc.read.code.language.values import DynamicSize, Spot, Unknown
from convcalc.read.code.libraries import function

Group = list[str]  # the names of the axes that form one axis of a tensor; [] is an axis of size 1


class _NotFollowed(Exception):
    """Raised for a pattern that is not supported."""


def _groups(side: str) -> list[Group]:
    """Returns the groups of one side of a pattern: ``b (h w) 1`` → ``[["b"], ["h", "w"], []]``."""
    if "." in side or "…" in side:
        raise _NotFollowed
    parts = re.findall(r"\(([^()]*)\)|(\S+)", side)
    groups = [(inside or "").split() if not single else [single] for inside, single in parts]
    return [[] if group == ["1"] else [name for name in group if name != "1"] for group in groups]


def _sizes(run: Any, value: Any, groups: Sequence[Group], given: Mapping[str, Any], spot: Spot) -> dict[str, Any]:
    """Returns the size of each axis of a pattern. The size of a batch is a DynamicSize."""
    shape = run.attribute(value, "shape", spot)
    if not isinstance(shape, (list, tuple)) or len(shape) != len(groups):
        raise _NotFollowed
    sizes: dict[str, Any] = dict(given)
    for group, size in zip(groups, shape):
        whole = DynamicSize("a size that is known only when the model runs", spot) if size is None else size
        open_names = [name for name in group if name not in sizes]
        if len(open_names) > 1:
            raise _NotFollowed
        known = [sizes[name] for name in group if name in sizes]
        if open_names and len(group) == 1:
            sizes[open_names[0]] = whole
        elif open_names:
            rest = whole
            if isinstance(whole, int) and all(isinstance(part, int) for part in known):
                if whole % math.prod(known):
                    raise _NotFollowed
                rest = whole // math.prod(known)
            sizes[open_names[0]] = rest if isinstance(rest, (int, Unknown)) else Unknown("this size is unknown", spot)
    return sizes


def _product(run: Any, group: Group, sizes: Mapping[str, Any], spot: Spot) -> Any:
    total: Any = 1
    for name in group:
        total = run.binary("*", total, sizes[name], spot)
    return total


def _call(run: Any, name: str, value: Any, arguments: list[Any], spot: Spot, **options: Any) -> Any:
    return run.call_library(f"tensorflow.{name}", [value, *arguments], options, spot)


def _applied(
    run: Any, name: str, args: list[Any], kwargs: dict[str, Any], spot: Spot, reduction: Any = None
) -> Any:  # fmt: skip
    value, pattern = args[0], args[1] if len(args) > 1 else kwargs.get("pattern")
    given = {key: size for key, size in kwargs.items() if key not in ("pattern", "reduction")}
    unknown = Unknown(f"this call of `einops.{name}` is not supported", spot)
    if isinstance(value, Unknown):
        return Unknown(value.reason, value.spot)
    if not isinstance(value, (TensorValue, Array)) or not isinstance(pattern, str) or pattern.count("->") != 1:
        return unknown
    try:
        left, right = map(_groups, pattern.split("->"))
        sizes = _sizes(run, value, left, given, spot)
    except _NotFollowed:
        return unknown
    before = [axis for group in left for axis in group]
    after = [axis for group in right for axis in group]
    gone = [axis for axis in before if axis not in after]
    if (reduction is None and gone) or set(after) - set(before) or len(set(after)) != len(after):
        return unknown
    if any(len(group) != 1 for group in left):
        value = _call(run, "reshape", value, [[sizes[axis] for axis in before]], spot)
    if gone:
        value = _call(run, f"reduce_{reduction}", value, [], spot, axis=[before.index(axis) for axis in gone])
        before = [axis for axis in before if axis in after]
    if before != after:
        value = _call(run, "transpose", value, [[before.index(axis) for axis in after]], spot)
    if any(len(group) != 1 for group in right):
        value = _call(run, "reshape", value, [[_product(run, group, sizes, spot) for group in right]], spot)
    return value


@function("einops.rearrange")
def _rearrange(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _applied(run, "rearrange", args, kwargs, spot)


@function("einops.reduce")
def _reduce(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    reduction = args[2] if len(args) > 2 else kwargs.get("reduction")
    if reduction not in ("mean", "sum", "max", "min", "prod"):
        return Unknown("this call of `einops.reduce` is not supported", spot)
    return _applied(run, "reduce", args, kwargs, spot, reduction)


@function("einops.parse_shape")
def _parse_shape(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value, pattern = args[0], args[1] if len(args) > 1 else kwargs.get("pattern")
    shape = run.attribute(value, "shape", spot) if isinstance(value, (TensorValue, Array)) else None
    names = pattern.split() if isinstance(pattern, str) else []
    if not isinstance(shape, (list, tuple)) or len(names) != len(shape):
        return Unknown("this call of `einops.parse_shape` is not supported", spot)
    open_size = DynamicSize("a size that is known only when the model runs", spot)
    return {name: open_size if size is None else size for name, size in zip(names, shape) if name != "_"}
