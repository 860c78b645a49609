"""Members of a record trained again, in the same population and in others."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from dlfun.studies.arm import final_metrics, flat_parameters, make_members, resolve, shortest
from dlfun.studies.compare import load, load_all
from dlfun.studies.drift import Left, stack_left
from dlfun.studies.layouts import train_members
from dlfun.studies.options import ModelOptions, StudyOptions
from dlfun.studies.stacked import Stacked
from dlfun.studies.sweep import Configuration, grouped
from dlfun.training.layout import choose_layout
from dlfun.training.population import selected
from dlfun.types import HParams, Layout, Settings

SAME, ALONE, OTHER = "same population", "alone", "other population"


class Arm(NamedTuple):
    """What a study trained as one population: every configuration with every seed.

    `tested` says whether its test split was opened.
    """

    data: Stacked
    settings: Settings
    chosen: ModelOptions
    configurations: tuple[HParams, ...]
    tested: bool


class Rerun(NamedTuple):
    """Members of an arm trained again: in which population, how many it had, and which they are."""

    name: str
    layout: Layout
    population: int
    members: list[int]
    left: Left


def arms_of(options: StudyOptions, configurations: Sequence[Configuration] = ()) -> list[Arm]:
    """The populations of a study, in the order of its record.

    Args:
      configurations: those of a sweep; none for a study of given models.

    Raises:
      UserError: if the data are not to be had.
    """
    arms = []
    if configurations:
        (model,), (name,) = options.models, options.datasets
        data = load(name, options)
        groups = grouped(options, model, configurations, data.tuning.train.targets.shape[1])
        for settings, group in groups.items():
            numbers = tuple(chosen.hparams for _, chosen in group)
            arms.append(Arm(data, settings, group[0][1], numbers, tested=False))
        return arms
    for data in load_all(options).values():
        examples = data.tuning.train.targets.shape[1]
        for model, chosen in options.models.items():
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            arms.append(Arm(data, settings, chosen, (chosen.hparams,), tested=True))
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


def recorded_layout(options: StudyOptions, arm: Arm) -> Layout:
    """The layout of the record, on as many devices as there are here."""
    count = len(arm.configurations) * options.seeds
    layout = arm.chosen.layout or choose_layout(
        arm.settings.model, arm.settings.shape, count, arm.chosen.way
    )
    return layout._replace(devices=min(layout.devices, jax.device_count()))


def train_again(
    options: StudyOptions, arm: Arm, rows: Sequence[int], layout: Layout
) -> tuple[Layout, Left]:
    """Trains some members of an arm as one population, with the keys they have in it.

    Returns:
      the layout they ran under, in chunks where memory is short; and what they left.
    """
    splits = len(arm.data.datasets)
    everyone = make_members(options, arm.settings.model, arm.configurations, splits)
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
    return people.layout, Left(found.history, finals, parameters, list(range(len(rows))))


def reruns(options: StudyOptions, arm: Arm, wanted: int) -> list[Rerun]:
    """All members again as they ran; then `wanted` of them, each alone, and in another layout."""
    count = len(arm.configurations) * options.seeds
    everyone, some = list(range(count)), chosen_members(count, wanted)
    layout = recorded_layout(options, arm)
    same, left = train_again(options, arm, everyone, layout)
    one = Layout(1, 1, way=same.way)
    alone = [train_again(options, arm, [row], one)[1] for row in some]
    other, others = train_again(options, arm, some, other_layout(same))
    return [
        Rerun(SAME, same, count, everyone, left),
        Rerun(ALONE, one, 1, some, stack_left(alone)),
        Rerun(OTHER, other, len(some), some, others),
    ]
