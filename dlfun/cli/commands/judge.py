"""Judge results from anywhere: which method is better, and by how much?

    python -m experiments.judge scores.csv

reads a table of results, a row a run with columns of method, data set, seed and score, or a column
a method; it prints every verdict, with its interval, and over several data sets mean ranks.
Columns are known by their usual names, or by --method, --dataset, --seed and --score; `-` is
standard input.

    python -m experiments.judge scores.csv --score=accuracy,loss --lower=loss --output_dir=judged

judges two scores, and leaves tables and a page of each.

    python -m experiments.judge runs/ --by=config.model --seed=config.seed --score=val/accuracy:last

reads what other tools logged: MLflow's store, TensorBoard's event files, Optuna's studies, folders
of metrics.csv, arrays in .npy and .npz.

    python -m experiments.judge scores.csv --require="new not worse than old by 0.005"

ends with 0 where that holds, 1 where it fails, and 3 where more seeds are needed to tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags as absl_flags

from dlfun.cli import app, directories, next_steps
from dlfun.cli.flag_types import define, flag_of
from dlfun.commands import command
from dlfun.config import parsers
from dlfun.config.option_table import OPTIONS
from dlfun.config.protocol_table import DELTA, NOISE_FLOOR, REQUIRE
from dlfun.decoration import tell
from dlfun.errors import UserError
from dlfun.results.columns import folder_name
from dlfun.results.scores import PAIRS

if TYPE_CHECKING:
    from dlfun.results.judged import Judged

WORDS = "RESULTS"
OF_TABLE = (
    *("method", "by", "dataset", "seed", "score", "lower"),
    *("pairs", "delta", "reference", "require"),
)
"""Flags by which a table is judged so again."""


def columns() -> parsers.Kind:
    """Names of columns, parted by commas."""

    def parse(given: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in given.split(","))
        if not all(names):
            raise ValueError("must be names of columns, parted by commas")
        return names

    return parsers.Kind(parse, ",".join, "NAME,...")


def judge_flags() -> absl_flags.FlagValues:
    """The flags of this command."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    for name, what in (
        ("method", "the column of methods; a table without one has a column a method"),
        ("dataset", "the column of data sets"),
        ("seed", "the column of seeds"),
    ):
        define(values, parsers.text(), name, None, what, "Table", usual="by its usual names")
    what = "columns whose values together name the method, parted by commas; instead of --method"
    define(values, columns(), "by", (), what, "Table", usual="--method alone")
    what = (
        "the columns of scores, parted by commas; of runs with a curve NAME:last, NAME:best or "
        "NAME:mean10, the mean of the last ten"
    )
    define(values, columns(), "score", (), what, "Table", usual="by its usual names")
    what, usual = "of these, those of which less is better", "those named loss, error, time ..."
    define(values, columns(), "lower", (), what, "Table", usual=usual)
    kind = parsers.choice("pairs", PAIRS)
    what = "whether runs of one seed are pairs; auto: where all methods have the same seeds"
    define(values, kind, "pairs", "auto", what, "Verdicts")
    define(values, DELTA.kind, "delta", None, DELTA.help, "Verdicts", usual="0")
    what = "judge every method against this one alone"
    define(values, parsers.text(), "reference", None, what, "Verdicts", usual="all pairs")
    what = REQUIRE.help
    define(values, REQUIRE.kind, "require", (), what, "Verdicts", usual="none", repeated=True)
    define(values, NOISE_FLOOR.kind, "noise_floor", False, NOISE_FLOOR.help, "Verdicts")
    what = "a new directory for tables and page; of several scores one for each in it"
    define(values, parsers.path(), "output_dir", None, what, "Output & machine", usual="none")
    row = OPTIONS["overwrite"]
    define(values, row.kind, "overwrite", row.default, row.help, row.group)
    return values


FLAGS = judge_flags()


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together."""
    if values.by and values.method:
        raise UserError("--by and --method both say what the method is; leave one out")
    if values.overwrite and values.output_dir is None:
        raise UserError("--overwrite is for --output_dir; add it, or leave --overwrite out")


def main(argv: list[str]) -> int:
    """Judges the table that the command line names; returns what gates make the exit code."""
    from dlfun.report.text.gates import gate_lines
    from dlfun.report.text.judged import judged_text
    from dlfun.results.columns import Columns
    from dlfun.results.judged import Rules, judge_all
    from dlfun.results.scores import read_scores
    from dlfun.results.sources import read_results
    from dlfun.studies.comparison.gates import exit_code, write_gates
    from dlfun.studies.comparison.noise_floor import floor_notes

    if len(argv) != 2:
        raise UserError(f"name one file or folder of results: {command('judge')} scores.csv")
    named = Columns(FLAGS.by or FLAGS.method, FLAGS.dataset, FLAGS.seed, FLAGS.score, FLAGS.lower)
    found = read_scores(read_results(argv[1], named), named)
    folders = folders_of([scores.name for scores in found])
    rules = Rules(FLAGS.delta or {}, FLAGS.pairs, FLAGS.reference, FLAGS.require)
    gates: list[dict[str, Any]] = []
    for judged, folder in zip(judge_all(found, rules), folders, strict=True):
        gates += judged.gates
        floor = floor_notes(judged.tested) if FLAGS.noise_floor else []
        shown = "\n".join([judged_text(judged), *floor, *gate_lines(judged.gates)])
        if folder is not None:
            tell(shown)
            record(judged._replace(notes=[*judged.notes, *floor]), folder, argv[1])
            continue
        print(shown, flush=True)  # it stands nowhere else
        if gates:
            tell(f"gates: {write_gates(gates)}")
    return exit_code(gates)


def record(judged: Judged, folder: str, source: str) -> None:
    """Writes what was judged, and says where."""
    from dlfun.results.record import Origin, write_judged

    given = [name for name in OF_TABLE if FLAGS[name].value not in (None, ())]
    lines = [line for name in given for line in flag_of(FLAGS, name).lines()]
    written = write_judged(judged, folder, Origin(source, lines), draw, FLAGS.overwrite)
    tell(f"record: {written}")
    next_steps.add("judge", page=next_steps.page_of(written))


def draw(folder: Path) -> None:
    """Adds the page to a record."""
    from dlfun.report.html import write_report

    write_report(folder, [folder])


def folders_of(scores: list[str]) -> list[str | None]:
    """Where the record of each score goes; nowhere without --output_dir.

    Raises:
      UserError: if one cannot be written there.
    """
    given: str | None = FLAGS.output_dir
    if given is None:
        return [None] * len(scores)
    several = [str(Path(given, folder_name(name))) for name in scores]
    if len(set(several)) < len(several):
        raise UserError(f"--score={','.join(scores)}: two would have one folder; judge one by one")
    wanted = several if len(scores) > 1 else [given]
    return [directories.usable_output_dir(one, "judge", FLAGS.overwrite) for one in wanted]


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, words=WORDS)
