"""What the flags of a comparison's protocol ask for, and whether they go together."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from absl import flags as absl_flags

from dlfun.cli import study_flags
from dlfun.cli.flag_types import bad_value, flag_of
from dlfun.cli.flagfile import check_lines, flag_lines
from dlfun.cli.search_flags import kinds, parse_dimension, split_name
from dlfun.commands import command
from dlfun.config import parsers
from dlfun.config.classical import ALL, CLASSICAL
from dlfun.config.comparison_spec import Claim, declared_looks
from dlfun.config.option_table import UNFROZEN, name_of
from dlfun.config.search_space import Dimension, space_of
from dlfun.errors import UserError
from dlfun.models import MODELS
from dlfun.types import Range
from dlfun.words import plural

FREE = ("stage", "frozen", "variance", "curve", *UNFROZEN)
"""Flags that a confirmation may have otherwise than they were when it was frozen."""

TOO_FEW = 5
"""With fewer seeds there is no verdict, whatever they say."""


def claim_of(values: absl_flags.FlagValues) -> Claim:
    """What the flags claim.

    Raises:
      UserError: if flags do not go together.
    """
    reference, models = values.reference, study_flags.models_of(values)
    if values.family == "vs-reference" and reference not in models:
        raise UserError(
            f"--family=vs-reference needs --reference, one of the models: {', '.join(models)}"
        )
    if values.family == "all-pairs" and reference is not None:
        raise UserError(f"--reference={reference} is for --family=vs-reference; add it")
    return Claim(
        delta=values.delta or {},
        family=values.family,
        reference=reference,
        scope=values.scope,
        power=values.power,
        looks=looks_of(values),
    )


def looks_of(values: absl_flags.FlagValues) -> tuple[int, ...]:
    """The declared looks; none without --until_decided."""
    looks = values.looks
    if looks and not values.until_decided:
        shown = flag_of(values, "looks").kind.show(looks)
        raise UserError(f"--looks={shown} is for --until_decided; add it")
    if not values.until_decided:
        return ()
    if looks is None:
        looks = declared_looks(values.seeds, values.max_seeds)
    if any(b <= a for a, b in itertools.pairwise(looks)):
        shown = flag_of(values, "looks").kind.show(looks)
        raise bad_value("looks", shown, "must be rising numbers of seeds, such as 10,20,40")
    if looks[0] < TOO_FEW:
        raise UserError(
            f"--until_decided looks first at {plural(looks[0], 'seed')}, too few for a "
            "verdict; begin with "
            f"{TOO_FEW} or more, by --seeds or --looks"
        )
    return looks


def spaces_of(values: absl_flags.FlagValues) -> dict[str, dict[str, Dimension]]:
    """Model -> what it is tuned over: its --space where it has one, else its default.

    Classical methods are in it if they have a --space.

    Raises:
      UserError: naming the flag and what is wrong with it.
    """
    models, classical = study_flags.models_of(values), methods_of(values.baselines)
    given: dict[str, dict[str, Dimension]] = {name: {} for name in (*models, *classical)}
    for text in values.space:
        model, colon, rest = text.partition(":")
        named = bool(colon) and "=" not in model
        if named and model not in given:
            raise bad_value("space", text, f"{model} is not one of the models {', '.join(given)}")
        for own in (model,) if named else models:
            valid = kinds_of_method(own) if own in classical else kinds(own)
            name, dimension = split_name("space", rest if named else text, valid, given[own])
            try:
                given[own][name] = parse_dimension(valid[name], dimension)
            except ValueError as error:
                raise bad_value("space", text, error) from None
    usual = {model: given[model] or dict(space_of(model)) for model in models}
    return usual | {name: given[name] for name in classical if given[name]}


def methods_of(baselines: Sequence[str]) -> tuple[str, ...]:
    """The classical methods that --baselines names."""
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


def frozen_lines(lines: Collection[str]) -> tuple[str, ...]:
    """The lines of config.flags that a confirmation must keep."""
    return tuple(line for line in lines if name_of(line) not in FREE)


def with_frozen(values: absl_flags.FlagValues, args: list[str]) -> list[str]:
    """The arguments, behind those that were frozen if a confirmation is asked for.

    Raises:
      UserError: if what --frozen names is missing, was changed, or holds what is not frozen.
    """
    if given_as(args, "stage") != "confirm":
        return args
    path = given_as(args, "frozen")
    if path is None:
        raise UserError("--stage=confirm needs --frozen=RECORD, the one that --stage=tune made")
    from dlfun.studies.comparison.frozen import read_frozen

    known = set(args)  # of a replay they are there already, and some would be given twice
    lines = read_frozen(os.path.expanduser(path)).get("flags", [])
    try:
        check_lines(values, lines)
    except UserError as error:
        raise UserError(f"--frozen={path}: {error}") from None
    return [*(line for line in lines if line not in known), *args]


def given_as(args: Sequence[str], name: str) -> str | None:
    """The value that arguments give a flag, before they are parsed; the last one counts.

    >>> given_as(["--stage", "tune", "--stage=confirm"], "stage")
    'confirm'
    """
    found = None
    for arg, following in zip(args, [*args[1:], ""], strict=False):
        flag, equals, value = arg.lstrip("-").partition("=")
        if arg.startswith("-") and flag == name:
            found = value if equals else following
    return found


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags of a comparison do not go together."""
    study_flags.check(values)
    claim_of(values)
    spaces_of(values)
    if values.seeds < 2 and not values.plan:
        raise UserError(
            f"--seeds={values.seeds} leaves nothing to compare by; give 2 or more (10 or more for "
            f"a full verdict), or use {command('train')}"
        )
    if values.stage != "all" and not values.tune:
        raise UserError(f"--stage={values.stage} is a part of --tune; add --tune")
    if values.frozen is not None and values.stage != "confirm":
        raise UserError("--frozen is for --stage=confirm; add it, or leave --frozen out")
    if values.pilot is not None and not values.plan:
        raise UserError("--pilot is for --plan; add it")
    if values.plan and values.baselines:
        raise UserError(
            "--plan is of networks alone, and each baseline makes the family of pairs larger; "
            "leave --baselines out, and expect to need more seeds with it"
        )
    if values.tune and not values.delta:
        raise UserError(
            "--tune needs --delta, the difference that will count as none, before anything is "
            "confirmed: --delta=0.01 is one point of accuracy"
        )
    if values.stage == "confirm":
        check_confirmation(values)


