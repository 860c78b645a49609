"""A command that makes a study: its flags read, its study run, its record written."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dlfun import deferred
from dlfun.cli import study_flags
from dlfun.cli.flag_types import StudyFlags
from dlfun.cli.page import with_page
from dlfun.config import parsers
from dlfun.phases import phase
from dlfun.tracking.study import begin

if TYPE_CHECKING:
    from dlfun.config.options import StudyOptions
    from dlfun.records.writer import Study


def run_study(values: StudyFlags) -> Study | None:
    """The study that flags ask for; None where --layout=explain asks for its layouts alone."""
    with phase("loading"):
        request, options = study_flags.request_of(values), study_flags.study_options(values)
    if parsers.EXPLAIN in request["layout"].values():
        explain(options)
        return None
    kind, swept = request.kind, request.columns
    draw = functools.partial(deferred.load(kind.pictures), swept=swept)
    tracking = begin(request, options.output_dir)
    with phase("loading"):
        runs = deferred.load(kind.runs)
    found: Study = runs(request, options, with_page(values, draw, swept))
    return found._replace(notes=[*found.notes, *tracking.notes(found.folder)])


def explain(options: StudyOptions) -> None:
    """Prints the layouts that could be chosen, measured; nothing is trained."""
    from dlfun.report.text.layout_candidates import layout_table
    from dlfun.studies.population import layout_candidates

    print(layout_table(layout_candidates.explain(options)), flush=True)
