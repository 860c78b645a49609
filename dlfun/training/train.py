"""Trains a population from its first step to its last, in chunks where its layout says so."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

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


def train(
    people: Population,
    members: Members,
    tuning: TuneData,
    test: Split | None,
    keep: Callable[[Any], Any],
    title: str,
    give_up: Callable[[float], bool] = lambda seconds: False,
    progress: Progress = Progress(),  # noqa: B008
    check: Callable[[int, int, dict[str, np.ndarray]], None] = lambda first, step, history: None,
) -> Trained | None:
    """Trains all members; scores the test split once, after the last step, if there is one.

    Args:
      keep: what to keep of a final carry.
      give_up: asked once, with the seconds that the whole run will take by its first interval;
        whether to stop, which returns None.
      progress: where the training goes on from, and what is kept of it meanwhile.
      check: told after each interval the first member of a chunk, the step, and metric ->
        [members] of the interval; may raise.
    """
    count = len(members.replicates)
    before = people.compile_seconds
    tuning = people.place_data(tuning)
    test = None if test is None else people.place_data(test)
    chunks = range(0, count, people.layout.chunk or count)
    done = [progress.load(first) for first in chunks]
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
            ask = give_up if first == 0 and stage is None else lambda seconds: False
            chunk = Chunk(people, members, first, rows, len(chunks), check)
            part = _train_chunk(chunk, tuning, test, keep, monitor, ask, progress, stage)
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
    check: Callable[[int, int, dict[str, np.ndarray]], None]
    until: int | None = None

    @property
    def intervals(self) -> tuple[int, ...]:
        """The steps of each interval that is trained."""
        return self.people.run.intervals[: self.until]


def _train_chunk(
    chunk: Chunk,
    tuning: Any,
    test: Any,
    keep: Callable[[Any], Any],
    monitor: Monitor,
    give_up: Callable[[float], bool],
    progress: Progress,
    stage: Stage | None,
) -> tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray], Predictions] | None:
    """What is kept, history, test scores and predictions of a chunk, padding included."""
    if stage is not None:
        stage = chunk.people.place_stage(stage, chunk.members)
    stage = train_stage(chunk, tuning, test, monitor, progress, stage, give_up)
    if stage is None:
        return None
    history, scores, said = hosts.gather((stage.stacked(), stage.scores, stage.said))
    return keep(hosts.whole(stage.carry)), history, scores, said


def train_stage(
    chunk: Chunk,
    tuning: Any,
    test: Any,
    monitor: Monitor,
    progress: Progress,
    stage: Stage | None,
    give_up: Callable[[float], bool] = lambda seconds: False,
) -> Stage | None:
    """Trains a chunk from a stage to the end of its intervals; None if that was given up.

    Args:
      tuning, test: placed by `place_data`; without a test split nothing is scored.
      stage: where it goes on from, its carry on its devices; None is the beginning.
    """
    people, members, first = chunk.people, chunk.members, chunk.first
    hparams, streams = people.place(members, first)
    stage = stage or Stage(people.init(hparams, streams))
    if stage.finished:
        return stage
    begun = time.perf_counter() - stage.seconds
    with people.open(members, first, tuning, test, stage.intervals) as session, progress.held():
        for steps in chunk.intervals[stage.intervals :]:
            spent = people.compile_seconds
            start = time.perf_counter()
            carry, history = session.advance(stage.carry, hparams, steps)
            stage = stage.after(carry, hosts.own_rows(history), time.perf_counter() - begun)
            monitor.update(stage.history[-1])
            seconds = time.perf_counter() - start - (people.compile_seconds - spent)
            whole = seconds * len(people.run.intervals) * chunk.chunks
            if stage.intervals == 1 and give_up(whole):
                return None
            progress.at_interval(first, stage, chunk.rows)
            own = {name: values[: chunk.rows] for name, values in stage.history[-1].items()}
            chunk.check(first, sum(people.run.intervals[: stage.intervals]), own)
        if test is not None:
            scores, said = session.score(stage.carry, hparams)
            stage = stage._replace(scores=scores, said=said)
        stage = stage._replace(finished=True)
        progress.at_end(first, stage, chunk.rows)
    return stage
