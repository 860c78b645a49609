"""What a generative model makes of some test inputs, and out of nothing."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
from jax import numpy as jnp

from dlfun import keys
from dlfun.learners.prepare import prepare
from dlfun.models.vae import VAE
from dlfun.studies.arm import Result
from dlfun.studies.assemble import assemble, likelihood
from dlfun.studies.record import save_arrays
from dlfun.studies.stacked import Stacked

EXAMPLES = 10


def values(decoded: jax.Array, kind: str) -> jax.Array:
    """The expected input under a likelihood's parameters; of ids, the likeliest."""
    if kind == "bernoulli":
        return jax.nn.sigmoid(decoded)
    return jnp.argmax(decoded, axis=-1) if kind == "categorical" else decoded


def generate(result: Result, data: Stacked, seed: int, member: int = 0) -> dict[str, np.ndarray]:
    """Test inputs, reconstructions from their latent means, and samples from the prior.

    Each [EXAMPLES, *shape], of one member of the arm; the values shown are expectations.
    """
    spec, settings = data.first.spec, result.settings
    assembly = assemble(settings, spec)
    variables = jax.tree.map(lambda leaf: leaf[member], result.variables)
    kind = likelihood(settings.shape, spec)
    inputs = prepare(
        jnp.asarray(np.asarray(data.first.test.inputs[:EXAMPLES])), spec, settings.precision
    )
    mean, _ = assembly.module.apply(variables, inputs, method=VAE.encode)
    key = jax.random.fold_in(keys.stream(keys.root_key(seed), "evaluation"), member)
    prior = jax.random.normal(key, mean.shape, mean.dtype)

    def decode(latent: jax.Array) -> np.ndarray:
        return np.asarray(values(assembly.module.apply(variables, latent, method=VAE.decode), kind))

    return {
        "inputs": np.asarray(inputs),
        "reconstructions": decode(mean),
        "samples": decode(prior),
    }


def write_generated(folder: Path, result: Result, data: Stacked, seed: int) -> None:
    """{dataset}-{model}-samples.npz in the folder."""
    name = f"{result.dataset}-{result.model}-samples".replace("/", "-")
    save_arrays(folder / f"{name}.npz", generate(result, data, seed))
