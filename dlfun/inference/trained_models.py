"""Trained members of a record as functions that can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import linen as nn
from jax import numpy as jnp

from dlfun import objectives
from dlfun.errors import OPT, UserError, unknown
from dlfun.inference.members import candidates, chosen_members
from dlfun.layers import live
from dlfun.learners.gradient import cast
from dlfun.learners.prepare import COMPUTE, STORED, prepare
from dlfun.models import OWN, row_of
from dlfun.objectives.tasks import task_of
from dlfun.records.own_modules import option
from dlfun.records.reader import arm_files, broken
from dlfun.records.recorded import Recorded, parameters_of
from dlfun.scaling import Scaling
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.live_sizes import of_its_size
from dlfun.studies.population.stacked import Stacked
from dlfun.studies.reproducibility.arms import Arm
from dlfun.training.checkpoints.files import nested
from dlfun.types import Settings, Spec, Split

Shapes = Mapping[str, tuple[int, ...]]
"""Name of a parameter, in Flax's path -> its shape."""


class Network(NamedTuple):
    """Members of one arm.

    Attributes:
      data: what they learned from; of a record its splits are shapes alone.
      rows: of members.csv, counted within data set and model.
      splits: for each member, which of the stacked splits it was trained on.
      variables: the tree that the model applies, each leaf [members, ...].
      examples: some real inputs, held out where that could be, as the data set stores them.
    """

    data: Stacked
    settings: Settings
    rows: tuple[int, ...]
    splits: tuple[int, ...]
    variables: Any
    examples: Split

    @property
    def spec(self) -> Spec:
        """What the model knows of its data."""
        return self.data.first.spec

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each class; empty where there are none."""
        if not task_of(self.spec).classes:
            return ()
        return self.data.first.classes or tuple(map(str, range(self.spec.outputs)))

    @property
    def module(self) -> nn.Module:
        """The Linen module; one of the user's own as it was given."""
        if row_of(self.settings.model) is OWN:
            found: nn.Module = self.settings.shape.module
            return found
        return assemble(self.settings, self.spec).module

    def variables_of(self, member: int) -> Any:
        """The variables of one of its members."""
        return jax.tree.map(lambda leaf: leaf[member], self.variables)

    def scaling(self, member: int) -> Scaling | None:
        """How the numbers of one of its members are standardised."""
        return self.data.datasets[self.splits[member]].scaling


def pick(what: str, given: str | None, found: Sequence[str]) -> str:
    """The one of several names that a flag gives, or the only one that there is.

    Raises:
      UserError: if it is none of them, or not given where there are several.
    """
    names = list(dict.fromkeys(found))
    if given is None and len(names) == 1:
        return names[0]
    if given is None:
        raise UserError(
            f"the record holds several {what}s; give one: {OPT(what)}={'|'.join(names)}"
        )
    if given not in names:
        raise UserError(f"{OPT(what)}={given}: {unknown(what, given, names)}")
    return given


def network(record: Recorded, arms: Sequence[Arm], wanted: str, examples: Split) -> Network:
    """Members of a record that are chosen by `wanted`, with their parameters.

    Where widths or depths were swept as numbers, it is the network that was made in their size.

    Args:
      arms: all of one data set and model, in the order of the record.
      wanted: `best` is the member that validates best, never judged by the test split; `mean`
        and `ensemble` are all members of the configuration that validates best on average; a
        number is a row of members.csv, counted from 0 within the data set and model.
      examples: of the data set.

    Raises:
      UserError: if no parameters are kept, or not those of the member, or they do not fit.
    """
    pair = (arms[0].data.first.name, arms[0].name)
    files = arm_files([pair] * len(arms))
    arrays = [parameters_of(record.folder, file) for file in files]
    chosen = chosen_members(candidates(record, arms, [kept for _, kept in arrays]), wanted)
    arm, (flat, rows) = arms[chosen[0].arm], arrays[chosen[0].arm]
    places = [rows.index(member.place) for member in chosen]
    # Of how many layers are live its numbers say the same.
    kept = {n: a[places] for n, a in flat.items() if not n.startswith(live.COLLECTION)}
    own = len(arm.data.datasets) > 1
    numbers, spec = arm.configurations[chosen[0].configuration[1]], arm.data.first.spec
    file = f"parameters/{files[chosen[0].arm]}.npz"
    tree_of(kept, arm.settings, spec, broken(record.folder, file))
    with np.errstate(over="ignore"):
        if not all(np.isfinite(array.astype(np.float32)).all() for array in kept.values()):
            raise broken(record.folder, file)  # members that did not fail have none
    settings, cut = of_its_size(arm.settings, spec, numbers, kept)
    return Network(
        arm.data,
        settings,
        tuple(member.row for member in chosen),
        tuple(member.replicate if own else 0 for member in chosen),
        tree_of(cut, settings, spec, broken(record.folder, file)),
        examples,
    )


