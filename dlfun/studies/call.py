"""A study as a call from Python makes it: its options, its training, and what it trained."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dlfun.config import arguments, parsers
from dlfun.config.comparison_spec import ALL, Claim
from dlfun.config.keywords import read_options
from dlfun.config.option_table import identity_lines
from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.search_request import search_lines
from dlfun.config.search_space import ON_THE_WAY, Search
from dlfun.config.studies import STUDIES
from dlfun.config.study_values import Data, Model
from dlfun.data.user_files.cells import check_text
from dlfun.errors import OPT, UserError, unknown
from dlfun.records import replacement
from dlfun.records.flagfile import claim_lines, study_lines
from dlfun.records.folders import check_output_dir, followed
from dlfun.records.writer import Study, begun_with
from dlfun.studies.comparison.compare import Protocol, compare
from dlfun.studies.reproducibility.rerun import Arm, compared_arms, searched_arms, swept_arms
from dlfun.studies.search.adaptive import Task
from dlfun.studies.search.samplers import configurations
from dlfun.studies.search.sweep import Configuration, opened, search_on_the_way, sweep
from dlfun.training.checkpoints.store import checkpoints_in
from dlfun.types import DataOptions, Range

POSITIVE = parsers.number(Range(0, math.inf, "", high_allowed=False))


class Call(NamedTuple):
    """What a study is asked for.

    Attributes:
      script: the one that does the same: train, compare or sweep.
      protocol: how a comparison is made.
      asked: what a sweep tries.
    """

    script: str
    models: Sequence[Model]
    data: Sequence[Data]
    protocol: Protocol = Protocol()
    asked: Search | None = None


def study_options(
    models: Sequence[Model], data: Sequence[Data], given: Mapping[str, Any]
) -> StudyOptions:
    """The options of a study of these models on these data.

    Raises:
      UserError: if there are none, two share a name, or data sets are split in different ways.
    """
    check_names("model", [model.name for model in models])
    check_names("data set", [one.name for one in data])
    for one in data:
        if how_split(one) != how_split(data[0]):
            raise UserError(
                f"{data[0].name} and {one.name} are split in different ways; load them with the "
                "same options"
            )
    return StudyOptions(
        models={model.name: model.options for model in models},
        datasets=tuple(one.source or one.name for one in data),
        data=data[0].options,
        given={one.source or one.name: one.raw for one in data},
        **read_options(given),
    )


def check_names(what: str, names: Sequence[str]) -> None:
    """Raises UserError if there are none, or two are the same."""
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice or not names:
        said = f"two {what}s are called {twice[0]}" if twice else f"there is no {what}"
        raise UserError(f"{said}; give at least one {what}, and each once")


def how_split(data: Data) -> DataOptions:
    """Its options without those that matter only while it is read."""
    return dataclasses.replace(
        data.options, data_dir=None, manual_dir=None, target_column=None, target_type=None
    )


def options_of(call: Call, given: Mapping[str, Any], output_dir: str) -> StudyOptions:
    """The options of a study whose record goes to a folder, with the lines that replay it.

    Raises:
      UserError: if one is unknown or out of range, or they do not go together.
    """
    options = study_options(call.models, call.data, given)
    check_text([output_dir], f"{OPT.output_dir}")
    output_dir = followed(output_dir)
    replacement.finish(Path(output_dir))
    check_output_dir(output_dir, options.overwrite)
    replacement.rehearse(Path(output_dir), options.overwrite)
    if STUDIES[call.script].protocol and options.seeds < 2:
        raise UserError(
            f"seeds={options.seeds} leaves nothing to compare by; give 2 or more (10 or more for "
            "a full verdict), or use train"
        )
    more: Sequence[str] = ()
    if STUDIES[call.script].protocol:
        more = claim_lines(call.protocol.claim, call.protocol.baselines)
    if call.asked is not None:
        more = search_lines(call.models[0], call.asked)
    lines = study_lines(call.script, options, call.models, call.data, more, swept_by(call))
    check_text(lines)
    return dataclasses.replace(options, output_dir=output_dir, flags=lines)


def run(call: Call, options: StudyOptions, draw: Callable[[Path], None]) -> Study:
    """Trains, judges and writes the record.

    Raises:
      UserError: if a model cannot learn a data set, before anything is trained.
    """
    if call.asked is None:
        return compare(options, call.protocol, call.script, draw)
    if call.asked.method in ON_THE_WAY:
        return search_on_the_way(task_of(call, options), draw)
    return sweep(options, configurations_of(call, options.seed), draw)


def arms_of(call: Call, options: StudyOptions, rows: Sequence[Mapping[str, Any]]) -> list[Arm]:
    """What a study with these rows trained, in the order of its record."""
    if call.asked is None:
        return compared_arms(options, call.protocol, options.seeds)
    if call.asked.method in ON_THE_WAY:
        points = [{name: row[name] for name in call.asked.space} for row in rows]
        return searched_arms(task_of(call, options), points)
    return swept_arms(options, configurations_of(call, options.seed))


def task_of(call: Call, options: StudyOptions) -> Task:
    """A search that decides on the way."""
    assert call.asked is not None
    return Task(options, opened(options), call.asked, functools.partial(options_at, call))


def configurations_of(call: Call, seed: int) -> list[Configuration]:
    """What a sweep tries that decides nothing on the way."""
    assert call.asked is not None
    return [(point, options_at(call, point)) for point in configurations(call.asked, seed)]


def options_at(call: Call, point: Mapping[str, Any]) -> ModelOptions:
    """The options of the model at a point: flags and their values."""
    (model,) = call.models
    return model.at(point).options


def swept_by(call: Call) -> list[str]:
    """The flags that a sweep varies."""
    return [*call.asked.grid, *call.asked.space] if call.asked is not None else []


def protocol_of(
    models: Sequence[Model],
    data: Sequence[Data],
    delta: Any,
    reference: str | None,
    baselines: Sequence[str],
) -> Protocol:
    """How a comparison is made.

    Raises:
      UserError: if the reference is none of the models, a delta is no number, or a baseline is
        unknown.
    """
    names = [model.name for model in models]
    if reference is not None and arguments.text("reference", reference) not in names:
        raise unknown("reference", reference, names)
    deltas = {} if delta is None else {ALL: delta}
    if isinstance(delta, Mapping):
        deltas = {arguments.text("data set of delta", name): value for name, value in delta.items()}
    for name in deltas:
        if name not in (ALL, *(one.name for one in data)):
            raise unknown("data set of delta", name, [one.name for one in data])
    named = tuple(arguments.text("baselines", one) for one in arguments.several(baselines))
    claim = Claim(
        delta={n: parsers.checked(POSITIVE, "delta", value) for n, value in deltas.items()},
        family="all-pairs" if reference is None else "vs-reference",
        reference=reference,
    )
    return Protocol(claim, baselines=named)


@contextlib.contextmanager
def kept(call: Call, options: StudyOptions) -> Iterator[StudyOptions]:
    """The options with checkpoints beside the record, from which the same call goes on.

    Raises:
      UserError: if those that are there are of another study, or another process works on them.
    """
    folder = replacement.unfinished(Path(str(options.output_dir)))
    identity = {
        "script": f"dlfun.{call.script}",
        "flags": identity_lines(options.flags),
        "environment": begun_with(),
    }
    store = checkpoints_in(folder, identity, options.overwrite)
    for name, checksum in code_of(call).items():
        store.depend_on(f"the code of {name}", checksum)
    try:
        yield dataclasses.replace(options, checkpoints=store)
    finally:
        store.close()


def code_of(call: Call) -> dict[str, str]:
    """Model on data set -> the sha256 of what a module given by value computes there.

    One that does not work has none: whoever trains it says why.
    """
    from dlfun.models.own import checksum_of, own

    found = {}
    for model in (model for model in call.models if model.module is not None):
        for data in call.data:
            with contextlib.suppress(Exception):
                module = own(model.options.shape, data.spec)
                found[f"{model.name} on {data.name}"] = checksum_of(module, data.spec)
    return found
