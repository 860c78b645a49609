"""What is claimed of a comparison, checked when its data are read and nothing is trained yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlfun.config.comparison_spec import POPULATION, Claim, check_deltas
from dlfun.config.gates import Gate, asked_of
from dlfun.config.options import StudyOptions
from dlfun.errors import OPT, UserError
from dlfun.objectives.tasks import task_of
from dlfun.studies.population.pretrained import arms_of_models
from dlfun.studies.population.stacked import Stacked


def check_claims(
    options: StudyOptions,
    claim: Claim,
    gates: Sequence[Gate],
    loaded: Mapping[str, Stacked],
    classical: Mapping[str, Sequence[str]],
) -> None:
    """Raises UserError if what is claimed is of no arm or data set, or cannot be of these splits.

    Else that would be found when all is trained.

    Args:
      classical: data set -> its arms of scikit-learn.
    """
    check_deltas(claim.delta, loaded)
    asked_of(gates, arm_names(options, classical))
    for name, data in loaded.items():
        own = len(data.datasets) > 1 and task_of(data.first.spec).classes
        if (
            claim.scope == POPULATION
            and own
            and len(arms_of_models(options)) + len(classical[name]) > 1
        ):
            raise UserError(
                f"{OPT.scope}={POPULATION}: under {OPT.split}={options.data.split} each replicate "
                f"of {name} has a test set of its own, and intervals are of the population "
                f"already; leave {OPT.scope} out"
            )


def arm_names(
    options: StudyOptions, classical: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Data set -> the arms that will be trained on it."""
    return {name: [*arms_of_models(options), *others] for name, others in classical.items()}
