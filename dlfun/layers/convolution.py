"""Convolution over any number of axes, as one product of patches.

XLA's own convolution has a gradient that misses the fast path inside a compiled loop on a CPU,
and becomes a grouped convolution when kernels are mapped over members. A product of patches
with the kernel has neither trouble: its gradients are matrix products and shifted sums.
"""

import math

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers.windows import shifted


def convolve(
    inputs: jax.Array, kernel: jax.Array, strides: tuple[int, ...], padding: tuple[int, ...]
) -> jax.Array:
    """Cross-correlation of inputs with a kernel, the convolution of the field.

    Args:
      inputs: [batch, *spatial, channels].
      kernel: [*window, channels, features].
      strides, padding: one number for each spatial axis; `padding` zeros on both sides.

    Returns:
      [batch, *out, features].
    """
    *window, channels, features = kernel.shape
    patches = jnp.concatenate(shifted(inputs, tuple(window), strides, padding), axis=-1)
    return patches @ kernel.reshape(math.prod(window) * channels, features)


class Conv(nn.Module):
    """`flax.linen.Conv` with the same parameters: kernel [*window, channels, features], bias.

    Works over as many axes as `window` has numbers.
    """

    features: int
    window: tuple[int, ...]
    strides: tuple[int, ...]
    padding: tuple[int, ...]

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        """inputs [batch, *spatial, channels] -> [batch, *out, features]."""
        shape = (*self.window, inputs.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        outputs = convolve(inputs, kernel, self.strides, self.padding)
        return outputs + bias.reshape((1,) * (outputs.ndim - 1) + (-1,))
