"""Named key streams: every random number of dlfun comes from one of these.

root key -> stream (by name) -> replicate -> step. Replicate r has the same split and the same
order of examples under every algorithm; init and noise also fold in the algorithm's name.
"""

from __future__ import annotations

import zlib

import jax

from dlfun.types import Streams

# A stream is known by its place here: a new one goes last, or all others draw other numbers.
STREAMS = ("split", "init", "order", "noise", "evaluation", "search", "tuning")


def root_key(seed: int) -> jax.Array:
    """The root of all chance in a study, from the number given as its seed."""
    return jax.random.key(seed, impl="threefry2x32")


def stream(root: jax.Array, name: str) -> jax.Array:
    """The key of a named stream.

    Raises:
      ValueError: if the name is not one of `STREAMS`.
    """
    return jax.random.fold_in(root, STREAMS.index(name))


def of_algorithm(key: jax.Array, algorithm: str) -> jax.Array:
    """An algorithm's own key: the given one with its name folded in."""
    # Not by hash(), which differs from process to process.
    return jax.random.fold_in(key, zlib.crc32(algorithm.encode()) & 0x7FFFFFFF)


def replicate_streams(root: jax.Array, replicate: int, algorithm: str, split: int) -> Streams:
    """The streams of replicate r of an algorithm; `split` is where its split is stacked."""

    def key(name: str) -> jax.Array:
        return jax.random.fold_in(stream(root, name), replicate)

    return Streams(
        init=of_algorithm(key("init"), algorithm),
        order=key("order"),
        noise=of_algorithm(key("noise"), algorithm),
        evaluation=key("evaluation"),
        split=jax.numpy.int32(split),
    )