def check_confirmation(values: absl_flags.FlagValues) -> None:
    """Raises UserError if a flag differs from what was frozen."""
    from dlfun.studies.comparison.frozen import read_frozen

    wanted = set(read_frozen(values.frozen)["flags"])
    given = set(frozen_lines(flag_lines(values, study_flags.models_of(values))))
    other = sorted(given - wanted)
    if other:
        was = [line for line in wanted - given if name_of(line) == name_of(other[0])]
        raise UserError(
            f"{other[0]}: was frozen as {was[0] if was else 'not given'}; leave it out, or tune "
            "anew"
        )


def candidates(
    values: absl_flags.FlagValues, spaces: Mapping[str, Mapping[str, Dimension]]
) -> dict[str, Sequence[tuple[dict[str, Any], Any]]]:
    """Model -> the configurations it is tuned among: the one given, and then random ones."""
    from dlfun.studies.search.samplers import trials

    return {
        model: [
            (point, study_flags.model_options(values, model, point))
            for point in ({}, *trials(spaces[model], values.trials, values.seed, model))
        ]
        for model in study_flags.models_of(values)
    }


def frozen_choice(values: absl_flags.FlagValues, contents: Mapping[str, Any]) -> Any:
    """Data set -> model -> the options that were frozen."""

    def value(given: Any) -> Any:
        return tuple(given) if isinstance(given, list) else given

    return {
        dataset: {
            model: study_flags.model_options(values, model, {n: value(v) for n, v in point.items()})
            for model, point in points.items()
            if model in MODELS
        }
        for dataset, points in contents["configurations"].items()
    }


def protocol_of(values: absl_flags.FlagValues) -> Any:
    """The protocol that the flags ask for."""
    from dlfun.studies.comparison.compare import Protocol
    from dlfun.studies.comparison.tuning import Tuning

    found = Protocol(
        claim_of(values),
        variance=values.variance,
        baselines=values.baselines,
        curve=values.curve,
    )
    if not values.tune:
        return found
    if values.stage == "confirm":
        from dlfun.studies.comparison.frozen import Frozen, read_frozen

        contents = read_frozen(values.frozen)
        return found._replace(
            choice=frozen_choice(values, contents),
            points=contents["configurations"],
            frozen=Frozen(values.frozen, contents),
        )
    spaces = spaces_of(values)
    lines = frozen_lines(flag_lines(values, study_flags.models_of(values)))
    tried = candidates(values, spaces)
    tuning = Tuning(tried, spaces, values.tuning_seeds, values.trials)
    return found._replace(tuning=tuning, flags=lines)
