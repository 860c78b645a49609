"""New inputs as arrays and tables. Sizes are checked before anything is read into memory."""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlfun.data.arrays import UNREADABLE, check_fits, check_head, check_heads, read_member
from dlfun.data.user_files import csv_file, table
from dlfun.data.user_files.cells import clean, is_missing, is_number, looks_numeric
from dlfun.data.user_files.columns import HOW
from dlfun.data.user_files.csv_format import format_of
from dlfun.data.user_files.inputs import Given, Source, check_shape, fitted, numbered
from dlfun.data.user_files.parts import COPIES
from dlfun.data.user_files.table_file import POINTED
from dlfun.errors import UserError, first_line, short
from dlfun.words import plural

NAMES = ("inputs", "test_inputs", "x_test", "test_images")
"""Arrays of an .npz that are the inputs, in this order; else its only one."""


def unreadable(path: Path, error: Exception) -> UserError:
    """The error of a file that is no array."""
    return UserError(
        f"{path} cannot be read ({first_line(error)}); write it with numpy, without Python objects"
    )


def read_npy(paths: Sequence[Path], source: Source) -> Given:
    """Inputs [examples, *shape] of an .npy file.

    Raises:
      UserError: if it cannot be read, or does not fit the data set.
    """
    (path,) = paths
    try:
        with path.open("rb") as file:
            shape, needed = check_head(file, path.stat().st_size)
            check_shape(shape, source, path)
            check_fits(needed, COPIES)
            file.seek(0)
            array = np.load(file, allow_pickle=False)
    except UNREADABLE as error:
        raise unreadable(path, error) from None
    inputs = fitted(array, source, path)
    return Given(inputs, numbered(len(inputs)), whole(inputs, source))


def whole(inputs: np.ndarray, source: Source) -> np.ndarray | None:
    """The lengths of examples that are as long as they can be; None where they are not padded."""
    if not source.spec.padded:
        return None
    return np.full(len(inputs), inputs.shape[1], np.int32)


def read_npz(paths: Sequence[Path], source: Source) -> Given:
    """Inputs of an .npz file under one of `NAMES`, and where it has them, `lengths`.

    Raises:
      UserError: if it cannot be read, has no such array, or does not fit the data set.
    """
    (path,) = paths
    try:
        with zipfile.ZipFile(path) as archive:
            name, held = inputs_name(archive, path), set(archive.namelist())
            padded = "lengths.npy" in held and source.spec.padded
            wanted = (name, "lengths.npy") if padded else (name,)
            shapes = check_heads(archive, wanted, path.stat().st_size, COPIES)
            check_shape(shapes[name], source, path)
            array = read_member(archive, name)
            lengths = read_member(archive, "lengths.npy") if padded else None
    except UNREADABLE as error:
        raise unreadable(path, error) from None
    inputs = fitted(array, source, path)
    if lengths is None:
        return Given(inputs, numbered(len(inputs)), whole(inputs, source))
    right = lengths.shape == (len(inputs),) and lengths.dtype.kind in "iu"
    if not right or not ((lengths > 0) & (lengths <= inputs.shape[1])).all():
        raise UserError(
            f"{path}: lengths must be {len(inputs)} whole numbers from 1 to {inputs.shape[1]}"
        )
    return Given(inputs, numbered(len(inputs)), lengths.astype(np.int32))


def inputs_name(archive: zipfile.ZipFile, path: Path) -> str:
    """The name in the archive of the array that holds the inputs.

    Raises:
      UserError: if it has none of `NAMES`, and several others.
    """
    held = archive.namelist()
    for name in NAMES:
        if f"{name}.npy" in held:
            return f"{name}.npy"
    if len(held) != 1:
        raise UserError(
            f"{path}: holds {plural(len(held), 'array')}, none of them called "
            f"{' or '.join(NAMES)}; give one of these names to the one that holds the inputs"
        )
    return held[0]


def read_csv(paths: Sequence[Path], source: Source) -> Given:
    """Examples of a .csv file, one a line.

    Of a data set that is a table of its own, columns by name, prepared as that table's; a column
    of targets is passed over. Of any other, all numbers of an example one after the other, under
    a line of column names or without one; names are those of which none is a number.

    Raises:
      UserError: naming line or column, if it cannot be read or does not fit the data set.
    """
    (path,) = paths
    said: tuple[str, ...] = ()
    if source.preparation.features:
        inputs, said = table.read_like(source.preparation, path)
    else:
        numbers = read_numbers(path, math.prod(source.spec.shape))
        inputs = fitted(numbers.reshape(-1, *source.spec.shape), source, path)
    return Given(inputs, numbered(len(inputs)), whole(inputs, source), said)


def read_numbers(path: Path, wanted: int) -> np.ndarray:
    """A .csv of so many numbers a line: [lines, wanted], the examples' own shape flattened.

    Raises:
      UserError: naming the line that is not so.
    """
    rows: list[list[float]] = []
    format = format_of(path, POINTED).format
    try:
        with csv_file.rows_of(path, format) as reader:
            for cells in reader:
                texts = [clean(cell) for cell in cells]
                if reader.line_num == 1 and are_names(texts):
                    continue
                if texts:
                    rows.append(checked(texts, wanted, f"{path}, line {reader.line_num}"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as .csv in UTF-8 ({csv_file.why(error)}); write it anew"
        ) from None
    return np.array(rows, np.float64).reshape(len(rows), wanted)


def are_names(texts: Sequence[str]) -> bool:
    """Whether a line holds names of columns: none is a number, looks like one, or is missing."""
    return not any(is_number(t) or is_missing(t) or looks_numeric(t) for t in texts)


def checked(texts: Sequence[str], wanted: int, where: str) -> list[float]:
    """The numbers of a line; raises UserError unless they are as many as an example has."""
    if len(texts) != wanted:
        raise UserError(
            f"{where}: {plural(len(texts), 'cell')}, and an example has {plural(wanted, 'number')}"
        )
    for text in texts:
        if not is_number(text):
            raise UserError(f"{where}: {short(text)!r} is not a number ({HOW}); mend it")
    return [float(text) for text in texts]
