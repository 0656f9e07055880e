"""Compares the receptive fields of random graphs with dependency sets.

The dependency set of a position contains the input positions that it reads. This module finds the sets by brute force,
without the program's arithmetic.

A position is *inner* if it reads no padding. For an inner position, the ends of the field must be the smallest and the
largest number in the dependency set. For other positions, the field must contain the dependency set.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import pytest

from convcalc import infer
from convcalc.analyse.receptive_axis import Reach
from convcalc.analyse.receptive_field import AxisField
from convcalc.layers import bind, find
from convcalc.model import Call, Model, Ref
from tests.helpers.handmade import handmade_layer

pytestmark = pytest.mark.slow


@dataclass
class Axis:
    """The positions of a tensor along one axis.

    ``cells`` has the dependency set of each position as bits: 0b101 means the input positions 0 and 2. ``inner`` is
    True for each position that reads no padding.
    """

    cells: list[int]
    inner: list[bool]

    def __len__(self) -> int:
        return len(self.cells)

    def gather(self, positions: list[int]) -> tuple[int, bool]:
        result, inner = 0, True
        for position in positions:
            inside = 0 <= position < len(self)
            result |= self.cells[position] if inside else 0
            inner &= inside and self.inner[position]
        return result, inner


def made(before: Axis, reads: list[list[int]]) -> Axis:
    pairs = [before.gather(positions) for positions in reads]
    return Axis([cells for cells, _ in pairs], [inner for _, inner in pairs])


def sliding(x: Axis, kernel: int, stride: int, dilation: int, padding: str) -> Axis | None:
    reach = dilation * (kernel - 1) + 1
    if padding == "same":
        count = -(-len(x) // stride)
        before = max((count - 1) * stride + reach - len(x), 0) // 2
    else:
        before = reach - 1 if padding == "causal" else 0
        count = (len(x) + before - reach) // stride + 1
    if count < 1:
        return None
    return made(x, [[n * stride - before + dilation * t for t in range(kernel)] for n in range(count)])


def spread(x: Axis, kernel: int, stride: int, dilation: int, padding: str) -> Axis:
    """Returns the output axis of a transposed convolution.

    Each input position adds to ``kernel`` output positions. With 'same' padding, the output keeps only its middle
    len(x) · stride positions.
    """
    reach = dilation * (kernel - 1) + 1
    full: list[list[int]] = [[] for _ in range((len(x) - 1) * stride + max(reach, stride))]
    # Positions outside the input are included, because an output position that reads them reads padding.
    beyond = range(-reach - 1, len(x) + reach + 1)
    for cell in beyond:
        for t in range(kernel):
            if 0 <= cell * stride + dilation * t < len(full):
                full[cell * stride + dilation * t].append(cell)
    if padding == "same":
        cut = max(reach - stride, 0) // 2
        full = full[cut : cut + len(x) * stride]
    return made(x, full)


def framed(x: Axis, before: int, after: int) -> Axis | None:
    positions = [[n] for n in range(-before, len(x) + after)]
    return made(x, positions) if positions else None


def both(one: Axis, other: Axis) -> Axis:
    pairs = zip(one.inner, other.inner)
    return Axis([a | b for a, b in zip(one.cells, other.cells)], [a and b for a, b in pairs])


def random_layer(random: Random, axes: list[Axis]) -> tuple[str, dict[str, Any], list[Axis | None]]:
    """Returns a random layer's class name, arguments and output axes. The arguments may be different for each axis."""
    rank = len(axes)
    kernel = [random.randint(1, 4) for _ in axes]
    word = random.choice(["valid", "same"])
    match random.choice(["Conv", "Conv", "Conv", "Pool", "Pad", "Crop", "Up", "Transpose"]):
        case "Conv":
            stride = [random.choice([1, 1, 2, 3]) for _ in axes]
            rate = [random.randint(1, 3) if max(stride) == 1 else 1 for _ in axes]
            word = random.choice(["valid", "same", "causal"]) if rank == 1 else word
            made_of = [sliding(*each, word) for each in zip(axes, kernel, stride, rate)]
            return (
                f"Conv{rank}D",
                {"filters": 1, "kernel_size": kernel, "strides": stride, "dilation_rate": rate, "padding": word},
                made_of,
            )
        case "Pool":
            stride = [random.randint(1, 3) for _ in axes]
            made_of = [sliding(axis, k, s, 1, word) for axis, k, s in zip(axes, kernel, stride)]
            return f"MaxPooling{rank}D", {"pool_size": kernel, "strides": stride, "padding": word}, made_of
        case "Pad" | "Crop" as kind:
            ends = [[random.randint(0, 3), random.randint(0, 3)] for _ in axes]
            sign = 1 if kind == "Pad" else -1
            made_of = [framed(axis, sign * before, sign * after) for axis, (before, after) in zip(axes, ends)]
            name, argument = ("ZeroPadding", "padding") if kind == "Pad" else ("Cropping", "cropping")
            return f"{name}{rank}D", {argument: ends if rank > 1 else ends[0]}, made_of
        case "Up":
            size = [random.randint(1, 3) for _ in axes]
            made_of = [made(axis, [[n // f] for n in range(len(axis) * f)]) for axis, f in zip(axes, size)]
            return f"UpSampling{rank}D", {"size": size if rank > 1 else size[0]}, made_of
        case _:
            stride = [random.randint(1, 3) for _ in axes]
            rate = [random.randint(1, 3) if max(stride) == 1 else 1 for _ in axes]
            made_of = [spread(*each, word) for each in zip(axes, kernel, stride, rate)]
            return (
                f"Conv{rank}DTranspose",
                {"filters": 1, "kernel_size": kernel, "strides": stride, "dilation_rate": rate, "padding": word},
                made_of,
            )


def random_graph(random: Random, rank: int) -> tuple[Model, dict[str, list[Axis]]]:
    """Returns a random model, and the axes of each tensor by the tensor's name."""
    size = [random.randint(20, 40) if rank == 1 else random.randint(12, 24) for _ in range(rank)]
    tensors = {"image": [Axis([1 << n for n in range(each)], [True] * each) for each in size]}
    layers = [handmade_layer("image", "InputLayer", {"shape": (*size, 1)})]
    calls = [Call(0, ())]

    def add(kind: str, args: dict[str, Any], sources: list[str], axes: list[Axis]) -> str:
        name = f"layer_{len(layers)}"
        entry = find(kind)
        assert entry is not None
        bound, refusals = bind(entry, [], args)
        assert not refusals
        calls.append(Call(len(layers), tuple(Ref(list(tensors).index(source)) for source in sources)))
        layers.append(handmade_layer(name, kind, bound))
        tensors[name] = axes
        return name

    while len(layers) < 9:
        if len(tensors) > 2 and random.random() < 0.3:
            one, other = random.sample(sorted(tensors), 2)
            common = [min(len(a), len(b)) for a, b in zip(tensors[one], tensors[other])]
            cut = []
            for name in (one, other):
                left = [random.randint(0, len(axis) - size) for axis, size in zip(tensors[name], common)]
                ends = [[n, len(axis) - size - n] for axis, size, n in zip(tensors[name], common, left)]
                axes = [framed(axis, -before, -after) for axis, (before, after) in zip(tensors[name], ends)]
                known = [axis for axis in axes if axis is not None]
                cut.append(add(f"Cropping{rank}D", {"cropping": ends if rank > 1 else ends[0]}, [name], known))
            joined = [both(a, b) for a, b in zip(tensors[cut[0]], tensors[cut[1]])]
            if random.random() < 0.5:
                add("Concatenate", {}, cut, joined)
            else:
                # Add needs the same number of channels in both tensors.
                cut = [add("Dense", {"units": 1}, [name], tensors[name]) for name in cut]
                add("Add", {}, cut, joined)
            continue
        source = random.choice([*list(tensors)[-2:], random.choice(sorted(tensors))])
        kind, args, axes = random_layer(random, tensors[source])
        known = [axis for axis in axes if axis is not None and 0 < len(axis) <= 120]
        if len(known) == rank:
            add(kind, args, [source], known)
    last = list(tensors)[-1]
    ends = [made(axis, [list(range(len(axis)))]) for axis in tensors[last]]
    add(f"GlobalMaxPooling{rank}D", {"keepdims": True}, [last], ends)
    outputs = tuple(map(Ref, range(len(calls))))
    return Model("random", "Functional", tuple(layers), tuple(calls), (Ref(0),), outputs), tensors


def hull(cells: int) -> tuple[int, int] | None:
    return ((cells & -cells).bit_length() - 1, cells.bit_length() - 1) if cells else None


def position(reach: Reach, n: int) -> tuple[int, int] | None:
    turn, rest = divmod(n, len(reach.first))
    first, last = reach.first[rest], reach.last[rest]
    return None if first is None or last is None else (first + turn * reach.shift, last + turn * reach.shift)


class Where(NamedTuple):
    """Shows a tensor of a random graph in the message of a failed test. The text is made only then, because it is long."""

    number: int
    tensor: str
    model: Model

    def __str__(self) -> str:
        return f"graph {self.number}, {self.tensor} of {self.model}"


def agrees(found: AxisField, axis: Axis, where: Where) -> str:
    """Checks the field against the dependency sets. Returns the type of the field: "unknown", "loose" (only the size is
    known), "whole" (the whole input) or "exact".
    """
    reach = found.reach
    hulls = [hull(cells) for cells in axis.cells]
    largest = max((last - first + 1 for first, last in filter(None, hulls)), default=0)
    if reach is None:
        return "unknown"
    assert isinstance(found.size, int), str(where)
    if reach.scrambled_by is not None:
        assert largest <= found.size or reach.partial, str(where)
        assert not all(axis.inner) or largest == found.size or reach.partial, str(where)
        return "loose"
    for n, (inner, actual) in enumerate(zip(axis.inner, hulls)):
        expected = position(reach, n)
        if inner:
            assert actual == expected, f"position {n}: {where}"
        elif actual is not None:
            assert expected is not None, str(where)
            assert expected[0] <= actual[0] <= actual[1] <= expected[1], f"position {n}: {where}"
    if any(all(axis.inner[n : n + len(reach.first)]) for n in range(len(axis) - len(reach.first) + 1)):
        assert largest == found.size, str(where)
    if axis.inner[0] and hulls[0] is not None:
        assert found.padding == -hulls[0][0], str(where)
    return "whole" if reach.is_global else "exact"


@pytest.mark.parametrize(("rank", "count"), [(1, 800), (2, 200)])
def test_fields_match_the_dependency_sets(rank: int, count: int) -> None:
    random = Random(rank)
    kinds: dict[str, int] = {}
    for number in range(count):
        model, tensors = random_graph(random, rank)
        fields = infer(model).receptive_fields
        for name, axes in tensors.items():
            for field in fields[name][0]:
                for result, axis in zip(field.axes, axes, strict=True):
                    kind = agrees(result, axis, Where(number, name, model))
                    kinds[kind] = kinds.get(kind, 0) + 1
    # Most fields must be exact, or the test compares too little. Joined branches with different strides have inexact
    # fields.
    assert kinds["exact"] > 5 * count
    assert kinds["whole"] > count / 2
