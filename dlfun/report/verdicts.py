"""The verdicts of a comparison, and where its variance comes from, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from dlfun.report.table import text_table
from dlfun.stats import smallest_p

Record = Mapping[str, Any]

SIGN_FLIP = "exact sign-flip test"

WORDS = ("dataset", "a - b", "verdict", "model", "metric", "source")


def scaled(value: float | None, metric: str, signed: bool = False) -> str:
    """Accuracies in points, other metrics with three digits; a dash where there is no number."""
    if value is None:
        return "-"
    sign = "+" if signed else ""
    if metric.endswith("accuracy"):
        return f"{100 * value:{sign}.2f}"
    return f"{value:{sign}.3g}"


def probability(value: float | None) -> str:
    """Three digits behind the point; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def cells(pair: Record) -> dict[str, str]:
    """One line of the table."""
    metric = pair["metric"]
    low, high = (scaled(end, metric, signed=True) for end in pair["ci"])
    unit = "points" if metric.endswith("accuracy") else metric.replace("_", " ")
    needed = pair["n_detect"]
    return {
        "dataset": pair["dataset"],
        "a - b": f"{pair['a']} - {pair['b']}",
        f"difference, {unit}": scaled(pair["diff"], metric, signed=True),
        "interval": f"[{low}, {high}]",
        "P(a>b)": probability(pair["theta"]),
        "p (Holm)": probability(pair["p_holm"]),
        "verdict": f"{pair['verdict']}{' (ranks)' if pair['mixture'] else ''}",
        "seeds": str(pair["n"]),
        "for delta": "-" if needed is None else str(needed),
    }


def test_of(pair: Record) -> str:
    """The test behind the p value of a pair."""
    if not pair["paired"]:
        return "Welch's t test"
    if pair["split_scheme"] != "official":
        return "t test, corrected for splits that overlap"
    return "two-way t test" if pair["scope"] == "population" else SIGN_FLIP


def meaning(pairs: Sequence[Record]) -> str:
    """What the columns say, and how far the claims go."""
    first = pairs[0]
    deltas = {p["dataset"]: f"{p['dataset']} {p['delta']:g} ({p['delta_from']})" for p in pairs}
    tuned = {
        "tuned": f"configurations tuned and frozen before ({str(first['frozen_hash'])[:12]})",
        "given": "configurations as given, not tuned",
        "searched": "of each search, what it chose by validation",
    }[first["protocol"]]
    n = min(pair["n"] for pair in pairs)
    least = smallest_p(n) * first["family_size"]
    beyond = f"; with {n} seeds no p can reach {first['alpha']:g}" if least > first["alpha"] else ""
    looks = f"; look {first['look']} of {len(first['looks'])}" if first["looks"] else ""
    scope = "new seeds on this test set"
    if first["scope"] == "population":
        scope = "all examples like those tested"
    test = test_of(first)
    beyond = beyond if test == SIGN_FLIP else ""
    return (
        f"interval: simultaneous over the {first['family_size']} pairs of the family, error rate "
        f"{first['alpha']:g}{looks}; p: {test}, Holm{beyond}; for delta: seeds that "
        f"find a difference of delta with the chance --power\n"
        f"delta: {', '.join(deltas.values())}; {tuned}; about {scope}"
    )


def verdict_table(pairs: Sequence[Record]) -> str:
    """A line for each pair of arms, and what it means; nothing where there is no pair."""
    if not pairs:
        return ""
    rows = [cells(pair) for pair in pairs]
    names = list(dict.fromkeys(name for row in rows for name in row))
    rows = [{name: row.get(name, "") for name in names} for row in rows]
    if len({pair["dataset"] for pair in pairs}) == 1:
        rows = [{n: v for n, v in row.items() if n != "dataset"} for row in rows]
    return f"\n{text_table(rows, WORDS)}\n{meaning(pairs)}"


def variance_table(rows: Sequence[Record]) -> str:
    """The sd over seeds of each source of chance alone, with its 95 % interval."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        key = tuple(row[n] for n in ("dataset", "model", "metric", "source"))
        groups.setdefault(key, []).append(float(row["score"]))
    table = []
    for (dataset, model, metric, source), scores in groups.items():
        kept = np.array(scores)[np.isfinite(scores)]
        sd, df = (kept.std(ddof=1), len(kept) - 1) if len(kept) > 1 else (np.nan, 1)
        low, high = (sd * np.sqrt(df / stats.chi2.ppf(q, df)) for q in (0.975, 0.025))
        table.append(
            {
                "dataset": dataset,
                "model": model,
                "source": source,
                f"sd of {metric.replace('_', ' ')}": scaled(sd, metric),
                "interval": f"[{scaled(low, metric)}, {scaled(high, metric)}]",
                "seeds": str(len(kept)),
            }
        )
    names = list(dict.fromkeys(name for row in table for name in row))
    return text_table([{n: row.get(n, "") for n in names} for row in table], WORDS)
