"""The processes that share a population, and what they tell each other.

Members need no communication while they train: each process holds the rows of its own devices,
and what all of them left is gathered once, in their order. With one process all of this is free.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dlfun.errors import UserError

CHUNK = 1 << 24
"""Bytes that each process gives in one collective: this much a process lies on every device."""

LONGEST_WAIT = 2**31 - 1
"""Milliseconds that a process waits for the slowest one: as many as the call can take."""

PATIENCE = 3.0
"""Seconds in which JAX may end this process itself, and then tells which one was lost."""

_meetings = itertools.count()


def is_first() -> bool:
    """Whether this is the process that writes the record and speaks to the user."""
    return jax.process_index() == 0


def own_rows(tree: Any) -> Any:
    """The rows [own, ...] that lie on this process's devices, as numpy arrays; alone, all rows."""
    return jax.tree.map(_own_rows, tree)


def _own_rows(leaf: jax.Array) -> np.ndarray:
    if leaf.is_fully_addressable:
        return np.asarray(leaf)
    shards = sorted(leaf.addressable_shards, key=lambda shard: shard.index[0].start or 0)
    return np.concatenate([np.asarray(shard.data) for shard in shards])


def gather(tree: Any) -> Any:
    """The rows of all processes, from every process's own; every process must call it.

    Args:
      tree: numpy arrays [own, ...] of the same number of rows.

    Raises:
      UserError: if another process is lost meanwhile.
    """
    if jax.process_count() == 1:
        return tree
    leaves, structure = jax.tree.flatten(tree)
    parts = exchange(b"".join(np.ascontiguousarray(leaf).tobytes() for leaf in leaves))
    rows = [_unpacked(part, leaves) for part in parts]
    return jax.tree.unflatten(structure, [np.concatenate(same) for same in zip(*rows, strict=True)])


def _unpacked(part: bytes, like: list[np.ndarray]) -> list[np.ndarray]:
    """One process's rows, from their bytes; all but the number of rows is as in `like`."""
    count = len(part) // sum(leaf.nbytes // len(leaf) for leaf in like)
    ends = np.cumsum([leaf.nbytes // len(leaf) * count for leaf in like])
    buffers = np.split(np.frombuffer(part, np.uint8), ends[:-1])
    return [
        buffer.view(leaf.dtype).reshape(count, *leaf.shape[1:])
        for buffer, leaf in zip(buffers, like, strict=True)
    ]


def whole(tree: Any) -> Any:
    """Arrays over members, keys among them, with the rows of all processes; alone, the same."""
    if jax.process_count() == 1:
        return tree
    found = gather(
        own_rows(jax.tree.map(lambda x: jax.random.key_data(x) if _keys(x) else x, tree))
    )
    return jax.tree.map(
        lambda x, rows: (
            jax.random.wrap_key_data(rows, impl=jax.random.key_impl(x)) if _keys(x) else rows
        ),
        tree,
        found,
    )


def _keys(leaf: jax.Array) -> bool:
    return jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def agree(what: str, text: str) -> None:
    """Raises UserError, in every process, unless the text is the same in all of them.

    Args:
      what: what must be the same, as in "start all processes with the same flags".
      text: lines; the error shows those that differ.
    """
    first, *others = (part.decode() for part in exchange(text.encode()))
    for process, other in enumerate(others, 1):
        if other != first:
            raise UserError(
                f"process {process} has {_only(other, first)} where process 0 has "
                f"{_only(first, other)}; start all processes with the same {what}"
            )


def _only(text: str, other: str) -> str:
    """The lines of a text that another one lacks, cut where they are long."""
    lines = " ".join(line for line in text.splitlines() if line not in other.splitlines())
    return (lines[:200] + "..." if len(lines) > 200 else lines) or "nothing"


def largest(own: int) -> int:
    """The largest of the processes' numbers; every process must call it."""
    return max(int(part) for part in exchange(str(own).encode()))


def exchange(own: bytes) -> list[bytes]:
    """What each process gives, in their order; every process must call it, in the same order.

    Raises:
      UserError: if another process is lost meanwhile.
    """
    if jax.process_count() == 1:
        return [own]
    try:
        _meet()
        sizes = _gathered(np.array([len(own)], np.int64).view(np.uint8)).view(np.int64)[:, 0]
        size = min(CHUNK, 1 << int(sizes.max()).bit_length())
        chunks = -(-int(sizes.max()) // size)
        padded = np.zeros(chunks * size, np.uint8)
        padded[: len(own)] = np.frombuffer(own, np.uint8)
        parts = [_gathered(chunk) for chunk in padded.reshape(chunks, size)]
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" in str(error):
            raise
        time.sleep(PATIENCE)
        raise UserError(
            f"another of the {jax.process_count()} processes was lost; see what it said last, "
            "and start all of them again"
        ) from error
    return [np.concatenate([part[i] for part in parts])[:n].tobytes() for i, n in enumerate(sizes)]


def _meet() -> None:
    """Waits until every process is here, however long the slowest one takes.

    A collective on CPUs gives up after half an hour. JAX has no public call that waits without
    one; where its own is not found, half an hour it is.
    """
    try:
        from jax._src.distributed import global_state

        client: Any = global_state.client
        wait = client.wait_at_barrier
    except (ImportError, AttributeError):
        return
    wait(f"dlfun/{next(_meetings)}", LONGEST_WAIT)


def _identity(x: jax.Array) -> jax.Array:
    return x


def _gathered(own: np.ndarray) -> np.ndarray:
    """[n] -> [processes, n], through one device a process."""
    first = {device.process_index: device for device in reversed(jax.devices())}
    mesh = Mesh(np.array([first[p] for p in sorted(first)]), ("processes",))
    row = jax.device_put(own[None], first[jax.process_index()])
    rows = jax.make_array_from_single_device_arrays(
        (len(first), len(own)), NamedSharding(mesh, PartitionSpec("processes")), [row]
    )
    copied = jax.jit(_identity, out_shardings=NamedSharding(mesh, PartitionSpec()))(rows)
    return np.asarray(copied.addressable_data(0))
