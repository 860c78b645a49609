"""The decision boundary of networks of two inputs, over the plane, and while they trained.

A history of parameters is kept nowhere: nothing is stacked while a population trains. A run is
pure, so that a few members are run once more, interval by interval, and asked at the end of each.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.objectives import metrics
from dlfun.objectives.tasks import task_of
from dlfun.preparation import Preparation
from dlfun.records.outcome import Result
from dlfun.studies.artifacts.evidence import Arrays, own_splits
from dlfun.studies.artifacts.pictures import QUICK
from dlfun.studies.population.arm import make_members
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import Stacked, one_of
from dlfun.types import Learner, Members, Run, Spec

GRID = 32
"""Places along each input."""

MARGIN = 0.15
"""The plane reaches so much further than the training examples, of their own range."""

RUNS, AGAIN = 30, 3
"""Members whose last boundary is kept, and those that are run again, at most."""

CLASSES = 12
"""Classes, at most, of which there is a boundary."""

POINTS = 400
"""Training examples that are kept, at most."""

PATIENCE = 120.0
"""Seconds, at most, that a population may have trained whose members are run again."""


class Plane(NamedTuple):
    """The places that members are asked about.

    Attributes:
      xs, ys: [GRID], in the unit of the inputs.
      places: [GRID * GRID, 2], as inputs are stored.
    """

    xs: np.ndarray
    ys: np.ndarray
    places: np.ndarray


class Asked(NamedTuple):
    """Who is asked, and about what.

    Attributes:
      outputs: (state, places, scaling) -> outputs [places, classes or 1], compiled.
    """

    outputs: Callable[..., Any]
    plane: Plane
    data: Stacked

    def scores(self, state: Any, split: int) -> np.ndarray:
        """Scores of the classes [GRID, GRID, classes] by one state, whose scale means nothing."""
        found = self.outputs(state, self.plane.places, self.data.datasets[split].scaling)
        scores = np.asarray(found, np.float32).reshape(GRID, GRID, -1)
        if scores.shape[-1] == 1:  # one threshold unit
            scores = np.concatenate([-scores, scores], axis=-1)
        scores = scores - scores.max(axis=-1, keepdims=True)
        largest = float(np.abs(scores).max()) or 1.0
        return (scores / largest).astype(np.float16)


def has_boundary(spec: Spec) -> bool:
    """Whether examples are points in a plane, of a few classes."""
    classes = bool(task_of(spec).classes) and 2 <= spec.outputs <= CLASSES
    return classes and spec.shape == (2,) and not spec.vocabulary


def boundary(options: StudyOptions, chosen: ModelOptions, result: Result, data: Stacked) -> Arrays:
    """What is kept of an arm's boundaries; nothing unless inputs are points in a plane.

    Returns:
      `boundary_x`, `boundary_y` [GRID], the places; `boundary_points` [points, 2] and
      `boundary_targets`, training examples of the best member; `boundary_names`, of both inputs;
      `boundary_members` [members], rows of the arm, the best first;
      `boundary_scores` [members, GRID, GRID, classes], at a place of y and x, the highest being of
      the class that is said there; where members were run again, `boundary_steps` [intervals] and
      `boundary_history` [of the first members, intervals, GRID, GRID, classes], and
      `boundary_agreement`, the part of the places at which they said at last what the record says.
    """
    spec, order = data.first.spec, ranked(result)
    if not has_boundary(spec) or not order:
        return {}
    members = [order[k] for k in evenly(len(order), RUNS)]
    again = [members[k] for k in evenly(len(members), AGAIN)]
    members = [*again, *(m for m in members if m not in again)]
    splits = own_splits(result.rows, data)
    assembly = assemble(result.settings, spec)
    asked = Asked(outputs_of(assembly.learner), plane_of(data), data)
    states = [assembly.learner.trained(of_member(result.variables, m)) for m in members]
    scores = [asked.scores(s, int(splits[m])) for s, m in zip(states, members, strict=True)]
    kept = {
        "boundary_x": asked.plane.xs,
        "boundary_y": asked.plane.ys,
        "boundary_names": names_of(data),
        "boundary_members": np.array(members),
        "boundary_scores": np.stack(scores),
        **points_of(data, int(splits[members[0]])),
    }
    trained = sum(float(row["seconds"]) for row in result.rows)
    if options.input == "stream" or trained > PATIENCE:
        return kept
    frames = run_again(assembly.run, of_rows(options, chosen, result, data, again), asked)
    said = frames[:, -1].argmax(-1) == kept["boundary_scores"][: len(again)].argmax(-1)
    more = {"boundary_steps": result.steps, "boundary_history": frames}
    return kept | more | {"boundary_agreement": np.array(said.mean())}


def ranked(result: Result) -> list[int]:
    """The members that did not fail, best first, as the best one of an arm is chosen."""
    name = metrics.ranking(result.history)
    scores = np.nan_to_num(metrics.sign(name) * result.history[name][:, -1], nan=-np.inf)
    healthy = [k for k, row in enumerate(result.rows) if row["status"] == "ok"]
    return sorted(healthy, key=lambda k: -scores[k])


def of_member(tree: Any, member: int | Sequence[int]) -> Any:
    """The arrays of one member, or of some, of those of all."""
    where = np.asarray(member)
    return jax.tree.map(lambda leaf: leaf[where], tree)


def evenly(count: int, most: int) -> list[int]:
    """Places of a few in a list: first, last, and some between."""
    return sorted({round(x) for x in np.linspace(0, count - 1, min(count, most)).tolist()})


def plane_of(data: Stacked) -> Plane:
    """The places that hold all training examples of all splits, with some room around."""
    found = np.asarray(data.tuning.train.inputs, float).reshape(-1, 2)
    low, high = found.min(0), found.max(0)
    room = np.where(high > low, MARGIN * (high - low), 1.0)
    xs, ys = np.linspace(low - room, high + room, GRID).T
    places = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float32)
    first, second = origin_of(data)
    return Plane(xs + first, ys + second, places)


def origin_of(data: Stacked) -> np.ndarray:
    """What numbers are stored as differences from, [2]: the same for all splits."""
    known = data.first.scaling.inputs if data.first.scaling else None
    return np.zeros(2) if known is None else np.asarray(known.origin, float)


def points_of(data: Stacked, split: int) -> Arrays:
    """Training examples of a split, thinned."""
    train = one_of(data.tuning.train, split)
    kept = evenly(len(train.targets), POINTS)
    return {
        "boundary_points": np.asarray(train.inputs, float)[kept] + origin_of(data),
        "boundary_targets": np.asarray(train.targets)[kept],
    }


def names_of(data: Stacked) -> np.ndarray:
    """What the two inputs are called."""
    read = data.first.preparation or Preparation()
    known = [feature.name for feature in read.features]
    return np.array(known if len(known) == 2 and not read.permuted else ["input 1", "input 2"])


def outputs_of(learner: Learner) -> Callable[..., Any]:
    """(state, places, scaling) -> outputs [places, classes or 1], compiled."""

    def outputs(state: Any, places: jax.Array, scaling: Any) -> jax.Array:
        # Nothing is drawn where nothing is trained; a VAE's read-out is that of its mean.
        found = learner.predict(state, places, jax.random.key(0), scaling=scaling)
        asked: jax.Array = getattr(found, "readout", found)
        return asked

    return jax.jit(outputs, compiler_options=QUICK)


def of_rows(
    options: StudyOptions, chosen: ModelOptions, result: Result, data: Stacked, rows: Sequence[int]
) -> Members:
    """Some members of an arm, with the keys and numbers that they were trained with."""
    everybody = dataclasses.replace(options, first=0, seeds=len(result.rows))
    made = make_members(everybody, result.model, [chosen.hparams], len(data.datasets))
    hparams, streams = of_member((made.hparams, made.streams), rows)
    return Members(hparams, streams, tuple(made.replicates[k] for k in rows))


def run_again(run: Run, members: Members, asked: Asked) -> np.ndarray:
    """Scores of members at the end of each interval: [members, intervals, GRID, GRID, classes]."""
    # No validation: it changes no parameters, and takes time to compile.
    data = jax.tree.map(np.asarray, asked.data.tuning._replace(validation=None))
    init = jax.jit(jax.vmap(run.init), compiler_options=QUICK)
    carry = init(members.hparams, members.streams)
    splits = np.asarray(members.streams.split)
    advance = {
        steps: jax.jit(jax.vmap(functools.partial(run.advance, steps=steps), (0, 0, None)))
        for steps in set(run.intervals)
    }
    frames = []
    for steps in run.intervals:
        carry, _ = advance[steps](carry, members.hparams, data)
        gathered = jax.tree.map(np.asarray, carry.state)  # parts of it are then no programs
        states = [of_member(gathered, k) for k in range(len(splits))]
        frames.append([asked.scores(s, int(k)) for s, k in zip(states, splits, strict=True)])
    return np.moveaxis(np.array(frames), 0, 1)
