"""The progress line of a population that trains."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from dlfun.decoration import bar, stderr
from dlfun.phases import LINE, phase
from dlfun.training.hosts import is_first
from dlfun.words import plural


def say(line: str) -> None:
    """A line on stderr, between the progress lines; of several processes the first says it."""
    if is_first():
        tqdm.write(line, file=stderr())


def mean_of(values: np.ndarray) -> str:
    """The mean of the values that are finite, as text.

    >>> mean_of(np.array([1.0, 2.0, np.nan])), mean_of(np.array([np.inf]))
    ('1.5', 'not finite')
    """
    finite = values[np.isfinite(values)]
    return f"{finite.mean():.4g}" if len(finite) else "not finite"


class Monitor:
    """A progress line for one population: interval, members, losses, metric, time left.

    The first process shows it, with the means over its own members. Where phases are shown they
    stand in its place until the first interval is over, and it can tell how long the others take.
    """

    def __init__(self, title: str, intervals: int, members: int, done: int = 0) -> None:
        self._title = f"{title}, {plural(members, 'member')}"
        self._intervals, self._done = intervals, done
        self._began = time.time()
        self._first = contextlib.ExitStack()
        self._bar: tqdm | None = None
        if not LINE.running or done == intervals:
            self._bar = self._open()
        else:
            self._first.enter_context(phase("training", intervals, done))

    def _open(self, **more: float) -> tqdm:
        """The line, from what was done before."""
        return bar(
            self._title,
            total=self._intervals,
            initial=self._done,
            disable=not is_first(),
            unit="interval",
            bar_format="{desc}: {n_fmt}/{total_fmt} intervals, {remaining} left{postfix}",
            **more,
        )

    def update(self, history: Mapping[str, np.ndarray]) -> None:
        """The means of one interval's history [members], over members that are finite."""
        if self._bar is None:
            self._first.close()
            self._bar = self._open(delay=1e-9)  # is not shown before it has something to say
            self._bar.start_t = self._bar.last_print_t = self._began
        shown = ("train_loss", "validation_accuracy", "validation_rmse", "validation_loss")
        names = [name for name in shown if name in history][:2]
        means = (f"{name.replace('_', ' ')} {mean_of(history[name])}" for name in names)
        self._bar.set_postfix_str(", ".join(means), refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Ends the line."""
        self._first.close()
        if self._bar is not None:
            self._bar.close()
