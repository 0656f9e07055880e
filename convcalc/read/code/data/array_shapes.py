"""Arithmetic on the shapes of arrays. A size is a number, None (any size) or an unknown number."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from convcalc.base.structs import Struct
from convcalc.read.code.language.values import SizeValue, Unknown, UnknownNumber

Sizes: TypeAlias = "tuple[SizeValue, ...]"


class ShapeError(ValueError):
    """Raised if the shapes of arrays do not fit, such as in ``zeros(2) + zeros(3)``."""


def unknown_size(reason: str, spot: Any = None) -> UnknownNumber:
    """Returns a size that is unknown."""
    return UnknownNumber(reason, spot)


def same_size(first: SizeValue, second: SizeValue) -> bool:
    """Returns True if two sizes are equal for sure. Two unknown sizes are equal if they are the same unknown value."""
    if first is second:
        return True
    if isinstance(first, Unknown) and isinstance(second, Unknown):
        return first.reason == second.reason and first.spot is second.spot and first.spot is not None
    return isinstance(first, int) and isinstance(second, int) and first == second


def count_of(shape: Iterable[Any]) -> int | None:
    """Returns the number of elements of an array of this shape; None if it is unknown."""
    total = 1
    for size in shape:
        if not isinstance(size, int):
            return None
        total *= size
    return total


def axis_of(axis: Any, rank: int) -> int:
    """Returns an axis as a number from 0: -1 → 2 for three axes."""
    if not isinstance(axis, int) or not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is out of bounds for {rank} axes")
    return axis % rank


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Returns axes as numbers from 0: [0, -1] → (0, 2) for three axes. None means all axes."""
    if axis is None:
        return tuple(range(rank))
    return tuple(axis_of(part, rank) for part in (axis if isinstance(axis, (list, tuple)) else (axis,)))


def broadcast(*shapes: Sequence[SizeValue]) -> Sizes:
    """Returns the shape that arrays of these shapes have after broadcasting."""
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(_broadcast_size(sizes) for sizes in zip(*padded))


def _broadcast_size(sizes: tuple[SizeValue, ...]) -> SizeValue:
    known = {size for size in sizes if isinstance(size, int) and size != 1}
    if len(known) > 1:
        raise ShapeError(f"sizes {sorted(known)} do not match")
    if known:
        return known.pop()
    open_sizes = [size for size in sizes if size != 1]
    if not open_sizes:
        return 1
    first = open_sizes[0]
    if all(same_size(first, size) for size in open_sizes):
        return first
    return unknown_size("the sizes of two arrays are unknown")


def reshaped(shape: Sizes, new: Sequence[Any], spot: Any) -> Sizes:
    """Returns the shape of ``array.reshape(new)``. One size in ``new`` may be -1."""
    if not all(isinstance(size, (int, Unknown)) or size is None for size in new):
        raise ShapeError("the new shape is unknown")
    holes = [at for at, size in enumerate(new) if size == -1]
    if len(holes) > 1:
        raise ShapeError("only one size can be -1")
    old_rest, new_rest = list(shape), [size for size in new if size != -1]
    for size in list(new_rest):
        match = next((at for at, old in enumerate(old_rest) if not isinstance(old, int) and same_size(old, size)), None)
        if match is not None:
            old_rest.pop(match)
            new_rest.remove(size)
    old_open = [size for size in old_rest if not isinstance(size, int)]
    new_open = [size for size in new_rest if not isinstance(size, int)]
    old_known = count_of(size for size in old_rest if isinstance(size, int)) or 0
    new_known = count_of(size for size in new_rest if isinstance(size, int)) or 0
    if not old_open and not new_open:
        if not holes and old_known != new_known:
            raise ShapeError(f"cannot reshape {old_known} elements into {new_known}")
        if holes and (new_known == 0 or old_known % new_known):
            raise ShapeError(f"cannot reshape {old_known} elements into groups of {new_known}")
    if not holes:
        return tuple(new)
    missing: SizeValue
    if not old_open and not new_open:
        missing = old_known // new_known
    elif len(old_open) == 1 and not new_open and old_known == new_known:
        missing = old_open[0]
    else:
        missing = unknown_size("the size of this axis after `reshape` is unknown", spot)
    return tuple(missing if at == holes[0] else size for at, size in enumerate(new))


def strides_of(shape: Sequence[int]) -> list[int]:
    """Returns, for each axis, the distance between neighbours in the flat list of elements: (2, 3, 4) → [12, 4, 1]."""
    strides = [1] * len(shape)
    for at in range(len(shape) - 2, -1, -1):
        strides[at] = strides[at + 1] * shape[at + 1]
    return strides


