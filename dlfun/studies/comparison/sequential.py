"""A study that adds seeds, in declared looks, until every pair has its verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from dlfun.config.comparison_spec import Claim
from dlfun.records.outcome import Result
from dlfun.stats import nominal_levels
from dlfun.studies.baselines.arm import Classical
from dlfun.studies.comparison.verdicts import Examined, Look, all_decided, judge
from dlfun.training.monitor import say
from dlfun.words import plural


def levels(claim: Claim, arms: int) -> tuple[float, ...]:
    """The level of each look at a family of so many arms; that of the claim where there is one."""
    if not claim.looks:
        return (claim.alpha,)
    size = arms * (arms - 1) // 2 if claim.family == "all-pairs" else arms - 1
    return nominal_levels(claim.looks, claim.alpha, max(size, 1))


Arm = Result | Classical


class Grown(NamedTuple):
    """What a study that stopped has: its arms, and the records of all pairs.

    Attributes:
      known: data set -> what is known of it.
      look: the number of the look at which it stopped, from 1.
    """

    arms: list[Arm]
    pairs: list[dict[str, Any]]
    known: Mapping[str, Examined]
    look: int


def grow(
    seeds: int,
    claim: Claim,
    train: Callable[[int, int], list[Arm]],
    examine: Callable[[list[Arm]], tuple[list[Arm], Mapping[str, Examined]]],
) -> Grown:
    """Trains up to each look, and stops where nothing is left to decide.

    Args:
      seeds: how many there are without declared looks.
      train: (first, count) -> the arms over these replicates.
      examine: the arms as the record has them, and what is known of each of their data sets.
    """
    ends = claim.looks or (seeds,)
    results: list[Arm] = []
    found = Grown([], [], {}, 0)
    for number, (start, end) in enumerate(pairwise((0, *ends))):
        fresh = train(start, end - start)
        results = [a.joined(b) for a, b in zip(results, fresh, strict=True)] if results else fresh
        results, known = examine(results)
        pairs = judge_all(results, known, claim, number)
        found = Grown(results, pairs, known, number + 1)
        if all_decided(pairs):
            break
        if end != ends[-1]:
            left = sum(not all_decided([pair]) for pair in pairs)
            say(
                f"look {number + 1} at {plural(end, 'seed')}: {left} of "
                f"{plural(len(pairs), 'pair')} undecided"
            )
    return found


def judge_all(
    results: Sequence[Arm], tested: Mapping[str, Examined], claim: Claim, number: int
) -> list[dict[str, Any]]:
    """The records of all pairs at one look, data set by data set."""
    pairs = []
    for dataset, facts in tested.items():
        rows = [row for arm in results for row in arm.rows if row["dataset"] == dataset]
        arms = len({row["model"] for row in rows})
        level = levels(claim, arms)[number] if arms > 1 else claim.alpha
        pairs += judge(rows, dataset, facts, claim, Look(number + 1, level))
    return pairs
