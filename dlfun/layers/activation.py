"""Activation functions by name."""

from collections.abc import Callable

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers.arguments import name_of
from dlfun.types import ACTIVATIONS

_OWN = {"tanh": jnp.tanh}


def activation(name: str) -> Callable[[jax.Array], jax.Array]:
    """The function of a name in `dlfun.types.ACTIVATIONS`, elementwise.

    Raises:
      ArgumentError: if the name is none of them.

    >>> float(activation("relu")(-1.0))
    0.0
    """
    name_of("activation", name, ACTIVATIONS)
    return _OWN.get(name) or getattr(nn, name)
