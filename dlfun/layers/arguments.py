"""Arguments of layers, checked while a program is traced: one line says what is wrong."""

import operator
from collections.abc import Iterable
from typing import Any

import jax
from jax import numpy as jnp

from dlfun.errors import ArgumentError, short, unknown


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`, of any integer type.

    >>> whole("features", 3)
    3
    """
    found = index(value)
    if found is None or found < least:
        raise ArgumentError(f"{name}={shown(value)}: must be a whole number, at least {least}")
    return found


def per_axis(name: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """A whole number for each of `axes` spatial axes: as given, or one for all.

    >>> per_axis("strides", 2, 3), per_axis("strides", (2, 1), 2)
    ((2, 2, 2), (2, 1))
    """
    found = [index(entry) for entry in entries(value, axes)]
    if len(found) != axes or any(n is None or n < least for n in found):
        each = "for the one" if axes == 1 else f"or {axes} of them, one for each"
        raise ArgumentError(
            f"{name}={shown(value)}: must be a whole number, at least {least}, {each} spatial axis"
        )
    return tuple(n for n in found if n is not None)


def name_of(kind: str, value: Any, valid: Iterable[str]) -> str:
    """One of the valid names."""
    if value not in (valid := tuple(valid)):
        raise ArgumentError(str(unknown(kind, str(value), valid)))
    return value


def array_of(name: str, value: Any, shape: str, whole: bool = False) -> jax.Array:
    """An array of numbers, or of whole numbers; `shape` says in words what it must be."""
    kind = "whole numbers" if whole else "numbers"
    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name}: must be an array of {kind} {shape}") from None
    known = jnp.integer if whole else jnp.number
    if not (jnp.issubdtype(array.dtype, known) or (array.dtype == bool and not whole)):
        raise ArgumentError(f"{name} of {array.dtype}: must be an array of {kind} {shape}")
    return array


def numbers(value: Any, shape: str, axes: int | None = None, name: str = "inputs") -> jax.Array:
    """An array of numbers, none of whose axes but the first is empty.

    Args:
      shape: what it must be in words, such as [batch, time, channels].
      axes: so many must there be; None: at least three.
    """
    array = array_of(name, value, shape)
    if array.ndim < 3 if axes is None else array.ndim != axes:
        wanted = "at least 3" if axes is None else str(axes)
        raise ArgumentError(
            f"{name} {list(array.shape)}: must be {shape}, {wanted} axes, and has {array.ndim}"
        )
    if 0 in array.shape[1:]:
        raise ArgumentError(f"{name} {list(array.shape)}: holds nothing; must be {shape}")
    return array


def check_shape(name: str, array: jax.Array, shape: tuple[int, ...]) -> None:
    """Raises ArgumentError if an array has another shape."""
    if array.shape != shape:
        raise ArgumentError(f"{name} {list(array.shape)}: must be {list(shape)}")


def entries(value: Any, axes: int) -> tuple[Any, ...]:
    """One entry for each axis, of a number for all or of a sequence; none of what is neither."""
    if index(value) is not None:
        return (value,) * axes
    try:
        return () if isinstance(value, str) else tuple(value)
    except TypeError:
        return ()


def shown(value: Any) -> str:
    """A value as an error shows it: on one line, and short.

    >>> shown("FULL"), shown((2, 2))
    ("'FULL'", '(2, 2)')
    """
    return short(repr(value))


def index(value: Any) -> int | None:
    """A number that may count; None of all else, a truth value among it."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:  # what is traced has no number yet
        return None
