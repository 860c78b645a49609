"""Several models on several data sets, every one over the same seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from dlfun.config.option_table import KEPT_STATE
from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.start_table import model_of_arm
from dlfun.config.study_request import StudyRequest
from dlfun.objectives.tasks import task_of
from dlfun.records import writer
from dlfun.records.environment import write_environment
from dlfun.records.notes import Note, texts
from dlfun.records.outcome import Result, Row, extended
from dlfun.records.writer import Study, draw_nothing
from dlfun.studies.baselines.arms import Points, arms_on, curves, readouts, train_classical
from dlfun.studies.baselines.feature_tables import split_of
from dlfun.studies.comparison.claim_checks import check_claims
from dlfun.studies.comparison.copies import copy_columns, examples_of
from dlfun.studies.comparison.findings import Findings, networks, write
from dlfun.studies.comparison.frozen import confirm, freeze, write_frozen
from dlfun.studies.comparison.gates import DatasetRuns, decide_gates
from dlfun.studies.comparison.noise_floor import floor_notes
from dlfun.studies.comparison.protocol import Protocol, protocol_of
from dlfun.studies.comparison.sequential import Arm, Grown, grow
from dlfun.studies.comparison.starts import with_starts
from dlfun.studies.comparison.tuning import Choice, tune
from dlfun.studies.comparison.variance import SEEDS, part_variance
from dlfun.studies.comparison.verdicts import Examined, chance_columns, metric_of
from dlfun.studies.population.arm import resolve, run_arm
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.pretrained import arms_of_models
from dlfun.studies.population.remarks import mistake_bound, notes
from dlfun.studies.population.remedies import unit_notes
from dlfun.studies.population.stacked import Stacked, fewest, mean_count
from dlfun.studies.population.study_data import about_splits, about_targets, load_all
from dlfun.training.monitor import say
from dlfun.types import Layout

ArmT = TypeVar("ArmT", Result, Arm)


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
    options = with_starts(options, loaded)
    named = [data.first for data in loaded.values()]
    classical = {name: arms_on(protocol.baselines, data) for name, data in loaded.items()}
    check_claims(options, protocol.claim, protocol.gates, loaded, classical)
    if protocol.frozen is not None:
        claim = confirm(protocol.frozen, claim, options, named)
    tuned = frozen = None
    if protocol.tuning is not None:
        tuned = tune(options, protocol.tuning, loaded, classical)
        frozen = freeze(options, claim, protocol.tuning, tuned, named, protocol.flags)
        claim = dataclasses.replace(claim, frozen_hash=frozen["hash"])
        choice, points = tuned.choice, tuned.points
        say(f"frozen: {claim.frozen_hash}")

    trained = Comparison(options, loaded, classical, choice, points, {})
    grown = grow(options.seeds, claim, trained.train, trained.examine)
    arms = grown.arms
    asked = protocol._replace(choice=choice, points=points)
    tables = further_tables(options, asked, arms, loaded, classical)
    shown = frozen or (protocol.frozen and protocol.frozen.contents)
    tested = tested_of(grown)
    said = study_notes(arms, loaded)
    said += map(Note, floor_notes(tested) if protocol.noise_floor else [])
    gates = decide_gates(protocol.gates, tested, claim, grown.look)
    chosen = {name: chosen_for(options, name, choice) for name in loaded}
    found = Findings(arms, grown.pairs, tuned, shown, tables, gates, said, chosen)
    folder = write(options, found, loaded, draw)
    rows = [row for arm in arms for row in arm.rows]
    return Study(rows, texts(said), folder, grown.pairs, tables.get("variance", []), gates)


def study_notes(arms: Sequence[Arm], loaded: Mapping[str, Stacked]) -> list[Note]:
    """What is worth saying of data sets, and of the arms that were trained on them."""
    of_data = [Note(text, name) for name, data in loaded.items() for text in unit_notes(data.first)]
    return of_data + [
        Note(text, arm.dataset, arm.model)
        for arm in networks(arms)
        for text in notes(arm, loaded[arm.dataset])
    ]


def tested_of(grown: Grown) -> dict[str, DatasetRuns]:
    """Data set -> its runs, as gates are decided by them."""
    rows = [row for arm in grown.arms for row in arm.rows]
    return {
        name: DatasetRuns([row for row in rows if row["dataset"] == name], facts)
        for name, facts in grown.known.items()
    }


class Comparison(NamedTuple):
    """What a comparison trains, and on what.

    Attributes:
      classical: data set -> its arms of scikit-learn.
      choice, points: of networks and of classical models what was tuned; None: nothing.
      layouts: of each model that was trained before, which it keeps: one a model, so that a line of
        config.flags replays all its data sets and looks.
    """

    options: StudyOptions
    loaded: Mapping[str, Stacked]
    classical: Mapping[str, Sequence[str]]
    choice: Choice | None
    points: Points | None
    layouts: dict[str, Layout]

    def train(self, first: int, count: int) -> list[Arm]:
        """All arms over so many replicates from the first."""
        limit = KEPT_STATE.get(self.options.keep, 0)
        options = dataclasses.replace(self.options, first=first, seeds=count, state_limit=limit)
        arms: list[Arm] = train_all(options, self.loaded, self.choice, self.layouts)
        for name, data in self.loaded.items():
            arms += train_classical(options, self.classical[name], data, self.points)
        return [arm.with_columns(self.about(arm.rows)) for arm in arms]

    def about(self, rows: Sequence[Row]) -> list[Row]:
        """The columns of an arm's runs that are of their data set, and of their replicate in it."""
        data = self.loaded[rows[0]["dataset"]]
        levels, splits = about_targets(data), about_splits(data, self.options.data)
        return [levels | splits[split_of(data, row["replicate"])] for row in rows]

    def examine(self, arms: Sequence[Arm]) -> tuple[list[Arm], dict[str, Examined]]:
        """`examine_all` of these arms."""
        return examine_all(self.options, arms, self.loaded)


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
    """Arm -> its options on a data set: tuned, or as given; in the order of the study."""
    found = options.models if choice is None else {m: choice[dataset][m] for m in options.models}
    arms = arms_of_models(options)
    return {
        arm: dataclasses.replace(found[model_of_arm(arm)], pretrained=arm not in found)
        for arm in arms
    }


