"""Members of a record trained again, in the same population and in others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import jax
import numpy as np

from dlfun.config.options import StudyOptions
from dlfun.config.search_request import search_of
from dlfun.config.search_space import ON_THE_WAY
from dlfun.config.study_request import StudyRequest
from dlfun.records.outcome import Outcome, Result, stack_outcomes
from dlfun.studies.population.arm import flat_parameters, make_members
from dlfun.studies.population.layout_choice import train_members
from dlfun.studies.population.rows import final_metrics, shortest
from dlfun.studies.reproducibility.arms import Arm
from dlfun.studies.search import adaptive
from dlfun.studies.search.sweep import task_of
from dlfun.training.layout.layout import choose_layout
from dlfun.training.population import selected
from dlfun.types import Layout

SAME, ALONE, OTHER = "same population", "alone", "other population"


class Rerun(NamedTuple):
    """Members of an arm trained again: in which population, how many it had, and which they are."""

    name: str
    layout: Layout
    population: int
    members: list[int]
    outcome: Outcome


def search_again(
    request: StudyRequest, options: StudyOptions
) -> Callable[[Arm], list[Rerun]] | None:
    """What a whole search leaves when it is run again, for each of its arms in turn.

    None where nothing was decided on the way, and arms can be run again alone.
    """
    if not request.kind.searches or search_of(request).method not in ON_THE_WAY:
        return None
    results: list[Result] = []

    def rerun(arm: Arm) -> list[Rerun]:
        if not results:  # of the first arm: what can be checked was checked by then
            results.extend(adaptive.search(task_of(request, options)).results)
        result = results.pop(0)
        rows = result.rows
        names = [name for name in rows[0] if name.startswith(("train_", "validation_"))]
        finals = {name: np.array([row[name] for row in rows], float) for name in names}
        failed_at = [np.nan if row["failed_at"] == "" else row["failed_at"] for row in rows]
        finals["failed_at"] = np.array(failed_at, float)
        everyone = list(range(arm.members))
        outcome = Outcome(result.history, finals, result.parameters, everyone)
        return [Rerun(SAME, result.layout, arm.members, everyone, outcome)]

    return rerun


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
        dataclasses.replace(options, checkpoints=None, stop_when_failed=1.0),
        arm.settings,
        arm.data,
        selected(everyone, rows),
        dataclasses.replace(arm.chosen, layout=layout),
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
