"""Matches the layers of two models, ``before`` (old) and ``after`` (new).

Only siblings are matched: layers that are directly inside the same model. Each step matches layers that are still
unmatched:

1. Layers whose name a user chose are matched by name.
2. Layers with the same structure are matched if all layers before them match, up to the model's inputs. The same is
   tried with the layers after them, up to the model's outputs.
3. Between two matched layers, the longest common sequence of layers with equal structures is matched. Then the most
   similar layers of the same type are matched.
4. Layers with the same name and structure at different positions are matched: they were moved.

So a new name or an inserted layer does not affect the other matches. The time of each step is roughly proportional to
the number of layers and differences.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from convcalc.base.structs import Struct
from convcalc.differences.myers import matching_positions

MAX_TABLE = 2500  # the maximum number of similarities to compute, enough for 50 × 50 layers

# The matches: number in the old model → number in the new model.
Matches: TypeAlias = "dict[int, int]"


class Link(Struct):
    """A tensor that a layer reads.

    ``layer`` is the number of the sibling that outputs the tensor, or -1 for other layers. ``tensor`` has the indices
    of the call and of the output, such as ``[0][0]``.
    """

    layer: int
    tensor: str


class LayerSignature(Struct):
    """The values that identify a layer among its siblings.

    Attributes:
        name: The name of the layer; empty if names are ignored.
        named_by_user: True if a user chose the name, False if Keras chose the name automatically.
        type: The name of the layer's class.
        structure: The class and the arguments of the layer as one text. Layers with equal texts are equal.
        features: The arguments, the output shape and the parameters as separate texts, to compute similarities.
        links: The tensors that the layer reads.
    """

    name: str
    named_by_user: bool
    type: str
    structure: str
    features: frozenset[str]
    links: tuple[Link, ...]


Signatures: TypeAlias = "Sequence[LayerSignature]"


class Alignment(Struct):
    """The matched layers. ``moved`` are the old numbers of layers that are at another place in the new order."""

    matches: Matches
    moved: frozenset[int]


def align(before: Signatures, after: Signatures) -> Alignment:
    """Returns the matched layers. Exchanging ``before`` and ``after`` gives the same matches."""
    if _sort_key(after) < _sort_key(before):
        exchanged = align(after, before)
        moved = frozenset(exchanged.matches[number] for number in exchanged.moved)
        return Alignment({right: left for left, right in exchanged.matches.items()}, moved)
    matches = _match_by_name(before, after)
    # The first pass matches two automatic names, or two chosen names. The second pass also matches one of each.
    for keys_of in (_structures_and_naming, _structures):
        left_keys, right_keys = keys_of(before), keys_of(after)
        for by_readers in (False, True):
            if len(matches) < len(before):  # if the shorter list has no unmatched layers, skip the search
                _match_by_connections(before, after, left_keys, right_keys, matches, by_readers)
        for left, right in _gaps(before, after, matches):
            pairs = matching_positions([left_keys[number] for number in left], [right_keys[number] for number in right])
            matches.update((left[i], right[j]) for i, j in pairs)
    for left, right in _gaps(before, after, matches):
        matches.update(_most_similar(before, after, left, right))
    _match_moved_by_name(before, after, matches)
    return Alignment(matches, frozenset(matches.keys() - {left for left, _ in _longest_in_order(matches)}))


def _sort_key(layers: Signatures) -> Any:
    """Returns a key for sorting the two lists, so that their order does not affect the result."""
    return len(layers), [
        (
            layer.name,
            layer.named_by_user,
            layer.type,
            layer.structure,
            [(link.layer, link.tensor) for link in layer.links],
        )
        for layer in layers
    ]


def _structures(layers: Signatures) -> list[str]:
    return [layer.structure for layer in layers]


def _structures_and_naming(layers: Signatures) -> list[str]:
    return [f"{layer.named_by_user} {layer.structure}" for layer in layers]


def _match_by_name(before: Signatures, after: Signatures) -> Matches:
    numbers = {layer.name: number for number, layer in enumerate(after) if layer.named_by_user}
    return {
        number: numbers[layer.name]
        for number, layer in enumerate(before)
        if layer.named_by_user and layer.name in numbers
    }


def _match_by_connections(
    before: Signatures,
    after: Signatures,
    before_keys: Sequence[str],
    after_keys: Sequence[str],
    matches: Matches,
    by_readers: bool,
) -> None:
    """Adds pairs of layers with equal keys to ``matches``.

    All layers before the two layers must match too, back to the model's inputs. With ``by_readers``, all layers after
    them must match instead, up to the model's outputs.
    """
    ids: dict[object, int] = {}
    partners = {right: left for left, right in matches.items()}
    numbers_by_id: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, (layers, keys) in enumerate(((before, before_keys), (after, after_keys))):
        matched = matches if side == 0 else partners
        layer_ids: list[int] = [-1] * len(layers)
        links = _readers(layers) if by_readers else [layer.links for layer in layers]
        for number in reversed(range(len(layers))) if by_readers else range(len(layers)):
            if number in matched:
                key: object = number if side == 0 else partners[number]
            else:
                connected = [(layer_ids[link.layer], link.tensor) for link in links[number] if link.layer >= 0]
                key = keys[number], tuple(sorted(connected) if by_readers else connected)
            layer_ids[number] = ids.setdefault(key, len(ids))
            if number not in matched:
                numbers_by_id[layer_ids[number]][side].append(number)
    for left, right in numbers_by_id.values():
        matches.update(_by_name_or_order(before, after, left, right))


def _by_name_or_order(
    before: Signatures, after: Signatures, left: Sequence[int], right: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yields pairs of layers that are equal except for their names.

    They are matched by name if each layer of the smaller group has its name in the other group, otherwise in their
    order: an added layer renumbers the automatic names of later layers.
    """
    numbers = {after[number].name: number for number in right if after[number].name}
    same = {number: numbers[before[number].name] for number in left if before[number].name in numbers}
    yield from same.items() if len(same) == min(len(left), len(right)) else zip(left, right)


