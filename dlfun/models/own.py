"""A Linen module of the user's own, called as every model is."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jax
import numpy as np
from flax import linen as nn
from flax.errors import InvalidRngError, ModifyScopeVariableError
from jax import numpy as jnp

from dlfun import models
from dlfun.errors import UserError, first_line
from dlfun.objectives.tasks import task_of
from dlfun.types import Array, Rate, Spec

T = TypeVar("T")

MODES: Mapping[str, bool] = {
    "train": True,
    "training": True,
    "is_training": True,
    "deterministic": False,
    "use_running_average": False,
}
"""The arguments that tell a module whether it trains -> what they are then."""

LIKE_MODES = re.compile("train|determin|eval|infer|test|running")
"""In the names of arguments that could mean the same, and would not be passed."""

EXAMPLES = 3
"""So many, at once and alone, show whether one changes what is said of another."""

TRACED = (
    ", with a dropout_rate that each member has of its own (nn.Dropout takes none that is traced; "
    "dlfun.layers.dropout.Dropout()(x, dropout_rate) does)"
)

APART = 0.02
"""Outputs that lie further apart, as a part of the largest, are not the same but for rounding."""


class OwnModule(nn.Module):
    """The module itself, with its own parameters under its own names.

    It gets those of `MODES`, and `dropout_rate`, that its `__call__` takes.
    """

    module: nn.Module

    def setup(self) -> None:
        """Parameters lie where the module itself would have them."""
        nn.share_scope(self, self.module)

    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> jax.Array:
        """inputs [batch, *shape] -> [batch, outputs]."""
        known = {name: train is training for name, training in MODES.items()}
        takes = arguments(self.module)
        rate = dropout_rate if train else None
        if rate is None and "dropout_rate" in takes:
            rate = no_dropout(takes["dropout_rate"].default, train)
        passed = {**known, "dropout_rate": rate}
        return self.module(inputs, **{n: value for n, value in passed.items() if n in takes})


def arguments(module: nn.Module) -> dict[str, inspect.Parameter]:
    """What the module's `__call__` takes beside itself and inputs."""
    return dict(list(inspect.signature(type(module).__call__).parameters.items())[2:])


def no_dropout(default: Any, train: bool) -> float | None:
    """The rate that says so: 0 where a module computes with it, None where it asks whether one is.

    >>> no_dropout(None, True), no_dropout(0.1, False), no_dropout(inspect.Parameter.empty, True)
    (None, 0.0, 0.0)
    """
    required = default is inspect.Parameter.empty
    return 0.0 if isinstance(default, float | int) or (required and train) else None


def streams(key: Array) -> dict[str, Array]:
    """The chance of a module that is trained: a stream of any other name is drawn from `params`."""
    noise, dropout, others = jax.random.split(key, 3)
    return {"noise": noise, "dropout": dropout, "params": others}


def own(settings: models.Own, spec: Spec) -> OwnModule:
    """The module, ready for data of this spec.

    Raises:
      UserError: if it cannot take such inputs, gives other outputs than the data set needs, or
        cannot be trained and evaluated as other models are.
    """
    module = OwnModule(settings.module)
    checks = Checks(module, type(settings.module).__name__, spec)
    checks.modes()
    checks.variables()
    checks.evaluation()
    checks.training()
    checks.independence()
    return module


def check_dropout(module: OwnModule, spec: Spec) -> None:
    """Raises UserError unless a module can be trained with a rate of dropout, if it takes one."""
    checks = Checks(module, type(module.module).__name__, spec)
    checks.variables()
    checks.training(dropout=True)


