"""Searches that decide on the way, from what they may try to what they found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun import keys
from dlfun.config.search_request import check_installed
from dlfun.errors import OPT, UserError
from dlfun.records.outcome import Result
from dlfun.studies.population.arm import run_members
from dlfun.studies.population.assembly import assemble
from dlfun.studies.search import halving, pbt, tpe
from dlfun.studies.search.evolution import Race, run_race
from dlfun.studies.search.field import Field, scores_of
from dlfun.studies.search.samplers import corners, drawn
from dlfun.studies.search.task import Point, Task
from dlfun.training.monitor import say
from dlfun.training.population import selected
from dlfun.types import Layout, Settings
from dlfun.words import plural


class Found(NamedTuple):
    """What a search tried.

    Attributes:
      results: one a program, in the order the programs first appear.
      told: what was decided on the way: a row for each member of each part.
    """

    results: list[Result]
    told: list[dict[str, Any]]

    @property
    def steps(self) -> int:
        """What it cost in training steps."""
        return sum(row["steps"] for result in self.results for row in result.rows)


def check(task: Task) -> None:
    """Raises UserError if a search cannot be planned so, or its model not learn. Trains nothing."""
    asked = task.asked
    if asked.method == "halving":
        halving.brackets(asked.trials, task.validations, asked.eta, asked.brackets)
    if asked.method == "pbt":
        pbt.parts_of(asked.trials, task.validations, asked.rounds)
    check_installed(asked.method)
    for settings in task.settings(corners(asked.space)):
        assemble(settings, task.data.first.spec)


def search(task: Task) -> Found:
    """Runs a search: a pure function of its task.

    Raises:
      UserError: if the search cannot be planned so.
    """
    check(task)
    return METHODS[task.asked.method](task)


def one_program(task: Task, points: Sequence[Sequence[Point]]) -> Settings:
    """The program of all points.

    Raises:
      UserError: if they make several.
    """
    found = list(task.settings([point for own in points for point in own]))
    if len(found) > 1:
        raise UserError(
            f"{OPT.search}={task.asked.method} trains one program, and this {OPT.space} makes "
            f"{len(found)}; search numbers alone, or by {OPT.search}=tpe"
        )
    return found[0]


def halve(task: Task) -> Found:
    """Successive halving: bracket after bracket."""
    asked = task.asked
    plan = halving.brackets(asked.trials, task.validations, asked.eta, asked.brackets)
    ends = np.cumsum([rungs[0].configurations for rungs in plan]).tolist()
    points = [drawn("random", asked.space, ends[-1], task.key(i)) for i in range(task.searches)]
    settings = one_program(task, points)
    found: Result | None = None
    told: list[dict[str, Any]] = []
    for number, (rungs, begin, end) in enumerate(zip(plan, [0, *ends], ends, strict=False)):
        field = task.field([own[begin:end] for own in points])
        parts, decide = halving.parts_of(rungs, field), halving.decider(rungs, field)
        race = Race(task.options, settings, task.data, field, parts, decide)
        result, own_told = run_race(race)
        before = len(found.rows) if found else 0
        told += [
            {
                "bracket": number,
                **row,
                "member": row["member"] + before,
                "trial": row["trial"] + begin,
            }
            for row in own_told
        ]
        found = found.joined(result) if found else result
    assert found is not None
    return Found([found], told)


def evolve_numbers(task: Task) -> Found:
    """Population-based training: each replicate is a population of its own."""
    asked = task.asked
    points = [drawn("random", asked.space, asked.trials, task.key(i)) for i in range(task.searches)]
    settings = one_program(task, points)
    field = task.field(points)
    if not task.apart:
        field = field._replace(
            trials=np.arange(len(field.trials)), groups=np.array(field.members.replicates)
        )
    parts = pbt.parts_of(len(field.trials), task.validations, asked.rounds)
    decide = pbt.decider(asked.space, field, keys.of_algorithm(task.root, "pbt"))
    swept = tuple(asked.space)
    result, told = run_race(Race(task.options, settings, task.data, field, parts, decide, swept))
    return Found([result], told)


def propose(task: Task) -> Found:
    """Model-based search: a batch of configurations after the other."""
    asked = task.asked
    proposals = [
        tpe.Proposals(asked.space, keys.of_algorithm(task.key(i), "tpe"))
        for i in range(task.searches)
    ]
    results: dict[Settings, Result] = {}
    layout: Layout | None = None
    for number, count in enumerate(tpe.batches(asked.trials, asked.rounds)):
        say(f"{task.model}: round {number + 1}: {plural(count, 'configuration')}")
        points = [one.ask(count) for one in proposals]
        field = task.field(points)
        scores = np.full(len(field.trials), -np.inf)
        per_trial = [point for own in points for point in own]
        for settings, places in task.settings(per_trial).items():
            rows = np.flatnonzero(np.isin(field.trials, places))
            result = run_field(task, settings, field, rows, layout, number)
            layout = layout or result.layout
            scores[rows] = scores_of(result.history)
            before = results.get(settings)
            results[settings] = result if before is None else before.joined(result)
        means = [scores[field.trials == trial].mean() for trial in range(len(per_trial))]
        for i, one in enumerate(proposals):
            one.tell(means[i * count : (i + 1) * count])
    return Found(list(results.values()), [])


def run_field(
    task: Task,
    settings: Settings,
    field: Field,
    rows: np.ndarray,
    layout: Layout | None,
    number: int,
) -> Result:
    """Some members of a field from the first step to the last, as one population."""
    points = [{"round": number, **field.points[row]} for row in rows]
    members = selected(field.members, rows.tolist())
    return run_members(task.options, settings, task.data, members, layout, points)


def draw(task: Task) -> Found:
    """All configurations at once, drawn before the first step."""
    asked = task.asked
    points = [
        drawn(asked.method, asked.space, asked.trials, task.key(i)) for i in range(task.searches)
    ]
    field, results = task.field(points), []
    for settings, places in task.settings([point for own in points for point in own]).items():
        rows = np.flatnonzero(np.isin(field.trials, places))
        results.append(run_field(task, settings, field, rows, None, 0))
    return Found(results, [])


METHODS: Mapping[str, Callable[[Task], Found]] = {
    "random": draw,
    "sobol": draw,
    "halving": halve,
    "pbt": evolve_numbers,
    "tpe": propose,
}
