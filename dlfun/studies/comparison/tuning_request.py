"""Tuning as a request asks for it: spaces, candidates, and what is frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlfun.config import parsers
from dlfun.config.classical import ALL, CLASSICAL
from dlfun.config.option_table import name_of
from dlfun.config.search_request import kinds_by_flag, parse_dimension, split_name
from dlfun.config.search_space import Dimension, space_of
from dlfun.config.studies import options_of
from dlfun.config.study_request import StudyRequest
from dlfun.errors import bad_value
from dlfun.models import MODELS
from dlfun.records.flagfile import flag_lines
from dlfun.types import Range

if TYPE_CHECKING:
    from dlfun.studies.comparison.tuning import Choice
    from dlfun.studies.search.sweep import Configuration


def spaces_of(request: StudyRequest) -> dict[str, dict[str, Dimension]]:
    """Model -> what it is tuned over: its own space where it has one, else its default.

    Classical methods are in it if they have a space.

    Raises:
      UserError: naming the option and what is wrong with it.
    """
    models = {model.name: model for model in request.models}
    classical = methods_of(request["baselines"])
    given: dict[str, dict[str, Dimension]] = {name: {} for name in (*models, *classical)}
    for text in request["space"]:
        model, colon, rest = text.partition(":")
        named = bool(colon) and "=" not in model
        if named and model not in given:
            raise bad_value("space", text, f"{model} is not one of the models {', '.join(given)}")
        for own in (model,) if named else models:
            valid = kinds_by_flag(models[own]) if own in models else kinds_of_method(own)
            name, dimension = split_name("space", rest if named else text, valid, given[own])
            try:
                given[own][name] = parse_dimension(valid[name], dimension)
            except ValueError as error:
                raise bad_value("space", text, error) from None
    usual = {name: given[name] or dict(space_of(name)) for name in models}
    return usual | {name: given[name] for name in classical if given[name]}


def methods_of(baselines: Sequence[str]) -> tuple[str, ...]:
    """The classical methods that baselines are of."""
    if tuple(baselines) == (ALL,):
        return tuple(CLASSICAL)
    return tuple(dict.fromkeys(name.partition("+")[0] for name in baselines))


def kinds_of_method(method: str) -> dict[str, parsers.Kind]:
    """Name -> kind of value, of all that can be searched of a classical method."""

    def kind(name: str, dimension: Dimension) -> parsers.Kind:
        if not dimension.values:
            return parsers.number(Range(0, math.inf, "", low_allowed=False, high_allowed=False))
        if isinstance(dimension.values[0], int):
            return parsers.integer(1)
        return parsers.choice(name, dimension.values)

    return {name: kind(name, space) for name, space in CLASSICAL[method].space.items()}


def frozen_lines(request: StudyRequest) -> tuple[str, ...]:
    """The lines of config.flags that a confirmation must keep."""
    free = {name for name, row in options_of(request.study).items() if not row.frozen}
    return tuple(line for line in flag_lines(request) if name_of(line) not in free)


def candidates(
    request: StudyRequest, spaces: Mapping[str, Mapping[str, Dimension]]
) -> dict[str, Sequence[Configuration]]:
    """Model -> the configurations it is tuned among: the one given, and then random ones."""
    from dlfun.studies.search.samplers import trials

    return {
        model.name: [
            (point, request.model_options(model.name, point))
            for point in (
                {},
                *trials(spaces[model.name], request["trials"], request["seed"], model.name),
            )
        ]
        for model in request.models
    }


def frozen_choice(request: StudyRequest, contents: Mapping[str, Any]) -> Choice:
    """Data set -> model -> the options that were frozen."""

    def value(given: Any) -> Any:
        return tuple(given) if isinstance(given, list) else given

    return {
        dataset: {
            model: request.model_options(model, {n: value(v) for n, v in point.items()})
            for model, point in points.items()
            if model in MODELS
        }
        for dataset, points in contents["configurations"].items()
    }
