"""The order of examples: a pure function of (order key, epoch).

A sort of random numbers, the usual way, takes as long on a CPU as a small model trains. Here an
index is computed from its position alone, so a step needs only the indices of its own batch.
"""

import jax
from jax import numpy as jnp

# Two orders of five examples are equally likely, to the resolution of 240,000 draws, from 16 on.
ROUNDS = 48


def round_words(order: jax.Array, epoch: jax.Array) -> jax.Array:
    """[ROUNDS, 2] random words: all that the order of an epoch depends on."""
    return jax.random.bits(jax.random.fold_in(order, epoch), (ROUNDS, 2), jnp.uint32)


def shuffled(words: jax.Array, positions: jax.Array, examples: int | jax.Array) -> jax.Array:
    """The examples at these positions of a random order: int32, shaped as `positions`.

    The swap-or-not shuffle (Hoang, Morris & Rogaway 2012): a round pairs the places p and
    pivot - p, and a random bit of each pair says whether the two change places. Every round is a
    bijection of any number of examples, so together they are a permutation.

    Args:
      words: [ROUNDS, 2, ...], the rest broadcast against `positions`.
    """

    def swap_or_not(place: jax.Array, word: jax.Array) -> tuple[jax.Array, None]:
        pivot = word[0] % jnp.uint32(examples)
        partner = jnp.where(place <= pivot, pivot - place, pivot + jnp.uint32(examples) - place)
        # Both places of a pair must draw the same bit, so the larger one is hashed.
        mixed = (jnp.maximum(place, partner) ^ word[1]) * jnp.uint32(0x7FEB352D)
        mixed = (mixed ^ (mixed >> 15)) * jnp.uint32(0x846CA68B)
        return jnp.where(mixed >> 31 == 1, partner, place), None

    places, _ = jax.lax.scan(swap_or_not, positions.astype(jnp.uint32), words)
    return places.astype(jnp.int32)


def permutation(order: jax.Array, epoch: jax.Array, examples: int) -> jax.Array:
    """[examples] in the order of that epoch."""
    return shuffled(round_words(order, epoch), jnp.arange(examples), examples)


def stream_indices(
    order: jax.Array, start: jax.Array, steps: int, windows: int, batch_size: int
) -> jax.Array:
    """Which windows of a text the steps start, start + 1, ... read: [steps, batch_size].

    Each place of the batch reads its own part of the text, window after window. In the next
    epoch it reads the part that follows, so that its state always goes on where it left off. The
    order key says where in the text the parts begin; the windows that are left over, fewer than
    the batch, differ from epoch to epoch.
    """
    each = windows // batch_size
    step = start + jnp.arange(steps)
    epoch = step // each
    part = jnp.add.outer(epoch, jnp.arange(batch_size)) % batch_size
    begin = jax.random.randint(order, (), 0, windows)
    return (begin + part * each + (step % each)[:, None]) % windows


def batch_indices(
    order: jax.Array, start: jax.Array, steps: int, examples: int | jax.Array, batch_size: int
) -> jax.Array:
    """Which examples the steps start, start + 1, ... use: [steps, batch_size].

    Each epoch is a full permutation, cut into examples // batch_size whole batches; the few
    examples left over differ from epoch to epoch. `examples` is an array where splits are of
    different sizes.
    """
    per_epoch = examples // batch_size
    step = start + jnp.arange(steps)
    epoch = step // per_epoch
    first = start // per_epoch
    if isinstance(examples, int):
        epochs = (per_epoch - 1 + steps - 1) // per_epoch + 1
        words = jax.vmap(lambda e: round_words(order, first + e))(jnp.arange(epochs))[epoch - first]
    else:  # nobody knows how many epochs the steps are of
        words = jax.vmap(lambda e: round_words(order, e))(epoch)
    of_step = jnp.moveaxis(words, 0, -1)[..., None]
    positions = jnp.add.outer(step % per_epoch * batch_size, jnp.arange(batch_size))
    return shuffled(of_step, positions, examples)
