"""What two sequences that differ little have in common, in order (the greedy algorithm of Myers 1986)."""

from __future__ import annotations

from collections.abc import Sequence

# Time and memory grow with the square of the differences: what lies behind so many of them is not looked at.
MAX_DIFFERENCES = 1000


def matching_positions(one: Sequence[str], two: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places at which the sequences are equal, in order, as many as there can be."""
    both = set(one) & set(two)
    left = [place for place, each in enumerate(one) if each in both]
    right = [place for place, each in enumerate(two) if each in both]
    pairs = _common([one[place] for place in left], [two[place] for place in right])
    return [(left[i], right[j]) for i, j in pairs]


def _common(one: Sequence[str], two: Sequence[str]) -> list[tuple[int, int]]:
    """``fronts`` has for each count of differences how far in ``one`` a way gets on each diagonal.

    Diagonal k is where a place in ``one`` is k more than in ``two``; with d differences they are -d, -d+2 … d, here numbered
    from 0. A way enters a diagonal by one item of ``one`` (from the diagonal before it) or of ``two`` (from the one behind it).
    """
    fronts = [[-1, 0]]
    for differences in range(min(len(one) + len(two), MAX_DIFFERENCES) + 1):
        ends = fronts[-1]
        front = []
        for number in range(differences + 1):
            k = 2 * number - differences
            place = max(ends[number] + 1, ends[number + 1])
            while place < len(one) and place - k < len(two) and one[place] == two[place - k]:
                place += 1
            front.append(place)
            if place >= len(one) and place - k >= len(two):
                return _way(fronts, number, place)
        fronts.append([-1, *front, -1])
    # Given up: the way that got furthest.
    inside = [n for n in range(len(front)) if front[n] <= len(one) and front[n] - 2 * n + differences <= len(two)]
    furthest = max(inside, key=lambda number: front[number] - number)
    return _way(fronts[:-1], furthest, front[furthest])


def _way(fronts: Sequence[Sequence[int]], number: int, place: int) -> list[tuple[int, int]]:
    """The equal places on the way that ends there."""
    pairs: list[tuple[int, int]] = []
    for differences in reversed(range(len(fronts))):
        k = 2 * number - differences
        by_one, by_two = fronts[differences][number] + 1, fronts[differences][number + 1]
        pairs += [(i, i - k) for i in reversed(range(max(by_one, by_two), place))]
        if by_two >= by_one:
            place = by_two
        else:
            place, number = by_one - 1, number - 1
    return pairs[::-1]
