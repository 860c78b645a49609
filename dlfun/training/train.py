"""Trains a population from its first step to its last, in chunks where its layout says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.training import hosts
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
) -> Trained | None:
    """Trains all members; scores the test split once, after the last step, if there is one.

    Args:
      keep: what to keep of a final carry.
      give_up: asked once, with the seconds that the whole run will take by its first interval;
        whether to stop, which returns None.
    """
    count = len(members.replicates)
    before = people.compile_seconds
    tuning = people.place_data(tuning)
    test = None if test is None else people.place_data(test)
    chunks = range(0, count, people.layout.chunk or count)
    monitor = Monitor(title, len(people.run.intervals) * len(chunks), count)
    start = time.perf_counter()
    parts = []
    for first in chunks:
        rows = min(count - first, people.layout.chunk or count)
        ask = give_up if first == 0 else lambda seconds: False
        part = _train_chunk(people, members, first, tuning, test, keep, monitor, ask, len(chunks))
        if part is None:
            monitor.close()
            return None
        parts.append(jax.tree.map(lambda leaf, rows=rows: np.asarray(leaf)[:rows], part))
    monitor.close()
    kept, history, scores, said = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    elapsed = time.perf_counter() - start - (people.compile_seconds - before)
    return Trained(kept, history, scores, said, people.compile_seconds, elapsed)


def _train_chunk(
    people: Population,
    members: Members,
    first: int,
    tuning: Any,
    test: Any,
    keep: Callable[[Any], Any],
    monitor: Monitor,
    give_up: Callable[[float], bool],
    chunks: int,
) -> tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray], Predictions] | None:
    """What is kept, history, test scores and predictions of the members from `first` on.

    Padding is included.
    """
    hparams, streams = people.place(members, first)
    carry = people.init(hparams, streams)
    intervals = []
    with people.open(members, first, tuning, test) as session:
        for steps in people.run.intervals:
            spent = people.compile_seconds
            start = time.perf_counter()
            carry, history = session.advance(carry, hparams, steps)
            intervals.append(hosts.own_rows(history))
            monitor.update(intervals[-1])
            seconds = time.perf_counter() - start - (people.compile_seconds - spent)
            whole = seconds * len(people.run.intervals) * chunks
            if len(intervals) == 1 and give_up(whole):
                return None
        scores, said = ({}, {}) if test is None else session.score(carry, hparams)
    history = {name: np.stack([i[name] for i in intervals], axis=1) for name in intervals[0]}
    history, scores, said = hosts.gather((history, scores, said))
    return keep(hosts.whole(carry)), history, scores, said
