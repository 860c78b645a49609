"""Groups of arms no two of which are told apart, and the letters that they are shown by."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np

MOST = 200
"""Beyond so many groups, some are listed that hold every pair, and not all."""

RUN = 3
"""So many letters in a row are written from the first to the last."""


def tied_groups(alike: np.ndarray, most: int = MOST) -> tuple[list[tuple[int, ...]], bool]:
    """The largest sets of arms no two of which are told apart: maximal cliques of a graph.

    Every arm is in one of them, perhaps alone, and every pair that is not told apart in one. They
    are found by Bron and Kerbosch's algorithm (1973) with Tomita's pivot (2006).

    Args:
      alike: [arms, arms], symmetric, which pairs are not told apart; arms in order, best first.
      most: where there are more groups, a few are given that hold all pairs between them.

    Returns:
      the groups, those with the best arms first; whether they are all that there are.

    >>> tied_groups(np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], bool))
    ([(0, 1), (1, 2)], True)
    """
    near = [set(np.flatnonzero(row).tolist()) - {i} for i, row in enumerate(np.asarray(alike))]
    found: list[tuple[int, ...]] = []
    stack: list[tuple[set[int], set[int], set[int]]] = [(set(), set(range(len(near))), set())]
    while stack and len(found) <= most:
        clique, open_, closed = stack.pop()
        if not open_ and not closed:
            found += [tuple(sorted(clique))] if clique else []
            continue
        pivot = max(sorted(open_ | closed), key=lambda at: len(open_ & near[at]))
        for at in sorted(open_ - near[pivot]):
            stack.append((clique | {at}, open_ & near[at], closed & near[at]))
            open_, closed = open_ - {at}, closed | {at}
    if len(found) > most:
        return sorted(covering(near)), False
    return sorted(found), True


def covering(near: Sequence[set[int]]) -> list[tuple[int, ...]]:
    """Some of the groups, which hold every pair: from each pair left, neighbours in order join."""
    found: list[tuple[int, ...]] = []
    held: set[tuple[int, int]] = set()
    for first, others in enumerate(near):
        for second in sorted(other for other in others if other > first):
            if (first, second) in held:
                continue
            group, rest = {first, second}, near[first] & near[second]
            while rest:
                group.add(min(rest))
                rest = rest & near[min(rest)]
            found.append(tuple(sorted(group)))
            held |= {(a, b) for a in group for b in group if a < b}
        if not others:
            found.append((first,))
    return found


def letter(number: int) -> str:
    """The name of a group: a to z, then aa, ab and so on.

    >>> letter(0), letter(25), letter(26), letter(52)
    ('a', 'z', 'aa', 'ba')
    """
    known, text = string.ascii_lowercase, ""
    while number >= 0:
        number, place = divmod(number, len(known))
        text, number = known[place] + text, number - 1
    return text


def compact_letters(groups: Sequence[Sequence[int]], count: int) -> list[str]:
    """For each of so many arms the letters of its groups (compact letter display, Piepho 2004).

    >>> compact_letters([(0, 1), (1, 2)], 4), compact_letters([(0,), (0,), (0,)], 1)
    (['a', 'a b', 'b', ''], ['a-c'])
    """
    own: list[list[int]] = [[] for _ in range(count)]
    for number, group in enumerate(groups):
        for at in group:
            own[at].append(number)
    return [" ".join(map(stretch, runs(numbers))) for numbers in own]


def runs(numbers: Sequence[int]) -> list[list[int]]:
    """Rising numbers, those that follow one another together."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def stretch(numbers: Sequence[int]) -> str:
    """Letters in a row."""
    if len(numbers) >= RUN:
        return f"{letter(numbers[0])}-{letter(numbers[-1])}"
    return " ".join(map(letter, numbers))
