"""Kinds of values of several parts: places, lists of names, values by name, layouts."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
from collections.abc import Collection, Mapping
from typing import Any

from dlfun.config import numerals
from dlfun.config.parsers.scalars import Kind, choice, integer, short
from dlfun.data import user_files
from dlfun.data.tfds import prepared
from dlfun.errors import UserError, unknown
from dlfun.types import CONVOLUTIONS, RECURRENCES, Layout

EXPLAIN = "explain"
"""The value of --layout that measures the choices and trains nothing."""

MEMBERS = ("best", "mean", "ensemble")
"""What can be chosen of the members of a record, beside one by its number."""

REST = ""
"""The key of the value for all models that have none of their own, in a value by model."""


def text() -> Kind:
    """Any text of one line that is not empty."""

    def parse(given: str) -> str:
        if not given.strip() or not given.isprintable():
            raise ValueError("must not be empty, nor hold what cannot be printed")
        return given.strip()

    return Kind(parse, str, "TEXT")


def path() -> Kind:
    """A path; `~` at its start is the user's home."""
    return Kind(lambda given: os.path.expanduser(text().parse(given)), str, "PATH")


def place() -> Kind:
    """A path, wherever a study is replayed from."""
    return Kind(lambda given: os.path.abspath(path().parse(given)), str, "PATH")


def address() -> Kind:
    """HOST:PORT, the host by its name or its number."""

    def parse(given: str) -> str:
        found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):([0-9]{1,5})", given.strip(), re.ASCII)
        if not found or not 0 < int(found[2]) < 2**16:
            raise ValueError("must be HOST:PORT, such as 10.0.0.1:1234")
        return given.strip()

    return Kind(parse, str, "HOST:PORT")


def dataset(valid: Collection[str]) -> Kind:
    """A data set by its name, or by the file or folder it is read from, as an absolute path."""
    known = choice("dataset", valid)

    def parse(given: str) -> str:
        name = given.strip()
        if name in valid or not user_files.is_path(name):
            # What is not of the table may lie prepared: that depends on another flag.
            return name if prepared.NAME.fullmatch(name) else known.parse(name)
        try:
            return user_files.absolute(name)
        except UserError as error:
            raise ValueError(str(error)) from None

    return dataclasses.replace(known, parse=parse, form="NAME|PATH")


def names(what: str, valid: Collection[str], one: Kind | None = None) -> Kind:
    """A list of different names, parted by commas; `one` says how each is read."""
    one = one or choice(what, valid)

    def parse(given: str) -> tuple[str, ...]:
        if not given.strip(" ,"):
            raise ValueError(
                f"name at least one {what}, such as {next(iter(valid))}; the help lists all"
            )
        found = tuple(one.parse(name) for name in given.split(","))
        twice = [name for i, name in enumerate(found) if name in found[:i]]
        if twice:
            raise ValueError(f"{what} '{twice[0]}' is given twice; name each one once")
        return found

    return Kind(parse, ",".join, f"{one.form},...", tuple(valid))


def member(several: bool) -> Kind:
    """best, a number, or where several members may be chosen mean or ensemble."""
    known = MEMBERS if several else MEMBERS[:1]
    number = integer(0)

    def parse(given: str) -> str:
        if given.strip() in known:
            return given.strip()
        try:
            return str(number.parse(given))
        except ValueError:
            raise ValueError(f"must be {', '.join(known)}, or a member's number") from None

    return Kind(parse, str, f"{'|'.join(known)}|N")


def layout() -> Kind:
    """`auto`, which is None; `explain`; or a Layout as it writes itself, such as 2x5/40+xla."""
    ways = (*CONVOLUTIONS, *RECURRENCES)
    number = r"([1-9]\d{0,8})"
    form = re.compile(rf"{number}x{number}(?:/{number})?(?:\+({'|'.join(ways)}))?")

    def parse(given: str) -> Layout | str | None:
        if given.strip() in ("auto", EXPLAIN):
            return None if given.strip() == "auto" else EXPLAIN
        found = form.fullmatch(given.strip())
        if not found:
            raise ValueError(
                "must be auto, explain, or devices x members at once on each, such as 2x5; "
                "2x5/40 has 40 members in memory at a time, and 2x5+WAY computes layers by "
                f"{', '.join(ways)}"
            )
        return Layout(int(found[1]), int(found[2]), int(found[3] or 0), found[4] or "")

    return Kind(parse, lambda at: str(at or "auto"), "DEVICESxWIDTH[/CHUNK][+WAY]")


def by_model(kind: Kind, models: Collection[str]) -> Kind:
    """One value for all models, values for some, or both: `0.001,cnn:0.003`."""
    return by_name(kind, "model", models)


def by_name(kind: Kind, what: str, valid: Collection[str] = ()) -> Kind:
    """One value for all, values for some by their names, or both.

    The value is a dictionary: name, or `REST`, -> value.

    Args:
      what: of what they are the names, such as model.
      valid: the names that there are; none: any.
    """
    form = f"must be {kind.form} for all {what}s, {what.replace(' ', '').upper()}:{kind.form} for "
    form += "some, or both, parted by commas"

    def one(item: str) -> tuple[str, Any]:
        name, colon, value = (part.strip() for part in item.rpartition(":"))
        try:
            if colon and valid and name not in valid:
                raise ValueError(str(unknown(what, short(name), valid)))
            return name, kind.parse(value)
        except ValueError as error:
            if re.search(r"\S[;=\s]+\S", item) and "; write" not in str(error):
                raise ValueError(form) from None
            raise ValueError(f"{name}: {error}" if name in valid else str(error)) from None

    def parse(given: str) -> dict[str, Any]:
        if kind.form == "NUMBER" and not kind.whole:
            check_commas(given, what)
        values: dict[str, Any] = {}
        for item in items_of(given):
            name, value = one(item)
            if name in values:
                raise ValueError(f"gives {name or f'all {what}s'} a value twice; it {form}")
            values[name] = value
        return values

    def show(values: Mapping[str, Any]) -> str:
        items = ((name, kind.show(value)) for name, value in values.items())
        return ",".join(f"{name}:{value}" if name else value for name, value in items)

    return Kind(parse, show, kind.form, kind.choices)


def items_of(given: str) -> list[str]:
    """What commas part; raises ValueError if nothing is before or behind one."""
    items = given.split(",")
    if len(items) > 1 and not all(item.strip() for item in items):
        raise ValueError("has a comma with nothing before or behind it; take it out")
    return items


def check_commas(given: str, what: str) -> None:
    """Raises ValueError if a comma between two numbers looks like a decimal one.

    `cnn:0.5,1` is cnn's value and that of the rest; `cnn:0,5` could be one number.
    """
    items = [item.strip().rpartition(":") for item in given.split(",")]
    for (_, colon, left), (_, next_colon, right) in itertools.pairwise(items):
        number = f"{left.strip()},{right.strip()}"
        apart = next_colon or (colon and "." in left)
        if not apart and (meant := numerals.hint(number)):
            raise ValueError(f"in {short(number)} a comma parts the values of {what}s{meant}")


def of_model(values: Mapping[str, Any], model: str, default: Any) -> Any:
    """A model's own value, else that of the rest, else the default."""
    return values.get(model, values.get(REST, default))
