"""Samples of trained generative models: examples, latent traversals, text."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dlfun import keys
from dlfun.data.text import decode_text
from dlfun.data.user_files.input_files import ids_of
from dlfun.errors import OPT, UserError
from dlfun.inference.trained_models import Network
from dlfun.learners.prepare import STORED, prepare
from dlfun.models import row_of
from dlfun.objectives.tasks import task_of
from dlfun.records.writer import save_arrays
from dlfun.studies.artifacts.generation import EXAMPLES, in_user_unit, traversal, values
from dlfun.studies.artifacts.pictures import QUICK
from dlfun.studies.artifacts.text_samples import write_tokens
from dlfun.studies.population.assembly import assemble, likelihood

BATCH = 256
"""Latents that are decoded in one go."""


def kind_of(network: Network) -> str:
    """What the model can make: `examples` or `text`.

    Raises:
      UserError: if it is not generative.
    """
    if row_of(network.settings.model).generative:
        return "examples"
    if task_of(network.spec).stream:
        return "text"
    raise UserError(
        f"{network.settings.model} on {network.data.first.name} makes nothing new: a vae does, and "
        f"an rnn of next tokens; {OPT.model} and {OPT.dataset} name another of the record"
    )


def sampling_key(network: Network, seed: int) -> jax.Array:
    """The key of what a member makes under this seed."""
    key = keys.stream(keys.root_key(seed), "evaluation")
    return jax.random.fold_in(key, network.rows[0])


def decode(network: Network, latents: np.ndarray) -> np.ndarray:
    """The expected example of each latent: [n, *shape], of ids the likeliest.

    Inputs that were standardised are in the user's unit.
    """
    module = assemble(network.settings, network.spec).module
    kind = likelihood(network.settings.shape, network.spec)

    @functools.partial(jax.jit, compiler_options=QUICK)
    def program(variables: Any, latents: jax.Array) -> jax.Array:
        decoded, _ = module.apply(variables, latents, method="decode")
        return values(decoded, kind)

    variables, count = network.variables_of(0), len(latents)
    size = min(BATCH, count)
    found = [
        np.asarray(program(variables, latents[np.minimum(np.arange(i, i + size), count - 1)]))
        for i in range(0, count, size)
    ]
    made = np.concatenate(found)[:count].reshape(count, *network.spec.shape)
    return in_user_unit(made, network.scaling(0))


def latent_means(network: Network) -> jax.Array:
    """Posterior means [examples, latent] of the examples that the record keeps."""
    module = assemble(network.settings, network.spec).module
    dtype = np.dtype(STORED[network.settings.precision]).name

    @functools.partial(jax.jit, compiler_options=QUICK)
    def program(variables: Any, inputs: Any) -> jax.Array:
        ready = prepare(inputs, network.spec, dtype, network.scaling(0))
        return module.apply(variables, ready, method="encode")[0]

    return program(network.variables_of(0), np.asarray(network.examples.inputs))


def make_examples(network: Network, count: int, key: jax.Array) -> dict[str, Any]:
    """New examples of a VAE, as the arrays of a *-samples.npz.

    Returns:
      `samples` [count, *shape], decoded from draws of the prior; `traversals` [dimensions,
      EXAMPLES, *shape], along the latent dimensions `traversed` in which real examples vary
      most, from -REACH to REACH standard deviations; `modality`. Values are expectations under
      the likelihood.
    """
    dtype = STORED[network.settings.precision]
    prior = jax.random.normal(key, (count, network.settings.shape.latent), dtype)
    dimensions, along = traversal(latent_means(network))
    made = decode(network, np.concatenate([prior, along]))
    shape = (len(dimensions), EXAMPLES, *network.spec.shape)
    return {
        "modality": network.spec.modality,
        "samples": made[:count],
        "traversals": made[count:].reshape(shape),
        "traversed": np.asarray(dimensions),
    }


def prompt_ids(prompt: str, alphabet: str) -> np.ndarray:
    """The ids of a prompt; of an empty one a newline, or where there is none the first id.

    Raises:
      UserError: if it has characters that are not in the alphabet.
    """
    if prompt:
        return np.asarray(ids_of(prompt, alphabet), np.int32)
    return np.array([max(alphabet.find("\n"), 0) if alphabet else ord("\n")], np.int32)


def make_texts(
    network: Network, count: int, key: jax.Array, prompt: str, temperature: float, length: int
) -> list[str]:
    """Texts that a model of next tokens writes behind a prompt, each with a key of its own.

    Args:
      temperature: tokens are drawn from softmax(logits / temperature).
      length: tokens written.
    """
    alphabet = network.spec.alphabet
    module, first = assemble(network.settings, network.spec).module, prompt_ids(prompt, alphabet)
    variables = network.variables_of(0)
    texts = []
    for i in range(count):
        own = jax.random.fold_in(key, i)
        ids = write_tokens(module, variables, own, first, length, temperature)
        texts.append(prompt + decode_text(ids, alphabet))
    return texts


def write_examples(folder: Path, network: Network, arrays: dict[str, Any]) -> None:
    """samples.npz in a folder, and of texts samples.txt, one a line in quotes."""
    save_arrays(folder / "samples.npz", arrays)
    if network.spec.modality == "text":
        lines = [repr(decode_text(ids, network.spec.alphabet)) for ids in arrays["samples"]]
        (folder / "samples.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
