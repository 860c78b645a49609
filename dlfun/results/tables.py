"""Tables of results as texts: from .csv, .tsv, .json, .jsonl and .parquet, and from Python."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from dlfun.data.user_files import csv_file
from dlfun.errors import UserError, short

STDIN = "-"
CELLS = 10_000_000
"""So many cells are read, at most."""

SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet")


class Table(NamedTuple):
    """Columns of texts, of one length.

    Attributes:
      name: what errors call it.
      lower: columns of which is known that less is better.
      of_runs: whether its scores were taken from curves, the last of each where not said.
    """

    name: str
    columns: dict[str, list[str]]
    lower: tuple[str, ...] = ()
    of_runs: bool = False

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(next(iter(self.columns.values()), []))


def read_table(path: str) -> Table:
    """A table from a file, by the end of its name, or from standard input.

    Raises:
      UserError: if it cannot be read, is no table, or holds too much.
    """
    if path == STDIN:
        return from_stdin()
    file, suffix = Path(path), Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: is no table of results; name a file that ends with {ENDS}")
    try:
        if suffix == ".parquet":
            return from_columns(read_parquet(file), path)
        with file.open(newline="", encoding="utf-8-sig") as text:
            return from_text(text, path, suffix)
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is no UTF-8; {csv_file.remedy(error)}") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name a file that can be read") from None


ENDS = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"


def from_stdin() -> Table:
    """The table that standard input holds."""
    stream, name = getattr(sys.stdin, "buffer", None), "standard input"
    try:
        if stream is None:
            return from_text(sys.stdin, name)
        return from_text(io.TextIOWrapper(stream, "utf-8-sig", newline=""), name)
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: is no UTF-8; {csv_file.remedy(error)}") from None


def read_parquet(file: Path) -> dict[str, list[Any]]:
    """The columns of a Parquet file.

    Raises:
      UserError: if pyarrow is not installed, or it is no such file.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise UserError(f"{file}: needs pyarrow: pip install pyarrow, or write the table as .csv")
    from pyarrow import ArrowException, parquet

    try:
        found: dict[str, list[Any]] = parquet.read_table(file).to_pydict()
    except ArrowException as error:
        raise UserError(f"{file}: is no Parquet file ({short(error, 80)})") from None
    return found


def from_text(text: TextIO, name: str, suffix: str = "") -> Table:
    """A table in a text; without a suffix its first character says what it is.

    Raises:
      UserError: if it is no table, or holds too much.
    """
    lines = iter(text)
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise UserError(f"{name}: is empty; give a first line of column names, and a line a result")
    whole = io_chain(first, lines)
    if suffix in (".json", ".jsonl") or (not suffix and first.lstrip()[0] in "[{"):
        return from_json(whole, name)
    return from_lines(whole, name, "\t" if suffix == ".tsv" or "\t" in first else ",")


def io_chain(first: str, lines: Iterator[str]) -> Iterator[str]:
    """The first line, and those behind it."""
    yield first
    yield from lines


