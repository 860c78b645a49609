"""Least squares, for regression and for classes as one-hot targets."""

import jax
from jax import numpy as jnp

from dlfun.objectives.metrics import accuracy, largest, weighted
from dlfun.types import Batch, HParams, Metrics, Objective, Spec, say_nothing


def squared_error(spec: Spec) -> Objective:
    """Squared distance per example, averaged over the outputs."""
    classes = spec.outputs if spec.task == "classification" else 0

    def loss(outputs: jax.Array, batch: Batch, hparams: HParams) -> jax.Array:
        targets = jax.nn.one_hot(batch.targets, classes) if classes else batch.targets
        return jnp.mean(jnp.square(outputs - targets), axis=-1)

    def metrics(outputs: jax.Array, batch: Batch, hparams: HParams) -> Metrics:
        found = {"loss": weighted(loss(outputs, batch, hparams), batch)}
        return found | ({"accuracy": accuracy(outputs, batch)} if classes else {})

    return Objective(loss, metrics, largest if classes else say_nothing)
