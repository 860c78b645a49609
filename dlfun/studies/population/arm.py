"""One arm of a study: one model under one Settings on one data set, all its members."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from dlfun import keys
from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.parsers import LARGEST
from dlfun.errors import OPT, UserError
from dlfun.host_memory import check_room
from dlfun.learners.prepare import STORED
from dlfun.models import row_of
from dlfun.models.sizes import program_shape
from dlfun.records.outcome import Result
from dlfun.studies.population.layout_choice import train_members
from dlfun.studies.population.live_sizes import sizes_of
from dlfun.studies.population.rows import final_metrics, make_rows
from dlfun.studies.population.stacked import Stacked
from dlfun.training.population import Population
from dlfun.types import HParams, Layout, Members, Predictions, Settings, Streams
from dlfun.words import plural

DEFAULT_STEPS = 1000
DEFAULT_BATCH = 100


def steps_of(options: StudyOptions, per_epoch: int) -> int:
    """The steps of a run, from its duration and the steps of an epoch.

    Raises:
      UserError: if there are too many, or validations whose curves do not fit the memory.
    """
    steps = options.steps or DEFAULT_STEPS
    if options.epochs is not None:
        wanted = options.epochs * per_epoch
        if wanted > LARGEST:
            raise UserError(
                f"{OPT.epochs}={options.epochs:g} are {wanted:.3g} steps; {LARGEST} are the most "
                "there "
                "can be"
            )
        steps = max(1, round(wanted))
    validations = min(options.evaluations, steps)
    check_room(
        validations * options.seeds * VALIDATION,
        f"the curves of {plural(validations, 'validation')} of {plural(options.seeds, 'seed')}",
        f"give fewer {OPT.evaluations}",
    )
    return steps


def resolve(
    options: StudyOptions,
    model: str,
    chosen: ModelOptions,
    examples: int,
    configurations: Sequence[HParams],
) -> Settings:
    """Settings for this many training examples: durations become steps, here and only here.

    The program holds dropout and clipping if some configuration needs them. It is as large as
    the largest configuration, and holds widths and depths as numbers if they differ.

    Raises:
      UserError: if the batch size given is larger than the training split, a model of this shape
        has not as many units or layers as a configuration asks for, or there are too many steps
        or validations.
    """
    batch_size = options.batch_size or min(DEFAULT_BATCH, examples)
    if batch_size > examples:
        raise UserError(
            f"{OPT.batch_size}={batch_size} is larger than the training split of "
            f"{plural(examples, 'example')}; give {examples} or less"
        )
    return Settings(
        model=model,
        shape=program_shape(model, chosen.shape, configurations),
        objective=chosen.objective,
        optimizer=chosen.optimizer,
        schedule=options.schedule,
        batch_size=batch_size,
        steps=steps_of(options, examples // batch_size),
        evaluations=options.evaluations,
        dropout=any(h.dropout_rate > 0 for h in configurations),
        clip=any(np.isfinite(h.gradient_clip) for h in configurations),
        width=len({h.width for h in configurations}) > 1,
        depth=len({h.depth for h in configurations}) > 1,
        augment=options.augment,
        precision=options.precision,
        likelihood_samples=options.likelihood_samples if row_of(model).generative else 0,
    )


VALIDATION = 32
"""Bytes of a member's curves that a validation adds, at least: four metrics, in copies."""

MANY = 200
"""Replicates whose keys are made by one program; of fewer, compiling it takes longer."""


def make_members(
    options: StudyOptions, model: str, configurations: Sequence[HParams], splits: int
) -> Members:
    """Every configuration with every seed, seeds running fastest."""
    root = keys.root_key(options.seed)
    if options.tuning:
        root = keys.stream(root, "tuning")
    replicates = range(options.first, options.first + options.seeds)
    dtype = STORED[options.precision]
    hparams = HParams(
        *(
            jnp.repeat(jnp.asarray(values, dtype), options.seeds)
            for values in zip(*configurations, strict=True)
        )
    )
    places = np.tile(np.arange(options.seeds), len(configurations))
    streams = streams_of(root, np.array(replicates), model, splits > 1)
    stacked = jax.tree.map(lambda leaf: leaf[places], streams)
    return Members(hparams, stacked, tuple(replicates) * len(configurations))


def streams_of(root: jax.Array, replicates: np.ndarray, model: str, own: bool) -> Streams:
    """The streams of replicates [n], all at once; `own`: each has a split of its own."""

    def streams(replicate: Any) -> Streams:
        return keys.replicate_streams(root, replicate, model, replicate if own else 0)

    if len(replicates) > MANY:
        found: Streams = jax.vmap(streams)(jnp.asarray(replicates))
        return found
    alone = [streams(int(replicate)) for replicate in replicates]
    stacked: Streams = jax.tree.map(lambda *leaves: jnp.stack(leaves), *alone)
    return stacked


def flat_parameters(tree: Any) -> dict[str, np.ndarray]:
    """Arrays by Flax's names, layer/array."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {"/".join(str(part.key) for part in path): leaf for path, leaf in leaves}


def result_of(
    settings: Settings,
    data: Stacked,
    people: Population,
    history: dict[str, np.ndarray],
    variables: Any,
    predictions: Predictions,
) -> Result:
    """What a population left, its rows still to be made."""
    return Result(
        settings.model,
        data.first.name,
        settings,
        people.layout,
        [],
        history,
        np.cumsum(people.run.intervals),
        flat_parameters(variables),
        variables,
        predictions,
    )


def run_arm(
    options: StudyOptions,
    settings: Settings,
    data: Stacked,
    configurations: Sequence[HParams],
    layout: Layout | None = None,
    columns: Sequence[dict[str, Any]] = (),
) -> Result:
    """Trains every configuration with every seed and describes each run in a row.

    Args:
      data: of which the test split is scored, unless it is shut.
      configurations: plain numbers, one HParams a configuration.
      layout: None is that of the model's options.
      columns: for each configuration, further columns of its rows: what is swept.
    """
    members = make_members(options, settings.model, configurations, len(data.datasets))
    return run_members(options, settings, data, members, layout, columns)


def run_members(
    options: StudyOptions,
    settings: Settings,
    data: Stacked,
    members: Members,
    layout: Layout | None = None,
    columns: Sequence[dict[str, Any]] = (),
) -> Result:
    """`run_arm` of members that are made already; `columns` are of equal numbers of them."""
    chosen = options.models[settings.model]
    chosen = dataclasses.replace(chosen, layout=layout or chosen.layout)
    people, found = train_members(options, settings, data, members, chosen)
    kept = found.kept
    result = result_of(settings, data, people, found.history, kept.variables, found.predictions)
    count = len(members.replicates)
    finals = {
        **sizes_of(settings, data.first.spec, members.hparams, result.parameters),
        "seconds": np.full(count, found.run_seconds / count),
        "compile_seconds": np.full(count, found.compile_seconds),
        **final_metrics(found),
    }
    rows = make_rows(result, members, columns, kept.failed_at, finals)
    return result._replace(rows=rows, state=kept.state)
