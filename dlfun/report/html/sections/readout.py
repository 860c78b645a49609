"""Hand-made features against learned ones, under the same linear read-out."""

from __future__ import annotations

import numpy as np

from dlfun.objectives.metrics import shown_ends
from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.record import Record, Row, column
from dlfun.report.html.strips import Strip, strips
from dlfun.report.html.units import better, first_upper, unit_of
from dlfun.stats import t_interval
from dlfun.words import plural


def readout(record: Record) -> list[Block]:
    """A figure for every data set."""
    names = dict.fromkeys(row["dataset"] for row in record.readout)
    return [figure([r for r in record.readout if r["dataset"] == name], name) for name in names]


def figure(rows: list[Row], dataset: str) -> Figure:
    """A strip for each kind of features, best first."""
    metric = next((n for n in rows[0] if n.startswith("test_")), "test_accuracy")
    unit = unit_of(metric)
    by_features: dict[str, list[Row]] = {}
    for row in rows:
        by_features.setdefault(row["features"], []).append(row)
    made = [strip(name, own, metric) for name, own in by_features.items()]
    made.sort(key=lambda s: -s.mean if unit.higher else s.mean)
    finding = f"{unit.name} of a linear read-out on {dataset}: " + "; ".join(
        f"{s.label} {s.note}" for s in made
    )
    numbers = [
        [name, int(column(own, "dimensions")[0]), *s.ends, len(own)]
        for s in made
        for name, own in by_features.items()
        if s.label.startswith(f"{name} (")
    ]
    return Figure(
        f"Linear read-out on {dataset}",
        finding,
        strips(made, unit.label, finding),
        table(["features", "dimensions", unit.label, "low", "high", "runs"], numbers, "Features"),
        "The same linear classifier on each kind of features; a dot a replicate, the bar is the "
        f"95 % t interval. Circles: made by hand; squares: learned. {first_upper(better(metric))}.",
    )


def strip(name: str, rows: list[Row], metric: str) -> Strip:
    """The scores on one kind of features."""
    unit = unit_of(metric)
    values = unit.factor * column(rows, metric)
    found = t_interval(values)
    dimensions = column(rows, "dimensions")[0]
    size = f" ({plural(int(dimensions), 'number')})" if np.isfinite(dimensions) else ""
    half = found.half_width / unit.factor
    note = unit.text(found.estimate / unit.factor)
    note += f" ± {unit.text(half)}" if np.isfinite(half) else ""
    style = 1 if name.startswith("learned") else 0
    ends = shown_ends(found.low / unit.factor, found.high / unit.factor, metric)
    low, high = (unit.factor * end for end in ends)
    return Strip(f"{name}{size}", values, style, (found.estimate, low, high), note)
