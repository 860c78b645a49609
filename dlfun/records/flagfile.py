"""The lines of config.flags of a study that was called from Python: those that replay it.

What was given by value, arrays or a module, no flag can make: a comment says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config import parsers
from dlfun.config.comparison_spec import Claim
from dlfun.config.option_table import FIELDS, OPTIONS
from dlfun.config.options import StudyOptions
from dlfun.config.parsers import Kind
from dlfun.config.shape_fields import PER_LAYER, kind_of, shape_fields
from dlfun.config.studies import STUDIES
from dlfun.config.study_values import Data, Model
from dlfun.errors import UserError
from dlfun.records.reader import BY_VALUE, flags_of, given_by_value
from dlfun.types import HPARAMS

A_MODEL = "the model "
"""Begins the words for what was given by value if a model is among it: models come first."""


def study_lines(
    script: str,
    options: StudyOptions,
    models: Sequence[Model],
    data: Sequence[Data],
    more: Iterable[str] = (),
    swept: Collection[str] = (),
) -> tuple[str, ...]:
    """All lines but that of the layouts.

    Args:
      more: those of the script alone.
      swept: the flags that a sweep varies.
    """
    of_data = [n for n, row in OPTIONS.items() if row.replayed and hasattr(options.data, n)]
    many = "s" if STUDIES[script].several else ""
    return (
        *by_value(models, data),
        f"--model{many}={','.join(options.models)}",
        f"--dataset{many}={','.join(options.datasets)}",
        *lines_of(dataclasses.asdict(options.data), of_data),
        *lines_of({name: getattr(options, name) for name in FIELDS}, FIELDS),
        *model_lines(options),
        *(line for model in models for line in shape_lines(model, swept)),
        *more,
    )


def by_value(models: Sequence[Model], data: Sequence[Data]) -> list[str]:
    """The comment that names what was given by value; nothing where nothing was."""
    found = [f"{A_MODEL}{m.name}, {shown(m.module)}" for m in models if m.module is not None]
    found += [f"the data set {one.name}, arrays in memory" for one in data if not one.source]
    return [f"{BY_VALUE}{'; '.join(found)}"] if found else []


def shown(module: Any) -> str:
    """A Linen module as it is made, on one line."""
    fields = (f.name for f in dataclasses.fields(module) if f.name not in ("parent", "name"))
    values = ", ".join(f"{name}={getattr(module, name)!r}" for name in fields)
    return " ".join(f"{type(module).__name__}({values})".split())


def check_by_flags(folder: Path, data: bool = True) -> None:
    """Raises UserError if a record is of something that was given by value: no flags make it.

    Args:
      data: whether data sets matter; else models alone do.
    """
    found = given_by_value(flags_of(folder))
    if found and (data or found.startswith(A_MODEL)):
        raise UserError(
            f"{folder}: was made in Python with {found}, which no flags make; call dlfun there "
            "again"
        )


def line_of(name: str, kind: Kind, value: Any) -> str:
    """The line of a flagfile that gives an option a value."""
    if not kind.form:
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={kind.show(value)}"


def lines_of(values: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """A line for each of these options that has a value."""
    return [
        line_of(name, OPTIONS[name].kind, values[name])
        for name in names
        if values[name] is not None
    ]


def model_lines(options: StudyOptions) -> list[str]:
    """The numbers, optimisers and activations of all models."""
    known = options.models
    lines = [
        by_model(
            name,
            {m: parsers.number(bounds).show(getattr(c.hparams, name)) for m, c in known.items()},
        )
        for name, bounds in HPARAMS.items()
    ]
    lines += [
        by_model(name, {m: getattr(c, name) for m, c in known.items()})
        for name in ("optimizer", "objective")
    ]
    active = {m: c.shape.activation for m, c in known.items() if hasattr(c.shape, "activation")}
    lines += [by_model("activation", active)] if active else []
    return lines


def shape_lines(model: Model, swept: Collection[str]) -> list[str]:
    """The shape of a model of the table, field by field.

    Where the number of layers is swept, the fields that follow it stay as given, and are left out
    if they were not: written down for one number of layers, they would not fit another.
    """
    if model.module is not None:
        return []
    given, lines = dict(model.given), []
    for flag, field in shape_fields(model.name).items():
        value = getattr(model.options.shape, field.name)
        counts = [count for count, fields in PER_LAYER.items() if field.name in fields]
        if any(f"{model.name}_{count}" in swept for count in counts):
            value = given.get(field.name)
        if value is not None:
            lines.append(line_of(flag, kind_of(field), value))
    return lines


def by_model(name: str, texts: Mapping[str, str]) -> str:
    """The line that gives each model its own value."""
    return f"--{name}={','.join(f'{model}:{text}' for model, text in texts.items())}"


def claim_lines(claim: Claim, baselines: Sequence[str]) -> list[str]:
    """The lines of what a comparison claims."""
    delta = ",".join(f"{name}:{v!r}" if name else repr(v) for name, v in claim.delta.items())
    lines = [f"--family={claim.family}", f"--scope={claim.scope}"]
    lines += [f"--delta={delta}"] if delta else []
    lines += [f"--reference={claim.reference}"] if claim.reference else []
    return lines + ([f"--baselines={','.join(baselines)}"] if baselines else [])
