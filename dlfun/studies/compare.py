"""Several models on several data sets, every one over the same seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dlfun.models import MODELS
from dlfun.studies import record
from dlfun.studies.arm import Result, resolve, run_arm
from dlfun.studies.assemble import assemble
from dlfun.studies.claim import Claim
from dlfun.studies.evidence import correctness, write_evidence
from dlfun.studies.frozen import add_opening, freeze, write_frozen
from dlfun.studies.generate import write_generated
from dlfun.studies.growing import grow
from dlfun.studies.judge import Examined, mark_chance
from dlfun.studies.loading import chance, load_all
from dlfun.studies.notes import mistake_bound, notes
from dlfun.studies.options import ModelOptions, StudyOptions
from dlfun.studies.record import Study, draw_nothing
from dlfun.studies.stacked import Stacked
from dlfun.studies.tuning import Choice, Tuned, Tuning, tune
from dlfun.studies.variance import SEEDS, part_variance
from dlfun.studies.writing import write_text
from dlfun.training.monitor import say
from dlfun.types import Layout


class Protocol(NamedTuple):
    """How a comparison is made.

    Attributes:
      claim: what is claimed, and how sure.
      tuning: what is tried first, if anything.
      choice: what was tuned and frozen before, data set by data set; None uses the options.
      flags: the lines that a confirmation of what is frozen must be started with.
      variance: whether sources of variance are parted.
    """

    claim: Claim = Claim()
    tuning: Tuning | None = None
    choice: Choice | None = None
    flags: tuple[str, ...] = ()
    variance: bool = False


class Findings(NamedTuple):
    """What the record is written from, beside what was learned from."""

    results: list[Result]
    pairs: list[dict[str, Any]]
    tuned: Tuned | None = None
    frozen: dict[str, Any] | None = None
    variance: list[dict[str, Any]] = []


def compare(
    options: StudyOptions,
    protocol: Protocol = Protocol(),  # noqa: B008
    script: str = "compare",
    draw: Callable[[Path], None] = draw_nothing,
) -> Study:
    """Trains every model on every data set, judges each pair of them, and writes the record.

    Args:
      script: whose flags are in the options, for config.flags.
      draw: adds pictures to the folder of the record before it gets its name.

    Raises:
      UserError: if a model cannot learn a data set, before anything is trained.
    """
    claim, choice = protocol.claim, protocol.choice
    loaded = load_all(dataclasses.replace(options, seeds=most_seeds(options, protocol)))
    check_all(options, loaded)
    tuned = frozen = None
    if protocol.tuning is not None:
        tuned = tune(options, protocol.tuning, loaded)
        named = [data.first for data in loaded.values()]
        frozen = freeze(options, claim, protocol.tuning, tuned, named, protocol.flags)
        claim, choice = dataclasses.replace(claim, frozen_hash=frozen["hash"]), tuned.choice
        say(f"frozen: {claim.frozen_hash}")

    layouts: dict[str, Layout] = {}

    def train(first: int, count: int) -> list[Result]:
        now = dataclasses.replace(options, first=first, seeds=count)
        return train_all(now, loaded, choice, layouts)

    results, pairs = grow(options.seeds, claim, train, lambda r: tested_all(options, r, loaded))
    said = [note for result in results for note in notes(result, loaded[result.dataset])]
    parted = part_variance(options, loaded, choice) if protocol.variance else []
    found = Findings(results, pairs, tuned, frozen, parted)
    folder = write(options, script, found, loaded, draw)
    rows = [row for result in results for row in result.rows]
    return Study(rows, said, folder, pairs, parted)


def most_seeds(options: StudyOptions, protocol: Protocol) -> int:
    """The largest number of replicates that some part of the study needs."""
    tuning = protocol.tuning.seeds if protocol.tuning else 0
    return max(options.seeds, *protocol.claim.looks, tuning, SEEDS if protocol.variance else 0)


def chosen_for(
    options: StudyOptions, dataset: str, choice: Choice | None
) -> Mapping[str, ModelOptions]:
    """Model -> its options on a data set: tuned, or as given."""
    return options.models if choice is None else choice[dataset]


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
            for row in result.rows:
                row["chance"] = chance(data)
                if bound is not None:
                    row["mistake_bound"] = float(bound.mistakes)
            results.append(result)
    return results


def tested_all(
    options: StudyOptions, results: Sequence[Result], loaded: Mapping[str, Stacked]
) -> dict[str, Examined]:
    """What the statistics must know of each data set; marks the runs that are at chance."""
    found = {}
    for name, data in loaded.items():
        arms = [result for result in results if result.dataset == name]
        examples, train = data.test.targets.shape[1], data.tuning.train.targets.shape[1]
        own = len(data.datasets) > 1
        scheme, variance = (options.data.split, examples / train) if own else ("official", 0.0)
        facts = Examined(scheme, examples, variance, data.first.spec.task)
        if not own:
            facts = facts._replace(
                correct={a.model: correctness(a, data) for a in arms if a.predictions}
            )
        mark_chance([row for arm in arms for row in arm.rows], facts)
        found[name] = facts
    return found


def write(
    options: StudyOptions,
    script: str,
    found: Findings,
    loaded: Mapping[str, Stacked],
    draw: Callable[[Path], None],
) -> Path:
    """The record of a comparison, with its pictures."""

    def fill(folder: Path) -> None:
        results = found.results
        record.write_members(folder, [row for result in results for row in result.rows])
        record.write_history(folder, results)
        record.write_parameters(folder, results, options.keep)
        record.write_environment(folder, [data.first for data in loaded.values()])
        record.write_flags(folder, script, options.flags, results)
        if script == "compare":
            record.write_json(folder / "comparison.json", found.pairs)
        if found.tuned is not None and found.frozen is not None:
            record.write_table(folder / "tuning.csv", found.tuned.rows)
            write_frozen(folder, found.frozen)
            add_opening(folder, found.frozen["hash"], options.seed, str(options.output_dir))
        if found.variance:
            record.write_table(folder / "variance.csv", found.variance)
        for result in results:
            data = loaded[result.dataset]
            write_evidence(folder, result, data)
            if MODELS[result.model].generative:
                write_generated(folder, result, data, options.seed)
            if data.first.spec.task == "next_token":
                write_text(folder, result, data.first.spec, options.seed)
        draw(folder)

    return record.write_record(options.output_dir or f"runs/{script}", fill)


def only_tune(options: StudyOptions, protocol: Protocol) -> Study:
    """The first stage alone: its record holds what was tried, and frozen.json."""
    assert protocol.tuning is not None
    loaded = load_all(dataclasses.replace(options, seeds=protocol.tuning.seeds))
    check_all(options, loaded)
    tuned = tune(options, protocol.tuning, loaded)
    named = [data.first for data in loaded.values()]
    frozen = freeze(options, protocol.claim, protocol.tuning, tuned, named, protocol.flags)

    def fill(folder: Path) -> None:
        record.write_table(folder / "tuning.csv", tuned.rows)
        write_frozen(folder, frozen)
        record.write_environment(folder, named)
        record.write_flags(folder, "compare", options.flags, [])

    folder = record.write_record(options.output_dir or "runs/compare", fill)
    return Study(tuned.rows, [f"frozen: {frozen['hash']}"], folder)
