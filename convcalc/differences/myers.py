"""Finds the longest common subsequence of two similar sequences (greedy algorithm of Myers, 1986)."""

from __future__ import annotations

from collections.abc import Sequence

# The maximum number of differences. Items after the last of these differences are not matched. Time and memory grow
# with the square of this number.
MAX_DIFFERENCES = 1000


def matching_positions(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Returns the longest common subsequence, as pairs of positions in ``left`` and ``right``.

    ``ab`` and ``xab`` give (0, 1) and (1, 2).
    """
    shared = set(left) & set(right)
    left_positions = [position for position, item in enumerate(left) if item in shared]
    right_positions = [position for position, item in enumerate(right) if item in shared]
    pairs = _matching_positions(
        [left[position] for position in left_positions], [right[position] for position in right_positions]
    )
    return [(left_positions[i], right_positions[j]) for i, j in pairs]


def _matching_positions(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Returns the pairs of positions, computed by the greedy algorithm.

    A path moves through both sequences at once while their items are equal. At each difference, it skips one item of
    either sequence. On diagonal k, the path's position in ``left`` is k larger than in ``right``.

    After d differences, the diagonal is one of -d, -d + 2, … d. A path reaches diagonal k from diagonal k - 1 by
    skipping an item of ``left``, or from diagonal k + 1 by skipping an item of ``right``.

    ``fronts[d + 1]`` has the furthest position in ``left`` on each of these diagonals, with a -1 at both ends.
    """
    fronts = [[-1, 0]]
    for differences in range(min(len(left) + len(right), MAX_DIFFERENCES) + 1):
        ends = fronts[-1]
        front = []
        for number in range(differences + 1):
            k = 2 * number - differences
            position = max(ends[number] + 1, ends[number + 1])
            while position < len(left) and position - k < len(right) and left[position] == right[position - k]:
                position += 1
            front.append(position)
            if position >= len(left) and position - k >= len(right):
                return _path(fronts, number, position)
        fronts.append([-1, *front, -1])
    # Too many differences: return the path that came furthest.
    inside = [n for n in range(len(front)) if front[n] <= len(left) and front[n] - 2 * n + differences <= len(right)]
    furthest = max(inside, key=lambda number: front[number] - number)
    return _path(fronts[:-1], furthest, front[furthest])


def _path(fronts: Sequence[Sequence[int]], number: int, position: int) -> list[tuple[int, int]]:
    """Returns the matching positions on a path that ends at ``position`` in ``left``, on diagonal ``number``."""
    pairs: list[tuple[int, int]] = []
    for differences in reversed(range(len(fronts))):
        k = 2 * number - differences
        skip_left, skip_right = fronts[differences][number] + 1, fronts[differences][number + 1]
        pairs += [(i, i - k) for i in reversed(range(max(skip_left, skip_right), position))]
        if skip_right >= skip_left:
            position = skip_right
        else:
            position, number = skip_left - 1, number - 1
    return pairs[::-1]
