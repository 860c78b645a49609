"""The verdicts of a comparison, and where its variance comes from, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from dlfun.config.comparison_spec import Claim
from dlfun.errors import OPT
from dlfun.objectives.metrics import figure
from dlfun.objectives.metrics import metric as metric_row
from dlfun.report.text.reasons import reasons
from dlfun.report.text.table import text_table
from dlfun.stats import unseen_rate
from dlfun.stats.labels import FEW, SUGGESTIVE
from dlfun.types import SPLITS
from dlfun.words import plural

Record = Mapping[str, Any]

WORDS = ("dataset", "a - b", "verdict", "model", "metric", "source")


def scaled(value: float | None, metric: str, signed: bool = False) -> str:
    """Accuracies in points, other metrics with three digits; a dash where there is no number."""
    return figure(value, metric, "+" if signed else "", ".3g")


def probability(value: float | None) -> str:
    """Three digits behind the point; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def p_value(value: float | None) -> str:
    """A p value with three digits; what would show as 0 is less than the smallest of them.

    >>> p_value(0.029), p_value(2e-5), p_value(None)
    ('0.029', '<0.001', '-')
    """
    return "<0.001" if value is not None and value < 0.0005 else probability(value)


def cells(pair: Record) -> dict[str, str]:
    """One line of the table."""
    metric = pair["metric"]
    unit = metric_row(metric).step if metric_row(metric).share else metric.replace("_", " ")
    needed = pair["n_detect"]
    return {
        "dataset": pair["dataset"],
        "a - b": f"{pair['a']} - {pair['b']}",
        f"difference, {unit}": scaled(pair["diff"], metric, signed=True),
        "interval": interval(pair["ci"], metric),
        "P(a>b)": probability(pair["theta"]),
        "p (Holm)": p_value(pair["p_holm"]) + marks(pair),
        "verdict": verdict(pair) + BY.get(pair["decided_by"], ""),
        f"{run_of(pair)}s": counted(pair),
        "for delta": "-" if needed is None else str(needed),
    }


def run_of(pair: Record) -> str:
    """What a run is called that a verdict counts: a seed, or a fold."""
    return SPLITS[pair.get("split_scheme", "official")].run


def more_runs(pair: Record) -> str:
    """What more evidence would be: seeds, or folds of further repeats."""
    return f"{run_of(pair)}s{SPLITS[pair.get('split_scheme', 'official')].more}"


def counted(pair: Record) -> str:
    """How many seeds a verdict rests on, of each arm where they are not paired; or examples.

    >>> counted({"unit": "runs", "n": 5, "paired": False, "n_distinct_a": 5, "n_distinct_b": 30})
    '5, 30'
    """
    if pair["unit"] == "examples":
        return plural(pair["n"], "example")
    each = pair["n_distinct_a"], pair["n_distinct_b"]
    if pair["paired"] or each[0] == each[1] or 1 in each:
        return str(pair["n"])
    return "{}, {}".format(*each)


def interval(ends: Sequence[float | None], metric: str) -> str:
    """The ends of an interval of a difference; a dash where there is none."""
    if None in ends:
        return "-"
    return "[" + ", ".join(scaled(end, metric, signed=True) for end in ends) + "]"


BY = {"ranks": " (ranks)", "bootstrap-t": " (bootstrap-t)", "examples": " (examples)"}
"""What a verdict is from, where it is not from the t interval."""


def verdict(pair: Record) -> str:
    """The verdict, with the name of the arm that it is in favour of where that is the second one.

    >>> verdict({"a": "x", "b": "y", "winner": "y", "verdict": "better"})
    'y better'
    """
    behind = pair["winner"] not in (None, pair["a"])
    return f"{pair['winner']} {pair['verdict']}" if behind else str(pair["verdict"])


BAD = ("n_failed", "n_at_chance")
"""Of a pair: how many runs of an arm rank last."""

FLOOR, APART = "*", "!"


def marks(pair: Record) -> str:
    """Signs behind a p value: it is as small as it can be; it is not what the verdict says."""
    return FLOOR * pair["p_at_floor"] + APART * pair["p_disagrees"]


EXAMPLED = "examples like those tested"
"""What claims are about that count test examples."""

OTHERS = ("exact sign-flip test", "sign test of pairs", "Mann-Whitney test", "exact McNemar test")
"""Tests that are not those of an interval."""


def scope_of(pair: Record) -> str:
    """What the claims are about."""
    if SPLITS[pair["split_scheme"]].own:
        return SPLITS[pair["split_scheme"]].about
    return {
        "this-test-set": "new seeds on this test set",
        "population": "new seeds, and all examples like those tested",
    }[pair["scope"]]


def about(pairs: Sequence[Record]) -> str:
    """What the claims of pairs are about, those over test examples among them."""
    scopes = dict.fromkeys(scope_of(pair) for pair in pairs if pair["unit"] != "examples")
    if len(scopes) and any(pair["unit"] == "examples" for pair in pairs):
        return f"{'; '.join(scopes)}; of two arms with one result each, {EXAMPLED}"
    return "; ".join(scopes) or f"{EXAMPLED}, for these trained models"


def unseen(pairs: Sequence[Record]) -> str:
    """How often that may come which none of the fewest runs of an arm showed."""
    counts = [pair["n"] for pair in pairs if pair["unit"] == "runs" and pair["diff"] is not None]
    if not counts:
        return ""
    n = min(counts)
    return (
        f"what none of {plural(n, 'run')} of an arm showed, such as a collapse, may come in up to "
        f"{100 * unseen_rate(n):.0f} % of its runs (95 %), and no test can see it"
    )


