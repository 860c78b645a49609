"""The request for a study as study.json, from which its record is opened again.

    {"study": "train", "datasets": ["mnist1d"], "models": {"cnn": {"channels": [16, 32], ...}},
     "options": {"seeds": 10, ...}, "by_value": ""}

Values stand as JSON has them, and where these would not read back, such as sizes of memory and
layouts, as the text that their flag takes.
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
    }


def json_model(model: Model, swept: Sequence[str]) -> dict[str, Any] | None:
    """A model's values by name; None for a module given by value, which is in no file."""
    if model.module is not None:
        return None
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


def read_request(folder: Path, data: bool = True) -> StudyRequest:
    """The request that a record is the answer to.

    Args:
      data: whether its data sets are needed, and not what the record keeps of them alone.

    Raises:
      UserError: if it cannot be read, or holds what was given by value, in Python.
    """
    found = read_study(folder)
    if found["by_value"] and (data or not any(found["models"].values())):
        raise given_by_value(folder, found["by_value"])
    try:
        request = from_json(found)
        if request.kind.searches:
            check_request(request)
        return request
    except UserError as error:
        raise UserError(f"{folder / STUDY}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise broken(folder, STUDY) from None


def given_by_value(where: object, what: str) -> UserError:
    """The error of what was given by value, and no file can give back."""
    return UserError(
        f"{where}: was made in Python with {what}, which no flags make; call dlfun there again"
    )


def from_json(found: Mapping[str, Any]) -> StudyRequest:
    """The request in a study.json.

    Raises:
      UserError: if a name is unknown, or a value is out of range.
    """
    rows = written_options(found["study"])
    values = {name: read_value(rows, name, value) for name, value in found["options"].items()}
    known = {name: given for name, given in found["models"].items() if given is not None}
    return StudyRequest(
        found["study"],
        tuple(make_model(name, None, given) for name, given in known.items()),
        tuple(found["datasets"]),
        values,
        found["by_value"],
        tuple(name for name in found["models"] if name not in known),
    )


def read_value(rows: Mapping[str, Option], name: str, value: Any) -> Any:
    """The value of an option, read as from a call."""
    kind = named({n: kind_of(row) for n, row in rows.items()}, name, "a study")
    if rows[name].repeated:
        return tuple(checked(kind, name, one) for one in value)
    return checked(kind, name, value)
