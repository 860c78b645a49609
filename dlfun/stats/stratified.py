"""Bootstrap of tables [runs, data sets]: the runs of every data set are drawn again."""

from collections.abc import Callable, Sequence

import numpy as np

CHUNK = 2_000_000
"""So many resampled values are held at a time."""


def resampled(
    statistics: Callable[..., np.ndarray], tables: Sequence[np.ndarray], resamples: int, seed: int
) -> np.ndarray:
    """Statistics [resamples, m] of tables with the runs of every data set drawn again, in chunks.

    `statistics` is given, for each table, how often every run was drawn: [draws, *table].
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = max(1, CHUNK // sum(table.size for table in tables))
    sizes = [min(rows, resamples - start) for start in range(0, resamples, rows)]
    return np.concatenate([statistics(*(_counts(rng, k, *t.shape) for t in tables)) for k in sizes])


def percentiles(drawn: np.ndarray, level: float, tables: Sequence[np.ndarray]) -> np.ndarray:
    """The ends [2, m] of percentile intervals; NaN where a table has a single run."""
    ends = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return ends if min(map(len, tables)) > 1 else np.full_like(ends, np.nan)


def _counts(rng: np.random.Generator, draws: int, runs: int, datasets: int) -> np.ndarray:
    """How often each run was drawn, as [draws, runs, data sets]."""
    cells = draws * datasets
    drawn = rng.integers(runs, size=(cells, runs)) + runs * np.arange(cells)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=cells * runs)
    return counts.reshape(draws, datasets, runs).swapaxes(1, 2).astype(float)
