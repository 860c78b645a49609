"""The findings of a comparison, and the record that they are written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.decoration import spared
from dlfun.models import row_of
from dlfun.objectives.tasks import task_of
from dlfun.records import writer
from dlfun.records.environment import write_environment
from dlfun.records.notes import Note
from dlfun.records.outcome import Result
from dlfun.records.training_state import write_state
from dlfun.studies.artifacts.boundary import boundary
from dlfun.studies.artifacts.data_preparation import write_datasets
from dlfun.studies.artifacts.evidence import Arrays, write_evidence
from dlfun.studies.artifacts.generation import write_generated
from dlfun.studies.artifacts.text_samples import write_text
from dlfun.studies.baselines.arm import Classical
from dlfun.studies.baselines.arms import write_classical_evidence
from dlfun.studies.comparison.frozen import CONFIRMED, add_opening, write_frozen
from dlfun.studies.comparison.gates import GATES
from dlfun.studies.comparison.sequential import Arm
from dlfun.studies.comparison.starts import origins_of
from dlfun.studies.comparison.tuning import Tuned
from dlfun.studies.population.stacked import Stacked


class Findings(NamedTuple):
    """What the record is written from, beside what was learned from.

    `frozen` is what was tuned here, or what is confirmed; `chosen` has, of each data set and model,
    what was trained with.
    """

    results: list[Arm]
    pairs: list[dict[str, Any]]
    tuned: Tuned | None = None
    frozen: Mapping[str, Any] | None = None
    tables: Mapping[str, list[dict[str, Any]]] = {}
    gates: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[Note] = ()
    chosen: Mapping[str, Mapping[str, ModelOptions]] = {}


def networks(arms: Sequence[Arm]) -> list[Result]:
    """The arms that are not classical."""
    return [arm for arm in arms if isinstance(arm, Result)]


def write(
    options: StudyOptions,
    found: Findings,
    loaded: Mapping[str, Stacked],
    draw: Callable[[Path], None],
) -> Path:
    """The record of a comparison, with its pictures."""

    def fill(folder: Path) -> None:
        results = networks(found.results)
        writer.write_members(folder, [row for arm in found.results for row in arm.rows])
        writer.write_history(folder, results)
        writer.write_parameters(folder, results, options.keep)
        write_state(folder, results)
        first = [data.first for data in loaded.values()]
        write_environment(folder, first, results, options, origins_of(options))
        writer.write_notes(folder, found.notes)
        writer.write_request(folder, options.request, results)
        write_datasets(folder, options, list(loaded.values()))
        if options.request.kind.judges:
            writer.write_json(folder / "comparison.json", found.pairs)
        if found.gates:
            writer.write_json(folder / GATES, found.gates)
        if found.tuned is not None and found.frozen is not None:
            writer.write_table(folder / "tuning.csv", found.tuned.rows)
            write_frozen(folder, found.frozen)
            add_opening(folder, found.frozen["hash"], options.seed, str(options.output_dir))
        elif found.frozen is not None:
            write_frozen(folder, found.frozen, CONFIRMED)
        for name, rows in found.tables.items():
            writer.write_table(folder / f"{name}.csv", rows)
        for arm in found.results:
            if isinstance(arm, Classical):
                write_classical_evidence(folder, arm, loaded[arm.rows[0]["dataset"]])
        for result in results:
            more = boundary_of(options, found.chosen, result, loaded[result.dataset])
            write_evidence(folder, result, loaded[result.dataset], more)
            write_samples(folder, result, loaded[result.dataset], options.seed)
        draw(folder)

    return writer.write_study(options, f"runs/{options.request.study}", fill)


def boundary_of(
    options: StudyOptions,
    chosen: Mapping[str, Mapping[str, ModelOptions]],
    result: Result,
    data: Stacked,
) -> Arrays:
    """The decision boundaries of an arm, where it has any; a record does without where it fails."""
    own = chosen.get(result.dataset, {}).get(result.model)
    if own is None:
        return {}
    what = f"the boundary of {result.model} on {result.dataset}"
    return spared(what, lambda: boundary(options, own, result, data)) or {}


def write_samples(folder: Path, result: Result, data: Stacked, seed: int) -> None:
    """What an arm of a generative model, or of next tokens, makes."""
    what = f"what {result.model} makes of {result.dataset}"
    if row_of(result.settings.model).generative:
        spared(what, lambda: write_generated(folder, result, data, seed))
    if task_of(data.first.spec).stream:
        spared(what, lambda: write_text(folder, result, data.first.spec, seed))
