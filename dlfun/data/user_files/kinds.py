"""The kinds of a user's own data, and the options that each of them has."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dlfun.errors import OPT, UserError, bad_value
from dlfun.types import DataOptions

PACKED = ".gz"


class Kind(NamedTuple):
    """A kind of data: the suffixes of its files, none of a folder, and its words."""

    suffixes: tuple[str, ...]
    words: str


TABLE = Kind((".csv", ".tsv", ".csv.gz", ".tsv.gz"), "a .csv file")
ARRAYS = Kind((".npz",), "an .npz file")
FOLDER = Kind((), "a folder of classes")
KINDS = (TABLE, ARRAYS, FOLDER)

SUFFIXES = (*TABLE.suffixes, *ARRAYS.suffixes)

OPTIONS_OF: Mapping[str, tuple[Kind, ...]] = {
    "target_column": (TABLE,),
    "target_type": (TABLE, ARRAYS),
    "missing": (TABLE,),
    "ignore_columns": (TABLE,),
    "separator": (TABLE,),
    "validation": (TABLE, ARRAYS, FOLDER),
    "resize": (FOLDER,),
}
"""Option of the user's own data -> the kinds that have it."""

READING = ("missing", "ignore_columns", "separator", "validation", "resize")
"""Those that all data sets of a study have in common, where they are of a kind that has them."""


def suffix_of(path: Path) -> str:
    """The suffix of a file in small letters, that of what is packed in it before it.

    >>> suffix_of(Path("a.CSV")), suffix_of(Path("v1.csv.gz")), suffix_of(Path("a.gz"))
    ('.csv', '.csv.gz', '.gz')
    """
    packed = path.suffix.lower() == PACKED
    return "".join(path.suffixes[-2:] if packed else path.suffixes[-1:]).lower()


def kind_of(text: str) -> Kind | None:
    """The kind of data that a text names, by its suffix or as a folder; None of all others."""
    path = Path(os.path.expanduser(text))
    if path.is_absolute() and path.is_dir():  # as all paths of studies are
        return FOLDER
    suffix = suffix_of(path)
    return next((kind for kind in KINDS if suffix in kind.suffixes), None)


def words_of(kinds: Collection[Kind]) -> str:
    """Some kinds in words.

    >>> words_of([TABLE, ARRAYS])
    'a .csv or .npz file'
    """
    files = [kind.words.split()[1] for kind in kinds if kind.suffixes]
    words = [f"a {' or '.join(files)} file"] if files else []
    return " or ".join([*words, *(kind.words for kind in kinds if not kind.suffixes)])


def check_options(options: DataOptions, datasets: Collection[str]) -> None:
    """Raises UserError if an option is given, and no data set is of a kind that has it."""
    own = [(name, kind) for name in datasets if (kind := kind_of(name)) is not None]
    for name in OPTIONS_OF:
        if not any(kind in OPTIONS_OF[name] for _, kind in own):
            check_absent(options, name)
    given = options.validation
    if given is None:
        return
    if len(own) != 1:
        many = f"it is of one data set of your own, and there are {len(own)}; study each alone"
        raise bad_value("validation", given, many)
    (name, kind), there = own[0], Path(os.path.expanduser(given))
    if not there.exists():
        raise bad_value("validation", given, "there is no such file or folder")
    if there.samefile(os.path.expanduser(name)):
        raise bad_value(
            "validation", given, "is the data set itself; name another, or leave it out"
        )
    if kind_of(given) is not kind:
        raise bad_value("validation", given, f"must be {kind.words}, as {name} is")


def check_absent(options: DataOptions, name: str) -> None:
    """Raises UserError if an option is given that none of the data sets has."""
    value = getattr(options, name)
    if value not in (None, ()):
        none = f"none of the data sets is {words_of(OPTIONS_OF[name])}; leave it out"
        raise bad_value(name, shown(value), none)


def shown(value: object) -> str:
    """The value of an option, as it may be given."""
    if not isinstance(value, tuple):
        return str(value)
    return ("," if isinstance(value[0], str) else "x").join(map(str, value))


def in_common(given: Collection[tuple[str, DataOptions]]) -> dict[str, Any]:
    """The options that say how data are read, of all data sets of a study: name -> value.

    Args:
      given: name or path of each data set, and its options.

    Raises:
      UserError: if two of a kind have different ones.
    """
    found: dict[str, Any] = {}
    for name in READING:
        having = [(where, own) for where, own in given if kind_of(where) in OPTIONS_OF[name]]
        values = {getattr(own, name): where for where, own in having}
        if len(values) > 1:
            raise UserError(
                f"{OPT(name)}: {' and '.join(values.values())} were loaded with different ones; "
                "load them with the same, or study each alone"
            )
        found[name] = next(iter(values), None)
    return found
