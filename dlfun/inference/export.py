"""A trained model as files that run without dlfun, checked against the original."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.data.user_files.inputs import Given, Source
from dlfun.errors import OPT, UserError
from dlfun.inference.export_formats import BATCH, FORMATS, Exportable, write_files
from dlfun.inference.export_scaling import (
    given_numbers,
    left_out,
    parted,
    scaling_tree,
    spread,
    standards,
    stored_columns,
)
from dlfun.inference.predict import outputs_of
from dlfun.inference.sample import decode
from dlfun.inference.trained_models import Network, forward, says_probabilities, takes_lengths
from dlfun.models import OWN, row_of
from dlfun.objectives.tasks import task_of
from dlfun.records.environment import version
from dlfun.records.writer import write_json, write_record
from dlfun.studies.artifacts.generation import values
from dlfun.studies.population.arm import flat_parameters
from dlfun.studies.population.assembly import assemble, likelihood

TEXTS = 16
"""Texts, at most, on which an export is checked."""

LATENTS = 256

TOLERANCES = {"float32": 1e-4, "bfloat16": 2e-2, "float64": 1e-9}
"""The largest difference from the original, as a part of the largest output (at least of 1)."""

PACKAGES = ("dlfun", "jax", "jaxlib", "flax", "numpy")


class Checked(NamedTuple):
    """An export beside its original: on so many real inputs, and how far it is off at most."""

    examples: int
    difference: float
    tolerance: float


def plain_way(model: str) -> str:
    """How layers compute where the program is to be understood by others: by stock operations."""
    return "xla" if "xla" in row_of(model).ways else ""


def exportable(network: Network, part: str) -> tuple[Exportable, np.ndarray]:
    """A trained member as a function, and what the original gives for real inputs.

    The inputs are those that the data set stores, of its type; what scales them is inside, and
    outputs are in the user's unit, less `lost`. They are those that the record keeps.

    Raises:
      UserError: if the model has no such part.
    """
    variables = {**network.variables_of(0), **scaling_tree(network.scaling(0))}
    flat = {name: np.asarray(array) for name, array in flat_parameters(variables).items()}
    if part == "decoder":
        function, arguments, expected = decoder(network)
        return Exportable(function, flat, variables, arguments, "examples"), expected
    if not network.spec.outputs:
        raise UserError(f"there are no labels, and so no outputs; give {OPT.part}=decoder")
    most = TEXTS if task_of(network.spec).stream else None
    given = Given.of(jax.tree.map(lambda leaf: leaf[:most], network.examples))
    arguments = {"inputs": given.inputs}
    if takes_lengths(network.settings, network.spec):
        arguments["lengths"] = np.asarray(given.lengths, np.int32)
    function = answering(network)
    output = "logits" if is_logits(network) else "outputs"
    expected = outputs_of(network, given)[0] - lost(network, part)
    return Exportable(function, flat, variables, arguments, output), expected


def lost(network: Network, part: str) -> np.ndarray | float:
    """What is to be added to what a part gives: [columns] float64; 0 where nothing is."""
    scaling = network.scaling(0)
    return left_out(scaling and (scaling.targets if part == "outputs" else scaling.inputs))


def answering(network: Network) -> Callable[..., jax.Array]:
    """(variables, stored inputs, lengths) -> outputs, of numbers those in the user's unit."""
    apply = forward(network.settings, network.spec, plain_way(network.settings.model))

    def function(variables: Any, inputs: jax.Array, lengths: Any = None) -> jax.Array:
        model, scaling = parted(variables)
        return apply(model, inputs, lengths, scaling)

    return function


def is_logits(network: Network) -> bool:
    """Whether softmax of the outputs gives probabilities."""
    return task_of(network.spec).each_step or says_probabilities(network.settings, network.spec)


def decoder(network: Network) -> tuple[Any, dict[str, np.ndarray], np.ndarray]:
    """A VAE's decoder: its function, some latents drawn from the prior, and what they become.

    Raises:
      UserError: if the model has none.
    """
    settings, spec = network.settings, network.spec
    if not row_of(settings.model).generative:
        raise UserError(f"{OPT.part}=decoder: {settings.model} has none; leave it out")
    module = assemble(settings, spec, plain_way(settings.model)).module
    kind = likelihood(settings.shape, spec)
    own, less = network.scaling(0), lost(network, "decoder")
    origin = None if own is None or own.inputs is None else own.inputs.origin - less

    def function(variables: Any, latents: jax.Array) -> jax.Array:
        model, scaling = parted(variables)
        made = values(module.apply(model, latents, method="decode")[0], kind)
        if scaling.inputs is None or origin is None:
            return made
        flat = made.reshape(made.shape[0], -1)  # as wide as the columns are
        return scaling.inputs.stored(flat) + origin[None].astype(made.dtype)

    dtype = network.variables["params"]["log_scale"].dtype
    random = np.random.default_rng(0)
    latents = random.normal(size=(LATENTS, settings.shape.latent)).astype(dtype)
    found = decode(network, latents) - less
    return function, {"latents": latents}, found


