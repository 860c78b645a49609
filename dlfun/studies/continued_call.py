"""The request for a longer run, as a call from Python asks for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config import arguments
from dlfun.config.data_value import Data
from dlfun.config.keywords import read_options
from dlfun.config.model_value import Model
from dlfun.config.parsers import checked, quoted
from dlfun.config.start_table import STARTS
from dlfun.config.study_request import StudyRequest, check_request, with_replicates
from dlfun.errors import OPT, UserError
from dlfun.records.continued import LENGTH, check_continued, lengthened
from dlfun.records.reader import read_study
from dlfun.records.study_file import from_json
from dlfun.studies.call import by_value, request_of


def record_of(name: str, given: Any) -> str:
    """The folder of a record that an argument names, by its path or as a study.

    Raises:
      UserError: if it is neither.
    """
    return arguments.path(name, getattr(given, "folder", given))


def request_of_call(
    study: str,
    models: Sequence[Model],
    data: Sequence[Data],
    given: Mapping[str, Any],
    own: Mapping[str, Any],
) -> StudyRequest:
    """The request for a study, begun anew or gone on with; see `dlfun.studies.call.request_of`."""
    own = {name: value for name, value in own.items() if name not in STARTS or value is not None}
    if "initialize_from" in own:
        record = record_of("initialize_from", own["initialize_from"])
        kind = STARTS["initialize_from"].kind
        own = {**own, "initialize_from": checked(kind, "initialize_from", record)}
    if "continue_from" not in own:
        return request_of(study, models, data, given, own)
    folder = Path(record_of("continue_from", own["continue_from"]))
    own = {**own, "continue_from": str(folder)}
    return continued_request(folder, StudyRequest(study, tuple(models), (), own), data, given)


def continued_request(
    folder: Path, asked: StudyRequest, data: Sequence[Data], given: Mapping[str, Any]
) -> StudyRequest:
    """The request for the longer run of a record.

    Args:
      asked: the kind of study, models or none, and the options of its kind alone.
      data: as the record's; none are those.
      given: keywords of all studies, to be read.

    Raises:
      UserError: if it cannot go on so far, or something was given that is not as it was.
    """
    for name in (name for name in LENGTH if name != "steps"):
        if given.get(name) is not None:
            raise UserError(
                f"{OPT.continue_from}={folder}: say how long by steps='+N', and leave {name} out"
            )
    steps = given.get("steps")
    length = lengthened(folder, asked.study, None if steps is None else quoted(steps))
    known = from_json(read_study(folder))
    if known.by_value and not (asked.models and data):
        lacking = "the data, as the second argument," if asked.models else "model and data"
        raise UserError(f"{folder}: was made in Python with {known.by_value}; give {lacking} again")
    values = {**known.values, **read_options({**given, **length}), **asked.values}
    request = StudyRequest(
        asked.study,
        asked.models or known.models,
        tuple(one.source or one.name for one in data) or known.datasets,
        {**values, **(dataclasses.asdict(data[0].options) if data else {})},
        by_value(asked.models, data),
        raw={one.source or one.name: one.raw for one in data},
    )
    request = with_replicates(request)
    check_request(request)
    check_continued(folder, request)
    return request
