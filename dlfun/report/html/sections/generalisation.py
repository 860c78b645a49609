"""The trouble of generalisation: train against held-out, and score against number of examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup, escape

from dlfun.objectives.metrics import parts as parts_of
from dlfun.report.html import marks, plots
from dlfun.report.html.arm_curves import SweptCurves, by_rank, swept_curves, trained
from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.plots import HEIGHT, WIDTH, Plane, Series
from dlfun.report.html.record import Record, Row, arms, column, datasets, healthy
from dlfun.report.html.results import in_figures, style_of, swept_names
from dlfun.report.html.units import unit_of
from dlfun.report.sweeps import FEW

PAIRS = tuple(
    (f"train_{metric}", f"{split}_{metric}")
    for split in ("test", "validation")  # of which a sweep has no test scores
    for metric in ("accuracy", "nats", "rmse")
)


def generalisation(record: Record) -> list[Block]:
    """Train against test scores, and curves over the number of training examples."""
    blocks: list[Block] = []
    for dataset in datasets(record):
        blocks += train_against_test(record, dataset)
    for dataset in dict.fromkeys(row["dataset"] for row in record.curve):
        blocks += against_examples(record, dataset)
    return blocks


def train_against_test(record: Record, dataset: str) -> list[Block]:
    """A dot a run; against validation where nothing was tested."""
    for train, test in PAIRS:
        clouds = swept_clouds(record, dataset, train, test)
        if clouds:
            return [swept_figure(dataset, clouds, (train, test))]
        own = {a: healthy(rows) for a, rows in arms(record).items() if a[0] == dataset}
        series = [
            s
            for (_, model), rows in own.items()
            if (s := both(record, model, rows, train, test)) is not None
        ]
        if series:
            return [train_test_figure(dataset, series, train, test)]
    return []


def both(record: Record, model: str, rows: list[Row], train: str, test: str) -> Series | None:
    """The two scores of the runs of an arm."""
    unit = unit_of(test)
    x, y = (unit.factor * column(rows, name) for name in (train, test))
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return None
    return Series(model, style_of(record, model), x[known], y[known])


class Cloud(NamedTuple):
    """The runs of a configuration of a sweep, one dot each."""

    series: Series
    swept: SweptCurves


def swept_clouds(record: Record, dataset: str, train: str, held_out: str) -> list[Cloud]:
    """The clouds of a sweep, in the order of what was swept; none of another study."""
    found = []
    for arm in trained(record, dataset) if swept_names(record) else ():
        rows = arms(record)[arm]
        for one in swept_curves(record, arm):
            own = healthy([rows[i] for i in one.configuration.members])
            series = both(record, one.curves.label, own, train, held_out)
            if series is not None:
                found.append(Cloud(series, one))
    return found


def swept_figure(dataset: str, clouds: Sequence[Cloud], names: tuple[str, str]) -> Figure:
    """The runs of a sweep, coloured as the curves of their configurations are."""
    series = [cloud.series for cloud in clouds]
    figure = train_test_figure(dataset, series, *names)
    axes = plots.plane(series, unit_of(names[0]).label, unit_of(names[1]).label)
    parts = [plots.frame(axes), diagonal(axes)]
    order = sorted(clouds, key=lambda cloud: bool(cloud.swept.named))
    for s, one in order:
        outline = "".join(
            marks.marker(0, float(x), float(y), 3.4)
            for x, y in zip(axes.x.at(s.x), axes.y.at(s.y), strict=True)
        )
        parts.append(marks.element("path", class_=f"dots {one.curves.look}", d=outline))
    swept = [cloud.swept for cloud in clouds]
    shown = swept if len(swept) <= FEW else [one for one in by_rank(swept) if one.named]
    keys = legend([(one.curves.look, one.curves.label) for one in shown])
    drawing = marks.drawing(WIDTH, HEIGHT, figure.finding, *parts)
    caption = f"{figure.caption} The test split stays closed in a sweep."
    return figure._replace(drawing=keys + drawing, caption=caption, keys=())


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """Looks with what they stand for."""
    dot = marks.marker(0, 14.0, 7.0, 4.0)
    items = []
    for look, label in entries:
        point = marks.element("path", class_=f"dots {look}", d=dot)
        sign = marks.element("svg", point, viewBox="0 0 28 14", aria_hidden="true")
        items.append(marks.element("li", marks.element("span", sign + escape(label))))
    return marks.element("ul", Markup("").join(items), class_="keys")


def train_test_figure(dataset: str, series: list[Series], train: str, test: str) -> Figure:
    """Every run, and the diagonal on which both scores are the same."""
    unit, split = unit_of(test), parts_of(test)[0]
    axes = plots.plane(series, unit_of(train).label, unit.label)
    gaps = [float((s.x - s.y).mean()) for s in series]
    finding = f"{unit.name} against train on {dataset}; train minus {split}: " + "; ".join(
        f"{s.label} {unit.signed(gap / unit.factor)} {unit.step}"
        for s, gap in zip(series, gaps, strict=True)
    )
    rows = [
        [s.label, float(s.x.mean()), float(s.y.mean()), gap, len(s.x)]
        for s, gap in zip(series, gaps, strict=True)
    ]
    names = ["arm", unit_of(train).label, unit.label, f"gap ({unit.step})", "runs"]
    return Figure(
        f"Train against {split}, {dataset}",
        finding,
        plots.scatter(series, axes, finding, [diagonal(axes)], size=3.4),
        table(names, rows, "Means over seeds"),
        "A dot a run; on the dashed line both scores are the same. Train scores are means over the "
        "last interval of training, under its dropout and augmentation where there are any.",
        plots.keys_of(series, line=False),
    )


def diagonal(axes: Plane) -> Markup:
    """Where both axes are the same."""
    low, high = max(axes.x.low, axes.y.low), min(axes.x.high, axes.y.high)
    if low >= high:
        return Markup("")
    (x1, x2), (y1, y2) = axes.x.at([low, high]), axes.y.at([low, high])
    return marks.rule(x1, y1, x2, y2, "mark")


def against_examples(record: Record, dataset: str) -> list[Block]:
    """Test scores over the number of training examples."""
    rows = [row for row in record.curve if row["dataset"] == dataset]
    metric = next(n for n in rows[0] if n.startswith("test_") and any(row[n] for row in rows))
    by_model: dict[str, list[Row]] = {}
    for row in rows:
        by_model.setdefault(row["model"], []).append(row)
    return [
        examples_figure(
            f"{dataset}{which}",
            metric,
            [examples_series(record, arm, by_model[arm], metric) for arm in arms],
        )
        for which, arms in in_figures(list(by_model)).items()
    ]


def examples_figure(dataset: str, metric: str, series: Sequence[Series]) -> Figure:
    """The scores of some arms over the number of training examples."""
    unit = unit_of(metric)
    axes = plots.plane(series, "training examples, log scale", unit.label, log_x=True)
    finding = f"{unit.name} on {dataset} against training examples: " + "; ".join(
        f"{s.label} {s.y[0]:.4g} at {s.x[0]:,.0f}, {s.y[-1]:.4g} at {s.x[-1]:,.0f}" for s in series
    )
    numbers = [[s.label, *point] for s in series for point in plots.points(s)]
    return Figure(
        f"Score against examples, {dataset}",
        finding,
        plots.curves(series, axes, finding, points=True),
        table(["arm", "examples", unit.label, "low", "high"], numbers, "Means over seeds"),
        "Mean over seeds; band: pointwise 95 % t interval.",
        plots.keys_of(series, mark=True),
    )


def examples_series(record: Record, model: str, rows: list[Row], metric: str) -> Series:
    """The mean score of a model at each number of examples."""
    counts = np.unique(column(rows, "train_examples"))
    given = column(rows, "train_examples")
    scores = unit_of(metric).factor * column(rows, metric)
    own = [scores[given == count] for count in counts]
    runs = np.full((max(map(len, own)), len(counts)), np.nan)
    for k, values in enumerate(own):
        runs[: len(values), k] = values
    made = plots.mean_series(model, style_of(record, model), counts, runs, 0)
    return plots.within(made._replace(runs=None), metric)
