"""Verdicts as plain sentences, with numbers in the metric's unit."""

from typing import NamedTuple

import numpy as np

from dlfun.stats.arms import Side
from dlfun.stats.decision import decided_by
from dlfun.stats.evidence import EXAMPLES, Evidence, Plan
from dlfun.stats.labels import AHEAD, EQUIVALENT, NONE, SMALL, SUGGESTIVE, TOO_FEW
from dlfun.words import plural

VERY_SMALL, VERY_LARGE = 1e-3, 1e6
"""Where no number of a sentence is as large, or one is, it has three digits and an exponent."""


class Printing(NamedTuple):
    """How numbers are printed: fractions as points of 100, or as they are with a unit.

    `run` is what a run is called that is counted.
    """

    percent: bool = False
    unit: str = ""
    higher: bool = True
    run: str = "seed"

    @property
    def scale(self) -> int:
        """What numbers are multiplied by."""
        return 100 if self.percent else 1

    def counted(self, number: str) -> str:
        """A number with its unit.

        >>> Printing(True).counted("1"), Printing(True).counted("1.0"), Printing().counted("2")
        ('1 point', '1.0 points', '2')
        """
        unit = "points" if self.percent else self.unit
        unit = unit.removesuffix("s") if number == "1" else unit
        return f"{number} {unit}".rstrip()


def sentence(verdict: str, found: Evidence, more: int, plan: Plan, printing: Printing) -> str:
    """One sentence of the verdict on a pair, whose first arm is the favoured one.

    `more` is the number of further seeds that an unresolved pair would need.
    """
    parts = [_main(verdict, found, more, plan, printing)]
    if verdict != NONE:
        parts += _skewed(verdict, found, plan, printing)
    if not found.without:
        parts += [text for side in (found.a, found.b) for text in (*_weak(side), *_copies(side))]
    return "; ".join(parts)


def _main(verdict: str, found: Evidence, more: int, plan: Plan, printing: Printing) -> str:
    both, basis = f"{found.a.name} and {found.b.name}", _basis(found, printing)
    amount, margin = _amount(found, plan, printing), _margin(plan, printing)
    if verdict in AHEAD:
        return f"{_beats(verdict, found, plan, printing)}, {_only(verdict)}{basis}"
    if verdict == EQUIVALENT:
        return f"{both} are equivalent within {margin}{_nuance(found, plan, printing)}, {basis}"
    if verdict == NONE:
        return f"{both}: no verdict{_why_none(found, printing)}"
    if found.mixture:
        return f"{both}: unresolved, {_by_rank(found, printing)}, {basis}"
    if more > 0 and found.unit != EXAMPLES:
        return f"{both}: unresolved, about {plural(more, f'more {printing.run}')}"
    return f"{both}: unresolved, {amount}, {basis}"


def _beats(verdict: str, found: Evidence, plan: Plan, printing: Printing) -> str:
    """Who is ahead of whom, and by how much."""
    verb = "seems better than" if verdict == SUGGESTIVE else "beats"
    first, second = (_named(side, found) for side in (found.a, found.b))
    by = f"by {_amount(found, plan, printing)}"
    maybe = "with the others perhaps" if found.mixture else "perhaps"
    small = f", {maybe} by less than {_margin(plan, printing)}" if verdict == SMALL else ""
    if found.mixture and found.compared.diff <= 0:
        lead = _amount(found.turned(), plan, printing)
        ahead = f"{found.b.name} is ahead by {lead}" if found.compared.diff else "they are equal"
        by, small = f"in {_by_rank(found, printing)}, though {ahead} among those that succeeded", ""
    elif found.mixture:
        by = f"in {_by_rank(found, printing)}, and {by} among those that succeeded"
    return f"{first} {verb} {second} {by}{small}"


def _named(side: Side, found: Evidence) -> str:
    """An arm by its name; that it has one result, where the other has seeds."""
    fixed = found.one_sample and side.constant
    return f"the one result of {side.name}" if fixed else side.name


def _only(verdict: str) -> str:
    return "only " if verdict == SUGGESTIVE else ""


def _basis(found: Evidence, printing: Printing) -> str:
    """What was counted."""
    run = printing.run
    if found.unit == EXAMPLES:
        return f"{plural(found.n, 'test example')}, one trained model each"
    if found.one_sample:
        name = found.b.name if found.a.constant else found.a.name
        return f"{plural(found.n, run)} of {name}"
    if found.x.n != found.y.n:
        return f"{found.x.n} and {plural(found.y.n, run)}"
    return plural(found.n, run)


