"""What the last lines of a study's command speak of: what could be done next, as flags to copy."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlfun.cli.next_steps import page_of, shown
from dlfun.config.model_value import Model
from dlfun.config.option_table import OPEN_ENDED, OPTIONS
from dlfun.config.studies import STUDIES
from dlfun.config.study_request import StudyRequest
from dlfun.records.flagfile import flag_lines
from dlfun.types import SPLITS

if TYPE_CHECKING:
    from dlfun.records.writer import Study

PLACES = ("data_dir", "manual_dir")
"""Options that no record holds, and that the same data need again."""


def facts_of(request: StudyRequest, study: Study) -> dict[str, Any]:
    """Name -> text, of what the lines of this kind of study need and is known."""
    from dlfun.records.training_state import FOLDER as STATE

    kept = request["keep"] != "none" and (study.folder / "parameters").is_dir()
    makes = any(model.row.generative for model in request.models)
    folder = shown(study.folder)
    goes_on = request["schedule"] in OPEN_ENDED and (study.folder / STATE).is_dir()
    return {
        "page": page_of(study.folder),
        "folder": folder,
        "flags": " ".join([shown(study.folder / "config.flags"), *places(request)]),
        "generative": folder if kept and makes else "",
        "predictable": folder if kept and not makes else "",
        "continued": folder if goes_on else "",
        "steps": str(study.rows[0]["steps"]) if goes_on else "",
    }


def places(request: StudyRequest) -> list[str]:
    """The flags of where data lie, which a record does not hold."""
    return [f"--{name}={shlex.quote(request[name])}" for name in PLACES if request[name]]


def facts_of_comparison(request: StudyRequest, study: Study) -> dict[str, Any]:
    """The same of a comparison: what would decide it, or make it fairer."""
    from dlfun.studies.comparison.verdicts import all_decided

    known = facts_of(request, study)
    if request["tune"]:
        frozen = f"--tune --stage=confirm --frozen={known['folder']}"
        stopped = not study.pairs and not known["page"]
        return known | {"confirm": f"--flagfile={known['flags']} {frozen}" if stopped else ""}
    if not study.pairs:
        return known
    folds = SPLITS[request["split"]].folds
    if all_decided(study.pairs) or folds:
        return known | {"delta": delta_flag(study.pairs)}
    return known | {"until": "" if request["until_decided"] else until(request["seeds"])}


def delta_flag(pairs: Sequence[Mapping[str, Any]]) -> str:
    """The deltas that pairs were judged by, which tuning has to be told."""
    known = {pair["dataset"]: pair["delta"] for pair in pairs}
    if len(set(known.values())) == 1:
        return f"--delta={next(iter(known.values())):g}"
    return "--delta=" + ",".join(f"{name}:{delta:g}" for name, delta in known.items())


def until(seeds: int) -> str:
    """The flags that go on from so many seeds until all is decided."""
    from dlfun.studies.comparison.protocol import TOO_FEW

    first, most = max(seeds, TOO_FEW), STUDIES["compare"].options["max_seeds"].default
    more = [f"--seeds={first}"] * (first > seeds) + [f"--max_seeds={2 * first}"] * (first >= most)
    return " ".join(["--until_decided", *more])


def facts_of_sweep(request: StudyRequest, study: Study) -> dict[str, Any]:
    """The same of a sweep: the best configuration, as flags that train it."""
    from dlfun.report.rows import summarise

    best = summarise(study.rows, request.kind.split, request.columns)[0].rows[0]
    (model,) = request.models
    own = {name: request.values[name] for name in OPTIONS if name in request.values}
    at = model.at({name: best[name] for name in request.swept})
    usual = set(flag_lines(StudyRequest("train", (Model(model.name),), request.datasets, {})))
    lines = flag_lines(StudyRequest("train", (at,), request.datasets, own))
    named = lines[: len(STUDIES["train"].names)]
    flags = [line for line in lines if line in named or line not in usual]
    return facts_of(request, study) | {
        "best": " ".join([*map(shlex.quote, flags), *places(request)])
    }
