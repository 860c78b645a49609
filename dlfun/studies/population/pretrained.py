"""Members that begin from the parameters of a record: what they take, and what stays fresh."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import numpy as np
from jax.sharding import NamedSharding

from dlfun import keys
from dlfun.config.options import StudyOptions
from dlfun.config.start_table import Source, pretrained
from dlfun.errors import OPT, UserError
from dlfun.layers import live
from dlfun.records.continued import source_of
from dlfun.records.pretrained import Parameters, read_parameters, resolved
from dlfun.studies.population.assembly import assemble
from dlfun.training.monitor import say
from dlfun.training.population import put
from dlfun.types import Dataset, HParams, Settings
from dlfun.words import plural

OF_DATA = ("carried", live.COLLECTION)
"""Collections of variables that are no parameters: where a text was left off, what is live."""

SHOWN = 4
"""So many arrays that stay fresh are named."""


class Taken(NamedTuple):
    """The arrays of a model that come from a record, by name, and in words those that do not."""

    names: tuple[str, ...]
    fresh: tuple[str, ...]

    @property
    def words(self) -> str:
        """How many were taken, and which were not."""
        count = len(self.names) + len(self.fresh)
        more = len(self.fresh) - SHOWN
        rest = [*self.fresh[:SHOWN], *([f"{more} more"] if more > 0 else [])]
        said = f"; fresh: {', '.join(rest)}" if rest else ""
        return f"took {len(self.names)} of {plural(count, 'array')}{said}"


class Origin(NamedTuple):
    """Where the members of an arm begin that take the parameters of a record."""

    source: Source
    parameters: Parameters

    @property
    def name(self) -> str:
        """A name that tells it from others, for checkpoints."""
        return f"{self.source.checksum} {self.parameters.arm} {self.parameters.member}"

    def begin(self, carry: Any) -> Any:
        """A fresh carry [members, ...] with the record's parameters, its optimiser still fresh."""
        state = carry.state
        shapes = {name: leaf.shape[1:] for name, leaf in variables_of(state).items()}
        names = set(taken(shapes, self.parameters.arrays).names)

        def chosen(path: tuple[Any, ...], leaf: jax.Array) -> Any:
            name = flax_name(path)
            if name not in names:
                return leaf
            array = np.asarray(self.parameters.arrays[name], leaf.dtype)
            return put(np.broadcast_to(array, leaf.shape), cast(NamedSharding, leaf.sharding))

        new = jax.tree_util.tree_map_with_path(chosen, collections_of(state))
        own = {"params": new.pop("params")}
        if new:
            own["model_state"] = {**state.model_state, **new}
        return carry._replace(state=state._replace(**own))


def collections_of(state: Any) -> dict[str, Any]:
    """The variables of a learner's state: collection -> tree."""
    model_state = getattr(state, "model_state", {})
    more = {name: tree for name, tree in model_state.items() if name not in OF_DATA}
    return {"params": state.params, **more}


def flax_name(path: tuple[Any, ...]) -> str:
    """The name of a leaf as parameters/ has it."""
    return "/".join(str(part.key) for part in path)


def variables_of(state: Any) -> dict[str, Any]:
    """The variables of a learner's state by Flax's names."""
    leaves = jax.tree_util.tree_flatten_with_path(collections_of(state))[0]
    return {flax_name(path): leaf for path, leaf in leaves}


def taken(shapes: Mapping[str, tuple[int, ...]], arrays: Mapping[str, np.ndarray]) -> Taken:
    """What a model of these arrays takes of others: those of the same name and shape.

    >>> shapes = {"params/a": (2, 3), "params/b": (3,), "params/c": ()}
    >>> taken(shapes, {"params/a": np.ones((2, 3)), "params/b": np.ones(4)}).words
    'took 1 of 3 arrays; fresh: b (3 against 4), c (not there)'
    """
    names, fresh = [], []
    for name, shape in shapes.items():
        if name in arrays and arrays[name].shape == shape:
            names.append(name)
            continue
        other = arrays.get(name)
        why = "not there" if other is None else f"{size(shape)} against {size(other.shape)}"
        fresh.append(f"{name.removeprefix('params/')} ({why})")
    return Taken(tuple(names), tuple(fresh))


def size(shape: tuple[int, ...]) -> str:
    """The shape of an array in words."""
    return "x".join(map(str, shape)) or "one number"


def origin_of(options: StudyOptions, model: str, dataset: Dataset) -> Origin:
    """Where the members of a model begin on a data set.

    Raises:
      UserError: if the record is gone or was changed, or holds none of the model.
    """
    source = resolved(options.initialize_from)
    found = read_parameters(source, model, dataset.name)
    if found is None:
        raise UserError(f"{OPT.initialize_from}={source.folder}: holds no {model}; name another")
    return Origin(source, found)


def arms_of_models(options: StudyOptions) -> list[str]:
    """The names of a study's arms of networks: where it compares, fresh ones stay beside."""
    beside = options.request is None or options.request.kind.judges
    found: list[str] = []
    for model in options.models:
        own = model in options.pretrained
        found += [model] if beside or not own else []
        found += [pretrained(model)] if own else []
    return found


def with_origins(options: StudyOptions, datasets: Sequence[Dataset]) -> StudyOptions:
    """The options with the record that parameters come from, as it is now.

    Raises:
      UserError: if it is gone or changed, or holds none of the models.
    """
    source = resolved(options.initialize_from)
    option = f"{OPT.initialize_from}={source.folder}"
    models = []
    for model in options.models:
        found = [read_parameters(source, model, one.name) for one in datasets]
        models += [model] if all(found) else []
    if not models or not (options.request.kind.judges or len(models) == len(options.models)):
        names = " or ".join(options.models)
        raise UserError(f"{option}: holds no {names}; name a record of one, or another model")
    if options.checkpoints is not None:
        checksum = source_of(Path(source.folder))["checksum"]
        options.checkpoints.depend_on(f"the record {source.folder}", str(checksum))
    return dataclasses.replace(
        options,
        initialize_from=source,
        pretrained=tuple(models),
        request=options.request.with_values(initialize_from=source),
    )


def taken_by(settings: Settings, hparams: HParams, dataset: Dataset, found: Parameters) -> Taken:
    """What a model takes of a record, which is said.

    Raises:
      UserError: if it takes none of its parameters.
    """
    run = assemble(settings, dataset.spec).run
    streams = keys.replicate_streams(keys.root_key(0), 0, settings.model, 0)
    carry = jax.eval_shape(run.init, hparams, streams)
    shapes = {name: leaf.shape for name, leaf in variables_of(carry.state).items()}
    match = taken(shapes, found.arrays)
    what = f"{pretrained(settings.model)} on {dataset.name}"
    if not any(len(shapes[name]) > 1 for name in match.names):  # biases alone are nothing learned
        raise UserError(
            f"{OPT.initialize_from}={found.folder}: {what} {match.words}: no weights fit; name "
            "a record of a model of this shape"
        )
    say(f"{what}: {match.words}; from {found.folder.name}, member {found.member}")
    return match
