"""Models as flags give them, in the form in which a call from Python gives them."""

from __future__ import annotations

from typing import Any

from absl import flags as absl_flags

from dlfun.config import parsers
from dlfun.config.shape_fields import shape_fields
from dlfun.config.study_values import Model, kinds_of
from dlfun.types import HPARAMS


def model_of(values: absl_flags.FlagValues, name: str) -> Model:
    """A model as flags give it: its shape, numbers, optimiser and objective."""
    given: dict[str, Any] = {
        field.name: getattr(values, flag)
        for flag, field in shape_fields(name).items()
        if not values[flag].using_default_value
    }
    for option in ("activation", "optimizer", "objective", *HPARAMS):
        value = parsers.of_model(getattr(values, option), name, None)
        if value is not None and option in kinds_of(Model(name)):
            given[option] = value
    return Model(name, tuple(given.items()))
