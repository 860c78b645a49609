"""Descriptions of data sets, in tables and sentences."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

import numpy as np

from dlfun.data import Raw, chance
from dlfun.data.text import decode_text
from dlfun.data.tfds.facts import Facts
from dlfun.errors import OPT
from dlfun.objectives.tasks import task_of
from dlfun.report.text.table import text_table
from dlfun.types import Dataset, Spec, Split
from dlfun.words import plural

EXCERPTS = 3
CLASSES = 20  # names that are listed
LABEL = 12  # columns of what a line is about


def size(count: int) -> str:
    """Bytes, in the unit that fits.

    >>> size(999), size(11_594_722)
    ('999 bytes', '11.1 MiB')
    """
    if count < 1024:
        return plural(count, "byte")
    power = min(int(math.log(count, 1024)), 3)
    return f"{count / 1024**power:.1f} {('', 'KiB', 'MiB', 'GiB')[power]}"


def examples(spec: Spec) -> str:
    """Modality and shape of an example."""
    return f"{spec.modality} [{', '.join(map(str, spec.shape))}]"


def dataset_table(found: Sequence[Facts]) -> str:
    """A line a data set, and how to get one that is not there."""
    rows = [
        {
            "name": one.name,
            "an example": examples(one.spec),
            "task": task_of(one.spec).words,
            "examples": f"{sum(one.examples.values()):,}" if one.examples else "",
            "prepared": "yes" if one.examples else "no",
            "download": size(sum(i.size for i in one.files.values())) if one.files else "none",
            "what": one.summary,
        }
        for one in found
    ]
    return text_table(rows, left=("name", "an example", "task", "prepared", "what"))


def entry(label: str, text: str) -> str:
    """A line about something, wrapped."""
    first = f"  {label}".ljust(LABEL)
    return textwrap.fill(
        text,
        100,
        initial_indent=first,
        subsequent_indent=" " * LABEL,
        break_on_hyphens=False,
        break_long_words=False,
    )


def describe_facts(one: Facts) -> str:
    """What is known of a data set before it is prepared, and which files it is made from."""
    lines = [f"{one.name} {one.version}: {one.summary}", entry("what", one.description)]
    lines += [entry("example", examples(one.spec)), entry("task", task(one.spec))]
    about = {"licence": one.licence, "homepage": one.homepage, "citation": one.citation}
    lines += [entry(label, text) for label, text in about.items() if text]
    for url, info in one.files.items():
        lines += [entry("file", f"{info.filename}, {info.size:,} bytes, sha256 {info.checksum}")]
        lines += [entry("", f"from {url}")]
    name, checksum = one.substitute
    if name:
        lines += [entry("or file", f"{name}, sha256 {checksum}")]
    if one.files:
        lines += [
            entry("", f"without network: put these files into a folder, name it {OPT.manual_dir}")
        ]
    state = "" if one.examples else ", not prepared yet"
    return "\n".join([*lines, entry("folder", f"{one.folder}{state}")])


def task(spec: Spec) -> str:
    """What is wanted, and of how many."""
    row = task_of(spec)
    counted = row.outputs[spec.outputs != 1]
    return f"{row.words}, {spec.outputs} {counted}" if row.labels else row.words


def describe_other(raw: Raw, path: str) -> str:
    """What is known of data that are not in the table, beside what every data set says."""
    heading = f"{raw.name} {raw.version}: {path}"
    return "\n".join([heading, entry("example", examples(raw.spec)), entry("task", task(raw.spec))])


def describe_arrays(raw: Raw) -> str:
    """What a data set in memory holds."""
    splits = {"train": raw.train, "validation": raw.validation, "test": raw.test}
    present = {name: split for name, split in splits.items() if split is not None}
    counts = ", ".join(f"{name} {len(split.targets):,}" for name, split in present.items())
    nbytes = sum(a.nbytes for split in present.values() for a in split if a is not None)
    lines = [entry("splits", f"{counts}; {raw.spec.official_split or 'as published'}")]
    if task_of(raw.spec).classes:
        lines += [entry("classes", class_sizes(raw))]
    if raw.train.lengths is not None:
        shortest, longest = lengths(present.values())
        lines += [entry("lengths", f"{shortest} to {longest}")]
    level = chance_level(raw)
    lines += [entry("chance", level)] if level else []
    lines += [entry("in memory", f"{raw.train.inputs.dtype}, {size(nbytes)}")]
    return "\n".join([*lines, entry("checksum", f"sha256 {raw.checksum}")])


def lengths(splits: Iterable[Split]) -> tuple[int, int]:
    """The shortest and the longest example."""
    every = np.concatenate([np.asarray(split.lengths) for split in splits])
    return int(every.min()), int(every.max())


def class_sizes(raw: Raw) -> str:
    """The names of the classes, and how many training examples they have."""
    counts = np.bincount(raw.train.targets, minlength=raw.spec.outputs)
    names = [class_name(raw, i) for i in range(raw.spec.outputs)]
    shown = ", ".join(names[:CLASSES]) + (" ..." if len(names) > CLASSES else "")
    least, most = f"{counts.min():,}", f"{counts.max():,}"
    return f"{shown}; {least if least == most else f'{least} to {most}'} training examples each"


def class_name(raw: Raw, index: int) -> str:
    """The name of a class, or else its id."""
    return raw.classes[index] if raw.classes else str(index)


MEASURED = "root mean squared error {:.4g} by always predicting the mean"
"""The level of chance of numbers in a unit of the user's own."""


def chance_level(raw: Raw) -> str:
    """What the best constant answer reaches on the official test split, where there are labels."""
    row = task_of(raw.spec)
    if not row.level:
        return ""
    whole = Dataset(raw.train, None, raw.test, raw.spec, raw.name, raw.version, raw.checksum)
    measured = raw.scaling is not None and raw.scaling.targets is not None
    level = chance(whole._replace(scaling=raw.scaling))
    return (MEASURED if measured else row.level).format(level)


def spread(raw: Raw, count: int) -> np.ndarray:
    """Rows of some training examples: of different classes where there are such."""
    targets = np.asarray(raw.train.targets)
    if not task_of(raw.spec).classes:
        return np.arange(min(count, len(targets)))
    order = np.argsort(targets, kind="stable")
    _, start, sizes = np.unique(targets[order], return_index=True, return_counts=True)
    within = np.arange(len(order)) - np.repeat(start, sizes)
    return order[np.lexsort((targets[order], within))][:count]


def excerpt(raw: Raw) -> str:
    """The first texts, or one of each of some classes, with what is wanted of them."""
    said = []
    for row in spread(raw, EXCERPTS):
        ids = np.asarray(raw.train.inputs[row])
        if raw.train.lengths is not None:
            ids = ids[: raw.train.lengths[row]]
        name = caption(raw, row)
        said.append(entry(name or "excerpt", repr(decode_text(ids, raw.spec.alphabet))))
    return "\n".join(said)


def caption(raw: Raw, row: int) -> str:
    """What is wanted of a training example."""
    target = raw.train.targets[row]
    if task_of(raw.spec).classes:
        return class_name(raw, int(target))
    if task_of(raw.spec).numbers:
        origin = 0.0 if raw.scaling is None else raw.scaling.target_origin
        digits = 12 if np.any(origin) else 4
        return ", ".join(f"{value:.{digits}g}" for value in (target + origin)[:2])
    return ""
