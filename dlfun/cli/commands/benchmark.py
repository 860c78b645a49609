"""How fast dlfun is here: against its peers, against this device, and as populations grow.

    python -m experiments.benchmark --quick

times four works against PyTorch in less than two minutes on two cores and prints its tables;
without --quick eleven works and their scaling take about fifteen minutes.
"""

from __future__ import annotations

import dataclasses
import math
import os
import shlex
import sys
from typing import Any

from absl import flags as absl_flags

from dlfun.benchmark.options import (
    DEFAULT_PEERS,
    DEFAULT_REPEATS,
    DEFAULT_WORKS,
    BenchmarkOptions,
)
from dlfun.benchmark.peers import PEERS
from dlfun.benchmark.works import NAMES, PUBLISHED
from dlfun.cli import app, directories
from dlfun.cli.flag_types import define, flag_of
from dlfun.cli.flagfile import replayed
from dlfun.commands import command
from dlfun.config import parsers
from dlfun.config.option_table import PLATFORMS, PRECISIONS
from dlfun.decoration import spared, tell
from dlfun.types import Range

QUICK = {
    "works": ("softmax", "bpnn", "bpnn64", "mnist1d_mlp"),
    "repeats": 3,
    "seconds": 0.3,
    "members_max": 4,
}
"""What --quick changes where no flag says otherwise; of the curves it draws one."""

COMMAND = (
    *(sys.executable, "-m", "dlfun", "compare"),
    *("--flagfile=recipe:mnist1d_published", "--seeds=20", "--keep=none"),
)
ALL, NONE = "all", "none"


def some_of(what: str, valid: tuple[str, ...], none: bool = False) -> parsers.Kind:
    """A list of names, `all` of them, or `none`."""
    kind = parsers.names(what, valid)

    def parse(given: str) -> tuple[str, ...]:
        if given.strip() == ALL:
            return valid
        return () if none and given.strip() == NONE else kind.parse(given)

    return dataclasses.replace(kind, parse=parse, show=lambda names: ",".join(names) or NONE)


def benchmark_flags() -> absl_flags.FlagValues:
    """The flags of this script."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)

    def add(kind: parsers.Kind, name: str, default: Any, help: str, usual: str = "") -> None:
        define(values, kind, name, default, help, "Benchmark", usual=usual)

    add(
        some_of("work", NAMES), "works", DEFAULT_WORKS, "what is timed, or all", "all but published"
    )
    peers = some_of("peer", tuple(PEERS), none=True)
    add(peers, "peers", DEFAULT_PEERS, "against whom: names, all, or none")
    add(parsers.integer(1), "repeats", DEFAULT_REPEATS, "timings of every side, in turns")
    add(parsers.integer(1), "members", None, "of every population", "those of each work")
    add(parsers.integer(1), "steps", None, "of dlfun's timed program", "those of each work")
    seconds = parsers.number(Range(0, math.inf, "", low_allowed=False, high_allowed=False))
    add(seconds, "seconds", BenchmarkOptions.seconds, "that one timing is to last, about")
    add(parsers.boolean(), "quick", False, "a few works, short: two minutes on two cores")
    add(parsers.boolean(), "scaling", True, "populations of 1, 2, 4, ... members as well")
    most = "16 on a CPU, else 4096 or what memory holds"
    add(parsers.integer(1), "members_max", None, "of the scaling", most)
    precision = parsers.choice("precision", PRECISIONS)
    add(precision, "precision", BenchmarkOptions.precision, "of the arithmetic, on every side")
    add(parsers.path(), "baseline", None, "a benchmark.json; gives a verdict for each row")
    add(parsers.boolean(), "fail_on_regression", False, "exit code 1 if a row is slower than there")
    _define_machine(values)
    return values


def _define_machine(values: absl_flags.FlagValues) -> None:
    def add(kind: parsers.Kind, name: str, help: str, usual: str = "") -> None:
        define(values, kind, name, None, help, "Output & machine", usual=usual)

    add(parsers.path(), "output_dir", "a new directory for the record", "runs/benchmark-DATE-TIME")
    add(parsers.path(), "trace_dir", "a directory for profiler traces of the steady state")
    add(parsers.choice("platform", PLATFORMS), "platform", "where to compute", "the best there is")
    add(
        parsers.layout(),
        "layout",
        "how dlfun's members meet devices: devices x members at once on each, such as 2x5",
        "auto",
    )


FLAGS = benchmark_flags()


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together."""
    from dlfun.errors import UserError

    if values.fail_on_regression and not values.baseline:
        raise UserError("--fail_on_regression needs a --baseline to compare with")
    if values.output_dir is not None:
        directories.check_output_dir(directories.followed(values.output_dir))


def benchmark_options(values: absl_flags.FlagValues) -> BenchmarkOptions:
    """What the study needs, from the flags."""

    def chosen(name: str) -> Any:
        if values.quick and name in QUICK and values[name].using_default_value:
            return QUICK[name]
        return getattr(values, name)

    works = chosen("works")
    curves = [name for name in works if name != PUBLISHED] if values.scaling else []
    if values.quick and values["scaling"].using_default_value:
        curves = curves[-1:]
    same = ("works", "peers", "repeats", "members", "steps", "seconds", "members_max", "precision")
    return BenchmarkOptions(
        **{name: chosen(name) for name in same},
        layout=values.layout,
        scaling=tuple(curves),
        platform=values.platform,
        setup="dlfun.cli.runtime:start_jax",
        published_command=COMMAND,
        trace_dir=values.trace_dir,
        baseline=values.baseline,
        output_dir=values.output_dir,
        flags=tuple(line for name in replayed(values) for line in flag_of(values, name).lines()),
    )


def main(argv: list[str]) -> int:
    """Runs the benchmark that the flags describe; 1 if it must fail on a regression."""
    output_dir = directories.usable_output_dir(FLAGS.output_dir, "benchmark")
    options = dataclasses.replace(benchmark_options(FLAGS), output_dir=output_dir)
    os.environ.setdefault("MPLBACKEND", "Agg")
    from dlfun.benchmark.study import benchmark
    from dlfun.report.figures.benchmark import draw_benchmark
    from dlfun.report.text.benchmark import benchmark_tables

    done = benchmark(options, lambda folder: spared("pictures", lambda: draw_benchmark(folder)))
    again = f"{command('benchmark')} --baseline={shlex.quote(str(done.folder))}"
    tell(benchmark_tables(done.found), f"record: {done.folder}", f"next: {again}")
    return int(FLAGS.fail_on_regression and done.regressed)


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check)
