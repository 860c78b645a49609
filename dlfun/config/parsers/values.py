"""Python values read as flags read them: written as text first, held to the same bounds."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from dlfun.config.parsers.scalars import Kind
from dlfun.errors import UserError, short, unknown
from dlfun.types import HPARAMS


def written(value: Any) -> str:
    """A Python value as its flag takes it.

    Raises:
      ValueError: if no flag could take it, such as a list of lists.

    >>> written((25, 25)), written(True), written(np.float32(0.5)), written({"flip": 0.5})
    ('25,25', 'true', '0.5', 'flip:0.5')
    >>> written(np.array([25, 25])), written(Fraction(1, 4))
    ('25,25', '0.25')
    """
    try:
        return _written(value)
    except Exception:  # whatever a value of the user's own may raise
        raise ValueError("cannot be read; give a number, a text, or a list of these") from None


def _written(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return _written(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, tuple | list | range):
        return ",".join(_one(part) for part in value)
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{_one(part)}" for name, part in value.items())
    if isinstance(value, Fraction) and value.denominator > 1:
        return repr(float(value))
    return _written(value.tolist()) if hasattr(value, "tolist") else str(value)


def _one(part: Any) -> str:
    """An element of a list, which is none itself."""
    if isinstance(part, tuple | list | Mapping) or getattr(part, "ndim", None):
        raise TypeError("a list within a list")
    return _written(part)


def checked(kind: Kind, name: str, value: Any) -> Any:
    """An argument of a library call, read as the flag of its name reads it.

    Raises:
      UserError: naming the argument, its value and what is allowed.
    """
    try:
        return kind.parse(written(value))
    except ValueError as error:
        raise UserError(f"{name}={quoted(value)}: {error}") from None


def quoted(value: Any) -> str:
    """A Python value as an error quotes it: as its flag takes it, where one could."""
    try:
        return short(written(value))
    except ValueError:
        return short(value)


def named(valid: Mapping[str, Kind], name: str, what: str) -> Kind:
    """The kind of a name.

    Raises:
      UserError: saying whose argument it is, or the nearest name, if there is none.
    """
    if name not in valid and name in HPARAMS and valid.keys().isdisjoint(HPARAMS):
        raise UserError(f"{name} is an argument of a model; write dlfun.model(..., {name}=...)")
    if name not in valid:
        raise unknown(f"argument of {what}", name, valid)
    return valid[name]
