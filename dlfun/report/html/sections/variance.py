"""The section on sources of variance: which one moves the result most."""

from __future__ import annotations

import numpy as np

from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.record import Record, Row, column
from dlfun.report.html.results import judged_by, style_of
from dlfun.report.html.strips import Mark, Strip, strips
from dlfun.report.html.units import Unit, listed, unit_of

MEANING = {
    "init": "first weights",
    "order": "order of examples",
    "split": "split of the data",
    "noise": "dropout and sampling",
    "all": "all at once",
}


def variance(record: Record) -> list[Block]:
    """A figure for every arm whose sources were varied one by one."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in record.variance:
        found.setdefault((row["dataset"], row["model"]), []).append(row)
    return [figure(record, *arm, rows) for arm, rows in found.items()]


def figure(record: Record, dataset: str, model: str, rows: list[Row]) -> Figure:
    """A strip a source: how far each score is from the mean of its source."""
    unit = unit_of(judged_by(record, dataset))
    sources = dict.fromkeys(row["source"] for row in rows)
    own = {s: column([r for r in rows if r["source"] == s], "score") for s in sources}
    style = style_of(record, model)
    made = [strip(source, values, unit, style) for source, values in own.items()]
    sds = {s: float(np.nanstd(v, ddof=1)) if len(v) > 1 else np.nan for s, v in own.items()}
    ranked = sorted((s for s in sds if s != "all"), key=lambda s: -np.nan_to_num(sds[s]))
    finding = f"{model} on {dataset}: " + listed(
        [f"{MEANING.get(s, s)} moves the score by an sd of {amount(unit, sds[s])}" for s in ranked]
    )
    numbers = [[s, MEANING.get(s, s), unit.factor * sds[s], len(own[s])] for s in sources]
    step = f" ({unit.step})" if unit.step else ""
    return Figure(
        f"{model} on {dataset}",
        finding,
        strips(made, f"{unit.name} minus its mean{step}", finding, [Mark(0.0)]),
        table(["source", "what varies", f"sd{step}", "runs"], numbers, "Spread by source"),
        "One source varies at a time, the others stay fixed; a dot a run, the bar is one sd to "
        "each side.",
    )


def amount(unit: Unit, value: float) -> str:
    """A spread with its unit."""
    return f"{unit.text(value)} {unit.step}".strip()


def strip(source: str, values: np.ndarray, unit: Unit, style: int) -> Strip:
    """The spread of one source."""
    apart = unit.factor * (values - np.nanmean(values))
    sd = float(np.nanstd(apart, ddof=1)) if len(apart) > 1 else float("nan")
    label = MEANING.get(source, source)
    return Strip(label, apart, style, (0.0, -sd, sd), f"sd {amount(unit, sd / unit.factor)}")
