"""Standardisation inside an export: as variables of the program, and in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlfun.inference.trained_models import Network
from dlfun.scaling import Scaling, Standard

SCALING = "scaling"
"""The collection of variables that standardise numbers: of inputs and targets, mean and sd."""

COARSE = 1e-3
"""Numbers that float32 rounds by more than this part of their spread are given as differences."""


def left_out(standard: Standard | None) -> np.ndarray | float:
    """What an export gives columns of numbers less: [columns] float64, or 0.

    It is their origin, where float32 could not tell the answers apart in the user's unit.
    """
    if standard is None:
        return 0.0
    rounding = np.spacing(np.abs(standard.origin + standard.mean).astype(np.float32))
    return np.where(rounding > COARSE * standard.sd, standard.origin, 0.0) * (standard.sd > 0)


def scaling_tree(scaling: Scaling | None) -> dict[str, Any]:
    """How numbers are standardised, as variables of the export; nothing where none are.

    Inputs are taken less their origin; targets are given in the user's unit, less `left_out`.
    """
    parts = {} if scaling is None else scaling._asdict()
    made = {
        name: {
            "mean": (own.mean + (own.origin - left_out(own)) * (name == "targets")).astype(
                np.float32
            ),
            "sd": own.sd.astype(np.float32),
            **({} if own.fills is None else {"fills": own.fills.astype(np.float32)}),
        }
        for name, own in parts.items()
        if own is not None
    }
    return {SCALING: made} if made else {}


def parted(variables: Any) -> tuple[dict[str, Any], Scaling]:
    """The variables of a model, and how numbers are standardised, as `scaling_tree` has it."""
    model = dict(variables)
    held = model.pop(SCALING, {})
    return model, Scaling(**{n: Standard(None, None, **part) for n, part in held.items()})


def standards(network: Network) -> dict[str, dict[str, list[float]]]:
    """What is standardised inside: (x - mean) / sd in the user's unit, and 0 where sd is 0."""
    scaling = network.scaling(0)
    parts = {} if scaling is None else scaling._asdict()
    return {
        name: {"mean": (own.origin + own.mean).tolist(), "sd": own.sd.tolist()}
        for name, own in parts.items()
        if own is not None
    }


def stored_columns(standard: Standard) -> str:
    """In words, how a table's columns are given."""
    origin = standard.origin
    plain = "columns of numbers in their own unit, of categories 0 or 1; standardised inside"
    plain += "; NaN where a number is missing, which becomes the mean" * (
        standard.fills is not None
    )
    away = np.flatnonzero(origin)
    if not len(away):
        return plain
    lost = ", ".join(f"{origin[i]:.17g} from number {i}" for i in away.tolist())
    return f"{plain}; subtract first, in double precision, {lost} (counted from 0)"


def given_numbers(lost: np.ndarray | float) -> str:
    """In words, how numbers are given that are less `lost`."""
    away = np.flatnonzero(lost)
    if not len(away):
        return "numbers in the user's unit"
    added = ", ".join(f"{np.ravel(lost)[i]:.17g} to number {i}" for i in away.tolist())
    return (
        "differences in the user's unit, as float32 cannot hold the numbers themselves; add, in "
        f"double precision, {added} (counted from 0)"
    )


def spread(network: Network, part: str) -> float | np.ndarray:
    """What differences from the original are held against at least, where outputs are small.

    It is 1, but of numbers in a unit of the user's own [columns], their standard deviations.
    """
    scaling = network.scaling(0)
    standard = scaling and (scaling.targets if part == "outputs" else scaling.inputs)
    return 1.0 if standard is None else np.maximum(standard.sd, np.finfo(np.float32).tiny)
