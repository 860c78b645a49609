"""Modules of the user's own in a record: which it lacks, and which are given again.

No file holds their code, and nothing of a record is run: who reads it names the code.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config.model_value import Model
from dlfun.config.study_request import StudyRequest
from dlfun.errors import OPT, UserError, by_flags
from dlfun.words import listed

IN_MEMORY = "arrays in memory"
"""In the words for what was given by value: a data set, which no record holds."""


def given_again(
    folder: Path, recorded: Mapping[str, Any], models: Sequence[Model]
) -> dict[str, Model]:
    """The modules that are given again, by the names that the record has for them.

    Capital letters need not agree. A model of the table stands in the record itself, and may be
    given for nothing.

    Args:
      recorded: the models of study.json by name; a module of the user's own is None there.

    Raises:
      UserError: if one is none of the record's, or two are the same.
    """
    found: dict[str, Model] = {}
    for model in models:
        names = [n for n, kept in recorded.items() if (kept is None) == (model.module is not None)]
        name = alike(model.name, names)
        if name is None:
            raise unmatched(folder, model, names)
        if name in found:
            raise UserError(f"{OPT(option())}: {name} is given twice; give it once")
        if model.module is not None:
            found[name] = model
    return found


def unmatched(folder: Path, model: Model, names: Sequence[str]) -> UserError:
    """The error of a model that a record has none of."""
    kind = "model" if model.module is None else "module of the user's own"
    there = f"no {kind} of that name, but {listed(names)}" if names else f"no {kind}"
    remedy = "leave it out"
    if names and model.module is not None:
        remedy = f"{renamed()}, or {remedy}"
    return UserError(f"{OPT(option())}: {model.name}: {folder} has {there}; {remedy}")


def alike(name: str, names: Iterable[str]) -> str | None:
    """The one of several names that is this one, or but for capital letters; None where none is.

    >>> alike("MixNet", ["mixnet", "cnn"]), alike("net", ["mixnet"])
    ('mixnet', None)
    """
    known = list(dict.fromkeys(names))
    near = [one for one in known if one.lower() == name.lower()]
    return name if name in known else near[0] if len(near) == 1 else None


def option() -> str:
    """The option that gives modules again, at the door that the user came by."""
    return "module" if by_flags() else "models"


def renamed() -> str:
    """How a module is given under the name that a record has for it."""
    if by_flags():
        return f"{OPT.module}=NAME=FILE.py:CLASS gives it another name"
    return "dlfun.model(MODULE, name=...) gives it another name"


def given_by_value(where: object, what: str, modules: Sequence[str]) -> UserError:
    """The error of what was given by value, and no file can give back.

    Args:
      what: all of it, in words.
      modules: those that are needed; else data are, which a call alone gives.
    """
    remedy = "call dlfun there again"
    if modules and by_flags():
        remedy = f"give {listed(modules)} again: {OPT.module}=FILE.py:CLASS, which runs that file"
    elif modules:
        remedy = f"give {listed(modules)} again: dlfun.read({str(where)!r}, models=[...])"
    return UserError(f"{where}: was made in Python with {what}, which no file gives back; {remedy}")


def code_of(request: StudyRequest) -> dict[str, str]:
    """Model on data set -> the sha256 of what a module given by value computes there.

    One that does not work has none: whoever trains it says why.
    """
    from dlfun.models.own import checksum_of, own

    found = {}
    for model in (model for model in request.models if model.module is not None):
        for data in request.raw.values():
            with contextlib.suppress(Exception):
                module = own(model.options.shape, data.spec)
                found[f"{model.name} on {data.name}"] = checksum_of(module, data.spec)
    return found
