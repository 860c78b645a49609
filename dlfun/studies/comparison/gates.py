"""The decision on gates: each claim holds, fails, or is left undecided by the evidence."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.comparison_spec import ALL, Claim
from dlfun.config.gates import BETTER, EQUIVALENT, NOT_WORSE, Gate, asked_of
from dlfun.errors import UserError
from dlfun.objectives.metrics import sign
from dlfun.stats import labels, nominal_levels
from dlfun.stats.effects import superiority
from dlfun.stats.power import WEAKER, seeds_to_detect
from dlfun.studies.comparison.gate_rules import (
    FAILS,
    HOLDS,
    RULES,
    UNDECIDED,
    ends_of,
    turn,
)
from dlfun.studies.comparison.verdicts import Examined, Look, Row, judge, metric_of, score
from dlfun.types import SPLITS
from dlfun.words import plural

GATES = "gates.json"

CODES: Mapping[str, int] = {FAILS: 1, UNDECIDED: 3, HOLDS: 0}
"""Outcome -> exit code of a command; of several gates the first outcome here counts."""


class DatasetRuns(NamedTuple):
    """The runs of one data set: rows of all arms, what is known of it, and whether they pair."""

    rows: Sequence[Row]
    facts: Examined
    paired: bool = True


def decide_gates(
    gates: Sequence[Gate], tested: Mapping[str, DatasetRuns], claim: Claim, look: int = 1
) -> list[dict[str, Any]]:
    """A record of each gate on each data set that it is about, as gates.json has them.

    Each is decided at its share of the error rate, the family being the gates that are asked.

    Args:
      tested: data set -> its runs.
      look: the number of the look, where looks were declared.

    Raises:
      UserError: if an arm or data set is not there.
    """
    arms = {name: [row["model"] for row in one.rows] for name, one in tested.items()}
    asked = asked_of(gates, arms)
    if not asked:
        return []
    level = share_of(claim, look, len(asked))
    return [decide(gate, name, tested[name], claim, Look(look, level)) for gate, name in asked]


def share_of(claim: Claim, look: int, count: int) -> float:
    """The error rate of one of so many gates, at a look."""
    if not claim.looks:
        return claim.alpha / count
    return nominal_levels(claim.looks, claim.alpha, count)[look - 1] / count


def decide(
    gate: Gate, dataset: str, tested: DatasetRuns, claim: Claim, look: Look
) -> dict[str, Any]:
    """The record of a gate on one data set."""
    rows = [row for row in tested.rows if row["model"] in (gate.a, gate.b)]
    delta = claim.delta if gate.claim == BETTER else {ALL: gate.margin}
    own = dataclasses.replace(claim, family="all-pairs", reference=None, delta=delta)
    shifted = with_margin(rows, gate) if gate.claim == NOT_WORSE else rows

    def judged(own_rows: Sequence[Row], at: Look = look) -> dict[str, Any] | None:
        return next(iter(judge(own_rows, dataset, tested.facts, own, at, tested.paired)), None)

    pair = judged(rows)
    common: dict[str, Any] = {"gate": str(gate._replace(dataset=None)), "dataset": dataset}
    common |= {"a": gate.a, "claim": gate.claim, "b": gate.b, "margin": gate.margin}
    scores = scores_of(gate, rows, metric_of(tested.rows, "test"))
    if pair is None or not all(np.isfinite(own).any() for own in scores.values()):
        return common | without_scores(gate, scores, tested, look.level)
    ends = ends_of(pair, gate.a)
    mixed = judged(shifted) if pair["mixture"] else None
    narrow = judged(rows, look._replace(level=2 * look.level)) if gate.claim == EQUIVALENT else None
    inner = ends_of(narrow, gate.a) if narrow else None
    outcome = RULES[gate.claim](gate, mixed or pair, ends, inner)
    seeds = None
    if outcome == UNDECIDED:
        seeds = more_seeds(gate, pair, look.level, claim.power, tested)
    found = {"outcome": outcome, "interval": ends, "level": 1 - look.level, "seeds": seeds}
    return common | found | evidence(pair, gate) | {"run": SPLITS[tested.facts.scheme].run}


def evidence(pair: Mapping[str, Any], gate: Gate) -> dict[str, Any]:
    """What is known of the pair of a gate, seen from its first arm."""
    return {
        "why": pair["words"],
        "metric": pair["metric"],
        "difference": None if pair["diff"] is None else turn(pair, gate.a) * pair["diff"],
        **{name: pair[name] for name in ("n", "unit", "paired", "verdict", "delta")},
        "remarks": remarks(pair),
    }


def scores_of(gate: Gate, rows: Sequence[Row], metric: str) -> dict[str, np.ndarray]:
    """Arm -> [runs], its scores turned so that more is better; NaN of a run that failed."""
    better = sign(metric)
    return {
        arm: np.array([better * score(row, metric) for row in rows if row["model"] == arm])
        for arm in (gate.a, gate.b)
    }


def without_scores(
    gate: Gate, scores: Mapping[str, np.ndarray], tested: DatasetRuns, level: float
) -> dict[str, Any]:
    """The outcome where an arm has no run with a score: by rank, if its runs all failed."""
    none = [arm for arm, own in scores.items() if not np.isfinite(own).any()]
    missing = [arm for arm in none if not len(scores[arm])]
    found: dict[str, Any] = {"outcome": UNDECIDED, "interval": None, "seeds": None, "remarks": []}
    if missing:
        return found | {"why": f"there is no run of {' and '.join(missing)}"}
    why = f"all {plural(len(scores[none[0]]), 'run')} of {' and '.join(none)} failed"
    if len(none) == 2 or min(map(len, scores.values())) < labels.TOO_FEW:
        return found | {"why": why}
    a, b = (np.where(np.isfinite(own), own, -np.inf) for own in scores.values())
    wins = superiority(a, b, 1 - level, tested.facts.variance)
    outcome = HOLDS if wins.low > 0.5 else FAILS if wins.high < 0.5 else UNDECIDED
    if gate.claim == EQUIVALENT and outcome == HOLDS:
        outcome = FAILS
    return found | {"outcome": outcome, "why": why}


def remarks(pair: Mapping[str, Any]) -> list[str]:
    """What else a reader of the outcome must know."""
    said = []
    if pair["mixture"]:
        failed = [(pair[f"n_failed_{end}"], pair[end]) for end in "ab"]
        counts = [f"{plural(n, 'run')} of {name} failed" for n, name in failed if n]
        said.append(f"{' and '.join(counts) or 'runs stayed at chance'}: decided by rank, too")
    if pair["verdict"] == labels.SUGGESTIVE:
        said.append(f"suggestive, of fewer than {labels.FEW}")
    if pair["ci_bootstrap"] and None not in pair["ci_bootstrap"]:
        said.append("scores are skewed, so that the bootstrap-t interval counts, too")
    return said


def with_margin(rows: Sequence[Row], gate: Gate) -> list[Row]:
    """The rows with the first arm better by the margin: it is not worse by that where it leads."""
    metric = metric_of(rows, "test")
    gift = sign(metric) * gate.margin
    return [
        {**row, metric: score(row, metric) + gift}
        if row["model"] == gate.a and row.get(metric, "") != ""
        else row
        for row in rows
    ]


def more_seeds(
    gate: Gate, pair: Mapping[str, Any], level: float, power: float, tested: DatasetRuns
) -> int | None:
    """The seeds that would decide it, were the difference what it looks like; None if unknown."""
    spread, unknown = pair["sd_diff"], pair["mixture"] or pair["unit"] != "runs"
    if unknown or not spread or pair["n"] < 2:
        return None
    diff = turn(pair, gate.a) * pair["diff"]
    room = {
        BETTER: abs(diff),
        NOT_WORSE: abs(diff + gate.margin),
        EQUIVALENT: abs(gate.margin - abs(diff)),
    }[gate.claim]
    sd = spread if pair["paired"] else spread / np.sqrt(2)
    alpha = 2 * level if gate.claim == EQUIVALENT else level
    fixed = tested.facts.variance * spread**2
    count = seeds_to_detect(float(sd), room, power, alpha, pair["paired"], fixed)
    return None if count is None else max(count + WEAKER, labels.TOO_FEW, pair["n"] + 1)


def write_gates(decided: Sequence[Mapping[str, Any]]) -> Path:
    """gates.json in the working directory, where no record has it.

    Raises:
      UserError: if it cannot be written there.
    """
    from dlfun.records import writer  # has JAX behind it

    try:
        writer.write_json(Path(GATES), list(decided))
    except OSError as error:
        raise UserError(
            f"{GATES}: {error.strerror}; start the command where a file can be written"
        ) from None
    return Path(GATES)


def exit_code(decided: Sequence[Mapping[str, Any]]) -> int:
    """What a command with these gates ends with."""
    outcomes = {one["outcome"] for one in decided}
    return next((code for outcome, code in CODES.items() if outcome in outcomes), 0)
