"""The cells of a table's file: one of names, and as many in each line as there are names."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from dlfun.data.user_files import csv_file, decimals
from dlfun.data.user_files.cells import are_clean, check_apart, clean, is_number
from dlfun.data.user_files.columns import Cells
from dlfun.data.user_files.csv_format import PARTED, format_of, unreadable
from dlfun.data.user_files.kinds import suffix_of
from dlfun.errors import UserError, short
from dlfun.words import plural

NAMELESS = "if it is an example, put a line of names before it"
APART = "; {} part cells"

POINTED = "comma"
"""The separator beside which decimals have a point."""

USUAL_OF = {".tsv": "tab", ".tsv.gz": "tab"}
"""Suffix of a file -> the separator that it says."""


class Table(NamedTuple):
    """The cells of a file, cleaned.

    Attributes:
      places: of each column by name.
      rows: without the line of names.
      lines: of each row, its last.
      path: of the file.
      separator: the name of what parts its cells.
      decimal: the mark of its decimals, where it may have two and shows one.
      said: what of it could be meant otherwise, a sentence each.
    """

    places: dict[str, int]
    rows: list[list[str]]
    lines: list[int]
    path: Path
    separator: str = POINTED
    decimal: str = ""
    said: tuple[str, ...] = ()

    def cells(self, name: str, remedy: str = "") -> Cells:
        """The cells of a column; `remedy` is what else can be done where one is missing."""
        cell, what = itemgetter(self.places[name]), f"column {name}"
        return Cells(list(map(cell, self.rows)), what, self.path, self.lines, remedy=remedy)


def read_table(path: Path, separator: str | None = None, usual: str = "") -> Table:
    """The cells of a file.

    Args:
      separator: the name of what parts them; None is what the file looks like.
      usual: that of files like it, which decides where it may be one of two.

    Raises:
      UserError: naming the line, if it cannot be read, or is no table.
    """
    found = format_of(path, separator, usual)
    rows, lines = [], []
    try:
        with csv_file.rows_of(path, found.format) as reader:
            for row in reader:
                if row:
                    rows.append(row if are_clean(row) else list(map(clean, row)))
                    lines.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, error) from None
    if len(rows) < 2:
        raise UserError(f"{path} must hold a line of column names, and an example on each other")
    check_cells(rows, lines, path, found.separator)
    said = list(found.said)
    if found.separator not in (POINTED, separator, usual, USUAL_OF.get(suffix_of(path))):
        said.append(f"{path}: its cells are parted by {PARTED[found.separator]}")
    places = {name: place for place, name in enumerate(rows[0])}
    return Table(places, rows[1:], lines[1:], path, found.separator, said=tuple(said))


def with_points(table: Table, names: Collection[str], known: str = "") -> Table:
    """The same table, with points for decimal commas in columns of numbers.

    Args:
      names: the columns that count.
      known: the mark of the decimals of tables like it; empty: not known.

    Raises:
      UserError: if decimals have two marks, or commas may part thousands.
    """
    if table.separator == POINTED:
        return table
    marks = [m for name in names for m in decimals.marks_of(table.cells(name).texts, name)]
    found = decimals.check_marks(marks, table.path, table.lines, known)
    if found is None:
        return table
    rows, said = table.rows, table.said
    where = f"line {table.lines[found.row]}: {short(found.text)!r} in column {found.column}"
    mark = f"{table.path}: its decimals are written with {decimals.WORDS[found.mark]} ({where})"
    if found.mark == decimals.COMMA:
        places = {table.places[one.column] for one in marks}
        said = said if known else (*said, mark)
        rows = [
            [decimals.with_point(cell) if i in places else cell for i, cell in enumerate(row)]
            for row in rows
        ]
    elif not known and decimals.could_be_thousands(found.text):
        said = (*said, f"{mark}; if points part thousands, take them out")
    return table._replace(rows=rows, decimal=found.mark, said=said)


def check_cells(
    rows: Sequence[Sequence[str]], lines: Sequence[int], path: Path, separator: str
) -> None:
    """Raises UserError unless columns have names of their own, and every line a cell for each."""
    names = rows[0]
    check_names(names, f"{path}, line 1")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(names):
            raise UserError(
                f"{path}, line {line}: {plural(len(row), 'cell')}, and line 1 names "
                f"{plural(len(names), 'column')}{APART.format(PARTED[separator])}"
            )


def check_names(names: Sequence[str], where: str) -> None:
    """Raises UserError unless columns have names of their own."""
    if "" in names:
        raise UserError(
            f"{where}: column {names.index('') + 1} has no name; give it one, or take it out "
            "(pandas and R number lines in such a column, unless told index=False, row.names=FALSE)"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        hint = f"; {NAMELESS}" if is_number(twice[0]) else ""
        raise UserError(f"{where}: every column needs a name of its own; see {twice[0]!r}{hint}")
    check_apart(names, where)


def doubts_of_names(names: Sequence[str]) -> list[str]:
    """Whether line 1 may be an example: names that are numbers, as no counting gives them."""
    numbers = [name for name in names if is_number(name) and not name.isdecimal()]
    doubt = f"line 1 names the columns, and holds a number, {short(numbers[0])}" if numbers else ""
    return [f"{doubt}; {NAMELESS}"] if numbers else []
