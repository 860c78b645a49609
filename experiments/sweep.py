"""Sweep numbers and shapes of one model, judged by validation; the test split stays closed.

    python -m experiments.sweep --model=cnn --grid learning_rate=1e-3,3e-3,1e-2 --seeds=5

prints a table of all configurations, best first, and draws response.png.
"""

from __future__ import annotations

import functools
from typing import Any

from experiments import app, flags, search
from experiments.explain import explained

FLAGS = flags.study_flags(model="bpnn", dataset="mnist1d")
search.define_search(FLAGS)


def main(argv: list[str]) -> None:
    """Runs the sweep that the flags describe."""
    options = flags.study_options(FLAGS, script="sweep")
    if explained(FLAGS, options):
        return
    found = search.search_of(FLAGS)
    from dlfun.report.figures import draw_sweep
    from dlfun.report.table import study_table
    from dlfun.studies.search import configurations
    from dlfun.studies.sweep import sweep

    def made(point: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        return point, flags.model_options(FLAGS, FLAGS["model"].value, point)

    points = configurations(found.method, found.grid, found.space, found.trials, options.seed)
    swept = list(points[0])
    draw = functools.partial(draw_sweep, swept=swept)
    study = sweep(options, [made(point) for point in points], draw)
    print(study_table(study.rows, "validation", swept))
    print(f"record: {study.folder}")


if __name__ == "__main__":
    app.run(main, FLAGS)
