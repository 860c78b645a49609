"""Cells of tables: a number, a code, a text, or missing. One rule wherever texts enter.

A number is written in ASCII: a sign or none, digits with one decimal point or none, and an
exponent or none: 3, +3, -3.5, .5, 1., 1e5. A whole number with zeros before it (01234), or of more
than 15 digits, is a code: as numbers some codes would be the same. All else is text: 1_0, 0x10,
3,14, 1,234, 5 %, 2024-01-05, inf, True. An empty cell is missing, and so is one of `MISSING`.

Texts are compared as they print: in Unicode's form NFC, without invisible characters, with plain
single blanks inside and none around.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from dlfun.errors import UserError

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"[+-]?[0-9]+")
CODE = re.compile(r"[+-]?(0[0-9]+|[0-9]{16,})")
NO_CODE = re.compile(rf"(?!{CODE.pattern}\Z){NUMBER.pattern}")
ONE = rf"(?!{CODE.pattern}(\n|\Z)){NUMBER.pattern}"
NO_CODES = re.compile(rf"{ONE}(\n{ONE})*+")

MISSING = frozenset(
    ("", "?", "-", "--", ".", "na", "n/a", "#n/a", "<na>", "nan", "nat", "nil", "none", "null")
)
"""In small letters. A "-" beside "+" is a sign, and not missing."""

JOINERS = "\u200c\u200d"
"""They show nothing themselves, and join the letters of some scripts."""

BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Characters of no width, or as wide as a blank, that Unicode counts among letters and marks."""

TWINS = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧοµ‐‑−",
    "ABEKMHOPCTYXIJSaeopcyxijsABEZHIKMNOPTYXoμ---",
)
"""Cyrillic, Greek and other characters that print like a more usual one."""

UNITS = re.compile(r"[\s'’,%$€£¥]")
FORTRAN = re.compile(r"(?<=[0-9.])[dD](?=[+-]?[0-9])")


def clean(text: str) -> str:
    r"""A text as it prints.

    >>> clean(" New\u00a0York\u200b"), clean("Cafe\u0301") == "Caf\u00e9"
    ('New York', True)
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = (c for c in unicodedata.normalize("NFC", text) if c in JOINERS or not invisible(c))
    return " ".join("".join(kept).split())


def is_text(text: str) -> bool:
    r"""Whether a name is text in UTF-8; file systems allow any bytes, and records hold text.

    >>> is_text("caf\xe9.csv"), is_text("caf\udce9.csv")
    (True, False)
    """
    try:
        return bool(text.encode()) or not text
    except UnicodeEncodeError:
        return False


def check_text(names: Iterable[str], where: object = "") -> None:
    """Raises UserError if a name is no text: no record could keep it."""
    for name in names:
        if not is_text(name):
            shown = name.encode(errors="backslashreplace").decode()
            before = f"{where}: " if where else ""
            raise UserError(f"{before}'{shown}' is no text in UTF-8; rename it")


def are_clean(texts: Iterable[str]) -> bool:
    """Whether texts are as they print: sure of those without blanks, and quick."""
    whole = "".join(texts)
    return whole.isascii() and whole.isprintable() and " " not in whole


def invisible(character: str) -> bool:
    """Whether a character shows nothing, and is no blank between words."""
    if character in BLANK or "\ufe00" <= character <= "\ufe0f":
        return True
    return unicodedata.category(character) in ("Cf", "Cc") and not character.isspace()


def shape_of(text: str) -> str:
    """What two texts that print alike have in common."""
    return text.translate(TWINS).translate(dict.fromkeys(map(ord, JOINERS)))


def check_apart(names: Iterable[str], where: object) -> None:
    """Raises UserError if two different names print alike, or one is no text."""
    names = list(names)
    check_text(names, where)
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(shape_of(name), name)
        if other != name:
            raise UserError(
                f"{where}: {other!a} and {name!a} print alike, {name}; write them in "
                "the same characters, or give one another name"
            )


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return len(cell) <= 6 and cell.lower() in MISSING


def is_number(cell: str) -> bool:
    """Whether a cell is a number, and no code.

    >>> [is_number(cell) for cell in ("1e5", ".5", "+1.", "0.50", "0", "01", "1_0", "nan", "")]
    [True, True, True, True, True, False, False, False, False]
    """
    return NO_CODE.fullmatch(cell) is not None


def are_numbers(cells: Iterable[str]) -> bool:
    """Whether all of these cells are numbers, and no codes.

    >>> are_numbers(["1", "-.5"]), are_numbers(["1", "01"]), are_numbers(["1", ""])
    (True, False, False)
    """
    return NO_CODES.fullmatch("\n".join(cells)) is not None


def is_whole(cell: str) -> bool:
    """Whether a cell is a whole number, and no code."""
    return bool(WHOLE.fullmatch(cell)) and not CODE.fullmatch(cell)


def looks_numeric(cell: str) -> bool:
    r"""Whether a text is what people write for a number: 3,14 or 1 234 or 5 % or 1d5.

    >>> [looks_numeric(cell) for cell in ("3,14", "$5", "1D-5", "\u0661", "1_0", "0x1", "3")]
    [True, True, True, True, False, False, False]
    """
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in cell)
    plain = FORTRAN.sub("e", UNITS.sub("", plain.translate(TWINS)))
    return bool(NUMBER.fullmatch(plain)) and not NUMBER.fullmatch(cell)
