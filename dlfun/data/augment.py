"""Inputs of a training step changed at random: pure functions of (key, inputs, strength).

Inputs are prepared floats: [batch, time, channels] of a sequence, [batch, frames, bands] of
speech, [batch, height, width, channels] of images, [batch, frames, height, width, channels] of
video. Each example draws its own chance; all frames of a video share it.
"""

from __future__ import annotations

import jax
from jax import numpy as jnp

from dlfun.data.augmentations import Augment
from dlfun.types import Array, Batch, Spec


def shift(key: Array, inputs: Array, strength: float) -> Array:
    """Moved by up to `strength` pixels along height and width, or steps along time; zeros follow.

    >>> x = jnp.arange(1.0, 4.0).reshape(1, 3, 1)
    >>> shift(jax.random.key(2), x, 1).ravel().tolist()
    [2.0, 3.0, 0.0]
    """
    return _moved(key, inputs, int(strength), "constant")


def crop(key: Array, inputs: Array, strength: float) -> Array:
    """Padded by reflection with `strength` pixels on each side, and the old size cut out of it."""
    return _moved(key, inputs, int(strength), "reflect")


def _moved(key: Array, inputs: Array, by: int, mode: str) -> Array:
    axes = (-3, -2) if inputs.ndim > 3 else (-2,)
    pads = [(by, by) if axis - inputs.ndim in axes else (0, 0) for axis in range(inputs.ndim)]
    padded = jnp.pad(inputs, pads, mode=mode)
    starts = jax.random.randint(key, (len(inputs), len(axes)), 0, 2 * by + 1)

    def one(example: Array, start: Array) -> Array:
        for axis, at in zip(axes, start, strict=True):
            size = inputs.shape[axis]
            example = jax.lax.dynamic_slice_in_dim(example, at, size, axis + example.ndim)
        return example

    return jax.vmap(one)(padded, starts)


def flip(key: Array, inputs: Array, strength: float) -> Array:
    """Mirrored left and right, each example with probability `strength`."""
    chosen = jax.random.bernoulli(key, strength, (len(inputs),))
    return jnp.where(_along(chosen, 0, inputs), jnp.flip(inputs, -2), inputs)


def noise(key: Array, inputs: Array, strength: float) -> Array:
    """With Gaussian noise of standard deviation `strength`."""
    drawn = jax.random.normal(key, inputs.shape, inputs.dtype)
    return inputs + jnp.asarray(strength, inputs.dtype) * drawn


def time_mask(key: Array, inputs: Array, strength: float, lengths: Array | None = None) -> Array:
    """With a band of 0 to `strength` steps set to 0, within the length of each example.

    Park et al. 2019, SpecAugment, section 2; its features, too, have a mean of about 0.
    """
    count = inputs.shape[1]
    sizes = jnp.full(len(inputs), count) if lengths is None else lengths
    return _masked(key, inputs, int(strength), 1, sizes)


def frequency_mask(key: Array, inputs: Array, strength: float) -> Array:
    """With a band of 0 to `strength` frequencies set to 0 (as `time_mask`)."""
    return _masked(key, inputs, int(strength), 2, jnp.full(len(inputs), inputs.shape[2]))


def _masked(key: Array, inputs: Array, widest: int, axis: int, sizes: Array) -> Array:
    """A band of each example set to 0; its width, then its place, are uniform.

    Args:
      sizes: [batch], how much of the axis each example takes up.
    """
    width_key, start_key = jax.random.split(key)
    widths = jax.random.randint(width_key, sizes.shape, 0, jnp.minimum(widest, sizes) + 1)
    starts = jax.random.randint(start_key, sizes.shape, 0, sizes - widths + 1)
    places = jnp.arange(inputs.shape[axis])[None]
    hidden = (places >= starts[:, None]) & (places < (starts + widths)[:, None])
    return jnp.where(_along(hidden, axis, inputs), jnp.zeros_like(inputs), inputs)


def _along(flags: Array, axis: int, inputs: Array) -> Array:
    """Flags [batch], or [batch, n] along an axis, as an array of the shape of the inputs."""
    shape = [1] * inputs.ndim
    shape[0], shape[axis] = inputs.shape[0], flags.shape[-1]
    return jnp.broadcast_to(flags.reshape(shape), inputs.shape)


FUNCTIONS = {
    "shift": shift,
    "flip": flip,
    "crop": crop,
    "noise": noise,
    "time_mask": time_mask,
    "frequency_mask": frequency_mask,
}


def augment_batch(key: Array, batch: Batch, augment: Augment, spec: Spec) -> Batch:
    """The batch, its prepared inputs augmented in the order given, each from a key of its own.

    Padding behind the end of an example stays as it was, and values that are probabilities
    (of Bernoulli variables) stay in [0, 1].
    """
    if not augment:
        return batch
    inputs = batch.inputs
    for number, (name, strength) in enumerate(augment):
        own = jax.random.fold_in(key, number)
        if name == "time_mask":
            inputs = time_mask(own, inputs, strength, batch.lengths)
        else:
            inputs = FUNCTIONS[name](own, inputs, strength)
    if batch.lengths is not None:
        steps = jnp.arange(inputs.shape[1])[None]
        inside = _along(steps < batch.lengths[:, None], 1, inputs)
        inputs = jnp.where(inside, inputs, batch.inputs)
    if spec.likelihood == "bernoulli":
        inputs = jnp.clip(inputs, 0, 1)
    return batch._replace(inputs=inputs)
