"""What trained members say of new inputs, alone or together, and how far they can be believed."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.commands import command
from dlfun.data.text import decode_text
from dlfun.data.user_files.inputs import Given
from dlfun.errors import UserError
from dlfun.inference.trained_models import Network, forward, says_probabilities, takes_lengths
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


class Answers(NamedTuple):
    """What is said of each example.

    Attributes:
      predicted: [examples] class ids, [examples, outputs] numbers, or [examples, time] ids.
      log_p: [examples, classes]; None where the outputs are no log-probabilities.
      more: name -> [examples], what else there is to say.
    """

    predicted: np.ndarray
    log_p: np.ndarray | None = None
    more: dict[str, np.ndarray] = {}

    @property
    def probabilities(self) -> np.ndarray | None:
        """[examples, classes]; None where the outputs are no log-probabilities."""
        return None if self.log_p is None else np.exp(self.log_p)


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


def log_probabilities(outputs: np.ndarray, ensemble: bool) -> np.ndarray:
    """Of outputs [members, examples, classes], those of all members: [examples, classes].

    An ensemble averages probabilities. Else logits are averaged, which is the normalised geometric
    mean of the probabilities, and of linear models the model with the averaged parameters.
    """
    if not ensemble:
        return tempered(outputs.mean(0), 1.0)
    each = tempered(outputs, 1.0)
    highest = each.max(0)
    return tempered(np.log(np.exp(each - highest).mean(0)) + highest, 1.0)


def entropy(log_p: np.ndarray) -> np.ndarray:
    """In nats, over the last axis; a probability of 0 adds nothing."""
    return -np.sum(np.exp(log_p) * np.where(np.isfinite(log_p), log_p, 0), -1)


def disagreement(outputs: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The share [examples, ...] of members whose largest output is not what is predicted.

    It is NaN of one member alone, as all that tells how far members differ.
    """
    if len(outputs) == 1:
        return np.full(predicted.shape, np.nan)
    return np.mean(outputs.argmax(-1) != predicted, axis=0)


def classify(outputs: np.ndarray, ensemble: bool, logits: bool, temperature: float) -> Answers:
    """Classes from outputs [members, examples, classes].

    Scores that are no logits are averaged; their ensemble votes, and of as many votes the larger
    mean score wins. The temperature acts on what all members say together, and not on how far
    they disagree: `disagreement` is the share of members that vote otherwise, and
    `mutual_information` the entropy of the mean probabilities over the mean entropy, in nats.
    """
    if not logits:
        if not ensemble:
            return Answers(outputs.mean(0).argmax(-1))
        classes = outputs.shape[-1]
        votes = (outputs.argmax(-1)[..., None] == np.arange(classes)).sum(0)
        most = votes == votes.max(-1, keepdims=True)
        predicted = np.where(most, outputs.mean(0), -np.inf).argmax(-1)
        return Answers(predicted, None, {"disagreement": disagreement(outputs, predicted)})
    together = log_probabilities(outputs, ensemble)
    predicted = together.argmax(-1)
    more = {}
    if ensemble:
        each = entropy(tempered(outputs, 1.0)).mean(0)
        known = np.maximum(entropy(together) - each, 0)
        more["disagreement"] = disagreement(outputs, predicted)
        more["mutual_information"] = known if len(outputs) > 1 else np.full_like(known, np.nan)
    return Answers(predicted, tempered(together, temperature), more)


def next_tokens(outputs: np.ndarray, given: Given, ensemble: bool) -> Answers:
    """The likeliest token after the end of each text, its probability, and nats per token of it.

    The nats are those of all tokens but the first, each after those before it.
    """
    log_p = log_probabilities(outputs, ensemble)
    known = np.asarray(given.inputs)[:, 1:].astype(int)
    said = np.take_along_axis(log_p[:, :-1], known[..., None], -1)[..., 0]
    nats = -said.mean(1) if known.shape[1] else np.full(len(known), np.nan)
    last = log_p[:, -1]
    predicted = last.argmax(-1)
    more = {"probability": np.exp(last.max(-1)), "nats_per_token": nats}
    if ensemble:
        more["disagreement"] = disagreement(outputs[:, :, -1], predicted)
    return Answers(predicted[:, None], None, more)


