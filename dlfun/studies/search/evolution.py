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
from dlfun.phases import scope
from dlfun.records.outcome import Result, extended
from dlfun.studies.population.arm import result_of
from dlfun.studies.population.assembly import assemble, population
from dlfun.studies.population.failure_limit import FailureLimit
from dlfun.studies.population.layout_choice import (
    digest,
    keeping,
    known_layout,
    saved_of,
    with_less_memory,
)
from dlfun.studies.population.live_sizes import sizes_of
from dlfun.studies.population.rows import final_metrics, make_rows, shortest
from dlfun.studies.population.stacked import Stacked
from dlfun.studies.search.field import Field
from dlfun.training.checkpoints.files import Saved
from dlfun.training.checkpoints.progress import Progress
from dlfun.training.evolution import Decision, Evolution, Evolved, History, Part, evolve
from dlfun.training.layout.layout import choose_layout
from dlfun.training.layout.memory import bytes_needed, fit
from dlfun.training.population import Population, selected
from dlfun.training.train import Callbacks, Trained
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


class Race(NamedTuple):
    """A field that is trained in parts.

    Attributes:
      parts: one after the other.
      decide: who goes on after each.
      changing: the numbers that change on the way; rows have the last.
    """

    options: StudyOptions
    settings: Settings
    data: Stacked
    field: Field
    parts: Sequence[Part]
    decide: Decide
    changing: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What a user is told is trained."""
        return f"{self.data.first.name}: {self.settings.model}"

    def name(self, part: int, members: Members) -> str:
        """What checkpoints call a part with these members; nothing without them."""
        if self.options.checkpoints is None:
            return ""
        parts = repr((self.parts, self.options.input))
        return digest(self.settings, self.data, members, parts, part)

    def saved(self, part: int, members: Members) -> Saved | None:
        """What checkpoints have of a part."""
        store = self.options.checkpoints
        return None if store is None else saved_of(store, self.name(part, members))

    def populations(self, layout: Layout) -> dict[int, Population]:
        """Members -> their population, compiled: one for each size that the parts have."""
        data, options = self.data, self.options
        make = functools.partial(population, self.settings, data.first.spec, input=options.input)
        found = {}
        for size in sorted({part.members for part in self.parts}, reverse=True):
            members = selected(self.field.members, range(size))
            needed = functools.partial(bytes_needed, members=members, tuning=data.tuning, test=None)
            at, limit = shrunk(layout, size), options.memory_limit
            with scope(self.title):
                found[size] = fit(make, at, size, needed, limit, self.title)
        return found

    def run(
        self, told: list[dict[str, Any]], layout: Layout, saved: Saved | None = None
    ) -> tuple[dict[int, Population], Evolved]:
        """The field under a layout, from where it is saved; `told` takes what is decided."""
        people = self.populations(layout)
        told.clear()
        intervals = people[len(self.field.trials)].run.intervals
        ends = np.cumsum(intervals)[[part.until - 1 for part in self.parts]]
        keep = keeping(assemble(self.settings, self.data.first.spec).learner)
        options = self.options

        def callbacks(part: int, members: Members) -> Callbacks:
            limit = FailureLimit(self.title, members, options.stop_when_failed, self.data.first)
            at = people[len(members.replicates)].layout
            name, own = self.name(part, members), self.saved(part, members)
            return Callbacks(keep, limit.check, Progress(options.checkpoints, name, at, own))

        decide = noting(self.decide, self.field, ends, self.changing, told)
        how = Evolution(self.parts, people.__getitem__, decide, callbacks, self.title)
        return people, evolve(how, self.field.members, self.data.tuning)

    def described(self, people: Mapping[int, Population], found: Evolved) -> Result:
        """A row a member. What one costs is its part of the intervals."""
        everyone, last = np.arange(len(self.field.trials)), found.reached - 1
        spent = sum({id(one): one.compile_seconds for one in people.values()}.values())
        finals = {name: values[everyone, last][:, None] for name, values in found.history.items()}
        trained = Trained(found.kept, finals, {}, {}, spent, found.seconds)
        whole, variables = people[len(everyone)], found.kept.variables
        result = result_of(self.settings, self.data, whole, found.history, variables, {})
        columns = [
            point | {name: number_at(found.hparams, name, i) for name in self.changing}
            for i, point in enumerate(self.field.points)
        ]
        members, spec = self.field.members, self.data.first.spec
        told = {
            **sizes_of(self.settings, spec, members.hparams, result.parameters),
            "seconds": found.seconds * found.reached / found.reached.sum(),
            "compile_seconds": np.full(len(everyone), spent),
            **final_metrics(trained),
        }
        rows = make_rows(result, members, columns, found.kept.failed_at, told)
        ends = [
            {
                "steps": int(result.steps[reached - 1]),
                "status": status_at(row["status"], reached < len(result.steps)),
            }
            for row, reached in zip(rows, found.reached, strict=True)
        ]
        return result._replace(rows=extended(rows, ends))


def run_race(race: Race) -> Raced:
    """Trains a field in parts, and describes each member in a row.

    Raises:
      UserError: if several processes work together.
    """
    if jax.process_count() > 1:
        raise UserError(f"halving and pbt run in one process; choose {OPT.search}=random or tpe")
    settings, count = race.settings, len(race.field.trials)
    chosen, saved = race.options.models[settings.model], race.saved(0, race.field.members)
    layout = known_layout(settings, race.data, chosen, count, saved) or choose_layout(
        settings.model, settings.shape, count, chosen.way
    )
    told: list[dict[str, Any]] = []
    run = functools.partial(race.run, told)
    people, found = with_less_memory(run, layout, saved, count, race.title)
    return Raced(race.described(people, found), told)


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


def status_at(status: str, early: bool) -> str:
    """The status of a run that ended, be it early, by its search."""
    return "stopped" if early and status == "ok" else status
