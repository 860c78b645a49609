"""The progress of a population's training, and what is kept of it on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jax.sharding import NamedSharding

from dlfun.training.checkpoints.files import Saved
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.types import Predictions


class Stage(NamedTuple):
    """A chunk of a population between two intervals.

    Attributes:
      carry: on its devices; or, as it was kept, the leaves of the carry on the host.
      history: for each interval so far, metric -> [members].
      seconds: of training so far.
      finished: the last interval is behind it, and the test split was scored if it ever will be.
      scores, said: what the test split gave, on the host.
    """

    carry: Any
    history: tuple[dict[str, np.ndarray], ...] = ()
    seconds: float = 0.0
    finished: bool = False
    scores: dict[str, np.ndarray] = {}
    said: Predictions = {}

    @property
    def intervals(self) -> int:
        """How many are behind it."""
        return len(self.history)

    def after(self, carry: Any, history: dict[str, np.ndarray], seconds: float) -> Stage:
        """The stage one interval later."""
        return self._replace(carry=carry, history=(*self.history, history), seconds=seconds)

    def stacked(self) -> dict[str, np.ndarray]:
        """Metric -> [members, intervals]."""
        return {n: np.stack([one[n] for one in self.history], axis=1) for n in self.history[0]}


class Progress:
    """Where a population goes on from, and when something is kept of it.

    Args:
      store: None keeps nothing.
      name: of the population in it.
      layout: under which it is trained, as a list.
      saved: what the store has of it.
    """

    def __init__(
        self,
        store: Checkpoints | None = None,
        name: str = "",
        layout: Sequence[Any] = (),
        saved: Saved | None = None,
    ) -> None:
        self._store, self._name = store, name
        self._arrays = dict(saved.arrays) if saved else {}
        self._layout = list(saved.about["layout"] if saved else layout)
        self._chunks: dict[str, Any] = saved.about["chunks"] if saved else {}

    def load(self, first: int) -> Stage | None:
        """What was kept of the chunk that begins at a member, its carry as leaves on the host."""
        if str(first) not in self._arrays:
            return None
        own, about = self._arrays[str(first)], self._chunks[str(first)]
        history = own.get("history", {})
        return Stage(
            [own["carry"][str(i)] for i in range(len(own["carry"]))],
            tuple({n: v[:, k] for n, v in history.items()} for k in range(about["intervals"])),
            about["seconds"],
            about["finished"],
            own.get("scores", {}),
            own.get("said", {}),
        )

    def held(self) -> contextlib.AbstractContextManager[None]:
        """While it is held, a wish to stop waits for the end of an interval."""
        return contextlib.nullcontext() if self._store is None else self._store.stop.hold()

    def at_interval(self, first: int, stage: Stage, rows: int) -> None:
        """Keeps a stage if it is time for it, and stops if the user wishes so."""
        if self._store is not None and self._store.due():
            self._note(first, stage, rows)
            self._store.save(wait=self._store.stop.asked())
            self._store.stop.obey()

    def at_end(self, first: int, stage: Stage, rows: int) -> None:
        """Notes what a chunk left, for the next checkpoint."""
        if self._store is not None:
            self._note(first, stage, rows)

    def _note(self, first: int, stage: Stage, rows: int) -> None:
        """A stage on the host, without padding. The carry is copied: the next interval eats it."""
        assert self._store is not None
        parts = {
            "carry": {str(i): leaf for i, leaf in enumerate(jax.tree.leaves(stage.carry))},
            "history": stage.stacked(),
            "scores": dict(stage.scores),
            "said": dict(stage.said),
        }
        self._arrays[str(first)] = jax.tree.map(
            lambda leaf: np.array(without_keys(leaf))[:rows],
            {name: part for name, part in parts.items() if part},
        )
        self._chunks[str(first)] = {
            "intervals": stage.intervals,
            "seconds": stage.seconds,
            "finished": stage.finished,
        }
        about = {"layout": self._layout, "chunks": dict(self._chunks)}
        self._store.note(self._name, self._arrays, about)


def is_key(leaf: Any) -> bool:
    """Whether an array, or its shape, is of random keys."""
    return jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def without_keys(leaf: Any) -> Any:
    """Keys as their numbers; other arrays as they are."""
    return jax.random.key_data(leaf) if is_key(leaf) else leaf


def restored(stage: Stage, like: Any, sharding: NamedSharding) -> Stage:
    """A stage as it was kept, padded as its members are, its carry on its devices.

    `like` has the structure, shapes and types of the carry.
    """
    shapes, structure = jax.tree.flatten(like)
    rows = shapes[0].shape[0]

    def padded(leaf: np.ndarray) -> np.ndarray:
        return leaf[np.minimum(np.arange(rows), len(leaf) - 1)]

    def placed(leaf: np.ndarray, shape: Any) -> jax.Array:
        if is_key(shape):
            return jax.device_put(jax.random.wrap_key_data(jnp.asarray(padded(leaf))), sharding)
        return jax.device_put(padded(leaf).astype(shape.dtype), sharding)

    leaves = [placed(leaf, shape) for leaf, shape in zip(stage.carry, shapes, strict=True)]
    history, scores, said = jax.tree.map(padded, (stage.history, stage.scores, stage.said))
    carry = jax.tree.unflatten(structure, leaves)
    return stage._replace(carry=carry, history=history, scores=scores, said=said)
