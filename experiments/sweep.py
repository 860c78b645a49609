"""Sweep numbers and shapes of one model, judged by validation; the test split stays closed.

    python -m experiments.sweep --model=cnn --grid learning_rate=1e-3,3e-3,1e-2 --seeds=5

prints a table of all configurations, best first, and draws response.png.
"""

from __future__ import annotations

import functools
from typing import Any

from absl import flags as absl_flags

from dlfun.studies.options import ModelOptions
from experiments import app, flags, search
from experiments.explain import explained
from experiments.page import with_page

FLAGS = flags.study_flags(model="bpnn", dataset="mnist1d")
search.define_search(FLAGS)


def configurations_of(
    values: absl_flags.FlagValues, seed: int
) -> list[tuple[dict[str, Any], ModelOptions]]:
    """What a sweep tries: for each, the swept names and values, and the model options they make."""
    from dlfun.studies.search import configurations

    found = search.search_of(values)
    points = configurations(found.method, found.grid, found.space, found.trials, seed)
    return [(point, flags.model_options(values, values.model, point)) for point in points]


def main(argv: list[str]) -> None:
    """Runs the sweep that the flags describe."""
    options = flags.study_options(FLAGS, script="sweep")
    if explained(FLAGS, options):
        return
    from dlfun.report.figures import draw_sweep
    from dlfun.report.table import study_table
    from dlfun.studies.sweep import sweep

    configurations = configurations_of(FLAGS, options.seed)
    swept = list(configurations[0][0])
    draw = with_page(FLAGS, functools.partial(draw_sweep, swept=swept), swept)
    study = sweep(options, configurations, draw)
    print(study_table(study.rows, "validation", swept))
    print(f"record: {study.folder}")


if __name__ == "__main__":
    app.run(main, FLAGS)
