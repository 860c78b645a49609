"""Stock Flax and Optax: a jitted step in a Python loop, and a scan over the steps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from flax import traverse_util
from jax import numpy as jnp

from dlfun.benchmark.options import Job
from dlfun.benchmark.peers.flax_models import stock_model
from dlfun.benchmark.side import LISTED, read_start
from dlfun.benchmark.works import Work
from dlfun.models import Perceptron

Step = Callable[..., Any]


def gradient_step(work: Work) -> tuple[Step, Step]:
    """Start (params -> state) and step (state, inputs, targets, noise -> state, loss)."""
    module, optimizer = stock_model(work), optax.adam(work.learning_rate)

    def start(params: Any) -> Any:
        return params, optimizer.init(params)

    def step(state: Any, inputs: Any, targets: Any, noise: Any) -> tuple[Any, jax.Array]:
        params, opt_state = state

        def loss(params: Any) -> jax.Array:
            each: Any = module.apply({"params": params}, inputs, targets, noise)
            return jnp.mean(each)

        value, gradient = jax.value_and_grad(loss)(params)
        change, opt_state = optimizer.update(gradient, opt_state, params)
        return (optax.apply_updates(params, change), opt_state), value

    return start, step


def perceptron_step() -> tuple[Step, Step]:
    """Rosenblatt's rule, an example at a time: the right unit up, the best wrong one down."""

    def learn(params: Any, example: Any) -> tuple[Any, jax.Array]:
        inputs, target = example
        scores = inputs @ params["kernel"] + params["bias"]
        rival = jnp.argmax(scores.at[target].set(-jnp.inf))
        behind = scores[rival] - scores[target]
        change = jnp.where(behind >= 0, 1.0, 0.0)
        kernel = params["kernel"].at[:, target].add(change * inputs)
        bias = params["bias"].at[target].add(change).at[rival].add(-change)
        kernel = kernel.at[:, rival].add(-change * inputs)
        return {"kernel": kernel, "bias": bias}, jnp.maximum(behind, 0)

    def step(params: Any, inputs: Any, targets: Any, noise: Any) -> tuple[Any, jax.Array]:
        params, losses = jax.lax.scan(learn, params, (inputs, targets))
        return params, jnp.mean(losses)

    return lambda params: params, step


class StockFlax:
    """All members of the work, mapped by vmap where there are several."""

    def __init__(self, job: Job, scanned: bool) -> None:
        self.work, self.scanned = job.work, scanned
        start = read_start(job)
        nested = traverse_util.unflatten_dict(start.parameters, sep="/")["params"]
        begin, step = (
            perceptron_step() if isinstance(job.work.shape, Perceptron) else gradient_step(job.work)
        )
        self.state = jax.vmap(begin)(jax.tree.map(jnp.asarray, nested))
        self.rows = jnp.asarray(start.rows.swapaxes(0, 1))
        self.noise = None if start.noise is None else jnp.asarray(start.noise.swapaxes(0, 1))
        self.data = jnp.asarray(start.inputs), jnp.asarray(start.targets)
        self.key, self.done = jax.random.key(0), 0
        self.step = functools.partial(mapped_step, step)
        self.jitted = jax.jit(self.numbered, donate_argnums=0)
        self.scan = jax.jit(self.in_a_scan, static_argnums=4, donate_argnums=0)

    def numbered(self, state: Any, data: Any, rows: Any, key: Any, at: Any) -> Any:
        """The step of this number: on its listed batch, with new noise."""
        shape = (rows.shape[1], self.work.batch_size, getattr(self.work.shape, "latent", 0))
        noise = jax.random.normal(jax.random.fold_in(key, at), shape, data[0].dtype)
        return self.step(state, data, rows[at % LISTED], noise)

    def in_a_scan(self, state: Any, data: Any, rows: Any, key: Any, steps: int, first: Any) -> Any:
        """Steps as one program."""
        numbers = first + jnp.arange(steps)
        body = lambda state, at: self.numbered(state, data, rows, key, at)  # noqa: E731
        return jax.lax.scan(body, state, numbers)

    def losses(self, steps: int) -> np.ndarray:
        """Of the first steps, with the noise that dlfun drew: [members, steps]."""
        found, step = [], jax.jit(self.step)
        for at in range(steps):
            noise = jnp.zeros((self.rows.shape[1], 1)) if self.noise is None else self.noise[at]
            self.state, loss = step(self.state, self.data, self.rows[at], noise)
            found.append(np.asarray(loss))
        self.done = steps
        return np.stack(found, axis=1)

    def go(self, steps: int) -> None:
        """Trains on."""
        if self.scanned:
            self.state, _ = self.scan(
                self.state, self.data, self.rows, self.key, steps, np.int32(self.done)
            )
        else:
            for at in range(self.done, self.done + steps):
                self.state, _ = self.jitted(
                    self.state, self.data, self.rows, self.key, np.int32(at)
                )
        self.done += steps
        jax.block_until_ready(self.state)

    def facts(self) -> dict[str, Any]:
        """It trains all members."""
        return {"members": self.work.members}


def mapped_step(step: Step, state: Any, data: Any, rows: Any, noise: Any) -> Any:
    """The step of every member: gather its batch, learn from it."""

    def one(state: Any, rows: Any, noise: Any) -> Any:
        return step(state, data[0][rows], data[1][rows], noise)

    return jax.vmap(one)(state, rows, noise)


def jitted(job: Job) -> StockFlax:
    """A jitted step, called from Python."""
    return StockFlax(job, scanned=False)


def scanned(job: Job) -> StockFlax:
    """The same step in a scan."""
    return StockFlax(job, scanned=True)
