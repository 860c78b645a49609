"""The last lines of a command: the record, the page to open, and what one would want next."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from dlfun.cli.runtime import peak_memory
from dlfun.commands import command
from dlfun.config.model_value import Model
from dlfun.config.studies import options_of
from dlfun.config.study_request import StudyRequest
from dlfun.models import row_of
from dlfun.records.checksums import PAGE
from dlfun.records.flagfile import flag_lines
from dlfun.records.writer import Study
from dlfun.report.rows import summarise
from dlfun.stats.labels import UNRESOLVED

OWN = ("seeds", "layout")
"""Options that the best configuration of a sweep does not take along."""


def closing_lines(study: Study, request: StudyRequest) -> list[str]:
    """The memory it took, where the record and its page are, and commands to go on with."""
    following = [line for make in NEXT.get(request.study, ()) for line in make(study, request)]
    return [
        f"peak memory {peak_memory() / 2**30:.2f} GiB",
        f"record: {study.folder}",
        *page_lines(study.folder),
        *(f"next: {line}" for line in following),
    ]


def page_lines(folder: Path) -> list[str]:
    """The line of a page that is in a folder."""
    page = folder / PAGE
    return [f"page: {page}"] if page.is_file() else []


def put_to_use(study: Study, request: StudyRequest) -> list[str]:
    """To ask the best network, or have it make examples."""
    networks = {model.name for model in request.models if model.module is None}
    split = request.kind.split
    best = [x for x in summarise(study.rows, split, ["model"]) if x.rows[0]["model"] in networks]
    if not best or best[0].score.n == 0 or request["keep"] == "none" or request.by_value:
        return []
    name, folder = best[0].rows[0]["model"], shlex.quote(str(study.folder))
    which = f" --model={name}" if len(request.models) > 1 else ""
    which += f" --dataset={shlex.quote(best[0].dataset)}" if len(request.datasets) > 1 else ""
    if row_of(name).generative:
        return [f"{command('sample')} {folder}{which}"]
    return [f"{command('predict')} {folder}{which} --inputs=FILE"]


def confirmation(study: Study, request: StudyRequest) -> list[str]:
    """To confirm what was tuned and frozen, by fresh seeds."""
    if request["stage"] != "tune":
        return []
    return [f"{command('compare')} --stage=confirm --frozen={shlex.quote(str(study.folder))}"]


def more_seeds(study: Study, request: StudyRequest) -> list[str]:
    """To decide the pairs that are open."""
    is_open = any(pair["verdict"] == UNRESOLVED for pair in study.pairs)
    fixed = request["until_decided"] or request["tune"] or request["stage"] == "confirm"
    if not is_open or fixed or request.by_value or request.data.replicates is not None:
        return []
    flags = shlex.quote(str(study.folder / "config.flags"))
    return [f"{command('compare')} --flagfile={flags} --until_decided"]


def best_configuration(study: Study, request: StudyRequest) -> list[str]:
    """To train what validated best under seeds enough for a verdict."""
    first = summarise(study.rows, request.kind.split, ["model", *request.columns])[0].rows[0]
    if request.by_value or first["status"] != "ok":
        return []
    point = {name: first[name] for name in request.columns}
    model = request.models[0].at(point)
    known = options_of("train")
    values = {n: v for n, v in request.values.items() if n in known and n not in OWN}
    wanted = flag_lines(StudyRequest("train", (model,), request.datasets, values))
    usual = flag_lines(StudyRequest("train", (Model(model.name),), request.datasets, {}))
    flags = [line for line in wanted if line not in usual or line.startswith(("--model", "--data"))]
    return [" ".join([command("train"), *map(shlex.quote, flags)])]


Next = Callable[[Study, StudyRequest], list[str]]

NEXT: Mapping[str, tuple[Next, ...]] = {
    "train": (put_to_use,),
    "compare": (confirmation, more_seeds, put_to_use),
    "sweep": (best_configuration,),
}
"""Kind of study -> what makes the commands that one would want next."""
