"""The fields of a Linen module as values that can be compared: tuples where lists were given."""

from __future__ import annotations

import dataclasses
from typing import Any

from flax import linen as nn
from flax.core import FrozenDict


def by_value(module: nn.Module) -> nn.Module:
    """The same module, whose lists are tuples and dicts FrozenDicts, as Flax has them in `setup`.

    A module that stands in it twice, and so shares its parameters, still does.

    >>> by_value(nn.Sequential([nn.Dense(2), nn.relu])).layers[0].features
    2
    >>> hash(by_value(nn.Sequential([nn.Dense(2)]))) == hash(nn.Sequential((nn.Dense(2),)))
    True
    """
    made: Any = _frozen(module, {})
    return made  # type: ignore[no-any-return]


def _frozen(value: Any, known: dict[int, Any]) -> Any:
    """A value of a field; `known` holds what became of each module."""
    if type(value) in (list, tuple):
        return tuple(_frozen(one, known) for one in value)
    if type(value) is dict:
        return FrozenDict({name: _frozen(one, known) for name, one in value.items()})
    if not isinstance(value, nn.Module):
        return value
    if id(value) not in known:
        names = [f.name for f in dataclasses.fields(value) if f.init and f.name != "parent"]
        old = {name: getattr(value, name, None) for name in names}
        new = {name: _frozen(one, known) for name, one in old.items()}
        changed = {name: one for name, one in new.items() if _differs(one, old[name])}
        known[id(value)] = value.clone(**changed) if changed else value
    return known[id(value)]


def _differs(new: Any, old: Any) -> bool:
    """Whether a value is another than before; tuples are made anew, and may hold the same."""
    if type(new) is tuple and type(old) is tuple:
        return any(map(_differs, new, old))
    return new is not old
