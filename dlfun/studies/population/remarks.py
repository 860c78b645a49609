"""Remarks of a study beside its table, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from dlfun.errors import OPT
from dlfun.models.perceptron import units
from dlfun.objectives.tasks import task_of
from dlfun.records.outcome import Result, Row
from dlfun.stats import clopper_pearson
from dlfun.stats.separability import LARGEST_PROGRAMME, Bound, is_separable, novikoff_bound
from dlfun.studies.population.remedies import inputs, remedy
from dlfun.studies.population.stacked import Stacked
from dlfun.words import plural


def mistake_bound(result: Result, data: Stacked) -> Bound | None:
    """Novikoff's bound on the training data, the loosest of the splits', where it is known.

    It is not where the inputs were augmented: the separator may not tell those apart.
    """
    first = data.first
    if first.separator is None or result.settings.augment:
        return None
    count = units(result.settings.shape, first.spec)
    bounds = [
        novikoff_bound(inputs(d), np.asarray(d.train.targets), first.separator, count)
        for d in data.datasets
    ]
    return max(bounds, key=lambda bound: bound.mistakes)


def perceptron_notes(result: Result, data: Stacked) -> list[str]:
    """Mistakes against Novikoff's bound, or that the data are not separable."""
    mistakes = [row["mistakes"] for row in result.rows]
    few, many = min(mistakes), max(mistakes)
    total = f"{few} to {many} mistakes" if few < many else plural(many, "mistake")
    made = f"{result.dataset}: the perceptron made {total}"
    first = data.first
    loosest = mistake_bound(result, data)
    if loosest is not None:
        count = units(result.settings.shape, first.spec)
        return [
            f"{made}; Novikoff's bound is {loosest.mistakes:.1f} "
            f"(R {loosest.radius:.3f}, margin {loosest.margin:.3f}, {plural(count, 'unit')})"
        ]
    separable = None
    small = math.prod(first.train.inputs.shape) <= LARGEST_PROGRAMME
    plain = not result.settings.augment
    if small and plain and not first.spec.vocabulary:  # ids are no numbers to draw a line between
        targets = np.asarray(first.train.targets)
        separable = is_separable(inputs(first), targets, first.spec.outputs)
    if separable is None:
        return [f"{made} in {plural(result.settings.steps, 'step')}"]
    said = (
        "are linearly separable"
        if separable
        else ("are not linearly separable: no linear unit gets them all right, and the rule cycles")
    )
    return [f"{made} in {plural(result.settings.steps, 'step')}; the training data {said}"]


def solved_note(result: Result) -> str:
    """In how many runs every row of a truth table came out right."""
    right = sum(row.get("test_accuracy") == 1.0 for row in result.rows)
    rate = clopper_pearson(right, len(result.rows))
    return (
        f"{result.dataset}: {result.model} gets the whole table right in {right} of "
        f"{plural(len(result.rows), 'run')} (rate {rate.estimate:.3f}, 95 % Clopper-Pearson "
        f"[{rate.low:.3f}, {rate.high:.3f}])"
    )


def failure_note(result: Result, data: Stacked) -> str:
    """Which runs stopped being finite, where, and what helps."""
    failed = [row for row in result.rows if row["status"] == "failed"]
    steps = sorted(row["failed_at"] for row in failed)
    verb = "is" if len(failed) == 1 else "are"
    return (
        f"{result.dataset}: {len(failed)} of {plural(len(result.rows), 'run')} of "
        f"{result.model} stopped "
        f"being finite (first at step {steps[0]}) and {verb} left out of its mean; "
        f"{remedy(data.first, 'standardise its inputs first')}"
    )


def readout_note(result: Result) -> str:
    """What a VAE's accuracy is."""
    return (
        f"{result.dataset}: {result.model} learns without labels; its figure is that of a linear "
        "read-out of its latent mean, trained behind a stop-gradient"
    )


def generative_note(result: Result) -> str:
    """A VAE's bound on the test split, and how much of its latent it uses."""
    active = np.mean([row["test_active_units"] for row in learned(result)])
    return (
        f"{result.dataset}: {result.model}: test ELBO {in_nats(result, 'test_elbo')}"
        f"{estimate_note(result)}; {active:.4g} of {result.settings.shape.latent} latent "
        "dimensions are active"
    )


def estimate_note(result: Result) -> str:
    """The log-likelihood by importance sampling, where there is one."""
    samples = result.settings.likelihood_samples
    if not samples:
        return ""
    estimate = in_nats(result, "test_log_likelihood")
    return f", log-likelihood {estimate} ({plural(samples, 'importance sample')})"


def learned(result: Result) -> list[Row]:
    """The rows of the runs that did not fail."""
    return [row for row in result.rows if row["status"] != "failed"]


def in_nats(result: Result, name: str) -> str:
    """The mean over runs, and in how many it is not finite."""
    values = np.array([row[name] for row in learned(result)])
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "not finite in any run"
    rest = f" in {len(finite)} of {plural(len(values), 'run')}, else not finite"
    return f"{finite.mean():.2f} nats{rest if len(finite) < len(values) else ''}"


def notes(result: Result, data: Stacked) -> list[str]:
    """All that is worth saying of one arm."""
    from dlfun.models import row_of

    row, said = row_of(result.settings.model), []
    if not row.by_gradient:
        said += perceptron_notes(result, data)
    if row.generative and learned(result) and "test_elbo" in result.rows[0]:
        said += [readout_note(result)] if task_of(data.first.spec).labels else []
        said.append(generative_note(result))
    if data.first.spec.truth_table and "test_accuracy" in result.rows[0]:
        said.append(solved_note(result))
    if any(r["status"] == "failed" for r in result.rows):
        said.append(failure_note(result, data))
    return said


def work_notes(results: Iterable[Result]) -> list[str]:
    """What it costs that networks of several sizes are one program."""
    return [work_note(result) for result in results if "extra_work" in result.rows[0]]


def work_note(result: Result) -> str:
    """The multiply-adds of a program for several sizes, over those of networks of these sizes."""
    done = sum(row["steps"] for row in result.rows)
    needed = sum(row["steps"] / row["extra_work"] for row in result.rows)
    widths = ",".join(map(str, result.settings.shape.widths))
    return (
        f"{result.model}: all sizes are one program of {OPT.of(result.model, 'widths')}={widths}: "
        f"{done / needed:.1f} times the multiply-adds of networks of these sizes"
    )