class Checks:
    """What a module must keep to, each found by tracing it on shapes alone but the last.

    Each raises UserError, naming the module, what it does, and what it should do.
    """

    def __init__(self, module: OwnModule, name: str, spec: Spec) -> None:
        self.module, self.name, self.spec = module, name, spec
        self.keys = {stream: jax.random.key(0) for stream in ("params", "noise")}

    def inputs(self, count: int) -> Any:
        """The shape and type of so many examples."""
        dtype = "int32" if self.spec.vocabulary else "float32"
        return jax.ShapeDtypeStruct((count, *self.spec.shape), dtype)

    def tried(self, function: Callable[..., T], *args: Any, when: str = "") -> Any:
        """The shapes that a function of the user's code gives."""
        try:
            return jax.eval_shape(function, *args)
        except InvalidRngError:
            raise UserError(
                f"{self.name}: draws random numbers when it is evaluated, too; let it draw none "
                f"unless its argument `train` is true"
            ) from None
        except ModifyScopeVariableError:
            raise UserError(
                f"{self.name}: changes its variables when it is evaluated, too; let it change none "
                f"unless its argument `train` is true"
            ) from None
        except Exception as error:  # whatever the user's code may raise
            shape = list(self.inputs(1).shape)
            raise UserError(
                f"{self.name}: fails on inputs {shape}{when} ({first_line(error)}); make it take "
                "them"
            ) from error

    def modes(self) -> None:
        """It can be told whether it trains."""
        for name, argument in arguments(self.module.module).items():
            switch = argument.default is argument.empty or isinstance(argument.default, bool | None)
            known = name in MODES or argument.kind in (
                argument.VAR_POSITIONAL,
                argument.VAR_KEYWORD,
            )
            if switch and not known and LIKE_MODES.search(name):
                raise UserError(
                    f"{self.name}: nothing is passed as its argument `{name}`; call it one of "
                    f"{', '.join(MODES)} if it says whether the module trains"
                )

    def variables(self) -> None:
        """It has parameters, and all that it keeps are plain arrays of floats under names."""
        self.held = self.tried(self.module.init, self.keys, self.inputs(1))
        leaves = jax.tree_util.tree_flatten_with_path(self.held)[0]
        for path, leaf in leaves:
            name = "/".join(str(getattr(part, "key", part)) for part in path)
            plain = all(isinstance(part, jax.tree_util.DictKey) for part in path)
            if not plain or not jnp.issubdtype(leaf.dtype, jnp.floating):
                what = str(leaf.dtype) if plain else "no plain array"
                raise UserError(
                    f"{self.name}: its variable {name} is {what}; keep arrays of floats alone, "
                    "each under a name"
                )
        if not any(leaf.size for leaf in jax.tree.leaves(self.held.get("params", {}))):
            raise UserError(f"{self.name}: has no parameters to learn; give it some")

    def evaluation(self) -> None:
        """Without chance, and without a change of variables, it gives what the data set needs."""
        inputs = self.inputs(EXAMPLES)
        found = self.tried(self.module.apply, self.held, inputs)
        steps = self.spec.shape[:1] if task_of(self.spec).each_step else ()
        wanted = (EXAMPLES, *steps, self.spec.outputs)
        if getattr(found, "shape", None) != wanted:
            gives = list(found.shape) if hasattr(found, "shape") else type(found).__name__
            raise UserError(
                f"{self.name}: gives {gives} for inputs {list(inputs.shape)}, and this data set "
                f"needs {list(wanted)}"
            )
        if not jnp.issubdtype(found.dtype, jnp.floating):
            raise UserError(f"{self.name}: gives {found.dtype}; let it give floats")

    def training(self, dropout: bool = False) -> None:
        """It has gradients, as one of several members, and keeps what it keeps in its shape.

        With `dropout` each member has a rate of its own, as in studies that drop units.
        """

        def step(held: Any, key: Array, inputs: Array, rate: Rate) -> Any:
            params, rest = held["params"], {n: held[n] for n in held if n != "params"}

            def loss(params: Any) -> tuple[Array, Any]:
                outputs, after = self.module.apply(
                    {"params": params, **rest},
                    inputs,
                    train=True,
                    dropout_rate=rate,
                    rngs=streams(key),
                    mutable=list(rest),
                )
                return outputs.astype(float).sum(), after

            return jax.grad(loss, has_aux=True)(params)[1]

        def members(held: Any, inputs: Array) -> Any:
            two = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), held)
            keys = jax.random.split(self.keys["noise"])
            rates = jnp.full(2, 0.5) if dropout else None
            return jax.vmap(step, (0, 0, None, 0))(two, keys, inputs, rates)

        inputs = self.inputs(EXAMPLES)
        when = f" in training{TRACED}" if dropout else " in training"
        after = self.tried(members, self.held, inputs, when=when)
        shapes = {n: jax.tree.map(lambda leaf: leaf.shape, self.held[n]) for n in after}
        if shapes != jax.tree.map(lambda leaf: leaf.shape[1:], dict(after)):
            raise UserError(
                f"{self.name}: its variables change their shape in training, or are added to; keep "
                "what depends on no batch, and sow into 'intermediates' alone"
            )

    def independence(self) -> None:
        """What it says of an example depends on no other of the batch."""

        @jax.jit
        def both(key: Array, inputs: Array) -> tuple[Array, Array]:
            held = self.module.init({"params": key, "noise": key}, inputs[:1])
            alone = jax.lax.map(lambda one: self.module.apply(held, one[None])[0], inputs)
            return self.module.apply(held, inputs), alone

        key = jax.random.key(0)
        shape = self.inputs(EXAMPLES).shape
        some = jax.random.normal(key, shape)
        if self.spec.vocabulary:
            some = jax.random.randint(key, shape, 0, self.spec.vocabulary)
        try:
            together, alone = (np.asarray(part, float) for part in both(key, some))
        except Exception as error:  # whatever the user's code may raise
            raise UserError(f"{self.name}: fails ({first_line(error)}); mend it") from error
        apart = APART * np.max(np.abs(alone), initial=0, where=np.isfinite(alone))
        if not np.allclose(together, alone, rtol=0, atol=apart, equal_nan=True):
            raise UserError(
                f"{self.name}: what it says of an example depends on the others of its batch, or "
                "on their order; let each row of its outputs be of the same row of its inputs"
            )


def checksum_of(module: OwnModule, spec: Spec) -> str:
    """The sha256 of what a module computes on such data: its code may be changed between two calls.

    Other code that computes the same is the same.
    """
    example = jax.ShapeDtypeStruct((1, *spec.shape), "int32" if spec.vocabulary else "float32")
    keys = {stream: jax.random.key(0) for stream in ("params", "noise", "dropout")}
    found = hashlib.sha256()
    for train in (False, True):
        program = jax.make_jaxpr(
            lambda inputs, train=train: module.init_with_output(
                keys, inputs, train=train, dropout_rate=0.5
            )
        )(example)
        found.update(re.sub(r"0x[0-9a-f]+", "", str(program)).encode())
        for constant in program.consts:
            plain = jax.dtypes.issubdtype(constant.dtype, jax.dtypes.prng_key)
            found.update(np.asarray(jax.random.key_data(constant) if plain else constant).tobytes())
    return found.hexdigest()
