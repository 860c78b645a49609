"""What a user sees while a population trains."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from dlfun.decoration import bar, stderr
from dlfun.training.hosts import is_first


def say(line: str) -> None:
    """A line on stderr, between the progress lines; of several processes the first says it."""
    if is_first():
        tqdm.write(line, file=stderr())


class Monitor:
    """A progress line for one population: interval, members, losses, metric, time left.

    The first process shows it, with the means over its own members.
    """

    def __init__(self, title: str, intervals: int, members: int, done: int = 0) -> None:
        self._bar = bar(
            f"{title}, {members} members",
            total=intervals,
            initial=done,
            disable=not is_first(),
            unit="interval",
            bar_format="{desc}: {n_fmt}/{total_fmt} intervals, {remaining} left{postfix}",
        )

    def update(self, history: Mapping[str, np.ndarray]) -> None:
        """The means over members of one interval's history [members]."""
        shown = ("train_loss", "validation_accuracy", "validation_rmse", "validation_loss")
        names = [name for name in shown if name in history][:2]
        with np.errstate(all="ignore"):
            means = {name: np.mean(history[name]) for name in names}
        self._bar.set_postfix_str(
            ", ".join(f"{name.replace('_', ' ')} {mean:.4g}" for name, mean in means.items()),
            refresh=False,
        )
        self._bar.update()

    def close(self) -> None:
        """Ends the line."""
        self._bar.close()
