"""The multi-layer network trained by back-propagation (Rumelhart, Hinton & Williams 1986)."""

from typing import Any

import jax
from flax import linen as nn

from dlfun import models
from dlfun.layers import Dropout, Tokens, activation, live
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
        depth: Any = self.get_variable(live.COLLECTION, "depth")
        for i, width in enumerate(self.settings.widths):
            new = act(nn.Dense(width, name=f"hidden_{i}")(hidden))
            new = Dropout()(new, dropout_rate if train else None)
            # The first layer reads the data: only hidden layers are added to their input.
            residual = self.settings.residual and i > 0 and hidden.shape == new.shape
            hidden = live.passed(i, depth, hidden + new if residual else new, hidden)
        return nn.Dense(self.spec.outputs, name="head")(hidden)


def live_parts(settings: models.BPNN, spec: Spec, width: Any, depth: Any) -> live.Parts:
    """What is live of a network of at most `width` units in a layer, and `depth` hidden layers."""
    parts: dict[str, live.Part] = {}
    before = None
    for i, count in enumerate(settings.widths):
        own = live.units(count, width)
        parts[f"hidden_{i}"] = live.Part(before, own & live.is_live(i, depth))
        before = own
    return parts | {"head": live.Part(before, None)}
