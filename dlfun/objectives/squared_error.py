"""Least squares, for regression and for classes as one-hot targets."""

import jax
from jax import numpy as jnp

from dlfun.objectives.reduction import accuracy, largest, weighted
from dlfun.objectives.tasks import task_of
from dlfun.scaling import Standard
from dlfun.types import Batch, HParams, Metrics, Objective, Spec, say_nothing


def squared_error(spec: Spec) -> Objective:
    """Squared distance per example, averaged over the outputs.

    Where targets are standardised, the loss is that of standardised outputs, and the metrics are
    in the user's unit: `loss` its square, `rmse` the root of that, and `r2`.
    """
    classes = spec.outputs if task_of(spec).classes else 0

    def wanted(batch: Batch) -> jax.Array:
        if classes:
            return jax.nn.one_hot(batch.targets, classes)
        standard = standard_of(batch)
        return batch.targets if standard is None else standard.standardised(batch.targets)

    def loss(outputs: jax.Array, batch: Batch, hparams: HParams) -> jax.Array:
        return jnp.mean(jnp.square(outputs - wanted(batch)), axis=-1)

    def metrics(outputs: jax.Array, batch: Batch, hparams: HParams) -> Metrics:
        standard = standard_of(batch)
        if standard is not None:
            return in_the_users_unit(outputs, batch, standard)
        found = {"loss": weighted(loss(outputs, batch, hparams), batch)}
        return found | ({"accuracy": accuracy(outputs, batch)} if classes else {})

    return Objective(loss, metrics, largest if classes else say_nothing)


def standard_of(batch: Batch) -> Standard | None:
    """How the targets of a batch are standardised, if they are."""
    return None if batch.scaling is None else batch.scaling.targets


def in_the_users_unit(outputs: jax.Array, batch: Batch, standard: Standard) -> Metrics:
    """Metrics of standardised outputs [batch, outputs].

    `r2` needs moments of errors and targets [batch, 3, outputs], the latter about the mean that is
    known from training; `dlfun.objectives.reduction.averages` makes it from their averages.
    """
    squares = jnp.square(standard.stored(outputs) - batch.targets)
    about = batch.targets - standard.mean[None]
    moments = jnp.stack([squares, about, jnp.square(about)], axis=1)
    squared = weighted(jnp.mean(squares, axis=-1), batch)
    return {"loss": squared, "rmse": squared, "r2": weighted(moments, batch)}
