"""Gates: claims that a script asks a study to decide, such as `cnn better than rnn`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dlfun.config import numerals, parsers
from dlfun.errors import OPT, UserError, short, unknown

BETTER, NOT_WORSE, EQUIVALENT = "better than", "not worse than", "equivalent to"

MARGINS: Mapping[str, str] = {NOT_WORSE: "by", EQUIVALENT: "within", BETTER: ""}
"""What may be claimed -> the word before its margin, where it has one."""

FORM = "'A better than B', 'A not worse than B by 0.005', or 'A equivalent to B within 0.01'"


class Gate(NamedTuple):
    """A claim on two arms.

    Attributes:
      claim: one of `MARGINS`.
      margin: in the metric's unit; 0 of a claim without one.
      dataset: the one that it is about; None: each on which both arms are.
    """

    a: str
    claim: str
    b: str
    margin: float = 0.0
    dataset: str | None = None

    def __str__(self) -> str:
        """As it is written."""
        word = MARGINS[self.claim]
        margin = f" {word} {self.margin:g}" if word else ""
        where = f" on {self.dataset}" if self.dataset is not None else ""
        return f"{self.a} {self.claim} {self.b}{margin}{where}"


def parse_gate(text: str) -> Gate:
    """A gate as it is written, with ` on DATASET` behind it where it is about one alone.

    Raises:
      ValueError: if it is none.

    >>> parse_gate("new not worse than old by 0.005 on mnist")
    Gate(a='new', claim='not worse than', b='old', margin=0.005, dataset='mnist')
    """
    claim = next((claim for claim in MARGINS if f" {claim} " in text), None)
    if claim is None:
        raise ValueError(f"must be {FORM}")
    word = MARGINS[claim]
    margin = rf" {word} (?P<margin>\S+)" if word else ""
    found = re.fullmatch(
        rf"\s*(?P<a>.+?) {claim} (?P<b>.+?){margin}(?: on (?P<dataset>.+?))?\s*", text
    )
    if found is None:
        raise ValueError(f"says no margin; write '{text.strip()} {word} 0.01'")
    parts = found.groupdict()
    number = numerals.read(parts.get("margin", "0"))
    if not (math.isfinite(number) and (number > 0 or (number == 0 and claim != EQUIVALENT))):
        hint = numerals.hint(parts["margin"]) or "; write a number above 0, as of a difference"
        raise ValueError(f"has the margin {short(parts['margin'])}{hint}")
    if parts["a"] == parts["b"]:
        raise ValueError("claims something of one arm alone; name two")
    return Gate(parts["a"], claim, parts["b"], number, parts["dataset"])


def gate() -> parsers.Kind:
    """The kind of a gate."""
    return parsers.Kind(parse_gate, str, "A better than B")


def asked_of(gates: Iterable[Gate], arms: Mapping[str, Iterable[str]]) -> list[tuple[Gate, str]]:
    """Each gate once, with each data set that it is about; on some an arm may be missing.

    Args:
      arms: data set -> the arms on it.

    Raises:
      UserError: if an arm or data set is not there.
    """
    known = {name: list(names) for name, names in arms.items()}
    found = []
    for one in dict.fromkeys(gates):
        if one.dataset is not None and one.dataset not in known:
            why = str(unknown("data set", one.dataset, known))
            raise UserError(f"{OPT.require}={short(one)}: {why}")
        on = [name for name in known if one.dataset in (None, name)]
        there = [name for name in on if {one.a, one.b} & {*known[name]}]
        if not any({one.a, one.b} <= {*known[name]} for name in there):
            everyone = list(dict.fromkeys(arm for name in on for arm in known[name]))
            absent = next((arm for arm in (one.a, one.b) if arm not in everyone), None)
            why = str(unknown("arm", absent, everyone)) if absent else "no data set has both"
            raise UserError(f"{OPT.require}={short(one)}: {why}")
        found += [(one, name) for name in there]
    return found
