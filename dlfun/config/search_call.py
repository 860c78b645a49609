"""The options of a sweep, from the space that a call from Python gives."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from dlfun.config import parsers
from dlfun.config.model_value import Model, flag_of, kinds_of
from dlfun.config.parsers import checked, named
from dlfun.config.search_request import SCALES, choices_of, parse_dimension
from dlfun.config.search_space import Dimension
from dlfun.config.search_table import SWEEP
from dlfun.errors import UserError
from dlfun.types import HPARAMS


def search_values(
    model: Model, space: Mapping[str, Any], method: str | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The options of a sweep that a call asks for; every choice of shape is checked.

    Args:
      space: name of an argument of the model -> a list of values, or (scale, low, high).
      method: None is grid where all are lists, else random.
      given: the numbers of the search.

    Raises:
      UserError: if a name is unknown, a value is out of range, or they do not go together.
    """
    found = read_space(model, space)
    lists = all(dimension.values for dimension in found.values())
    usual = "grid" if lists else "random"
    method = checked(SWEEP["search"].kind, "search", usual if method is None else method)
    shapes = choices_of(found, [n for n in found if n not in HPARAMS])
    for point in itertools.product(*shapes.values()):
        model.replace(**dict(zip(shapes, point, strict=True)))  # type: ignore[arg-type]
    numbers = {name: checked(SWEEP[name].kind, name, value) for name, value in given.items()}
    if method == "grid" and not lists:
        raise UserError("search=grid crosses lists of values; give lists, or search='random'")
    texts = tuple(text_of(model, name, dimension, method) for name, dimension in found.items())
    return {"search": method, "grid" if method == "grid" else "space": texts, **numbers}


def read_space(model: Model, space: Mapping[str, Any]) -> dict[str, Dimension]:
    """Name of an argument of the model -> what is tried of it."""
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
    return found


def text_of(model: Model, name: str, dimension: Dimension, method: str) -> str:
    """What is tried of an argument of a model, as --grid or --space takes it."""
    kind = kinds_of(model)[name]
    listed = ",".join(kind.show(value).replace(",", "x") for value in dimension.values)
    if method == "grid":
        return f"{flag_of(model, name)}={listed}"
    ends = f"{dimension.low!r}:{dimension.high!r}"
    return f"{flag_of(model, name)}={dimension.scale}:{listed or ends}"


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
