"""Sweep numbers and shapes of one model, judged by validation; the test split stays closed.

    python -m experiments.sweep --model=cnn --grid learning_rate=1e-3,3e-3,1e-2 --seeds=5

prints a table of all configurations, best first, and draws response.png.
"""

from __future__ import annotations

from typing import Any

from experiments import app, flags, search

FLAGS = flags.study_flags(model="bpnn", dataset="mnist1d")
search.define_search(FLAGS)


def main(argv: list[str]) -> None:
    """Runs the sweep that the flags describe."""
    options = flags.study_options(FLAGS, script="sweep")
    found = search.search_of(FLAGS)
    from dlfun.report.table import study_table
    from dlfun.studies.search import configurations
    from dlfun.studies.sweep import sweep

    def made(point: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        return point, flags.model_options(FLAGS, FLAGS["model"].value, point)

    points = configurations(found.method, found.grid, found.space, found.trials, options.seed)
    study = sweep(options, [made(point) for point in points])
    print(study_table(study.rows, "validation", list(points[0])), *study.notes, sep="\n")
    print(f"record: {study.folder}")


if __name__ == "__main__":
    app.run(main, FLAGS)
