"""Verdicts as plain sentences, with numbers in the metric's unit."""

from typing import NamedTuple

import numpy as np

from dlfun.stats.labels import BETTER, EQUIVALENT, NONE, SMALL, SUGGESTIVE, TOO_FEW


class Printing(NamedTuple):
    """How numbers are printed: fractions as points of 100, or as they are with a unit."""

    percent: bool = False
    unit: str = ""


class Finding(NamedTuple):
    """What a sentence says of two arms; the first named is the one that the numbers favour."""

    names: tuple[str, str]
    n: int
    diff: float
    ci: tuple[float, float]
    delta: float
    more: int
    by_rank: bool
    theta: float
    theta_ci: tuple[float, float]


def sentence(label: str, found: Finding, printing: Printing) -> str:
    """One sentence of the verdict on a pair.

    >>> found = Finding(("cnn", "rnn"), 20, 0.021, (0.016, 0.026), 0.003, 0, False, 0.9, (0.8, 1))
    >>> sentence("better", found, Printing(percent=True))
    'cnn beats rnn by 2.1 points [1.6, 2.6], 20 seeds'
    """
    first, second = found.names
    both, seeds = f"{first} and {second}", f"{found.n} seed{'s' * (found.n != 1)}"
    if label in (BETTER, SMALL, SUGGESTIVE):
        verb = "beats" if label != SUGGESTIVE else "seems better than"
        by = _by_rank(found) if found.by_rank else f"by {amount(found, printing)}"
        small = f", perhaps by less than {margin(found, printing)}" if label == SMALL else ""
        return f"{first} {verb} {second} {by}{small}, {'only ' * (label == SUGGESTIVE)}{seeds}"
    if label == EQUIVALENT:
        return f"{both} are equivalent within {margin(found, printing)}, {seeds}"
    if label == NONE:
        few = f": no verdict from {seeds}, {TOO_FEW} at least"
        return both + (few if found.n < TOO_FEW else ": no verdict, no run of either succeeded")
    return f"{both}: unresolved, {_how_to_resolve(found, printing)}"


def amount(found: Finding, printing: Printing) -> str:
    """The difference with its interval, as in "2.1 points [1.6, 2.6]"."""
    scale = 100 if printing.percent else 1
    numbers = [scale * x for x in (found.diff, *found.ci)]
    digits = _digits([*numbers[1:], (numbers[2] - numbers[1]) / 2])
    middle, low, high = (f"{x + 0.0:.{digits}f}" for x in numbers)
    return f"{middle}{_unit(printing)} [{low}, {high}]"


def margin(found: Finding, printing: Printing) -> str:
    """The margin of equivalence with its unit."""
    return f"{(100 if printing.percent else 1) * found.delta:.4g}{_unit(printing)}"


def _unit(printing: Printing) -> str:
    unit = "points" if printing.percent else printing.unit
    return f" {unit}" if unit else ""


def _digits(numbers: list[float]) -> int:
    """Decimals that leave the smallest number a digit; 1 to 4 of them."""
    sizes = [abs(x) for x in numbers if np.isfinite(x) and x != 0]
    return int(np.clip(np.ceil(-np.log10(min(sizes))), 1, 4)) if sizes else 1


def _by_rank(found: Finding) -> str:
    low, high = found.theta_ci
    return f"in {100 * found.theta:.0f} % of pairs of runs [{100 * low:.0f}, {100 * high:.0f}]"


def _how_to_resolve(found: Finding, printing: Printing) -> str:
    if found.by_rank:
        return f"some runs failed or stayed at chance, {found.n} seeds"
    if found.more > 0:
        return f"about {found.more} more seed{'s' * (found.more != 1)}"
    return f"{amount(found, printing)} at {found.n} seeds"
