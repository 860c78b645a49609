"""The data sets of a record, as far as its models need them to be used.

preparation.json says how they were read: columns, categories, classes, alphabet, spectrogram, spec.
preparation.npz holds what was fitted on the training rows of each split, and a few held-out
examples: a real input to check exports on and to walk through latents from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.config.options import StudyOptions
from dlfun.errors import UserError
from dlfun.objectives.tasks import task_of
from dlfun.preparation import Preparation
from dlfun.records.reader import broken, read_arrays, read_json
from dlfun.records.writer import save_arrays, write_json
from dlfun.scaling import Scaling, Standard
from dlfun.studies.population.stacked import Stacked, scalings
from dlfun.studies.population.study_data import load
from dlfun.types import Dataset, Spec, Split, TuneData

FILE, ARRAYS = "preparation.json", "preparation.npz"
FORMAT = 1

EXAMPLES = 256
BYTES = 2**22
"""So many examples are kept at most, and fewer where they would take more bytes than these."""

SPLITS = ("train", "validation", "test")
"""Task -> what the target of a user's own data is then."""


class Kept(NamedTuple):
    """A data set as a record keeps it.

    Attributes:
      data: its splits are shapes; all else is as it was.
      given: how the study named it.
      examples: some of its held-out examples, or of the training split where there are none.
    """

    data: Stacked
    given: str
    examples: Split


def write_datasets(folder: Path, options: StudyOptions, data: Sequence[Stacked]) -> None:
    """preparation.json and preparation.npz, of the data sets in the order of the options."""
    entries: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for given, one in zip(options.datasets, data, strict=True):
        name = one.first.name
        entries[name] = entry_of(one, given)
        kept = {"examples": some_examples(one)._asdict()}
        if one.tuning.scaling is not None:
            kept |= scaling_arrays(one.tuning.scaling)
        for group, parts in kept.items():
            arrays |= {f"{name}/{group}/{n}": a for n, a in parts.items() if a is not None}
    write_json(folder / FILE, {"format": FORMAT, "datasets": entries})
    save_arrays(folder / ARRAYS, arrays)


def entry_of(data: Stacked, given: str) -> dict[str, Any]:
    """A data set's part of preparation.json."""
    first, preparation = data.first, data.first.preparation or Preparation()
    return {
        "given": given,
        "version": first.version,
        "checksum": first.checksum,
        "spec": dataclasses.asdict(first.spec),
        "classes": first.classes,
        **preparation.as_json(),
        "splits": len(data.datasets),
        "arrays": {name: shapes_of(smallest(data, name)) for name in SPLITS},
    }


def smallest(data: Stacked, name: str) -> Split | None:
    """The split of a name that has the fewest examples, by which durations become steps."""
    splits = [getattr(dataset, name) for dataset in data.datasets]
    there = [split for split in splits if split is not None]
    return min(there, key=lambda split: len(split.targets)) if there else None


def shapes_of(split: Split | None) -> dict[str, Any] | None:
    """Type and shape of each array of a split; None where there is no split, or it is shut."""
    if split is None:
        return None
    found = {n: a for n, a in split._asdict().items() if a is not None}
    return {n: {"dtype": str(a.dtype), "shape": a.shape} for n, a in found.items()}


def scaling_arrays(scaling: Scaling) -> dict[str, dict[str, np.ndarray]]:
    """inputs and targets -> the arrays [splits, columns] of how each is standardised."""
    found = {n: part for n, part in scaling._asdict().items() if part is not None}
    return {
        n: {k: np.asarray(a) for k, a in part._asdict().items() if a is not None}
        for n, part in found.items()
    }


