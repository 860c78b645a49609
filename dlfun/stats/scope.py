"""The scope of a claim: the test set at hand, or all examples like those in it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError
from dlfun.stats.intervals import Interval
from dlfun.stats.tests import TTest


class _Squares(NamedTuple):
    """Mean squares of a table [runs, examples]: of runs, of what is left; and the counts."""

    runs: float
    rest: float
    n: int
    examples: int


def two_way(correct: Sequence[ArrayLike]) -> TTest:
    """The mean of a table [runs, examples] with runs and examples both drawn at random.

    Two tables are two unpaired arms on the same examples, and the first less the second is
    estimated. For paired arms give the table of differences. The variance is that of two-way
    random effects, a component that would be negative being taken as 0, and its degrees of
    freedom are Satterthwaite's (1946).
    """
    tables = [np.asarray(table, float) for table in correct]
    if len({table.shape[1] for table in tables}) != 1:
        raise UserError("arms compared over examples must share one test set")
    parts = [_squares(table) for table in tables]
    signs = (1, -1)[: len(tables)]
    by_example = sum(sign * table.mean(0) for sign, table in zip(signs, tables, strict=True))
    diff = float(np.mean(by_example))
    n = min(part.n for part in parts)
    m = parts[0].examples
    if n < 2 or m < 2:
        return TTest(diff, np.nan, np.nan, np.nan, n)
    sd = float(np.sqrt(sum(part.runs / m for part in parts)))
    error, df = _error(parts, float(np.var(by_example, ddof=1)) / m)
    return TTest(diff, sd, error, df, n)


def population_interval(correct: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of an arm's accuracy over all examples like those tested.

    `correct` [runs, examples] says which test examples each run got right.
    """
    test = two_way([correct])
    return Interval(test.diff, *test.interval(level), test.sd, test.n)


def _squares(table: np.ndarray) -> _Squares:
    n, m = table.shape
    rows, columns, mean = table.mean(1), table.mean(0), table.mean()
    if n < 2 or m < 2:
        return _Squares(np.nan, np.nan, n, m)
    between_rows = float(((rows - mean) ** 2).sum())
    between_columns = float(((columns - mean) ** 2).sum())
    rest = max(0.0, float(((table - mean) ** 2).sum()) - m * between_rows - n * between_columns)
    return _Squares(m * between_rows / (n - 1), rest / ((n - 1) * (m - 1)), n, m)


def _error(parts: Sequence[_Squares], examples: float) -> tuple[float, float]:
    """Standard error and degrees of freedom; `examples` is the variance of the example means.

    Terms are shares of the variance with their degrees of freedom. What is left is part of the
    mean square of runs and of examples, and is taken away once for each that exceeds it.
    """
    left = sum(part.rest / (part.n * part.examples) for part in parts)
    shown = examples > left
    terms = [(examples, parts[0].examples - 1)] if shown else []
    for part in parts:
        runs, rest = (x / (part.n * part.examples) for x in (part.runs, part.rest))
        terms += [(runs, part.n - 1)] if runs > rest else []
        terms.append(((1 - shown - (runs > rest)) * rest, (part.n - 1) * (part.examples - 1)))
    variance = sum(share for share, _ in terms)
    if variance <= 0:
        return 0.0, float(sum(part.n - 1 for part in parts))
    return float(np.sqrt(variance)), variance**2 / sum(share**2 / df for share, df in terms)
