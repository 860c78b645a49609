"""The protocol of a comparison, as its request asks for it. Needs no JAX to be checked."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dlfun.commands import called
from dlfun.config.comparison_spec import Claim, check_deltas, declared_looks
from dlfun.config.gates import Gate, asked_of
from dlfun.config.option_table import name_of
from dlfun.config.search_request import check_held_out
from dlfun.config.start_table import pretrained
from dlfun.config.studies import options_of
from dlfun.config.study_request import StudyRequest
from dlfun.data import is_path
from dlfun.errors import OPT, UserError, bad_value, short
from dlfun.studies.comparison.pilot import check_pilot
from dlfun.studies.comparison.tuning_request import (
    candidates,
    frozen_choice,
    frozen_lines,
    spaces_of,
)
from dlfun.types import SPLITS
from dlfun.words import plural

if TYPE_CHECKING:
    from dlfun.studies.baselines.arms import Points
    from dlfun.studies.comparison.frozen import Frozen
    from dlfun.studies.comparison.tuning import Choice, Tuning

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
      gates: claims to decide.
      noise_floor: whether to say what differences seeds alone make.
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
    gates: tuple[Gate, ...] = ()
    noise_floor: bool = False


def claim_of(request: StudyRequest) -> Claim:
    """What a comparison claims.

    Raises:
      UserError: if options do not go together.
    """
    reference, models = request["reference"], [model.name for model in request.models]
    if request["initialize_from"] is not None:
        models += [pretrained(model) for model in models]
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


def check(request: StudyRequest) -> None:
    """Raises UserError where options of a comparison do not go together."""
    check_folds(request)
    claim = claim_of(request)
    check_names(request)
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
    check_pilot(request["pilot"], request.datasets, [model.name for model in request.models], claim)
    check_tuning(request)


def check_names(request: StudyRequest) -> None:
    """Raises UserError if a delta or a gate is of a data set or arm that there will not be.

    Data that are read from a path have another name, which is known when they are read, and which
    classical arms there are is known then, too.
    """
    if any(map(is_path, request.datasets)):
        return
    check_deltas(request["delta"] or {}, request.datasets)
    if not request["baselines"]:
        arms = [model.name for model in request.models]
        if request["initialize_from"]:
            arms += map(pretrained, arms[:])
        asked_of(request["require"], dict.fromkeys(request.datasets, arms))


def check_folds(request: StudyRequest) -> None:
    """Raises UserError if replicates are folds, and more of them are asked for or planned."""
    if not SPLITS[request["split"]].folds:
        return
    for name in ("until_decided", "plan", "noise_floor"):
        if request[name]:
            raise UserError(
                f"{OPT(name)} is about seeds, and under {OPT.split}={request['split']} "
                f"replicates are folds; leave it out, or give {OPT.split}=random"
            )


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
    elif request["tune"]:
        check_held_out(request["validation_fraction"], f"{OPT.tune}", "choose")


def check_confirmation(request: StudyRequest) -> None:
    """Raises UserError if an option differs from what was frozen."""
    from dlfun.studies.comparison.frozen import check_seed, read_frozen

    frozen = read_frozen(request["frozen"])
    check_seed(request["frozen"], frozen["hash"], request["seed"])
    wanted = set(frozen["flags"])
    given = set(frozen_lines(request))
    known = {name_of(line) for line in wanted}  # what follows from another model comes behind it
    other = sorted(given - wanted, key=lambda line: (name_of(line) not in known, line))
    if other:
        was = [line for line in wanted - given if name_of(line) == name_of(other[0])]
        raise UserError(
            f"{other[0]}: was frozen as {was[0] if was else 'not given'}; leave it out, or tune "
            "anew"
        )


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
        gates=tuple(request["require"]),
        noise_floor=request["noise_floor"],
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
