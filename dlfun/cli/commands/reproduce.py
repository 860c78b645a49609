"""Run the recipes of published figures, and say which of them come out.

    python -m experiments.reproduce --manual_dir=FOLDER

runs every recipe of experiments/recipes that has a published figure, one after the other, and
writes the table of REPRODUCED.md. FOLDER holds the original files of the data sets that are
downloaded. A recipe whose record lies in --output_dir is not run again, so the same command goes
on where it was stopped. Lines of recipes that were not run stay in the table: what they measured is
judged anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import flags as absl_flags

from dlfun.cli import app, directories, next_steps
from dlfun.cli.flag_types import define
from dlfun.cli.recipes import NAMES, RECIPES
from dlfun.config import parsers
from dlfun.config.option_table import PLATFORMS
from dlfun.decoration import tell
from dlfun.errors import UserError
from dlfun.lifetime import followed
from dlfun.records.checksums import write_into
from dlfun.records.outputs import check_file, written
from dlfun.types import Range

USED = "recipe.flags"
"""The copy of a recipe that lies in the record it made."""

LAST = 4096
"""Bytes at the end of what a recipe says that are searched for its error."""

HEAD = """# Published figures, reproduced

Made by `python -m experiments.reproduce`; the header of each recipe in `experiments/recipes/` says
its protocol and source. Measured: the mean over n runs with its 95 % t interval (a share of runs:
with that of Clopper and Pearson); a largest or smallest value has none, nor has a single run.

A published figure is *reproduced* where the interval holds it, or the mean lies in the band around
it; else the mean *exceeds* it or *falls short* of it, by what is better of that metric. A theorem
or a bound, which has no figure, *holds* where all of the interval (or the value without one) keeps
to it, is *broken* where none of it does, and *undecided* between. Bands and bounds were set before
the runs, but for those of which the recipe's header says otherwise.

Run: the day of the runs of a line. What they measured stays as it was written then, and the words
follow from it anew. Seconds: training and compilation of all n runs together, longer where other
work shared the device.

"""


def reproduce_flags() -> absl_flags.FlagValues:
    """The flags of this script."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)

    def add(kind: parsers.Kind, name: str, default: Any, help: str, usual: str = "") -> None:
        define(values, kind, name, default, help, "Output & machine", usual=usual)

    known = parsers.names("recipe", NAMES)
    define(values, known, "recipes", (), "which to run", "Reproduce", usual="all with a figure")
    minutes = parsers.number(Range(0, float("inf"), ""))
    define(
        values, minutes, "minutes", None, "begin no recipe after so many", "Reproduce", usual="none"
    )
    add(parsers.path(), "output_dir", "runs/reproduce", "a folder for the records, to go on in")
    add(parsers.path(), "table", "REPRODUCED.md", "the file of the table")
    add(parsers.path(), "data_dir", None, "where prepared data sets lie", "as tensorflow-datasets")
    add(parsers.path(), "manual_dir", None, "where files lie that are used instead of a download")
    add(parsers.choice("platform", PLATFORMS), "platform", None, "where to compute", "the best")
    return values


FLAGS = reproduce_flags()


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where a folder will not do."""
    directories.check_input_dirs(values.data_dir, values.manual_dir)
    directories.check_folder("output_dir", values.output_dir)
    check_file("table", values.table)


def lines_of(recipe: Path) -> list[str]:
    """The flags of a recipe, without its comments."""
    return [line for line in recipe.read_text().splitlines() if line.startswith("-")]


def is_done(name: str, folder: Path) -> bool:
    """Whether the record of a recipe is there.

    Raises:
      UserError: if it was made from another version of the recipe.
    """
    if not (folder / USED).is_file():
        return False
    if lines_of(folder / USED) != lines_of(RECIPES / f"{name}.flags"):
        raise UserError(
            f"{folder} was made from another version of the recipe {name}; "
            "delete it to run the recipe again, or name another --output_dir"
        )
    return True


def run_recipe(name: str, folder: Path, given: Sequence[str]) -> str:
    """Runs a recipe as its own command; returns why it left no record, or nothing."""
    recipe = RECIPES / f"{name}.flags"
    command = [sys.executable, "-m", "dlfun", "compare", f"--flagfile={recipe}"]
    command += [f"--output_dir={folder}", "--keep=none", *given]
    if folder.exists():  # a record whose recipe could not be written down any more
        command.append("--overwrite")
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | followed()) as ran:
        try:
            said = shown(ran)
        except BaseException:
            ran.terminate()  # it keeps what it did
            raise
    if ran.returncode:
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        return errors[-1].removeprefix("error: ") if errors else f"exit code {ran.returncode}"
    write_into(folder, USED, recipe.read_text())
    return ""


def shown(running: subprocess.Popen) -> str:
    """Passes on what a command says on stderr while it runs; returns the end of it."""
    assert isinstance(running.stderr, io.BufferedReader)
    said = b""
    while part := running.stderr.read1():
        with contextlib.suppress(OSError):
            os.write(2, part)
        said = (said + part)[-LAST:]
    return said.decode(errors="replace")


def run_all(values: absl_flags.FlagValues, names: Sequence[str]) -> dict[str, str]:
    """Runs what is not done yet; for each recipe why it has no record, or nothing."""
    given = [
        f"--{name}={getattr(values, name)}"
        for name in ("data_dir", "manual_dir", "platform")
        if getattr(values, name)
    ]
    folders = {name: Path(values.output_dir) / name for name in names}
    done = {name for name, folder in folders.items() if is_done(name, folder)}
    from dlfun.report.text.reproduced import LATE

    start, reasons = time.monotonic(), {}
    for name, folder in folders.items():
        spent = (time.monotonic() - start) / 60
        if name in done:
            reasons[name] = ""
        elif values.minutes is not None and spent >= values.minutes:
            reasons[name] = LATE
        else:
            tell(f"{name} ...")
            reasons[name] = run_recipe(name, folder, given)
    return reasons


def main(argv: list[str]) -> None:
    """Runs the recipes that the flags name, and writes the table."""
    from dlfun.report.claims import read_claims
    from dlfun.report.text.reproduced import markdown, read_table, summary, table_of

    claims = read_claims(RECIPES / "claims.csv")
    names = FLAGS.recipes or tuple(dict.fromkeys(claim.recipe for claim in claims))
    reasons = run_all(FLAGS, names)
    lines = table_of(claims, reasons, Path(FLAGS.output_dir), read_table(Path(FLAGS.table)))
    if lines:
        table = f"{summary(lines)}\n\n{markdown(lines)}"
        with written("table", FLAGS.table) as file:
            file.write(f"{HEAD}{table}\n")
        tell(table, f"table: {FLAGS.table}")
        there = [Path(FLAGS.output_dir) / name for name, why in reasons.items() if not why]
        next_steps.add("reproduce", records=" ".join(map(next_steps.shown, there)))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check)
