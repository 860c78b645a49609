"""What a VAE promises: its KL, its likelihoods, and that no label reaches the encoder."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp
from scipy import integrate, special, stats

from dlfun import models, objectives
from dlfun.learners import gradient_learner
from dlfun.objectives.elbo import bernoulli, categorical, elbo, gaussian, kl_divergence
from dlfun.types import Batch, HParams, Settings, Spec

SPEC = Spec((6,), "vector", "classification", 3)


def test_kl_equals_numerical_integration():
    mean, log_variance = 0.7, -0.9
    q, p = stats.norm(mean, np.exp(log_variance / 2)), stats.norm(0, 1)
    wanted, _ = integrate.quad(lambda x: q.pdf(x) * (q.logpdf(x) - p.logpdf(x)), -12, 12)
    found = kl_divergence(jnp.array([[mean]]), jnp.array([[log_variance]]))
    np.testing.assert_allclose(found, [wanted], rtol=1e-5)


def test_likelihoods_equal_scipy():
    rng = np.random.default_rng(0)
    logits, bits = rng.normal(size=(4, 3)).astype("float32"), rng.integers(0, 2, (4, 3))
    wanted = stats.bernoulli(1 / (1 + np.exp(-logits))).logpmf(bits)
    np.testing.assert_allclose(bernoulli(logits, bits, 0.0), wanted, rtol=1e-4)
    wanted = stats.norm(logits, np.exp(0.3)).logpdf(bits)
    np.testing.assert_allclose(gaussian(logits, bits, jnp.float32(0.3)), wanted, rtol=1e-5)
    wanted = special.log_softmax(logits, axis=1)[np.arange(4), [0, 2, 1, 1]]
    np.testing.assert_allclose(categorical(logits, np.array([0, 2, 1, 1]), 0.0), wanted, rtol=1e-5)


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_bernoulli_is_stable(logit):
    value, slope = jax.value_and_grad(lambda x: bernoulli(x, 0.25, 0.0))(jnp.float32(logit))
    assert np.isfinite(value)
    assert np.isfinite(slope)


@pytest.mark.parametrize("clip", [False, True])
def test_no_label_reaches_encoder_or_decoder(clip, key):
    settings = Settings("vae", models.VAE((8,), 2), clip=clip)
    module = models.build("vae", settings.shape, SPEC)
    objective = elbo("gaussian", objectives.build("auto", SPEC))
    learner = gradient_learner(module, objective, settings, SPEC)
    hparams = HParams(learning_rate=1e-2, gradient_clip=0.5)
    inputs = jax.random.normal(key, (32, 6))
    update = jax.jit(learner.update)

    def trained(targets):
        state = jax.jit(learner.init)(hparams, key)
        for step in range(5):
            batch = Batch(inputs, targets, jnp.ones(32))
            state, _ = update(state, batch, hparams, jax.random.fold_in(key, step))
        return state.params

    labels = jnp.arange(32) % 3
    one, other = trained(labels), trained(labels[::-1])
    readout = [params.pop("readout") for params in (one, other)]
    assert jax.tree.all(jax.tree.map(lambda a, b: jnp.array_equal(a, b), one, other))
    assert not jnp.array_equal(readout[0]["kernel"], readout[1]["kernel"])
