"""The table of published figures: a line a claim, made from records and read back from itself."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from dlfun.objectives.metrics import metric, shown_ends
from dlfun.records.checksums import check_record
from dlfun.records.reader import read_rows
from dlfun.report.claims import Claim, Finding, find, has_interval, holds_figure, verdict
from dlfun.report.rows import number
from dlfun.stats import Interval
from dlfun.words import plural

Line = dict[str, str]
"""The cells of a line by the names of their columns."""

ONE, ALIKE, NONE = "one run", "all runs alike", "no interval"
"""Why an estimate has no interval."""

NUMBER = r"(-?[0-9.]+(?:e[-+][0-9]+)?|inf)"
MEASURED = re.compile(rf"{NUMBER}(?: \[{NUMBER}, {NUMBER}\])?(?: %)?(?:, (.+))?")
"""A cell of the column `measured`, as `shown` writes it."""


LATE = "did not fit the time"
"""Why a recipe was not begun, of which an earlier line stays."""


def table_of(
    claims: Sequence[Claim],
    reasons: Mapping[str, str],
    folder: Path,
    earlier: Mapping[tuple[str, str], Line],
) -> list[Line]:
    """A line for each claim whose recipe was asked for, or has a line from earlier.

    Args:
      reasons: recipe -> why it has no record in the folder, or nothing.
      earlier: the table so far, as `read_table` gives it.
    """

    def one(claim: Claim) -> Line | None:
        reason, before = reasons.get(claim.recipe, LATE), earlier.get(key_of(line(claim)))
        if not reason:
            return judge(claim, folder / claim.recipe)
        if reason == LATE and before:
            return judge_anew(claim, before)
        return not_run(claim, reason) if claim.recipe in reasons else None

    return [found for found in map(one, claims) if found]


def key_of(cells: Line) -> tuple[str, str]:
    """What tells a line from the others."""
    return cells["recipe"], cells["what"]


def judge(claim: Claim, folder: Path) -> Line:
    """The line of a claim: what was published, what the record says, and whether they agree."""
    check_record(folder)
    rows = [
        row
        for row in read_rows(folder)
        if (row["dataset"], row["model"]) == (claim.dataset, claim.model)
    ]
    seconds = [number(row, "seconds") for row in rows]
    seconds += [number(row, "compile_seconds") for row in rows[:1]]
    return line(claim, find(claim, rows)) | {
        "seconds": f"{sum(seconds):.0f}",
        "device": device(folder),
        "run": day(folder / "members.csv"),
    }


def judge_anew(claim: Claim, earlier: Line) -> Line:
    """The line of a claim by what an earlier line of it measured, whose record is not here."""
    finding = read_finding(claim, earlier)
    if finding is None:
        return earlier | {name: cell for name, cell in line(claim).items() if cell}
    return line(claim, finding) | {name: earlier[name] for name in ("seconds", "device", "run")}


def not_run(claim: Claim, reason: str) -> Line:
    """The line of a claim whose recipe has left no record."""
    return line(claim) | {"verdict": f"not run: {reason}"}


def line(claim: Claim, finding: Finding | None = None) -> Line:
    """The columns of a line; those of what was measured are empty without it."""
    cells = {
        "recipe": claim.recipe,
        "what": f"{claim.model} on {claim.dataset}: {in_words(claim)}",
        "published": f"{claim.published}; {claim.source}" if claim.source else claim.published,
        "figure": with_unit(number_text(claim.figure, claim), claim),
        "band": band(claim),
        "measured": "",
        "n": "",
        "verdict": "",
        "interval holds figure": "",
        "seconds": "",
        "device": "",
        "run": "",
    }
    if finding is None:
        return cells
    return cells | {
        "measured": shown(finding.measured, claim),
        "n": str(finding.measured.n),
        "verdict": verdict(claim, finding),
        "interval holds figure": held(claim, finding.measured),
    }


def in_words(claim: Claim) -> str:
    """What is measured, in words."""
    name = claim.metric.replace("_", " ")
    name = re.sub(r"([-/])", r" \1 ", name)
    words = {"mean": name, "rate": f"share of runs with {name} 100 %"}
    return words.get(claim.statistic, f"{claim.statistic} {name}")


def held(claim: Claim, measured: Interval) -> str:
    """Whether the 95 % interval holds the published figure."""
    if math.isnan(claim.figure) or not measured.n:
        return "-"
    if not has_interval(measured):
        return NONE
    return "yes" if holds_figure(claim, measured) else "no"


def percent(claim: Claim) -> bool:
    """Whether the figure is shown in per cent."""
    return metric(claim.metric).share


def number_text(estimate: float, claim: Claim) -> str:
    """Per cent with two digits, all else with four; nothing is a dash."""
    if math.isnan(estimate):
        return "-"
    return f"{100 * estimate:.2f}" if percent(claim) else f"{estimate:.4g}"


def with_unit(text: str, claim: Claim) -> str:
    """A number with its unit behind it."""
    return f"{text} %" if percent(claim) and text != "-" else text


def shown(measured: Interval, claim: Claim) -> str:
    """An estimate with its 95 % interval, or with why it has none; empty where all runs failed."""
    if not measured.n:
        return ""
    text = number_text(measured.estimate, claim)
    if has_interval(measured):
        shown_to = shown_ends(measured.low, measured.high, claim.metric)
        ends = (number_text(end, claim) for end in shown_to)
        return with_unit(f"{text} [{', '.join(ends)}]", claim)
    reason = ONE if measured.n == 1 else ALIKE if measured.sd == 0 else NONE
    return f"{with_unit(text, claim)}, {reason}"


def read_finding(claim: Claim, earlier: Line) -> Finding | None:
    """What a line says was measured, with the digits it was written with; None if nothing was.

    >>> claim = Claim("r", "d", "m", "test_accuracy", "mean", 0.5, 0.4, 0.6, "half", "someone")
    >>> cells = {"measured": "52.00 [51.00, 53.00] %", "n": "10", "verdict": "reproduced"}
    >>> read_finding(claim, cells).measured[:3]
    (0.52, 0.51, 0.53)
    """
    match = MEASURED.fullmatch(earlier["measured"])
    if not match or not earlier["n"].isdigit():
        return None
    estimate, low, high = (number_of(text, claim) for text in match.groups()[:3])
    n, sd = int(earlier["n"]), 0.0 if match[4] == ALIKE else np.nan
    failures = re.search(r"(\d+) of (\d+) runs failed", earlier["verdict"])
    failed, runs = map(int, failures.groups()) if failures else (0, n)
    return Finding(Interval(estimate, low, high, sd, n), runs, failed)


def number_of(text: str | None, claim: Claim) -> float:
    """What `number_text` wrote, of a claim's metric; NaN where there is nothing."""
    if text is None:
        return math.nan
    # A per cent with two digits has four as a share, which dividing alone would blur.
    return round(float(text) / 100, 4) if percent(claim) else float(text)


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
    return plural(int(found["cores"]), "core") if kinds == ["cpu"] else ", ".join(kinds)


