"""Judged results as text: scores and verdicts, or counts of verdicts, and ranks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from scipy import stats

from dlfun.errors import short
from dlfun.report.text.across import across_table
from dlfun.report.text.table import study_table, text_table
from dlfun.report.text.verdicts import p_value, verdict_table
from dlfun.results.judged import Judged
from dlfun.results.ranked import Ranked

MOST = 3
"""Of more data sets verdicts are counted, and not printed one by one."""

COUNTED = (
    "on how many data sets each verdict was given; no verdict: too few seeds for one. "
    "comparison.json and the page of an output_dir have them one by one"
)
ALPHA = 0.05


def judged_text(judged: Judged) -> str:
    """All that is printed of judged results."""
    datasets = list(dict.fromkeys(row["dataset"] for row in judged.rows))
    parts = [f"{short(judged.name)}:"]
    if len(datasets) <= MOST:
        parts += [study_table(judged.rows), verdict_table(judged.pairs).strip("\n")]
    else:
        parts += [text_table(counts(judged.pairs)), COUNTED]
    if over := across_table(judged.rows):
        parts.append(over)
    if judged.ranked is not None:
        parts += ["", ranks_text(judged.ranked)]
    return "\n".join([*parts, *judged.notes])


def counts(pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A row a pair of methods: how often either won, and what else was said."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for pair in pairs:
        a, b = sorted((pair["a"], pair["b"]))
        said = pair["winner"] or pair["verdict"]
        found.setdefault((a, b), Counter())[said] += 1
    kinds = list(dict.fromkeys(s for (a, b), n in found.items() for s in n if s not in (a, b)))
    return [
        {"a": a, "b": b, "a better": str(n[a]), "b better": str(n[b])}
        | {kind: str(n[kind]) for kind in kinds}
        for (a, b), n in found.items()
    ]


def ranks_text(ranked: Ranked) -> str:
    """Mean ranks, and who is not told apart."""
    rows = [
        {"method": name, "mean rank": f"{mean:.3f}"}
        for name, mean in zip(ranked.names, ranked.mean, strict=True)
    ]
    lines = [text_table(rows, ("method",))]
    lines.append(f"mean rank over {ranked.datasets} data sets of the mean scores, 1 being the best")
    if ranked.friedman is not None:
        df = len(ranked.names) - 1
        p = p_value(float(stats.chi2.sf(ranked.friedman, df)))
        lines.append(
            f"Friedman's chi-squared: {ranked.friedman:.6f}, {df} degrees of freedom, p {p}"
        )
    if ranked.tests is None:
        return "\n".join(lines)
    tied = [f"{p['a']} - {p['b']}" for p in ranked.pairs() if p["p_holm"] >= ALPHA]
    said = f"not told apart: {', '.join(tied)}" if tied else "all pairs are told apart"
    return "\n".join([*lines, f"{said} (Wilcoxon's signed-rank test, Holm, at 5 %)"])
