"""One page of what studies found, made from their records alone.

    python -m experiments.report RUN_DIR ...

writes RUN_DIR/report.html in two seconds and trains nothing: verdicts, every run, what it cost and
what was learned. Several run directories are shown side by side, in report.html. The page is one
file that asks nothing of the network.

    python -m experiments.report --between=paired RUN_DIR RUN_DIR ...

prints what the arms of the others gained over those of the same name in the first.

    python -m experiments.report --leaderboard runs/*

writes leaderboard.html: the arms of all records by data set, in groups that no verdict tells apart.
What is no record with test scores is left out, and named.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import flags as absl_flags

from dlfun.cli import app, next_steps
from dlfun.cli.flag_types import define
from dlfun.config import parsers
from dlfun.config.protocol_table import DELTA, NOISE_FLOOR, REQUIRE
from dlfun.config.studies import STUDIES
from dlfun.decoration import stderr, tell
from dlfun.errors import UserError
from dlfun.phases import phase
from dlfun.records.outputs import check_file
from dlfun.words import plural

WORDS = "RUN_DIR ..."
NAME = "report.html"
CERTIFICATE = "determinism.json"
HOW = ("paired", "unpaired")
FORMATS = ("html", "csv", "latex", "markdown")


def report_flags() -> absl_flags.FlagValues:
    """The flags of this script."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    usual = "RUN_DIR/report.html; report.html for several; leaderboard.html for --leaderboard"
    help = "the file of the page, which is replaced if it is there; a device or pipe is written to"
    define(values, parsers.path(), "output_file", None, help, "Output & machine", usual=usual)
    kind = parsers.choice("format", FORMATS)
    define(values, kind, "format", "html", "html is the page; the others print its tables", "Page")
    kind = parsers.choice("between", HOW)
    help = (
        "instead of a page: judge the arms of the other records against those of the same name in "
        "the first; paired compares seed by seed and needs the same seeds, unpaired takes any"
    )
    define(values, kind, "between", None, help, "Verdicts", usual="none")
    help = (
        "instead of the page of each: arms of all records by data set, in groups that no verdict "
        "tells apart; the same arm is pooled where protocol, data and split agree"
    )
    define(values, parsers.boolean(), "leaderboard", False, help, "Verdicts")
    help = (
        "for --between and --leaderboard: the largest difference that counts as none, or "
        "DATASET:NUMBER,..."
    )
    usual = "that of compare; of judged results 0"
    define(values, DELTA.kind, "delta", None, help, "Verdicts", usual=usual)
    help = f"for --between: {REQUIRE.help}"
    define(values, REQUIRE.kind, "require", (), help, "Verdicts", usual="none", repeated=True)
    help = f"for --between: {NOISE_FLOOR.help}"
    define(values, NOISE_FLOOR.kind, "noise_floor", False, help, "Verdicts")
    return values


