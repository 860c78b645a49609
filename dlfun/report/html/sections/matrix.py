"""The matrix of verdicts: a row and a column an arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlfun.report.html.blocks import Block, Matrix, Square
from dlfun.report.html.relations import with_step
from dlfun.report.html.results import Group
from dlfun.report.html.units import MINUS, NOTHING, Unit, number
from dlfun.report.text.verdicts import verdict
from dlfun.words import plural

LOOKS = {
    "better": "better",
    "better (small)": "small",
    "suggestive": "suggestive",
    "equivalent": "equivalent",
    "unresolved": "open",
}

Pair = dict[str, Any]


def matrix(pairs: list[Pair], group: Group) -> Matrix:
    """Names in the order of their means; differences below the diagonal, chances to win above."""
    named = {name for p in pairs for name in (p["a"], p["b"])}
    known = [line.label for line in group.lines if line.label in named]
    names = known + sorted(named - set(known))
    by_pair = {frozenset((p["a"], p["b"])): p for p in pairs}
    same = len({verdict(pair) for pair in pairs}) == 1 and len(pairs) > 1
    squares = [
        [
            None if i == j else square(by_pair.get(frozenset((a, b))), i > j, group.unit, not same)
            for j, b in enumerate(names)
        ]
        for i, a in enumerate(names)
    ]
    caption = f"Verdicts on {group.dataset}" + (f": all {verdict(pairs[0])}" if same else "")
    return Matrix(names, squares, caption, reading(pairs, group.unit))


def reading(pairs: list[Pair], unit: Unit) -> str:
    """How the matrix is read."""
    known, delta = pairs[0].get("ci_level"), pairs[0].get("delta")
    step = f" in {unit.step}" if unit.step else ""
    level = f"{100 * known:.4g} %" if known else "the level of the family"
    margin = f", and a difference counts as none up to {with_step(unit, delta)}" if delta else ""
    return (
        f"Arms in the order of their mean {unit.name}, best first. Below the diagonal: how far "
        f"the arm of the column is ahead of the arm of the row{step}, with the interval that holds "
        "for all pairs at once. Above the diagonal: the chance that a run of the arm of the row "
        "beats one of the column (θ), with its interval. Each interval of differences is at "
        f"{level}{margin}."
    )


def square(pair: Pair | None, below: bool, unit: Unit, named: bool) -> Square:
    """A cell: numbers, and the verdict in a word if it is to be named."""
    if pair is None:
        return Square(["not compared"], "none", NOTHING)
    brief = number(pair["theta"], 2)
    if below:
        lines = [unit.signed(pair["diff"]), unit.interval(pair["ci"])]
        brief = two_digits(unit, pair["diff"])
    elif pair["unit"] == "examples":
        lines = [plural(pair["n"], "example"), "one model each"]
    else:
        lines = [f"θ {number(pair['theta'], 2)}", chances(pair.get("theta_ci"))]
    return Square(
        [*lines, *([verdict(pair)] if named else [])], LOOKS.get(pair["verdict"], "none"), brief
    )


def two_digits(unit: Unit, value: float | None) -> str:
    """A difference as stored with about two digits, for where there is little room.

    >>> percent = Unit("accuracy", 100, "%", "points", 2)
    >>> [two_digits(percent, value) for value in (-0.0852, 0.5387, 0.0022)]
    ['−8.5', '+54', '+0.2']
    """
    if value is None:
        return NOTHING
    shown = unit.factor * value
    form = "+.1f" if 0.1 <= abs(shown) < 10 else "+.2g"
    return format(shown, form).replace("-", MINUS)


def chances(ends: list[float | None] | None) -> str:
    """The interval of a chance."""
    return f"[{number(ends[0], 2)}, {number(ends[1], 2)}]" if ends else ""


def without_repeats(blocks: Sequence[Block]) -> list[Block]:
    """Blocks of which a matrix that is read as one before it does not say so again."""
    notes: set[str] = set()
    found: list[Block] = []
    for block in blocks:
        if isinstance(block, Matrix):
            note = "" if block.note in notes else block.note
            notes.add(block.note)
            found.append(block._replace(note=note))
        else:
            found.append(block)
    return found
