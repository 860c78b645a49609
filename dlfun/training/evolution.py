"""A population that changes between intervals: members end, or go on from the state of another.

A run is trained in parts. After each but the last a decision says which members go on, from whose
state and with which numbers. Their carries are gathered on the devices into a population of that
size, whose programs were compiled before the first step. A decision follows from what is known so
far alone, so an evolution that was stopped comes to the same decisions again, and to the same bits.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.phases import scope
from dlfun.training.checkpoints.progress import Stage, without_keys
from dlfun.training.layout.layout import member_rows
from dlfun.training.monitor import Monitor
from dlfun.training.population import Population, selected
from dlfun.training.train import Callbacks, Chunk, train_stage
from dlfun.types import HParams, Members, TuneData

History = dict[str, np.ndarray]
"""Metric -> [members, intervals]."""


class Part(NamedTuple):
    """A part of a run: how many members are trained in it, and up to which interval."""

    members: int
    until: int


class Decision(NamedTuple):
    """Who goes on after a part.

    Attributes:
      rows: [n], which members do, in the order they have from then on.
      parents: [n], from whose state each of them goes on; mostly its own, and always that of one
        with the same keys, as these are part of it.
      hparams: the numbers that each has from then on [n].
    """

    rows: np.ndarray
    parents: np.ndarray
    hparams: HParams


class Evolution(NamedTuple):
    """How a population is trained in parts.

    Attributes:
      parts: one after the other; the last ends with the run.
      people: members -> a population of so many, of one and the same run.
      decide: (part, the members in it [n], their numbers [n], their history) -> who goes on.
      callbacks: (part, its members) -> what its training calls on its way.
      title: of the progress line.
    """

    parts: Sequence[Part]
    people: Callable[[int], Population]
    decide: Callable[[int, np.ndarray, HParams, History], Decision]
    callbacks: Callable[[int, Members], Callbacks]
    title: str


class Evolved(NamedTuple):
    """What all members that there were at first left, on the host.

    Attributes:
      kept: what was asked to be kept of each one's last carry [members, ...].
      history: of the states that each one's last state came from; NaN where it had ended.
      reached: [members], how many intervals each was trained for.
      hparams: the last numbers of each.
      seconds: of training.
    """

    kept: Any
    history: History
    reached: np.ndarray
    hparams: HParams
    seconds: float


def evolve(how: Evolution, members: Members, tuning: TuneData) -> Evolved:
    """Trains all parts. The test split is out of reach."""
    slots = np.arange(len(members.replicates))
    found: Evolved | None = None
    begin: Stage | None = None
    for number, part in enumerate(how.parts):
        people = how.people(part.members)
        tuning = people.place_data(tuning)
        with scope(how.title):
            stage, kept = train_part(how, number, members, tuning, begin)
        found = written(found, slots, stage, kept, members.hparams, len(people.run.intervals))
        if number == len(how.parts) - 1:
            break
        decision = how.decide(number, slots, members.hparams, stage.stacked())
        slots = slots[decision.rows]
        members = selected(members, decision.rows.tolist())._replace(hparams=decision.hparams)
        begin = gathered(stage, decision.parents, people, how.people(len(decision.rows)))
    assert found is not None
    return found


def train_part(
    how: Evolution, number: int, members: Members, tuning: Any, begin: Stage | None
) -> tuple[Stage, Any]:
    """The stage after a part, its history [members], and what is kept of its carry.

    The carry stays on the devices, padded, where all members are in memory together; else it is
    its leaves on the host.
    """
    part, count = how.parts[number], len(members.replicates)
    people, callbacks = how.people(part.members), how.callbacks(number, members)
    chunks = range(0, count, people.layout.chunk or count)
    before = how.parts[number - 1].until if number else 0
    saved = [callbacks.progress.load(first) for first in chunks]
    monitor = Monitor(
        f"{how.title}, part {number + 1} of {len(how.parts)}",
        (part.until - before) * len(chunks),
        count,
        sum(stage.intervals - before for stage in saved if stage is not None),
    )
    stages, kept = [], []
    with contextlib.closing(monitor):
        for first, stage in zip(chunks, saved, strict=True):
            rows = min(count - first, people.layout.chunk or count)
            if stage is not None:
                stage = people.place_stage(stage, members)
            elif begin is not None:
                stage = begun(people, members, begin, first, rows)
            chunk = Chunk(people, members, first, rows, len(chunks), monitor, callbacks, part.until)
            stage = train_stage(chunk, tuning, None, stage)
            assert stage is not None
            kept.append(on_host(callbacks.keep(stage.carry), rows))
            history = tuple({n: v[:rows] for n, v in one.items()} for one in stage.history)
            stage = stage._replace(history=history)
            if len(chunks) > 1:
                stage = stage._replace(carry=on_host(jax.tree.leaves(stage.carry), rows))
            stages.append(stage)
    return joined(stages), jax.tree.map(lambda *parts: np.concatenate(parts), *kept)


def on_host(tree: Any, rows: int) -> Any:
    """Arrays of so many members, without padding."""
    return jax.tree.map(lambda leaf: np.array(without_keys(leaf))[:rows], tree)


def joined(stages: Sequence[Stage]) -> Stage:
    """The stages of all chunks as one."""
    first, *others = stages
    if not others:
        return first
    carry, history = jax.tree.map(
        lambda *parts: np.concatenate(parts), *((one.carry, one.history) for one in stages)
    )
    return Stage(carry, history, sum(one.seconds for one in stages))


def gathered(stage: Stage, parents: np.ndarray, old: Population, new: Population) -> Stage:
    """The states of some members as those of another population, and their history.

    They go from devices to devices where both have all members in memory together.
    """
    history = tuple({n: values[parents] for n, values in one.items()} for one in stage.history)
    carry = stage.carry
    if not isinstance(carry, list):
        if not new.layout.chunk:
            rows = member_rows(len(parents), new.layout)
            return Stage(old.take(carry, parents[rows], new), history)
        carry = on_host(jax.tree.leaves(carry), len(stage.history[0]["train_loss"]))
    return Stage([leaf[parents] for leaf in carry], history)


def begun(people: Population, members: Members, begin: Stage, first: int, rows: int) -> Stage:
    """The stage in which a chunk begins."""
    if isinstance(begin.carry, list):
        own = [leaf[first : first + rows] for leaf in begin.carry]
        history = tuple(
            {n: v[first : first + rows] for n, v in one.items()} for one in begin.history
        )
        return people.place_stage(Stage(own, history), members)
    all_rows = member_rows(len(members.replicates), people.layout)
    history = tuple({n: v[all_rows] for n, v in one.items()} for one in begin.history)
    return begin._replace(history=history)


def written(
    found: Evolved | None,
    slots: np.ndarray,
    stage: Stage,
    kept: Any,
    hparams: HParams,
    intervals: int,
) -> Evolved:
    """What is known of all members, once those in `slots` were trained for a part."""
    history, numbers = stage.stacked(), jax.tree.map(np.asarray, hparams)
    if found is None:
        nothing = {n: np.full((len(slots), intervals), np.nan, v.dtype) for n, v in history.items()}
        found = Evolved(kept, nothing, np.zeros(len(slots), int), numbers, 0.0)

    def put_in(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        every = np.array(old)
        every[slots] = new
        return every

    for name, values in history.items():
        found.history[name][slots, : stage.intervals] = values
    return Evolved(
        jax.tree.map(put_in, found.kept, kept),
        found.history,
        put_in(found.reached, np.full(len(slots), stage.intervals)),
        jax.tree.map(put_in, found.hparams, numbers),
        found.seconds + stage.seconds,
    )
