"""Arrays of scores in .npy and .npz, as NumPy saves them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dlfun.data.arrays import UNREADABLE, check_head, load_npz
from dlfun.errors import UserError, short
from dlfun.results.columns import Columns
from dlfun.results.runs import log_error
from dlfun.results.scores import ONE
from dlfun.results.tables import Table, check_size

SHAPES = {
    ".npy": "[seeds, methods] or [seeds, data sets, methods]",
    ".npz": "for each method [seeds] or [seeds, data sets]",
}


def read(path: str, columns: Columns) -> Table:
    """A row a score; .npz has the names of methods, those of a .npy are counted.

    Raises:
      UserError: if it holds no arrays of numbers of these shapes.
    """
    end = Path(path).suffix.lower()
    try:
        arrays = load_npz(Path(path)) if end == ".npz" else by_method(load_npy(Path(path)))
    except UNREADABLE as error:
        raise log_error(path, "NumPy's arrays", error) from None
    for name, scores in arrays.items():
        if scores.dtype.kind not in "fiub" or scores.ndim not in (1, 2) or not scores.size:
            raise UserError(
                f"{path}: {short(name)} is of {scores.dtype} and shape {list(scores.shape)}; give "
                f"numbers, {SHAPES[end]}"
            )
    check_size(4 * sum(scores.size for scores in arrays.values()), path)
    return long_table(path, arrays)


def load_npy(path: Path) -> np.ndarray:
    """The array of a .npy, which is as long as it says, and holds no Python objects."""
    with path.open("rb") as file:
        check_head(file, path.stat().st_size)
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)


def by_method(scores: np.ndarray) -> Mapping[str, np.ndarray]:
    """The last axis parted into methods, which are counted from 1."""
    if scores.ndim < 2:
        return {"scores": scores[..., None, None]}  # of no shape that is known
    return {f"method {k + 1}": scores[..., k] for k in range(scores.shape[-1])}


def long_table(path: str, arrays: Mapping[str, np.ndarray]) -> Table:
    """The same as texts, a row a score."""
    columns: dict[str, list[str]] = {"method": [], "dataset": [], "seed": [], "score": []}
    for name, scores in arrays.items():
        for (seed, *dataset), score in np.ndenumerate(scores):
            columns["method"].append(name)
            columns["dataset"].append(f"data set {dataset[0] + 1}" if dataset else ONE)
            columns["seed"].append(str(seed))
            columns["score"].append(repr(float(score)))
    return Table(path, columns)
