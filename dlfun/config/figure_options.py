"""The options of figures for print, for commands and calls alike."""

from __future__ import annotations

import re

from dlfun.config import numerals, parsers

FORMATS = ("pdf", "svg", "png")
FORMAT = parsers.choice("format", FORMATS)

INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72}
"""Unit of length -> inches; a point is that of PDF and PostScript."""

NARROWEST, WIDEST = 1.5, 40.0
"""Inches; of less, no text has room."""

USUAL = "3.3in"
"""A column of a paper in two columns."""


def length() -> parsers.Kind:
    """A length with its unit, in inches.

    >>> length().parse("144 pt"), length().show(3.3)
    (2.0, '3.3in')
    """
    units = ", ".join(INCHES)
    wanted = (
        f"must be a length with its unit, {units}, such as {USUAL} or 84mm; "
        f"from {NARROWEST:g}in to {WIDEST:g}in"
    )

    def parse(given: str) -> float:
        found = re.fullmatch(rf"\s*(.*?)\s*({'|'.join(INCHES)})\s*", given)
        inches = numerals.read(found[1]) * INCHES[found[2]] if found else 0.0
        if not NARROWEST <= inches <= WIDEST:
            raise ValueError(wanted)
        return inches

    return parsers.Kind(parse, lambda inches: f"{inches!r}in", "LENGTH")


WIDTH = length()
