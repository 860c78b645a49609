"""Arms over several data sets: their scores on one scale, where chance or the worst arm is 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.objectives import metrics
from dlfun.report.rows import is_copy, number
from dlfun.stats import normalise, t_interval
from dlfun.stats.aggregate import FEWEST
from dlfun.studies.comparison.verdicts import metric_of
from dlfun.words import plural

MANY = 12

Row = Mapping[str, Any]
Scores = dict[int, float]
"""The score of each replicate; NaN where it failed."""


class Scale(NamedTuple):
    """What scores of a data set are measured by: `zero` is 0, the best arm's mean `reference` 1.

    Zero is chance, or the mean of the `worst` arm where it is unknown what chance scores.
    """

    dataset: str
    metric: str
    zero: float
    reference: float
    best: str
    worst: str = ""


class Across(NamedTuple):
    """Arms that ran on the same data sets.

    Attributes:
      scales: of each data set.
      arms: name -> normalised scores [runs, data sets]; runs that failed have 0.
      means: mean scores [data sets, arms] before that, turned so that more is better; by them arms
        are ranked, as what is normalised may differ by rounding alone.
      left_out: which data sets, arms and runs do not enter, and why.
      fixed: arms that have one result on each data set, of which all runs are copies.
    """

    scales: list[Scale]
    arms: dict[str, np.ndarray]
    means: np.ndarray
    left_out: list[str]
    fixed: frozenset[str] = frozenset()

    @property
    def runs(self) -> int:
        """How many runs each arm has on each data set."""
        return len(next(iter(self.arms.values())))

    @property
    def normalised(self) -> np.ndarray:
        """Mean normalised scores [data sets, arms]; those that rounding alone parts are equal."""
        return np.stack([scores.mean(0) for scores in self.arms.values()], axis=1).round(9)

    @property
    def zero(self) -> str:
        """What is 0, in words."""
        return "the mean of the worst arm of it" if self.scales[0].worst else "chance"

    @property
    def many(self) -> bool:
        """Whether there are too many data sets to name, or show, all that there is of each."""
        return len(self.scales) > MANY


def side_by_side(records: Mapping[str, Sequence[Row]]) -> list[Row]:
    """The rows of records as if they were of one.

    Arms of one name are one arm, unless two records share a data set: then arms are told apart by
    their records, and only data sets that all records have are kept.
    """
    known = [{row["dataset"] for row in rows} for rows in records.values()]
    if sum(map(len, known)) == len(set().union(*known)):
        return [row for rows in records.values() for row in rows]
    common = set.intersection(*known)
    return [
        {**row, "model": f"{label}/{row['model']}"}
        for label, rows in records.items()
        for row in rows
        if row["dataset"] in common
    ]


def gather(rows: Sequence[Row]) -> Across | None:
    """The arms of rows on one scale; None for fewer than two arms, or three data sets.

    Data sets of which chance is unknown are left out, unless it is of all of them. Runs are taken
    by replicate: those that all arms have on all data sets.
    """
    by_dataset: dict[str, list[Row]] = {}
    for row in rows:
        by_dataset.setdefault(row["dataset"], []).append(row)
    left_out: list[str] = []
    judged = {name: metric_of_rows(own) for name, own in by_dataset.items()}
    without = [n for n in judged if not has_chance(by_dataset[n], judged[n])]
    known = len(without) < len(judged)
    for name in without if known else ():
        left_out.append(f"{name}: chance is unknown in {judged.pop(name).replace('_', ' ')}")
    tables = {name: scores_of(by_dataset[name], metric) for name, metric in judged.items()}
    names = everywhere(tables, left_out)
    scales = []
    for name, metric in judged.items():
        own_scores = {arm: tables[name][arm] for arm in names}
        if known:
            scale = scale_of(name, metric, number(by_dataset[name][0], "chance"), own_scores)
        else:
            scale = scale_from_worst(name, metric, own_scores)
        if scale is None:
            left_out.append(
                f"{name}: {'no arm is told apart from chance' if known else 'all arms are equal'}"
            )
        else:
            scales.append(scale)
    if len(names) < 2 or len(scales) < FEWEST:
        return None
    found = on_one_scale(scales, names, tables, left_out)
    on = [row for row in rows if row["dataset"] in {scale.dataset for scale in scales}]
    return found and found._replace(fixed=frozenset(arm for arm in names if is_fixed(on, arm)))


def is_fixed(rows: Sequence[Row], arm: str) -> bool:
    """Whether an arm has one result on each data set, its other runs being copies of it."""
    results: dict[str, int] = {}
    for row in rows:
        if row["model"] == arm:
            results.setdefault(row["dataset"], 0)
            results[row["dataset"]] += not is_copy(row)
    copied = any(is_copy(row) for row in rows if row["model"] == arm)
    return copied and max(results.values()) == 1


def metric_of_rows(rows: Sequence[Row]) -> str:
    """What runs are judged by: a test metric, or where there is none that of validation."""
    tested = any(row.get(name) not in ("", None) for row in rows for name in row if is_test(name))
    return metric_of(rows, "test" if tested else "validation")


def is_test(name: str) -> bool:
    """Whether a column is a score on the test split."""
    return name.startswith("test_")


def has_chance(rows: Sequence[Row], metric: str) -> bool:
    """Whether it is known what guessing scores."""
    return metrics.metric(metric).per_example and bool(np.isfinite(number(rows[0], "chance")))


def scores_of(rows: Sequence[Row], metric: str) -> dict[str, Scores]:
    """Arm -> its scores, of arms whose healthy runs all have the metric."""
    found: dict[str, Scores] = {}
    lacking = set()
    for row in rows:
        failed = row["status"] != "ok"
        score = np.nan if failed else number(row, metric)
        if not failed and not np.isfinite(score):
            lacking.add(row["model"])
        found.setdefault(row["model"], {})[int(row.get("replicate") or 0)] = score
    return {name: scores for name, scores in found.items() if name not in lacking}


def everywhere(tables: Mapping[str, Mapping[str, Scores]], left_out: list[str]) -> list[str]:
    """The arms that are on all data sets; of the others, it is noted where they are not."""
    names = list(dict.fromkeys(arm for table in tables.values() for arm in table))
    absent = {arm: [name for name, table in tables.items() if arm not in table] for arm in names}
    left_out += [f"{arm}: is not on {', '.join(where)}" for arm, where in absent.items() if where]
    return [arm for arm in names if not absent[arm]]


def scale_of(dataset: str, metric: str, chance: float, arms: Mapping[str, Scores]) -> Scale | None:
    """The scale of a data set; None where no arm is told apart from chance."""
    sign = metrics.sign(metric)
    spans = {arm: t_interval(sign * at_chance(s.values(), chance)) for arm, s in arms.items()}
    best = max(spans, key=lambda arm: spans[arm].estimate, default=None)
    if best is None:
        return None
    span = spans[best]
    least = span.low if np.isfinite(span.low) else span.estimate
    if not least > sign * chance:
        return None
    return Scale(dataset, metric, chance, sign * span.estimate, best)


def scale_from_worst(dataset: str, metric: str, arms: Mapping[str, Scores]) -> Scale | None:
    """The scale of a data set whose 0 is the mean of the worst arm that has one."""
    means = {arm: np.array(list(scores.values())) for arm, scores in arms.items()}
    kept = {
        arm: own[np.isfinite(own)].mean() for arm, own in means.items() if np.isfinite(own).any()
    }
    if not kept:
        return None
    sign = metrics.sign(metric)
    worst = min(kept, key=lambda arm: sign * kept[arm])
    best = max(arms, key=lambda arm: sign * at_chance(arms[arm].values(), kept[worst]).mean())
    reference = float(at_chance(arms[best].values(), kept[worst]).mean())
    # Whether arms are told apart must not choose the data sets: that would favor whoever leads.
    if reference == kept[worst]:
        return None
    return Scale(dataset, metric, float(kept[worst]), reference, best, worst)


def at_chance(scores: Any, chance: float) -> np.ndarray:
    """Scores with that of chance for runs that failed."""
    values = np.array(list(scores), float)
    return np.where(np.isfinite(values), values, chance)


def on_one_scale(
    scales: list[Scale],
    names: Sequence[str],
    tables: Mapping[str, Mapping[str, Scores]],
    left_out: list[str],
) -> Across | None:
    """The replicates that are everywhere, normalised; None where there are none."""
    own = [set(tables[scale.dataset][arm]) for scale in scales for arm in names]
    shared = sorted(set.intersection(*own))
    if not shared:
        return None
    if len(set.union(*own)) > len(shared):
        left_out.append(
            f"runs: only the {plural(len(shared), 'replicate')} that all arms have everywhere"
        )
    chance, reference = ([scale[i] for scale in scales] for i in (2, 3))
    signs = [metrics.sign(scale.metric) for scale in scales]
    arms, means = {}, []
    for arm in names:
        columns = [
            at_chance([tables[scale.dataset][arm][r] for r in shared], scale.zero)
            for scale in scales
        ]
        arms[arm] = normalise(np.stack(columns, axis=1), chance, reference)
        means.append([sign * own.mean() for sign, own in zip(signs, columns, strict=True)])
    return Across(scales, arms, np.array(means).T, left_out)
