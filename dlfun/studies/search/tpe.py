"""Model-based search: Optuna's tree-structured Parzen estimator, in batches of configurations.

Bergstra et al. 2011, as Optuna has it; a batch is a population, and while it is chosen its earlier
configurations count as bad (Optuna's constant liar), so that they differ. The first batch is drawn
at random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax

from dlfun.config.search_space import Dimension
from dlfun.studies.search.samplers import drawn


def batches(trials: int, rounds: int) -> list[int]:
    """How many configurations each round tries: as equal as can be, since a size is a program.

    >>> batches(16, 4), batches(10, 4)
    ([4, 4, 4, 4], [3, 3, 3, 1])
    """
    each = -(-trials // rounds)
    return [min(each, trials - start) for start in range(0, trials, each)]


class Proposals:
    """What a space's search proposes, a batch after the other: a function of its key and scores.

    Args:
      key: of this search alone.
    """

    def __init__(self, space: Mapping[str, Dimension], key: jax.Array) -> None:
        import optuna  # takes half a second, which only this search should pay

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space = space
        self._key = key
        self._kinds = {name: distribution(dimension) for name, dimension in space.items()}
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=1,
            seed=int(jax.random.bits(key)),
            multivariate=True,
            constant_liar=True,
        )
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._asked: list[Any] = []

    def ask(self, count: int) -> list[dict[str, Any]]:
        """The next batch of so many points."""
        if not self._study.trials:
            for point in drawn("random", self.space, count, jax.random.fold_in(self._key, 0)):
                params = {name: self._given(name, value) for name, value in point.items()}
                self._study.enqueue_trial(params)
        self._asked = [self._study.ask(self._kinds) for _ in range(count)]
        return [self._point(trial.params) for trial in self._asked]

    def tell(self, scores: Sequence[float]) -> None:
        """How the points of the last batch did: higher is better, and -inf is that of a failure.

        Optuna forgets trials that are told as failed, and would propose their like again.
        """
        for trial, score in zip(self._asked, scores, strict=True):
            self._study.tell(trial, float(score))

    def _given(self, name: str, value: Any) -> Any:
        values = self.space[name].values
        return values.index(value) if values else value

    def _point(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The values in the order of the space; a choice is its place among the values."""
        return {
            name: dimension.values[params[name]] if dimension.values else params[name]
            for name, dimension in self.space.items()
        }


def distribution(dimension: Dimension) -> Any:
    """A dimension as Optuna has it."""
    from optuna import distributions

    if dimension.scale == "choice":
        return distributions.CategoricalDistribution(range(len(dimension.values)))
    log = dimension.scale == "log"
    if dimension.whole:
        return distributions.IntDistribution(int(dimension.low), int(dimension.high), log=log)
    return distributions.FloatDistribution(dimension.low, dimension.high, log=log)
