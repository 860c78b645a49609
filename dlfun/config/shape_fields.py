"""Shapes of models by name: their fields, what these may be, and how they go together."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from dlfun.config import parsers
from dlfun.errors import OPT, UserError
from dlfun.models import MODELS

PER_LAYER = {"channels": ("kernels", "strides", "padding", "pools")}
"""Field that says how many layers there are -> fields with an entry for each of these layers."""


def kind_of(field: dataclasses.Field) -> parsers.Kind:
    """How a field of a model's Settings is read."""
    if isinstance(field.default, bool):
        return parsers.boolean()
    if isinstance(field.default, int):
        return parsers.integer(0 if field.name == "embedding" else 1)
    if isinstance(field.default, tuple):
        low = 0 if field.name == "padding" else 1
        return parsers.sizes(low, empty=field.default == () or field.metadata["empty"])
    return parsers.choice(field.name, field.metadata["choices"])


def shape_fields(model: str) -> dict[str, dataclasses.Field]:
    """Flag name -> field, of all shape flags of a model. The activation has a flag for all."""
    fields = dataclasses.fields(MODELS[model].settings)
    return {f"{model}_{field.name}": field for field in fields if field.name != "activation"}


def activations() -> dict[str, Any]:
    """The default activation of each model that has one."""
    return {
        model: field.default
        for model, row in MODELS.items()
        for field in dataclasses.fields(row.settings)
        if field.name == "activation"
    }


def fit_layers(model: str, shape: dict[str, Any], given: Collection[str]) -> dict[str, Any]:
    """A shape with an entry for every layer.

    A field that was given may hold one entry, for all layers, or one for each. A default is cut,
    or goes on with its last entry.

    Raises:
      UserError: if a field that was given has another length.
    """
    for counted, fields in PER_LAYER.items():
        if counted not in shape:
            continue
        layers = len(shape[counted])
        for name in (name for name in fields if name in shape):
            entries = shape[name]
            if name in given and len(entries) not in (1, layers):
                text = ",".join(map(str, entries))
                raise UserError(
                    f"{OPT.of(model, name)}={text}: must have one entry for all layers, or "
                    f"{layers}, "
                    f"as many as {OPT.of(model, counted)} has"
                )
            shape = {**shape, name: (entries + entries[-1:] * layers)[:layers]}
    return shape
