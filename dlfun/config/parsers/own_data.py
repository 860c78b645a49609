"""Kinds of values that say how a user's own data are read: names of columns, sizes of images."""

from __future__ import annotations

import csv
import io
import re

from dlfun.config.parsers.scalars import Kind

LARGEST = 65_535
"""Pixels of a side, which is what a JPEG can have."""


def columns() -> Kind:
    """Different names of columns, parted by commas; one with a comma in it stands in quotes."""

    def parse(given: str) -> tuple[str, ...]:
        try:
            (names,) = csv.reader([given], strict=True, skipinitialspace=True)
        except (csv.Error, ValueError):
            raise ValueError("must be names of columns, parted by commas") from None
        found = tuple(name.strip() for name in names)
        if not all(found) or not given.isprintable():
            raise ValueError("must be names of columns, parted by commas, none of them empty")
        twice = [name for i, name in enumerate(found) if name in found[:i]]
        if twice:
            raise ValueError(f"column '{twice[0]}' is given twice; name each one once")
        return found

    def show(value: tuple[str, ...]) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(value)
        return text.getvalue()

    return Kind(parse, show, "COLUMN,...")


def pixels() -> Kind:
    """Width and height of an image: 32x32."""

    def parse(given: str) -> tuple[int, int]:
        found = re.fullmatch(r"\s*([0-9]{1,5})\s*[x,]\s*([0-9]{1,5})\s*", given, re.ASCII)
        sides = tuple(int(side) for side in found.groups()) if found else (0, 0)
        if not all(1 <= side <= LARGEST for side in sides):
            raise ValueError(
                f"must be width x height in pixels, each 1 to {LARGEST}, such as 32x32"
            )
        return sides[0], sides[1]

    return Kind(parse, lambda value: "x".join(map(str, value)), "WIDTHxHEIGHT")
