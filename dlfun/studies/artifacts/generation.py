"""Pictures of a generative model: reconstructions, new samples, and its latent axes."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from dlfun import keys
from dlfun.data.text import decode_text
from dlfun.learners.prepare import STORED, prepare
from dlfun.records.outcome import Result
from dlfun.records.reader import arm_file
from dlfun.records.writer import save_arrays
from dlfun.scaling import Scaling
from dlfun.studies.artifacts.evidence import own_splits
from dlfun.studies.artifacts.pictures import QUICK
from dlfun.studies.population.assembly import assemble, likelihood
from dlfun.studies.population.stacked import Stacked
from dlfun.types import Spec, Split

EXAMPLES = 10
SEEN = 1000
"""Test examples, at most, that say which latent dimensions are the most active."""

TRAVERSED = 5
REACH = 3.0
"""Standard deviations of the prior that a traversal goes to both sides."""


def values(decoded: jax.Array, kind: str) -> jax.Array:
    """The expected input under a likelihood's parameters; of ids, the likeliest."""
    if kind == "bernoulli":
        return jax.nn.sigmoid(decoded)
    return jnp.argmax(decoded, axis=-1) if kind == "categorical" else decoded


def in_user_unit(inputs: np.ndarray, scaling: Scaling | None) -> np.ndarray:
    """Inputs [n, *shape] as a model sees them, in the user's unit where they were standardised."""
    if scaling is None or scaling.inputs is None:
        return inputs
    return np.asarray(scaling.inputs.in_user_unit(inputs))


def traversal(means: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Latents along each of the most active dimensions, from -REACH to REACH, all others at 0.

    Args:
      means: [examples, latent] posterior means; a dimension is the more active the more its
        means vary.

    Returns:
      the dimensions [at most TRAVERSED], most active first, and [dimensions * EXAMPLES, latent].
    """
    dimensions = jnp.argsort(-jnp.var(means, axis=0))[:TRAVERSED]
    axes = jax.nn.one_hot(dimensions, means.shape[1], dtype=means.dtype)
    along = jnp.linspace(-REACH, REACH, EXAMPLES, dtype=means.dtype)
    latents = axes[:, None] * along[None, :, None]
    return dimensions, latents.reshape(-1, means.shape[1])


def behind_the_end(split: Split, shape: tuple[int, ...]) -> np.ndarray:
    """Where the first examples of a split are padding: booleans that broadcast to their inputs."""
    axes = (1,) * (len(shape) - 1)
    if split.lengths is None:
        return np.zeros((1, 1, *axes), bool)
    ends = np.asarray(split.lengths[:EXAMPLES]).reshape(-1, 1)
    return (np.arange(shape[0])[None] >= ends).reshape(-1, shape[0], *axes)


def generate(result: Result, data: Stacked, seed: int, member: int = 0) -> dict[str, Any]:
    """Test inputs, reconstructions from their latent means, samples from the prior, traversals.

    Each [EXAMPLES, *shape], of one member of the arm; the values shown are expectations, in the
    user's unit where inputs were standardised, and a reconstruction is as its input is where that
    is padding. Traversals are [dimensions, EXAMPLES, *shape], along the latent dimensions
    `traversed`.
    """
    own = data.datasets[own_splits(result.rows, data)[member]]
    spec, settings, test = own.spec, result.settings, own.test
    assembly = assemble(settings, spec)
    variables = jax.tree.map(lambda leaf: leaf[member], result.variables)
    kind = likelihood(settings.shape, spec)
    key = jax.random.fold_in(keys.stream(keys.root_key(seed), "evaluation"), member)

    @functools.partial(jax.jit, compiler_options=QUICK)
    def draw(variables: Any, seen: jax.Array, key: jax.Array) -> tuple[jax.Array, ...]:
        # Not in bfloat16, which no .npz can hold.
        inputs = prepare(seen, spec, np.dtype(STORED[settings.precision]).name, own.scaling)
        means, _ = assembly.module.apply(variables, inputs, method="encode")
        prior = jax.random.normal(key, means[:EXAMPLES].shape, means.dtype)
        dimensions, along = traversal(means)
        latents = jnp.concatenate([means[:EXAMPLES], prior, along])
        decoded, _ = assembly.module.apply(variables, latents, method="decode")
        return inputs[:EXAMPLES], values(decoded, kind), dimensions

    drawn = draw(variables, np.asarray(test.inputs[:SEEN]), key)
    shown, made = (in_user_unit(np.asarray(part), own.scaling) for part in drawn[:2])
    dimensions = np.asarray(drawn[2])
    count = len(shown)
    padding = behind_the_end(test, spec.shape)
    return {
        "modality": spec.modality,
        "inputs": shown,
        "reconstructions": np.where(padding, shown, made[:count]),
        "samples": made[count : 2 * count],
        "traversals": made[2 * count :].reshape(len(dimensions), EXAMPLES, *spec.shape),
        "traversed": dimensions,
    }


def as_lines(arrays: Mapping[str, Any], spec: Spec, lengths: np.ndarray | None) -> str:
    """Generated texts, one a line in quotes, under a heading for each kind of them."""
    ends = np.full(EXAMPLES, spec.shape[0]) if lengths is None else lengths[:EXAMPLES]
    whole = np.full(EXAMPLES, spec.shape[0])
    kinds = [("inputs", ends), ("reconstructions", ends), ("samples", whole)]
    groups = [(kind, arrays[kind], until) for kind, until in kinds]
    groups += [
        (f"latent dimension {d} from {-REACH:g} to {REACH:g}", texts, whole)
        for d, texts in zip(arrays["traversed"], arrays["traversals"], strict=True)
    ]
    lines = []
    for heading, texts, until in groups:
        lines.append(f"{heading}:")
        for ids, end in zip(texts, until, strict=False):
            lines.append(
                "  " + json.dumps(decode_text(ids[:end], spec.alphabet), ensure_ascii=False)
            )
    return "\n".join(lines) + "\n"


def write_generated(folder: Path, result: Result, data: Stacked, seed: int) -> None:
    """{dataset}-{model}-samples.npz in the folder, and of texts the same as .txt."""
    arm = (result.dataset, result.model)
    arrays = generate(result, data, seed)
    save_arrays(folder / arm_file(*arm, "samples.npz"), arrays)
    spec = data.first.spec
    if spec.modality == "text":
        text = as_lines(arrays, spec, data.first.test.lengths)
        (folder / arm_file(*arm, "samples.txt")).write_text(text, encoding="utf-8")
