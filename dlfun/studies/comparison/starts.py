"""The start of a comparison's or a training's arms: anew, or from what a record ended with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dlfun.config.options import StudyOptions
from dlfun.config.start_table import pretrained
from dlfun.records.continued import source_of
from dlfun.records.pretrained import check_unseen, learned_from
from dlfun.studies.population.arm import resolve
from dlfun.studies.population.continuing import begin_from
from dlfun.studies.population.pretrained import origin_of, taken_by, with_origins
from dlfun.studies.population.stacked import Stacked, fewest
from dlfun.training.monitor import say


def with_starts(options: StudyOptions, loaded: Mapping[str, Stacked]) -> StudyOptions:
    """The options with what their arms begin from, read and checked before anything is trained.

    Raises:
      UserError: if a record is gone, was changed, or has nothing to begin from.
    """
    first = [data.first for data in loaded.values()]
    if options.continue_from is not None:
        options = dataclasses.replace(options, begins=begin_from(options.continue_from, first))
    if options.initialize_from is None:
        return options
    options = with_origins(options, first)
    return dataclasses.replace(
        options,
        origins={
            f"{data.first.name}/{pretrained(model)}": origin_facts(options, model, data)
            for data in loaded.values()
            for model in options.pretrained
        },
    )


def origin_facts(options: StudyOptions, model: str, data: Stacked) -> dict[str, Any]:
    """What an arm takes of a record, as environment.json has it; it is said, too.

    Raises:
      UserError: if nothing fits, or the record learned from what is tested on.
    """
    chosen, found = options.models[model], origin_of(options, model, data.first).parameters
    dataset, split = data.first, options.data.split
    known = check_unseen(found, dataset.name, dataset.checksum, split)
    settings = resolve(options, model, chosen, fewest(data.tuning.train), [chosen.hparams])
    match = taken_by(settings, chosen.hparams, dataset, found)
    if known:
        say(f"{pretrained(model)} on {dataset.name}: the record {found.name} {known}")
    return {
        "arm": "/".join(found.arm),
        "member": found.member,
        "taken": list(match.names),
        "fresh": list(match.fresh),
        "learned_from": [list(one) for one in learned_from(found)],
    }


def origins_of(options: StudyOptions) -> dict[str, Any]:
    """What environment.json says of the records that a study began from, by option."""
    found: dict[str, Any] = {}
    if options.begins is not None:
        begun = {"intervals": options.begins.intervals}
        found["continued_from"] = source_of(options.begins.folder) | begun
    if options.initialize_from is not None:
        source = source_of(options.initialize_from.folder)
        found["initialized_from"] = source | {"arms": options.origins}
    return found
