"""From names to a population: the only place that knows all tables."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from dlfun import models, objectives
from dlfun.data.augmentations import check_augment
from dlfun.errors import OPT, UserError
from dlfun.learners import gradient_learner, perceptron_learner
from dlfun.objectives.elbo import elbo
from dlfun.objectives.generative import examination
from dlfun.objectives.tasks import task_of
from dlfun.training.population import Population
from dlfun.training.run import make_run
from dlfun.types import Layout, Learner, Objective, Run, Settings, Spec

LEARNERS = {"gradient": gradient_learner, "perceptron": perceptron_learner}


class Assembly(NamedTuple):
    """All parts of a run, put together."""

    module: Any
    objective: Objective
    learner: Learner
    run: Run


def likelihood(settings: models.VAE, spec: Spec) -> str:
    """The likelihood of a VAE's inputs; auto is that of the data set.

    Raises:
      UserError: if the values of the data set cannot have this likelihood.
    """
    wanted = spec.likelihood if settings.likelihood == "auto" else settings.likelihood
    fits = {
        "categorical": spec.vocabulary > 0,
        "bernoulli": spec.likelihood == "bernoulli",
        "gaussian": spec.vocabulary == 0,
    }
    if not fits[wanted]:
        raise UserError(
            f"{OPT.vae_likelihood}={wanted} does not fit the inputs of this data set; "
            f"use {spec.likelihood}"
        )
    return wanted


def check(settings: Settings, spec: Spec) -> None:
    """Raises UserError if this model cannot learn from such data."""
    row = models.row_of(settings.model)
    if spec.task not in row.tasks:
        able = [name for name, other in models.MODELS.items() if spec.task in other.tasks]
        what = "has no labels" if not task_of(spec).labels else f"is for {spec.task}"
        raise UserError(
            f"{OPT.model}={settings.model} is for {' or '.join(row.tasks)}, and this data set "
            f"{what}; "
            f"choose {' or '.join(able)}"
        )
    if task_of(spec).stream and settings.shape.bidirectional:
        raise UserError(
            f"{OPT.rnn_bidirectional} reads the next tokens before it predicts them; "
            f"give {OPT.no('rnn_bidirectional')}"
        )
    check_augment(settings.augment, spec)
    if row.by_gradient:
        return
    if settings.shape.units == "one" and spec.outputs != 2:
        raise UserError(
            f"{OPT.perceptron_units}=one tells two classes apart, and this data set has "
            f"{spec.outputs}; use classes"
        )


@functools.lru_cache
def assemble(settings: Settings, spec: Spec, way: str = "") -> Assembly:
    """The model, objective, learner and run of these settings, made once.

    `way` is how the model's layers compute, as in a layout.
    """
    check(settings, spec)
    row = models.row_of(settings.model)
    module = models.build(settings.model, settings.shape, spec, way)
    if row is models.OWN and settings.dropout:
        from dlfun.models.own import check_dropout

        check_dropout(module, spec)
    name = row.objective if settings.objective == "auto" else settings.objective
    objective = objectives.build(name, spec)
    if row.generative:
        kind = likelihood(settings.shape, spec)
        asked = examination(kind, settings.likelihood_samples)
        objective = elbo(kind, objective)._replace(examination=asked)
    learner = LEARNERS[row.learner](module, objective, settings, spec)
    return Assembly(module, objective, learner, make_run(learner, settings, task_of(spec).stream))


@functools.lru_cache
def population(settings: Settings, spec: Spec, layout: Layout, input: str = "memory") -> Population:
    """The population's programs, made once and compiled once for each shape of data.

    `input` is memory or stream: whether the data lie on the devices, or are fed to them.
    """
    made = assemble(settings, spec, layout.way)
    if input == "stream":
        # Grain takes a second to import, which only those who stream should pay.
        from dlfun.training.streaming.population import StreamedPopulation

        return StreamedPopulation(made.run, layout, made.learner, settings, task_of(spec).stream)
    return Population(made.run, layout)
