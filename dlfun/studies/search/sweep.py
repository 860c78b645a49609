"""One model under many configurations, judged by validation: the test split stays closed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.search_request import check_held_out, search_of
from dlfun.config.search_space import ON_THE_WAY
from dlfun.config.study_request import StudyRequest
from dlfun.records import writer
from dlfun.records.environment import write_environment
from dlfun.records.notes import Note, texts
from dlfun.records.outcome import Result
from dlfun.records.writer import Study, draw_nothing
from dlfun.studies.artifacts.data_preparation import write_datasets
from dlfun.studies.population.arm import resolve, run_arm
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.remarks import work_notes
from dlfun.studies.population.remedies import unit_notes
from dlfun.studies.population.stacked import Stacked, fewest, shut
from dlfun.studies.population.study_data import load
from dlfun.studies.search import adaptive
from dlfun.studies.search.adaptive import Found
from dlfun.studies.search.samplers import configurations
from dlfun.studies.search.task import Make, Task
from dlfun.types import HParams, Layout, Settings
from dlfun.words import amount, plural

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
    return run_arm(options, settings, data, numbers, layout, columns)


def run_sweep(request: StudyRequest, options: StudyOptions, draw: Callable[[Path], None]) -> Study:
    """The sweep of a request."""
    if search_of(request).method in ON_THE_WAY:
        return search_on_the_way(task_of(request, options), draw)
    return sweep(options, configurations_of(request), draw)


def task_of(request: StudyRequest, options: StudyOptions, data: Stacked | None = None) -> Task:
    """A search that decides on the way; without data it reads them."""
    data = opened(options) if data is None else data
    return Task(options, data, search_of(request), make_of(request))


def configurations_of(request: StudyRequest) -> list[Configuration]:
    """What a sweep tries that decides nothing on the way."""
    points, make = configurations(search_of(request), request["seed"]), make_of(request)
    return [(point, make(point)) for point in points]


def make_of(request: StudyRequest) -> Make:
    """A point of the space -> the options of the one model there."""
    (model,) = request.models
    return functools.partial(request.model_options, model.name)


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
    data = opened(options)
    (model,) = options.models
    groups = grouped(options, model, configurations, fewest(data.tuning.train))
    for settings in groups:
        assemble(settings, data.first.spec)
    # One layout for all, so that a line of config.flags replays them: that of the largest group.
    layout = None
    trained: dict[Settings, Result] = {}
    for settings in sorted(groups, key=lambda settings: -len(groups[settings])):
        trained[settings] = run_group(options, settings, data, groups[settings], layout)
        layout = trained[settings].layout
    return left(options, data, Found([trained[settings] for settings in groups], []), draw)


def search_on_the_way(task: Task, draw: Callable[[Path], None] = draw_nothing) -> Study:
    """Searches by a method that decides on the way; the test split is never read.

    Args:
      task: its data are those that `opened` gives.
      draw: as in `sweep`.

    Raises:
      UserError: if the search cannot be planned so.
    """
    return left(task.options, task.data, adaptive.search(task), draw)


def opened(options: StudyOptions) -> Stacked:
    """The data of a sweep, without the test split.

    Raises:
      UserError: if there is no validation split to judge by.
    """
    check_held_out(options.data.validation_fraction, "a sweep", "judge")
    (name,) = options.datasets
    return shut(load(name, options))


def left(options: StudyOptions, data: Stacked, found: Found, draw: Callable[[Path], None]) -> Study:
    """The study of what was found, and its record."""
    rows = [row for result in found.results for row in result.rows]
    said = search_notes(data, found, next(iter(options.models)))

    def fill(folder: Path) -> None:
        writer.write_members(folder, rows)
        writer.write_history(folder, found.results)
        writer.write_parameters(folder, found.results, options.keep)
        write_environment(folder, [data.first], found.results, options)
        writer.write_notes(folder, said)
        writer.write_request(folder, options.request, found.results)
        write_datasets(folder, options, [data])
        if found.told:
            writer.write_table(folder / "search.csv", found.told)
        draw(folder)

    folder = writer.write_study(options, "runs/sweep", fill)
    return Study(rows, texts(said), folder)


def search_notes(data: Stacked, found: Found, model: str) -> list[Note]:
    """What is worth saying of the data, the cost of the search, and its programs."""
    name = data.first.name
    said = [Note(text, name) for text in unit_notes(data.first)]
    said.append(Note(budget_note(found), name, model))
    return said + [Note(text, name, model) for text in work_notes(found.results)]


def budget_note(found: Found) -> str:
    """What the search cost, in training steps."""
    most = max(result.settings.steps for result in found.results)
    runs = sum(len(result.rows) for result in found.results)
    stopped = sum(row["status"] == "stopped" for result in found.results for row in result.rows)
    early = f", {stopped} of them stopped early" if stopped else ""
    whole = found.steps / most
    take = "takes" if whole == 1 else "take"
    return (
        f"{plural(found.steps, 'training step')} in {plural(runs, 'run')}{early}: what "
        f"{amount(whole, 'whole run')} of {plural(most, 'step')} {take}"
    )
