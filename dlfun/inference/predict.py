"""Predictions of trained members, alone or together, and how far they can be believed."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.commands import command
from dlfun.data.user_files.inputs import Given
from dlfun.deferred import load
from dlfun.errors import OPT, UserError
from dlfun.inference.decoding import Answers, Asked, log_probabilities, shown
from dlfun.inference.trained_models import Network, forward, says_probabilities, takes_lengths
from dlfun.objectives.tasks import task_of
from dlfun.stats.calibration import (
    Scores,
    cross_fitted,
    fit_temperature,
    score_probabilities,
    tempered,
)
from dlfun.types import Split

BATCH = 256
"""Examples in one go; the last batch is padded, so that one program serves all."""

FIT = "fit"
"""The temperature that is fitted on the validation split."""


class Calibrated(NamedTuple):
    """A temperature, and the validation split's scores before and after it.

    `fitted` is whether the temperature comes from that split; then the scores after it are
    cross-fitted: each half is scored under the temperature of the other.
    """

    temperature: float
    fitted: bool
    examples: int
    before: Scores
    after: Scores


def outputs_of(network: Network, given: Given) -> np.ndarray:
    """The outputs of every member for every example: [members, examples, ...].

    Numbers are in the user's unit.
    """
    program = jax.jit(forward(network.settings, network.spec))
    reads_lengths = takes_lengths(network.settings, network.spec)
    count = len(given.inputs)
    size = min(BATCH, count)
    found = []
    for member in range(len(network.rows)):
        variables, parts, scaling = network.variables_of(member), [], network.scaling(member)
        for start in range(0, count, size):
            rows = np.minimum(np.arange(start, start + size), count - 1)
            lengths = None if given.lengths is None else given.lengths[rows]
            more = lengths if reads_lengths else None
            parts.append(np.asarray(program(variables, given.inputs[rows], more, scaling)))
        outputs = np.concatenate(parts)[:count]
        found.append(outputs if scaling is None else outputs + scaling.target_origin)
    return np.stack(found)


def answer(
    network: Network, given: Given, ensemble: bool = False, temperature: float = 1.0
) -> Answers:
    """What the members of a network say together of each example.

    Args:
      ensemble: whether probabilities are averaged and disagreement is reported; else logits are.
      temperature: of class probabilities.

    Raises:
      UserError: if the data have no labels to predict.
    """
    task = task_of(network.spec)
    if not task.labels:
        raise UserError(
            f"{network.settings.model} of {network.data.first.name} has no labels to predict; "
            f"{command('sample')} draws from it"
        )
    outputs = outputs_of(network, given).astype(float)
    return load(task.decoding).answers(outputs, Asked(network, given, ensemble, temperature))


def check_calibration(network: Network, asked: str | float) -> None:
    """Raises UserError if there are no probabilities, or no validation split that members share."""
    if not says_probabilities(network.settings, network.spec):
        raise UserError(
            f"{OPT.temperature}={asked}: {network.settings.model} gives no probabilities of "
            "classes "
            "here; leave it out"
        )
    if network.data.first.validation is None:
        raise UserError(
            f"{OPT.temperature}={asked}: the study held nothing out to calibrate by; leave it "
            "out, or "
            f"train with {OPT.validation_fraction} above 0"
        )
    if len(set(network.splits)) > 1:
        raise UserError(
            f"{OPT.temperature}={asked}: each member was validated on examples of its own, from "
            "which "
            f"others learned; calibrate one, by {OPT.member}=best"
        )


def calibrate_network(
    network: Network, held: Split, ensemble: bool, asked: str | float
) -> Calibrated:
    """The temperature asked for, fitted if it is `FIT`, and the scores of a validation split.

    Args:
      held: the validation split of its members, as `check_calibration` says that there is one.
    """
    targets = np.asarray(held.targets)
    outputs = outputs_of(network, Given.of(held)).astype(float)
    log_p = log_probabilities(outputs, ensemble)
    fitted = asked == FIT
    temperature = fit_temperature(log_p, targets) if fitted else float(asked)
    after = cross_fitted(log_p, targets) if fitted else tempered(log_p, temperature)
    before = score_probabilities(log_p, targets)
    return Calibrated(
        temperature, fitted, len(targets), before, score_probabilities(after, targets)
    )


def rows_of(network: Network, given: Given, answers: Answers) -> Iterator[dict[str, Any]]:
    """For each example a row of the file that is written: name -> text or number."""
    name = functools.partial(load(task_of(network.spec).decoding).named, network)
    classes = network.classes
    for i, example in enumerate(given.names):
        row: dict[str, Any] = {"example": example, **name(answers.predicted[i])}
        if answers.log_p is not None:
            p = np.exp(answers.log_p[i])
            row["probability"] = shown(p.max())
            row["probabilities"] = {c: shown(q) for c, q in zip(classes, p, strict=True)}
        yield row | {what: shown(values[i]) for what, values in answers.more.items()}


def as_json(row: dict[str, Any], plain: bool = False) -> str:
    """A row as a line of JSON, of ASCII alone if `plain`; what is not known is null."""
    return json.dumps(row, ensure_ascii=plain, allow_nan=False)


def as_cells(row: dict[str, Any]) -> dict[str, Any]:
    """A row with a cell for each class's probability; what is not known is empty."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= {f"probability_{label}": number for label, number in value.items()}
        else:
            flat[name] = value
    return flat
