"""Published figures and proven bounds, and what the records of their recipes say of them."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.errors import UserError
from dlfun.objectives.metrics import higher_is_better
from dlfun.report.rows import Row, number
from dlfun.stats import Interval, clopper_pearson, t_interval
from dlfun.words import plural


class Claim(NamedTuple):
    """A published figure in a band around it; a bound, which has no figure; or a report alone.

    Attributes:
      metric: a column of members.csv, or two of them with `-` or `/` between.
      statistic: one of `STATISTICS`.
      figure: what was published, as a number; NaN of a bound.
      low, high: the band around the figure, or the bound; infinite where there is no end.
      published: as its source words it.
    """

    recipe: str
    dataset: str
    model: str
    metric: str
    statistic: str
    figure: float
    low: float
    high: float
    published: str
    source: str

    @property
    def banded(self) -> bool:
        """Whether there is a band or a bound to hold the figure against."""
        return self.low > -np.inf or self.high < np.inf

    def check(self) -> None:
        """Raises UserError if the band is not one around the published figure."""
        if math.isnan(self.figure) or not self.banded:
            return
        if not -np.inf < self.low <= self.figure <= self.high < np.inf:
            raise UserError(
                f"the band {self.low:g} to {self.high:g} of {self.recipe} must have two ends, with "
                f"the published figure {self.figure:g} between them"
            )


def read_claims(path: Path) -> list[Claim]:
    """The rows of a table of claims; what is not there is an empty cell.

    Raises:
      UserError: if a band does not hold the figure it is for.
    """
    with path.open(newline="") as file:
        claims = [_claim(row) for row in csv.DictReader(file)]
    for claim in claims:
        claim.check()
    return claims


def _claim(row: dict[str, Any]) -> Claim:
    absent = {"figure": np.nan, "low": -np.inf, "high": np.inf}
    return Claim(**row | {name: float(row[name] or empty) for name, empty in absent.items()})


def mean_of(values: np.ndarray) -> Interval:
    """The mean with its t interval; none where all runs came out alike, which may be copies."""
    found = t_interval(values)
    alike = found.n > 1 and np.ptp(values) == 0
    return found._replace(low=np.nan, high=np.nan, sd=0.0) if alike else found


def rate_of_ones(values: np.ndarray) -> Interval:
    """In how many runs the value is 1."""
    return clopper_pearson(int(np.sum(values == 1)), len(values))


def single(reduce: Callable[[np.ndarray], float]) -> Callable[[np.ndarray], Interval]:
    """A statistic without an interval."""
    return lambda values: Interval(float(reduce(values)), np.nan, np.nan, np.nan, len(values))


STATISTICS: Mapping[str, Callable[[np.ndarray], Interval]] = {
    "mean": mean_of,
    "rate": rate_of_ones,
    "largest": single(np.max),
    "smallest": single(np.min),
}


class Finding(NamedTuple):
    """What the runs of a recipe say of a claim.

    Attributes:
      measured: the statistic, with NaN ends where it has no interval; NaN if all runs failed.
      runs, failed: how many there were, and how many of them gave no figure.
    """

    measured: Interval
    runs: int
    failed: int


def value(row: Row, metric: str) -> float:
    """A metric of a run, or the difference or ratio of two; NaN of a run that failed.

    >>> done = {"status": "ok", "a": 6.0, "b": "3"}
    >>> value(done, "a/b"), value(done, "a-b"), value(done | {"status": "failed"}, "a")
    (2.0, 3.0, nan)
    """
    if row["status"] != "ok":
        return math.nan
    first, sign, second = re.fullmatch(r"(\w+)(?:([-/])(\w+))?", metric).groups()  # type: ignore[union-attr]
    a = number(row, first)
    if not sign:
        return a
    b = number(row, second)
    return a - b if sign == "-" else float(np.divide(a, b))


def find(claim: Claim, rows: Sequence[Row]) -> Finding:
    """The statistic of a claim over the runs of its model on its data set.

    A run that failed has not reached what a rate counts; other statistics are of the rest.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.array([value(row, claim.metric) for row in rows])
    failed = int(np.isnan(values).sum())
    counted = values if claim.statistic == "rate" else values[~np.isnan(values)]
    if failed == len(values):
        return Finding(Interval(np.nan, np.nan, np.nan, np.nan, 0), len(values), failed)
    return Finding(STATISTICS[claim.statistic](counted), len(values), failed)


def has_interval(measured: Interval) -> bool:
    """Whether an estimate has one."""
    return not math.isnan(measured.low)


def holds_figure(claim: Claim, measured: Interval) -> bool:
    """Whether the interval of what was measured holds the published figure."""
    return measured.low <= claim.figure <= measured.high


def word(claim: Claim, measured: Interval) -> str:
    """What the measured says of a claim.

    Of a figure: reproduced, if the interval holds it or the estimate lies in the band around it;
    exceeds or falls short, by what is better of the metric. Of a bound: holds or broken, if all of
    the interval (the estimate, where there is none) lies on its one side or the other. Undecided
    is what nothing of this tells.
    """
    if math.isnan(claim.figure):
        return word_of_bound(claim, measured)
    if holds_figure(claim, measured):
        return "reproduced"
    if claim.banded and claim.low <= measured.estimate <= claim.high:
        return "reproduced"
    if not claim.banded and not has_interval(measured):
        return "undecided"
    # Of a difference or a ratio neither side is better: it exceeds what it lies above.
    higher = bool(re.search("[-/]", claim.metric)) or higher_is_better(claim.metric)
    return "exceeds" if (measured.estimate > claim.figure) == higher else "falls short"


def word_of_bound(claim: Claim, measured: Interval) -> str:
    """What the measured says of a bound."""
    if not claim.banded:
        return "reported"
    low, high = measured[1:3] if has_interval(measured) else (measured.estimate, measured.estimate)
    if claim.low <= low and high <= claim.high:
        return "holds"
    return "broken" if high < claim.low or low > claim.high else "undecided"


def verdict(claim: Claim, finding: Finding) -> str:
    """The word, and how many runs failed."""
    if not finding.runs:
        return "not run: its record has no such runs"
    if finding.failed == finding.runs:
        return f"all of {finding.runs} runs failed" if finding.runs > 1 else "its one run failed"
    found = word(claim, finding.measured)
    return (
        f"{found}, {finding.failed} of {plural(finding.runs, 'run')} failed"
        if finding.failed
        else found
    )
