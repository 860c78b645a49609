"""A Linen module of the user's own, called as every model is."""

import hashlib
import inspect
import re

import jax
import numpy as np
from flax import linen as nn

from dlfun import models
from dlfun.errors import UserError
from dlfun.types import Rate, Spec


class OwnModule(nn.Module):
    """The module itself, with its own parameters under its own names.

    Of `train`, `deterministic` and `dropout_rate` it gets those that its `__call__` takes.
    """

    module: nn.Module

    def setup(self) -> None:
        """Parameters lie where the module itself would have them."""
        nn.share_scope(self, self.module)

    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> jax.Array:
        """inputs [batch, *shape] -> [batch, outputs]."""
        known = {
            "train": train,
            "deterministic": not train,
            "dropout_rate": dropout_rate if train else None,
        }
        takes = inspect.signature(type(self.module).__call__).parameters
        return self.module(inputs, **{name: known[name] for name in known if name in takes})


def own(settings: models.Own, spec: Spec) -> OwnModule:
    """The module, ready for data of this spec.

    Raises:
      UserError: if it cannot take such inputs, or gives other outputs than the data set needs.
    """
    module = OwnModule(settings.module)
    name = type(settings.module).__name__
    example = example_of(spec)
    keys = {stream: jax.random.key(0) for stream in ("params", "noise")}
    try:
        found, _ = jax.eval_shape(module.init_with_output, keys, example)
    except Exception as error:  # whatever the user's code may raise
        raise UserError(
            f"{name}: fails on inputs {list(example.shape)} ({str(error).splitlines()[0]}); make "
            "it take them"
        ) from error
    steps = spec.shape[:1] if spec.task == "sequence_labelling" else ()
    wanted = (1, *steps, spec.outputs)
    if getattr(found, "shape", None) != wanted:
        raise UserError(
            f"{name}: gives {list(getattr(found, 'shape', ()))} for inputs {list(example.shape)}, "
            f"and this data set needs {list(wanted)}"
        )
    return module


def example_of(spec: Spec) -> jax.ShapeDtypeStruct:
    """Inputs [1, *shape] of a data set."""
    return jax.ShapeDtypeStruct((1, *spec.shape), "int32" if spec.vocabulary else "float32")


def checksum_of(module: OwnModule, spec: Spec) -> str:
    """The sha256 of what a module computes on such data: its code may be changed between two calls.

    Other code that computes the same is the same.
    """
    keys = {stream: jax.random.key(0) for stream in ("params", "noise", "dropout")}
    found = hashlib.sha256()
    for train in (False, True):
        program = jax.make_jaxpr(
            lambda inputs, train=train: module.init_with_output(
                keys, inputs, train=train, dropout_rate=0.5
            )
        )(example_of(spec))
        found.update(re.sub(r"0x[0-9a-f]+", "", str(program)).encode())
        for constant in program.consts:
            plain = jax.dtypes.issubdtype(constant.dtype, jax.dtypes.prng_key)
            found.update(np.asarray(jax.random.key_data(constant) if plain else constant).tobytes())
    return found.hexdigest()
