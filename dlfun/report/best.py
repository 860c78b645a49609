"""The arms of a data set that tables print bold: the best one, and what is equivalent to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlfun.stats.labels import EQUIVALENT

BOLD = "Bold: the best mean, and the arms that a verdict calls equivalent to it."


def best_arms(
    means: Mapping[str, float], pairs: Sequence[Mapping[str, Any]], dataset: str
) -> set[str]:
    """The names of the best arms of a data set; none where no verdicts were made on it.

    An arm with the best mean that a verdict puts behind another, as by the ranks of its failed
    runs, is not the best: the next one is that no verdict puts behind. What is merely not shown to
    be worse, as of few seeds, is not among them.

    Args:
      means: arm -> its mean, best first.
      pairs: of comparison.json.

    >>> pairs = [{"a": "a", "b": "b", "dataset": "d", "winner": None, "verdict": "unresolved"}]
    >>> best_arms({"a": 0.9, "b": 0.8}, pairs, "d")
    {'a'}
    """
    own = [pair for pair in pairs if pair["dataset"] == dataset]
    compared = {name for pair in own for name in (pair["a"], pair["b"])}
    behind = {n for p in own for n in (p["a"], p["b"]) if p["winner"] not in (None, n)}
    ahead = [name for name in means if name in compared - behind]
    first = {name for name in ahead if means[name] == means[ahead[0]]}
    ties = [{p["a"], p["b"]} for p in own if p["verdict"] == EQUIVALENT]
    return first.union(*(pair for pair in ties if pair & first))