def check(
    files: dict[str, bytes],
    kind: str,
    model: Exportable,
    expected: np.ndarray,
    precision: str,
    least: float | np.ndarray = 1.0,
) -> Checked:
    """Compares what the files give with the original.

    Numbers in a unit of the user's own are held against the largest of each output.

    Raises:
      UserError: if they differ by more than the tolerance of the precision.
    """
    found = FORMATS[kind].call(files, model).reshape(expected.shape).astype(np.float64)
    own = np.ndim(least) > 0
    scale = np.maximum(least, np.abs(expected).max(axis=0 if own else None))
    difference = float((np.abs(found - expected) / scale).max())
    tolerance = TOLERANCES[precision]
    if not difference <= tolerance:  # NaN is none either
        raise UserError(
            f"the export is off by {difference:.2g} of the largest output, and may be by "
            f"{tolerance:g}; nothing was written: choose another {OPT.format}"
        )
    return Checked(len(expected), difference, tolerance)


def meaning(network: Network, source: Source, part: str) -> str:
    """In words, what the inputs are."""
    spec = network.spec
    if part == "decoder":
        return "latents, standard normal"
    if spec.vocabulary:
        return "ids of characters, places in the alphabet" if spec.alphabet else "bytes of UTF-8"
    if (scaling := network.data.first.scaling) is not None and scaling.inputs is not None:
        return stored_columns(scaling.inputs)
    if spec.modality == "speech":
        return "log-mel spectrograms as the data set makes them, frames by bands"
    if spec.scale < 1:
        pixels = f" (of a pixel of 0 to 255: round(pixel * {source.white} / 255))"
        other = spec.modality == "image" and source.white != 255
        whole = f"whole numbers from {source.least} to {source.white}, which are scaled inside"
        return whole + (pixels if other else "")
    return "as the data set stores them; nothing is scaled"


def answers(network: Network, part: str) -> str:
    """In words, what the outputs are, where they are numbers in a unit of the user's own."""
    scaling = network.scaling(0)
    standard = scaling and (scaling.targets if part == "outputs" else scaling.inputs)
    return "" if standard is None else given_numbers(left_out(standard))


def loading(kind: str, model: Exportable) -> list[str]:
    """The lines of Python that load a format, with the names of this model's arguments."""
    listed = ", ".join(model.arguments)
    named = ", ".join(f'"{name}": {name}' for name in model.arguments)
    return [
        line.replace("{arguments}", listed).replace("{named}", f"{{{named}}}")
        for line in FORMATS[kind].load
    ]


def describe(
    network: Network, source: Source, kind: str, part: str, model: Exportable, found: Checked
) -> dict[str, Any]:
    """export.json: what the files take and give, and how they are loaded."""
    needs, first = FORMATS[kind].needs, network.data.first
    takes = {
        name: {"shape": [BATCH, *array.shape[1:]], "dtype": str(array.dtype)}
        for name, array in model.arguments.items()
    }
    return {
        "format": kind,
        "takes": takes,
        "inputs are": meaning(network, source, part),
        "columns": source.columns if part == "outputs" else [],
        "standardised": standards(network),
        "gives": model.output,
        "outputs are": answers(network, part),
        "classes": list(network.classes) if part == "outputs" else [],
        "alphabet": network.spec.alphabet,
        "load": loading(kind, model),
        "needs": list(needs),
        "checked": found._asdict(),
        "model": network.settings.model,
        "settings": repr(network.settings.shape),
        "precision": network.settings.precision,
        "member": network.rows[0],
        "dataset": {"name": first.name, "version": first.version, "checksum": first.checksum},
        "versions": {name: version(name) for name in dict.fromkeys([*PACKAGES, *needs])},
    }


def export_model(
    network: Network, source: Source, kind: str, part: str, output_dir: str
) -> tuple[Path, Checked]:
    """Writes a trained member to a new folder, with export.json beside it, once it is checked.

    Raises:
      UserError: if it cannot be exported or is not what the original is; then nothing is written.
    """
    model, expected = exportable(network, part)
    own = network.settings.model if row_of(network.settings.model) is OWN else ""
    files = write_files(kind, model, own)
    found = check(files, kind, model, expected, network.settings.precision, spread(network, part))

    def fill(folder: Path) -> None:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        write_json(folder / "export.json", describe(network, source, kind, part, model, found))

    return write_record(output_dir, fill), found
