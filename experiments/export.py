"""A trained model of a record, in a form that runs without dlfun.

    python -m experiments.export RUN_DIR --format=jax

writes a new directory: the model, and export.json, which says what it takes and gives, and how it
is loaded. The batch may be of any size. Inputs are as the data set stores them, of an image bytes:
what scales them is inside. What was written is run on inputs of the validation split, and its
largest difference from the original is printed; nothing is left where that is too large.
"""

from __future__ import annotations

import sys
from typing import Any

from dlfun.decoration import tell
from dlfun.words import plural
from experiments import app, parsing, paths, trained
from experiments.holders import define

FORMATS = ("jax", "stablehlo", "onnx", "safetensors")
PARTS = ("outputs", "decoder")

FLAGS = trained.trained_flags(several=False)
define(
    FLAGS,
    parsing.choice("format", FORMATS),
    "format",
    "jax",
    "jax is of jax.export, for all of its platforms; stablehlo the same for other compilers; onnx "
    "is for onnxruntime and others; safetensors the parameters alone",
    "Export",
)
help = "what a model says of inputs, or the decoder of a VAE"
define(FLAGS, parsing.choice("part", PARTS), "part", "outputs", help, "Export")
define(
    FLAGS,
    parsing.path(),
    "output_dir",
    None,
    "the directory to write, which must be new",
    "Output & machine",
    usual="runs/export-DATE-TIME",
)


def check(values: Any) -> None:
    """Raises UserError where flags do not go together."""
    trained.check(values)
    if values.output_dir is not None:
        paths.check_output_dir(paths.followed(values.output_dir))


def main(argv: list[str]) -> None:
    """Exports the model that the command line names."""
    with trained.chosen(FLAGS, argv[1:], "export") as model:
        export(model)


def export(model: trained.Chosen) -> None:
    """Exports the model of a record."""
    from dlfun.studies.use.export import export_model

    kind, part = FLAGS["format"].value, FLAGS["part"].value
    target = paths.usable_output_dir(FLAGS.output_dir, "export")
    print(model.words(), file=sys.stderr)
    folder, found = export_model(model.network, model.source, kind, part, target)
    tell(
        f"largest difference from the original {found.difference:.2g} of the largest output, on "
        f"{plural(found.examples, 'input')}; allowed {found.tolerance:g}",
        f"export: {folder}",
    )


if __name__ == "__main__":
    app.run(main, FLAGS, check=check, computes=False, words=trained.WORDS)
