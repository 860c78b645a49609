"""Words that messages, tables and pages share."""

import unicodedata
from collections.abc import Sequence


def plural(count: int, what: str, many: str = "") -> str:
    """A number of things; `many` is their plural where it is not made by an s.

    >>> plural(1, "seed"), plural(1000, "test example"), plural(0, "class", "classes")
    ('1 seed', '1,000 test examples', '0 classes')
    """
    return f"{count:,} {what if count == 1 else many or what + 's'}"


def amount(value: float, what: str) -> str:
    """A mean number of things, which may not be whole, with four digits.

    >>> amount(1.0, "run"), amount(1.5, "run"), amount(12000.0, "step")
    ('1 run', '1.5 runs', '12,000 steps')
    """
    if value == round(value):
        return plural(round(value), what)
    return f"{value:,.4g} {what}s"


def width(text: str) -> int:
    r"""The columns of a terminal that a text takes.

    >>> width("cat"), width("猫"), width("Cafe\u0301")
    (3, 2, 4)
    """
    if text.isascii():
        return len(text)
    shown = (c for c in text if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in shown)


def listed(words: Sequence[str], most: int = 6) -> str:
    """Words as a list in a sentence.

    >>> listed(["a", "b", "c"]), listed(list("abcdef"), 3)
    ('a, b and c', 'a, b, c and 3 more')
    """
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def spoken(name: str) -> str:
    """The name of a flag or column in words.

    >>> spoken("kl_weight"), spoken("learning_rate")
    ('KL weight', 'learning rate')
    """
    return name.replace("_", " ").replace("kl ", "KL ")
