"""The widths of blocks on a wide page, in twelfths of it, such that no row has a hole."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from dlfun.report.html.blocks import Block, Figure, Matrix, Table, Words

FULL, HALF, THIRD = 12, 6, 4
WIDE, BESIDE = 8, 7
FEW = 4
"""A matrix of so many names takes half of the page."""


def natural(block: Block) -> int:
    """What a block takes before its row is filled."""
    if isinstance(block, Figure):
        return FULL if block.full else WIDE if block.wide else THIRD
    if isinstance(block, Table):
        return BESIDE if block.beside else FULL
    if isinstance(block, Matrix):
        return HALF if len(block.names) <= FEW else FULL
    return THIRD if isinstance(block, Words) and block.beside else FULL


def spans(blocks: Sequence[Block]) -> list[int]:
    """The width of each block; those of a row make 12.

    >>> figure = Figure("", "", "")
    >>> spans([figure] * 3), spans([figure] * 4), spans([figure] * 5)
    ([4, 4, 4], [6, 6, 6, 6], [4, 4, 4, 6, 6])
    >>> spans([figure, Table([], [], beside=True)]), spans([figure])
    ([5, 7], [12])
    """
    rows: list[list[int]] = []
    for width in map(natural, blocks):
        if rows and sum(rows[-1]) + width <= FULL:
            rows[-1].append(width)
        else:
            rows.append([width])
    return [width for row in balanced(rows) for width in filled(row)]


def balanced(rows: list[list[int]]) -> list[list[int]]:
    """Rows of which a last figure does not stand alone behind three others."""
    for before, row in itertools.pairwise(rows):
        if row == [THIRD] and before == [THIRD] * 3:
            row.append(before.pop())
    return rows


def filled(row: list[int]) -> list[int]:
    """The widths of a row, made wider until they fill it."""
    spare = FULL - sum(row)
    if len(set(row)) == 1:
        return [FULL // len(row)] * len(row)
    return [row[0] + spare, *row[1:]]