def _nuance(found: Evidence, plan: Plan, printing: Printing) -> str:
    """Who is ahead all the same, where that is certain."""
    low, _ = found.compared.interval(plan.level)
    if not low > 0:
        return ""
    direction = "higher" if printing.higher else "lower"
    amount = _amount(found, plan, printing)
    return f": {found.a.name} is {direction} by {amount}, which counts as none"


def _why_none(found: Evidence, printing: Printing) -> str:
    """Why there is no verdict, after the words that there is none."""
    if found.without:
        names = " and ".join(side.name for side in found.without)
        n = found.without[0].n
        return f", {names} failed in {f'all {n} runs' if n > 1 else 'its only run'}"
    if found.unit == EXAMPLES and np.isnan(found.compared.sd):
        return ", each has one result, and what it scored on each test example was not kept"
    if not np.isfinite(found.compared.diff):
        return f", there is no {printing.run} with which both succeeded"
    if found.n < TOO_FEW:
        units = plural(found.n, "test example" if found.unit == EXAMPLES else printing.run)
        return f" from {units}, {TOO_FEW} at least are needed"
    gap = printing.counted(*_shown(printing.scale * found.compared.diff))
    return (
        f", they differ by {gap} in each of {_basis(found, printing)}: nothing says how that varies"
    )


def _skewed(verdict: str, found: Evidence, plan: Plan, printing: Printing) -> list[str]:
    """That the label is from two intervals, where that of the first is another."""
    if decided_by(found, plan) != "bootstrap-t":
        return []
    low, high = _shown(*(printing.scale * end for end in found.bootstrap[0]))
    return [f"as scores are skewed, the bootstrap-t interval [{low}, {high}] counts, too"]


def _weak(side: Side) -> list[str]:
    """How many runs of an arm failed or stayed at chance, if not all of them."""
    if not side.mixed:
        return []
    idle = int((side.weak & ~side.failed).sum())
    counts = ((side.n_failed, "failed"), (idle, "stayed at chance"))
    return [
        f"{count} of {plural(side.n, 'run')} of {side.name} {word}"
        for count, word in counts
        if count
    ]


def _copies(side: Side) -> list[str]:
    """How many different results the runs of an arm have, where some are copies."""
    if side.constant or side.n_distinct == side.n:
        return []
    return [f"the {plural(side.n, 'run')} of {side.name} have {side.n_distinct} different results"]


def _amount(found: Evidence, plan: Plan, printing: Printing) -> str:
    """The difference with its interval, as in "2.1 points [1.6, 2.6]"."""
    low, high = found.compared.interval(plan.level)
    numbers = [printing.scale * x for x in (found.compared.diff, low, high)]
    middle, low_text, high_text, _ = _shown(*numbers, (numbers[2] - numbers[1]) / 2)
    if np.isnan(low):
        return printing.counted(middle)
    return f"{printing.counted(middle)} [{low_text}, {high_text}]"


def _shown(*numbers: float) -> list[str]:
    """Numbers with decimals that leave the smallest a digit, 1 to 4 of them.

    Very small and very large ones have three digits instead.

    >>> _shown(2.14, 0.03), _shown(5.5e-11, 4.47e-11), _shown(55357162565.7)
    (['2.14', '0.03'], ['5.5e-11', '4.47e-11'], ['5.54e+10'])
    """
    sizes = [abs(x) for x in numbers if np.isfinite(x) and x != 0]
    if sizes and not VERY_SMALL <= max(sizes) < VERY_LARGE:
        return [f"{x + 0.0:.3g}" for x in numbers]
    digits = int(np.clip(np.ceil(-np.log10(min(sizes))), 1, 4)) if sizes else 1
    return [f"{round(x, digits) + 0.0:.{digits}f}" for x in numbers]


def _margin(plan: Plan, printing: Printing) -> str:
    margin = printing.scale * plan.delta
    return printing.counted(f"{margin:.0f}" if 1e4 <= margin < VERY_LARGE else f"{margin:.4g}")


def _by_rank(found: Evidence, printing: Printing) -> str:
    share, low, high = (100 * x for x in found.wins[:3])
    ends = "" if np.isnan(low) else f" [{low:.0f}, {high:.0f}]"
    return f"{share:.0f} % of {f'{printing.run}s' if found.paired else 'pairs of runs'}{ends}"