def unflattened(flat: dict[str, np.ndarray]) -> dict[str, Any]:
    """Arrays by Flax's names as the tree that Flax applies.

    >>> unflattened({"params/head/bias": 1, "params/head/kernel": 2})
    {'params': {'head': {'bias': 1, 'kernel': 2}}}
    """
    return nested(list(flat.values()), [name.split("/") for name in flat])


def tree_of(
    flat: dict[str, np.ndarray], settings: Settings, spec: Spec, otherwise: UserError
) -> dict[str, Any]:
    """Arrays [members, ...] of a record as the tree that the model applies.

    Names of users' own modules may hold slashes themselves.

    Raises:
      UserError: unless they are those of a model of these settings: `otherwise`, but of a module
        of the user's own that was given again, which parameter differs.
    """
    module = assemble(settings, spec).module
    example = jax.ShapeDtypeStruct((1, *spec.shape), "int32" if spec.vocabulary else "float32")
    keys = {name: jax.random.key(0) for name in ("params", "noise")}
    expected = dict(jax.eval_shape(module.init, keys, example))
    expected.pop("carried", None)
    leaves = jax.tree_util.tree_flatten_with_path(expected)[0]
    paths = {"/".join(names): names for path, _ in leaves if (names := [p.key for p in path])}
    shapes = {name: leaf.shape for name, (_, leaf) in zip(paths, leaves, strict=True)}
    kept = {name: array.shape[1:] for name, array in flat.items()}
    if shapes != kept:
        own = row_of(settings.model) is OWN
        raise differing(settings.model, kept, shapes) if own else otherwise
    return nested([flat[name] for name in paths], list(paths.values()))


def differing(model: str, kept: Shapes, given: Shapes) -> UserError:
    """The error of a module that is not the one whose parameters a record keeps."""
    names = [name for name in {**kept, **given} if kept.get(name) != given.get(name)]
    names.sort(key=lambda name: not name.startswith("params/"))
    of_record, of_module = (
        f"is {list(shapes[names[0]])}" if names[0] in shapes else "is not there"
        for shapes in (kept, given)
    )
    more = f" (and {len(names) - 1} more)" if names[1:] else ""
    return UserError(
        f"{OPT(option())}: {model} is another module than the one that was trained: its parameter "
        f"{names[0]}{more} {of_record} in the record, and {of_module} in the module; give the one "
        "of the study, with the same fields"
    )


def takes_lengths(settings: Settings, spec: Spec) -> bool:
    """Whether the model reads how long each example is."""
    return spec.padded and row_of(settings.model).lengths


def read_out(module: Any, inputs: jax.Array) -> jax.Array:
    """What a VAE's linear read-out says of its latent mean: no chance in it."""
    return module.readout(module.encode(inputs)[0])


def forward(settings: Settings, spec: Spec, way: str = "") -> Callable[..., jax.Array]:
    """(variables of one member, stored inputs, lengths, scaling) -> the outputs of the model.

    Inputs [batch, *shape] are as the data set stores them: what scales them is inside. Outputs
    are [batch, outputs], or [batch, time, outputs] where each step has one; numbers that were
    standardised are as the data set stores them, less their origin. Of a VAE they are those of its
    read-out.
    """
    module, row = assemble(settings, spec, way).module, row_of(settings.model)
    stored = STORED[settings.precision]
    compute = COMPUTE[settings.precision] if row.learner == "gradient" else stored
    reads_lengths = takes_lengths(settings, spec)

    def apply(
        variables: Any, inputs: jax.Array, lengths: Any = None, scaling: Scaling | None = None
    ) -> jax.Array:
        ready = prepare(inputs, spec, settings.precision, scaling)
        held = {**variables, "params": cast(variables["params"], compute)}
        more = {"lengths": lengths} if reads_lengths else {}
        method = {"method": read_out} if row.generative else {}
        outputs = module.apply(held, ready, **more, **method).astype(stored)
        if scaling is None or scaling.targets is None:
            return outputs
        return scaling.targets.stored(outputs).astype(stored)

    return apply


def says_probabilities(settings: Settings, spec: Spec) -> bool:
    """Whether the outputs are logits: unnormalised log-probabilities of classes."""
    if not task_of(spec).classes:
        return False
    row = row_of(settings.model)
    name = row.objective if settings.objective == "auto" else settings.objective
    said = objectives.build(name, spec).predictions(jnp.zeros((1, spec.outputs)))
    return bool(jnp.isfinite(said["confidence"]).all())
