"""Which tensors are alive while each step of a model runs.

A tensor is alive from the step that writes it to the last that reads it; what the model gives is alive to the end. While a
step runs, what it reads and what it writes are alive together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate

from convcalc.base.numbers import Number
from convcalc.base.structs import NamedTuple
from convcalc.layers.registry import IN_PLACE, VIEW


class Step(NamedTuple):
    """One call: the tensors that it reads and writes, by number. ``reuse`` is what its layer may do with its input's memory."""

    layer: str
    call: int
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    buffer_reuse: str = ""


class Storage(NamedTuple):
    """A piece of memory: the steps from which and to which it is needed, and the tensors that it holds, in their order."""

    size: Number
    first: int
    last: int
    tensors: tuple[int, ...]


def storages(
    steps: Sequence[Step], sizes: Sequence[Number], kept: Collection[int], in_place: bool = False
) -> list[Storage]:
    """The memory that the tensors take, of the given sizes: one piece for each, in the order in which they are written.

    With ``in_place``, a view shares its input's memory, and a layer that may write over an input does, where no later step
    needs it. ``kept`` are the tensors that are alive to the end. Every tensor is written by one step, before it is read.
    """
    first, last = [0] * len(sizes), [0] * len(sizes)
    for number, step in enumerate(steps):
        for tensor in step.writes:
            first[tensor] = last[tensor] = number
        for tensor in step.reads:
            last[tensor] = number
    for tensor in kept:
        last[tensor] = len(steps)  # beyond the last step, so that not even that one may write over it
    home = list(range(len(sizes)))
    if in_place:
        _share_views(steps, sizes, home, last)
        _write_over(steps, sizes, home, last)
    held: dict[int, list[int]] = {}
    for step in steps:
        for tensor in step.writes:
            held.setdefault(home[tensor], []).append(tensor)
    return [
        Storage(
            sizes[place], first[tensors[0]], min(max(last[each] for each in tensors), len(steps) - 1), tuple(tensors)
        )
        for place, tensors in held.items()
    ]


def _share_views(steps: Sequence[Step], sizes: Sequence[Number], home: list[int], last: list[int]) -> None:
    """A view stands where its input does, which is needed as long as any view of it."""
    for step in steps:
        if step.buffer_reuse == VIEW and len(step.writes) == 1 and step.reads:
            source, made = home[step.reads[0]], step.writes[0]
            if sizes[source] == sizes[made]:  # another type than the input's makes it a copy
                home[made] = source
                last[source] = max(last[source], last[made])


def _write_over(steps: Sequence[Step], sizes: Sequence[Number], home: list[int], last: list[int]) -> None:
    """A result takes the place of an input of the same size that is not needed after this step."""
    moved = list(range(len(sizes)))  # where what stood in a place stands now
    for number, step in enumerate(steps):
        if step.buffer_reuse == IN_PLACE and len(step.writes) == 1:
            made = step.writes[0]
            dying = [home[each] for each in step.reads if last[home[each]] == number]
            place = next((each for each in dying if sizes[each] == sizes[made]), made)
            moved[made] = moved[place]
    for tensor, place in enumerate(home):
        home[tensor] = moved[place]


def sizes_alive(steps: Sequence[Step], pieces: Sequence[Storage]) -> list[int]:
    """How much is alive at each step; what is of unknown size is left out."""
    changes = [0] * (len(steps) + 1)
    for piece in pieces:
        if isinstance(piece.size, int):
            changes[piece.first] += piece.size
            changes[piece.last + 1] -= piece.size
    return list(accumulate(changes[:-1]))


def tensors_alive(step: int, pieces: Sequence[Storage], written: Mapping[int, int]) -> list[tuple[int, Number]]:
    """The pieces of memory that are alive at a step: the tensor that each holds then, and its size.

    ``written`` says of each tensor which step writes it.
    """
    alive = [piece for piece in pieces if piece.first <= step <= piece.last]
    return [([each for each in piece.tensors if written[each] <= step][-1], piece.size) for piece in alive]
