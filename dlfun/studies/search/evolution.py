"""The training of a search whose members end, or go on from one another, on the way."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.config.options import StudyOptions
from dlfun.errors import OPT, UserError
from dlfun.objectives.metrics import judging
from dlfun.records.outcome import Result, extended
from dlfun.studies.population.arm import final_metrics, make_rows, result_of, shortest
from dlfun.studies.population.assembly import assemble, population
from dlfun.studies.population.layout_choice import (
    check_failed,
    digest,
    keeping,
    known_layout,
    saved_of,
    with_less_memory,
)
from dlfun.studies.population.live_sizes import sizes_of
from dlfun.studies.population.stacked import Stacked
from dlfun.studies.search.field import Field
from dlfun.training.checkpoints.files import Saved
from dlfun.training.checkpoints.progress import Progress
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.training.evolution import Decision, Evolution, Evolved, History, Part, evolve
from dlfun.training.layout.layout import choose_layout
from dlfun.training.layout.memory import bytes_needed, fit
from dlfun.training.population import Population, selected
from dlfun.training.train import Trained
from dlfun.types import HParams, Layout, Members, Settings

Decide = Callable[[int, np.ndarray, HParams, History], Decision]


class Raced(NamedTuple):
    """What a search left.

    Attributes:
      result: its rows have status stopped where a member ended on the way.
      told: what was decided: a row for each member of each part.
    """

    result: Result
    told: list[dict[str, Any]]


def shrunk(layout: Layout, members: int) -> Layout:
    """The layout of a smaller population: no more devices, and no wider, than it has members.

    >>> str(shrunk(Layout(4, 16), 10))
    '4x3'
    """
    devices = min(layout.devices, members)
    width = min(layout.width, -(-members // devices))
    chunk = 0 if layout.chunk >= members else layout.chunk
    return layout._replace(devices=devices, width=width, chunk=chunk)


def populations(
    options: StudyOptions,
    settings: Settings,
    data: Stacked,
    field: Field,
    parts: Sequence[Part],
    layout: Layout,
) -> dict[int, Population]:
    """Members -> their population, compiled: one for each size that the parts have."""
    make = functools.partial(population, settings, data.first.spec, input=options.input)
    title = f"{data.first.name}: {settings.model}"
    found = {}
    for size in sorted({part.members for part in parts}, reverse=True):
        members = selected(field.members, range(size))
        needed = functools.partial(bytes_needed, members=members, tuning=data.tuning, test=None)
        limit = options.memory_limit
        found[size] = fit(make, shrunk(layout, size), size, needed, limit, title)
    return found


def progress_of(
    store: Checkpoints | None,
    people: Mapping[int, Population],
    name: Callable[[int, Members], str],
    number: int,
    members: Members,
) -> Progress:
    """Where a part goes on from; `name` is what the store calls it."""
    if store is None:
        return Progress()
    own = name(number, members)
    return Progress(store, own, people[len(members.replicates)].layout, saved_of(store, own))


def race(
    options: StudyOptions,
    settings: Settings,
    data: Stacked,
    field: Field,
    parts: Sequence[Part],
    decide: Decide,
    changing: Sequence[str] = (),
) -> Raced:
    """Trains a field in parts, and describes each member in a row.

    Args:
      changing: the numbers that change on the way; rows have the last.

    Raises:
      UserError: if several processes work together.
    """
    if jax.process_count() > 1:
        raise UserError(f"halving and pbt run in one process; choose {OPT.search}=random or tpe")
    count, title = len(field.trials), f"{data.first.name}: {settings.model}"
    chosen, store = options.models[settings.model], options.checkpoints
    told: list[dict[str, Any]] = []

    def name(number: int, members: Members) -> str:
        return digest(settings, data, members, repr((parts, options.input)), number)

    def run(layout: Layout, saved: Saved | None = None) -> tuple[dict[int, Population], Evolved]:
        people = populations(options, settings, data, field, parts, layout)

        def check(members: Members, *told: Any) -> None:
            check_failed(members, title, options.stop_when_failed, data.first, *told)

        told.clear()
        ends = np.cumsum(people[count].run.intervals)[[part.until - 1 for part in parts]]
        noted = noting(decide, field, ends, changing, told)
        keep = keeping(assemble(settings, data.first.spec).learner)
        progress = functools.partial(progress_of, store, people, name)
        how = Evolution(parts, people.__getitem__, noted, keep, progress, check, title)
        return people, evolve(how, field.members, data.tuning)

    saved = saved_of(store, name(0, field.members)) if store else None
    layout = known_layout(settings, data, chosen, count, saved) or choose_layout(
        settings.model, settings.shape, count, chosen.way
    )
    people, found = with_less_memory(run, layout, saved, count, title)
    spent = sum({id(one): one.compile_seconds for one in people.values()}.values())
    return Raced(described(settings, data, field, people[count], found, spent, changing), told)


def noting(
    decide: Decide,
    field: Field,
    ends: np.ndarray,
    changing: Sequence[str],
    told: list[dict[str, Any]],
) -> Decide:
    """The same decisions, each with a row in `told` for every member that they were about.

    Args:
      ends: the step at which each part ends.
    """

    def noted(part: int, slots: np.ndarray, hparams: HParams, history: History) -> Decision:
        decision = decide(part, slots, hparams, history)
        metric = judging(history, "validation")
        place = {int(row): i for i, row in enumerate(decision.rows)}
        for i, slot in enumerate(slots):
            row = {
                "step": int(ends[part]),
                "member": int(slot),
                "trial": int(field.trials[slot]),
                "replicate": field.members.replicates[slot],
                metric: float(history[metric][i, -1]),
                "goes_on": str(i in place).lower(),
            }
            told.append(row | (after(decision, slots, place[i], changing) if i in place else {}))
        return decision

    return noted


def after(
    decision: Decision, slots: np.ndarray, place: int, changing: Sequence[str]
) -> dict[str, Any]:
    """From whom a member goes on, and with which numbers."""
    numbers = {name: number_at(decision.hparams, name, place) for name in changing}
    return {"from": int(slots[decision.parents[place]]), **numbers}


def number_at(hparams: HParams, name: str, member: int) -> float:
    """A number of a member, in the fewest digits that tell it apart in its own precision."""
    return float(shortest(np.asarray(getattr(hparams, name))[member]))


def described(
    settings: Settings,
    data: Stacked,
    field: Field,
    people: Population,
    found: Evolved,
    compile_seconds: float,
    changing: Sequence[str],
) -> Result:
    """A row a member. What one costs is its part of the intervals."""
    everyone, last = np.arange(len(field.trials)), found.reached - 1
    finals = {name: values[everyone, last][:, None] for name, values in found.history.items()}
    trained = Trained(found.kept, finals, {}, {}, compile_seconds, found.seconds)
    result = result_of(settings, data, people, found.history, found.kept.variables, {})
    columns = [
        point | {name: number_at(found.hparams, name, i) for name in changing}
        for i, point in enumerate(field.points)
    ]
    told = {
        **sizes_of(settings, data.first.spec, field.members.hparams, result.parameters),
        "seconds": found.seconds * found.reached / found.reached.sum(),
        "compile_seconds": np.full(len(everyone), compile_seconds),
        **final_metrics(trained),
    }
    rows = make_rows(result, field.members, columns, found.kept.failed_at, told)
    ends = [
        {
            "steps": int(result.steps[reached - 1]),
            "status": status_at(row["status"], reached < len(result.steps)),
        }
        for row, reached in zip(rows, found.reached, strict=True)
    ]
    return result._replace(rows=extended(rows, ends))


def status_at(status: str, early: bool) -> str:
    """The status of a run that ended, be it early, by its search."""
    return "stopped" if early and status == "ok" else status
