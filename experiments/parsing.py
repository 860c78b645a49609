"""Kinds of flag values: how one is read from text, checked, and written so that it reads back."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from dlfun.data import own, prepared
from dlfun.data.augmentations import AUGMENTATIONS
from dlfun.errors import UserError, unknown
from dlfun.types import CONVOLUTIONS, RECURRENCES, Layout, Range

EXPLAIN = "explain"
"""The value of --layout that measures the choices and trains nothing."""

LARGEST = 2**31 - 1
SHOWN = 60

REST = ""
"""The key of the value for all models that have none of their own, in a value by model."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a value is read and written.

    Attributes:
      parse: text -> value; raises ValueError saying what is allowed.
      show: value -> text that `parse` reads back as the same value.
      form: what stands for a value in the help, such as NUMBER.
      choices: the valid values, where there are few.
    """

    parse: Callable[[str], Any]
    show: Callable[[Any], str]
    form: str
    choices: tuple[str, ...] = ()


def short(text: str) -> str:
    """A text as an error shows it: cut where it is long."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def integer(low: int, high: int = LARGEST) -> Kind:
    """A whole number from low to high."""
    limit = f" and at most {high}" if high != LARGEST else ""

    def parse(text: str) -> int:
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number, at least {low}{limit}")
        return int(text)

    return Kind(parse, str, "N")


def describe(bounds: Range) -> str:
    """Where a number may lie, in words.

    >>> describe(Range(0, 1, "", high_allowed=False))
    'at least 0 and below 1'
    """
    words = [f"{'at least' if bounds.low_allowed else 'above'} {bounds.low:g}"]
    if bounds.high < math.inf:
        words.append(f"{'at most' if bounds.high_allowed else 'below'} {bounds.high:g}")
    elif not bounds.high_allowed:
        words.append("finite")
    return " and ".join(words)


