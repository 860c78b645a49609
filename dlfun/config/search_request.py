"""The search of a request: the texts of --grid and --space, read and checked. Needs no JAX."""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dlfun.config import parsers
from dlfun.config.model_value import Model, flag_of, kinds_of
from dlfun.config.parsers import Kind
from dlfun.config.search_space import EXTRAS, Dimension, Search
from dlfun.config.search_table import NUMBERS
from dlfun.config.study_request import StudyRequest
from dlfun.errors import OPT, UserError, bad_value, by_flags, missing_extra, unknown
from dlfun.models.sizes import SIZES, check_sizes
from dlfun.types import HPARAMS

SCALES = ("lin", "log", "choice")


def check_sweep(request: StudyRequest) -> None:
    """Raises UserError if a sweep cannot search what it is to, or has nothing to judge by."""
    check_held_out(request["validation_fraction"], "a sweep", "judge")
    check_installed(search_of(request).method)


def check_searches(request: StudyRequest) -> None:
    """The same for a comparison of ways of searching."""
    check_held_out(request["validation_fraction"], "a search", "go")
    searches_of(request)
    for method in request["searches"]:
        check_installed(method)


def check_held_out(fraction: float, what: str, verb: str) -> None:
    """Raises UserError if there is no validation split for what needs one."""
    if fraction == 0:
        raise UserError(f"{OPT.validation_fraction}=0 leaves {what} nothing to {verb} by; give 0.1")


def check_installed(method: str) -> None:
    """Raises UserError if the package of a way of searching is not there."""
    package, extra = EXTRAS.get(method, ("", ""))
    if package and importlib.util.find_spec(package) is None:
        raise missing_extra(f"{OPT.search}={method}", extra, f"choose another {OPT.search}")


def search_of(request: StudyRequest) -> Search:
    """What a sweep searches, with every shape in it checked.

    Raises:
      UserError: naming the option and what is wrong with it.
    """
    return read_search(request, request["search"], request["grid"])


def searches_of(request: StudyRequest) -> Search:
    """What several ways of searching search, with every shape in it checked.

    Raises:
      UserError: naming the option and what is wrong with it.
    """
    return [read_search(request, method, ()) for method in request["searches"]][-1]


def read_search(request: StudyRequest, method: str, grid: Sequence[str]) -> Search:
    """What is searched by a method."""
    (model,) = request.models
    check_method(method, bool(grid), bool(request["space"]))
    valid = kinds_by_flag(model)
    values = read_all("grid", grid, valid, parse_values)
    space = read_all("space", request["space"], valid, parse_dimension)
    found = Search(method, values, space, **{name: request[name] for name in NUMBERS})
    check_numbers(found, model)
    check_shapes(request, found)
    return found


def kinds_by_flag(model: Model) -> dict[str, Kind]:
    """Name of a flag -> kind of value, of all that can be searched of a model."""
    return {flag_of(model, name): kind for name, kind in kinds_of(model).items()}


def read_all(
    option: str,
    texts: Iterable[str],
    valid: Mapping[str, Kind],
    parse: Callable[[Kind, str], Any],
) -> dict[str, Any]:
    """Name -> what `parse` makes of its text, in the order given.

    >>> valid = kinds_by_flag(Model("rnn"))
    >>> read_all("grid", ["learning_rate=0.1,0.2", "rnn_cell=gru,lstm"], valid, parse_values)
    {'learning_rate': (0.1, 0.2), 'rnn_cell': ('gru', 'lstm')}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, rest = split_name(option, text, valid, found)
        try:
            found[name] = parse(valid[name], rest)
        except ValueError as error:
            raise bad_value(option, text, error) from None
    return found


def split_name(
    option: str, text: str, valid: Iterable[str], seen: Iterable[str]
) -> tuple[str, str]:
    """The name and the rest of NAME=REST.

    Raises:
      UserError: if there is no rest, the name is not valid, or it was seen before.
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    if not equals:
        example = "1e-3,1e-2" if option == "grid" else "log:1e-4:1e-1"
        raise bad_value(option, text, f"must be NAME=VALUES, such as learning_rate={example}")
    if name not in valid:
        raise bad_value(option, text, unknown(f"{option} name", parsers.short(name), valid))
    if name in seen:
        raise bad_value(option, text, f"'{name}' is given twice; put all its values into one")
    return name, rest


def check_method(method: str, grid: bool, space: bool) -> None:
    """Raises UserError if a way of searching lacks its option, or has that of another."""
    own, other = (OPT.grid, OPT.space) if method == "grid" else (OPT.space, OPT.grid)
    have, lack = (grid, space) if method == "grid" else (space, grid)
    values = "1e-3,1e-2" if method == "grid" else "log:1e-4:1e-1"
    example = f"{own}=learning_rate={values}"
    if lack:
        raise UserError(f"{other} does not go with {OPT.search}={method}; use {example}")
    if not have:
        raise UserError(f"{OPT.search}={method} needs at least one {own}, such as {example}")


def check_shapes(request: StudyRequest, found: Search) -> None:
    """Raises UserError if a shape among those searched cannot be."""
    (model,) = request.models
    own = [flag_of(model, name) for name in kinds_of(model) if flag_of(model, name) != name]
    shapes = {n: v for n, v in found.grid.items() if n in own}
    shapes |= {n: largest_first(v) for n, v in found.grid.items() if n in SIZES}
    shapes |= choices_of(found.space, own)
    for point in itertools.product(*shapes.values()):
        try:
            chosen = request.model_options(model.name, dict(zip(shapes, point, strict=True)))
            check_sizes(model.name, chosen.shape, chosen.hparams.width, chosen.hparams.depth)
        except UserError as error:
            option = OPT.grid if found.method == "grid" else OPT.space
            raise UserError(f"{error} (with the {option} of {', '.join(shapes)})") from None


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


def check_numbers(found: Search, model: Model) -> None:
    """Raises UserError if a search that trains one program is to change it, or is of one alone."""
    called = {flag_of(model, name): name for name in kinds_of(model)}
    if found.method not in ("halving", "pbt"):
        return
    for name in found.space:
        if name not in HPARAMS:
            raise UserError(
                f"{OPT.space}={name if by_flags() else called[name]}: makes several programs, and "
                f"{OPT.search}={found.method} trains one; leave it out, or choose {OPT.search}=tpe "
                "or random"
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


def choices_of(space: Mapping[str, Dimension], shapes: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Name -> values, of the shapes and sizes that a space can give a network: those to check."""
    sizes = {n: largest_first(d.values or (d.high,)) for n, d in space.items() if n in SIZES}
    return {n: space[n].values for n in shapes if n in space and space[n].values} | sizes


def largest_first(sizes: Iterable[Any]) -> tuple[Any, ...]:
    """In the order to check them, as what is enough for the largest is enough for all."""
    return tuple(sorted(sizes, reverse=True))