def offsets(groups: Sequence[Sequence[int]]) -> list[int]:
    """Returns all sums of one number from each group: [[0, 10], [1, 2]] → [1, 2, 11, 12]."""
    return [sum(parts) for parts in itertools.product(*groups)]


class Selection(Struct):
    """The result of a subscript. ``positions`` are the indices of its elements in the flat array; None if they are
    unknown.
    """

    shape: Sizes
    positions: list[int] | None


def select(shape: Sizes, key: Any, spot: Any, limit: int) -> Selection:
    """Returns the selection of ``array[key]``.

    ``key`` has numbers, slices, None, ``...``, and :class:`Picked` for index arrays.
    """
    parts = list(key) if isinstance(key, tuple) else [key]
    used = sum(part.axes if isinstance(part, Picked) else part is not None and part is not Ellipsis for part in parts)
    if used > len(shape):
        raise ShapeError(f"there are {used} subscripts for {len(shape)} axes")
    if Ellipsis not in [part for part in parts if not isinstance(part, Picked)]:
        parts.append(Ellipsis)
    where = next(at for at, part in enumerate(parts) if part is Ellipsis)
    parts[where : where + 1] = [slice(None)] * (len(shape) - used)
    sizes, groups = _selected(shape, parts, spot)
    total = count_of(sizes)
    if groups is None or total is None or total > limit or count_of(shape) is None:
        return Selection(tuple(sizes), None)
    return Selection(tuple(sizes), offsets(groups))


class Picked(Struct):
    """An array in a subscript, such as the ``[0, 2]`` in ``x[[0, 2], 1]``.

    ``shape`` is its shape. ``positions`` are the selected positions along the axis; None if they are unknown. ``axes`` is the
    number of axes that it replaces: more than 1 for a mask of several axes.
    """

    shape: Sizes
    positions: list[int] | None
    axes: int = 1


def _selected(shape: Sizes, parts: list[Any], spot: Any) -> tuple[list[SizeValue], list[list[int]] | None]:
    sizes: list[SizeValue] = []
    groups: list[list[int]] | None = []
    strides = strides_of(shape) if count_of(shape) is not None else None  # type: ignore[arg-type]
    picked = [at for at, part in enumerate(parts) if isinstance(part, Picked)]
    if picked:  # NumPy treats the number in ``x[[0, 2], 1]`` as an index array
        picked = [at for at, part in enumerate(parts) if isinstance(part, (Picked, int))]
    together = not picked or picked == list(range(picked[0], picked[-1] + 1))
    common: Sizes = ()
    if picked:
        common = broadcast(*(part.shape for part in parts if isinstance(part, Picked)))
        if not together:
            sizes += common
    axis = 0
    for at, part in enumerate(parts):
        if part is None:
            sizes.append(1)
            continue
        if isinstance(part, Picked):
            if together and at == picked[0]:
                sizes += common
            if len(picked) > 1 or part.positions is None or not together:
                groups = None
            elif groups is not None and strides is not None:
                groups.append([position * strides[axis + part.axes - 1] for position in part.positions])
            axis += part.axes
            continue
        size = shape[axis]
        if isinstance(part, slice):
            indices = slice_positions(size, part)
            sizes.append(_sliced(size, part, spot) if indices is None else len(indices))
        else:
            if isinstance(size, int) and not -size <= part < size:
                raise ShapeError(f"index {part} is out of bounds for an axis of {size}")
            if together and picked and at == picked[0]:
                sizes += common
            indices = range(part % size, part % size + 1) if isinstance(size, int) and size else None
        if indices is None or strides is None or (isinstance(part, slice) and len(indices) > _LONGEST):
            groups = None
        elif groups is not None:
            groups.append([index * strides[axis] for index in indices])
        axis += 1
    return sizes, groups


_LONGEST = 20_000


def slice_positions(size: SizeValue, part: slice) -> range | None:
    """Returns the positions that a slice selects; None if they are unknown."""
    bounds = (part.start, part.stop, part.step)
    if not all(bound is None or isinstance(bound, int) for bound in bounds):
        return None
    if isinstance(size, int):
        return range(*part.indices(size))
    return None


def _sliced(size: SizeValue, part: slice, spot: Any) -> SizeValue:
    if part.start in (None, 0) and part.stop is None and part.step in (None, 1, -1):
        return size
    return unknown_size("the length of this slice is unknown", spot)
