"""Features that a trained network made of its inputs, as its linear read-out sees them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from dlfun.learners.prepare import prepare
from dlfun.models import row_of
from dlfun.records.outcome import Result
from dlfun.scaling import Scaling
from dlfun.studies.baselines.feature_tables import Table, Tables, split_of
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import Stacked, one_of
from dlfun.types import Array, Settings, Spec, Split

LEARNED = ("bpnn", "cnn", "rnn", "vae")
"""Models that learn features: those with layers before the last one."""

CHUNK = 250
"""Examples at a time."""


def head_inputs(module: nn.Module, variables: Any, *args: Any, **more: Any) -> Array:
    """What the layer named head is given when the module is applied: [batch, d]."""
    seen = []

    def spy(call: Callable[..., Any], args: Any, kwargs: Any, context: Any) -> Any:
        if context.module.name == "head":
            seen.append(args[0])
        return call(*args, **kwargs)

    with nn.intercept_methods(spy):
        module.apply(variables, *args, **more)
    return seen[-1]


@functools.lru_cache
def reader(settings: Settings, spec: Spec, way: str) -> Callable[..., Array]:
    """The features of a chunk: (variables, inputs as stored, lengths, scaling) -> [CHUNK, d]."""
    module = assemble(settings, spec, way).module
    takes_lengths = spec.padded and row_of(settings.model).lengths

    @jax.jit
    def read(
        variables: Any, inputs: Array, lengths: Array | None, scaling: Scaling | None
    ) -> Array:
        inputs = prepare(inputs, spec, settings.precision, scaling)
        if row_of(settings.model).generative:
            return module.apply(variables, inputs, method="encode")[0]
        more = {"lengths": lengths} if takes_lengths else {}
        return head_inputs(module, variables, inputs, **more)

    return read


def learned_features(
    result: Result, data: Stacked, member: int, open_test: bool = True
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Features of the training, validation and test split of a member: [n, d] float32 each.

    They are the input of the last layer, and of a VAE the mean of the latent; None stands for a
    split that is not there, or stays shut.

    Args:
      result: an arm of a model in `LEARNED`, of one output an example.
      member: its place in the arm.
    """
    spec = data.first.spec
    read = reader(result.settings, spec, result.layout.way)
    variables = jax.tree.map(lambda leaf: leaf[member], result.variables)
    at = split_of(data, int(result.rows[member]["replicate"]))
    scaling = data.datasets[at].scaling

    def of(splits: Split | None) -> np.ndarray | None:
        if splits is None:
            return None
        split = jax.tree.map(np.asarray, one_of(splits, at))
        count, parts = len(split.targets), []
        for start in range(0, count, CHUNK):
            rows = np.arange(start, start + CHUNK) % count  # whole chunks: compiled once
            lengths = None if split.lengths is None else split.lengths[rows]
            found = read(variables, split.inputs[rows], lengths, scaling)
            parts.append(np.asarray(found, np.float32))
        return np.concatenate(parts)[:count]

    train = of(data.tuning.train)
    assert train is not None
    return train, of(data.tuning.validation), of(data.test) if open_test else None


def learned_tables(result: Result, data: Stacked, member: int) -> Tables:
    """The same with their targets, the test split opened."""
    at = split_of(data, int(result.rows[member]["replicate"]))
    splits = (data.tuning.train, data.tuning.validation, data.test)
    pairs = zip(learned_features(result, data, member), splits, strict=True)
    made = [
        None
        if features is None or split is None
        else Table(features, np.asarray(one_of(split, at).targets))
        for features, split in pairs
    ]
    return Tables(*made)  # type: ignore[arg-type]
