"""An arm of a comparison: the runs of one algorithm, which of them failed, which are copies."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError
from dlfun.stats.spread import finite
from dlfun.words import plural


class Arm(NamedTuple):
    """The runs of one algorithm.

    Attributes:
      scores: [n], NaN where a run failed.
      at_chance: [n] whether a run is no better than guessing; None where that is unknown.
      copies: [n], equal for runs that are one result: that answered every test example alike, or
        that are the same method, data and seed. None where each run is a result of its own.
      examples: [n, test examples], what each run scored on each example, of the scores' mean and
        direction; None where that was not kept.
    """

    name: str
    scores: ArrayLike
    at_chance: ArrayLike | None = None
    copies: ArrayLike | None = None
    examples: ArrayLike | None = None


def check_arm(arm: Arm) -> None:
    """Raises UserError if what is known of an arm's runs is not of as many runs, or at odds."""
    scores = np.asarray(arm.scores, float).ravel()
    for what, values in (("at_chance", arm.at_chance), ("copies", arm.copies)):
        if values is not None and np.shape(values) != scores.shape:
            raise UserError(
                f"{arm.name}: {what} has shape {np.shape(values)}, and there are "
                f"{plural(len(scores), 'run')}"
            )
    shape = np.shape(arm.examples) if arm.examples is not None else (len(scores), 1)
    if len(shape) != 2 or shape[0] != len(scores) or not shape[1]:
        raise UserError(
            f"{arm.name}: examples has shape {shape}, not [{len(scores)} runs, test examples]"
        )
    if arm.copies is None:
        return
    first, own = np.unique(arm.copies, return_index=True, return_inverse=True)[1:]
    if not np.array_equal(scores, scores[first][own], equal_nan=True):
        raise UserError(
            f"{arm.name}: runs that are copies of one result have different scores; give them "
            "different ids in copies"
        )


class Side(NamedTuple):
    """An arm as it enters a comparison, turned so that more is better.

    `scores` [n] and `examples` [n, m] are NaN where a run failed; `copies` [n] are equal for runs
    that are one result.
    """

    name: str
    scores: np.ndarray
    failed: np.ndarray
    at_chance: np.ndarray | None
    copies: np.ndarray
    told: bool
    examples: np.ndarray | None

    @property
    def n(self) -> int:
        """The number of runs, failed ones and copies among them."""
        return len(self.scores)

    @property
    def n_distinct(self) -> int:
        """The number of results: copies count once."""
        return len(np.unique(self.copies))

    @property
    def constant(self) -> bool:
        """Whether all runs are known to be copies of one result: there is no chance in them."""
        return self.told and self.n_distinct == 1

    @property
    def n_failed(self) -> int:
        """The number of failed runs."""
        return int(self.failed.sum())

    @property
    def n_at_chance(self) -> int | None:
        """The number of runs at chance; None where it is unknown."""
        return None if self.at_chance is None else int(self.at_chance.sum())

    @property
    def weak(self) -> np.ndarray:
        """[n], which runs failed, or stayed at chance where others of the arm did not."""
        if self.at_chance is None or (self.failed | self.at_chance).all():
            return self.failed
        return self.failed | self.at_chance

    @property
    def mixed(self) -> bool:
        """Whether some runs, but not all, failed or stayed at chance."""
        return bool(self.weak.any() and not self.weak.all())

    @property
    def mean(self) -> float:
        """The mean score of the results that did not fail; -inf where there is none."""
        first = np.unique(self.copies, return_index=True)[1]
        kept = finite(self.scores[np.sort(first)])
        return float(kept.mean()) if len(kept) else -np.inf

    @property
    def ranked(self) -> np.ndarray:
        """Scores [n] with failed runs at -inf, the worst rank."""
        return np.where(self.failed, -np.inf, self.scores)

    def at(self, runs: np.ndarray) -> "Side":
        """The same with these runs alone."""
        return self._replace(
            scores=self.scores[runs],
            failed=self.failed[runs],
            at_chance=None if self.at_chance is None else self.at_chance[runs],
            copies=self.copies[runs],
            examples=None if self.examples is None else self.examples[runs],
        )


def make_side(arm: Arm, sign: int) -> Side:
    """An arm whose scores are multiplied by sign, -1 where lower ones are better.

    A run that failed is not also at chance.
    """
    measured = np.asarray(arm.scores, float).ravel()
    failed = ~np.isfinite(measured)
    scores = np.where(failed, np.nan, sign * np.where(failed, 0.0, measured))
    at_chance = None if arm.at_chance is None else np.asarray(arm.at_chance, bool) & ~failed
    told = arm.copies is not None
    copies = np.asarray(arm.copies) if told else np.arange(len(scores))
    examples = None if arm.examples is None else sign * np.asarray(arm.examples, float)
    return Side(arm.name, scores, failed, at_chance, copies, told, examples)


def distinct(a: Side, b: Side, paired: bool) -> tuple[Side, Side, bool]:
    """Two arms with one run for each result, and whether their runs are pairs.

    Copies are no replicates: the one result of an arm whose runs are all copies stands against
    each result of the other arm. Of pairs, those that share a result of either arm are one, with
    the mean of its scores.
    """
    if a.constant or b.constant:
        a, b = a.at(_first(a.copies)), b.at(_first(b.copies))
        n = max(a.n, b.n)
        return a.at(np.arange(n) % a.n), b.at(np.arange(n) % b.n), True
    if not paired:
        return a.at(_first(a.copies)), b.at(_first(b.copies)), False
    groups = _joined(a.copies, b.copies)
    if len(np.unique(groups)) == a.n:
        return a, b, True
    return _merged(a, groups), _merged(b, groups), True


def _first(ids: np.ndarray) -> np.ndarray:
    """Where each of the ids stands first, in order."""
    return np.sort(np.unique(ids, return_index=True)[1])


def _joined(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Groups [n] of pairs that hang together by an id of the one side or the other."""
    groups, before = np.arange(len(a)), None
    while before is None or (groups != before).any():
        before = groups
        for ids in (a, b):
            own = np.unique(ids, return_inverse=True)[1]
            least = np.full(own.max() + 1, len(a))
            np.minimum.at(least, own, groups)
            groups = least[own]
    return groups


def _merged(side: Side, groups: np.ndarray) -> Side:
    """A side with one run for each group: the mean of its results, failed if one of them is."""
    merged = side.at(_first(groups))
    scores, examples = [], []
    for group in groups[_first(groups)]:
        runs = np.flatnonzero(groups == group)
        runs = runs[_first(side.copies[runs])]
        scores.append(side.scores[runs].mean())
        if side.examples is not None:
            examples.append(side.examples[runs].mean(0))
    found = np.array(scores)
    return merged._replace(
        scores=found, failed=np.isnan(found), examples=np.array(examples) if examples else None
    )
