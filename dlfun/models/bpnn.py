"""The multi-layer network trained by back-propagation (Rumelhart, Hinton & Williams 1986)."""

import jax
from flax import linen as nn

from dlfun import models
from dlfun.layers import Dropout, Tokens, activation
from dlfun.types import Rate, Spec


class BPNN(nn.Module):
    """Fully connected hidden layers, residual and dropout optional, and a linear head."""

    settings: models.BPNN
    spec: Spec

    @nn.compact
    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> jax.Array:
        """inputs [batch, *shape] -> [batch, outputs]."""
        act = activation(self.settings.activation)
        tokens = Tokens(self.spec.vocabulary, self.settings.embedding, name="embedding")
        hidden = tokens(inputs).reshape(inputs.shape[0], -1)
        for i, width in enumerate(self.settings.widths):
            new = act(nn.Dense(width, name=f"hidden_{i}")(hidden))
            new = Dropout()(new, dropout_rate if train else None)
            # The first layer reads the data: only hidden layers are added to their input.
            residual = self.settings.residual and i > 0 and hidden.shape == new.shape
            hidden = hidden + new if residual else new
        return nn.Dense(self.spec.outputs, name="head")(hidden)
