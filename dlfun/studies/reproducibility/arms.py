"""The arms of a study: what was trained under one program each, in the order of its record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.search_request import kinds_by_flag, search_of
from dlfun.config.search_space import ON_THE_WAY
from dlfun.config.start_table import SUFFIX, model_of_arm
from dlfun.config.study_request import StudyRequest
from dlfun.records.recorded import Recorded
from dlfun.studies.comparison.compare import chosen_for, most_seeds
from dlfun.studies.comparison.protocol import Protocol, protocol_in
from dlfun.studies.population.arm import resolve
from dlfun.studies.population.stacked import Stacked, fewest, shut
from dlfun.studies.population.study_data import load, load_all
from dlfun.studies.search.sweep import Configuration, configurations_of, grouped, task_of
from dlfun.studies.search.task import Task
from dlfun.types import HParams, Settings


class Arm(NamedTuple):
    """What a study trained under one program: every configuration with every seed.

    Attributes:
      ends: the members at the end of each of its populations: one, or one a look.
      own_name: what the record calls it, where that is not its model.
    """

    data: Stacked
    settings: Settings
    chosen: ModelOptions
    configurations: tuple[HParams, ...]
    ends: tuple[int, ...]
    own_name: str = ""

    @property
    def name(self) -> str:
        """What the record calls it."""
        return self.own_name or self.settings.model

    @property
    def tested(self) -> bool:
        """Whether its test split was opened."""
        return self.data.test is not None

    @property
    def members(self) -> int:
        """How many there are."""
        return self.ends[-1]


def arms_of_training(
    request: StudyRequest, options: StudyOptions, record: Recorded, data: Stacked | None = None
) -> list[Arm]:
    """The arm of a training, on its data as given, or read."""
    return compared_arms(with_recorded(options, record), Protocol(), options.seeds, data)


def arms_of_comparison(
    request: StudyRequest, options: StudyOptions, record: Recorded, data: Stacked | None = None
) -> list[Arm]:
    """The arms of a comparison, on all of its data sets or on the one given."""
    seeds = len({row["replicate"] for row in record.rows})
    own = with_recorded(options, record)
    return compared_arms(own, protocol_in(request, record.folder), seeds, data)


def with_recorded(options: StudyOptions, record: Recorded) -> StudyOptions:
    """The options with the models of which a record has an arm of a record's parameters."""
    if options.initialize_from is None:
        return options
    names = dict.fromkeys(row["model"] for row in record.rows)
    found = tuple(model_of_arm(name) for name in names if name.endswith(SUFFIX))
    return dataclasses.replace(options, pretrained=found)


def arms_of_sweep(
    request: StudyRequest, options: StudyOptions, record: Recorded, data: Stacked | None = None
) -> list[Arm]:
    """The programs of a sweep, on its data as given, or read."""
    asked, (model,) = search_of(request), request.models
    if asked.method not in ON_THE_WAY:
        return swept_arms(options, configurations_of(request), data)
    known = kinds_by_flag(model)
    points = [{name: known[name].parse(row[name]) for name in asked.space} for row in record.rows]
    task = task_of(request, options, None if data is None else shut(data))
    return searched_arms(task, points)


def swept_arms(
    options: StudyOptions, configurations: Sequence[Configuration], data: Stacked | None = None
) -> list[Arm]:
    """The populations of a sweep, in the order of its record.

    Args:
      data: what it learned from; None reads it.

    Raises:
      UserError: if the data are not to be had.
    """
    (model,) = options.models
    data = shut(load(options.datasets[0], options) if data is None else data)
    groups = grouped(options, model, configurations, fewest(data.tuning.train))
    arms = []
    for settings, group in groups.items():
        numbers = tuple(chosen.hparams for _, chosen in group)
        ends = (len(numbers) * options.seeds,)
        arms.append(Arm(data, settings, group[0][1], numbers, ends))
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
        arms.append(Arm(task.data, settings, chosen[0], numbers, ends))
    return arms


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
        examples = fewest(one.tuning.train)
        for arm, chosen in chosen_for(options, one.first.name, protocol.choice).items():
            settings = resolve(options, model_of_arm(arm), chosen, examples, [chosen.hparams])
            arms.append(Arm(one, settings, chosen, (chosen.hparams,), ends, arm))
    return arms