def bad_in(pair: Record) -> tuple[int, int]:
    """How many runs of each arm failed or stayed at chance."""
    bad = [[pair.get(f"{what}_{end}") or 0 for what in BAD] for end in "ab"]
    return sum(bad[0]), sum(bad[1])


def bad_runs(pairs: Sequence[Record]) -> list[str]:
    """How many runs of which arms failed or stayed at chance."""
    several = len({pair["dataset"] for pair in pairs}) > 1
    found = {}
    for pair in pairs:
        for end, bad in zip("ab", bad_in(pair), strict=True):
            where = f" on {pair['dataset']}" if several else ""
            if bad and pair["mixture"]:
                # Not of how many: `n` counts what was compared, and leaves copies out.
                found[pair[end], where] = f"{plural(bad, 'run')} of {pair[end]}{where}"
    return list(found.values())


def tests_of(pairs: Sequence[Record]) -> str:
    """The tests behind the p values."""
    return ", ".join(dict.fromkeys(pair["p_test"] for pair in pairs if pair["p"] is not None))


def floor_line(pairs: Sequence[Record]) -> list[str]:
    """What the mark of p values says that are as small as so few runs can make them."""
    floor = [pair for pair in pairs if pair["p_at_floor"]]
    if not floor:
        return []
    alpha, values = floor[0]["alpha"], sorted({f"{pair['p']:.2g}" for pair in floor}, key=float)
    counts = {pair["n"] for pair in floor}
    seeds = plural(min(counts), "seed") if len(counts) == 1 else "so few seeds"
    beyond = f", so none of them reaches {alpha:g}"
    beyond = beyond if min(pair["p_holm"] for pair in floor) > alpha else ""
    return [
        f"{FLOOR}: p is as small as {seeds} can make it, {' or '.join(values)} before Holm{beyond}"
    ]


def explanations(pairs: Sequence[Record]) -> list[str]:
    """What the marks in the table mean, as far as they are there."""
    said = []
    said += floor_line(pairs)
    apart = [pair for pair in pairs if pair["p_disagrees"]]
    if apart:
        tested = ["another test"] * any(differs(pair) for pair in apart)
        why = " and ".join(
            [*tested, "Holm's correction, which asks less than all intervals at once"]
        )
        said.append(
            f"{APART}: the interval decides, and p explains; here they differ, as p is by {why}"
        )
    if any(pair["verdict"] == SUGGESTIVE for pair in pairs):
        run = run_of(pairs[0])
        said.append(f"suggestive: told apart, by fewer {run}s than the {FEW} that better asks for")
    said += reasons(pairs)
    if any(pair["unit"] == "examples" for pair in pairs):
        said.append(
            "(examples): each of the two arms repeats its own answers in every run and is one "
            "result; the claim is about test examples, for these two trained models"
        )
    if any(pair["decided_by"] == "bootstrap-t" for pair in pairs):
        said.append(
            "(bootstrap-t): one arm's scores are skewed, so the label is of the interval that "
            "holds both the t and the bootstrap-t interval"
        )
    if any(pair["mixture"] for pair in pairs):
        said.append(
            f"(ranks): {', '.join(bad_runs(pairs))} failed or stayed at chance; they rank last, "
            "and differences are of the others"
        )
    return said


def differs(pair: Record) -> bool:
    """Whether the p value of a pair is of another test than the interval that decided."""
    return pair["p_test"].startswith(OTHERS) or pair["decided_by"] == "bootstrap-t"


def meaning(pairs: Sequence[Record]) -> str:
    """What the columns say, and how far the claims go."""
    first = pairs[0]
    deltas = {p["dataset"]: f"{p['dataset']} {p['delta']:.4g} ({p['delta_from']})" for p in pairs}
    tuned = {
        "tuned": f"configurations tuned and frozen before ({str(first['frozen_hash'])[:12]})",
        "given": "configurations as given, not tuned",
        "searched": "of each search, what it chose by validation",
        "elsewhere": "results as the table has them",
    }[first["protocol"]]
    looks = f"; look {first['look']} of {len(first['looks'])}" if first["looks"] else ""
    tests = f"; p: {tests_of(pairs)}, Holm" if tests_of(pairs) else ""
    lower = any(pair.get("direction") == "lower" for pair in pairs)
    power = Claim().power if first["protocol"] == "elsewhere" else OPT.power
    planned = any(pair["n_detect"] is not None for pair in pairs)
    needed = f"; for delta: {more_runs(first)} that find a difference of delta with the chance "
    lines = [
        f"interval: simultaneous over the {plural(first['family_size'], 'pair')} of the "
        "family, error rate "
        f"{first['alpha']:g}{looks}{tests}{f'{needed}{power}' if planned else ''}",
        *explanations(pairs),
        *(["less is better: a difference is by how much a is ahead"] * lower),
        f"delta: {', '.join(deltas.values())}; {tuned}",
        *([unseen(pairs)] if unseen(pairs) else []),
    ]
    return "\n".join(lines)


def verdict_table(pairs: Sequence[Record]) -> str:
    """A line for each pair of arms, and what it means; nothing where there is no pair."""
    if not pairs:
        return ""
    rows = [cells(pair) for pair in pairs]
    names = list(dict.fromkeys(name for row in rows for name in row))
    rows = [{name: row.get(name, "") for name in names} for row in rows]
    left = {"dataset"} if len({pair["dataset"] for pair in pairs}) == 1 else set()
    left |= {"for delta"} if all(pair["n_detect"] is None for pair in pairs) else set()
    rows = [{n: v for n, v in row.items() if n not in left} for row in rows]
    return f"\nabout {about(pairs)}:\n\n{text_table(rows, WORDS)}\n{meaning(pairs)}"


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
