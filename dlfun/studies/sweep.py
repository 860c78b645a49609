"""One model under many configurations, judged by validation: the test split stays closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dlfun.errors import UserError
from dlfun.studies import record
from dlfun.studies.arm import Result, resolve, run_arm
from dlfun.studies.assemble import assemble
from dlfun.studies.loading import load
from dlfun.studies.options import ModelOptions, StudyOptions
from dlfun.studies.record import Study, draw_nothing
from dlfun.studies.stacked import Stacked
from dlfun.types import HParams, Layout, Settings

Configuration = tuple[dict[str, Any], ModelOptions]


def grouped(
    options: StudyOptions, model: str, configurations: Sequence[Configuration], examples: int
) -> dict[Settings, list[Configuration]]:
    """Configurations that share a program, in the order their programs first appear."""
    hparams = [chosen.hparams for _, chosen in configurations]
    groups: dict[Settings, list[Configuration]] = {}
    for columns, chosen in configurations:
        settings = resolve(options, model, chosen, examples, hparams)
        groups.setdefault(settings, []).append((columns, chosen))
    return groups


def run_group(
    options: StudyOptions,
    settings: Settings,
    data: Stacked,
    group: Sequence[Configuration],
    layout: Layout | None,
) -> Result:
    """All configurations of one program, with all seeds, as one population.

    `layout` is used where the user gave none.
    """
    numbers: list[HParams] = [chosen.hparams for _, chosen in group]
    columns = [columns for columns, _ in group]
    layout = group[0][1].layout or layout
    return run_arm(options, settings, data, numbers, layout, columns, open_test=False)


def sweep(
    options: StudyOptions,
    configurations: Sequence[Configuration],
    draw: Callable[[Path], None] = draw_nothing,
) -> Study:
    """Trains every configuration with every seed; the test split is never read.

    Args:
      options: of one model and one data set.
      configurations: for each, the swept names and values, and the model options they make.
      draw: adds pictures to the folder of the record before it gets its name.

    Raises:
      UserError: if there is no validation split to judge by.
    """
    if options.data.validation_fraction == 0:
        raise UserError("--validation_fraction=0 leaves a sweep nothing to judge by; give 0.1")
    (model,), (name,) = options.models, options.datasets
    data = load(name, options)
    groups = grouped(options, model, configurations, data.tuning.train.targets.shape[1])
    for settings in groups:
        assemble(settings, data.first.spec)
    # One layout for all, so that a line of config.flags replays them: that of the largest group.
    layout = None
    trained: dict[Settings, Result] = {}
    for settings in sorted(groups, key=lambda settings: -len(groups[settings])):
        trained[settings] = run_group(options, settings, data, groups[settings], layout)
        layout = trained[settings].layout
    results = [trained[settings] for settings in groups]
    rows = [row for result in results for row in result.rows]

    def fill(folder: Path) -> None:
        record.write_members(folder, rows)
        record.write_history(folder, results)
        record.write_parameters(folder, results, options.keep)
        record.write_environment(folder, [data.first])
        record.write_flags(folder, "sweep", options.flags, results)
        draw(folder)

    folder = record.write_study(options, "runs/sweep", fill)
    return Study(rows, [], folder)
