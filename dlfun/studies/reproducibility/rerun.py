"""Members of a record trained again, in the same population and in others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.records.outcome import Outcome, stack_outcomes
from dlfun.studies.comparison.compare import Protocol, chosen_for, most_seeds
from dlfun.studies.population.arm import (
    final_metrics,
    flat_parameters,
    make_members,
    resolve,
    shortest,
)
from dlfun.studies.population.layout_choice import train_members
from dlfun.studies.population.stacked import Stacked
from dlfun.studies.population.study_data import load, load_all
from dlfun.studies.search import adaptive
from dlfun.studies.search.adaptive import Task
from dlfun.studies.search.sweep import Configuration, grouped
from dlfun.training.layout.layout import choose_layout
from dlfun.training.population import selected
from dlfun.types import HParams, Layout, Settings

SAME, ALONE, OTHER = "same population", "alone", "other population"


class Arm(NamedTuple):
    """What a study trained under one program: every configuration with every seed.

    Attributes:
      ends: the members at the end of each of its populations: one, or one a look.
      tested: whether its test split was opened.
    """

    data: Stacked
    settings: Settings
    chosen: ModelOptions
    configurations: tuple[HParams, ...]
    ends: tuple[int, ...]
    tested: bool

    @property
    def members(self) -> int:
        """How many there are."""
        return self.ends[-1]


class Rerun(NamedTuple):
    """Members of an arm trained again: in which population, how many it had, and which they are."""

    name: str
    layout: Layout
    population: int
    members: list[int]
    outcome: Outcome


def swept_arms(
    options: StudyOptions, configurations: Sequence[Configuration], data: Stacked | None = None
) -> list[Arm]:
    """The populations of a sweep, in the order of its record.

    Args:
      data: what it learned from; None reads it.

    Raises:
      UserError: if the data are not to be had.
    """
    (model,), (name,) = options.models, options.datasets
    data = load(name, options) if data is None else data
    groups = grouped(options, model, configurations, data.tuning.train.targets.shape[1])
    arms = []
    for settings, group in groups.items():
        numbers = tuple(chosen.hparams for _, chosen in group)
        ends = (len(numbers) * options.seeds,)
        arms.append(Arm(data, settings, group[0][1], numbers, ends, tested=False))
    return arms


def searched_arms(task: Task, rows: Sequence[Mapping[str, Any]]) -> list[Arm]:
    """The programs of a search that decided on the way, in the order of its record.

    Args:
      rows: for each run of the record, the swept names and values that it had at last.
    """
    # Members share their numbers with those of the other seeds, but where each has its own.
    seeds = 1 if task.asked.method == "pbt" else task.options.seeds
    points = rows[::seeds]
    arms = []
    for settings, places in task.settings(points).items():
        chosen = [task.make(points[place]) for place in places]
        numbers = tuple(one.hparams for one in chosen)
        ends = (len(numbers) * seeds,)
        arms.append(Arm(task.data, settings, chosen[0], numbers, ends, tested=False))
    return arms


def search_again(task: Task) -> Callable[[Arm], list[Rerun]]:
    """What a whole search leaves when it is run again, for each of its arms in turn."""
    results = iter(adaptive.search(task).results)

    def rerun(arm: Arm) -> list[Rerun]:
        result = next(results)
        rows = result.rows
        names = [name for name in rows[0] if name.startswith(("train_", "validation_"))]
        finals = {name: np.array([row[name] for row in rows], float) for name in names}
        failed_at = [np.nan if row["failed_at"] == "" else row["failed_at"] for row in rows]
        finals["failed_at"] = np.array(failed_at, float)
        everyone = list(range(arm.members))
        outcome = Outcome(result.history, finals, result.parameters, everyone)
        return [Rerun(SAME, result.layout, arm.members, everyone, outcome)]

    return rerun


def compared_arms(
    options: StudyOptions, protocol: Protocol, seeds: int, data: Stacked | None = None
) -> list[Arm]:
    """The arms of a comparison that ended after so many seeds, in the order of its record.

    Args:
      data: its only data set, or the one of them that matters; None reads all.

    Raises:
      UserError: if the data are not to be had.
    """
    ends = tuple(end for end in protocol.claim.looks if end <= seeds) or (options.seeds,)
    most = dataclasses.replace(options, seeds=most_seeds(options, protocol))
    arms = []
    for one in load_all(most).values() if data is None else [data]:
        examples = one.tuning.train.targets.shape[1]
        for model, chosen in chosen_for(options, one.first.name, protocol.choice).items():
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            arms.append(Arm(one, settings, chosen, (chosen.hparams,), ends, tested=True))
    return arms


def chosen_members(count: int, wanted: int) -> list[int]:
    """Which members are trained again: the first, the last, and some evenly between.

    >>> chosen_members(10, 3), chosen_members(2, 3)
    ([0, 4, 9], [0, 1])
    """
    return np.unique(np.linspace(0, count - 1, wanted).round().astype(int)).tolist()


def other_layout(layout: Layout) -> Layout:
    """Another number of devices, another width, and one group of members in memory at a time.

    The way the layers compute stays: another one is other arithmetic.
    """
    devices = 1 if layout.devices > 1 else min(2, jax.device_count())
    width = 3 if layout.width == 2 else 2
    return Layout(devices, width, devices * width, layout.way)


def recorded_layout(arm: Arm) -> Layout:
    """The layout of the record, on as many devices as there are here."""
    model, shape = arm.settings.model, arm.settings.shape
    layout = arm.chosen.layout or choose_layout(model, shape, arm.ends[0], arm.chosen.way)
    return layout._replace(devices=min(layout.devices, jax.device_count()))


def train_again(
    options: StudyOptions, arm: Arm, rows: Sequence[int], layout: Layout
) -> tuple[Layout, Outcome]:
    """Trains some members of an arm as one population, with the keys they have in it.

    Returns:
      the layout they ran under, in chunks where memory is short; and what they left.
    """
    all_seeds = dataclasses.replace(options, seeds=arm.members // len(arm.configurations))
    splits = len(arm.data.datasets)
    everyone = make_members(all_seeds, arm.settings.model, arm.configurations, splits)
    people, found = train_members(
        arm.settings,
        arm.data,
        selected(everyone, rows),
        dataclasses.replace(arm.chosen, layout=layout),
        options.memory_limit,
        arm.tested,
        options.input,
    )
    failed_at = np.asarray(found.kept.failed_at, float)
    finals = {
        # As members.csv has them, in the fewest digits that tell them apart.
        name: np.array([shortest(value) for value in values], float)
        for name, values in final_metrics(found).items()
    }
    finals["failed_at"] = np.where(failed_at < 0, np.nan, failed_at)
    parameters = flat_parameters(found.kept.variables)
    return people.layout, Outcome(found.history, finals, parameters, list(range(len(rows))))


def reruns(options: StudyOptions, arm: Arm, wanted: int) -> list[Rerun]:
    """All members again as they ran; then `wanted` of them, each alone, and in another layout."""
    some, layout = chosen_members(arm.members, wanted), recorded_layout(arm)
    parts = [
        train_again(options, arm, range(start, end), layout)
        for start, end in pairwise((0, *arm.ends))
    ]
    same, everyone = parts[0][0], list(range(arm.members))
    one = Layout(1, 1, way=same.way)
    alone = [train_again(options, arm, [row], one)[1] for row in some]
    other, others = train_again(options, arm, some, other_layout(same))
    return [
        Rerun(SAME, same, arm.ends[0], everyone, stack_outcomes([outcome for _, outcome in parts])),
        Rerun(ALONE, one, 1, some, stack_outcomes(alone)),
        Rerun(OTHER, other, len(some), some, others),
    ]
