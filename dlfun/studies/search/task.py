"""The task of a search: what is searched, and on what."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun import keys
from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.search_space import Search
from dlfun.studies.population.arm import make_members, resolve
from dlfun.studies.population.stacked import Stacked, fewest
from dlfun.studies.search.field import Field
from dlfun.studies.search.samplers import corners
from dlfun.training.run import interval_lengths
from dlfun.types import Members, Settings

Point = Mapping[str, Any]


Make = Callable[[Point], ModelOptions]
"""A point -> the options of the model there."""


class Task(NamedTuple):
    """What is searched, and on what.

    Attributes:
      options: of one model.
      data: without a test split.
      make: a point of the space -> the model's options.
      apart: whether each replicate is a search of its own; else all of them try the same
        configurations, which are judged by the mean over replicates.
    """

    options: StudyOptions
    data: Stacked
    asked: Search
    make: Make
    apart: bool = False

    @property
    def model(self) -> str:
        """Its name."""
        return next(iter(self.options.models))

    @property
    def searches(self) -> int:
        """How many searches there are."""
        return int(self.options.seeds) if self.apart else 1

    @property
    def validations(self) -> int:
        """How often a run is validated."""
        first = corners(self.asked.space)[0]
        (settings,) = self.settings([first])
        return len(interval_lengths(settings.steps, settings.evaluations))

    @property
    def root(self) -> jax.Array:
        """The key of all searches."""
        return keys.stream(keys.root_key(self.options.seed), "search")

    def key(self, search: int) -> jax.Array:
        """The key of one of the searches."""
        return (
            jax.random.fold_in(self.root, self.options.first + search) if self.apart else self.root
        )

    def settings(self, points: Sequence[Point]) -> dict[Settings, list[int]]:
        """The programs of these points, each with the places of its points.

        What a program must hold follows from the whole space, so that later points change none.
        """
        examples = fewest(self.data.tuning.train)
        possible = [self.make(point).hparams for point in corners(self.asked.space)]
        groups: dict[Settings, list[int]] = {}
        for place, point in enumerate(points):
            chosen = self.make(point)
            settings = resolve(self.options, self.model, chosen, examples, possible)
            groups.setdefault(settings, []).append(place)
        return groups

    def field(self, points: Sequence[Sequence[Point]]) -> Field:
        """The members that begin with these points, those of each search in turn."""
        splits, model, options = len(self.data.datasets), self.model, self.options
        hparams = [[self.make(point).hparams for point in own] for own in points]
        flat = [point for own in points for point in own]
        if not self.apart:
            members = make_members(options, model, hparams[0], splits)
            seeds = options.seeds
            every = [dict(point) for point in flat for _ in range(seeds)]
            trials = np.repeat(np.arange(len(flat)), seeds)
            return Field(members, every, trials, np.zeros(len(every), int))
        alone = [
            dataclasses.replace(options, first=options.first + i, seeds=1)
            for i in range(self.searches)
        ]
        parts = [
            make_members(one, model, own, splits) for one, own in zip(alone, hparams, strict=True)
        ]
        replicates = [options.first + i for i in range(self.searches)]
        groups = np.repeat(replicates, [len(own) for own in points])
        return Field(together(parts), [dict(p) for p in flat], np.arange(len(flat)), groups)


def together(parts: Sequence[Members]) -> Members:
    """Members one after the other."""
    pairs = [(one.hparams, one.streams) for one in parts]
    hparams, streams = jax.tree.map(lambda *leaves: jax.numpy.concatenate(leaves), *pairs)
    return Members(hparams, streams, tuple(r for one in parts for r in one.replicates))
