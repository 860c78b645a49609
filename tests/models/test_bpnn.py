"""Back-propagation by hand, in numpy, against the gradients that dlfun trains with."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun import models, objectives
from dlfun.types import Batch, HParams, Spec

SPEC = Spec((7,), "vector", "classification", 5)


def by_hand(params, inputs, targets):
    """Gradients of the mean cross-entropy of a net with two hidden tanh layers."""
    weights = [params[name] for name in ("hidden_0", "hidden_1", "head")]
    acts = [inputs]
    for layer in weights[:2]:
        acts.append(np.tanh(acts[-1] @ layer["kernel"] + layer["bias"]))
    logits = acts[-1] @ weights[2]["kernel"] + weights[2]["bias"]
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta = exp / exp.sum(axis=1, keepdims=True)
    delta[np.arange(len(targets)), targets] -= 1
    delta /= len(targets)
    gradients = {}
    for i, name in reversed(list(enumerate(("hidden_0", "hidden_1", "head")))):
        gradients[name] = {"kernel": acts[i].T @ delta, "bias": delta.sum(axis=0)}
        delta = (delta @ weights[i]["kernel"].T) * (1 - acts[i] ** 2)
    return gradients


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
def test_gradients_equal_back_propagation_by_hand(dtype, tolerance):
    with jax.enable_x64(dtype == "float64"):
        module = models.build("bpnn", models.BPNN((6, 8), activation="tanh"), SPEC)
        objective = objectives.build("auto", SPEC)
        rng = np.random.default_rng(0)
        inputs = rng.normal(size=(20, 7)).astype(dtype)
        targets = rng.integers(0, 5, 20)
        params = jax.jit(module.init)(jax.random.key(0), jnp.asarray(inputs))["params"]
        params = jax.tree.map(lambda p: p.astype(dtype), params)
        batch = Batch(jnp.asarray(inputs), jnp.asarray(targets), jnp.ones(20, dtype))

        def loss(params):
            outputs = module.apply({"params": params}, batch.inputs)
            return jnp.mean(objective.loss(outputs, batch, HParams()))

        found = jax.tree.map(np.asarray, jax.jit(jax.grad(loss))(params))
        plain = jax.tree.map(lambda p: np.asarray(p, np.float64), params)
        wanted = by_hand(plain, inputs.astype(np.float64), targets)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert a.dtype == dtype
        assert np.abs(a - b).max() <= tolerance * np.abs(b).max()


def test_residual_adds_the_input_of_later_layers(key):
    inputs = jax.random.normal(key, (3, 7))
    plain, residual = (
        models.build("bpnn", models.BPNN((7, 7), residual=flag), SPEC) for flag in (False, True)
    )
    params = jax.jit(plain.init)(key, inputs)["params"]
    dense = lambda x, p: x @ p["kernel"] + p["bias"][None]  # noqa: E731
    first = jax.nn.relu(dense(inputs, params["hidden_0"]))
    second = jax.nn.relu(dense(first, params["hidden_1"]))
    np.testing.assert_allclose(
        residual.apply({"params": params}, inputs), dense(first + second, params["head"]), rtol=1e-5
    )