def number(bounds: Range) -> Kind:
    """A number within bounds; NaN is within none."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        above = value > bounds.low or (bounds.low_allowed and value == bounds.low)
        below = value < bounds.high or (bounds.high_allowed and value == bounds.high)
        if not (above and below):
            raise ValueError(f"must be a number, {describe(bounds)}")
        return value

    return Kind(parse, lambda value: repr(float(value)), "NUMBER")


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


def address() -> Kind:
    """HOST:PORT, the host by its name or its number."""

    def parse(given: str) -> str:
        found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):([0-9]{1,5})", given.strip(), re.ASCII)
        if not found or not 0 < int(found[2]) < 2**16:
            raise ValueError("must be HOST:PORT, such as 10.0.0.1:1234")
        return given.strip()

    return Kind(parse, str, "HOST:PORT")


def choice(what: str, valid: Collection[str]) -> Kind:
    """One of a few names; `what` says of what, as in "unknown optimizer"."""

    def parse(given: str) -> str:
        if given.strip() not in valid:
            raise ValueError(str(unknown(what, short(given.strip()), valid)))
        return given.strip()

    return Kind(parse, str, "NAME", tuple(valid))


def dataset(valid: Collection[str]) -> Kind:
    """A data set by its name, or by the file or folder it is read from, as an absolute path."""
    known = choice("dataset", valid)

    def parse(given: str) -> str:
        name = given.strip()
        if name in valid or not own.is_path(name):
            # What is not of the table may lie prepared: that depends on another flag.
            return name if prepared.NAME.fullmatch(name) else known.parse(name)
        try:
            return own.absolute(name)
        except UserError as error:
            raise ValueError(str(error)) from None

    return dataclasses.replace(known, parse=parse, form="NAME|PATH")


def names(what: str, valid: Collection[str], one: Kind | None = None) -> Kind:
    """A list of different names, parted by commas; `one` says how each is read."""
    one = one or choice(what, valid)

    def parse(given: str) -> tuple[str, ...]:
        if not given.strip(" ,"):
            raise ValueError(
                f"name at least one {what}, such as {next(iter(valid))}; --help lists all"
            )
        found = tuple(one.parse(name) for name in given.split(","))
        twice = [name for i, name in enumerate(found) if name in found[:i]]
        if twice:
            raise ValueError(f"{what} '{twice[0]}' is given twice; name each one once")
        return found

    return Kind(parse, ",".join, f"{one.form},...", tuple(valid))


def boolean() -> Kind:
    """Yes or no: --name, --noname, or --name=true."""
    words = {"true": True, "t": True, "1": True, "yes": True}
    words |= {"false": False, "f": False, "0": False, "no": False}

    def parse(given: str) -> bool:
        if given.strip().lower() not in words:
            raise ValueError("must be true or false")
        return words[given.strip().lower()]

    return Kind(parse, lambda value: str(value).lower(), "")


def sizes(low: int, empty: bool = False) -> Kind:
    """Whole numbers, one a layer: `100,100` or `100x100`; nothing is no layer, if allowed."""
    one = integer(low)

    def parse(given: str) -> tuple[int, ...]:
        if empty and not given.strip():
            return ()
        try:
            return tuple(one.parse(size) for size in re.split("[,x]", given))
        except ValueError:
            none = "; nothing for no layer" if empty else ""
            raise ValueError(
                f"must be whole numbers, each at least {low}, such as 100,100 or 100x100{none}"
            ) from None

    return Kind(parse, lambda value: ",".join(map(str, value)), "N,...")


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


def memory() -> Kind:
    """Bytes, as a number with a unit: 800MiB, 1.5GiB."""
    units = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

    def parse(given: str) -> int:
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(KiB|MiB|GiB|TiB)", given.strip())
        count = round(float(found[1]) * units[found[2]]) if found else 0
        if not count:
            raise ValueError("must be a number with a unit, such as 800MiB or 1.5GiB")
        return count

    def show(value: int) -> str:
        unit = next(u for u in ("TiB", "GiB", "MiB", "KiB") if value >= units[u] or u == "KiB")
        # Enough digits to read back the same number of bytes.
        return f"{value / units[unit]:.9f}".rstrip("0").rstrip(".") + unit

    return Kind(parse, show, "SIZE")


def augment() -> Kind:
    """Augmentations with their strengths, where not the usual: `flip,shift:3`; nothing is none."""

    def one(given: str) -> tuple[str, float]:
        name, colon, strength = (part.strip() for part in given.partition(":"))
        if name not in AUGMENTATIONS:
            raise ValueError(str(unknown("augmentation", short(name), AUGMENTATIONS)))
        row = AUGMENTATIONS[name]
        kind = integer(int(row.strength.low)) if row.whole else number(row.strength)
        try:
            return name, float(kind.parse(strength)) if colon else float(row.usual)
        except ValueError as error:
            raise ValueError(f"the strength of {name} {error}") from None

    def parse(given: str) -> tuple[tuple[str, float], ...]:
        found = tuple(one(part) for part in given.split(",")) if given.strip() else ()
        called = [name for name, _ in found]
        twice = [name for i, name in enumerate(called) if name in called[:i]]
        if twice:
            raise ValueError(f"augmentation '{twice[0]}' is given twice; name each one once")
        return found

    def show(value: Collection[tuple[str, float]]) -> str:
        return ",".join(f"{name}:{strength!r}".removesuffix(".0") for name, strength in value)

    return Kind(parse, show, "NAME[:STRENGTH],...", tuple(AUGMENTATIONS))


def by_model(kind: Kind, models: Collection[str]) -> Kind:
    """One value for all models, values for some, or both: `0.001,cnn:0.003`.

    The value is a dictionary: model, or `REST`, -> value.
    """

    def parse(given: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for item in given.split(","):
            model, colon, value = item.strip().rpartition(":")
            if colon and model.strip() not in models:
                raise ValueError(str(unknown("model", short(model.strip()), models)))
            if model.strip() in values:
                raise ValueError(f"gives {model.strip() or 'all models'} a value twice")
            try:
                values[model.strip()] = kind.parse(value.strip())
            except ValueError as error:
                raise ValueError(f"{model.strip()}: {error}" if colon else str(error)) from None
        return values

    def show(values: Mapping[str, Any]) -> str:
        items = ((model, kind.show(value)) for model, value in values.items())
        return ",".join(f"{model}:{value}" if model else value for model, value in items)

    return Kind(parse, show, kind.form, kind.choices)


def of_model(values: Mapping[str, Any], model: str, default: Any) -> Any:
    """A model's own value, else that of the rest, else the default."""
    return values.get(model, values.get(REST, default))
