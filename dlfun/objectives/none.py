"""No targets: a generative model is trained by its own bound alone."""

from typing import Any

import jax
from jax import numpy as jnp

from dlfun.objectives.reduction import weighted
from dlfun.types import Batch, HParams, Metrics, Objective, Spec


def none(spec: Spec) -> Objective:
    """A loss of 0 for each example."""

    def loss(outputs: Any, batch: Batch, hparams: HParams) -> jax.Array:
        return jnp.zeros(len(batch.weight))

    def metrics(outputs: Any, batch: Batch, hparams: HParams) -> Metrics:
        return {"loss": weighted(loss(outputs, batch, hparams), batch)}

    return Objective(loss, metrics)
