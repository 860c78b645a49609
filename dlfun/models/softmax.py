"""The linear model."""

import jax
from flax import linen as nn

from dlfun import models
from dlfun.layers import one_hot
from dlfun.types import Rate, Spec


class Softmax(nn.Module):
    """One linear layer; its objective makes it logistic or linear regression."""

    settings: models.Softmax
    spec: Spec

    @nn.compact
    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> jax.Array:
        """inputs [batch, *shape] -> [batch, outputs]."""
        flat = one_hot(inputs, self.spec.vocabulary).reshape(inputs.shape[0], -1)
        return nn.Dense(self.spec.outputs, name="head")(flat)
