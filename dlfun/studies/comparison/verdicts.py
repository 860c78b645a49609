"""The verdict on every pair of arms of a study: what comparison.json holds. Needs no JAX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.comparison_spec import Claim, delta_of
from dlfun.objectives import metrics
from dlfun.objectives.metrics import higher_is_better, judging
from dlfun.records.outcome import Row as Row
from dlfun.stats import Arm, compare_arms
from dlfun.stats.failures import at_chance
from dlfun.types import SPLITS

DECIDED = ("better", "better (small)", "equivalent")


class Examined(NamedTuple):
    """What the statistics must know of the data set that arms were tested on.

    Attributes:
      scheme: how it was split, of `dlfun.types.SPLITS`.
      examples: in the test split, their mean where sizes differ.
      variance: n_test / n_train where each replicate has its own split, else 0.
      labels: whether the data set has any.
      scored: arm -> [replicates, examples], what each run scored on each test example, where
        they share one test split and that is known.
    """

    scheme: str
    examples: int
    variance: float
    labels: bool
    scored: Mapping[str, np.ndarray] = {}


def examined(scheme: str, sizes: Mapping[str, int]) -> Examined:
    """The same of a record: by its way to split, and how many examples each split has."""
    variance = 0.0 if scheme == "official" else sizes["test"] / sizes["train"]
    return Examined(scheme, sizes["test"], variance, labels=True)


class Look(NamedTuple):
    """Which of the declared looks this is: its number from 1, its level, and how many seeds."""

    number: int
    level: float


def metric_of(rows: Sequence[Row], split: str) -> str:
    """The metric that runs are judged by on a split, of those that one of them has.

    >>> metric_of([{"test_nats": 1.2, "test_loss": 1.2}], "test")
    'test_nats'
    """
    return judging({name for row in rows for name, value in row.items() if value != ""}, split)


def score(row: Row, metric: str) -> float:
    """The score of a run; NaN if it failed or has none."""
    value = row.get(metric, "")
    return float("nan") if value == "" or row["status"] != "ok" else float(value)


def overlap(rows: Sequence[Row], metric: str) -> float:
    """What the splits of runs that overlap add to 1 / n in the variance of a mean test score.

    >>> overlap([{"split_variance": "0.25"}], "test_accuracy"), overlap([{}], "test_accuracy")
    (0.25, 0.0)
    """
    known = rows[0].get("split_variance", "") if rows else ""
    return float(known) if known != "" and metrics.parts(metric)[0] == "test" else 0.0


def is_at_chance(value: float, chance: float, metric: str, examples: int) -> bool:
    """Whether a score is no better than guessing.

    >>> [is_at_chance(found, 0.1, "test_accuracy", 1000) for found in (0.115, 0.2)]
    [True, False]
    """
    if metrics.metric(metric).share:
        return bool(at_chance([value], chance, examples)[0])
    return value >= chance


def chance_columns(rows: Sequence[Row], tested: Examined, metric: str) -> list[Row]:
    """The column at_chance of rows of one data set: true or false, empty of a run that failed.

    Folds test few examples each, and together every example: those of an arm are told from chance
    together, or the worst of them would be left out as if they had not learned.
    """
    stated = metrics.metric(metric).per_example and tested.labels
    folds = SPLITS[tested.scheme].folds
    examples = tested.examples * (len({row.get("fold") for row in rows}) if folds else 1)
    scores: dict[str, list[float]] = {}
    for row in rows:
        scores.setdefault(row["model"], []).append(score(row, metric))

    def cell(row: Row) -> str:
        value, chance = score(row, metric), row.get("chance", float("nan"))
        if not (stated and np.isfinite(value) and np.isfinite(chance)):
            return ""
        value = float(np.nanmean(scores[row["model"]])) if folds else value
        return str(is_at_chance(value, chance, metric, examples)).lower()

    return [{"at_chance": cell(row)} for row in rows]


def ids_of(rows: Sequence[Row]) -> list[int] | None:
    """[runs], equal for runs that are one result; None where none is a copy.

    >>> ids_of([{"replicate": 0, "copy_of": ""}, {"replicate": 1, "copy_of": 0}])
    [0, 0]
    """
    if all(row.get("copy_of", "") == "" for row in rows):
        return None
    return [int(row["replicate"] if row["copy_of"] == "" else row["copy_of"]) for row in rows]


def make_arms(
    rows: Sequence[Row], metric: str, scored: Mapping[str, np.ndarray] | None = None
) -> list[Arm]:
    """The arms of one data set that have the metric, each with its replicates in order.

    `scored` is as in `Examined`.
    """
    arms: dict[str, list[Row]] = {}
    for row in rows:
        arms.setdefault(row["model"], []).append(row)
    made = []
    for name, members in arms.items():
        order = np.argsort([int(row["replicate"]) for row in members], kind="stable")
        examples = (scored or {}).get(name)
        members = [members[i] for i in order]
        if any(row.get(metric, "") != "" for row in members):
            marks = [row.get("at_chance", "") == "true" for row in members]
            scores = [score(row, metric) for row in members]
            each = None if examples is None else examples[order]
            made.append(Arm(name, scores, marks, ids_of(members), each))
    return made


def spread_of(rows: Sequence[Row]) -> float:
    """The standard deviation of the training targets of one data set; 0 where not known."""
    return float(rows[0].get("target_sd") or 0.0) if rows else 0.0


def judge(
    rows: Sequence[Row],
    dataset: str,
    tested: Examined,
    claim: Claim,
    look: Look,
    paired: bool = True,
) -> list[dict[str, Any]]:
    """The records of all pairs of the arms of one data set; none where there is only one arm.

    `paired` says that replicates of the same number share their split and order.
    """
    metric = metric_of(rows, "test")
    arms = make_arms(rows, metric, tested.scored)
    if len(arms) < 2:
        return []
    delta, given = delta_of(claim, dataset, metric, spread_of(rows))
    pairs = compare_arms(
        arms,
        delta=delta,
        higher_is_better=higher_is_better(metric),
        family=claim.family,
        reference=claim.reference,
        alpha=look.level,
        paired=paired,
        split_variance=tested.variance,
        power=claim.power,
        population=scope_of(claim, metric) == "population",
        percent=metrics.metric(metric).share,
        unit=metrics.metric(metric).counted,
        run=SPLITS[tested.scheme].run,
    )
    common = circumstances(dataset, metric, tested, claim, look) | {
        "paired": paired,
        "delta_from": "given" if given else "default",
    }
    order = {arm.name: rank for rank, arm in enumerate(best_first(arms, metric))}
    pairs = sorted(pairs, key=lambda pair: (order[pair.a], order[pair.b]))
    return [pair._asdict() | common for pair in pairs]


def scope_of(claim: Claim, metric: str) -> str:
    """What a claim is about; of the population only accuracies can tell."""
    return claim.scope if metrics.metric(metric).share else "this-test-set"


def circumstances(
    dataset: str, metric: str, tested: Examined, claim: Claim, look: Look
) -> dict[str, Any]:
    """What the records of all pairs of one data set have in common."""
    return {
        "dataset": dataset,
        "metric": metric,
        "direction": "higher" if higher_is_better(metric) else "lower",
        "split_scheme": tested.scheme,
        "family": claim.family,
        "scope": scope_of(claim, metric),
        "alpha": claim.alpha,
        "look": look.number,
        "looks": list(claim.looks) or None,
        "frozen_hash": claim.frozen_hash,
        "test_openings": claim.test_openings,
        "protocol": "tuned" if claim.frozen_hash else "given",
    }


def best_first(arms: Sequence[Arm], metric: str) -> list[Arm]:
    """Arms by the mean of their runs that did not fail."""

    def rank(arm: Arm) -> float:
        scores = np.asarray(arm.scores, float)
        kept = scores[np.isfinite(scores)]
        return -metrics.sign(metric) * float(kept.mean()) if len(kept) else np.inf

    return sorted(arms, key=rank)


def all_decided(pairs: Sequence[Row]) -> bool:
    """Whether no pair has a verdict that more seeds could change."""
    return all(is_decided(pair) for pair in pairs)


def is_decided(pair: Row) -> bool:
    """Whether more seeds are not needed, or would not help.

    They would not where both arms have one result whatever the seed, or all runs of an arm failed.
    """
    fixed = pair["unit"] == "examples" or pair["diff"] is None
    return pair["verdict"] in DECIDED or fixed
