"""The styles of arms: every family of models has a colour of its own, the same on all figures.

A style is a number: a colour, a marker and a dash go with it. The page's style sheet holds the
colours as `--c0`, `--c1` and so on, for light and for dark.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zlib import crc32


class Colour(NamedTuple):
    """A colour on white paper, and what stands for it on a dark screen."""

    light: str
    dark: str


COLOURS = (
    Colour("#4d4d4d", "#8a8683"),
    Colour("#b88916", "#f2d632"),
    Colour("#1259c8", "#3d86f5"),
    Colour("#8c3800", "#d1601f"),
    Colour("#0aa06a", "#1ee6a0"),
    Colour("#d9589f", "#f28fd6"),
    Colour("#1b93d6", "#a8d8f5"),
    Colour("#687436", "#61a463"),
    Colour("#f92b54", "#ff3d6e"),
    Colour("#66286e", "#b06ad0"),
    Colour("#0a7f7c", "#18b0b8"),
    Colour("#7010f5", "#c9b6ff"),
)
"""The first six are far apart under every form of colour blindness (Machado et al. 2009); the
others need their markers and dashes for it."""

SHAPES, DASHES = 7, 4
"""So many markers and dashes are told apart."""

FAMILIES = (
    *("perceptron", "softmax", "bpnn", "cnn", "rnn", "vae"),
    *("svm", "tree", "forest", "boosting", "knn"),
)
"""The families, each with the colour of its place. Further models come in the free places."""

OWN = (11, 6, 7, 8, 9, 10)
"""The colours of models that are of no family: networks' own colours are not among them."""


def colour(style: int) -> Colour:
    """The colour of a style."""
    return COLOURS[style % len(COLOURS)]


def shape(style: int) -> int:
    """The marker of a style."""
    return style % SHAPES


def dash(style: int) -> int:
    """The dash of a style; two styles of one colour have different ones."""
    return (style + style // len(COLOURS)) % DASHES


def styles(names: Iterable[str]) -> dict[str, int]:
    """Arm -> its style. No two arms have the same.

    A family always has its own. A variant, such as svm+hog, has its family's colour and a marker
    of its own. Any other arm has the colour that its name draws; only where another arm of these
    has that, the next.

    >>> styles(["cnn", "perceptron"]), styles(["perceptron", "rnn", "cnn"])
    ({'cnn': 3, 'perceptron': 0}, {'perceptron': 0, 'rnn': 4, 'cnn': 3})
    >>> styles(["svm+hog"])["svm+hog"] % len(COLOURS) == styles(["svm"])["svm"]
    True
    """
    names = list(dict.fromkeys(names))
    found = {name: FAMILIES.index(name) for name in names if name in FAMILIES}
    taken, shown = set(found.values()), {k % len(COLOURS) for k in found.values()}
    for name in sorted(set(names) - set(found)):  # whatever their order in the study
        free = (k for k in candidates(name) if k not in taken)
        found[name] = first_free(free, shown)
        taken.add(found[name])
        shown.add(found[name] % len(COLOURS))
    return {name: found[name] for name in names}


def candidates(name: str) -> Iterator[int]:
    """The styles that an arm of no place of its own may have, the wanted ones first."""
    family, drawn = re.split(r"[^\w-]", name)[0], crc32(name.encode())
    variant = family in FAMILIES
    colours = [FAMILIES.index(family)] if variant else turned(OWN, drawn)
    rounds = turned(range(1, SHAPES), drawn) if variant else range(1, SHAPES)
    for layer in itertools.chain(rounds, itertools.count(SHAPES)):
        yield from (k + layer * len(COLOURS) for k in colours)


def first_free(free: Iterator[int], shown: set[int]) -> int:
    """The first of some styles whose colour is not shown; the first of all where none is."""
    some = list(itertools.islice(free, len(OWN)))
    return next((k for k in some if k % len(COLOURS) not in shown), some[0])


def turned(values: Iterable[int], by: int) -> list[int]:
    """Values in a circle, begun elsewhere.

    >>> turned([1, 2, 3], 4)
    [2, 3, 1]
    """
    known = list(values)
    start = by % len(known)
    return [*known[start:], *known[:start]]
