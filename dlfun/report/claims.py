"""Published figures, and what the records of their recipes say of them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.report.table import Row, number
from dlfun.stats import Interval, clopper_pearson, t_interval
from dlfun.studies.checksums import check_record
from dlfun.studies.recorded import read_rows


class Claim(NamedTuple):
    """A published figure, and the band in which the same protocol is to come out.

    Attributes:
      metric: a column of members.csv, or two of them with `-` or `/` between.
      statistic: one of `STATISTICS`.
      low, high: the band; a figure without one is only reported.
      published: as its source gives it.
    """

    recipe: str
    dataset: str
    model: str
    metric: str
    statistic: str
    low: float
    high: float
    published: str
    source: str

    @property
    def banded(self) -> bool:
        """Whether there is anything to hold the figure against."""
        return self.low > -np.inf or self.high < np.inf


def read_claims(path: Path) -> list[Claim]:
    """The rows of a table of claims; an open end of a band is an empty cell."""
    with path.open(newline="") as file:
        return [_claim(row) for row in csv.DictReader(file)]


def _claim(row: dict[str, Any]) -> Claim:
    low, high = row.pop("low") or -np.inf, row.pop("high") or np.inf
    return Claim(low=float(low), high=float(high), **row)


def rate_of_ones(values: np.ndarray) -> Interval:
    """In how many runs the value is 1."""
    return clopper_pearson(int(np.sum(values == 1)), len(values))


def single(reduce: Callable[[np.ndarray], float]) -> Callable[[np.ndarray], Interval]:
    """A statistic without an interval."""
    return lambda values: Interval(float(reduce(values)), np.nan, np.nan, np.nan, len(values))


STATISTICS: Mapping[str, Callable[[np.ndarray], Interval]] = {
    "mean": t_interval,
    "rate": rate_of_ones,
    "largest": single(np.max),
    "smallest": single(np.min),
}


def value(row: Row, metric: str) -> float:
    """A metric of a run, or the difference or ratio of two.

    >>> value({"a": 6.0, "b": "3"}, "a/b"), value({"a": 6.0, "b": "3"}, "a-b")
    (2.0, 3.0)
    """
    first, sign, second = re.fullmatch(r"(\w+)(?:([-/])(\w+))?", metric).groups()  # type: ignore[union-attr]
    if not sign:
        return number(row, first)
    a, b = number(row, first), number(row, second)
    return a - b if sign == "-" else a / b


def judge(claim: Claim, folder: Path) -> dict[str, str]:
    """The line of a claim: what was published, what the record says, and whether they agree."""
    check_record(folder)
    rows = [
        row
        for row in read_rows(folder)
        if (row["dataset"], row["model"]) == (claim.dataset, claim.model)
    ]
    values = np.array([value(row, claim.metric) for row in rows if row["status"] == "ok"])
    found = STATISTICS[claim.statistic](values)
    inside = claim.low <= found.estimate <= claim.high
    verdict = ("reproduced" if inside else "not reproduced") if claim.banded else "reported"
    seconds = sum(number(row, "seconds") for row in rows) + number(rows[0], "compile_seconds")
    failed = len(rows) - len(values)
    verdict += f", {failed} failed" if failed else ""
    return line(claim, shown(found, claim), str(len(rows)), verdict) | {
        "seconds": f"{seconds:.0f}",
        "device": device(folder),
    }


def not_run(claim: Claim, reason: str) -> dict[str, str]:
    """The line of a claim whose recipe has left no record."""
    return line(claim, "", "", f"not run: {reason}")


def line(claim: Claim, measured: str, count: str, verdict: str) -> dict[str, str]:
    """The columns of a line."""
    return {
        "recipe": claim.recipe,
        "figure": f"{claim.model} on {claim.dataset}: {in_words(claim)}",
        "published": f"{claim.published}; {claim.source}" if claim.source else claim.published,
        "band": band(claim),
        "measured": measured,
        "n": count,
        "verdict": verdict,
        "seconds": "",
        "device": "",
    }


def in_words(claim: Claim) -> str:
    """What is measured, in words."""
    name = claim.metric.replace("_", " ")
    name = re.sub(r"([-/])", r" \1 ", name)
    words = {"mean": name, "rate": f"share of runs with {name} 100 %"}
    return words.get(claim.statistic, f"{claim.statistic} {name}")


def percent(claim: Claim) -> bool:
    """Whether the figure is shown in per cent."""
    return claim.metric.endswith("accuracy")


def number_text(estimate: float, claim: Claim) -> str:
    """Per cent with two digits, all else with four."""
    return f"{100 * estimate:.2f}" if percent(claim) else f"{estimate:.4g}"


def shown(found: Interval, claim: Claim) -> str:
    """An estimate with its 95 % interval where it has one."""
    unit = " %" if percent(claim) else ""
    text = number_text(found.estimate, claim)
    if np.isnan(found.low):
        return text + unit
    return f"{text} [{number_text(found.low, claim)}, {number_text(found.high, claim)}]{unit}"


def band(claim: Claim) -> str:
    """A band as its two ends, or the one it has."""
    low, high = number_text(claim.low, claim), number_text(claim.high, claim)
    if not claim.banded:
        return "none"
    if np.isinf(claim.high):
        return f">= {low}"
    return f"<= {high}" if np.isinf(claim.low) else f"{low} to {high}"


def device(folder: Path) -> str:
    """What a record was made on."""
    found = json.loads((folder / "environment.json").read_text())
    kinds = sorted(set(found["devices"]))
    return f"{found['cores']} cores" if kinds == ["cpu"] else ", ".join(kinds)


def markdown(lines: Sequence[Mapping[str, str]]) -> str:
    """Lines of the same columns as a table of Markdown."""
    names = list(lines[0])
    rows = [names, ["---"] * len(names), *([row[n] for n in names] for row in lines)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows
    )
