"""Optimisers and schedules, built inside the traced function from the numbers of a member."""

from collections.abc import Callable
from typing import Any

import jax
import optax
from jax import numpy as jnp

from dlfun.types import HParams, Settings


def learning_rate(settings: Settings, hparams: HParams) -> Callable[[jax.Array], jax.Array]:
    """step -> learning rate.

    constant; cosine, which falls to 0 at the last step; warmup, which rises in a line over
    `warmup_fraction` of the steps and then stays.
    """
    peak = jnp.asarray(hparams.learning_rate)

    def at(step: jax.Array) -> jax.Array:
        if settings.schedule == "cosine":
            return peak * 0.5 * (1.0 + jnp.cos(jnp.pi * step / settings.steps))
        if settings.schedule == "warmup":
            warmup = jnp.maximum(hparams.warmup_fraction * settings.steps, 1.0)
            return peak * jnp.minimum((step + 1) / warmup, 1.0)
        return peak

    return at


def direction(settings: Settings, hparams: HParams) -> optax.GradientTransformation:
    """Optax's optimiser of that name, before the learning rate, with weight decay.

    adamw decays the weights apart from the gradient (Loshchilov & Hutter 2017); the others add
    the decay to the gradient (L2).
    """
    decay = optax.add_decayed_weights(hparams.weight_decay)
    scale = {
        "sgd": optax.identity,
        "momentum": lambda: optax.trace(hparams.momentum),
        "adam": optax.scale_by_adam,
        "adamw": optax.scale_by_adam,
        "rmsprop": optax.scale_by_rms,
    }[settings.optimizer]()
    return optax.chain(scale, decay) if settings.optimizer == "adamw" else optax.chain(decay, scale)


def _is_readout(params: Any) -> dict[str, bool]:
    return {name: name == "readout" for name in params}


def clip(limit: jax.Array | float) -> optax.GradientTransformation:
    """Clips the global norm, that of a read-out apart.

    A shared norm would let the labels, which reach only the read-out, change the encoder.
    """
    return optax.chain(
        optax.masked(optax.clip_by_global_norm(limit), _is_readout),
        optax.masked(
            optax.clip_by_global_norm(limit),
            lambda params: {name: not own for name, own in _is_readout(params).items()},
        ),
    )


def make_optimizer(settings: Settings, hparams: HParams) -> optax.GradientTransformation:
    """Clipping (if the program holds it), direction, and scheduled learning rate."""
    return optax.chain(
        clip(hparams.gradient_clip) if settings.clip else optax.identity(),
        direction(settings, hparams),
        optax.scale_by_learning_rate(learning_rate(settings, hparams)),
    )