FLAGS = report_flags()


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together, or the file named cannot be one."""
    if values.delta is not None and values.between is None and not values.leaderboard:
        raise UserError(
            "--delta is for --between and --leaderboard; a record's own pairs keep the delta they "
            "had"
        )
    for name in ("require", "noise_floor"):
        if values[name].value and values.between is None:
            raise UserError(f"--{name} is for --between; add it, or give it to compare or judge")
    if values.between is not None and values.leaderboard:
        raise UserError("--between judges each arm against its own name; leave --leaderboard out")
    if values.between is not None and values.output_file is not None:
        raise UserError("--between prints its verdicts; leave --output_file out")
    if values.output_file is None:
        return
    if values.format != "html":
        raise UserError(f"--format={values.format} prints its tables; leave --output_file out")
    check_file("output_file", values.output_file)


def print_between(folders: Sequence[Path], how: str, delta: dict[str, float]) -> int:
    """Prints the verdicts on arms of the same name in different records, and the gates on them."""
    with phase("judging the arms"):
        from dlfun.studies.comparison.across_records import judge_between

        pairs = judge_between(folders, how, delta)
    lines, gates = gates_between(folders, how, delta)
    if FLAGS["format"].value == "html":
        from dlfun.report.text.verdicts import verdict_table

        print(verdict_table(pairs).lstrip("\n"))
    else:
        from dlfun.report.text.papers import print_pairs

        print(print_pairs(pairs, FLAGS["format"].value))
    if not lines:
        return 0
    from dlfun.studies.comparison.gates import exit_code, write_gates

    tell(*lines)
    if gates:
        tell(f"gates: {write_gates(gates)}")
    return exit_code(gates)


def gates_between(
    folders: Sequence[Path], how: str, delta: dict[str, float]
) -> tuple[list[str], list[dict[str, Any]]]:
    """The noise floor and the gates that are asked for, in lines, and the gates themselves."""
    if not (FLAGS.require or FLAGS.noise_floor):
        return [], []
    from dlfun.config.comparison_spec import Claim
    from dlfun.report.text.gates import gate_lines
    from dlfun.studies.comparison.across_records import tested_between
    from dlfun.studies.comparison.gates import decide_gates
    from dlfun.studies.comparison.noise_floor import floor_notes

    tested = tested_between(folders, how)
    gates = decide_gates(FLAGS.require, tested, Claim(delta))
    return [*(floor_notes(tested) if FLAGS.noise_floor else []), *gate_lines(gates)], gates


def print_leaderboard(folders: Sequence[Path], delta: dict[str, float]) -> None:
    """Writes the leaderboard's page, or prints its tables; says what is not in it."""
    with phase("judging the arms"):
        from dlfun.studies.leaderboard.leaderboard import make_leaderboard

        board = make_leaderboard(folders, delta)
    for name, why in board.left_out:
        print(f"left out: {name}: {why}", file=stderr())
    if FLAGS["format"].value != "html":
        from dlfun.report.text.leaderboard import leaderboard_text

        print(leaderboard_text(board, FLAGS["format"].value))
        return
    from dlfun.report.html.leaderboard import write_leaderboard

    target = write_leaderboard(board, FLAGS.output_file)
    tell(f"leaderboard of {plural(board.records, 'record')}: {target}")


def main(argv: list[str]) -> int:
    """Writes the page of the records that the command line names."""
    folders = [Path(word) for word in argv[1:]]
    if not folders:
        raise UserError("name the --output_dir of a study, such as runs/compare")
    if FLAGS.leaderboard:
        print_leaderboard(folders, FLAGS["delta"].value or {})
        return 0
    from dlfun.records.reader import unsealed

    with unsealed(*folders):
        return report(folders)


def report(folders: Sequence[Path]) -> int:
    """What the flags ask for, of these records; returns the exit code."""
    if FLAGS["between"].value is not None:
        return print_between(folders, FLAGS["between"].value, FLAGS["delta"].value or {})
    if FLAGS["format"].value != "html":
        from dlfun.report.text.papers import print_tables

        print(print_tables(folders, FLAGS["format"].value))
        return 0
    with phase("drawing the page"):
        from dlfun.report.html import write_page, write_report
        from dlfun.report.text.notes import notes_in

        if FLAGS.output_file is None and len(folders) == 1:
            target = write_report(folders[0], folders)
        else:
            target = write_page(FLAGS.output_file or NAME, folders)
    tell(*notes_in(folders), f"report: {target}")
    once = len(folders) == 1 and is_verifiable(folders[0])
    next_steps.add("report", single=next_steps.shown(folders[0]) if once else "")
    return 0


def is_verifiable(folder: Path) -> bool:
    """Whether a record is of a study whose arms can be trained again, and were not yet."""
    from dlfun.records.reader import script_of

    with contextlib.suppress(UserError, KeyError):
        return bool(STUDIES[script_of(folder)].arms) and not (folder / CERTIFICATE).exists()
    return False


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, words=WORDS)
