"""The training of a population from its first step to its last, in chunks if need be."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.phases import phase
from dlfun.training import hosts
from dlfun.training.checkpoints.progress import Progress, Stage
from dlfun.training.monitor import Monitor
from dlfun.training.population import Population
from dlfun.types import Members, Predictions, Split, TuneData


class Trained(NamedTuple):
    """What a population leaves, on the host.

    Attributes:
      kept: what was asked to be kept of the final carries [members, ...].
      history: metric -> [members, intervals].
      test: metric -> [members]; empty where the test split stayed closed.
      predictions: name -> [members, examples], what is said of each test example.
      compile_seconds: tracing, lowering and compiling of the population's programs, which was
        before the training where memory was predicted from them.
      run_seconds: of the training without it.
    """

    kept: Any
    history: dict[str, np.ndarray]
    test: dict[str, np.ndarray]
    predictions: Predictions
    compile_seconds: float
    run_seconds: float


def never(seconds: float) -> bool:
    """No run is given up, however long it takes."""
    return False


def untouched(carry: Any) -> Any:
    """A carry as it was drawn."""
    return carry


def anything(first: int, step: int, history: dict[str, np.ndarray]) -> None:
    """All is well, whatever the history."""


class Callbacks(NamedTuple):
    """What a training calls on its way.

    Attributes:
      keep: what to keep of a final carry.
      check: told after each interval the first member of a chunk, the step, and metric ->
        [members] of the interval; may raise.
      progress: where the training goes on from, and what is kept of it meanwhile.
      begin: what makes of a fresh carry the one that training begins with.
      give_up: asked once, with the seconds that the whole run will take by its first interval;
        whether to stop.
    """

    keep: Callable[[Any], Any]
    check: Callable[[int, int, dict[str, np.ndarray]], None] = anything
    progress: Progress = Progress()
    give_up: Callable[[float], bool] = never
    begin: Callable[[Any], Any] = untouched


def train(
    people: Population,
    members: Members,
    tuning: TuneData,
    test: Split | None,
    title: str,
    callbacks: Callbacks,
) -> Trained | None:
    """Trains all members; scores the test split once, after the last step, if there is one.

    None if that was given up.
    """
    count = len(members.replicates)
    before = people.compile_seconds
    tuning = people.place_data(tuning)
    test = None if test is None else people.place_data(test)
    chunks = range(0, count, people.layout.chunk or count)
    done = [callbacks.progress.load(first) for first in chunks]
    monitor = Monitor(
        title,
        len(people.run.intervals) * len(chunks),
        count,
        sum(stage.intervals for stage in done if stage is not None),
    )
    start = time.perf_counter()
    parts = []
    with contextlib.closing(monitor):  # its line ends, however the training does
        for first, stage in zip(chunks, done, strict=True):
            rows = min(count - first, people.layout.chunk or count)
            chunk = Chunk(people, members, first, rows, len(chunks), monitor, callbacks)
            part = train_chunk(chunk, tuning, test, stage)
            if part is None:
                return None
            parts.append(jax.tree.map(lambda leaf, rows=rows: np.asarray(leaf)[:rows], part))
    kept, history, scores, said = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    elapsed = time.perf_counter() - start - (people.compile_seconds - before)
    elapsed += sum(stage.seconds for stage in done if stage is not None)
    return Trained(kept, history, scores, said, people.compile_seconds, elapsed)


class Chunk(NamedTuple):
    """Members of a population that are in memory together: `rows` of them, from `first` on.

    Attributes:
      chunks: how many the population has.
      until: of its intervals, those that are trained; None is all.
    """

    people: Population
    members: Members
    first: int
    rows: int
    chunks: int
    monitor: Monitor
    callbacks: Callbacks
    until: int | None = None

    @property
    def intervals(self) -> tuple[int, ...]:
        """The steps of each interval that is trained."""
        return self.people.run.intervals[: self.until]

    def gives_up(self, seconds: float) -> bool:
        """Whether the run ends after its first interval, which took so many seconds."""
        whole = seconds * len(self.people.run.intervals) * self.chunks
        return self.first == 0 and self.callbacks.give_up(whole)

    def report(self, stage: Stage) -> None:
        """Tells who listens what the last interval of a stage came to."""
        self.callbacks.progress.at_interval(self.first, stage, self.rows)
        own = {name: values[: self.rows] for name, values in stage.history[-1].items()}
        step = sum(self.people.run.intervals[: stage.intervals])
        self.callbacks.check(self.first, step, own)


def train_chunk(
    chunk: Chunk, tuning: Any, test: Any, stage: Stage | None
) -> tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray], Predictions] | None:
    """What is kept, history, test scores and predictions of a chunk, padding included."""
    if stage is not None:
        stage = chunk.people.place_stage(stage, chunk.members)
    stage = train_stage(chunk, tuning, test, stage)
    if stage is None:
        return None
    history, scores, said = hosts.gather((stage.stacked(), stage.scores, stage.said))
    return chunk.callbacks.keep(hosts.whole(stage.carry)), history, scores, said


def train_stage(chunk: Chunk, tuning: Any, test: Any, stage: Stage | None) -> Stage | None:
    """Trains a chunk from a stage to the end of its intervals; None if that was given up.

    Args:
      tuning, test: placed by `place_data`; without a test split nothing is scored.
      stage: where it goes on from, its carry on its devices; None is the beginning.
    """
    people, members, first = chunk.people, chunk.members, chunk.first
    progress, fresh = chunk.callbacks.progress, stage is None
    hparams, streams = people.place(members, first)
    stage = stage or Stage(chunk.callbacks.begin(people.init(hparams, streams)))
    if stage.finished:
        return stage
    begun = time.perf_counter() - stage.seconds
    with people.open(members, first, tuning, test, stage.intervals) as session, progress.held():
        for steps in chunk.intervals[stage.intervals :]:
            spent = people.compile_seconds
            start = time.perf_counter()
            carry, history = session.advance(stage.carry, hparams, steps)
            stage = stage.after(carry, hosts.own_rows(history), time.perf_counter() - begun)
            chunk.monitor.update(stage.history[-1])
            seconds = time.perf_counter() - start - (people.compile_seconds - spent)
            if fresh and stage.intervals == 1 and chunk.gives_up(seconds):
                return None
            chunk.report(stage)
        if test is not None:
            with phase("scoring the test split"):
                scores, said = session.score(stage.carry, hparams)
            stage = stage._replace(scores=scores, said=said)
        stage = stage._replace(finished=True)
        progress.at_end(first, stage, chunk.rows)
    return stage
