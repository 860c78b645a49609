"""Learning curves: the mean over runs with its band, and single runs on a click."""

from __future__ import annotations

import numpy as np

from dlfun.objectives.metrics import METRICS
from dlfun.objectives.metrics import metric as metric_row
from dlfun.report.html import plots
from dlfun.report.html.arm_curves import arm_curves
from dlfun.report.html.blocks import Block, Figure, Table, table
from dlfun.report.html.examples import evenly
from dlfun.report.html.plots import Series
from dlfun.report.html.record import Arm, Record, arms, column, datasets
from dlfun.report.html.results import style_of, swept_names
from dlfun.report.html.sections.swept_curves import swept_panel
from dlfun.report.html.sections.training_curves import training_curves
from dlfun.report.html.units import better, first_upper, unit_of
from dlfun.report.rows import run_of

WANTED = (
    *(f"validation_{name}" for name, row in METRICS.items() if row.judges and row.per_example),
    "train_loss",
)
RUNS = 100
"""Single runs of an arm that can be shown, at most."""


def curves(record: Record) -> list[Block]:
    """A panel for each data set and metric, and one more for bounds on the likelihood."""
    panels: dict[tuple[str, str], list[Arm]] = {}
    for arm in arms(record):
        for metric in metrics_of(record, arm):
            panels.setdefault((arm[0], metric), []).append(arm)
    blocks: list[Block] = []
    for (_, metric), known in panels.items():
        swept = [swept_panel(record, arm, metric) for arm in known] if swept_names(record) else []
        drawn = [figure for figure in swept if figure is not None]
        blocks += drawn or [panel(record, metric, known)]
    return blocks + [block for name in datasets(record) for block in training_curves(record, name)]


def metrics_of(record: Record, arm: Arm) -> list[str]:
    """What is drawn of an arm: the first metric it has of those wanted, and its ELBO."""
    has = {name for name in WANTED if f"{arm[0]}/{arm[1]}/{name}" in record.history}
    if f"{arm[0]}/{arm[1]}/step" not in record.history:
        return []
    elbo = "validation_elbo"
    more = [elbo] if f"{arm[0]}/{arm[1]}/{elbo}" in record.history else []
    return [name for name in WANTED if name in has][:1] + more


def panel(record: Record, metric: str, known: list[Arm]) -> Figure:
    """One metric of the arms of one data set."""
    unit, dataset = unit_of(metric), known[0][0]
    series = [arm_series(record, arm, metric) for arm in known]
    axes = plots.plane(series, "training step", unit.label)
    chance = chance_of(record, dataset) if metric_row(metric).share else np.nan
    over = [plots.level(axes, unit.factor * chance, "chance")]
    finding = f"{unit.name} on {dataset} while training, at the last step: " + "; ".join(
        f"{s.label} {unit.text(float(s.y[-1]) / unit.factor)}" for s in series
    )
    run = run_of(record.rows)
    band = (
        f"Mean over all configurations and {run}s"
        if swept_names(record)
        else f"Mean over {run}s; the band is the pointwise 95 % t interval"
    )
    return Figure(
        f"{first_upper(unit.name)} on {dataset}",
        finding,
        plots.curves(series, axes, finding, over),
        numbers(series, unit.label),
        f"{band}. {first_upper(better(metric))}. Tick an arm to see its single runs.",
        plots.keys_of(series),
    )


def arm_series(record: Record, arm: Arm, metric: str) -> Series:
    """The curve of an arm; runs that are copies of others count once."""
    own = arm_curves(record, arm)
    values = own.history[metric] * unit_of(metric).factor
    made = plots.mean_series(arm[1], style_of(record, arm[1]), own.steps, values, RUNS)
    return plots.within(made, metric)


def chance_of(record: Record, dataset: str) -> float:
    """The chance level of a data set."""
    rows = [row for row in record.rows if row["dataset"] == dataset]
    return float(column(rows[:1], "chance")[0])


def numbers(series: list[Series], label: str) -> Table:
    """The curves as numbers, thinned if they are long."""
    rows = []
    for s in series:
        kept = evenly(len(s.x), 50)
        rows += [[s.label, int(x), y, low, high] for x, y, low, high in plots.points(s, kept)]
    return table(["arm", "step", f"mean {label}", "low", "high"], rows, "Learning curves")
