"""What a sweep searches, as flags and calls from Python say it. Needs no JAX."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dlfun.config import parsers
from dlfun.config.parsers import Kind, checked, named
from dlfun.config.search_space import METHODS, Dimension, Search
from dlfun.config.study_values import Model, flag_of, kinds_of
from dlfun.errors import OPT, UserError, unknown
from dlfun.models.sizes import SIZES
from dlfun.types import HPARAMS

SCALES = ("lin", "log", "choice")
LEAST: Mapping[str, int] = {"trials": 1, "rounds": 1, "eta": 2, "brackets": 1}
"""The numbers of a search, and the least that each may be."""


def parse_values(kind: Kind, text: str) -> tuple[Any, ...]:
    """Different values, parted by commas; raises ValueError saying what is wrong."""
    found = []
    for item in text.split(","):
        try:
            value = kind.parse(item)
        except ValueError as error:
            raise ValueError(
                f"{parsers.short(item)!r} {error}" if item != text else error
            ) from None
        if value in found:
            raise ValueError(f"'{item.strip()}' is given twice; give each value once")
        found.append(value)
    return tuple(found)


def parse_dimension(kind: Kind, text: str) -> Dimension:
    """SCALE:LOW:HIGH, or choice:VALUE,VALUE; raises ValueError saying what is wrong."""
    scale, _, rest = (part.strip() for part in text.partition(":"))
    if scale not in SCALES:
        raise ValueError(str(unknown("scale", scale, SCALES)))
    if scale == "choice":
        return Dimension(scale, values=parse_values(kind, rest))
    if kind.form != "NUMBER":
        raise ValueError(f"a shape or a name has no {scale} scale; write choice:VALUE,VALUE")
    ends = rest.split(":")
    if len(ends) != 2:
        raise ValueError(f"must have two ends, {scale}:LOW:HIGH")
    low, high = (kind.parse(end) for end in ends)
    if not low < high < math.inf:
        raise ValueError("must go from a lower to a higher number, both finite")
    if scale == "log" and low <= 0:
        raise ValueError("a log scale must start above 0; use lin to include 0")
    return Dimension(scale, low, high, whole=kind.whole)


def check_numbers(found: Search) -> None:
    """Raises UserError if a search that trains one program is to change it, or is of one alone."""
    if found.method not in ("halving", "pbt"):
        return
    for name in found.space:
        if name not in HPARAMS:
            raise UserError(
                f"{OPT.space}={name}: makes several programs, and {OPT.search}={found.method} "
                "trains one; "
                f"leave it out, or choose {OPT.search}=tpe or random"
            )
    if found.method != "pbt":
        return
    for name in found.space:
        if HPARAMS[name].whole:
            raise UserError(
                f"{OPT.space}={name}: pbt moves numbers while a network trains, and its size "
                "stays; "
                f"leave it out, or choose {OPT.search}=halving"
            )
    if found.trials < 2:
        raise UserError(
            f"{OPT.trials}=1: pbt needs two or more, of which one goes on from the other"
        )


def search_of(
    model: Model, space: Mapping[str, Any], method: str | None, given: Mapping[str, Any]
) -> Search:
    """What a call asks a sweep to try, by the names of flags; every choice of shape is checked.

    Args:
      space: name of an argument of the model -> a list of values, or (scale, low, high).
      method: None is grid where all are lists, else random.
      given: the numbers of the search.

    Raises:
      UserError: if a name is unknown, a value is out of range, or they do not go together.
    """
    if not isinstance(space, Mapping) or not space:
        raise UserError(
            f"space={parsers.quoted(space)}: name something to try, as in "
            "space={'learning_rate': [0.001, 0.01]}"
        )
    valid, found = kinds_of(model), {}
    for name, values in space.items():
        kind = named(valid, name, model.name)
        try:
            found[name] = parse_dimension(kind, as_text(values))
        except ValueError as error:
            raise UserError(f"{name}={parsers.quoted(values)}: {error}") from None
    lists = all(dimension.values for dimension in found.values())
    method = checked(
        parsers.choice("search", METHODS),
        "search",
        ("grid" if lists else "random") if method is None else method,
    )
    shapes = choices_of(found, [n for n in found if n not in HPARAMS])
    for point in itertools.product(*shapes.values()):
        model.replace(**dict(zip(shapes, point, strict=True)))  # type: ignore[arg-type]
    flags = {flag_of(model, name): dimension for name, dimension in found.items()}
    numbers = {n: checked(parsers.integer(LEAST[n]), n, value) for n, value in given.items()}
    asked = Search(method, {}, flags, **numbers)
    if method == "grid":
        if not lists:
            raise UserError("search=grid crosses lists of values; give lists, or search='random'")
        asked = Search(method, {name: dimension.values for name, dimension in flags.items()})
    check_numbers(asked)
    return asked


def choices_of(space: Mapping[str, Dimension], shapes: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Name -> values, of the shapes and sizes that a space can give a network: those to check."""
    sizes = {n: largest_first(d.values or (d.high,)) for n, d in space.items() if n in SIZES}
    return {n: space[n].values for n in shapes if n in space and space[n].values} | sizes


def largest_first(sizes: Iterable[Any]) -> tuple[Any, ...]:
    """In the order to check them, as what is enough for the largest is enough for all."""
    return tuple(sorted(sizes, reverse=True))


def as_text(values: Any) -> str:
    """A list of values, or (scale, low, high), as --space has it.

    >>> as_text(["gru", "lstm"]), as_text([(25,), (25, 25)]), as_text(("log", 1e-4, 0.1))
    ('choice:gru,lstm', 'choice:25,25x25', 'log:0.0001:0.1')
    """
    if isinstance(values, str):
        return values
    values = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(values, list | tuple | range) or not values:
        raise ValueError("must be a list of values, or ('log' or 'lin', low, high)")
    if isinstance(values[0], str) and values[0] in SCALES:
        return ":".join(parsers.written(part) for part in values)
    return "choice:" + ",".join(parsers.written(value).replace(",", "x") for value in values)


def search_lines(model: Model, asked: Search) -> list[str]:
    """The lines of config.flags of a search."""
    valid = {flag_of(model, name): kind for name, kind in kinds_of(model).items()}

    def listed(name: str, values: Sequence[Any]) -> str:
        return ",".join(valid[name].show(value).replace(",", "x") for value in values)

    lines = [f"--search={asked.method}"]
    lines += [f"--grid={name}={listed(name, values)}" for name, values in asked.grid.items()]
    for name, dimension in asked.space.items():
        ends = f"{dimension.low!r}:{dimension.high!r}"
        text = listed(name, dimension.values) if dimension.values else ends
        lines.append(f"--space={name}={dimension.scale}:{text}")
    return lines + [f"--{name}={getattr(asked, name)}" for name in LEAST]
