"""Classical models beside the networks of a comparison, and what the two show together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.config.classical import ALL, CLASSICAL, RAW, parse_arm
from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.search_space import Dimension
from dlfun.errors import OPT, UserError
from dlfun.records.outcome import Result, Row
from dlfun.records.reader import arm_file
from dlfun.records.writer import save_arrays
from dlfun.studies.artifacts.evidence import (
    about,
    describe_mistakes,
    describe_predictions,
    shown_inputs,
    targets_of,
)
from dlfun.studies.baselines.arm import Classical, check_classical, run_classical
from dlfun.studies.baselines.curve import classical_curve, curve, ladder
from dlfun.studies.baselines.feature_tables import Reader, first_examples
from dlfun.studies.baselines.features import handmade
from dlfun.studies.baselines.readout import readout
from dlfun.studies.population.arm import resolve, run_arm
from dlfun.studies.population.stacked import Stacked
from dlfun.studies.search.samplers import trials
from dlfun.training.monitor import say
from dlfun.types import Spec

FEW = 3
"""Replicates behind each point of a curve, and behind each read-out, at most."""

Spaces = Mapping[str, Mapping[str, Dimension]]
"""Model or classical method -> name -> what is searched."""

Points = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Data set -> arm -> parameter -> value."""


def arms_of(names: Iterable[str], spec: Spec) -> list[str]:
    """The arms that --baselines asks for on such data.

    A method alone stands for two: on raw inputs, and on hand-made features where there are some.

    >>> arms_of(["svm", "knn+raw"], Spec((8, 8, 1), "image", "classification", 10))
    ['svm', 'svm+hog', 'knn']
    """
    found = []
    for name in names:
        method, plus, kind = name.partition("+")
        own = handmade(spec)
        if not plus:
            found += [method, f"{method}+{own}"] if own else [method]
        else:
            found.append(method if kind == RAW else name)
    return list(dict.fromkeys(found))


def arms_on(names: Sequence[str], data: Stacked) -> list[str]:
    """The arms that --baselines asks for on a data set; of `all`, those that can learn it.

    Raises:
      UserError: if an arm that was named cannot learn the data, or not within minutes.
    """
    everything = tuple(names) == (ALL,)
    found = []
    for name in arms_of(CLASSICAL if everything else names, data.first.spec):
        try:
            check_classical(name, data)
        except UserError as error:
            if not everything:
                raise
            say(f"{data.first.name}: {OPT.baselines}=all goes without {name}: {error}")
        else:
            found.append(name)
    return found


def space_of(name: str, given: Spaces) -> Mapping[str, Dimension]:
    """What an arm is tuned over: what its method was given, or its default."""
    method = parse_arm(name)[0]
    return given.get(method, CLASSICAL[method].space)


def trial_columns(number: int, point: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of tuning.csv that name a trial; the first is no draw, but what was given."""
    return {"trial": number, "drawn": str(number > 0).lower(), **point}


def try_classical(
    options: StudyOptions, name: str, space: Mapping[str, Dimension], count: int, data: Stacked
) -> tuple[Sequence[Row], list[dict[str, Any]]]:
    """A row for each run of each trial, without a test score; and the points that were tried.

    The first of them is the default.
    """
    points = [{}, *trials(space, count, options.seed, name)]
    columns = [trial_columns(i, point) for i, point in enumerate(points)]
    return run_classical(options, name, data, points, columns).rows, points


def train_classical(
    options: StudyOptions, arms: Sequence[str], data: Stacked, points: Points | None
) -> list[Classical]:
    """Classical arms on a data set, over the replicates of the options."""
    read, own = Reader(data), (points or {}).get(data.first.name, {})
    return [run_classical(options, name, data, [own.get(name, {})], read=read) for name in arms]


def curves(
    options: StudyOptions,
    models: Mapping[str, ModelOptions],
    arms: Sequence[str],
    data: Stacked,
    points: Points | None,
) -> list[dict[str, Any]]:
    """Rows of curve.csv: every arm of a data set at rising numbers of training examples."""
    options = dataclasses.replace(options, first=0, seeds=min(options.seeds, FEW))
    sizes, rows = ladder(data), []
    for model, chosen in models.items():

        def train(count: int, model: str = model, chosen: ModelOptions = chosen) -> Sequence[Row]:
            fitting = options
            if options.batch_size is not None and options.batch_size > count:
                fitting = dataclasses.replace(options, batch_size=count)
            settings = resolve(fitting, model, chosen, count, [chosen.hparams])
            few = first_examples(data, count)
            return run_arm(fitting, settings, few, [chosen.hparams], chosen.layout).rows

        rows += curve(sizes, train)
    read, own = Reader(data), (points or {}).get(data.first.name, {})
    for name in arms:
        rows += classical_curve(options, name, data, sizes, own.get(name, {}), read)
    return rows


def readouts(results: Sequence[Result], data: Stacked) -> list[dict[str, Any]]:
    """Rows of readout.csv: raw, hand-made and learned features under the same linear read-out."""
    replicates = sorted({row["replicate"] for result in results for row in result.rows})
    return readout(data, results, replicates[:FEW])


def write_classical_evidence(folder: Path, found: Classical, data: Stacked) -> None:
    """{dataset}-{arm}-evidence.npz of a classical arm that names classes."""
    if found.predicted is None:
        return
    spec = data.first.spec
    confidence = found.confidence
    if confidence is None:
        confidence = np.full(found.predicted.shape, np.nan)
    targets = targets_of(found.rows, data)
    first = targets if targets.ndim == 1 else targets[0]
    split = found.rows[0]["replicate"] if len(data.datasets) > 1 else 0
    arrays = (
        describe_predictions(found.predicted, confidence, targets, spec.outputs)
        | describe_mistakes(
            found.predicted[0], confidence[0], first, lambda rows: shown_inputs(data, split, rows)
        )
        | about(spec, data.first.classes)
        | {"shown_member": np.array(0)}
    )
    save_arrays(folder / arm_file(data.first.name, found.rows[0]["model"], "evidence.npz"), arrays)
