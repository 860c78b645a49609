"""Several models on several data sets, every one over the same seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.study_request import StudyRequest
from dlfun.objectives.tasks import task_of
from dlfun.records import writer
from dlfun.records.outcome import Result
from dlfun.records.writer import Study, draw_nothing
from dlfun.studies.baselines.arms import arms_on, curves, readouts, train_classical
from dlfun.studies.comparison.copies import examples_of, mark_copies
from dlfun.studies.comparison.findings import Findings, networks, write
from dlfun.studies.comparison.frozen import confirm, freeze, write_frozen
from dlfun.studies.comparison.protocol import Protocol, protocol_of
from dlfun.studies.comparison.sequential import Arm, grow
from dlfun.studies.comparison.tuning import Choice, tune
from dlfun.studies.comparison.variance import SEEDS, part_variance
from dlfun.studies.comparison.verdicts import Examined, mark_chance
from dlfun.studies.population.arm import resolve, run_arm
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.remarks import mistake_bound, notes
from dlfun.studies.population.remedies import unit_notes
from dlfun.studies.population.stacked import Stacked
from dlfun.studies.population.study_data import about_targets, load_all
from dlfun.training.monitor import say
from dlfun.types import Layout


def run_comparison(
    request: StudyRequest, options: StudyOptions, draw: Callable[[Path], None]
) -> Study:
    """The comparison of a request, or the first stage of it alone."""
    if request["stage"] == "tune":
        return only_tune(options, protocol_of(request))
    return compare(options, protocol_of(request), draw)


def run_training(
    request: StudyRequest, options: StudyOptions, draw: Callable[[Path], None]
) -> Study:
    """One model on one data set: a comparison of nothing."""
    return compare(options, draw=draw)


def compare(
    options: StudyOptions,
    protocol: Protocol = Protocol(),  # noqa: B008
    draw: Callable[[Path], None] = draw_nothing,
) -> Study:
    """Trains every model on every data set, judges each pair of them, and writes the record.

    Args:
      draw: adds pictures to the folder of the record before it gets its name.

    Raises:
      UserError: if a model cannot learn a data set, before anything is trained.
    """
    claim, choice, points = protocol.claim, protocol.choice, protocol.points
    loaded = load_all(dataclasses.replace(options, seeds=most_seeds(options, protocol)))
    check_all(options, loaded)
    classical = {name: arms_on(protocol.baselines, data) for name, data in loaded.items()}
    named = [data.first for data in loaded.values()]
    if protocol.frozen is not None:
        claim = confirm(protocol.frozen, claim, options, named)
    tuned = frozen = None
    if protocol.tuning is not None:
        tuned = tune(options, protocol.tuning, loaded, classical)
        frozen = freeze(options, claim, protocol.tuning, tuned, named, protocol.flags)
        claim = dataclasses.replace(claim, frozen_hash=frozen["hash"])
        choice, points = tuned.choice, tuned.points
        say(f"frozen: {claim.frozen_hash}")

    layouts: dict[str, Layout] = {}
    levels = {name: about_targets(data) for name, data in loaded.items()}

    def train(first: int, count: int) -> list[Arm]:
        now = dataclasses.replace(options, first=first, seeds=count)
        arms: list[Arm] = [*train_all(now, loaded, choice, layouts)]
        for name, data in loaded.items():
            arms += train_classical(now, classical[name], data, points)
        for row in (row for arm in arms for row in arm.rows):
            row.update(levels[row["dataset"]])
        return arms

    arms, pairs = grow(options.seeds, claim, train, lambda r: tested_all(options, r, loaded))
    said = [note for data in loaded.values() for note in unit_notes(data.first)]
    said += [note for arm in networks(arms) for note in notes(arm, loaded[arm.dataset])]
    asked = protocol._replace(choice=choice, points=points)
    tables = further_tables(options, asked, arms, loaded, classical)
    shown = frozen or (protocol.frozen and protocol.frozen.contents)
    found = Findings(arms, pairs, tuned, shown, tables)
    folder = write(options, found, loaded, draw)
    rows = [row for arm in arms for row in arm.rows]
    return Study(rows, said, folder, pairs, tables.get("variance", []))


def further_tables(
    options: StudyOptions,
    asked: Protocol,
    arms: Sequence[Arm],
    loaded: Mapping[str, Stacked],
    classical: Mapping[str, Sequence[str]],
) -> dict[str, list[dict[str, Any]]]:
    """Name -> rows, of the further .csv files that the protocol asks for."""
    found: dict[str, list[dict[str, Any]]] = {"variance": [], "curve": [], "readout": []}
    if asked.variance:
        found["variance"] = part_variance(options, loaded, asked.choice)
    for name, data in loaded.items():
        if asked.curve:
            models = chosen_for(options, name, asked.choice)
            found["curve"] += curves(options, models, classical[name], data, asked.points)
        if asked.baselines:
            own = [arm for arm in networks(arms) if arm.dataset == name]
            found["readout"] += readouts(own, data)
    return {name: rows for name, rows in found.items() if rows}


def most_seeds(options: StudyOptions, protocol: Protocol) -> int:
    """The largest number of replicates that some part of the study needs."""
    tuning = protocol.tuning.seeds if protocol.tuning else 0
    return max(options.seeds, *protocol.claim.looks, tuning, SEEDS if protocol.variance else 0)


def chosen_for(
    options: StudyOptions, dataset: str, choice: Choice | None
) -> Mapping[str, ModelOptions]:
    """Model -> its options on a data set: tuned, or as given; in the order of the study."""
    return options.models if choice is None else {m: choice[dataset][m] for m in options.models}


def check_all(options: StudyOptions, loaded: Mapping[str, Stacked]) -> None:
    """Raises UserError if a model cannot learn a data set."""
    for data in loaded.values():
        examples = data.tuning.train.targets.shape[1]
        for model, chosen in options.models.items():
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            assemble(settings, data.first.spec)


def train_all(
    options: StudyOptions,
    loaded: Mapping[str, Stacked],
    choice: Choice | None,
    layouts: dict[str, Layout],
) -> list[Result]:
    """Every model on every data set, over the replicates of the options.

    `layouts` has that of each model which ran before, and takes those of the others: one a model,
    so that a line of config.flags replays all its data sets and looks.
    """
    results: list[Result] = []
    for data in loaded.values():
        examples = data.tuning.train.targets.shape[1]
        for model, chosen in chosen_for(options, data.first.name, choice).items():
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            layout = chosen.layout or layouts.get(model)
            result = run_arm(options, settings, data, [chosen.hparams], layout)
            layouts.setdefault(model, result.layout)
            bound = mistake_bound(result, data) if "mistakes" in result.rows[0] else None
            if bound is not None:
                for row in result.rows:
                    row["mistake_bound"] = float(bound.mistakes)
            results.append(result)
    return results


def tested_all(
    options: StudyOptions, results: Sequence[Arm], loaded: Mapping[str, Stacked]
) -> dict[str, Examined]:
    """What the statistics must know of each data set; marks runs at chance, and copies."""
    found = {}
    for name, data in loaded.items():
        arms = [arm for arm in results if arm.rows[0]["dataset"] == name]
        examples, train = data.test.targets.shape[1], data.tuning.train.targets.shape[1]
        own = len(data.datasets) > 1
        scheme, variance = (options.data.split, examples / train) if own else ("official", 0.0)
        facts = Examined(scheme, examples, variance, task_of(data.first.spec).labels)
        scored = {arm.rows[0]["model"]: examples_of(arm, data) for arm in arms}
        facts = facts._replace(scored={k: v for k, v in scored.items() if v is not None})
        mark_chance([row for arm in arms for row in arm.rows], facts)
        for arm in arms:
            mark_copies(arm, data)
        found[name] = facts
    return found


def only_tune(options: StudyOptions, protocol: Protocol) -> Study:
    """The first stage alone: its record holds what was tried, and frozen.json."""
    assert protocol.tuning is not None
    loaded = load_all(dataclasses.replace(options, seeds=protocol.tuning.seeds))
    check_all(options, loaded)
    classical = {name: arms_on(protocol.baselines, data) for name, data in loaded.items()}
    tuned = tune(options, protocol.tuning, loaded, classical)
    named = [data.first for data in loaded.values()]
    frozen = freeze(options, protocol.claim, protocol.tuning, tuned, named, protocol.flags)

    def fill(folder: Path) -> None:
        writer.write_table(folder / "tuning.csv", tuned.rows)
        write_frozen(folder, frozen)
        writer.write_environment(folder, named)
        writer.write_request(folder, options.request)

    folder = writer.write_study(options, "runs/compare", fill)
    return Study(tuned.rows, [f"frozen: {frozen['hash']}"], folder)
