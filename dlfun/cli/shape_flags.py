"""The shape flags: a flag for each field of each model's Settings, `--cnn_channels`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from absl import flags as absl_flags

from dlfun.cli.flag_types import define
from dlfun.config import parsers
from dlfun.config.shape_fields import PER_LAYER as PER_LAYER
from dlfun.config.shape_fields import activations as activations
from dlfun.config.shape_fields import kind_of
from dlfun.config.shape_fields import shape_fields as shape_fields
from dlfun.models import ACTIVATIONS, MODELS

NONE: Mapping[str, Any] = {}


def define_shapes(values: absl_flags.FlagValues) -> None:
    """Adds the shape flags of all models, and --activation."""
    for model in MODELS:
        for name, field in shape_fields(model).items():
            define(values, kind_of(field), name, field.default, field.metadata["help"], model)
    kind = parsers.by_model(parsers.choice("activation", ACTIVATIONS), MODELS)
    define(
        values,
        kind,
        "activation",
        NONE,
        "of every model that has one, by model",
        "Training",
        usual=kind.show(activations()),
    )