def from_lines(lines: Iterable[str], name: str, separator: str) -> Table:
    """A table of cells that are parted by a separator, its first line their names."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        names = [cell.strip() for cell in next(reader)]
        names[0] = names[0] or "index"  # as pandas leaves it
        check_names(names, name, separator)
        columns: list[list[str]] = [[] for _ in names]
        for number, cells in enumerate(reader, 2):
            if not cells:
                continue
            if len(cells) != len(names):
                raise UserError(
                    f"{name}: line {number} has {len(cells)} cells, and the first {len(names)}; "
                    "give every line as many, and put quotes around cells that hold a separator"
                )
            check_size(number * len(names), name)
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell.strip())
    except csv.Error as error:
        raise UserError(f"{name}: {csv_file.why(error)}; {csv_file.remedy(error)}") from None
    return Table(name, dict(zip(names, columns, strict=True)))


def check_names(names: Sequence[str], name: str, separator: str) -> None:
    """Raises UserError unless each column has a name of its own."""
    if len(names) == 1 and ";" in names[0]:
        raise UserError(f"{name}: its cells are parted by semicolons; write it with commas")
    if any(not one for one in names):
        raise UserError(f"{name}: column {names.index('') + 1} has no name; give it one")
    twice = [one for i, one in enumerate(names) if one in names[:i]]
    if twice:
        raise UserError(f"{name}: two columns are called {short(twice[0])}; rename one")


def check_size(cells: int, name: str) -> None:
    """Raises UserError if a table holds more cells than are read."""
    if cells > CELLS:
        raise UserError(
            f"{name}: holds more than {CELLS:,} cells; keep the columns of method, data set, seed "
            "and score, or one line a run"
        )


def from_json(lines: Iterable[str], name: str) -> Table:
    """A table as a list of objects, an object of lists, or an object a line."""
    text = io.StringIO()
    for line in lines:
        text.write(line)
        check_size(text.tell() // 8, name)  # a cell takes some eight characters
    whole = text.getvalue()
    try:
        found = json.loads(whole)
    except (ValueError, RecursionError):
        try:
            found = [json.loads(line) for line in whole.splitlines() if line.strip()]
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{name}: is no JSON ({short(error, 80)}); write a list of objects, or an object a "
                "line"
            ) from None
    return from_columns(found, name) if isinstance(found, Mapping) else from_rows(found, name)


def from_rows(rows: Any, name: str) -> Table:
    """A table of rows, each a mapping of names to cells."""
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise UserError(f"{name}: must be rows, each an object of names and cells")
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    return from_columns({one: [row.get(one) for row in rows] for one in names}, name)


def from_columns(columns: Mapping[Any, Any], name: str) -> Table:
    """A table of columns by their names, each a list or an array."""
    known = {str(one): list(cells) for one, cells in columns.items() if is_column(cells)}
    if len(known) < len(columns):
        other = next(str(one) for one, cells in columns.items() if not is_column(cells))
        raise UserError(f"{name}: {short(other)} holds no column; give a list of cells for a name")
    lengths = {one: len(cells) for one, cells in known.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{short(one)} {count}" for one, count in list(lengths.items())[:4])
        raise UserError(f"{name}: its columns differ in length ({said}); give all as many cells")
    check_size(sum(lengths.values()), name)
    found = {one: [text_of(cell) for cell in cells] for one, cells in known.items()}
    return Table(name, found)


def is_column(cells: Any) -> bool:
    """Whether this is a list of cells."""
    flat = getattr(cells, "ndim", 1) == 1
    return flat and hasattr(cells, "__len__") and not isinstance(cells, str | bytes | Mapping | set)


def text_of(cell: Any) -> str:
    """A cell as text; nothing of None, and of what pandas and polars have for it; NaN is one."""
    plain = cell.item() if hasattr(cell, "item") and not getattr(cell, "ndim", False) else cell
    if isinstance(plain, list | tuple | Mapping | set) or getattr(plain, "ndim", False):
        return short(plain)
    return "" if not isinstance(plain, float) and is_nothing(plain) else str(plain).strip()


def is_nothing(cell: Any) -> bool:
    """Whether a cell is none: None, or what is unlike itself, as NaN, NaT and pandas' NA are."""
    try:
        return cell is None or bool(cell != cell)
    except (TypeError, ValueError):  # NA does not even say that; nor does an array, which is a cell
        return not hasattr(cell, "ndim")


def from_python(table: Any) -> Table:
    """A table as a call gives it: a frame, a mapping of columns, or rows.

    Raises:
      UserError: if it is none of these.
    """
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):  # pandas, polars
        names = list(table.columns)
        check_names([str(name) for name in names], "the table", ",")
        cells = {n: [None if is_nothing(cell) else cell for cell in table[n]] for n in names}
        return from_columns(cells, "the table")  # a frame has no sign but NaN of what is missing
    if isinstance(table, Mapping):
        return from_columns(table, "the table")
    return from_rows(table, "the table")
