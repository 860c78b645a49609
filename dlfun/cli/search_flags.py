"""The flags of a sweep, and the values they search."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from absl import flags as absl_flags

from dlfun.cli.flag_types import bad_value, define
from dlfun.cli.shape_flags import activations, kind_of, shape_fields
from dlfun.cli.study_flags import check_model, model_options
from dlfun.config import parsers
from dlfun.config.option_table import OPTIMIZERS
from dlfun.config.search_request import (
    SIZES,
    check_numbers,
    choices_of,
    largest_first,
    parse_dimension,
    parse_values,
)
from dlfun.config.search_space import METHODS, Search
from dlfun.config.search_space import Dimension as Dimension
from dlfun.errors import UserError, unknown
from dlfun.models import ACTIVATIONS, MODELS
from dlfun.types import HPARAMS


def define_search(values: absl_flags.FlagValues) -> None:
    """Adds the flags of a sweep to those of a script."""
    what = (
        "how points are chosen: before the first step (grid, random, sobol), by successive "
        "halving, by population-based training (pbt), or by Optuna's model of what did well (tpe)"
    )
    define(values, parsers.choice("search", METHODS), "search", "grid", what, "Search")
    what = (
        "NAME=VALUE,VALUE of a number, a shape flag, activation or optimizer, as in "
        "learning_rate=1e-3,1e-2 or bpnn_widths=50x50,100x100; may be repeated, and is then crossed"
    )
    define(values, parsers.text(), "grid", (), what, "Search", repeated=True)
    what = "configurations that are drawn; of halving, those of its first bracket; members of pbt"
    define_space(values, what, trials=64)


def define_space(values: absl_flags.FlagValues, what: str, trials: int) -> None:
    """Adds the flags of all searches of a space; `what` is what --trials means."""

    def add(kind: parsers.Kind, name: str, default: Any, help: str, repeated: bool = False) -> None:
        define(values, kind, name, default, help, "Search", repeated=repeated)

    space = (
        "NAME=SCALE:LOW:HIGH of a number, where the scale is lin or log, as in "
        "learning_rate=log:1e-4:1e-1; or NAME=choice:VALUE,VALUE of any name; may be repeated"
    )
    add(parsers.text(), "space", (), space, True)
    add(parsers.integer(1), "trials", trials, what)
    rounds = "how often pbt decides who goes on from whom, and in how many batches tpe proposes"
    add(parsers.integer(1), "rounds", 8, rounds)
    add(parsers.integer(2), "eta", 3, "halving keeps one of so many configurations after each rung")
    brackets = "halving is begun so often, each time with fewer configurations at a higher rung"
    add(parsers.integer(1), "brackets", 1, brackets)


def kinds(model: str) -> dict[str, parsers.Kind]:
    """Name -> kind of value, of all that can be swept of a model."""
    numbers = {
        name: parsers.number(bounds)
        for name, bounds in HPARAMS.items()
        if not bounds.whole or MODELS[model].live
    }
    shapes = {name: kind_of(field) for name, field in shape_fields(model).items()}
    others = {"optimizer": parsers.choice("optimizer", OPTIMIZERS)}
    if model in activations():
        others["activation"] = parsers.choice("activation", ACTIVATIONS)
    return {**numbers, **shapes, **others}


def split_name(flag: str, text: str, valid: Iterable[str], seen: Iterable[str]) -> tuple[str, str]:
    """The name and the rest of NAME=REST.

    Raises:
      UserError: if there is no rest, the name is not valid, or it was seen before.
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    if not equals:
        example = "1e-3,1e-2" if flag == "grid" else "log:1e-4:1e-1"
        raise bad_value(flag, text, f"must be NAME=VALUES, such as learning_rate={example}")
    if name not in valid:
        raise bad_value(flag, text, unknown(f"{flag} name", parsers.short(name), valid))
    if name in seen:
        raise bad_value(flag, text, f"'{name}' is given twice; put all its values into one")
    return name, rest


def search_space(
    method: str, grid: Sequence[str], space: Sequence[str], trials: int, model: str
) -> Search:
    """What the texts of --grid or --space say, for a model.

    >>> search_space("grid", ["learning_rate=0.1,0.2", "rnn_cell=gru,lstm"], [], 1, "rnn").grid
    {'learning_rate': (0.1, 0.2), 'rnn_cell': ('gru', 'lstm')}

    Raises:
      UserError: naming the flag and what is wrong with it.
    """
    check_method(method, bool(grid), bool(space))
    valid = kinds(model)
    values = parse_all("grid", grid, valid, parse_values)
    return Search(method, values, parse_all("space", space, valid, parse_dimension), trials)


def parse_all(
    flag: str,
    texts: Iterable[str],
    valid: Mapping[str, parsers.Kind],
    parse: Callable[[parsers.Kind, str], Any],
) -> dict[str, Any]:
    """Name -> what `parse` makes of its text, in the order given."""
    found: dict[str, Any] = {}
    for text in texts:
        name, rest = split_name(flag, text, valid, found)
        try:
            found[name] = parse(valid[name], rest)
        except ValueError as error:
            raise bad_value(flag, text, error) from None
    return found


def check_method(method: str, grid: bool, space: bool) -> None:
    """Raises UserError if a way of searching lacks its flag, or has that of another."""
    own, other = ("grid", "space") if method == "grid" else ("space", "grid")
    have, lack = (grid, space) if method == "grid" else (space, grid)
    example = "learning_rate=1e-3,1e-2" if own == "grid" else "learning_rate=log:1e-4:1e-1"
    if lack:
        raise UserError(f"--{other} does not go with --search={method}; use --{own}={example}")
    if not have:
        raise UserError(f"--search={method} needs at least one --{own}, such as --{own}={example}")


def search_of(values: absl_flags.FlagValues) -> Search:
    """What a sweep's flags search, with every shape in it checked.

    Raises:
      UserError: naming the flag and what is wrong with it.
    """
    return checked(values, values.search, values.grid)


def searched_by(values: absl_flags.FlagValues, methods: Iterable[str]) -> Search:
    """What flags search by several methods, with every shape in it checked.

    Raises:
      UserError: naming the flag and what is wrong with it.
    """
    for method in methods:
        found = checked(values, method, ())
    return found


def checked(values: absl_flags.FlagValues, method: str, grid: Sequence[str]) -> Search:
    """What flags search by a method."""
    model = values.model
    found = search_space(method, grid, values.space, values.trials, model)
    found = found._replace(rounds=values.rounds, eta=values.eta, brackets=values.brackets)
    check_numbers(found)
    own = shape_fields(model)
    shapes = {n: v for n, v in found.grid.items() if n in own}
    shapes |= {n: largest_first(v) for n, v in found.grid.items() if n in SIZES}
    shapes |= choices_of(found.space, own)
    for point in itertools.product(*shapes.values()):
        try:
            check_model(model, model_options(values, model, dict(zip(shapes, point, strict=True))))
        except UserError as error:
            flag = "grid" if found.method == "grid" else "space"
            raise UserError(f"{error} (with the --{flag} of {', '.join(shapes)})") from None
    return found
