"""A model with its numbers and its shape: as a call from Python gives it, and as flags do.

Every value is read by the kind of the flag of its name (`dlfun.config.parsers`), so a call refuses
what the flag refuses, in the same words.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from dlfun.config import arguments, parsers
from dlfun.config.classical import CLASSICAL
from dlfun.config.option_table import OF_MODELS, OPTIONS
from dlfun.config.options import ModelOptions
from dlfun.config.parsers import Kind, checked, named
from dlfun.config.shape_fields import fit_layers, kind_of
from dlfun.errors import UserError, first_line, short, unknown
from dlfun.models import ACTIVATIONS, MODELS, OWN, Own, Row
from dlfun.models.sizes import check_sizes
from dlfun.types import HPARAMS, HParams

if TYPE_CHECKING:
    from flax import linen as nn

    from dlfun.config.keywords import ModelOptions as ModelKeywords

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
"""What a model of the user's own may be called: names that flags and files can hold."""


@dataclasses.dataclass(frozen=True)
class Model:
    """A model with its numbers. Made by `dlfun.model`.

    Attributes:
      name: what tables and records call it: of the table of models, or of a module given by value.
      given: what was asked for, by name; the rest keeps its defaults.
      module: the Linen module, if it was given by value.
    """

    name: str
    given: tuple[tuple[str, Any], ...] = ()
    module: nn.Module | None = None

    @property
    def row(self) -> Row:
        """Its row of the table of models."""
        return OWN if self.module is not None else MODELS[self.name]

    @functools.cached_property
    def options(self) -> ModelOptions:
        """Its shape, numbers, optimiser and objective, defaults included."""
        given = dict(self.given)
        numbers = {"learning_rate": self.row.learning_rate} | given
        own = {name: given[name] for name in OF_MODELS if name in given}
        hparams = HParams(**{n: float(v) for n, v in numbers.items() if n in HPARAMS})
        return ModelOptions(self.shape(), hparams, **own)

    def shape(self) -> Any:
        """The settings of its kind."""
        if self.module is not None:
            return Own(self.module)
        given = dict(self.given)
        fields = dataclasses.fields(self.row.settings)
        shape = {field.name: given.get(field.name, field.default) for field in fields}
        return self.row.settings(**fit_layers(self.name, shape, set(shape) & set(given)))

    def replace(self, **changes: Unpack[ModelKeywords]) -> Model:
        """The same model with other numbers or another shape.

        Raises:
          UserError: if a name is unknown, or a value is out of range.
        """
        given = dict(self.given) | read(changes, self)
        found = Model(self.name, tuple(given.items()), self.module)
        numbers = found.options.hparams
        check_sizes(found.name, found.options.shape, numbers.width, numbers.depth)
        return found

    def at(self, point: Mapping[str, Any]) -> Model:
        """The same model at a point of a search: names of flags, and values that were checked."""
        names = {flag_of(self, name): name for name in kinds_of(self)}
        given = dict(self.given) | {names[flag]: value for flag, value in point.items()}
        return Model(self.name, tuple(given.items()), self.module)

    def __repr__(self) -> str:
        """As it is made, by `dlfun.model`."""
        return f"<{self.name}{''.join(f', {name}={value}' for name, value in self.given)}>"


def kinds_of(model: Model) -> dict[str, Kind]:
    """Name -> kind, of all that a model can be given: numbers, optimiser, objective, shape."""
    found = {
        name: parsers.number(bounds)
        for name, bounds in HPARAMS.items()
        if not bounds.whole or model.row.live
    }
    found |= {name: OPTIONS[name].kind for name in OF_MODELS}
    if model.module is not None:
        return found
    for field in dataclasses.fields(model.row.settings):
        activation = field.name == "activation"
        found[field.name] = (
            parsers.choice("activation", ACTIVATIONS) if activation else kind_of(field)
        )
    return found


def flag_of(model: Model, name: str) -> str:
    """The flag of an argument of a model: of its shape it is called by the model.

    >>> flag_of(Model("cnn"), "channels"), flag_of(Model("cnn"), "learning_rate")
    ('cnn_channels', 'learning_rate')
    """
    own = {field.name for field in dataclasses.fields(model.row.settings)} - {"activation"}
    return f"{model.name}_{name}" if name in own else name


def read(given: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """Arguments of a model, checked.

    Raises:
      UserError: if a name is unknown, or a value is out of range.
    """
    valid = kinds_of(model)
    return {name: checked(named(valid, name, model.name), name, v) for name, v in given.items()}


def make_model(what: str | nn.Module, name: str | None, given: Mapping[str, Any]) -> Model:
    """A model of the table by its name, or a Linen module; see `dlfun.model`."""
    if not isinstance(what, str):
        return own_model(what, name).replace(**given)
    if what not in MODELS:
        raise unknown("model", what, MODELS)
    if name is not None:
        raise UserError(f"name={short(name)}: {what} has a name; names are for modules of your own")
    return Model(what).replace(**given)


def own_model(module: nn.Module, name: str | None) -> Model:
    """A Linen module as a model.

    Raises:
      UserError: if it is none, cannot be compared by value, or the name is taken or unfit.
    """
    from flax import linen as nn

    if not isinstance(module, nn.Module):
        raise UserError(
            f"a model is a name ({', '.join(MODELS)}) or a Flax Linen module, as in "
            f"dlfun.model(Mine()), and not {type(module).__name__}"
        )
    from dlfun.models.fields import by_value

    module = by_value(module)
    try:
        hash(module)
    except TypeError as error:
        raise UserError(
            f"{type(module).__name__}: {first_line(error)}; give its fields "
            "hashable values, such as tuples"
        ) from None
    if not callable(module):
        raise UserError(f"{type(module).__name__}: has no __call__, which models need; give it one")
    name = type(module).__name__.lower() if name is None else arguments.text("name", name, "'mine'")
    if name in MODELS or name in CLASSICAL or not NAME.fullmatch(name):
        raise UserError(
            f"name={short(name)}: is taken, or no plain name; give another, as in name='mine'"
        )
    return Model(name, module=module)
