"""The progress line of a population that trains."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from dlfun.decoration import bar, stderr
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

    The first process shows it, with the means over its own members.
    """

    def __init__(self, title: str, intervals: int, members: int, done: int = 0) -> None:
        self._bar = bar(
            f"{title}, {plural(members, 'member')}",
            total=intervals,
            initial=done,
            disable=not is_first(),
            unit="interval",
            bar_format="{desc}: {n_fmt}/{total_fmt} intervals, {remaining} left{postfix}",
        )

    def update(self, history: Mapping[str, np.ndarray]) -> None:
        """The means of one interval's history [members], over members that are finite."""
        shown = ("train_loss", "validation_accuracy", "validation_rmse", "validation_loss")
        names = [name for name in shown if name in history][:2]
        means = (f"{name.replace('_', ' ')} {mean_of(history[name])}" for name in names)
        self._bar.set_postfix_str(", ".join(means), refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Ends the line."""
        self._bar.close()
