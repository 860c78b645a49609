"""Metrics as they are shown: their names, units and digits."""

from __future__ import annotations

import math
from typing import NamedTuple

from dlfun.objectives import metrics
from dlfun.words import listed as listed
from dlfun.words import spoken as spoken

NOTHING = "–"
"""Stands where there is no number."""

MINUS = "−"


class Unit(NamedTuple):
    """How a metric is shown.

    Attributes:
      name: in words, such as test accuracy.
      factor: what values are multiplied by.
      sign: the unit behind a value.
      step: the unit behind a difference.
      digits: decimals; None is four significant digits.
    """

    name: str
    factor: float = 1.0
    sign: str = ""
    step: str = ""
    digits: int | None = None
    higher: bool = False

    @property
    def label(self) -> str:
        """Of an axis or a column."""
        return f"{self.name} ({self.sign})" if self.sign else self.name

    @property
    def difference(self) -> str:
        """Of an axis of differences."""
        return f"difference in {self.name}" + (f" ({self.step})" if self.step else "")

    def text(self, value: float | None) -> str:
        """A value as stored, without its unit."""
        return number(None if value is None else self.factor * value, self.digits)

    def whole(self, value: float | None) -> str:
        """A value as stored, with its unit."""
        return f"{self.text(value)} {self.sign}".strip()

    def signed(self, value: float | None) -> str:
        """A difference as stored, with its sign but not its unit."""
        shown = self.text(value)
        return shown if shown.startswith(MINUS) or shown == NOTHING else f"+{shown}"

    def interval(self, ends: tuple[float | None, float | None] | list) -> str:
        """The ends of an interval, without the unit."""
        return f"[{self.text(ends[0])}, {self.text(ends[1])}]"


def number(value: float | None, digits: int | None = None) -> str:
    """A number as text: with so many decimals, or four significant digits.

    >>> number(-0.5, 2), number(1234.5678), number(float("nan")), number(2e-5)
    ('−0.50', '1,235', '–', '2·10⁻⁵')
    """
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if digits is not None:
        text = f"{value:,.{digits}f}"
    elif value != 0 and not 1e-3 <= abs(value) < 1e6:
        text = scientific(value)
    else:
        text = f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
        text = f"{value:,.0f}" if "e" in text else text
    return text.replace("-", MINUS)


def scientific(value: float) -> str:
    """A number of at most three digits and a power of ten.

    >>> scientific(1e-5), scientific(2.5e7)
    ('10⁻⁵', '2.5·10⁷')
    """
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    short = f"{float(mantissa):g}"
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if short == "1" else f"{short}·{power}"


def unit_of(metric: str) -> Unit:
    """How a metric of members.csv is shown."""
    row = metrics.metric(metric)
    return Unit(metrics.words(metric), row.factor, row.unit, row.step, row.digits, row.higher)


def better(metric: str) -> str:
    """Whether higher or lower values are better, in words."""
    return "higher is better" if unit_of(metric).higher else "lower is better"


def sentence(text: str) -> str:
    """A text that begins with a capital, unless with a name, and ends with a stop.

    >>> sentence("no arm repeats"), first_upper("validation ELBO")
    ('No arm repeats.', 'Validation ELBO')
    """
    return first_upper(text) if text.endswith((".", "!", "?")) else f"{first_upper(text)}."


def first_upper(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]
