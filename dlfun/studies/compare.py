"""Several models on several data sets, every one over the same seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dlfun import data as datasets
from dlfun import keys
from dlfun.data.lazy import lazy_raw
from dlfun.errors import UserError
from dlfun.models import MODELS
from dlfun.studies import record
from dlfun.studies.arm import Result, resolve, run_arm
from dlfun.studies.assemble import assemble
from dlfun.studies.evidence import write_evidence
from dlfun.studies.generate import write_generated
from dlfun.studies.notes import mistake_bound, notes
from dlfun.studies.options import StudyOptions
from dlfun.studies.stacked import Stacked, stack
from dlfun.studies.writing import write_text
from dlfun.training import hosts


class Study(NamedTuple):
    """What a study found: a row a run, what else there is to say, and where the record is."""

    rows: list[dict[str, Any]]
    notes: list[str]
    folder: Path


def load(name: str, options: StudyOptions) -> Stacked:
    """A data set with its splits: one for all replicates if it is the official one, else one each.

    Replicates that are split alike are still stacked one by one.
    """
    raw = datasets.read(name, options.data)
    hosts.agree("data", f"{raw.name} {raw.version} {raw.checksum}")
    key = keys.stream(keys.root_key(options.seed), "split")
    own = options.data.split != "official" and not raw.spec.truth_table
    replicates = range(options.seeds if own else 1)
    if options.input == "stream":
        raw = lazy_raw(raw)
    return stack([datasets.split(raw, key, r, options.data) for r in replicates])


def load_all(options: StudyOptions) -> dict[str, Stacked]:
    """Every data set of a study by its own name, which for own data is not how they were named.

    Raises:
      UserError: if two have the same name, as their rows could not be told apart.
    """
    loaded: dict[str, Stacked] = {}
    for given in options.datasets:
        data = load(given, options)
        if data.first.name in loaded:
            raise UserError(
                f"{given}: the study already has a data set with the name {data.first.name}; "
                "rename the file or folder"
            )
        loaded[data.first.name] = data
    return loaded


def chance(data: Stacked) -> float:
    """The mean chance level over the splits."""
    levels = [datasets.chance(dataset) for dataset in data.datasets]
    return sum(levels) / len(levels)


def draw_nothing(folder: Path) -> None:
    """No pictures."""


def compare(
    options: StudyOptions, script: str = "compare", draw: Callable[[Path], None] = draw_nothing
) -> Study:
    """Trains every model on every data set and writes the record.

    Args:
      script: whose flags are in the options, for config.flags.
      draw: adds pictures to the folder of the record before it gets its name.

    Raises:
      UserError: if a model cannot learn a data set, before anything is trained.
    """
    loaded = load_all(options)
    arms = []
    for data in loaded.values():
        examples = data.tuning.train.targets.shape[1]
        for model, chosen in options.models.items():
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            arms.append((chosen, data, settings))
    for _, data, settings in arms:
        assemble(settings, data.first.spec)
    results: list[Result] = []
    said: list[str] = []
    for chosen, data, settings in arms:
        # One layout a model, so that a line of config.flags replays all its data sets.
        before = next((r.layout for r in results if r.model == settings.model), None)
        result = run_arm(options, settings, data, [chosen.hparams], chosen.layout or before)
        bound = mistake_bound(result, data) if "mistakes" in result.rows[0] else None
        for row in result.rows:
            row["chance"] = chance(data)
            if bound is not None:
                row["mistake_bound"] = float(bound.mistakes)
        said += notes(result, data)
        results.append(result)
    folder = write(options, script, results, loaded, draw)
    return Study([row for result in results for row in result.rows], said, folder)


def write(
    options: StudyOptions,
    script: str,
    results: Sequence[Result],
    loaded: dict[str, Stacked],
    draw: Callable[[Path], None],
) -> Path:
    """The record of trained arms, with its pictures."""

    def fill(folder: Path) -> None:
        record.write_members(folder, [row for result in results for row in result.rows])
        record.write_history(folder, results)
        record.write_parameters(folder, results, options.keep)
        record.write_environment(folder, [data.first for data in loaded.values()])
        record.write_flags(folder, script, options.flags, results)
        for result in results:
            data = loaded[result.dataset]
            write_evidence(folder, result, data)
            if MODELS[result.model].generative:
                write_generated(folder, result, data, options.seed)
            if data.first.spec.task == "next_token":
                write_text(folder, result, data.first.spec, options.seed)
        draw(folder)

    return record.write_record(options.output_dir or f"runs/{script}", fill)
