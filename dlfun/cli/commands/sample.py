"""What a trained generative model of a record makes.

    python -m experiments.sample RUN_DIR

draws examples from a VAE, and walks along its latent dimensions: samples.npz and samples.png, of
texts also samples.txt. A network of next tokens writes text, which is printed:

    python -m experiments.sample RUN_DIR --prompt="def main(" --temperature=0.5 --length=300
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlfun.cli import app, directories, trained_model
from dlfun.cli.flag_types import define
from dlfun.config import parsers
from dlfun.config.inference_options import COUNT, LENGTH, PROMPT, SEED, TEMPERATURE
from dlfun.decoration import tell
from dlfun.errors import UserError
from dlfun.phases import phase

if TYPE_CHECKING:
    from dlfun.inference.opened import Opened

GROUP = "Samples"

FLAGS = trained_model.trained_flags(several=False)
define(FLAGS, COUNT, "count", 30, "examples, or texts", GROUP, usual="30; 1 text")
define(FLAGS, SEED, "seed", 0, "of all chance in them", GROUP)
define(FLAGS, PROMPT, "prompt", "", "what a text begins with", GROUP, usual="a new line")
help = "of a text: logits are divided by it, and below 1 likely tokens become likelier"
define(FLAGS, TEMPERATURE, "temperature", 1.0, help, GROUP)
define(FLAGS, LENGTH, "length", 500, "tokens of a text", GROUP)
define(
    FLAGS,
    parsers.path(),
    "output_dir",
    None,
    "a new directory for what is made",
    "Output & machine",
    usual="runs/sample-DATE-TIME; texts are printed",
)


def check(values: Any) -> None:
    """Raises UserError where flags do not go together."""
    trained_model.check(values)
    if values.output_dir is not None:
        directories.check_output_dir(directories.followed(values.output_dir), None)


def check_examples(model: Opened) -> None:
    """Raises UserError for a flag that is of texts alone."""
    for name in ("prompt", "temperature", "length"):
        if FLAGS[name].present:
            raise UserError(
                f"--{name} is of texts that an rnn of next tokens writes, and this is "
                f"{model.words()}; leave it out"
            )


def write_texts(model: Opened, key: Any) -> None:
    """Prints texts, or writes samples.txt."""
    from dlfun.inference.sample import make_texts
    from dlfun.records.writer import write_record

    count = FLAGS["count"].value if FLAGS["count"].present else 1
    how = (FLAGS["prompt"].value, FLAGS["temperature"].value, FLAGS["length"].value)
    given = FLAGS.output_dir
    target = None if given is None else directories.usable_output_dir(given, "sample")
    with phase("writing texts"):
        text = "\n\n".join(make_texts(model.network, count, key, *how)) + "\n"
    if target is None:
        print(text, end="")
        return

    def fill(folder: Path) -> None:
        (folder / "samples.txt").write_text(text, encoding="utf-8")

    tell(f"samples: {write_record(target, fill)}")


def main(argv: list[str]) -> None:
    """Samples from the model that the command line names."""
    with trained_model.chosen(FLAGS, argv[1:], "sample") as model:
        sample(model)


def sample(model: Opened) -> None:
    """Samples from the model of a record."""
    from dlfun.inference.sample import kind_of, make_examples, sampling_key, write_examples
    from dlfun.records.writer import write_record
    from dlfun.report.figures.record_figures import draw_generated

    kind, key = kind_of(model.network), sampling_key(model.network, FLAGS.seed)
    print(model.words(), file=sys.stderr)
    if kind == "text":
        write_texts(model, key)
        return
    check_examples(model)
    target = directories.usable_output_dir(FLAGS.output_dir, "sample")
    with phase("sampling"):
        arrays = make_examples(model.network, FLAGS["count"].value, key)

    def fill(folder: Path) -> None:
        write_examples(folder, model.network, arrays)
        if arrays["modality"] != "text":
            draw_generated(folder / "samples.npz")

    tell(f"samples: {write_record(target, fill)}")


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, words=trained_model.WORDS)
