"""Losses against Optax and numpy; weights against leaving examples out."""

import jax
import numpy as np
import optax
import pytest
from jax import numpy as jnp
from scipy.special import expit, log_softmax

from dlfun import objectives
from dlfun.errors import UserError
from dlfun.models.vae import VAEOutputs
from dlfun.objectives.elbo import elbo
from dlfun.types import Batch, HParams, Spec

CLASSES = Spec((4,), "vector", "classification", 3)
NUMBERS = Spec((4,), "vector", "regression", 2)


@pytest.fixture
def batch():
    return Batch(jnp.zeros((5, 4)), jnp.array([0, 1, 2, 1, 0]), jnp.ones(5))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_equals_optax(smoothing, batch, key):
    logits = 3 * jax.random.normal(key, (5, 3))
    labels = optax.losses.smooth_labels(jax.nn.one_hot(batch.targets, 3), smoothing)
    wanted = optax.losses.softmax_cross_entropy(logits, labels)
    hparams = HParams(label_smoothing=smoothing)
    found = objectives.build("auto", CLASSES).loss(logits, batch, hparams)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_metrics_hold_no_smoothing(smoothing, batch, key):
    """What is reported is the likelihood of the labels themselves, whatever training asked for."""
    logits = np.asarray(3 * jax.random.normal(key, (5, 3)), float)
    log = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    hparams = HParams(label_smoothing=smoothing)
    found = objectives.build("auto", CLASSES).metrics(jnp.float32(logits), batch, hparams)
    wanted = -log[np.arange(5), batch.targets].sum()
    np.testing.assert_allclose(found["loss"], (wanted, 5), rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("kl_weight", [0.0, 0.2, 1.0, 3.0])
def test_a_bound_is_reported_as_it_is(kl_weight, smoothing):
    """The ELBO of two Bernoulli values and a Gaussian latent in numpy, with the KL at weight 1."""
    rng = np.random.default_rng(3)
    decoded, mean, log_variance = (rng.normal(size=(4, 2)).astype("float32") for _ in range(3))
    logits, labels = rng.normal(size=(4, 3)).astype("float32"), np.array([0, 2, 1, 1])
    inputs = rng.integers(0, 2, (4, 2)).astype("float32")
    reconstruction = np.log(np.where(inputs == 1, expit(decoded), expit(-decoded))).sum(axis=1)
    kl = 0.5 * (np.exp(log_variance) + mean**2 - 1 - log_variance).sum(axis=1)
    read = -log_softmax(logits, axis=1)[np.arange(4), labels]
    outputs = VAEOutputs(decoded, jnp.zeros(()), mean, log_variance, logits)
    batch = Batch(inputs, labels, jnp.ones(4))
    objective = elbo("bernoulli", objectives.build("auto", CLASSES))
    hparams = HParams(kl_weight=kl_weight, label_smoothing=smoothing)
    found = objective.metrics(jax.tree.map(jnp.asarray, outputs), batch, hparams)
    wanted = {
        "loss": read + kl - reconstruction,
        "elbo": reconstruction - kl,
        "reconstruction": reconstruction,
        "kl": kl,
        "readout_loss": read,
    }
    for name, each in wanted.items():
        np.testing.assert_allclose(found[name], (each.sum(), 4), rtol=1e-5, err_msg=name)


def test_squared_error_of_numbers_and_of_classes(batch, key):
    outputs = jax.random.normal(key, (5, 3))
    found = objectives.build("squared_error", CLASSES).loss(outputs, batch, HParams())
    wanted = ((np.asarray(outputs) - np.eye(3)[batch.targets]) ** 2).mean(axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    numbers = batch._replace(targets=outputs[:, :2] + 2)
    found = objectives.build("auto", NUMBERS).loss(outputs[:, :2], numbers, HParams())
    np.testing.assert_allclose(found, np.full(5, 4.0), rtol=1e-5)


def test_perceptron_criterion(batch):
    scores = jnp.array([[2.0, 1, 0], [2, 1, 0], [2, 1, 0], [0, 3, 1], [0, 0, -1]])
    found = objectives.build("perceptron", CLASSES).loss(scores, batch, HParams())
    np.testing.assert_allclose(found, [0, 1, 2, 0, 0])


@pytest.mark.parametrize("name", ["cross_entropy", "squared_error", "perceptron"])
def test_padding_weighs_nothing(name, batch, key):
    objective = objectives.build(name, CLASSES)
    outputs = jax.random.normal(key, (5, 3))
    padded = batch._replace(weight=jnp.array([1.0, 1, 1, 0, 0]))
    short = jax.tree.map(lambda leaf: leaf[:3], batch)
    found = objective.metrics(outputs.at[3:].set(jnp.nan), padded, HParams())
    wanted = objective.metrics(outputs[:3], short, HParams())
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found, wanted)


def test_objective_of_another_task_is_refused():
    with pytest.raises(UserError, match="--objective=cross_entropy is for classification"):
        objectives.build("cross_entropy", NUMBERS)
