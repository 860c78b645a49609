"""Facts of which an arm's runs are made: what must agree before runs of two records are pooled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlfun.config.option_table import PAIRING, RUN, TESTED, Option, decided_by
from dlfun.config.protocol_table import TUNING
from dlfun.config.studies import options_of
from dlfun.errors import short
from dlfun.records.study_file import json_option
from dlfun.studies.comparison.verdicts import Row

Facts = Mapping[str, Any]
"""Fact in words -> its value, as JSON has it."""

CHECKSUM, TABLE = "data checksum", "table"
"""Of trained models and of judged results: what says which data they were tested on."""


def with_defaults(study: Facts) -> dict[str, Any]:
    """The options of a record, those that it does not name at their defaults."""
    rows = {name: row for name, row in options_of(study["study"]).items() if row.replayed}
    usual = {name: json_option(row, row.default) for name, row in rows.items() if is_plain(row)}
    return usual | dict(study["options"])


def is_plain(row: Option) -> bool:
    """Whether an option has a default that stands in a record."""
    return row.default is not None and not row.by_model


def chosen(study: Facts, options: Facts, wanted: Callable[[Option], bool]) -> dict[str, Any]:
    """The options whose rows are wanted, by their names in words; None where one has no value."""
    rows = options_of(study["study"])
    return {in_words(name): options.get(name) for name, row in rows.items() if wanted(row)}


def in_words(name: str) -> str:
    """The name of an option or a number in words."""
    return name.replace("_", " ")


def tested_facts(study: Facts, options: Facts, data: Facts) -> dict[str, Any]:
    """What scores are of: the data, how they are split, and what is wanted of them."""
    known = {CHECKSUM: data["checksum"], "official split": data.get("split")}
    known |= {"test examples": data["examples"]["test"]}
    return known | chosen(study, options, lambda row: decided_by(row) == TESTED)


def run_facts(study: Facts, options: Facts, model: str, tuned: Facts | None) -> dict[str, Any]:
    """What else runs come from: numbers, shape, training, and how they were tuned, if they were.

    Args:
      tuned: the values that were chosen and frozen; None where nothing was tuned.
    """
    both = {**(study["models"].get(model) or {}), **(tuned or {})}
    known = {in_words(name): value for name, value in both.items()}
    known |= chosen(study, options, lambda row: decided_by(row) == RUN)
    if tuned is not None:
        known |= chosen(study, options, lambda row: row.group == TUNING and row.frozen)
    return known


def keys_of(options: Facts, rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """[runs] what is the same for the same run of one program, and for the two runs of a pair."""
    shared = tuple(str(options.get(name)) for name in PAIRING)
    return [(*shared, f"{int(row['replicate']):09d}") for row in rows]


def different(one: Facts, other: Facts) -> list[str]:
    """The facts that two do not agree in."""
    return [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]


def difference_words(one: Facts, other: Facts) -> str:
    """In words, what of two is not the same; nothing where all is.

    >>> difference_words({"steps": 1000, "dropout rate": 0.0}, {"steps": 2000, "dropout rate": 0.0})
    'other steps: 1000 / 2000'
    >>> difference_words({"data checksum": "12ab"}, {"data checksum": "34cd"})
    'another data checksum: 12ab / 34cd'
    """
    names = different(one, other)
    said = [f"{article(n)} {n}: {value(one.get(n))} / {value(other.get(n))}" for n in names[:MOST]]
    more = [f"and {len(names) - MOST} more"] if len(names) > MOST else []
    return "; ".join([*said, *more])


MOST = 3
"""So many differences are named."""

SHOWN = 12
"""Characters of a value that are shown."""


def article(name: str) -> str:
    """Other for several things, another for one."""
    return "other" if name.endswith("s") else "another"


def value(known: Any) -> str:
    """A value in a sentence."""
    if known is None:
        return "unset"
    if isinstance(known, bool):
        return "yes" if known else "no"
    return f"{known:.6g}" if isinstance(known, float) else short(known, SHOWN)
