"""Rosenblatt's perceptron learning rule (1958): correct the weights on each mistake."""

import functools
from typing import Any, NamedTuple

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.data.augment import augment_batch
from dlfun.learners.prepare import STORED, prepare, prepare_batch
from dlfun.scaling import Scaling
from dlfun.types import (
    Array,
    Batch,
    HParams,
    Learner,
    Metrics,
    Objective,
    Predictions,
    Settings,
    Spec,
)


class PerceptronState(NamedTuple):
    """Weights {kernel [features, units], bias [units]}, and what was seen so far.

    `drift` is the sum of all corrections, each times the number of examples before it, from
    which the average of the weights follows; None where no average is wanted.
    """

    params: Any
    drift: Any
    seen: Array
    mistakes: Array


def correction(scores: Array, target: Array, units: int) -> tuple[Array, Array]:
    """Which way the units of one example would be corrected, and the margin that decides it.

    One unit: its sign is the class, and the correction is +1 or -1. A unit a class: +1 on the
    wanted unit and -1 on its strongest rival. A tie is a mistake, or zero weights would never
    learn.

    Args:
      scores: [units].
      target: [], the class.

    Returns:
      direction [units], and the margin [] of right over wrong: not above 0 is a mistake.
    """
    if units == 1:
        direction = 2.0 * target[None].astype(scores.dtype) - 1.0
        return direction, 2.0 * jnp.sum(scores * direction)  # its two classes score -s and s
    wanted = jax.nn.one_hot(target, units, dtype=scores.dtype)
    rival = jnp.argmax(jnp.where(wanted > 0, -jnp.inf, scores))
    direction = wanted - jax.nn.one_hot(rival, units, dtype=scores.dtype)
    return direction, jnp.sum(scores * direction)


def at_rest(averaged: bool, parameters: Any) -> PerceptronState:
    """The state of a rule that has these parameters, and has seen nothing."""
    own = parameters["params"]
    drift = jax.tree.map(jnp.zeros_like, own) if averaged else None
    return PerceptronState(own, drift, jnp.int32(0), jnp.int32(0))


def averaged_weights(seen: Array, weights: Array, drift: Array) -> Array:
    """The average of weights over all examples seen [], or [members] of weights [members, ...]."""
    return weights - drift / jnp.expand_dims(seen, range(seen.ndim, drift.ndim))


def perceptron_learner(
    module: nn.Module, objective: Objective, settings: Settings, spec: Spec
) -> Learner:
    """A step is one batch, walked one example at a time. Optimiser and numbers play no part.

    From zero weights the rule's step size changes only the scale of the weights, so it is 1.
    """
    averaged = settings.shape.averaged
    stored = STORED[settings.precision]

    def init(hparams: HParams, key: Array) -> PerceptronState:
        example = prepare(jnp.zeros((1, *spec.shape), jnp.uint8), spec, settings.precision)
        params = jax.tree.map(lambda p: p.astype(stored), module.init(key, example)["params"])
        drift = jax.tree.map(jnp.zeros_like, params) if averaged else None
        return PerceptronState(params, drift, jnp.int32(0), jnp.int32(0))

    def walk(
        state: PerceptronState, example: tuple[Array, Array]
    ) -> tuple[PerceptronState, tuple[Array, Array]]:
        """One example: inputs [features] and its class."""
        inputs, target = example
        units = state.params["bias"].shape[0]
        scores = inputs @ state.params["kernel"] + state.params["bias"]
        direction, margin = correction(scores, target, units)
        mistake = margin <= 0
        change = direction * mistake
        step = {"kernel": inputs[:, None] * change[None], "bias": change}
        params = jax.tree.map(jnp.add, state.params, step)
        drift = state.drift
        if averaged:
            seen = state.seen.astype(stored)
            drift = jax.tree.map(lambda total, part: total + seen * part, drift, step)
        mistakes = state.mistakes + mistake
        return PerceptronState(params, drift, state.seen + 1, mistakes), (mistake, margin)

    def update(
        state: PerceptronState, batch: Batch, hparams: HParams, key: Array
    ) -> tuple[PerceptronState, Metrics]:
        batch = prepare_batch(batch, spec, settings.precision)
        batch = augment_batch(key, batch, settings.augment, spec)
        inputs = module.flat(batch.inputs).astype(stored)
        state, (mistakes, margins) = jax.lax.scan(walk, state, (inputs, batch.targets))
        count = jnp.sum(batch.weight)
        right = jnp.sum(~mistakes).astype(stored)
        return state, {
            "loss": (jnp.sum(jax.nn.relu(-margins)), count),
            "accuracy": (right, count),
        }

    def parameters(state: PerceptronState) -> Any:
        if not averaged:
            return {"params": state.params}
        seen = jnp.maximum(state.seen, 1).astype(stored)
        average = functools.partial(averaged_weights, seen)
        return {"params": jax.tree.map(average, state.params, state.drift)}

    def predict(
        state: PerceptronState,
        inputs: Array,
        key: Array,
        lengths: Array | None = None,
        scaling: Scaling | None = None,
    ) -> Array:
        return module.apply(parameters(state), prepare(inputs, spec, settings.precision, scaling))

    def judge(
        state: PerceptronState, batch: Batch, hparams: HParams, key: Array
    ) -> tuple[Metrics, Predictions]:
        scores = predict(state, batch.inputs, key, scaling=batch.scaling)
        return objective.metrics(scores, batch, hparams), objective.predictions(scores)

    def counters(state: PerceptronState) -> dict[str, Array]:
        return {"mistakes": state.mistakes}

    trained = functools.partial(at_rest, averaged)
    return Learner(init, update, judge, predict, parameters, trained, counters)
