"""Finds which tensors are in memory (*alive*) at each step of a model.

A tensor is alive from the step that writes it to the last step that reads it. The model's outputs are alive to the end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate

from convcalc.base.numbers import Number
from convcalc.base.structs import Struct
from convcalc.layers.registry import IN_PLACE, VIEW


class ExecutionStep(Struct):
    """A step of the execution: one call of a layer.

    Attributes:
        layer: the path of the layer.
        call: the number of the call among the layer's calls.
        reads, writes: the numbers of the tensors.
        buffer_reuse: how the layer may use the memory of its input.
    """

    layer: str
    call: int
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    buffer_reuse: str = ""


class Storage(Struct):
    """A buffer: the steps in which it is used (``first`` to ``last``), and the tensors that are written to it, in
    order.
    """

    size: Number
    first: int
    last: int
    tensors: tuple[int, ...]


def storages(
    steps: Sequence[ExecutionStep], sizes: Sequence[Number], kept: Collection[int], in_place: bool = False
) -> list[Storage]:
    """Returns the buffers of the tensors, in the order in which they are first written.

    ``sizes`` has the size of each tensor. The tensors in ``kept`` stay alive to the end. With ``in_place``, a reshape
    shares the buffer of its input, and an elementwise layer overwrites an input that no later step reads. Otherwise,
    each tensor has a separate buffer.
    """
    first, last = [0] * len(sizes), [0] * len(sizes)
    for number, step in enumerate(steps):
        for tensor in step.writes:
            first[tensor] = last[tensor] = number
        for tensor in step.reads:
            last[tensor] = number
    for tensor in kept:
        last[tensor] = len(steps)  # the step after the last step: so no step overwrites the tensor
    home = list(range(len(sizes)))
    if in_place:
        _share_views(steps, sizes, home, last)
        _write_over(steps, sizes, home, last)
    contents: dict[int, list[int]] = {}
    for step in steps:
        for tensor in step.writes:
            contents.setdefault(home[tensor], []).append(tensor)
    return [
        Storage(
            sizes[piece],
            first[tensors[0]],
            min(max(last[tensor] for tensor in tensors), len(steps) - 1),
            tuple(tensors),
        )
        for piece, tensors in contents.items()
    ]


def _share_views(steps: Sequence[ExecutionStep], sizes: Sequence[Number], home: list[int], last: list[int]) -> None:
    """Gives the output of a reshape the buffer of its input."""
    for step in steps:
        if step.buffer_reuse == VIEW and len(step.writes) == 1 and step.reads:
            source, view = home[step.reads[0]], step.writes[0]
            # If the sizes in bytes differ, the dtypes differ, so the output is a copy and not a view.
            if sizes[source] == sizes[view]:
                home[view] = source
                last[source] = max(last[source], last[view])


def _write_over(steps: Sequence[ExecutionStep], sizes: Sequence[Number], home: list[int], last: list[int]) -> None:
    """Lets each elementwise layer overwrite an input of the same size that no later step needs."""
    moved = list(range(len(sizes)))  # moved[buffer] is the buffer that replaces it
    for number, step in enumerate(steps):
        if step.buffer_reuse == IN_PLACE and len(step.writes) == 1:
            result = step.writes[0]
            dying = [home[tensor] for tensor in step.reads if last[home[tensor]] == number]
            reused = next((piece for piece in dying if sizes[piece] == sizes[result]), result)
            moved[result] = moved[reused]
    for tensor, piece in enumerate(home):
        home[tensor] = moved[piece]


def sizes_alive(steps: Sequence[ExecutionStep], pieces: Sequence[Storage]) -> list[int]:
    """Returns the bytes of the buffers in use at each step. Buffers of unknown size are left out."""
    changes = [0] * (len(steps) + 1)
    for piece in pieces:
        if isinstance(piece.size, int):
            changes[piece.first] += piece.size
            changes[piece.last + 1] -= piece.size
    return list(accumulate(changes[:-1]))


def tensors_alive(step: int, pieces: Sequence[Storage], written: Mapping[int, int]) -> list[tuple[int, Number]]:
    """Returns (tensor, size of its buffer) for each buffer that is in use at a step.

    ``written`` maps each tensor to the step that writes it.
    """
    alive = [piece for piece in pieces if piece.first <= step <= piece.last]
    return [([tensor for tensor in piece.tensors if written[tensor] <= step][-1], piece.size) for piece in alive]
