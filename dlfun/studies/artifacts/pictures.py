"""The first layer of a trained network, and what it makes of some examples."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from dlfun.layers import activation
from dlfun.layers.cells import CELLS
from dlfun.layers.recurrence import gates
from dlfun.learners.prepare import COMPUTE, STORED, prepare
from dlfun.models import row_of
from dlfun.models.vae import places
from dlfun.scaling import Scaling
from dlfun.types import Settings, Spec, Split

FILTERS, MAPS, UNITS = 32, 8, 16
"""At most so many filters, channels of feature maps, and units of a state are kept."""

QUICK = {"xla_backend_optimization_level": 0}
"""A few examples are computed once, which takes far less time than to compile well."""

FIRST_LAYERS: dict[str, tuple[str, ...]] = {
    "perceptron": ("",),
    "softmax": ("head",),
    "bpnn": ("hidden_0",),
    "cnn": ("conv_0",),
    "vae": ("convolutions_0", "encoder_0", "posterior"),
}
"""Model -> the layer that reads the inputs: the first of these names that there is."""

Arrays = dict[str, np.ndarray]


def filters(variables: Any, settings: Settings, spec: Spec) -> np.ndarray | None:
    """The weights of the first layer, a filter a unit; None of a model that is not known.

    Args:
      variables: of one member.

    Returns:
      [units, *spatial, channels]: kernels of a convolution, or the weights of dense
      units in the shape of the inputs, ids as one-hot or embedded vectors. Of a recurrent layer
      [units, features], what its candidate state takes from the inputs, direction by direction.
    """
    params = variables["params"]
    if row_of(settings.model).recurrent:
        gate = f"i{CELLS[settings.shape.cell].gates[-1]}"
        kernels = [np.asarray(part[gate]["kernel"]).T for part in params["layer_0"].values()]
        return np.concatenate(kernels)
    names = FIRST_LAYERS.get(settings.model, ())
    name = next((name for name in names if not name or name in params), None)
    if name is None:
        return None
    kernel = np.asarray((params[name] if name else params)["kernel"])
    if name == "posterior":  # its second half are the variances
        kernel = kernel[:, : kernel.shape[1] // 2]
    by_unit = np.moveaxis(kernel, -1, 0)
    return by_unit if kernel.ndim > 2 else by_unit.reshape(len(by_unit), *places(spec)[0], -1)


def first_layer_outputs(
    module: Any,
    variables: Any,
    examples: Split,
    settings: Settings,
    spec: Spec,
    scaling: Scaling | None = None,
) -> Arrays:
    """What the first layer of one member makes of some examples, where it is worth showing.

    Args:
      variables: of one member, arrays.
      examples: of which inputs [examples, *shape] are as they are stored.

    Returns:
      of a CNN `feature_maps` [examples, *spatial, at most MAPS], after the activation; of an RNN
      `states` [examples, time, at most UNITS], `gates` [names, examples, time, units] and
      `gate_names`, both directions one after the other, and 0 behind the end of an example. Of
      both, how many there are: `map_count`, `state_count`.
    """
    trace: dict[str, Callable[..., Any]] = {"cnn": _feature_maps, "rnn": _states_and_gates}
    if settings.model not in trace:
        return {}
    dtype = COMPUTE[settings.precision]

    @functools.partial(jax.jit, compiler_options=QUICK)
    def outputs(variables: Any, inputs: Any, lengths: Any) -> dict[str, jax.Array]:
        variables = jax.tree.map(lambda leaf: leaf.astype(dtype), variables)
        ready = prepare(inputs, spec, settings.precision, scaling)
        found = trace[settings.model](module, variables, ready, lengths, settings.shape)
        return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), found)

    takes_lengths = spec.padded and row_of(settings.model).lengths
    lengths = examples.lengths if takes_lengths else None
    found = jax.tree.map(np.asarray, outputs(variables, examples.inputs, lengths))
    found |= {name: count.astype(int) for name, count in found.items() if name.endswith("_count")}
    if "gates" in found:
        found["gate_names"] = np.array(CELLS[settings.shape.cell].words)
    return found


def _captured(
    module: Any, variables: Any, inputs: jax.Array, names: tuple[str, ...], **more: Any
) -> Any:
    """What the submodules of these names give where a module is applied."""
    _, found = module.apply(
        variables,
        inputs,
        capture_intermediates=lambda part, method: part.name in names,
        mutable=["intermediates"],
        **more,
    )
    return found["intermediates"]


def _feature_maps(
    module: Any, variables: Any, inputs: jax.Array, lengths: None, shape: Any
) -> dict[str, jax.Array]:
    found = _captured(module, variables, inputs, ("conv_0", "norm_0"))
    last = found["norm_0"] if "norm_0" in found else found["conv_0"]
    maps = activation(shape.activation)(last["__call__"][0])
    return {"feature_maps": maps[..., :MAPS], "map_count": jnp.int32(maps.shape[-1])}


def _as_it_is(steps: jax.Array) -> jax.Array:
    return steps


def _backwards(steps: jax.Array) -> jax.Array:
    """[..., time, channels] with time turned round."""
    return jnp.flip(steps, axis=-2)


def _states_and_gates(
    module: Any, variables: Any, inputs: jax.Array, lengths: jax.Array | None, shape: Any
) -> dict[str, jax.Array]:
    more = {} if lengths is None else {"lengths": lengths}
    names = ("embedding", "layer_0", "forward", "backward")
    found = _captured(module, variables, inputs, names, **more)
    inputs = found["embedding"]["__call__"][0]
    inputs, layer = inputs.reshape(*inputs.shape[:2], -1), found["layer_0"]
    states = layer["__call__"][0][0]
    kept = {"states": states[..., :UNITS], "state_count": jnp.int32(states.shape[-1])}
    if not CELLS[shape.cell].words:
        return kept
    directions = ("forward", "backward")[: 1 + shape.bidirectional]
    opened = []
    for direction, own in zip(directions, jnp.split(states, len(directions), -1), strict=True):
        turn = _as_it_is if direction == "forward" else _backwards
        weights = layer[direction]["__call__"][0]
        opened.append(turn(gates(shape.cell, shape.activation, turn(inputs), weights, turn(own))))
    found_gates = jnp.concatenate(opened, axis=-1)[..., :UNITS]
    if lengths is not None:
        real = jnp.arange(inputs.shape[1])[None] < lengths[:, None]
        found_gates = jnp.where(real[None, ..., None], found_gates, 0)
    return kept | {"gates": found_gates}


def latent_plane(
    module: Any,
    variables: Any,
    inputs: Any,
    settings: Settings,
    spec: Spec,
    scaling: Scaling | None = None,
) -> np.ndarray | None:
    """Posterior means [examples, 2] along the two latent dimensions in which they vary most.

    None where the latent has but one dimension.
    """
    if settings.shape.latent < 2:
        return None

    @functools.partial(jax.jit, compiler_options=QUICK)
    def means(variables: Any, inputs: Any) -> jax.Array:
        dtype = np.dtype(STORED[settings.precision]).name
        ready = prepare(inputs, spec, dtype, scaling)
        return module.apply(variables, ready, method="encode")[0].astype(jnp.float32)

    found = np.asarray(means(variables, inputs))
    return found[:, np.argsort(-np.var(found, axis=0), kind="stable")[:2]]
