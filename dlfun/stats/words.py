"""Verdicts as plain sentences, with numbers in the metric's unit."""

from typing import NamedTuple

import numpy as np

from dlfun.stats.evidence import Evidence, Plan
from dlfun.stats.labels import BETTER, EQUIVALENT, NONE, SMALL, SUGGESTIVE, TOO_FEW


class Printing(NamedTuple):
    """How numbers are printed: fractions as points of 100, or as they are with a unit."""

    percent: bool = False
    unit: str = ""

    @property
    def scale(self) -> int:
        """What numbers are multiplied by."""
        return 100 if self.percent else 1

    @property
    def ending(self) -> str:
        """The unit after a number, with its space."""
        unit = "points" if self.percent else self.unit
        return f" {unit}" if unit else ""


def sentence(verdict: str, found: Evidence, more: int, plan: Plan, printing: Printing) -> str:
    """One sentence of the verdict on a pair, whose first arm is the favoured one.

    `more` is the number of further seeds that an unresolved pair would need.
    """
    first, second, seeds = found.a.name, found.b.name, _seeds(found.n)
    both, margin = f"{first} and {second}", _margin(plan, printing)
    if verdict in (BETTER, SMALL, SUGGESTIVE):
        verb, only = ("beats", "") if verdict != SUGGESTIVE else ("seems better than", "only ")
        by = _by_rank(found) if found.by_rank else f"by {_amount(found, plan, printing)}"
        small = f", perhaps by less than {margin}" if verdict == SMALL else ""
        return f"{first} {verb} {second} {by}{small}, {only}{seeds}"
    if verdict == EQUIVALENT:
        return f"{both} are equivalent within {margin}, {seeds}"
    if verdict == NONE and found.n < TOO_FEW:
        return f"{both}: no verdict from {seeds}, {TOO_FEW} at least are needed"
    if verdict == NONE:
        return f"{both}: no verdict, all runs of both failed"
    if found.by_rank:
        return f"{both}: unresolved by rank, some runs failed or stayed at chance, {seeds}"
    if more > 0:
        return f"{both}: unresolved, about {more} more seed{'s' * (more != 1)}"
    return f"{both}: unresolved, {_amount(found, plan, printing)}, {seeds}"


def _seeds(n: int) -> str:
    return f"{n} seed{'s' * (n != 1)}"


def _amount(found: Evidence, plan: Plan, printing: Printing) -> str:
    """The difference with its interval, as in "2.1 points [1.6, 2.6]"."""
    low, high = found.test.interval(plan.level)
    numbers = [printing.scale * x for x in (found.test.diff, low, high)]
    digits = _digits([*numbers, (numbers[2] - numbers[1]) / 2])
    middle, low_text, high_text = (f"{round(x, digits) + 0.0:.{digits}f}" for x in numbers)
    return f"{middle}{printing.ending} [{low_text}, {high_text}]"


def _margin(plan: Plan, printing: Printing) -> str:
    return f"{printing.scale * plan.delta:.4g}{printing.ending}"


def _by_rank(found: Evidence) -> str:
    share, low, high = (100 * x for x in found.theta[:3])
    return f"in {share:.0f} % of pairs of runs [{low:.0f}, {high:.0f}]"


def _digits(numbers: list[float]) -> int:
    """Decimals that leave the smallest number a digit; 1 to 4 of them."""
    sizes = [abs(x) for x in numbers if np.isfinite(x) and x != 0]
    return int(np.clip(np.ceil(-np.log10(min(sizes))), 1, 4)) if sizes else 1
