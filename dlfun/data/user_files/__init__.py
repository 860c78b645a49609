"""Users' own data: an .npz of arrays, a table, or a folder of images or recordings.

They are read anew by every study, and stay where they are. What is read is checksummed, so that
a record says which data it was made from.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlfun.data.raw import Raw, arrays_checksum, permute
from dlfun.data.user_files.cells import check_text, clean
from dlfun.data.user_files.kinds import (
    ARRAYS,
    FOLDER,
    READING,
    SUFFIXES,
    TABLE,
    check_absent,
    kind_of,
    suffix_of,
)
from dlfun.errors import UserError, first_line, short
from dlfun.scaling import Scaling, Standard
from dlfun.types import DataOptions, Spec, Split
from dlfun.words import plural

if TYPE_CHECKING:
    from dlfun.data.user_files.parts import Found

VERSION = "own"

UNFIT = re.compile(r"[^A-Za-z0-9_.\-\u00a1-\ud7ff\ue000-\U0010ffff]+")
"""What a name of own data does not keep: blanks, and signs that shells or flags read."""

LONGEST = 100
"""Bytes of such a name: file names have at most 255, and those of a record say more."""


def is_path(text: str) -> bool:
    """Whether a text names a file or folder, there or not, and not a data set of the table.

    >>> is_path("iris.csv"), is_path("./faces"), is_path("emnist/letters")
    (True, True, False)
    """
    plain = os.path.expanduser(text)
    begins = text.startswith(("/", "./", "../", "~"))
    return begins or suffix_of(Path(plain)) in SUFFIXES or os.path.exists(plain)


def absolute(text: str) -> str:
    """The path of own data, wherever a study is replayed from.

    Raises:
      UserError: if there is nothing, or nothing that could be data.
    """
    path = Path(os.path.abspath(os.path.expanduser(text)))
    check_text([str(path)])
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder; name one that is there")
    if not path.is_dir() and suffix_of(path) not in SUFFIXES:
        raise UserError(
            f"{path}: own data are an .npz, .csv or .tsv file, packed by gzip or not, or a folder "
            "of classes"
        )
    return str(path)


def name_of(path: Path) -> str:
    """The name of own data: that of the file or folder, fit to begin the names of files.

    Letters and signs of all scripts stay, so that two names in one script stay two.

    >>> name_of(Path("/data/Größen 2.csv")), name_of(Path("faces.v2/")), name_of(Path("猫.csv"))
    ('Größen_2', 'faces.v2', '猫')
    """
    suffix = suffix_of(path)
    stem = clean(path.name[: -len(suffix)] if suffix in SUFFIXES else path.name)
    name = UNFIT.sub("_", stem).strip(".") or "own"
    if len(name.encode()) <= LONGEST:
        return name
    start = name.encode()[: LONGEST - 9].decode(errors="ignore")
    return f"{start}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def read_own(text: str, options: DataOptions) -> Raw:
    """The data of a file or folder: see `dlfun.data.read`."""
    from dlfun.data.user_files import folder, npz, table

    path = Path(absolute(text))
    if options.validation is not None:
        options = dataclasses.replace(options, validation=absolute(options.validation))
    readers = {FOLDER: folder.read, ARRAYS: npz.read, TABLE: table.read}
    kind = kind_of(str(path))
    assert kind is not None  # or else it is not absolute
    return raw_of(readers[kind](path, options), name_of(path), options)


def read_arrays(arrays: Mapping[str, Any], name: str, options: DataOptions) -> Raw:
    """The data that arrays in memory are, by the names and rules of an .npz.

    Nothing of them is kept: whoever gave them may change them.

    Raises:
      UserError: if they do not go together, or values are masked.
    """
    from dlfun.data.user_files import npz

    if len(name.encode(errors="replace")) > LONGEST:
        raise UserError(
            f"name={short(name)}: has {len(name)} characters, and files are named after it; give "
            f"one of {LONGEST} or less"
        )
    for option in READING:
        check_absent(options, option)
    given = {what: as_array(array, what, name) for what, array in arrays.items()}
    found = npz.found_in(dict(given), Path(name), options.target_type, options.groups)
    apart = {part: copied(split, given.values()) for part, split in found.splits.items()}
    return raw_of(found._replace(splits=apart), name_of(Path(name)), options)


def as_array(value: Any, what: str, given: str) -> np.ndarray:
    """An array of a value of any library that has arrays or tables, or of lists.

    Raises:
      UserError: naming `given` and `what` of it, if it is none, is ragged, or values are masked.
    """
    masked = value if isinstance(value, list | tuple) else [value]
    count = sum(np.ma.count_masked(one) for one in masked if isinstance(one, np.ma.MaskedArray))
    if count:
        raise UserError(
            f"{given}: {what} holds {plural(int(count), 'masked value')}; fill in what is masked, "
            "or leave those examples out"
        )
    try:
        by_dlpack = not hasattr(value, "__array__") and hasattr(value, "__dlpack__")
        array = np.from_dlpack(value) if by_dlpack else np.asarray(value)
        if array.dtype.isbuiltin == 2:  # of other libraries, such as bfloat16
            array = array.astype(np.float32)
        if array.dtype == object and array.ndim:  # such as a table's columns of several types
            array = np.array(array.tolist())
    except Exception as error:  # whatever the value of another library may raise
        raise UserError(
            f"{given}: {what} cannot be read as an array ({first_line(error)}); give an array, or "
            "lists of equal lengths"
        ) from None
    if array.dtype == object and not array.ndim:
        raise UserError(
            f"{given}: {what} is a {type(value).__name__}; give an array, or lists of equal lengths"
        )
    return array


def copied(split: Split, given: Collection[np.ndarray]) -> Split:
    """The same split; what lies in the memory of given arrays is copied."""

    def own(array: np.ndarray | None) -> np.ndarray | None:
        if array is None or not any(np.may_share_memory(array, one) for one in given):
            return array
        return array.copy()

    return Split(*map(own, split))


def raw_of(found: Found, name: str, options: DataOptions) -> Raw:
    """What was found as a data set, its positions permuted where asked for.

    Its arrays cannot be changed any more: their checksum says which data these are.
    """
    if len(name.encode()) > LONGEST:
        raise UserError(
            f"{short(name)}: its name has {len(name)} characters, and files are named after it; "
            f"give it one of {LONGEST} or less"
        )
    splits, scaling = found.splits, found.scaling
    if options.permute_features:
        splits = {
            name: split._replace(inputs=permute(split.inputs, found.spec))
            for name, split in splits.items()
        }
        scaling = scaling and permuted(scaling, found.spec)
    for array in arrays_of(splits).values():
        array.flags.writeable = False
    return Raw(
        train=splits["train"],
        test=splits["test"],
        spec=found.spec,
        name=name[:LONGEST],
        version=VERSION,
        checksum=arrays_checksum(arrays_of(splits) | origins_of(scaling) | groups_of(found)),
        validation=splits.get("validation"),
        apart=options.validation is not None,
        classes=found.classes,
        scaling=scaling,
        doubts=found.doubts,
        preparation=found.preparation._replace(permuted=options.permute_features),
        groups=found.groups,
        grouped_by=options.groups or "",
    )


def groups_of(found: Found) -> dict[str, np.ndarray]:
    """What rows belong together, by the names that prepared data give it; nothing if not known."""
    if found.groups is None:
        return {}
    return dict(zip(("train_groups", "test_groups"), found.groups, strict=True))


def permuted(scaling: Scaling, spec: Spec) -> Scaling:
    """The same, its columns of inputs in the order of permuted positions."""
    if scaling.inputs is None:
        return scaling
    leaves = scaling.inputs
    columns = (None if leaf is None else permute(leaf[None], spec)[0] for leaf in leaves)
    return scaling._replace(inputs=Standard(*columns))


def origins_of(scaling: Scaling | None) -> dict[str, np.ndarray]:
    """What the stored numbers are counted from, where that is not 0."""
    pairs = scaling._asdict().items() if scaling else ()
    return {f"{n}_origin": part.origin for n, part in pairs if part and part.origin.any()}


def arrays_of(splits: dict[str, Split]) -> dict[str, np.ndarray]:
    """The arrays of all splits by the names that prepared data give them."""
    return {
        f"{name}_{part}": array
        for name, split in splits.items()
        for part, array in split._asdict().items()
        if array is not None
    }
