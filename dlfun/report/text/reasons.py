"""Reasons why pairs have no verdict, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlfun.stats.labels import NONE
from dlfun.words import plural

Pair = Mapping[str, Any]


def reasons(pairs: Sequence[Pair]) -> list[str]:
    """Why pairs have no verdict, each reason once, with the number of its pairs if not all.

    >>> words = "a and b: no verdict from 3 seeds"
    >>> reasons([{"a": "a", "b": "b", "verdict": "no verdict", "words": words}])
    ['no verdict from 3 seeds']
    """
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair["verdict"] == NONE:
            reason = str(pair["words"]).removeprefix(f"{pair['a']} and {pair['b']}: ")
            found.setdefault(reason, []).append(pair)
    if len(found) == 1 and sum(map(len, found.values())) == len(pairs):
        return list(found)
    return [f"{reason} ({where(own)})" for reason, own in found.items()]


def where(pairs: Sequence[Pair]) -> str:
    """One pair by its names, several by their number."""
    (first, *rest) = pairs
    if rest:
        return plural(len(pairs), "pair")
    return f"{first['a']} and {first['b']} on {first['dataset']}"
