"""The candidates of the planner: every layout a study could have, measured."""

from __future__ import annotations

from typing import NamedTuple

from dlfun.config.options import StudyOptions
from dlfun.studies.population.arm import make_members, resolve
from dlfun.studies.population.layout_choice import measured
from dlfun.studies.population.stacked import fewest
from dlfun.studies.population.study_data import load, target_sd
from dlfun.training.layout.planner import Measured


class Explained(NamedTuple):
    """The candidates of one population, fastest first, with the steps its run will take.

    `target_sd` is how far the data set's numbers to predict vary, in a unit of the user's own.
    """

    dataset: str
    model: str
    members: int
    steps: int
    candidates: list[Measured]
    target_sd: float = 0.0


def explain(options: StudyOptions) -> list[Explained]:
    """Measures the layouts of every model on every data set, as given without a sweep."""
    found = []
    for name in options.datasets:
        data = load(name, options)
        examples = fewest(data.tuning.train)
        for model, chosen in options.models.items():
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            members = make_members(options, model, [chosen.hparams], len(data.datasets))
            layouts = measured(settings, data, members, chosen)
            count = len(members.replicates)
            about = (data.first.name, model, count, settings.steps, layouts, target_sd(data))
            found.append(Explained(*about))
    return found
