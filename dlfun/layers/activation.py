"""Activation functions by name."""

from collections.abc import Callable

import jax
from flax import linen as nn
from jax import numpy as jnp

_OWN = {"tanh": jnp.tanh}


def activation(name: str) -> Callable[[jax.Array], jax.Array]:
    """The function of a name in `dlfun.models.ACTIVATIONS`, elementwise.

    >>> float(activation("relu")(-1.0))
    0.0
    """
    return _OWN.get(name) or getattr(nn, name)
