"""Search spaces: their axes, the default of each model, and the methods. Needs no JAX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Dimension(NamedTuple):
    """One axis of a search space: lin or log from low to high, or a choice of values.

    What is drawn of a `whole` one is rounded.

    >>> str(Dimension("log", 1e-4, 0.1)), str(Dimension("choice", values=("gru", "lstm")))
    ('log:0.0001:0.1', 'choice:gru,lstm')
    """

    scale: str
    low: float = 0.0
    high: float = 0.0
    values: tuple[Any, ...] = ()
    whole: bool = False

    def __str__(self) -> str:
        if self.scale == "choice":
            shown = ("x".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in self.values)
            return f"choice:{','.join(shown)}"
        return f"{self.scale}:{self.low:g}:{self.high:g}"


class Search(NamedTuple):
    """What a sweep tries.

    Attributes:
      method: one of `METHODS`.
      grid: name -> values, to be crossed, in the order given; empty unless the method is grid.
      space: name -> Dimension; empty if the method is grid.
      trials: configurations to draw, if the method is not grid.
      rounds: how often pbt and tpe decide, the end included.
      eta: of so many configurations halving keeps one.
      brackets: of halving: how many times it is begun, each time with fewer configurations that
        are trained for longer before the first decision.
    """

    method: str
    grid: Mapping[str, tuple[Any, ...]] = {}
    space: Mapping[str, Dimension] = {}
    trials: int = 64
    rounds: int = 8
    eta: int = 3
    brackets: int = 1


METHODS = ("grid", "random", "sobol", "halving", "pbt", "tpe")
ON_THE_WAY = ("halving", "pbt", "tpe")
"""Of these the methods whose later choices follow from earlier scores."""

EXTRAS = {"tpe": ("optuna", "search")}
"""Method -> the package that it needs, and the extra that brings it."""

_RATE = Dimension("log", 1e-4, 1e-1)
_DROPOUT = Dimension("lin", 0.0, 0.5)

SPACES: Mapping[str, Mapping[str, Dimension]] = {
    "perceptron": {},  # from weights of 0 its mistakes are the same for every step size
    "softmax": {
        "learning_rate": Dimension("log", 1e-4, 1.0),
        "weight_decay": Dimension("log", 1e-6, 1e-1),
    },
    "bpnn": {"learning_rate": _RATE, "dropout_rate": _DROPOUT},
    "cnn": {"learning_rate": _RATE, "dropout_rate": _DROPOUT},
    "rnn": {"learning_rate": _RATE, "gradient_clip": Dimension("log", 1e-1, 10.0)},
    "vae": {"learning_rate": _RATE, "kl_weight": Dimension("log", 1e-2, 1.0)},
}
"""What a model is tuned over where the user declares nothing else."""

USUAL: Mapping[str, Dimension] = {"learning_rate": _RATE}
"""The same of a model that has no row here."""


def space_of(model: str) -> Mapping[str, Dimension]:
    """What a model is tuned over by default."""
    return SPACES.get(model, USUAL)
