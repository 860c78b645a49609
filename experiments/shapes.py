"""The shape flags: a flag for each field of each model's Settings, `--cnn_channels`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from absl import flags as absl_flags

from dlfun.errors import UserError
from dlfun.models import ACTIVATIONS, MODELS
from experiments import parsing
from experiments.holders import define

PER_LAYER = {"channels": ("kernels", "strides", "padding", "pools")}
"""Field that says how many layers there are -> fields with an entry for each of these layers."""

NONE: Mapping[str, Any] = {}


def kind_of(field: dataclasses.Field) -> parsing.Kind:
    """How a field of a model's Settings is read."""
    if isinstance(field.default, bool):
        return parsing.boolean()
    if isinstance(field.default, int):
        return parsing.integer(0 if field.name == "embedding" else 1)
    if isinstance(field.default, tuple):
        low = 0 if field.name == "padding" else 1
        return parsing.sizes(low, empty=field.default == () or field.metadata["empty"])
    return parsing.choice(field.name, field.metadata["choices"])


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


def define_shapes(values: absl_flags.FlagValues) -> None:
    """Adds the shape flags of all models, and --activation."""
    for model in MODELS:
        for name, field in shape_fields(model).items():
            define(values, kind_of(field), name, field.default, field.metadata["help"], model)
    kind = parsing.by_model(parsing.choice("activation", ACTIVATIONS), MODELS)
    define(
        values,
        kind,
        "activation",
        NONE,
        "of every model that has one, by model",
        "Training",
        usual=kind.show(activations()),
    )


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
                    f"--{model}_{name}={text}: must have one entry for all layers, or {layers}, "
                    f"as many as --{model}_{counted} has"
                )
            shape = {**shape, name: (entries + entries[-1:] * layers)[:layers]}
    return shape


def model_shape(
    values: absl_flags.FlagValues, model: str, changes: Mapping[str, Any] = NONE
) -> Any:
    """The Settings of a model by its shape flags; `changes` (flag name -> value) come first.

    Raises:
      UserError: if the lengths of the model's layers do not agree.
    """
    shape, given = {}, set()
    for name, field in shape_fields(model).items():
        shape[field.name] = changes.get(name, getattr(values, name))
        if name in changes or not values[name].using_default_value:
            given.add(field.name)
    shape = fit_layers(model, shape, given)
    if model in activations():
        own = parsing.of_model(values.activation, model, activations()[model])
        shape["activation"] = changes.get("activation", own)
    return MODELS[model].settings(**shape)