def some_examples(data: Stacked) -> Split:
    """A few held-out examples of the first split, as they are stored."""
    split = data.first.train if data.first.validation is None else data.first.validation
    size = max(1, split.inputs.dtype.itemsize * int(np.prod(split.inputs.shape[1:])))
    count = max(1, min(EXAMPLES, BYTES // size))
    return Split(*(part if part is None else np.asarray(part[:count]) for part in split))


def read_datasets(folder: Path) -> dict[str, Kept]:
    """The data sets of a record by their names.

    Raises:
      UserError: if they are damaged, or the record is older than they are.
    """
    if not (folder / FILE).exists():
        raise UserError(
            f"{folder}: holds no {FILE}, without which its models cannot be used: it was made by "
            "an older dlfun, or in part; run the study again"
        )
    found, arrays = read_json(folder, FILE), read_arrays(folder, ARRAYS)
    try:
        if found["format"] != FORMAT:
            raise UserError(f"{folder / FILE}: is of another dlfun; use that one")
        return {n: restored(n, entry, arrays) for n, entry in found["datasets"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise broken(folder, FILE) from None


def restored(name: str, entry: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Kept:
    """A data set from its part of preparation.json and the arrays of preparation.npz."""
    count = entry["splits"]
    each = [
        scaling_of(group(arrays, name, "inputs"), group(arrays, name, "targets"), i)
        for i in range(count)
    ]
    splits = {part: split_of(entry["arrays"][part]) for part in SPLITS}
    spec = entry["spec"] | {"shape": tuple(entry["spec"]["shape"])}
    first = Dataset(
        **splits,
        spec=Spec(**spec),
        name=name,
        version=entry["version"],
        checksum=entry["checksum"],
        classes=tuple(entry["classes"]),
        preparation=Preparation.of_json(entry),
    )
    train, validation, test = (stacked_shapes(splits[part], count) for part in SPLITS)
    data = Stacked(
        tuple(first._replace(scaling=scaling) for scaling in each),
        TuneData(train, validation, scalings(each)),
        test,
    )
    examples = group(arrays, name, "examples")
    kept = Split(examples["inputs"], examples["targets"], examples.get("lengths"))
    return Kept(data, entry["given"], kept)


def group(arrays: Mapping[str, np.ndarray], name: str, what: str) -> dict[str, np.ndarray]:
    """The arrays of a data set under a heading."""
    start = f"{name}/{what}/"
    return {key.removeprefix(start): a for key, a in arrays.items() if key.startswith(start)}


def scaling_of(
    inputs: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray], split: int
) -> Scaling | None:
    """How one split is standardised."""
    parts = (
        Standard(**{n: a[split] for n, a in p.items()}) if p else None for p in (inputs, targets)
    )
    found = Scaling(*parts)
    return None if found == Scaling() else found


def split_of(shapes: Mapping[str, Any] | None) -> Any:
    """A split of shapes."""
    if shapes is None:
        return None
    found = {
        n: jax.ShapeDtypeStruct(tuple(one["shape"]), np.dtype(one["dtype"]))
        for n, one in shapes.items()
    }
    return Split(**found)


def stacked_shapes(split: Any, count: int) -> Any:
    """The same of so many splits."""
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((count, *leaf.shape), leaf.dtype), split)


def read_again(kept: Kept, options: StudyOptions, need: str) -> Stacked:
    """A data set of a record from where the study had it, split as it was.

    Args:
      need: what it is needed for, for errors.

    Raises:
      UserError: if it is not there any more, or not as it was.
    """
    first = kept.data.first
    target = first.preparation.target if first.preparation else ""
    data = dataclasses.replace(
        options.data, target_column=target or None, target_type=task_of(first.spec).target_type
    )
    why = f"{need} needs the data set {first.name} as the study had it, and"
    remedy = f"; put it back, or leave {need} out"
    try:
        splits = len(kept.data.datasets)
        found = load(kept.given, dataclasses.replace(options, data=data, seeds=splits))
    except UserError as error:
        reason = str(error).split("; ")[0]  # its remedy would mend another file than the study's
        raise UserError(f"{why} it cannot be read ({reason}){remedy}") from None
    if found.first.checksum != first.checksum:
        raise UserError(f"{why} {kept.given} was changed since (another checksum){remedy}")
    return found
