"""Training against validation, arm by arm, with the gap between them and over-fitting in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlfun.objectives.metrics import judging, parts, words
from dlfun.objectives.metrics import metric as metric_row
from dlfun.report.html.arm_curves import OTHER, ArmCurves, curves_of, trained
from dlfun.report.html.blocks import Block, Figure, Table, table
from dlfun.report.html.record import Record, datasets
from dlfun.report.html.results import swept_names
from dlfun.report.html.small_multiples import BESIDE, Pair, Small, small_multiples
from dlfun.report.html.units import NOTHING, Unit, unit_of
from dlfun.report.rows import run_of
from dlfun.report.sweeps import FEW, varied
from dlfun.stats import Interval, Overfitting, overfitting, t_interval
from dlfun.stats.overfitting import FEWEST
from dlfun.words import listed, plural, spoken

LOSS = "loss"
MOST, CELLS = 32, 240
"""Arms of a data set with plots of their own, and those of all data sets together, at most."""


class Fit(NamedTuple):
    """What training and validation of an arm have to do with one another.

    Attributes:
      metrics: those that are shown, without their split: the loss, and what it is judged by.
      gaps: metric -> training minus validation at the last step, paired by run; as stored.
      over: of the losses; None where they say nothing.
    """

    curves: ArmCurves
    metrics: list[str]
    gaps: dict[str, Interval]
    over: Overfitting | None


def training_curves(record: Record, dataset: str) -> list[Block]:
    """The figure of a data set; none where there are no curves."""
    fits = [fit_of(curves) for curves in curves_of(record, dataset)]
    fits = [fit for fit in fits if fit.metrics]
    if not fits:
        return []
    drawn = fits[: min(MOST, max(CELLS // len(datasets(record)), 1))]
    runs = run_of(record.rows)
    finding = f"Training against validation on {dataset}: " + "; ".join(
        f"{fit.curves.label}: {', '.join(said(fit))}" for fit in drawn
    )
    first = next(name for name in datasets(record) if trained(record, name))
    smalls = [small(fit) for fit in drawn]
    title = f"Training and validation on {dataset}"
    swept = varied(swept_names(record), record.rows)
    return [
        Figure(
            f"{title}, by {listed([spoken(name) for name in swept])}" if swept else title,
            finding,
            small_multiples(smalls, sum(fit.curves.look != OTHER for fit in drawn[:FEW])),
            numbers(fits, f"{runs}s"),
            (caption(fits, runs) if dataset == first else f"To be read as that of {first}.")
            + left_out(len(fits) - len(drawn)),
            wide=len(smalls) > 1,
            full=len(smalls) > BESIDE,
        )
    ]


def fit_of(curves: ArmCurves) -> Fit:
    """An arm's fit, of the metrics that it has in training or in validation."""
    has = curves.history
    judged = parts(judging(has, "validation"))[1]
    by_words = {
        words(metric): metric  # the loss of some tasks is what they are judged by
        for metric in (LOSS, judged)
        if f"train_{metric}" in has or f"validation_{metric}" in has
    }
    metrics = list(by_words.values())
    gaps = {
        metric: t_interval(
            has[f"train_{metric}"][:, -1] - has[f"validation_{metric}"][:, -1],
            split_variance=curves.split_variance,
        )
        for metric in metrics
        if f"train_{metric}" in has and f"validation_{metric}" in has
    }
    losses = [has.get(f"{split}_{LOSS}") for split in ("train", "validation")]
    over = None
    if losses[0] is not None and losses[1] is not None:
        over = overfitting(losses[0], losses[1], split_variance=curves.split_variance)
    return Fit(curves, metrics, gaps, over)


def small(fit: Fit) -> Small:
    """The plots of an arm."""
    curves, since = fit.curves, onset(fit)
    pairs = {
        metric_label(metric): Pair(
            values_of(curves, f"train_{metric}"),
            values_of(curves, f"validation_{metric}"),
            metric_row(metric).share,
        )
        for metric in fit.metrics
    }
    finding = f"{curves.label}: {', '.join(said(fit)) or 'training and validation'}"
    return Small(curves.label, curves.look, curves.steps, pairs, finding, said(fit), since)


