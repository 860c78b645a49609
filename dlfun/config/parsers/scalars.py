"""Kinds of single values: numbers, names, sizes, amounts of memory, augmentations.

Flags are read by them, and so are the arguments of library calls, which are written as text
first: both are held to the same bounds in the same words. Needs no JAX.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Collection
from typing import Any

from dlfun.config import numerals
from dlfun.data.augmentations import AUGMENTATIONS
from dlfun.errors import short as short
from dlfun.errors import unknown
from dlfun.types import Range

LARGEST = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a value is read and written.

    Attributes:
      parse: text -> value; raises ValueError saying what is allowed.
      show: value -> text that `parse` reads back as the same value.
      form: what stands for a value in the help, such as NUMBER.
      choices: the valid values, where there are few.
      whole: it reads numbers that are counts.
    """

    parse: Callable[[str], Any]
    show: Callable[[Any], str]
    form: str
    choices: tuple[str, ...] = ()
    whole: bool = False


def integer(low: int, high: int = LARGEST) -> Kind:
    """A whole number from low to high."""
    limit = f" and at most {high}" if high != LARGEST else ""

    def parse(text: str) -> int:
        whole = re.fullmatch(r"\s*[+-]?[0-9]{1,99}\s*", text)
        if whole and int(text) > high:
            raise ValueError(f"must be a whole number, at least {low} and at most {high}")
        if not whole or int(text) < low:
            meant = numerals.whole_hint(text)
            raise ValueError(f"must be a whole number, at least {low}{limit}{meant}")
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
        value = numerals.read(text)
        above = value > bounds.low or (bounds.low_allowed and value == bounds.low)
        below = value < bounds.high or (bounds.high_allowed and value == bounds.high)
        if not (above and below):
            meant = numerals.hint(text) if math.isnan(value) else ""
            raise ValueError(f"must be a number, {describe(bounds)}{meant}")
        if not bounds.whole or value == math.inf:
            return value
        if value != int(value):
            raise ValueError("must be a whole number, or inf")
        return int(value)

    def show(value: float) -> str:
        return str(value) if bounds.whole else repr(float(value))

    return Kind(parse, show, "NUMBER", whole=bounds.whole)


def choice(what: str, valid: Collection[str]) -> Kind:
    """One of a few names; `what` says of what, as in "unknown optimizer"."""

    def parse(given: str) -> str:
        if given.strip() not in valid:
            raise ValueError(str(unknown(what, given.strip(), valid)))
        return given.strip()

    return Kind(parse, str, "NAME", tuple(valid))


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
        except ValueError as error:
            if str(LARGEST) in str(error):
                raise ValueError(f"must be whole numbers, each at most {LARGEST}") from None
            none = "; nothing for no layer" if empty else ""
            raise ValueError(
                f"must be whole numbers, each at least {low}, such as 100,100 or 100x100{none}"
            ) from None

    return Kind(parse, lambda value: ",".join(map(str, value)), "N,...")


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
            raise ValueError(str(unknown("augmentation", name, AUGMENTATIONS)))
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
