"""Answers decoded from the outputs of models, task by task, and the words they are written in."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from dlfun.data.text import decode_text
from dlfun.data.user_files.inputs import Given
from dlfun.inference.trained_models import Network, says_probabilities
from dlfun.stats.calibration import tempered


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


class Asked(NamedTuple):
    """What is asked of members: together an ensemble or not, under a temperature of classes."""

    network: Network
    given: Given
    ensemble: bool = False
    temperature: float = 1.0


class Decoding(NamedTuple):
    """How a task's outputs are read.

    Attributes:
      answers: outputs [members, examples, ...], and what is asked -> answers.
      named: the network, and what is predicted of one example -> name -> text or number.
    """

    answers: Callable[[np.ndarray, Asked], Answers]
    named: Callable[[Network, np.ndarray], dict[str, Any]]


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


def numbers(outputs: np.ndarray, ensemble: bool) -> Answers:
    """The mean of the members' numbers, and how far these spread."""
    spread = outputs.std(0, ddof=1) if len(outputs) > 1 else np.full_like(outputs[0], np.nan)
    more = {
        "sd" if spread.shape[1] == 1 else f"sd_{i}": spread[:, i] for i in range(spread.shape[1])
    }
    return Answers(outputs.mean(0), None, more if ensemble else {})


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


def class_name(network: Network, predicted: np.ndarray) -> dict[str, Any]:
    """The name of a class."""
    return {"predicted": network.classes[int(predicted)]}


def token_text(network: Network, predicted: np.ndarray) -> dict[str, Any]:
    """A token as text."""
    return {"predicted": decode_text(predicted, network.spec.alphabet)}


def label_list(network: Network, predicted: np.ndarray) -> dict[str, Any]:
    """The labels of all steps, parted by blanks."""
    return {"predicted": " ".join(map(str, predicted.tolist()))}


def user_numbers(network: Network, predicted: np.ndarray) -> dict[str, Any]:
    """Numbers in the user's unit."""
    scaling = network.scaling(0)
    origins = np.broadcast_to(0.0 if scaling is None else scaling.target_origin, predicted.shape)
    found = [shown(*pair) for pair in zip(predicted, origins.tolist(), strict=True)]
    if len(found) == 1:
        return {"predicted": found[0]}
    return {f"predicted_{i}": number for i, number in enumerate(found)}


def classes_asked(outputs: np.ndarray, asked: Asked) -> Answers:
    """`classify`, by what the model's outputs are."""
    logits = says_probabilities(asked.network.settings, asked.network.spec)
    return classify(outputs, asked.ensemble, logits, asked.temperature)


CLASSES = Decoding(classes_asked, class_name)
NUMBERS = Decoding(lambda outputs, asked: numbers(outputs, asked.ensemble), user_numbers)
TOKENS = Decoding(
    lambda outputs, asked: next_tokens(outputs, asked.given, asked.ensemble), token_text
)
LABELS = Decoding(lambda outputs, asked: labels_of(outputs, asked.ensemble), label_list)