def values_of(curves: ArmCurves, name: str) -> np.ndarray | None:
    """A metric of the runs in shown units; None where they have none."""
    return unit_of(name).factor * curves.history[name] if name in curves.history else None


def metric_label(metric: str) -> str:
    """A metric without its split, with its unit."""
    unit = unit_of(metric)
    return f"{unit.name} ({unit.sign})" if len(unit.sign) == 1 else unit.name


def onset(fit: Fit) -> float | None:
    """The step from which on an arm over-fits."""
    if fit.over is None or fit.over.onset is None:
        return None
    return float(fit.curves.steps[fit.over.onset])


def said(fit: Fit) -> list[str]:
    """An arm's over-fitting and its gap, in a few words each."""
    lines, since = [], onset(fit)
    if fit.over is not None:
        lines.append(
            "no over-fitting seen" if since is None else f"over-fitting from step {since:,.0f} on"
        )
    metric, gap = list(fit.gaps.items())[-1] if fit.gaps else (LOSS, None)
    if gap is not None and np.isfinite(gap.estimate):
        unit = unit_of(metric)
        lines.append(f"gap {with_ends(unit, gap)} {unit.step}".rstrip())
    return lines


def with_ends(unit: Unit, found: Interval) -> str:
    """A difference with its interval, where it has one."""
    text = unit.signed(found.estimate)
    return text if np.isnan(found.low) else f"{text} {unit.interval([found.low, found.high])}"


def caption(fits: Sequence[Fit], runs: str) -> str:
    """How the plots are read, and what their words mean."""
    lines = [
        f"Mean over {runs}s, with pointwise 95 % t bands that end where the plots do. Training is "
        "a mean over the interval before each point, under its dropout and augmentation where "
        "there are any, so that it may look worse than validation. Gap: training minus validation "
        f"at the last step, with its 95 % t interval, paired by {runs}."
    ]
    if any(fit.over is not None for fit in fits):
        lines.append(
            "Over-fitting: at that step and all later ones validation loss is above its lowest "
            "point while training loss is below that of then, by simultaneous 95 % intervals over "
            f"{runs}s (shaded; for each arm by itself)."
        )
    else:
        lines.append(f"Over-fitting is looked for from {FEWEST} {runs}s on.")
    return " ".join(lines)


def left_out(count: int) -> str:
    """A sentence on the arms that are not drawn, if there are any."""
    return f" {plural(count, 'more arm')} in the numbers below." if count else ""


def numbers(fits: Sequence[Fit], runs: str) -> Table:
    """Onsets, rises and gaps of all arms."""
    metrics = list(dict.fromkeys(metric for fit in fits for metric in fit.gaps))
    names = ["arm", runs, "over-fitting from step", "lowest validation loss at step"]
    names += ["rise since", "95 %, simultaneous"]
    for metric in metrics:
        unit = unit_of(metric)
        names += [f"gap in {unit.name}" + (f" ({unit.step})" if unit.step else ""), "95 %"]
    return table(names, [numbers_of(fit, metrics) for fit in fits], "Training minus validation")


def numbers_of(fit: Fit, metrics: Sequence[str]) -> list[object]:
    """The row of an arm."""
    runs, since = len(next(iter(fit.curves.history.values()))), onset(fit)
    cells: list[object] = [fit.curves.label, runs]
    if fit.over is None:
        cells += [NOTHING] * 4
    else:
        unit, rise = unit_of(f"validation_{LOSS}"), fit.over.rise
        cells += [
            "not seen" if since is None else int(since),
            int(fit.curves.steps[fit.over.lowest]),
            unit.signed(rise.estimate),
            unit.interval([rise.low, rise.high]),
        ]
    for metric in metrics:
        unit, gap = unit_of(metric), fit.gaps.get(metric)
        cells += (
            [NOTHING, NOTHING]
            if gap is None
            else [unit.signed(gap.estimate), unit.interval([gap.low, gap.high])]
        )
    return cells
