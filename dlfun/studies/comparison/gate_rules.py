"""The rules by which a gate holds, fails, or is left undecided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlfun.config.gates import BETTER, EQUIVALENT, NOT_WORSE, Gate
from dlfun.stats import labels

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"

Ends = tuple[float, float]


def turn(pair: Mapping[str, Any], first: str) -> int:
    """1 where the pair has this arm first, else -1."""
    return 1 if pair["a"] == first else -1


def ends_of(pair: Mapping[str, Any], first: str) -> Ends | None:
    """The interval of how much better this arm is, with the bootstrapped one where there is one."""
    found = [ends for ends in (pair["ci"], pair["ci_bootstrap"]) if ends and None not in ends]
    if not found or pair["verdict"] == labels.NONE:
        return None
    low, high = min(ends[0] for ends in found), max(ends[1] for ends in found)
    return (low, high) if turn(pair, first) > 0 else (-high, -low)


def leader(pair: Mapping[str, Any], gate: Gate) -> str:
    """Holds where the first arm leads, fails where the second does."""
    if pair["verdict"] not in labels.AHEAD:
        return UNDECIDED
    return HOLDS if pair["winner"] == gate.a else FAILS


def better(gate: Gate, pair: Mapping[str, Any], ends: Ends | None, inner: Ends | None) -> str:
    """Fails of equivalent arms, too."""
    return FAILS if pair["verdict"] == labels.EQUIVALENT else leader(pair, gate)


def not_worse(gate: Gate, pair: Mapping[str, Any], ends: Ends | None, inner: Ends | None) -> str:
    """By the interval; where runs failed, by who leads once the first arm has the margin more."""
    if pair["mixture"]:
        return leader(pair, gate)
    if ends is None:
        return UNDECIDED
    return HOLDS if ends[0] > -gate.margin else FAILS if ends[1] < -gate.margin else UNDECIDED


def equivalent(gate: Gate, pair: Mapping[str, Any], ends: Ends | None, inner: Ends | None) -> str:
    """Holds by two one-sided tests, fails where the interval lies beyond the margin."""
    if pair["mixture"]:
        known = {labels.EQUIVALENT: HOLDS, labels.BETTER: FAILS}
        return known.get(pair["verdict"], UNDECIDED)
    if inner is not None and labels.within(inner, gate.margin):
        return HOLDS
    beyond = ends is not None and (ends[0] > gate.margin or ends[1] < -gate.margin)
    return FAILS if beyond else UNDECIDED


RULES = {BETTER: better, NOT_WORSE: not_worse, EQUIVALENT: equivalent}
"""Claim -> (gate, pair, its interval, that of two one-sided tests) -> outcome."""
