"""A trained model of a record, in a form that runs without dlfun.

    python -m experiments.export RUN_DIR --format=jax

writes a new directory: the model, and export.json, which says what it takes and gives, and how it
is loaded. The batch may be of any size. Inputs are as the data set stores them, of an image bytes:
what scales them is inside. What was written is run on inputs of the validation split, and its
largest difference from the original is printed; nothing is left where that is too large.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dlfun.cli import app, directories, next_steps, trained_model
from dlfun.cli.flag_types import define
from dlfun.config import parsers
from dlfun.config.inference_options import FORMAT, PART
from dlfun.decoration import tell
from dlfun.phases import phase
from dlfun.words import plural

if TYPE_CHECKING:
    from dlfun.inference.opened import Opened

FLAGS = trained_model.trained_flags(several=False)
define(
    FLAGS,
    FORMAT,
    "format",
    "jax",
    "jax is of jax.export, for all of its platforms; stablehlo the same for other compilers; onnx "
    "is for onnxruntime and others; safetensors the parameters alone",
    "Export",
)
help = "what a model says of inputs, or the decoder of a VAE"
define(FLAGS, PART, "part", "outputs", help, "Export")
define(
    FLAGS,
    parsers.path(),
    "output_dir",
    None,
    "the directory to write, which must be new",
    "Output & machine",
    usual="runs/export-DATE-TIME",
)


def check(values: Any) -> None:
    """Raises UserError where flags do not go together."""
    trained_model.check(values)
    if values.output_dir is not None:
        directories.check_output_dir(directories.followed(values.output_dir), None)


def main(argv: list[str]) -> None:
    """Exports the model that the command line names."""
    with trained_model.chosen(FLAGS, argv[1:], "export") as model:
        export(model)


def export(model: Opened) -> None:
    """Exports the model of a record."""
    from dlfun.inference.export import export_model

    kind, part = FLAGS["format"].value, FLAGS["part"].value
    target = directories.usable_output_dir(FLAGS.output_dir, "export")
    print(model.words(), file=sys.stderr)
    with phase("exporting"):
        folder, found = export_model(model.network, model.source, kind, part, target)
    tell(
        f"largest difference from the original {found.difference:.2g} of the largest output, on "
        f"{plural(found.examples, 'input')}; allowed {found.tolerance:g}",
        f"export: {folder}",
    )
    next_steps.add("export", export_file=next_steps.shown(folder / "export.json"))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, words=trained_model.WORDS)
