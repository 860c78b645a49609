"""Members of a record that are trained further: their carries, taken up where they ended.

A run that goes on is the longer run, some intervals of which are behind it already. So what a
record keeps becomes what checkpoints would have kept of that run, and is trained as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.config.options import ModelOptions
from dlfun.config.start_table import pretrained
from dlfun.errors import OPT, UserError
from dlfun.records.continued import Ended, read_end
from dlfun.records.environment import version
from dlfun.records.reader import arm_files
from dlfun.records.recorded import parameters_of
from dlfun.records.training_state import has_state, read_state
from dlfun.studies.population.assembly import assemble
from dlfun.training.checkpoints.files import Saved
from dlfun.training.checkpoints.progress import without_keys
from dlfun.training.monitor import say
from dlfun.types import Dataset, Learner, Members, Settings


def named_leaves(tree: Any) -> dict[str, Any]:
    """The leaves of a tree by their paths, in order."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


def flax_names(parameters: Any) -> list[str]:
    """The names of a record's parameters, in the order of their leaves."""
    leaves = jax.tree_util.tree_flatten_with_path(parameters)[0]
    return ["/".join(str(part.key) for part in path) for path, _ in leaves]


def parameter_leaves(learner: Learner, state: Any) -> dict[str, str]:
    """The leaves of a state that are parameters of the record as they are -> their names there.

    An average of weights is none of the weights that are learned.
    """
    shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), state)
    program = jax.make_jaxpr(learner.parameters)(shapes).jaxpr
    places = {variable: i for i, variable in enumerate(program.invars)}
    leaves = [f".state{name}" for name in named_leaves(state)]
    names = flax_names(jax.eval_shape(learner.parameters, shapes))
    outputs = zip(program.outvars, names, strict=True)
    return {leaves[places[one]]: name for one, name in outputs if one in places}


def further_state(learner: Learner, carry: Any) -> dict[str, Any]:
    """What a final carry [members, ...] holds beside the parameters: name -> array."""
    shared = parameter_leaves(learner, carry.state)
    leaves = named_leaves(carry)
    return {name: without_keys(leaf) for name, leaf in leaves.items() if name not in shared}


def size_of_member(arrays: Mapping[str, Any]) -> float:
    """The bytes of one member, of arrays [members, ...]."""
    return sum(leaf.nbytes / leaf.shape[0] for leaf in arrays.values())


class Beginnings(NamedTuple):
    """Where the members of a study begin that goes on from a record."""

    folder: Path
    ends: Mapping[tuple[str, str], Ended]

    @property
    def intervals(self) -> int:
        """How many are behind every arm."""
        return next(iter(self.ends.values())).intervals

    def saved(
        self, settings: Settings, dataset: Dataset, members: Members, chosen: ModelOptions
    ) -> Saved:
        """The end of an arm's members in the record, as checkpoints of the longer run hold it.

        Raises:
          UserError: if the record keeps no such state, or it does not fit these members.
        """
        model, layout = settings.model, chosen.layout
        arm = (dataset.name, pretrained(model) if chosen.pretrained else model)
        end, carry = self.ends[arm], self.carry(settings, dataset, members, arm)
        if layout is None:
            raise self.misfit("its layout is not known")
        count = len(members.replicates)
        size = layout.chunk or count
        arrays: dict[str, Any] = {}
        for first in range(0, count, size):
            rows = slice(first, first + size)
            own = {"carry": dict(enumerate(carry)), "history": dict(end.history)}
            cut = jax.tree.map(lambda leaf, rows=rows: leaf[rows], own)
            arrays[str(first)] = cut | {"carry": {str(i): v for i, v in cut["carry"].items()}}
        seconds = end.seconds / len(arrays)
        about = {"intervals": end.intervals, "seconds": seconds, "finished": False}
        return Saved(arrays, {"layout": list(layout), "chunks": dict.fromkeys(arrays, about)})

    def carry(
        self, settings: Settings, dataset: Dataset, members: Members, arm: tuple[str, str]
    ) -> list[np.ndarray]:
        """The leaves [members, ...] of the carries that an arm ended with, keys as numbers."""
        made = assemble(settings, dataset.spec)
        (file,) = arm_files([arm])
        kept, (parameters, _) = read_state(self.folder, file), parameters_of(self.folder, file)
        like = jax.eval_shape(jax.vmap(made.run.init), members.hparams, members.streams)
        shared = parameter_leaves(made.learner, like.state)
        streams = named_leaves(jax.tree.map(without_keys, members.streams))
        found = []
        for name, leaf in named_leaves(jax.eval_shape(numbers, like)).items():
            array = parameters.get(shared[name]) if name in shared else kept.get(name)
            if array is None or array.shape != leaf.shape or array.dtype != leaf.dtype:
                raise self.misfit(f"{name} is not there in its shape")
            own = streams.get(name.removeprefix(".streams"))
            if name.startswith(".streams") and not np.array_equal(array, np.asarray(own)):
                raise self.misfit("its random numbers are others")
            found.append(array)
        return found

    def misfit(self, why: str) -> UserError:
        """The error of a state that is not that of these members."""
        return UserError(
            f"{self.folder}: its training state does not fit this dlfun ({why}); continue it with "
            "the dlfun that wrote it, or train the longer run from its first step"
        )


def numbers(tree: Any) -> Any:
    """A tree whose keys are their numbers."""
    return jax.tree.map(without_keys, tree)


def begin_from(folder: str | Path, datasets: Sequence[Dataset]) -> Beginnings:
    """The beginnings of all arms that a record ended with; says where bits may differ.

    Raises:
      UserError: if it learned from other data, or keeps no training state.
    """
    folder = Path(folder)
    ended = read_end(folder)
    for dataset in datasets:
        if ended.checksums.get(dataset.name) != dataset.checksum:
            raise UserError(
                f"{OPT.continue_from}={folder}: {dataset.name} was changed since it was trained; "
                "put its data back, or train anew"
            )
    for (name, model), file in zip(ended.arms, arm_files(list(ended.arms)), strict=True):
        if not has_state(folder, file):
            raise UserError(
                f"{OPT.continue_from}={folder}: keeps no training state of {model} on {name}; "
                f"{OPT.keep}=all keeps it up to 64 MiB an arm, and {OPT.keep}=state of any size. "
                f"Train the longer run anew by its config.flags and {OPT.steps}"
            )
    for name, was in ended.versions.items():
        if was != version(name):
            say(
                f"{folder}: was trained with {name} {was}, and goes on with {version(name)}: not "
                "bit by bit the longer run"
            )
    return Beginnings(folder, ended.arms)
