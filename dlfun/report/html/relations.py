"""Relations of the best arm to others, in phrases: a row for each label of a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from dlfun.report.html.units import Unit, listed
from dlfun.report.text.verdicts import run_of
from dlfun.stats.labels import BETTER, EQUIVALENT, NONE, SMALL, SUGGESTIVE, UNRESOLVED
from dlfun.words import plural

Pair = dict[str, Any]


class Phrase(NamedTuple):
    """How a label is said of the best arm.

    Attributes:
      next_one: against the next arm, with an amount, an interval and the margin.
      others: before the names of all arms with this label.
    """

    next_one: str
    others: str


RELATIONS = {
    BETTER: Phrase("{amount} ahead of {other} {interval}", "is better than"),
    SMALL: Phrase(
        "{amount} ahead of {other} {interval}, perhaps by less than {margin}",
        "is better, perhaps by little, than",
    ),
    SUGGESTIVE: Phrase("{amount} ahead of {other} {interval}, suggestive", "seems better than"),
    EQUIVALENT: Phrase("equivalent to {other} within {margin}", "is equivalent to"),
    UNRESOLVED: Phrase(
        "not told apart from {other}: {amount} {interval}", "is not told apart from"
    ),
    NONE: Phrase("{amount} ahead of {other}", "has no verdict against"),
}

MOST = 6
"""Names of arms in a phrase, at most."""


def turned(pair: Pair, best: str) -> tuple[float, float | None, float | None]:
    """How far an arm is ahead in a pair, with the ends of the interval."""
    low, high = pair["ci"]
    if pair["a"] == best:
        return pair["diff"], low, high
    return -pair["diff"], None if high is None else -high, None if low is None else -low


def coarse(unit: Unit, values: Sequence[float | None]) -> Unit:
    """A unit with one decimal, where that is enough: the first value is at least 1, none becomes 0.

    >>> percent = Unit("accuracy", 100, "%", "points", 2)
    >>> [coarse(percent, values).digits for values in ([0.02, 0.4], [0.02, -0.0001], [0.002])]
    [1, 2, 2]
    """
    known = [abs(unit.factor * value) for value in values if value]
    enough = known and known[0] >= 1 and min(known) >= 0.05
    return unit._replace(digits=1) if unit.digits == 2 and enough else unit


def against(pair: Pair, best: str, unit: Unit) -> str:
    """The best arm against another one, as what follows its score; the pair's own words if need be.

    Ranks that failed runs have decide of themselves, so such a pair is told as it was.
    """
    other = pair["b"] if pair["a"] == best else pair["a"]
    phrase = RELATIONS.get(pair["verdict"])
    behind = pair["winner"] not in (None, best)
    if phrase is None or behind or pair["mixture"] or pair["diff"] is None:
        return str(pair["words"])
    diff, low, high = turned(pair, best)
    unit = coarse(unit, [diff, low, high])
    if is_nothing(with_step(unit, diff)) and pair["verdict"] in (UNRESOLVED, NONE):
        return f"level with {other}"
    known = low is not None and high is not None and pair["verdict"] != NONE
    said = phrase.next_one.format(
        amount=with_step(unit, diff),
        other=other,
        interval=unit.interval([low, high]) if known else "",
        margin=with_step(unit._replace(digits=None), pair.get("delta")),
    )
    return said.rstrip(" :")


def with_step(unit: Unit, value: float | None) -> str:
    """A difference as stored, with its unit.

    >>> with_step(Unit("accuracy", 100, "%", "points", 2), 0.0852), with_step(Unit("rmse"), 0.5)
    ('8.52 points', '0.5')
    """
    text = unit.text(value)
    return f"{text} {unit.step.removesuffix('s') if text == '1' else unit.step}".rstrip()


def is_nothing(text: str) -> bool:
    """Whether no digit of a number is other than 0.

    >>> is_nothing("0.00 points"), is_nothing("0.01 points")
    (True, False)
    """
    return not set(text) & set("123456789")


def basis(pair: Pair) -> str:
    """What a verdict rests on: so many seeds or folds, or test examples."""
    if pair["unit"] == "examples":
        return f"{plural(pair['n'], 'test example')}, one trained model each"
    each = pair["n_distinct_a"], pair["n_distinct_b"]
    if pair.get("paired", True) or each[0] == each[1] or 1 in each:
        return plural(pair["n"], run_of(pair))
    return f"{each[0]} and {plural(each[1], run_of(pair))}"


def standing(pairs: Sequence[Pair], best: str, order: Sequence[str]) -> str:
    """The best arm against all others, by label; empty if they are fewer than two.

    Args:
      pairs: of a data set.
      order: all arms, best first.
    """
    found: dict[str, list[str]] = {}
    own = [pair for pair in pairs if best in (pair["a"], pair["b"])]
    for pair in own:
        other = pair["b"] if pair["a"] == best else pair["a"]
        found.setdefault(label(pair, best), []).append(other)
    if len(own) < 2:
        return ""
    if len(found) == 1:
        (words,) = found
        return f"{best} {words} all {len(own)} others"
    place = {name: k for k, name in enumerate(order)}
    known = {
        words: listed(sorted(names, key=lambda name: place.get(name, len(place))), MOST)
        if len(names) <= MOST
        else plural(len(names), "other")
        for words, names in found.items()
    }
    said = [f"{words} {known.pop(words)}" for words in in_order(known)]
    return f"{best} {'; '.join(said)}"


def label(pair: Pair, best: str) -> str:
    """What is said of the best arm before the names of those that have the label of this pair."""
    if pair["winner"] not in (None, best):
        return "is behind, by rank,"
    phrase = RELATIONS.get(pair["verdict"])
    return phrase.others if phrase else f"has the verdict {pair['verdict']} with"


def in_order(words: Iterable[str]) -> list[str]:
    """Phrases in the order of their rows, unknown ones last."""
    rows = [phrase.others for phrase in RELATIONS.values()]
    return sorted(words, key=lambda text: rows.index(text) if text in rows else len(rows))
