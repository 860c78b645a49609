"""Sources of variance: one key stream varied at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax

from dlfun.config.options import StudyOptions
from dlfun.studies.comparison.tuning import Choice
from dlfun.studies.comparison.verdicts import metric_of, score
from dlfun.studies.population.arm import make_members, resolve, run_members
from dlfun.studies.population.stacked import Stacked, fewest
from dlfun.types import Members, Streams

SEEDS = 8
"""Replicates of each source."""

SOURCES = ("init", "order", "split", "noise")


def vary(members: Members, source: str) -> Members:
    """The same members, alike in all streams but one, whose keys stay each replicate's own."""

    def of_first(leaf: jax.Array) -> jax.Array:
        return jax.numpy.broadcast_to(leaf[:1], leaf.shape)

    alike: Streams = jax.tree.map(of_first, members.streams)
    own = getattr(members.streams, source)
    return members._replace(streams=alike._replace(**{source: own}))


def has_source(source: str, data: Stacked) -> bool:
    """Whether a source can move anything: the official split is the same for all replicates."""
    return source != "split" or len(data.datasets) > 1


def part_variance(
    options: StudyOptions, loaded: Mapping[str, Stacked], choice: Choice | None
) -> list[dict[str, Any]]:
    """Rows of variance.csv: `SEEDS` runs of every arm for each source, and for all together.

    A source that a run does not use, such as noise without dropout, leaves all scores the same.
    """
    options = dataclasses.replace(options, first=0, seeds=SEEDS)
    rows = []
    for dataset, data in loaded.items():
        examples = fewest(data.tuning.train)
        models = options.models if choice is None else choice[dataset]
        for model, chosen in models.items():
            settings = resolve(options, model, chosen, examples, [chosen.hparams])
            members = make_members(options, model, [chosen.hparams], len(data.datasets))
            layout = chosen.layout
            for source in (*(s for s in SOURCES if has_source(s, data)), "all"):
                varied = members if source == "all" else vary(members, source)
                result = run_members(options, settings, data, varied, layout)
                layout = result.layout
                metric = metric_of(result.rows, "test")
                rows += [
                    {
                        "dataset": dataset,
                        "model": model,
                        "source": source,
                        "replicate": row["replicate"],
                        "metric": metric,
                        "score": score(row, metric),
                    }
                    for row in result.rows
                ]
    return rows
