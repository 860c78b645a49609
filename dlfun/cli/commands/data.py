"""Data sets: which there are, preparing them, and what they hold.

    python -m experiments.data list
    python -m experiments.data prepare NAME ...
    python -m experiments.data describe NAME ...

list prints a table in a few seconds and prepares nothing. prepare makes data sets ready for
studies. describe prepares them too, prints their splits, licence, checksum and the files they are
made from, and draws some examples into runs/data-NAME.png, or prints them if they are text. NAME
may also be your own .npz, .csv, .tsv or folder.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from absl import flags as absl_flags

from dlfun import data
from dlfun.cli import app, directories
from dlfun.cli.flag_types import define
from dlfun.cli.study_flags import define_places, reading_options
from dlfun.commands import command
from dlfun.config import parsers
from dlfun.data.user_files.kinds import check_options
from dlfun.decoration import stderr, tell
from dlfun.errors import UserError, unknown
from dlfun.types import DataOptions

ACTIONS = ("list", "prepare", "describe")
WORDS = "list|prepare|describe [NAME ...]"


def data_flags() -> absl_flags.FlagValues:
    """The flags of this script."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    define_places(values)
    define(
        values, parsers.path(), "output_dir", "runs", "where pictures are put", "Output & machine"
    )
    return values


FLAGS = data_flags()


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together."""
    directories.check_input_dirs(values.data_dir, values.manual_dir)
    directories.check_folder("output_dir", values.output_dir)


def asked(words: list[str]) -> tuple[str, list[str]]:
    """What is to be done, and with which data sets.

    Raises:
      UserError: if one of the words is unknown, or there are too few.
    """
    if not words:
        raise UserError("say what to do: list, prepare NAME, or describe NAME")
    action, names = words[0], words[1:]
    if action not in ACTIONS:
        raise unknown("action", parsers.short(action), ACTIONS)
    if not names and action != "list":
        raise UserError(f"{action}: name at least one data set; list shows which there are")
    kind = parsers.dataset(data.DATASETS)
    try:
        return action, [kind.parse(name) for name in names]
    except ValueError as error:
        raise UserError(f"{action}: {error}") from None


def list_all(names: list[str], options: DataOptions) -> None:
    """Prints the table of data sets."""
    from dlfun.data.tfds.facts import facts
    from dlfun.report.text.datasets import dataset_table

    chosen = {n: row for n, row in data.DATASETS.items() if n in names or not names}
    if len(chosen) < len(names):
        others = ", ".join(name for name in names if name not in chosen)
        raise UserError(f"list: {others} is not in the table; describe it")
    print(dataset_table([facts(name, row, options) for name, row in chosen.items()]))
    print("Your own data: --dataset=FILE.npz, FILE.csv or FOLDER.")


def read(name: str, options: DataOptions) -> data.Raw:
    """A data set; what of it could have been meant otherwise is said on stderr."""
    raw = data.read(name, options)
    for doubt in raw.doubtful():
        print(doubt, file=stderr())
    return raw


def prepare(name: str, options: DataOptions) -> None:
    """Prepares a data set, and says so."""
    raw = read(name, options)
    counts = f"{len(raw.train.targets):,} train, {len(raw.test.targets):,} test"
    tell(f"{raw.name} {raw.version}: {counts}, sha256 {raw.checksum}")
    tell(f"next: {command('train')} --dataset={shlex.quote(name)}")


def describe(name: str, options: DataOptions, output_dir: Path) -> None:
    """Prints what a data set holds, and draws it; what is known without the data comes first."""
    from dlfun.data.tfds.facts import facts
    from dlfun.report.figures.dataset import draw_dataset
    from dlfun.report.text import datasets

    if name in data.DATASETS:
        print(datasets.describe_facts(facts(name, data.DATASETS[name], options)), flush=True)
    raw = read(name, options)
    if name not in data.DATASETS:
        found = None if data.is_path(name) else data.find(name, options)
        print(datasets.describe_other(raw, str(found.folder) if found else name))
    print(datasets.describe_arrays(raw))
    if raw.spec.modality == "text":
        print(datasets.excerpt(raw), flush=True)
        return
    output_dir.mkdir(parents=True, exist_ok=True)
    picture = output_dir / f"data-{raw.name.replace('/', '-')}.png"
    draw_dataset(raw, picture)
    print(datasets.entry("picture", str(picture)), flush=True)


def main(argv: list[str]) -> None:
    """Does what the words of the command line say."""
    action, names = asked(argv[1:])
    options = reading_options(FLAGS)
    check_options(options, names)
    if action == "list":
        list_all(names, options)
    for name in names if action != "list" else ():
        if action == "prepare":
            prepare(name, options)
        else:
            describe(name, options, Path(FLAGS.output_dir))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, words=WORDS)