def day(file: Path) -> str:
    """The day on which a file was written, in UTC."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).date().isoformat()


def summary(lines: Sequence[Line]) -> str:
    """How many lines have each word, and how many intervals hold their figure.

    >>> made = {"verdict": "reproduced, 1 of 9 runs failed", "interval holds figure": "no"}
    >>> summary([made, made | {"verdict": "holds", "interval holds figure": "-"}])
    'Lines: reproduced 1, holds 1. 0 of 1 intervals hold their figure.'
    """
    words = Counter(re.split("[,:]", found["verdict"])[0] for found in lines)
    held = Counter(found["interval holds figure"] for found in lines)
    counts = ", ".join(f"{name} {count}" for name, count in words.items())
    known = held["yes"] + held["no"]
    return f"Lines: {counts}. {held['yes']} of {known} intervals hold their figure."


def markdown(lines: Sequence[Mapping[str, str]]) -> str:
    """Lines of the same columns as a table of Markdown."""
    names = list(lines[0])
    rows = [names, ["---"] * len(names), *([row[n] for n in names] for row in lines)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows
    )


def read_table(path: Path) -> dict[tuple[str, str], Line]:
    """The lines of a table as `markdown` wrote it, by recipe and what; none of another file."""
    if not path.is_file():
        return {}
    rows = [
        [cell.strip() for cell in text.strip().strip("|").split("|")]
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if text.startswith("|")
    ]
    names = list(line(Claim("", "", "", "", "mean", np.nan, -np.inf, np.inf, "", "")))
    if names not in rows:
        return {}
    lines = [dict(zip(names, row, strict=True)) for row in rows[2:] if len(row) == len(names)]
    return {key_of(found): found for found in lines}
