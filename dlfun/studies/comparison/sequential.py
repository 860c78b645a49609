"""A study that adds seeds, in declared looks, until every pair has its verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import jax
import numpy as np

from dlfun.config.comparison_spec import Claim
from dlfun.stats import nominal_levels
from dlfun.studies.baselines.arm import Classical
from dlfun.studies.comparison.verdicts import Examined, Look, all_decided, judge
from dlfun.studies.population.arm import Result
from dlfun.training.monitor import say
from dlfun.words import plural


def levels(claim: Claim, arms: int) -> tuple[float, ...]:
    """The level of each look at a family of so many arms; that of the claim where there is one."""
    if not claim.looks:
        return (claim.alpha,)
    size = arms * (arms - 1) // 2 if claim.family == "all-pairs" else arms - 1
    return nominal_levels(claim.looks, claim.alpha, max(size, 1))


Arm = Result | Classical


def joined(first: Any, more: Any) -> Any:
    """One arm, of the same kind, from two parts of its members."""

    def both(a: Any, b: Any) -> Any:
        return np.concatenate([np.asarray(a), np.asarray(b)])

    rows = [*first.rows, *more.rows]
    if isinstance(first, Classical):
        told = jax.tree.map(both, first[1:], more[1:])
        return Classical(rows, *told)
    return first._replace(
        rows=rows,
        history=jax.tree.map(both, first.history, more.history),
        parameters=jax.tree.map(both, first.parameters, more.parameters),
        variables=jax.tree.map(both, first.variables, more.variables),
        predictions=jax.tree.map(both, first.predictions, more.predictions),
    )


def grow(
    seeds: int,
    claim: Claim,
    train: Callable[[int, int], list[Arm]],
    test: Callable[[list[Arm]], Mapping[str, Examined]],
) -> tuple[list[Arm], list[dict[str, Any]]]:
    """Trains up to each look, and stops where nothing is left to decide.

    Args:
      seeds: how many there are without declared looks.
      train: (first, count) -> the arms over these replicates.
      test: what is known of each data set, with what its arms answered.

    Returns:
      the arms, and the records of all pairs.
    """
    ends = claim.looks or (seeds,)
    results: list[Arm] = []
    pairs: list[dict[str, Any]] = []
    for number, (start, end) in enumerate(pairwise((0, *ends))):
        fresh = train(start, end - start)
        results = [joined(a, b) for a, b in zip(results, fresh, strict=True)] if results else fresh
        pairs = judge_all(results, test(results), claim, number)
        if all_decided(pairs):
            break
        if end != ends[-1]:
            left = sum(not all_decided([pair]) for pair in pairs)
            say(
                f"look {number + 1} at {end} seeds: {left} of {plural(len(pairs), 'pair')} "
                "undecided"
            )
    return results, pairs


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
