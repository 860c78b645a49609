"""Numbers as people write them, and the one form that options read. Needs no JAX.

A number is written as in a cell of a table (`dlfun.data.user_files.cells`), or as inf.
"""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal

from dlfun.data.user_files.cells import NUMBER, TWINS

ZEROS = re.compile(r"[+-]?0[0-9]")
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
GROUPS = re.compile(r"([0-9])[ ._,'’\u00a0\u202f](?=[0-9]{3}(?![0-9]))")
COMMA = re.compile(r"[+-]?[0-9.]*[0-9],[0-9]+([eE][+-]?[0-9]+)?")
LONGEST = 40


def read(text: str) -> float:
    """The number that a text is; NaN if it is none, as a comma, a percentage or 01 is none.

    >>> read("1e-3"), read("inf"), read("0,01"), read("01"), read("1_000")
    (0.001, inf, nan, nan, nan)
    """
    text = text.strip()
    if INFINITE.fullmatch(text) or (NUMBER.fullmatch(text) and not ZEROS.match(text)):
        return float(text)
    return math.nan


def hint(text: str) -> str:
    """What to write instead of a number in another form; empty where it is not known.

    >>> hint("0,01"), hint("1.000,5"), hint("10 %"), hint("1_000"), hint("fast")
    ('; write 0.01', '; write 1000.5', '; write 0.1', '; write 1000', '')
    """
    text = text.strip()
    if len(text) > LONGEST:
        return ""
    plain = "".join(str(unicodedata.decimal(c, c)) for c in text.translate(TWINS))
    plain = plain.replace("٫", ".").replace("·", ".")
    number, percent = plain.rstrip(" %"), plain.endswith("%")
    if COMMA.fullmatch(number):
        number = number.replace(".", "").replace(",", ".")
    elif not NUMBER.fullmatch(number):
        number = GROUPS.sub(r"\1", number)
    if NUMBER.fullmatch(number) and ZEROS.match(number):
        return "; leave out zeros before a number, and put a point, no comma, before decimals"
    if not NUMBER.fullmatch(number) or (number == text and not percent):
        return ""
    return f"; write {Decimal(number) / 100 if percent else number}"


def whole_hint(text: str) -> str:
    """The same of a whole number, of which 1e3 and 1,000 are other forms, too.

    >>> whole_hint("1e3"), whole_hint("1,000"), whole_hint("10.0"), whole_hint("2.5")
    ('; write 1000', '; write 1000', '; write 10', '')
    """
    plain = GROUPS.sub(r"\1", text.strip())
    meant = hint(plain).removeprefix("; write ") or plain.lstrip("0")
    value = read(meant) if len(meant) <= LONGEST else math.nan
    known = math.isfinite(value) and value == int(value) and str(int(value)) != text.strip()
    return f"; write {int(value)}" if known else ""
