"""A study as a call from Python asks for it, and where what it did is kept."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config import arguments
from dlfun.config.comparison_spec import ALL
from dlfun.config.data_value import Data
from dlfun.config.keywords import read_options
from dlfun.config.model_value import Model
from dlfun.config.option_table import identity_lines
from dlfun.config.options import StudyOptions
from dlfun.config.parsers import checked
from dlfun.config.protocol_table import NUMBER, PROTOCOL, REQUIRE
from dlfun.config.study_request import (
    StudyRequest,
    check_request,
    study_options,
    with_replicates,
)
from dlfun.data.user_files.cells import check_text
from dlfun.data.user_files.kinds import OPTIONS_OF, in_common
from dlfun.errors import OPT, UserError, unknown
from dlfun.records import replacement
from dlfun.records.environment import begun_with
from dlfun.records.flagfile import flag_lines
from dlfun.records.folders import check_output_dir, followed
from dlfun.records.own_modules import IN_MEMORY, code_of
from dlfun.training.checkpoints.store import checkpoints_in
from dlfun.types import DataOptions


def request_of(
    study: str,
    models: Sequence[Model],
    data: Sequence[Data],
    given: Mapping[str, Any],
    own: Mapping[str, Any] = {},
) -> StudyRequest:
    """The request for a study of these models on these data.

    Args:
      given: keywords of all studies, to be read.
      own: options of its kind alone, as they were read.

    Raises:
      UserError: if there are none, two share a name, data sets are split in different ways, or
        options do not go together.
    """
    check_names("model", [model.name for model in models])
    check_names("data set", [one.name for one in data])
    for one in data:
        if how_split(one) != how_split(data[0]):
            raise UserError(
                f"{data[0].name} and {one.name} are split in different ways; load them with the "
                "same options"
            )
    asked = StudyRequest(
        study,
        tuple(models),
        tuple(one.source or one.name for one in data),
        {**read_options(given), **data_values(data), **own},
        by_value(models, data),
        raw={one.source or one.name: one.raw for one in data},
    )
    request = with_replicates(asked)
    check_request(request)
    return request


def data_values(data: Sequence[Data]) -> dict[str, Any]:
    """The options of data of a study: those of the first, and those that say how all are read.

    Raises:
      UserError: if two of a kind were read in different ways.
    """
    reading = in_common([(one.source or one.name, one.options) for one in data])
    return {**dataclasses.asdict(data[0].options), **reading}


def by_value(models: Sequence[Model], data: Sequence[Data]) -> str:
    """What of a study no file can give back, in words; nothing where all can be."""
    found = [f"the model {m.name}, {shown(m.module)}" for m in models if m.module is not None]
    found += [f"the data set {one.name}, {IN_MEMORY}" for one in data if not one.source]
    return "; ".join(found)


def shown(module: Any) -> str:
    """A Linen module as it is made, on one line."""
    fields = (f.name for f in dataclasses.fields(module) if f.name not in ("parent", "name"))
    values = ", ".join(f"{name}={getattr(module, name)!r}" for name in fields)
    return " ".join(f"{type(module).__name__}({values})".split())


def check_names(what: str, names: Sequence[str]) -> None:
    """Raises UserError if there are none, or two are the same."""
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice or not names:
        said = f"two {what}s are called {twice[0]}" if twice else f"there is no {what}"
        raise UserError(f"{said}; give at least one {what}, and each once")


def how_split(data: Data) -> DataOptions:
    """Its options without those that matter only while it is read."""
    unread: dict[str, Any] = dict.fromkeys(("data_dir", "manual_dir", *OPTIONS_OF))
    return dataclasses.replace(data.options, **unread)


def claim_values(
    models: Sequence[Model],
    data: Sequence[Data],
    delta: Any,
    reference: str | None,
    baselines: Sequence[str],
) -> dict[str, Any]:
    """The options of a comparison that a call gives.

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
    return {
        "delta": {n: checked(NUMBER, "delta", value) for n, value in deltas.items()} or None,
        "family": "all-pairs" if reference is None else "vs-reference",
        "reference": reference,
        "baselines": checked(PROTOCOL["baselines"].kind, "baselines", named),
    }


def gate_values(require: str | Sequence[str]) -> dict[str, Any]:
    """The claims that a call asks to decide.

    Raises:
      UserError: if one is none.
    """
    given = arguments.several(require)
    return {"require": tuple(checked(REQUIRE.kind, "require", one) for one in given)}


def options_in(request: StudyRequest, output_dir: str) -> StudyOptions:
    """What a study needs whose record goes to a folder.

    Raises:
      UserError: if it cannot be written there.
    """
    check_text([output_dir], f"{OPT.output_dir}")
    output_dir = followed(output_dir)
    replacement.finish(Path(output_dir))
    overwrite = request["overwrite"]
    check_output_dir(output_dir, overwrite)
    replacement.rehearse(Path(output_dir), overwrite)
    check_text(flag_lines(request))
    return study_options(request, output_dir=output_dir, overwrite=overwrite)


@contextlib.contextmanager
def kept(request: StudyRequest, options: StudyOptions) -> Iterator[StudyOptions]:
    """The options with checkpoints beside the record, from which the same call goes on.

    Raises:
      UserError: if those that are there are of another study, or another process works on them.
    """
    folder = replacement.unfinished(Path(str(options.output_dir)))
    identity = {
        "script": f"dlfun.{request.study}",
        "flags": identity_lines(flag_lines(request)),
        "environment": begun_with(),
    }
    store = checkpoints_in(folder, identity, options.overwrite)
    for name, checksum in code_of(request).items():
        store.depend_on(f"the code of {name}", checksum)
    try:
        yield dataclasses.replace(options, checkpoints=store)
    finally:
        store.close()
