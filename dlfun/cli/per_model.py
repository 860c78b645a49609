"""What each model has by default of the flags that take one value for all models, or for some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlfun.cli.shape_flags import activations
from dlfun.config import parsers
from dlfun.config.options import ModelOptions
from dlfun.models import MODELS
from dlfun.types import HPARAMS, HParams

BY_MODEL = ("activation", "objective", "optimizer", "layout", *HPARAMS)


def default_of(name: str, model: str) -> Any:
    """A model's own default of a flag that goes by model; None where it has no such thing."""
    if name == "activation":
        return activations().get(model)
    if name == "learning_rate":
        return MODELS[model].learning_rate
    field = ModelOptions.__dataclass_fields__.get(name)
    return field.default if field else HParams._field_defaults[name]


def shorten(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """One value for all instead of the same value for each model."""
    different = set(values.values())
    return {parsers.REST: different.pop()} if len(different) == 1 else values


def usual_value(name: str, kind: parsers.Kind) -> str:
    """The defaults of all models, as the flag itself would give them."""
    return kind.show(shorten({model: default_of(name, model) for model in MODELS}))
