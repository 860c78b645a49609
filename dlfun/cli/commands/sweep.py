"""Sweep numbers and shapes of one model, judged by validation; the test split stays closed.

    python -m experiments.sweep --model=cnn --grid learning_rate=1e-3,3e-3,1e-2 --seeds=5

prints a table of all configurations, best first, and draws response.png.

    python -m experiments.sweep --model=cnn --search=halving --space learning_rate=log:1e-4:1e-1

stops all but the best third of 64 configurations after each rung of successive halving.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from absl import flags as absl_flags

from dlfun.cli import app, search_flags, study_flags
from dlfun.cli.layout_candidates import explained
from dlfun.cli.page import with_page
from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.search_space import ON_THE_WAY
from dlfun.decoration import tell

if TYPE_CHECKING:
    from dlfun.studies.population.stacked import Stacked
    from dlfun.studies.search.adaptive import Task
    from dlfun.studies.search.sweep import Configuration

MOST = 50
"""Configurations that are printed."""

FLAGS = study_flags.study_flags(model="bpnn", dataset="mnist1d")
search_flags.define_search(FLAGS)


def made(values: absl_flags.FlagValues, point: Mapping[str, Any]) -> ModelOptions:
    """The model options at a point: swept names and their values."""
    return study_flags.model_options(values, values.model, point)


def configurations_of(values: absl_flags.FlagValues, seed: int) -> list[Configuration]:
    """What a sweep tries that decides nothing on the way."""
    from dlfun.studies.search.samplers import configurations

    points = configurations(search_flags.search_of(values), seed)
    return [(point, made(values, point)) for point in points]


def task_of(
    values: absl_flags.FlagValues, options: StudyOptions, data: Stacked | None = None
) -> Task | None:
    """The search of these flags, if it is one that decides on the way; without data it reads it."""
    from dlfun.studies.search.adaptive import Task
    from dlfun.studies.search.sweep import opened

    asked = search_flags.search_of(values)
    if asked.method not in ON_THE_WAY:
        return None
    data = opened(options) if data is None else data
    return Task(options, data, asked, functools.partial(made, values))


def points_of(
    values: absl_flags.FlagValues, rows: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The swept names and values of each row of a record, as its flags take them."""
    known = search_flags.kinds(values.model)
    names = search_flags.search_of(values).space
    return [{name: known[name].parse(row[name]) for name in names} for row in rows]


def main(argv: list[str]) -> None:
    """Runs the sweep that the flags describe."""
    options = study_flags.study_options(FLAGS, script="sweep")
    if explained(FLAGS, options):
        return
    from dlfun.report.figures.record_figures import draw_sweep
    from dlfun.report.text.table import study_table
    from dlfun.studies.search.sweep import search_on_the_way, sweep

    asked = search_flags.search_of(FLAGS)
    swept = [*asked.grid, *asked.space]
    draw = with_page(FLAGS, functools.partial(draw_sweep, swept=swept), swept)
    if (task := task_of(FLAGS, options)) is not None:
        study = search_on_the_way(task, draw)
    else:
        study = sweep(options, configurations_of(FLAGS, options.seed), draw)
    tell(study_table(study.rows, "validation", swept, MOST), *study.notes)
    tell(f"record: {study.folder}")


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS)
