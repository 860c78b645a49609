"""The evidence of an arm: an .npz of its answers to the test split, and of its layers.

The part that describes predictions knows no networks: whatever classifies can be described.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dlfun.learners.prepare import seen
from dlfun.models import row_of
from dlfun.objectives.tasks import task_of
from dlfun.records.outcome import Result
from dlfun.records.reader import arm_file
from dlfun.records.writer import save_arrays
from dlfun.stats.calibration import calibrate
from dlfun.studies.artifacts.pictures import FILTERS, filters, first_layer_outputs, latent_plane
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import Stacked, one_of
from dlfun.types import Spec

MISTAKES = 12
EXAMPLES = 4
SEEN = 1000
"""Test examples, at most, whose place in the latent plane is kept."""

CONFUSED = 1000
"""Classes, at most, whose confusion is kept: of 20,000 it would take 3 GB."""

Arrays = dict[str, np.ndarray]


def describe_predictions(
    predicted: np.ndarray, confidence: np.ndarray, targets: np.ndarray, classes: int
) -> Arrays:
    """Answers of an arm's members to their test split, and how good they are.

    Args:
      predicted: class ids [members, examples]; -1 throughout of a member that failed.
      confidence: [members, examples], the probability of the predicted class; NaN where there is
        none, and then there is no calibration.
      targets: class ids [examples], or [members, examples] where each has a test split of its own;
        -1 is padding, of which nothing counts.
      classes: how many there are.

    Returns:
      what evidence.npz holds of them: `confusion` [classes, classes] (a row a target; of up to
      `CONFUSED` classes) and the calibration are pooled over the members that did not fail;
      `correct` are bits.
    """
    ids = np.int16 if classes <= 2**15 else np.int32
    wanted = np.broadcast_to(targets, predicted.shape)
    real, healthy = wanted >= 0, predicted.min(axis=1) >= 0
    correct, counted = real & (predicted == wanted), real & healthy[:, None]
    pairs = wanted[counted].astype(np.int64) * classes + predicted[counted]
    found = {
        "predicted": predicted.astype(ids),
        "confidence": confidence.astype(np.float16),
        "correct": np.packbits(correct, axis=1),
        "targets": targets.astype(ids),
        "shared_test": np.array(targets.ndim == 1),
    }
    if classes <= CONFUSED:
        counts = np.bincount(pairs, minlength=classes**2)
        found["confusion"] = counts.reshape(classes, classes)
    if not healthy.any() or not np.isfinite(confidence[counted]).all():
        return found
    return found | _calibration(confidence, correct, real, healthy)


def _calibration(
    confidence: np.ndarray, correct: np.ndarray, real: np.ndarray, healthy: np.ndarray
) -> Arrays:
    """Reliability pooled over healthy members; ECE and Brier score [members], NaN of the others."""
    counted = real & healthy[:, None]
    pooled = calibrate(confidence[counted], correct[counted])
    members = zip(confidence, correct, real, strict=True)
    each = [calibrate(sure[own], right[own]) for sure, right, own in members]
    return {
        "calibration_edges": pooled.edges,
        "calibration_count": pooled.counts,
        "calibration_confidence": pooled.confidence,
        "calibration_accuracy": pooled.accuracy,
        "ece": np.where(healthy, [one.ece for one in each], np.nan),
        "brier": np.where(healthy, [one.brier for one in each], np.nan),
    }


def describe_mistakes(
    predicted: np.ndarray,
    confidence: np.ndarray,
    targets: np.ndarray,
    inputs: Callable[[np.ndarray], np.ndarray],
) -> Arrays:
    """The most confident mistakes of one member; without probabilities the first ones.

    Args:
      predicted, confidence, targets: [examples], as above.
      inputs: rows of the test split -> their inputs, as they are shown.
    """
    wrong = np.flatnonzero((predicted != targets) & (targets >= 0))
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")[:MISTAKES]]
    return {
        "mistakes_index": worst,
        "mistakes_target": targets[worst],
        "mistakes_predicted": predicted[worst],
        "mistakes_probability": confidence[worst].astype(np.float32),
        "mistakes_inputs": inputs(worst),
    }


def own_splits(rows: Sequence[Mapping[str, Any]], data: Stacked) -> np.ndarray:
    """[members], which of the stacked splits each member was tested on."""
    return np.array([row["replicate"] if len(data.datasets) > 1 else 0 for row in rows])


def targets_of(rows: Sequence[Mapping[str, Any]], data: Stacked) -> np.ndarray:
    """[examples] of the one test split, or [members, examples] of those that members have.

    Padding has the target -1, where targets are classes.
    """
    targets, real = np.asarray(data.test.targets), data.test.real
    if len(data.datasets) == 1:
        return targets[0]
    if real is not None and targets.ndim == 2:
        targets = np.where(real, targets, -1)
    return targets[own_splits(rows, data)]


def shown_inputs(data: Stacked, split: int, rows: np.ndarray) -> np.ndarray:
    """Test inputs [rows, *shape] of one of the splits as models see them."""
    return seen(data.test.inputs[split, rows], data.first.spec, data.datasets[split].scaling)


def varied_rows(data: Stacked, split: int) -> np.ndarray:
    """A few rows of a test split, of as many classes as can be."""
    targets = np.asarray(one_of(data.test, split).targets)
    rows = np.arange(len(targets))
    if not task_of(data.first.spec).classes:
        return rows[:EXAMPLES]
    firsts = np.sort(np.unique(targets, return_index=True)[1])
    others = np.setdiff1d(rows, firsts)
    return np.sort(np.concatenate([firsts, others])[:EXAMPLES])


def describe_layers(result: Result, data: Stacked, member: int, split: int) -> Arrays:
    """What the first layer of one member looks at, and what it makes of test examples."""
    spec, settings = data.first.spec, result.settings
    module = assemble(settings, spec).module
    variables = jax.tree.map(lambda leaf: leaf[member], result.variables)
    found, kernels = {}, filters(variables, settings, spec)
    if kernels is not None:
        found["filters"] = kernels[:FILTERS].astype(np.float32)
        found["filter_count"] = np.array(len(kernels))
    rows = varied_rows(data, split)
    examples = jax.tree.map(lambda leaf: np.asarray(leaf[split, rows]), data.test)
    scaling = data.datasets[split].scaling
    made = first_layer_outputs(module, variables, examples, settings, spec, scaling)
    if made:
        found |= made | {"feature_inputs": shown_inputs(data, split, rows), "feature_index": rows}
    if row_of(settings.model).generative:
        rows = np.arange(min(SEEN, len(one_of(data.test, split).targets)))
        tested = np.asarray(data.test.inputs[split, rows])
        plane = latent_plane(module, variables, tested, settings, spec, scaling)
        if plane is not None:
            found["latent"] = plane
            if task_of(spec).classes:
                found["latent_targets"] = np.asarray(data.test.targets[split, rows])
    return found


def evidence(result: Result, data: Stacked) -> Arrays:
    """All that is kept of an arm; what needs a healthy member is missing where all failed."""
    spec, rows = data.first.spec, result.rows
    found = about(spec, data.first.classes)
    answered = "predicted" in result.predictions
    targets = targets_of(rows, data)
    if answered:
        predicted, confidence = (result.predictions[n] for n in ("predicted", "confidence"))
        found |= describe_predictions(predicted, confidence, targets, spec.outputs)
    member = next((i for i, row in enumerate(rows) if row["status"] == "ok"), None)
    if member is None:
        return found
    split = int(own_splits(rows, data)[member])
    if answered:
        wanted = targets if targets.ndim == 1 else targets[member]
        found |= describe_mistakes(
            predicted[member], confidence[member], wanted, lambda at: shown_inputs(data, split, at)
        )
    shown = {"shown_member": np.array(member)}
    return found | shown | describe_layers(result, data, member, split)


def about(spec: Spec, classes: tuple[str, ...]) -> Arrays:
    """What a reader must know of the data to show any of it."""
    found = {"modality": np.array(spec.modality)}
    if task_of(spec).classes:
        names = classes or tuple(map(str, range(spec.outputs)))
        found["classes"] = np.array(names)
    return found | ({"alphabet": np.array(spec.alphabet)} if spec.vocabulary else {})


def write_evidence(folder: Path, result: Result, data: Stacked, more: Arrays) -> None:
    """{dataset}-{model}-evidence.npz in the folder, with more arrays than `evidence` has."""
    name = arm_file(result.dataset, result.model, "evidence.npz")
    save_arrays(folder / name, evidence(result, data) | more)
