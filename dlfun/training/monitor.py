"""The progress line of a population that trains."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from dlfun.decoration import bar, stderr
from dlfun.phases import phase
from dlfun.training.hosts import is_first
from dlfun.words import plural

NEVER = 1e9
"""Seconds; a line of progress that waits so long is not shown before it has something to say."""


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

    The first process shows it, with the means over its own members. Until the first interval ends
    there is nothing to go by, and a phase is shown.
    """

    def __init__(self, title: str, intervals: int, members: int, done: int = 0) -> None:
        self._title, self._total, self._done = title, intervals, done
        self._members = plural(members, "member")
        self._began = time.time()
        self._bar: tqdm | None = None
        self._waiting = contextlib.ExitStack()
        self._waiting.enter_context(phase(f"{title}, {self._members}: training {done}/{intervals}"))

    def _counting(self) -> tqdm:
        """The line that counts intervals, which takes the place of the phase."""
        if self._bar is None:
            self._waiting.close()
            self._bar = bar(
                f"{self._title}, {self._members}: training",
                total=self._total,
                initial=self._done,
                disable=not is_first(),
                delay=NEVER,
                bar_format="{desc} {n_fmt}/{total_fmt}, {remaining} left{postfix}",
            )
            if not self._bar.disable:
                self._bar.start_t, self._bar.delay = self._began, 0
        return self._bar

    def update(self, history: Mapping[str, np.ndarray]) -> None:
        """The means of one interval's history [members], over members that are finite."""
        shown = ("train_loss", "validation_accuracy", "validation_rmse", "validation_loss")
        names = [name for name in shown if name in history][:2]
        means = (f"{name.replace('_', ' ')} {mean_of(history[name])}" for name in names)
        self._counting().set_postfix_str(", ".join(means), refresh=False)
        self._counting().update()

    def close(self) -> None:
        """Ends the line."""
        self._waiting.close()
        if self._bar is not None:
            self._bar.close()
