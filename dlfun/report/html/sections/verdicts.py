"""The verdict on every pair of arms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlfun.report.html.blocks import Block, Folded, Table, Words, cell, table
from dlfun.report.html.headline import ranked
from dlfun.report.html.record import Record
from dlfun.report.html.results import Group, groups
from dlfun.report.html.sections.matrix import matrix, without_repeats
from dlfun.report.html.sections.overview import is_many, overview
from dlfun.report.html.sections.telling import counted, telling
from dlfun.report.html.units import NOTHING, Unit, number, sentence
from dlfun.report.text.reasons import reasons
from dlfun.report.text.verdicts import (
    BY,
    explanations,
    marks,
    p_value,
    run_of,
    tests_of,
    unseen,
    verdict,
)
from dlfun.stats import benjamini_hochberg
from dlfun.stats.labels import NONE
from dlfun.words import plural

Pair = dict[str, Any]

MATRIX = 8
"""So many arms have a matrix; of more, the pairs are told that are close or surprising."""

EXPLORED = "p_explored"
"""The key that a pair gets for its p value over all data sets."""


def verdicts(record: Record) -> list[Block]:
    """What holds for all pairs, then each data set: its matrix, and behind it all pairs."""
    if not record.pairs:
        return []
    explored = exploratory(record.pairs)
    named = [(p, group) for group in groups(record) if (p := pairs_on(explored, group))]
    cautions = [sentence(text) for text in [unseen(record.pairs)] if text]
    if is_many(record):
        numbers = joined([all_pairs(*one) for one in named], named)
        return [*overview(record), *numbers, *([Words(cautions)] if cautions else [])]
    before = without_repeats([block for one in named for block in shown(*one)])
    none = all(is_none(pair) for pair in record.pairs)
    summary = "No pair has one; the headline says why." if none else counted(record.pairs)
    said = [text for text in (summary, *cautions) if text]
    return [*([Words(said)] if said else []), *before, *(behind(*one) for one in named)]


def shown(pairs: list[Pair], group: Group) -> list[Block]:
    """The pairs of a data set before the reader; none where no pair has a verdict."""
    if all(is_none(pair) for pair in pairs):
        return []
    few = len({name for p in pairs for name in (p["a"], p["b"])}) <= MATRIX
    return [matrix(pairs, group)] if few else telling(pairs, group)


def behind(pairs: list[Pair], group: Group) -> Folded:
    """All pairs of a data set, in numbers and in words."""
    told = [str(pair["words"]) for pair in ranked(pairs, group)]
    summary = f"All {plural(len(pairs), 'pair')} on {group.dataset}, in numbers and in words"
    numbers = all_pairs(pairs, group)._replace(closed=False)
    return Folded(summary, [numbers, Words(told, "In words", beside=True)])


def is_none(pair: Pair) -> bool:
    """Whether a pair has no verdict."""
    return pair["verdict"] == NONE


def pairs_on(pairs: Sequence[Pair], group: Group) -> list[Pair]:
    """The pairs of a data set."""
    return [pair for pair in pairs if pair["dataset"] == group.dataset]


def joined(tables: Sequence[Table], named: Sequence[tuple[list[Pair], Group]]) -> list[Table]:
    """Tables of data sets with the same columns as one, that of the first with its note."""
    found: dict[tuple[str, ...], Table] = {}
    for one, (_, group) in zip(tables, named, strict=True):
        names = ("data set", *one.names)
        rows = [[cell(group.dataset), *row] for row in one.rows]
        before = found.get(names)
        caption = "All pairs on all data sets, in numbers"
        found[names] = one._replace(
            names=names,
            rows=[*(before.rows if before else ()), *rows],
            caption=caption,
            note=before.note if before else one.note,
        )
    return list(found.values())


def exploratory(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs with Benjamini and Hochberg's p value over all data sets, where these are several.

    The families of claims are one a data set; who looks for differences on all of them explores.
    """
    raw = [pair["p"] for pair in pairs]
    if len({pair["dataset"] for pair in pairs}) < 2 or all(p is None for p in raw):
        return list(pairs)
    adjusted = benjamini_hochberg([1.0 if p is None else p for p in raw]).tolist()
    return [pair | {EXPLORED: p} for pair, p in zip(pairs, adjusted, strict=True)]


def all_pairs(pairs: list[Pair], group: Group) -> Table:
    """Every pair with what was found of it."""
    unit = group.unit
    step, run = f" ({unit.step})" if unit.step else "", run_of(pairs[0])
    names = [
        "pair", "verdict", f"difference{step}", "interval", "Holm p", "Hedges g",
        "P(worse)", "P(within ±δ)", "P(better)", f"detectable now{step}",
        f"{run}s to detect δ", f"{run}s for equivalence",
    ]  # fmt: skip
    rows = [pair_row(pair, unit) for pair in ranked(pairs, group)]
    explored = EXPLORED in pairs[0]
    if explored:
        names.insert(5, "exploratory p (Benjamini-Hochberg)")
    counts = [int(pair["n"]) for pair in pairs if pair["unit"] == "runs"]
    runs = plural(max(counts), run) if counts else "one result of each arm"
    note = f"{runs}; the first arm of a pair has the better mean. p: {tests_of(pairs)}."
    known = set(reasons(pairs))  # the headline has them
    said = [sentence(line) for line in explanations(pairs) if line not in known]
    note = " ".join([note, *said, *mixtures(pairs)])
    if explored:
        note += (
            " Holm: for the claims on this data set. Benjamini-Hochberg: for whoever explores the "
            "pairs of all data sets at once; of those below 0.05, one in twenty at most is "
            "expected to be no difference."
        )
    return table(names, rows, f"All pairs on {group.dataset}, in numbers", note)._replace(
        closed=True
    )


def pair_row(pair: Pair, unit: Unit) -> list[Any]:
    """A pair as a row."""
    get = pair.get
    diff = pair["diff"]
    return [
        f"{pair['a']} – {pair['b']}",
        verdict(pair) + BY.get(pair["decided_by"], ""),
        cell(unit.signed(diff))._replace(value=None if diff is None else unit.factor * diff),
        unit.interval(pair["ci"]),
        of(get("p_holm"), 3, marks(pair), least=True),
        *([of(pair[EXPLORED], 3, least=True)] if EXPLORED in pair else []),
        of(get("hedges_g"), 2),
        *(of(get(name), 3) for name in ("p_worse", "p_rope", "p_better")),
        of(None if get("mde") is None else unit.factor * pair["mde"], 2),
        *(of(get(name), 0) for name in ("n_detect", "n_equiv")),
    ]


def of(value: float | None, digits: int, marked: str = "", least: bool = False) -> Any:
    """A number that may be missing, as a cell; with the marks of a p value behind it.

    `least` says that one too small to show is not 0.
    """
    if value is None:
        return cell(NOTHING)
    shown = p_value(value) if least else number(value, digits)
    return cell(shown + marked)._replace(value=value)


def mixtures(pairs: list[Pair]) -> list[str]:
    """Which pairs were judged by rank."""
    mixed = [f"{p['a']} – {p['b']}" for p in pairs if p["mixture"]]
    return [f"By rank: {', '.join(mixed)}."] if mixed else []
