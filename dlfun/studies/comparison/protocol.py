"""The protocol of a comparison, as its request asks for it. Needs no JAX to be checked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlfun.commands import called
from dlfun.config import parsers
from dlfun.config.classical import ALL, CLASSICAL
from dlfun.config.comparison_spec import Claim, declared_looks
from dlfun.config.option_table import name_of
from dlfun.config.search_request import kinds_by_flag, parse_dimension, split_name
from dlfun.config.search_space import Dimension, space_of
from dlfun.config.studies import options_of
from dlfun.config.study_request import StudyRequest
from dlfun.errors import OPT, UserError, bad_value, short
from dlfun.models import MODELS
from dlfun.records.flagfile import flag_lines
from dlfun.types import Range
from dlfun.words import plural

if TYPE_CHECKING:
    from dlfun.studies.baselines.arms import Points
    from dlfun.studies.comparison.frozen import Frozen
    from dlfun.studies.comparison.tuning import Choice, Tuning
    from dlfun.studies.search.sweep import Configuration

TOO_FEW = 5
"""With fewer seeds there is no verdict, whatever they say."""


class Protocol(NamedTuple):
    """How a comparison is made.

    Attributes:
      claim: what is claimed, and how sure.
      tuning: what is tried first, if anything.
      choice: what was tuned and frozen before, data set by data set; None uses the options.
      flags: the lines that a confirmation of what is frozen must be started with.
      variance: whether sources of variance are parted.
      baselines: names of classical models to compare with.
      points: of these, what was tuned and frozen before.
      curve: whether every arm is trained on rising numbers of training examples, too.
      frozen: all that was, where this confirms it.
    """

    claim: Claim = Claim()
    tuning: Tuning | None = None
    choice: Choice | None = None
    flags: tuple[str, ...] = ()
    variance: bool = False
    baselines: tuple[str, ...] = ()
    points: Points | None = None
    curve: bool = False
    frozen: Frozen | None = None


def claim_of(request: StudyRequest) -> Claim:
    """What a comparison claims.

    Raises:
      UserError: if options do not go together.
    """
    reference, models = request["reference"], [model.name for model in request.models]
    if request["family"] == "vs-reference" and reference not in models:
        raise UserError(
            f"{OPT.family}=vs-reference needs {OPT.reference}, one of the models: "
            f"{', '.join(models)}"
        )
    if request["family"] == "all-pairs" and reference is not None:
        raise UserError(
            f"{OPT.reference}={short(reference)} is for {OPT.family}=vs-reference; add it"
        )
    return Claim(
        delta=request["delta"] or {},
        family=request["family"],
        reference=reference,
        scope=request["scope"],
        power=request["power"],
        looks=looks_of(request),
    )


def looks_of(request: StudyRequest) -> tuple[int, ...]:
    """The declared looks; none unless it goes on until it is decided."""
    looks = request["looks"]
    shown = options_of(request.study)["looks"].kind.show(looks or ())
    if looks and not request["until_decided"]:
        raise UserError(f"{OPT.looks}={shown} is for {OPT.until_decided}; add it")
    if not request["until_decided"]:
        return ()
    if looks is None:
        looks = declared_looks(request["seeds"], request["max_seeds"])
    if any(b <= a for a, b in itertools.pairwise(looks)):
        raise bad_value("looks", shown, "must be rising numbers of seeds, such as 10,20,40")
    if looks[0] < TOO_FEW:
        raise UserError(
            f"{OPT.until_decided} looks first at {plural(looks[0], 'seed')}, too few for a "
            f"verdict; begin with {TOO_FEW} or more, by {OPT.seeds} or {OPT.looks}"
        )
    return tuple(looks)


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


def check(request: StudyRequest) -> None:
    """Raises UserError where options of a comparison do not go together."""
    claim_of(request)
    spaces_of(request)
    if request["seeds"] < 2 and not request["plan"]:
        raise UserError(
            f"{OPT.seeds}={request['seeds']} leaves nothing to compare by; give 2 or more (10 or "
            f"more for a full verdict), or use {called('train')}"
        )
    if request["pilot"] is not None and not request["plan"]:
        raise UserError(f"{OPT.pilot}={short(request['pilot'])} is for {OPT.plan}; add it")
    if request["plan"] and request["baselines"]:
        raise UserError(
            f"{OPT.plan} is of networks alone, and each baseline makes the family of pairs larger; "
            f"leave {OPT.baselines} out, and expect to need more seeds with it"
        )
    check_tuning(request)


def check_tuning(request: StudyRequest) -> None:
    """Raises UserError where what is said of tuning does not go together."""
    stage = request["stage"]
    if stage != "all" and not request["tune"]:
        raise UserError(f"{OPT.stage}={stage} is a part of {OPT.tune}; add {OPT.tune}")
    if request["frozen"] is not None and stage != "confirm":
        raise UserError(
            f"{OPT.frozen}={short(request['frozen'])} is for {OPT.stage}=confirm; add it, or leave "
            f"{OPT.frozen} out"
        )
    if request["tune"] and not request["delta"]:
        raise UserError(
            f"{OPT.tune} needs {OPT.delta}, the difference that will count as none, before "
            f"anything is confirmed: {OPT.delta}=0.01 is one point of accuracy"
        )
    if stage == "confirm":
        check_confirmation(request)


def check_confirmation(request: StudyRequest) -> None:
    """Raises UserError if an option differs from what was frozen."""
    from dlfun.studies.comparison.frozen import read_frozen

    wanted = set(read_frozen(request["frozen"])["flags"])
    given = set(frozen_lines(request))
    other = sorted(given - wanted)
    if other:
        was = [line for line in wanted - given if name_of(line) == name_of(other[0])]
        raise UserError(
            f"{other[0]}: was frozen as {was[0] if was else 'not given'}; leave it out, or tune "
            "anew"
        )


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


def protocol_of(request: StudyRequest) -> Protocol:
    """How a comparison is made.

    Raises:
      UserError: if options do not go together, or what was frozen is not there as it was.
    """
    found = Protocol(
        claim_of(request),
        variance=request["variance"],
        baselines=request["baselines"],
        curve=request["curve"],
    )
    if not request["tune"]:
        return found
    from dlfun.studies.comparison.tuning import Tuning

    if request["stage"] == "confirm":
        from dlfun.studies.comparison.frozen import Frozen, read_frozen

        contents = read_frozen(request["frozen"])
        return found._replace(
            choice=frozen_choice(request, contents),
            points=contents["configurations"],
            frozen=Frozen(request["frozen"], contents),
        )
    spaces = spaces_of(request)
    tried = candidates(request, spaces)
    tuning = Tuning(tried, spaces, request["tuning_seeds"], request["trials"])
    return found._replace(tuning=tuning, flags=frozen_lines(request))


def protocol_in(request: StudyRequest, folder: Path) -> Protocol:
    """How the comparison of a record was made: its looks, and what it was tuned to.

    What it confirmed is taken from its own copy, where it has one.
    """
    from dlfun.studies.comparison.frozen import CONFIRMED, NAME, read_frozen
    from dlfun.studies.comparison.tuning import Tuning

    found = Protocol(claim_of(request), variance=request["variance"])
    if not request["tune"]:
        return found
    own = next((folder / name for name in (NAME, CONFIRMED) if (folder / name).exists()), None)
    choice = frozen_choice(request, read_frozen(own or request["frozen"]))
    tuning = Tuning({}, {}, request["tuning_seeds"]) if request["stage"] == "all" else None
    return found._replace(choice=choice, tuning=tuning)
