"""Gradient descent through Optax, for every model that an objective can differentiate."""

from typing import Any, NamedTuple

import jax
import optax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.data.augment import augment_batch
from dlfun.layers import live
from dlfun.learners.optimizers import make_optimizer
from dlfun.learners.prepare import COMPUTE, STORED, prepare, prepare_batch
from dlfun.models import MODELS, live_parts, row_of
from dlfun.models.own import streams as own_streams
from dlfun.objectives.tasks import task_of
from dlfun.scaling import Scaling
from dlfun.types import (
    Array,
    Batch,
    Examination,
    HParams,
    Learner,
    Metrics,
    Objective,
    Predictions,
    Settings,
    Spec,
)


class GradientState(NamedTuple):
    """Parameters, the optimiser's state, and the model's own.

    The model's own: running statistics, the state in which it left off reading a text, and how
    many of its layers are live.
    """

    params: Any
    opt_state: Any
    model_state: Any


def cast(tree: Any, dtype: Any) -> Any:
    """Every array of a tree in this precision."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype), tree)


def random_streams(settings: Settings, key: Array) -> dict[str, Array]:
    """The chance of a model; modules of users' own may have streams of any name."""
    return {"noise": key} if settings.model in MODELS else own_streams(key)


def live_of(settings: Settings, spec: Spec, hparams: HParams) -> live.Parts:
    """Which part of the network these numbers leave alive; nothing where all of it is, always."""
    if not (settings.width or settings.depth):
        return {}
    return live_parts(settings.model, settings.shape, spec, hparams.width, hparams.depth)


def at_rest(parameters: Any) -> GradientState:
    """The state of a model that has these parameters, and learns no more."""
    own = dict(parameters)
    return GradientState(own.pop("params"), None, own)


def gradient_learner(
    module: nn.Module, objective: Objective, settings: Settings, spec: Spec
) -> Learner:
    """The mean loss of a batch, its gradient by back-propagation, one optimiser step.

    Parameters and the optimiser's state are float32 (float64 under that precision); the model
    computes in the precision of the settings.
    """
    compute, stored = COMPUTE[settings.precision], STORED[settings.precision]
    reads_on = task_of(spec).stream
    takes_lengths = spec.padded and row_of(settings.model).lengths

    def init(hparams: HParams, key: Array) -> GradientState:
        params_key, noise_key = jax.random.split(key)
        count = settings.batch_size if reads_on else 1
        example = prepare(jnp.zeros((count, *spec.shape), jnp.uint8), spec, "float32")
        model_state = module.init({"params": params_key, "noise": noise_key}, example)
        drawn = cast(model_state.pop("params"), stored)
        params = live.begin(live_of(settings, spec, hparams), drawn)
        if settings.depth:  # a variable, so that who applies the module needs no hyperparameters
            model_state[live.COLLECTION] = {"depth": jnp.asarray(hparams.depth)}
        opt_state = make_optimizer(settings, hparams).init(params)
        return GradientState(params, opt_state, cast(model_state, stored))

    def apply(
        params: Any, state: GradientState, batch: Batch, hparams: HParams | None, key: Array
    ) -> tuple[Any, Any]:
        """Outputs in the stored precision; `hparams` means training."""
        more: dict[str, Any] = {"lengths": batch.lengths} if takes_lengths else {}
        rate = hparams.dropout_rate if hparams is not None and settings.dropout else None
        outputs, model_state = module.apply(
            {"params": cast(params, compute), **state.model_state},
            batch.inputs,
            train=hparams is not None,
            dropout_rate=rate,
            rngs=random_streams(settings, key),
            mutable=list(state.model_state),
            **more,
        )
        return cast(outputs, stored), cast(model_state, stored)

    def update(
        state: GradientState, batch: Batch, hparams: HParams, key: Array
    ) -> tuple[GradientState, Metrics]:
        batch = prepare_batch(batch, spec, settings.precision)
        if settings.augment:  # only then, so that other runs keep their bits
            key, own = jax.random.split(key)
            batch = augment_batch(own, batch, settings.augment, spec)

        def loss(params: Any) -> tuple[Array, tuple[Any, Metrics]]:
            outputs, model_state = apply(params, state, batch, hparams, key)
            total = jnp.mean(objective.loss(outputs, batch, hparams))
            return total, (model_state, objective.metrics(outputs, batch, hparams))

        gradient, (model_state, metrics) = jax.grad(loss, has_aux=True)(state.params)
        gradient = live.confine(live_of(settings, spec, hparams), gradient)
        step, opt_state = make_optimizer(settings, hparams).update(
            gradient, state.opt_state, state.params
        )
        params = optax.apply_updates(state.params, step)
        return GradientState(params, opt_state, model_state), metrics

    def judge(
        state: GradientState, batch: Batch, hparams: HParams, key: Array
    ) -> tuple[Metrics, Predictions]:
        batch = prepare_batch(batch, spec, settings.precision)
        outputs, _ = apply(state.params, state, batch, None, key)
        return objective.metrics(outputs, batch, hparams), objective.predictions(outputs)

    def predict(
        state: GradientState,
        inputs: Array,
        key: Array,
        lengths: Array | None = None,
        scaling: Scaling | None = None,
    ) -> Any:
        inputs = prepare(inputs, spec, settings.precision, scaling)
        batch = Batch(inputs, jnp.zeros(len(inputs)), jnp.ones(len(inputs)), lengths)
        return apply(state.params, state, batch, None, key)[0]

    def parameters(state: GradientState) -> Any:
        kept = {name: own for name, own in state.model_state.items() if name != "carried"}
        return {"params": state.params, **kept}

    examination = make_examination(module, objective, settings, spec)
    return Learner(init, update, judge, predict, parameters, at_rest, lambda state: {}, examination)


def make_examination(
    module: nn.Module, objective: Objective, settings: Settings, spec: Spec
) -> Examination | None:
    """What the objective asks of a trained model's own methods, if it asks anything."""
    asked = objective.examination
    if asked is None:
        return None

    def measure(state: GradientState, batch: Batch, hparams: HParams, key: Array) -> Metrics:
        params = cast(state.params, COMPUTE[settings.precision])

        def call(*inputs: Array, method: str) -> Any:
            found = module.apply({"params": params, **state.model_state}, *inputs, method=method)
            return cast(found, STORED[settings.precision])

        return asked.measure(call, prepare_batch(batch, spec, settings.precision), key)

    return Examination(measure, asked.conclude)
