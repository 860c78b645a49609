"""The request for a study as study.json, from which its record is opened again.

    {"study": "train", "datasets": ["mnist1d"], "models": {"cnn": {"channels": [16, 32], ...}},
     "options": {"seeds": 10, ...}, "by_value": "", "modules": {}, "code": {}}

Values stand as JSON has them, and where these would not read back, such as sizes of memory and
layouts, as the text that their flag takes. A module of the user's own is no file's: `models` has
null for it, `modules` its numbers, `code` a checksum of what it computes on each data set, and who
reads the record gives it again.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config.model_value import Model, kinds_of, make_model
from dlfun.config.option_table import Option
from dlfun.config.parsers import Kind, checked, named, written
from dlfun.config.study_request import StudyRequest, check_request
from dlfun.errors import UserError
from dlfun.records.flagfile import kind_of, model_values, written_options, written_values
from dlfun.records.own_modules import IN_MEMORY, code_of, given_again, given_by_value
from dlfun.records.reader import STUDY, broken, read_study


def as_json(request: StudyRequest) -> dict[str, Any]:
    """What study.json holds: as config.flags, but for places and machines."""
    rows, values = written_options(request.study), written_values(request)
    return {
        "study": request.study,
        "datasets": list(request.datasets),
        "models": {model.name: json_model(model, request.swept) for model in request.models},
        "options": {name: json_option(rows[name], value) for name, value in values.items()},
        "by_value": request.by_value,
        "modules": {
            model.name: json_values(model, request.swept)
            for model in request.models
            if model.module is not None
        },
        "code": code_of(request),
    }


def json_model(model: Model, swept: Sequence[str]) -> dict[str, Any] | None:
    """A model's values by name; None for a module given by value, which is in no file."""
    return json_values(model, swept) if model.module is None else None


def json_values(model: Model, swept: Sequence[str]) -> dict[str, Any]:
    """What a model was given, defaults included; of a module its numbers, and no shape."""
    values = model_values(model, swept)
    kinds = kinds_of(model)
    return {name: json_value(kinds[name], value) for name, value in values.items()}


def json_option(row: Option, value: Any) -> Any:
    """The value of an option, or the list of all where it may be given many times."""
    if row.repeated:
        return [json_value(row.kind, one) for one in value]
    return json_value(kind_of(row), value)


def json_value(kind: Kind, value: Any) -> Any:
    """A value as JSON has it if it reads back from that, else as the text that a flag takes."""
    plain = list(value) if isinstance(value, tuple) else value
    with contextlib.suppress(ValueError):
        if kind.parse(written(plain)) == value and value != math.inf:
            return plain
    return kind.show(value)


def read_request(folder: Path, data: bool = True, models: Sequence[Model] = ()) -> StudyRequest:
    """The request that a record is the answer to.

    Args:
      data: whether all that was trained on and by is needed, and not what the record keeps of it.
      models: those of its modules of the user's own that are given again.

    Raises:
      UserError: if it cannot be read, `models` are none of its own, or `data` are needed and no
        file gives them back.
    """
    found = read_study(folder)
    given = given_again(folder, found["models"], models)
    missing = [name for name, kept in found["models"].items() if kept is None and name not in given]
    if data and (missing or IN_MEMORY in found["by_value"]):
        raise given_by_value(folder, found["by_value"], missing)
    try:
        request = from_json(found, given)
        if request.kind.searches and not missing:
            check_request(request)
        return request
    except UserError as error:
        raise UserError(f"{folder / STUDY}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise broken(folder, STUDY) from None


def from_json(found: Mapping[str, Any], given: Mapping[str, Model] = {}) -> StudyRequest:
    """The request in a study.json.

    Args:
      given: modules of the user's own that are given again; their numbers are the record's.

    Raises:
      UserError: if a name is unknown, or a value is out of range.
    """
    rows = written_options(found["study"])
    values = {name: read_value(rows, name, value) for name, value in found["options"].items()}
    known = {name: kept for name, kept in found["models"].items() if kept is not None}
    models = {n: make_model(n, None, kept) for n, kept in known.items()}
    numbers = found.get("modules", {})  # an older record has none
    for name, model in given.items():
        numbered = numbers.get(name, dict(model.given))
        models[name] = Model(name, module=model.module).replace(**numbered)
    models = {name: models[name] for name in found["models"] if name in models}
    return StudyRequest(
        found["study"],
        tuple(models.values()),
        tuple(found["datasets"]),
        values,
        found["by_value"],
        tuple(name for name in found["models"] if name not in models),
    )


def read_value(rows: Mapping[str, Option], name: str, value: Any) -> Any:
    """The value of an option, read as from a call."""
    kind = named({n: kind_of(row) for n, row in rows.items()}, name, "a study")
    if rows[name].repeated:
        return tuple(checked(kind, name, one) for one in value)
    return checked(kind, name, value)