def check_all(options: StudyOptions, loaded: Mapping[str, Stacked]) -> None:
    """Raises UserError if a model cannot learn a data set."""
    for data in loaded.values():
        examples = fewest(data.tuning.train)
        for model, chosen in options.models.items():
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            assemble(settings, data.first.spec)


def train_all(
    options: StudyOptions,
    loaded: Mapping[str, Stacked],
    choice: Choice | None,
    layouts: dict[str, Layout],
) -> list[Arm]:
    """Every model on every data set, over the replicates of the options.

    `layouts` has that of each model which ran before, and takes those of the others.
    """
    arms: list[Arm] = []
    for data in loaded.values():
        examples = fewest(data.tuning.train)
        for arm, chosen in chosen_for(options, data.first.name, choice).items():
            model = model_of_arm(arm)
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            layout = chosen.layout or layouts.get(model)
            own = dataclasses.replace(options, models={model: chosen})
            result = run_arm(own, settings, data, [chosen.hparams], layout)
            layouts.setdefault(model, result.layout)
            result = result.called(arm)
            bound = mistake_bound(result, data) if "mistakes" in result.rows[0] else None
            columns = {} if bound is None else {"mistake_bound": float(bound.mistakes)}
            arms.append(result.with_columns([columns] * len(result.rows)))
    return arms


def examine_all(
    options: StudyOptions, arms: Sequence[ArmT], loaded: Mapping[str, Stacked]
) -> tuple[list[ArmT], dict[str, Examined]]:
    """Arms with the columns at_chance and copy_of, and what statistics must know of their data."""
    known = {
        name: examined(options, [arm for arm in arms if arm.rows[0]["dataset"] == name], data)
        for name, data in loaded.items()
    }
    found = []
    for arm in arms:
        name = arm.rows[0]["dataset"]
        rows = [row for one in arms for row in one.rows if row["dataset"] == name]
        chances = chance_columns(arm.rows, known[name], metric_of(rows, "test"))
        copies = copy_columns(arm, loaded[name])
        found.append(arm.with_columns(extended(chances, copies)))
    return found, known


def examined(options: StudyOptions, arms: Sequence[Arm], data: Stacked) -> Examined:
    """What statistics must know of the data set of some arms, and of what these answered."""
    examples, train = mean_count(data.test), mean_count(data.tuning.train)
    own = len(data.datasets) > 1
    scheme, variance = (options.data.split, examples / train) if own else ("official", 0.0)
    scored = {arm.rows[0]["model"]: examples_of(arm, data) for arm in arms}
    known = {model: found for model, found in scored.items() if found is not None}
    return Examined(scheme, round(examples), variance, task_of(data.first.spec).labels, known)


def only_tune(options: StudyOptions, protocol: Protocol) -> Study:
    """The first stage alone: its record holds what was tried, and frozen.json."""
    assert protocol.tuning is not None
    loaded = load_all(dataclasses.replace(options, seeds=protocol.tuning.seeds))
    check_all(options, loaded)
    classical = {name: arms_on(protocol.baselines, data) for name, data in loaded.items()}
    check_claims(options, protocol.claim, protocol.gates, loaded, classical)
    tuned = tune(options, protocol.tuning, loaded, classical)
    named = [data.first for data in loaded.values()]
    frozen = freeze(options, protocol.claim, protocol.tuning, tuned, named, protocol.flags)

    def fill(folder: Path) -> None:
        writer.write_table(folder / "tuning.csv", tuned.rows)
        write_frozen(folder, frozen)
        write_environment(folder, named, (), options)
        writer.write_notes(folder, said)
        writer.write_request(folder, options.request)

    said = [Note(f"frozen: {frozen['hash']}")]
    folder = writer.write_study(options, "runs/compare", fill)
    return Study(tuned.rows, texts(said), folder)
