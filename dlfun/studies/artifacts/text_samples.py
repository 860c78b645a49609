"""Texts that a model of next tokens writes, letter by letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from dlfun import keys
from dlfun.data.text import decode_text
from dlfun.records.outcome import Result
from dlfun.records.reader import arm_file
from dlfun.studies.population.assembly import assemble

LENGTH = 500
TEMPERATURES = (0.5, 0.8, 1.0)
WRITING = 2**31 - 2
"""Folded into the evaluation key for what is written; scoring folds in other numbers."""


def write_tokens(
    module: Any,
    variables: Any,
    key: jax.Array,
    first: int | np.ndarray,
    length: int,
    temperature: float,
) -> np.ndarray:
    """Ids [length], each drawn from softmax(logits / temperature) of what was written before.

    Args:
      module: a model whose collection `carried` holds the state in which it left off.
      variables: its parameters, of one member.
      first: the id, or the ids [tokens], that the text begins with.
    """
    variables = jax.tree.map(jnp.asarray, variables)  # a numpy table takes no traced index

    def read(carried: Any, tokens: jax.Array) -> tuple[jax.Array, Any]:
        logits, new = module.apply(
            {**variables, **carried}, tokens[None], train=True, mutable=["carried"]
        )
        return logits[0, -1], new

    def step(running: tuple[Any, jax.Array], key: jax.Array) -> tuple[tuple, jax.Array]:
        carried, logits = running
        token = jax.random.categorical(key, logits / temperature)
        logits, carried = read(carried, token[None])
        return (carried, logits), token

    @jax.jit
    def write(key: jax.Array) -> jax.Array:
        logits, carried = read({}, jnp.atleast_1d(jnp.asarray(first, jnp.int32)))
        return jax.lax.scan(step, (carried, logits), jax.random.split(key, length))[1]

    return np.asarray(write(key))


def write_text(folder: Path, result: Result, spec: Any, seed: int, member: int = 0) -> None:
    """{dataset}-{model}-samples.txt in the folder: a text at each of `TEMPERATURES`."""
    module = assemble(result.settings, spec).module
    variables = jax.tree.map(lambda leaf: leaf[member], result.variables)
    root = jax.random.fold_in(keys.stream(keys.root_key(seed), "evaluation"), member)
    root = jax.random.fold_in(root, WRITING)
    first = max(spec.alphabet.find("\n"), 0)
    parts = []
    for i, temperature in enumerate(TEMPERATURES):
        key = jax.random.fold_in(root, i)
        ids = write_tokens(module, variables, key, first, LENGTH, temperature)
        parts.append(f"temperature {temperature:g}\n\n{decode_text(ids, spec.alphabet)}\n")
    name = arm_file(result.dataset, result.model, "samples.txt")
    (folder / name).write_text("\n\n".join(parts), encoding="utf-8")
