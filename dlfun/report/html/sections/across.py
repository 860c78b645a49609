"""Arms over three data sets or more: their scores on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dlfun.report.html import plots
from dlfun.report.html.blocks import Block, Cell, Figure, Table, Words, cell, table
from dlfun.report.html.examples import evenly
from dlfun.report.html.plots import Series
from dlfun.report.html.record import Record
from dlfun.report.html.results import in_figures, models, style_of, swept_names
from dlfun.report.html.sections.ranks import ranks
from dlfun.report.html.strips import Mark, Strip, strips
from dlfun.report.html.units import NOTHING, listed, number, sentence, unit_of
from dlfun.report.record_names import record_names
from dlfun.report.scales import Across, gather, side_by_side
from dlfun.report.text.across import MOST, Contrast, Summary, contrasts, resamples_of, summaries
from dlfun.stats import Interval, score_profile, smallest_p
from dlfun.stats.labels import FEW
from dlfun.words import plural

SCORE = "normalised score"
STEPS = 61
"""Thresholds of a profile."""


def across(record: Record) -> list[Block]:
    """The block of one record."""
    known = None if swept_names(record) else gather(record.rows)
    style = {model: style_of(record, model) for model in models(record)}
    return of_arms(known, style, is_paired([record]), between=False)


def across_records(records: Sequence[Record]) -> list[Block]:
    """The block of several records side by side."""
    named = record_names([record.folder for record in records])
    kept = {
        name: record for name, record in zip(named, records, strict=True) if not swept_names(record)
    }
    if not kept:
        return []
    taken = side_by_side({name: record.rows for name, record in kept.items()})
    arms = list(dict.fromkeys(row["model"] for row in taken))
    between = not {model for record in kept.values() for model in models(record)} >= set(arms)
    style = {arm: k for k, arm in enumerate(arms)}
    return of_arms(gather(taken), style, is_paired(list(kept.values())), between)


def is_paired(records: Sequence[Record]) -> bool:
    """Whether the signs of paired differences may be flipped: on splits that do not overlap."""
    return all(
        (record.pairs or len(models(record)) < 2)
        and all(p.get("paired") and p.get("split_scheme") == "official" for p in record.pairs)
        for record in records
    )


def of_arms(
    known: Across | None, style: Mapping[str, int], paired: bool, between: bool
) -> list[Block]:
    """Scale, runs, profiles, ranks and tables of arms."""
    if known is None:
        return []
    found = summaries(known)
    order = [one.arm for one in found]
    pairs = contrasts(known, order, paired, between)
    return [
        Words(reading(known)),
        run_figure(known, found, style),
        *(profile(known, arms, which, style) for which, arms in in_figures(order).items()),
        *([] if known.many else ranks(known, style)),  # the overview of verdicts has them
        arm_table(known, found),
        pair_table(known, pairs),
        scale_table(known),
    ]


def reading(known: Across) -> list[str]:
    """What the scale is, and what is not on it."""
    lines = [
        f"Scores on {listed([s.dataset for s in known.scales], 12)} are put on one scale: for each "
        f"data set 0 is {known.zero}, 1 the mean of its best arm. Intervals take both as known. "
        "They are by bootstrap of the runs of each data set, so they speak of new seeds on these "
        "data sets, not of other data sets."
    ]
    if known.runs < FEW:
        lines.append(
            f"They are approximate, as an arm has only {plural(known.runs, 'run')} on a data set."
        )
    if known.left_out:
        lines.append(sentence(f"left out: {'; '.join(known.left_out)}"))
    return lines


def ends(interval: Interval, digits: int = 3) -> str:
    """An interval in brackets."""
    if not np.isfinite(interval.low):
        return NOTHING
    return f"[{number(interval.low, digits)}, {number(interval.high, digits)}]"


def run_figure(known: Across, found: Sequence[Summary], style: Mapping[str, int]) -> Figure:
    """Every run on the common scale, with the interquartile mean of each arm."""
    dots = {arm: s.mean(0) if known.many else s.ravel() for arm, s in known.arms.items()}
    rows = [
        Strip(
            one.arm,
            dots[one.arm],
            style[one.arm],
            one.found.iqm[:3],
            f"{number(one.found.iqm.estimate, 3)} {ends(one.found.iqm)}",
        )
        for one in found
    ]
    worst = bool(known.scales[0].worst)
    said = "; ".join(f"{row.label} {row.note}" for row in rows)
    finding = f"Interquartile mean of normalised scores on {len(known.scales)} data sets: {said}"
    every = (
        []
        if known.many
        else [
            [arm, scale.dataset, run, float(score)]
            for arm, scores in known.arms.items()
            for scale, column in zip(known.scales, scores.T, strict=True)
            for run, score in enumerate(column)
        ]
    )
    return Figure(
        "All runs on one scale",
        finding,
        strips(rows, SCORE, finding, [Mark(0.0, "worst" if worst else "chance"), Mark(1.0)]),
        table(["arm", "data set", "run", SCORE], every, "Every run") if every else None,
        f"A dot {'a data set, the mean of its runs' if known.many else 'a run on a data set'}; the "
        "upright tick is the interquartile mean of all runs, the bar its 95 % interval. The line "
        f"at 1 is the best arm's mean on each data set{', that at 0 the worst' if worst else ''}.",
    )


def profile(known: Across, arms: Sequence[str], which: str, style: Mapping[str, int]) -> Figure:
    """The share of runs above each score."""
    scores = np.concatenate([known.arms[arm].ravel() for arm in arms])
    at = np.linspace(min(0.0, float(scores.min())), float(scores.max()), STEPS)
    series = []
    for arm in arms:
        found = score_profile(known.arms[arm], at, resamples=resamples_of(known))
        share, low, high = (100 * part for part in found[1:])
        band = (None, None) if arm in known.fixed else (low, high)
        series.append(Series(arm, style[arm], at, share, *band))
    axes = plots.plane(series, f"{SCORE} τ", "runs above τ (%)")
    half = int(np.abs(at - 0.5 * (at[0] + at[-1])).argmin())
    said = "; ".join(f"{s.label} {s.y[half]:.0f} %" for s in series)
    finding = f"Share of runs with a normalised score above {at[half]:.2f}: {said}"
    rows = [[s.label, *point] for s in series for point in plots.points(s, evenly(STEPS, 21))]
    return Figure(
        f"Performance profiles{which}",
        finding,
        plots.curves(series, axes, finding),
        table(["arm", "τ", "runs above τ (%)", "low", "high"], rows, "Performance profiles"),
        "The share of an arm's runs, over all data sets, that score more than τ; the band is the "
        "pointwise 95 % interval. A curve that is higher everywhere is better at every level.",
        plots.keys_of(series),
    )


def arm_table(known: Across, found: Sequence[Summary]) -> Table:
    """A row an arm."""
    names = [
        "arm", "IQM", "interval", "mean", "interval", "optimality gap", "interval", "mean rank",
    ]  # fmt: skip
    rows = []
    for one in found:
        parts = (one.found.iqm, one.found.mean, one.found.optimality_gap)
        cells = [c for part in parts for c in (valued(part.estimate, 3), cell(ends(part)))]
        rows.append([cell(one.arm), *cells, valued(one.rank, 2)])
    note = (
        f"{plural(known.runs, 'run')} of each arm on each data set. IQM: the mean of the middle "
        "half of all runs. Optimality gap: the mean shortfall from 1, what exceeds it not "
        "counting; less is better. Intervals: 95 %. Mean rank: over data sets, of the means, 1 "
        "being the best."
    )
    return Table(names, rows, f"All arms over {len(known.scales)} data sets", note, beside=True)


def valued(value: float, digits: int) -> Cell:
    """A number that is sorted by."""
    return Cell(number(value, digits), value if np.isfinite(value) else None)


def pair_table(known: Across, pairs: Sequence[Contrast]) -> Table:
    """A row a pair; tests where runs are paired."""
    tested = any(np.isfinite(pair.p) for pair in pairs)
    names = ["pair", "P(first is better)", "interval"]
    names += ["sign-flip p", "exploratory p (Benjamini-Hochberg)"] if tested else []
    rows = []
    for pair in pairs:
        row = [cell(f"{pair.a} – {pair.b}"), valued(pair.wins.estimate, 3), cell(ends(pair.wins))]
        rows.append(row + ([valued(p, 4) for p in pair[3:]] if tested else []))
    note = (
        "The probability that a run of the first scores more than one of the second is the mean "
        "over data sets, ties counting half; interval: 95 %."
    )
    if any(pair.wins.low == pair.wins.high for pair in pairs):
        note += " Where one wins every time the bootstrap sees no spread; it is not certain."
    if len(known.arms) > MOST:
        note += " Each arm against the first only."
    if tested:
        note += (
            " Sign-flip: of the mean difference over data sets, a run's differences changing "
            "sign on all of them together. No claim over data sets was made before the study, so "
            f"p is exploratory. With {plural(known.runs, 'run')} none is below "
            f"{number(smallest_p(known.runs))}."
        )
    if tested and not all(np.isfinite(pair.p) for pair in pairs):
        note += " Runs that are not paired, or are copies of one result, have no such test."
    return Table(names, rows, f"All pairs over {len(known.scales)} data sets", note)


def scale_table(known: Across) -> Table:
    """What is 0 and what is 1 on each data set."""
    rows = []
    for scale in known.scales:
        unit = unit_of(scale.metric)
        rows.append(
            [
                scale.dataset,
                unit.name,
                Cell(unit.whole(scale.zero), unit.factor * scale.zero),
                Cell(unit.whole(scale.reference), unit.factor * scale.reference),
                scale.best,
            ]
        )
    zero = "the worst mean (0)" if known.scales[0].worst else "chance (0)"
    names = ["data set", "metric", zero, "reference (1)", "the mean of"]
    note = "A run that failed is given the score that is 0."
    return table(names, rows, "The scale", note)._replace(beside=True, closed=known.many)
