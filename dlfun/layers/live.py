"""Networks that are live in part: their numbers of units and of layers are numbers, not shapes.

A dead unit has no weights: those into it, its biases and those out of it are 0 from the start, and
so are their gradients. What it gives then reaches nothing, so a network computes as always, and as
one that never had the unit. A dead layer has no weights either, and gives what it is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp

from dlfun.layers.orthogonal import orthogonalise

COLLECTION = "live"
"""The variables that say how much of a network is live: its `depth`, where it is a number."""


class Part(NamedTuple):
    """Which inputs and outputs of an affine map are live: kernel [inputs, outputs], bias [outputs].

    Attributes:
      inputs: [n] of bool, of each of the groups of n that the inputs consist of; None: all live.
      outputs: [outputs] of bool, or None.
      uses: how often an example passes through the map.
      orthogonal: the kernel starts orthogonal, on its live block; others by their live fan-in.
    """

    inputs: Any
    outputs: Any
    uses: int = 1
    orthogonal: bool = False


Parts = Mapping[str, Part]
"""The name of each affine map of a network, by Flax -> what of it is live."""


def units(count: int, width: Any) -> Any:
    """[count] of bool: the first `width` of them (rounded, and a traced number or not) are live.

    >>> units(4, 2).tolist(), units(2, math.inf).tolist()
    ([True, True, False, False], [True, True])
    """
    return np.arange(count) + 0.5 <= width


def is_live(layer: int, depth: Any) -> Any:
    """Whether the layer of this number is one of the first `depth`."""
    return layer + 0.5 <= depth


def passed(layer: int, depth: Any, outputs: Any, inputs: Any) -> Any:
    """What a layer gives: its outputs, or its inputs where it is dead, of the same shapes.

    The first layer is always live; so are all where `depth` is None, in a program without it.
    """
    if depth is None or layer == 0:
        return outputs
    alive = is_live(layer, depth)
    return jax.tree.map(lambda new, old: jnp.where(alive, new, old), outputs, inputs)


def _sides(part: Part, kernel: jax.Array) -> tuple[jax.Array, jax.Array]:
    """[inputs] and [outputs] of a kernel: which are live."""
    rows, columns = kernel.shape
    inputs = jnp.ones(rows, bool) if part.inputs is None else part.inputs
    outputs = jnp.ones(columns, bool) if part.outputs is None else part.outputs
    return jnp.tile(inputs, rows // len(inputs)), jnp.asarray(outputs)


def _confine(part: Part, leaf: jax.Array) -> jax.Array:
    """A kernel or bias, 0 where it is dead."""
    if leaf.ndim == 1:
        return leaf if part.outputs is None else jnp.where(part.outputs, leaf, 0)
    rows, columns = _sides(part, leaf)
    return jnp.where(rows[:, None] & columns[None], leaf, 0)


def _begin(part: Part, leaf: jax.Array) -> jax.Array:
    """A kernel or bias as drawn for a full layer, as one that is live in part starts with.

    A variance of 1 / inputs becomes 1 / live inputs. The live block of a uniform orthogonal
    matrix, made orthogonal, is uniform itself, as it is turned by no rotation into another law.
    """
    if leaf.ndim == 1:
        return _confine(part, leaf)
    rows, columns = _sides(part, leaf)
    if part.orthogonal:
        alive = rows[:, None] & columns[None]
        return _confine(
            part, orthogonalise(jnp.where(alive, leaf, jnp.eye(len(leaf), dtype=leaf.dtype)))
        )
    fan_in = jnp.maximum(jnp.sum(rows), 1)
    return _confine(part, leaf * jnp.sqrt(len(rows) / fan_in).astype(leaf.dtype))


def _over(function: Callable[..., Any], parts: Parts, params: Any) -> Any:
    """`function(part, leaf)` in place of each leaf that belongs to a part."""

    def one(path: Any, leaf: Any) -> Any:
        part = parts.get("/".join(str(step.key) for step in path[:-1]))
        return leaf if part is None else function(part, leaf)

    return jax.tree_util.tree_map_with_path(one, params)


def begin(parts: Parts, params: Any) -> Any:
    """Parameters drawn for the full network, as those of the live one."""
    return _over(_begin, parts, params)


def confine(parts: Parts, gradient: Any) -> Any:
    """A gradient that leaves what is dead at 0."""
    return _over(_confine, parts, gradient)


def _size(part: Part, shape: tuple[int, ...]) -> int:
    """The live entries of a kernel or bias of this shape."""
    outputs = shape[-1] if part.outputs is None else int(np.sum(part.outputs))
    if len(shape) == 1:
        return outputs
    if part.inputs is None:
        return shape[0] * outputs
    return shape[0] // len(part.inputs) * int(np.sum(part.inputs)) * outputs


def parameter_count(parts: Parts, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """The live parameters, of leaves of these shapes by their names (layer/kernel)."""
    return sum(
        _size(parts[layer], shape) if (layer := name.rpartition("/")[0]) in parts
        else math.prod(shape)
        for name, shape in shapes.items()
    )  # fmt: skip


def multiply_adds(parts: Parts, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Those of the live kernels for one example."""
    return sum(part.uses * _size(part, shapes[f"{layer}/kernel"]) for layer, part in parts.items())


def cut(parts: Parts, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The live entries alone: the parameters of a network that was made in this size.

    Args:
      parts: of numbers that are not traced.
      arrays: parameters of members, [members, ...], by their names (layer/kernel).
    """
    found = {
        name: _cut(parts[layer], array) if (layer := name.rpartition("/")[0]) in parts else array
        for name, array in arrays.items()
    }
    return {name: array for name, array in found.items() if array.size}


def _cut(part: Part, array: np.ndarray) -> np.ndarray:
    """The live entries of kernels or biases [members, ...]; of a dead layer none."""
    if part.outputs is not None:
        array = array[..., part.outputs]
    if array.ndim == 2 or part.inputs is None:
        return array
    return array[:, np.tile(part.inputs, array.shape[1] // len(part.inputs))]
