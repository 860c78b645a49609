"""Tuning: the same budget for every model, judged by validation, without a test split in reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.search_request import check_held_out
from dlfun.config.search_space import Dimension
from dlfun.errors import OPT
from dlfun.objectives.metrics import sign
from dlfun.records.outcome import Row, extended
from dlfun.studies.baselines.arms import space_of, trial_columns, try_classical
from dlfun.studies.comparison.verdicts import metric_of, score
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.remarks import work_notes
from dlfun.studies.population.stacked import Stacked, fewest, shut
from dlfun.studies.search.sweep import Configuration, grouped, run_group
from dlfun.training.monitor import say
from dlfun.types import SPLITS
from dlfun.words import plural

Choice = dict[str, dict[str, ModelOptions]]
"""Data set -> model -> what it was tuned to."""


class Tuning(NamedTuple):
    """What is tried.

    Attributes:
      candidates: model -> its configurations: the one given, and then those drawn from its space
        before anything was trained.
      spaces: model, or classical method that has another than its default -> name -> Dimension.
      seeds: of every configuration.
      trials: configurations drawn for each arm.
    """

    candidates: Mapping[str, Sequence[Configuration]]
    spaces: Mapping[str, Mapping[str, Dimension]]
    seeds: int
    trials: int = 0


class Tuned(NamedTuple):
    """What tuning found.

    Attributes:
      rows: of tuning.csv, a run each.
      points: data set -> model -> name -> value, of the configurations chosen.
      choice: the same as options.
    """

    rows: list[Row]
    points: dict[str, dict[str, dict[str, Any]]]
    choice: Choice


def tune(
    options: StudyOptions,
    tuning: Tuning,
    loaded: Mapping[str, Stacked],
    classical: Mapping[str, Sequence[str]] = {},
) -> Tuned:
    """Trains every candidate with every tuning seed on every data set, and chooses.

    Args:
      classical: data set -> arms of scikit-learn, which have the same budget.

    Raises:
      UserError: if there is no validation split to choose by.
    """
    check_held_out(options.data.validation_fraction, f"{OPT.tune}", "choose")
    if SPLITS[options.data.split].folds:
        say(
            f"{OPT.tune} chooses on examples that other folds are tested on: scores may be a "
            "little too high, of all arms alike"
        )
    options = dataclasses.replace(options, seeds=tuning.seeds, first=0, tuning=True)
    found = Tuned([], {}, {})
    for dataset, data in loaded.items():
        found.points[dataset], found.choice[dataset] = {}, {}
        for model, candidates in tuning.candidates.items():
            say_budget(dataset, model, len(candidates), tuning.seeds)
            rows = try_all(options, model, candidates, shut(data))
            best = choose(rows)
            found.rows.extend(with_choice(rows, best))
            found.points[dataset][model], found.choice[dataset][model] = candidates[best]
        for name in classical.get(dataset, ()):
            say_budget(dataset, name, tuning.trials + 1, tuning.seeds)
            space = space_of(name, tuning.spaces)
            rows, points = try_classical(options, name, space, tuning.trials, shut(data))
            best = choose(rows)
            found.rows.extend(with_choice(rows, best))
            found.points[dataset][name] = points[best]
    return found


def say_budget(dataset: str, arm: str, trials: int, seeds: int) -> None:
    """Says what is tuned, and what that takes."""
    say(f"{dataset}: tuning {arm}: {plural(trials, 'configuration')} x {plural(seeds, 'seed')}")


def with_choice(rows: Sequence[Row], best: int) -> list[Row]:
    """Rows with the column that says which trial was chosen."""
    return extended(rows, [{"chosen": str(row["trial"] == best).lower()} for row in rows])


def try_all(
    options: StudyOptions, model: str, candidates: Sequence[Configuration], data: Stacked
) -> Sequence[Row]:
    """A row for each run of each candidate, trial by trial."""
    numbered = [(trial_columns(i, point), chosen) for i, (point, chosen) in enumerate(candidates)]
    groups = grouped(options, model, numbered, fewest(data.tuning.train))
    for settings in groups:
        assemble(settings, data.first.spec)
    results = [run_group(options, s, data, group, None) for s, group in groups.items()]
    for note in work_notes(results):
        say(note)
    rows = [row for result in results for row in result.rows]
    return sorted(rows, key=lambda row: row["trial"])


def choose(rows: Sequence[Mapping[str, Any]]) -> int:
    """The trial of the best mean validation at the last step.

    A trial with a failed run ranks behind all without; ties go to fewer parameters, then to the
    lower number.

    >>> choose([{"trial": t, "status": "ok", "parameters": 9, "validation_accuracy": v}
    ...         for t, v in ((0, 0.4), (1, 0.6), (2, 0.6))])
    1
    """
    metric = metric_of(rows, "validation")
    trials: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        trials.setdefault(row["trial"], []).append(row)

    def rank(trial: int) -> tuple[float, int, int]:
        mean = sign(metric) * float(np.mean([score(row, metric) for row in trials[trial]]))
        return (np.inf if np.isnan(mean) else -mean, trials[trial][0]["parameters"], trial)

    return min(trials, key=rank)