def labels_of(outputs: np.ndarray, ensemble: bool) -> Answers:
    """The likeliest label of each step; members' disagreement is averaged over steps."""
    predicted = log_probabilities(outputs, ensemble).argmax(-1)
    found = {"disagreement": disagreement(outputs, predicted).mean(-1)} if ensemble else {}
    return Answers(predicted, None, found)


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
    spec = network.spec
    if spec.task == "generation":
        raise UserError(
            f"{network.settings.model} of {network.data.first.name} has no labels to predict; "
            f"{command('sample')} draws from it"
        )
    outputs = outputs_of(network, given).astype(float)
    if spec.task == "classification":
        logits = says_probabilities(network.settings, spec)
        return classify(outputs, ensemble, logits, temperature)
    if spec.task == "next_token":
        return next_tokens(outputs, given, ensemble)
    if spec.task == "sequence_labelling":
        return labels_of(outputs, ensemble)
    spread = outputs.std(0, ddof=1) if len(outputs) > 1 else np.full_like(outputs[0], np.nan)
    more = {
        "sd" if spread.shape[1] == 1 else f"sd_{i}": spread[:, i] for i in range(spread.shape[1])
    }
    return Answers(outputs.mean(0), None, more if ensemble else {})


def check_calibration(network: Network, asked: str | float) -> None:
    """Raises UserError if there are no probabilities, or no validation split that members share."""
    if not says_probabilities(network.settings, network.spec):
        raise UserError(
            f"--temperature={asked}: {network.settings.model} gives no probabilities of classes "
            "here; leave it out"
        )
    if network.data.first.validation is None:
        raise UserError(
            f"--temperature={asked}: the study held nothing out to calibrate by; leave it out, or "
            "train with --validation_fraction above 0"
        )
    if len(set(network.splits)) > 1:
        raise UserError(
            f"--temperature={asked}: each member was validated on examples of its own, from which "
            "others learned; calibrate one, by --member=best"
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


def shown(value: Any, origin: float = 0.0) -> Any:
    """A number in the fewest digits of single precision; what is no number is None.

    The digits are those of its difference from an `origin`, and so none of them is lost.

    >>> shown(np.float32(0.1)), shown(1e9 + 0.125, 1e9)
    (0.1, 1000000000.125)
    """
    number = float(value)
    if not np.isfinite(number):
        return None
    return float(Decimal(str(np.float32(number - origin))) + Decimal(origin))


def rows_of(network: Network, given: Given, answers: Answers) -> Iterator[dict[str, Any]]:
    """For each example a row of the file that is written: name -> text or number."""
    name = functools.partial(_named, network)
    classes = network.classes
    for i, example in enumerate(given.names):
        row: dict[str, Any] = {"example": example, **name(answers.predicted[i])}
        if answers.log_p is not None:
            p = np.exp(answers.log_p[i])
            row["probability"] = shown(p.max())
            row["probabilities"] = {c: shown(q) for c, q in zip(classes, p, strict=True)}
        yield row | {what: shown(values[i]) for what, values in answers.more.items()}


def _named(network: Network, predicted: np.ndarray) -> dict[str, Any]:
    """What is predicted of one example, by the names of classes, characters or outputs."""
    task = network.spec.task
    if task == "classification":
        return {"predicted": network.classes[int(predicted)]}
    if task == "next_token":
        return {"predicted": decode_text(predicted, network.spec.alphabet)}
    if task == "sequence_labelling":
        return {"predicted": " ".join(map(str, predicted.tolist()))}
    scaling = network.scaling(0)
    origins = np.broadcast_to(0.0 if scaling is None else scaling.target_origin, predicted.shape)
    numbers = [shown(*pair) for pair in zip(predicted, origins.tolist(), strict=True)]
    if len(numbers) == 1:
        return {"predicted": numbers[0]}
    return {f"predicted_{i}": number for i, number in enumerate(numbers)}


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
