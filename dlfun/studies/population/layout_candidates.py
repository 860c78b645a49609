"""The candidates of the planner: every layout a study could have, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from dlfun.config.options import StudyOptions
from dlfun.studies.population.arm import make_members, resolve
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.layout_choice import measured
from dlfun.studies.population.stacked import Stacked, fewest
from dlfun.studies.population.study_data import load_all, target_sd
from dlfun.training.layout.planner import Measured
from dlfun.types import Settings


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


def anything(names: Iterable[str]) -> None:
    """Any data sets will do."""


def explain(
    options: StudyOptions, check: Callable[[Iterable[str]], None] = anything
) -> list[Explained]:
    """Measures the layouts of every model on every data set, as given without a sweep.

    Args:
      check: told the names of the data sets when all are read, before anything is measured; may
        raise.

    Raises:
      UserError: if a model cannot learn a data set, before anything is measured.
    """
    loaded = load_all(options)
    check(loaded)
    wanted = [(data, *one) for data in loaded.values() for one in programs(options, data)]
    found = []
    for data, model, settings in wanted:
        chosen = options.models[model]
        members = make_members(options, model, [chosen.hparams], len(data.datasets))
        layouts = measured(settings, data, members, chosen)
        count = len(members.replicates)
        about = (data.first.name, model, count, settings.steps, layouts, target_sd(data))
        found.append(Explained(*about))
    return found


def programs(options: StudyOptions, data: Stacked) -> list[tuple[str, Settings]]:
    """Each model and its program on a data set.

    Raises:
      UserError: if a model cannot learn it.
    """
    examples = fewest(data.tuning.train)
    found = []
    for model, chosen in options.models.items():
        settings = resolve(options, model, chosen, examples, [chosen.hparams])
        assemble(settings, data.first.spec)
        found.append((model, settings))
    return found
