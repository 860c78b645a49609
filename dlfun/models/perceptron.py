"""Rosenblatt's threshold units (1958)."""

import math

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun import models
from dlfun.layers import one_hot
from dlfun.types import Rate, Spec


def units(settings: models.Perceptron, spec: Spec) -> int:
    """Number of threshold units: one for two classes, else one a class."""
    one = settings.units == "one" or (settings.units == "auto" and spec.outputs == 2)
    return 1 if one else spec.outputs


class Perceptron(nn.Module):
    """Weighted sums; the largest (or, of a single unit, the sign) names the class."""

    settings: models.Perceptron
    spec: Spec

    @nn.compact
    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> jax.Array:
        """inputs [batch, *shape] -> scores [batch, classes]; weights start at zero."""
        inputs = self.flat(inputs)
        count = units(self.settings, self.spec)
        zeros = nn.initializers.zeros
        kernel = self.param("kernel", zeros, (math.prod(inputs.shape[1:]), count))
        scores = inputs @ kernel + self.param("bias", zeros, (count,))[None]
        return jnp.concatenate([-scores, scores], axis=-1) if count == 1 else scores

    @nn.nowrap
    def flat(self, inputs: jax.Array) -> jax.Array:
        """What the units weigh: inputs [batch, features], ids as one-hot vectors."""
        return one_hot(inputs, self.spec.vocabulary).reshape(inputs.shape[0], -1)
