"""Certify how a record repeats: its members trained again, in their population and in others.

    python -m experiments.verify RUN_DIR

trains every arm of a record of train, compare or sweep again as it ran, and the first, middle and
last member of each also alone, and together in another layout. It takes a little longer than the
study did. It prints which come out bit by bit, and how far the others drift in metrics, parameters
and ranks, and adds determinism.json to the record. Other versions, devices and data than those of
the record are named.
"""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags as absl_flags

from dlfun.cli import app, directories, protocol, study_flags
from dlfun.cli.commands import sweep
from dlfun.cli.flag_types import define, flag_of
from dlfun.cli.flagfile import check_lines, given_lines
from dlfun.cli.runtime import check_platform, configure_jax
from dlfun.commands import command
from dlfun.config import parsers
from dlfun.config.option_table import PLATFORMS, name_of
from dlfun.config.options import StudyOptions
from dlfun.config.studies import STUDIES
from dlfun.decoration import tell
from dlfun.errors import UserError
from dlfun.records.flagfile import check_by_flags
from dlfun.records.reader import flags_of

if TYPE_CHECKING:
    from dlfun.records.reader import Recorded
    from dlfun.studies.comparison.compare import Protocol
    from dlfun.studies.population.stacked import Stacked
    from dlfun.studies.reproducibility.rerun import Arm

WORDS = "RUN_DIR"
OF_DATA = ("dataset", "datasets", "target_column", "target_type")


def verify_flags() -> absl_flags.FlagValues:
    """The flags of this script: all that a record does not say of itself."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    what = "members of each arm that are trained alone, and in another population"
    define(values, parsers.integer(1), "members", 3, what, "Study")
    define_where(values)
    return values


def define_where(values: absl_flags.FlagValues) -> None:
    """Adds what no record says of itself: where its data lie, and where to compute."""

    def add(kind: parsers.Kind, name: str, help: str, group: str, usual: str = "") -> None:
        define(values, kind, name, None, help, group, usual=usual)

    usual = "that of tensorflow-datasets"
    add(parsers.path(), "data_dir", "where prepared data sets lie", "Data", usual)
    what = "where files lie that are used instead of a download"
    add(parsers.path(), "manual_dir", what, "Data")
    platforms = parsers.choice("platform", PLATFORMS)
    add(platforms, "platform", "where to compute", "Output & machine", "that of the record")


FLAGS = verify_flags()


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together."""
    directories.check_input_dirs(values.data_dir, values.manual_dir)


def folder_of(words: list[str]) -> Path:
    """The directory that the command line names.

    Raises:
      UserError: if it names none, or several.
    """
    if len(words) != 1:
        raise UserError(f"name the directory of one record: {command('verify')} RUN_DIR")
    return Path(words[0])


def study_of(
    script: str, folder: Path, own: absl_flags.FlagValues = FLAGS, data: bool = True
) -> absl_flags.FlagValues:
    """The flags of the script that wrote a record, as its config.flags gives them.

    What it confirmed is taken from its own copy, where it has one.

    Where the data lie, and the platform, are those of the `own` flags if they say so.

    Args:
      data: whether its data sets are needed; else what names them is left out.

    Raises:
      UserError: if they are not flags of this script any more, or no flags make them.
    """
    check_by_flags(folder, data)
    values: absl_flags.FlagValues = importlib.import_module(f"dlfun.cli.commands.{script}").FLAGS
    given = [
        line
        for name in ("data_dir", "manual_dir", "platform")
        for line in flag_of(own, name).lines()
    ]
    asked = STUDIES[script].protocol
    if asked:
        given += own_copy(folder)
    expand = functools.partial(protocol.with_frozen, values) if asked else list
    lines = given_lines(flags_of(folder))
    try:
        check_lines(values, lines)
        app.parse(
            values,
            [script, *lines, *given],
            check=protocol.check if asked and data else study_flags.check,
            expand=expand if data else lambda args: without_data(expand(args)),
        )
    except UserError as error:
        raise UserError(f"{folder / 'config.flags'}: {error}") from None
    return values


def own_copy(folder: Path) -> list[str]:
    """The argument that takes what a record confirmed from its own copy, if it has one."""
    from dlfun.studies.comparison.frozen import CONFIRMED

    copy = folder / CONFIRMED
    return [f"--frozen={copy.absolute()}"] if copy.exists() else []


def without_data(lines: list[str]) -> list[str]:
    """Lines of a flagfile but for those that say which data sets, and what of them is wanted."""
    return [line for line in lines if name_of(line) not in OF_DATA]


def protocol_of(values: absl_flags.FlagValues, record: Recorded) -> Protocol:
    """How a comparison was made: its looks, and the configurations it was tuned to."""
    from dlfun.studies.comparison.compare import Protocol
    from dlfun.studies.comparison.frozen import NAME, read_frozen
    from dlfun.studies.comparison.tuning import Tuning

    if not STUDIES[record.script].protocol:
        return Protocol()
    found = Protocol(protocol.claim_of(values), variance=values.variance)
    if not values.tune:
        return found
    own = record.folder if (record.folder / NAME).exists() else values.frozen
    choice = protocol.frozen_choice(values, read_frozen(own))
    tuning = Tuning({}, {}, values.tuning_seeds) if values.stage == "all" else None
    return found._replace(choice=choice, tuning=tuning)


def arms_of(
    values: absl_flags.FlagValues,
    options: StudyOptions,
    record: Recorded,
    data: Stacked | None = None,
) -> list[Arm]:
    """What the study of a record trained, on all of its data sets or on one; None reads them."""
    from dlfun.studies.reproducibility.rerun import compared_arms, searched_arms, swept_arms

    if STUDIES[record.script].searches:
        task = sweep.task_of(values, options, data)
        if task is not None:
            return searched_arms(task, sweep.points_of(values, record.rows))
        return swept_arms(options, sweep.configurations_of(values, options.seed), data)
    seeds = len({row["replicate"] for row in record.rows})
    return compared_arms(options, protocol_of(values, record), seeds, data)


def start_jax(values: absl_flags.FlagValues) -> None:
    """Sets JAX up as for the study.

    Raises:
      UserError: if the platform that the study named is not here.
    """
    configure_jax(
        values.platform,
        values.precision,
        app.layout_devices(values),
        values.matmul_precision,
        values.deterministic,
    )
    try:
        check_platform(values.platform)
    except UserError:
        raise UserError(
            f"--platform={values.platform}: no such device here; --platform=cpu uses the record on "
            "another"
        ) from None


def main(argv: list[str]) -> None:
    """Verifies the record that the command line names."""
    from dlfun.records.reader import unsealed

    folder = folder_of(argv[1:])
    with unsealed(folder):
        certify(folder)


def certify(folder: Path) -> None:
    """Verifies the record in a folder, and writes its certificate."""
    from dlfun.records.reader import read_record

    record = read_record(folder)
    values = study_of(record.script, record.folder)
    start_jax(values)
    from dlfun.report.text.determinism import certificate_table
    from dlfun.studies.reproducibility.certificate import FILE, verify
    from dlfun.studies.reproducibility.rerun import search_again

    options = study_flags.study_options(values, record.script, fresh=False)
    task = sweep.task_of(values, options) if STUDIES[record.script].searches else None
    again = None if task is None else search_again(task)
    certificate = verify(record, options, arms_of(values, options, record), FLAGS.members, again)
    tell(certificate_table(certificate), f"certificate: {record.folder / FILE}")


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, computes=False, words=WORDS)