def _readers(layers: Signatures) -> list[list[Link]]:
    """Returns, for each layer, links to the layers that read its output.

    A link's text has the number of the reader's input, and the tensor: ``0 [0][0]``.
    """
    readers: list[list[Link]] = [[] for _ in layers]
    for number, layer in enumerate(layers):
        for position, link in enumerate(layer.links):
            if link.layer >= 0:
                readers[link.layer].append(Link(number, f"{position} {link.tensor}"))
    return readers


def _longest_in_order(matches: Matches) -> list[tuple[int, int]]:
    """Returns the longest series of matches that are in the same order in both models (longest increasing subsequence)."""
    # ``ends[n]`` is the smallest last number of all series of n + 1 pairs; ``last_pairs[n]`` is its pair.
    ends: list[int] = []
    last_pairs: list[tuple[int, int]] = []
    previous: dict[tuple[int, int], tuple[int, int] | None] = {}
    for pair in sorted(matches.items()):
        length = bisect_left(ends, pair[1])
        previous[pair] = last_pairs[length - 1] if length else None
        ends[length : length + 1], last_pairs[length : length + 1] = [pair[1]], [pair]
    series = []
    current = last_pairs[-1] if last_pairs else None
    while current is not None:
        series.append(current)
        current = previous[current]
    return series[::-1]


def _gaps(before: Signatures, after: Signatures, matches: Matches) -> Iterator[tuple[list[int], list[int]]]:
    """Yields the unmatched layers of both models between two successive matches."""
    matched_after = set(matches.values())
    left_start, right_start = 0, 0
    for left_end, right_end in [*_longest_in_order(matches), (len(before), len(after))]:
        left = [number for number in range(left_start, left_end) if number not in matches]
        right = [number for number in range(right_start, right_end) if number not in matched_after]
        if left and right:
            yield left, right
        left_start, right_start = left_end + 1, right_end + 1


def _most_similar(before: Signatures, after: Signatures, left: Sequence[int], right: Sequence[int]) -> Matches:
    """Returns matches of layers with the same type, in the same order, and with the largest total similarity."""
    if len(left) * len(right) > MAX_TABLE:
        pairs = matching_positions([before[number].type for number in left], [after[number].type for number in right])
        return {left[i]: right[j] for i, j in pairs}
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            similarity = _similarity(before[left[i]], after[right[j]])
            matched = similarity + best[i + 1][j + 1] if similarity else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], matched)
    matches: Matches = {}
    i = j = 0
    while i < len(left) and j < len(right):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            matches[left[i]] = right[j]
            i, j = i + 1, j + 1
    return matches


def _similarity(before: LayerSignature, after: LayerSignature) -> float:
    """Returns the similarity of two layers: 0 for different types, otherwise at least 1.

    Shared features and an equal name make it larger.
    """
    if before.type != after.type:
        return 0.0
    shared = len(before.features & after.features) / (len(before.features | after.features) or 1)
    return 1 + shared + (0.5 if before.name == after.name else 0.0)


def _match_moved_by_name(before: Signatures, after: Signatures, matches: Matches) -> None:
    """Matches the remaining layers with the same name and structure: they were moved. Adds them to ``matches``."""
    matched_after = set(matches.values())
    unmatched = {
        (layer.name, layer.structure): number
        for number, layer in enumerate(after)
        if number not in matched_after and layer.name
    }
    for number, layer in enumerate(before):
        if number not in matches and (layer.name, layer.structure) in unmatched:
            matches[number] = unmatched[layer.name, layer.structure]
