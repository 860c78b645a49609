"""A request for a study as the lines of config.flags, which replay it.

What was given by value, arrays or a module, no flag can make: a comment says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dlfun.config import parsers
from dlfun.config.model_value import Model, flag_of, kinds_of
from dlfun.config.option_table import OF_MODELS, Option
from dlfun.config.parsers import Kind
from dlfun.config.shape_fields import PER_LAYER
from dlfun.config.studies import options_of
from dlfun.config.study_request import StudyRequest
from dlfun.types import HPARAMS

BY_VALUE = "# by value: "
"""Begins the line of config.flags that says what no flag can make."""

BY_MODEL = (*HPARAMS, *OF_MODELS, "activation")
"""What has one flag for all models, which gives each of them its own value."""


def flag_lines(request: StudyRequest) -> tuple[str, ...]:
    """The lines that replay a study, defaults included; but for places and machines."""
    named = {"models": [model.name for model in request.models], "datasets": request.datasets}
    values = {model: model_values(model, request.swept) for model in request.models}
    return (
        *([f"{BY_VALUE}{request.by_value}"] if request.by_value else []),
        *(f"--{name}={','.join(named[plural(name)])}" for name in request.kind.names),
        *option_lines(request),
        *(line for name in BY_MODEL for line in by_model_lines(name, values)),
        *(line for model in request.models for line in shape_lines(model, values[model])),
    )


def plural(name: str) -> str:
    """model and models -> models."""
    return f"{name.removesuffix('s')}s"


def option_lines(request: StudyRequest) -> list[str]:
    """A line for each option that has a value, or for each of its values."""
    rows, lines = written_options(request.study), []
    for name, value in written_values(request).items():
        kind = kind_of(rows[name])
        lines += [line_of(name, kind, one) for one in (value if rows[name].repeated else [value])]
    return lines


def written_values(request: StudyRequest) -> dict[str, Any]:
    """The values of the options that a record holds; without those that have none."""
    found = {name: request[name] for name in written_options(request.study)}
    return {name: value for name, value in found.items() if value is not None and value != {}}


def kind_of(row: Option) -> Kind:
    """How the value of an option is written: by models, where they may have values of their own."""
    return parsers.by_model(row.kind, ()) if row.by_model else row.kind


def written_options(study: str) -> dict[str, Option]:
    """The options that a record holds, but for those that are given to a model."""
    rows = options_of(study)
    return {name: row for name, row in rows.items() if row.replayed and name not in OF_MODELS}


def line_of(name: str, kind: Kind, value: Any) -> str:
    """The line of a flagfile that gives an option a value."""
    if not kind.form:
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={kind.show(value)}"


def by_model_lines(name: str, values: Mapping[Model, Mapping[str, Any]]) -> list[str]:
    """The line that gives each model that has such a thing its own value of it, or all the same."""
    own = [model for model, known in values.items() if name in known]
    if not own:
        return []
    kind = parsers.by_model(kinds_of(own[0])[name], ())
    return [line_of(name, kind, shorten({model.name: values[model][name] for model in own}))]


def shorten(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """One value for all instead of the same value for each model."""
    different = set(values.values())
    return {parsers.REST: different.pop()} if len(different) == 1 else values


def model_values(model: Model, swept: Collection[str]) -> dict[str, Any]:
    """All that a model is, defaults included: numbers, optimiser, objective and shape.

    Where the number of layers is swept, the fields that follow it stay as given, and are left out
    if they were not: written down for one number of layers, they would not fit another.
    """
    options, given = model.options, dict(model.given)
    values = {} if model.module is not None else dict(vars(options.shape))
    values |= options.hparams._asdict()
    values |= {"optimizer": options.optimizer, "objective": options.objective}
    counts = [count for count in PER_LAYER if flag_of(model, count) in swept]
    follow = {name: None for count in counts for name in PER_LAYER[count]}
    values |= {name: given.get(name) for name in follow}
    return {name: values[name] for name in kinds_of(model) if values[name] is not None}


def shape_lines(model: Model, values: Mapping[str, Any]) -> list[str]:
    """The shape of a model of the table, field by field."""
    kinds = {} if model.module is not None else kinds_of(model)
    return [
        line_of(flag_of(model, name), kind, values[name])
        for name, kind in kinds.items()
        if name in values and name not in BY_MODEL
    ]
