"""The VAE with convolutions: its shapes, its decoder against numpy, and its layers by all ways."""

import dataclasses

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun import models
from dlfun.layers import upsample
from dlfun.types import Spec

SPECS = {
    "vector": Spec((9,), "vector", "classification", 3),
    "sequence": Spec((13, 2), "sequence", "classification", 3),
    "speech": Spec((9, 6), "speech", "classification", 3),
    "image": Spec((7, 8, 3), "image", "classification", 3, "bernoulli"),
    "video": Spec((5, 6, 6, 1), "video", "classification", 3, "bernoulli"),
    "text": Spec((9,), "text", "classification", 3, "categorical", vocabulary=7),
}
SETTINGS = models.VAE(widths=(6,), latent=2, channels=(4, 5))


def read_by(spec):
    """Five examples of a spec, abstractly."""
    return jax.ShapeDtypeStruct((5, *spec.shape), jnp.int32 if spec.vocabulary else jnp.float32)


@pytest.mark.parametrize("modality", SPECS)
def test_an_example_is_decoded_to_its_own_shape(modality, key):
    spec = SPECS[modality]
    module = models.build("vae", SETTINGS, spec)
    keys = {"params": key, "noise": key}
    outputs, variables = jax.eval_shape(lambda x: module.init_with_output(keys, x), read_by(spec))
    vocabulary = (7,) if spec.vocabulary else ()
    assert outputs.decoded.shape == (5, *spec.shape, *vocabulary)
    assert outputs.mean.shape == outputs.log_variance.shape == (5, 2)
    axes = {"image": 2, "speech": 2, "video": 3}.get(modality, 1)
    params = variables["params"]
    assert params["convolutions_1"]["kernel"].shape == (*(3,) * axes, 4, 5)
    assert params["mirrors_0"]["kernel"].shape == (*(3,) * axes, 5, 4)


def test_upsampling_repeats_and_cuts():
    inputs = np.random.default_rng(0).normal(size=(2, 3, 2, 4)).astype("float32")
    wanted = np.kron(inputs.transpose(0, 3, 1, 2), np.ones((1, 1, 2, 2)))
    found = upsample(jnp.asarray(inputs), (5, 4))
    np.testing.assert_array_equal(found, wanted.transpose(0, 2, 3, 1)[:, :5])


def correlate(inputs, kernel):
    """A 3 x 3 cross-correlation of zero-padded images, by numpy."""
    padded = np.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    return np.einsum("bhwcij,ijcf->bhwf", views, kernel)


def test_the_decoder_equals_its_layers_one_by_one(key):
    """A latent through one dense layer and two convolutions, written out."""
    spec, settings = SPECS["image"], dataclasses.replace(SETTINGS, widths=(), activation="tanh")
    module = models.build("vae", settings, spec)
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(module.init, {"params": key, "noise": key}, read_by(spec))
    variables = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape).astype("float32"), shapes)
    latent, p = rng.normal(size=(3, 2)).astype("float32"), variables["params"]
    hidden = latent @ p["likelihood"]["kernel"] + p["likelihood"]["bias"]
    hidden = np.tanh(hidden).reshape(3, 2, 2, 5)
    hidden = np.repeat(np.repeat(hidden, 2, 1), 2, 2)
    hidden = np.tanh(correlate(hidden, p["mirrors_0"]["kernel"]) + p["mirrors_0"]["bias"])
    hidden = np.repeat(np.repeat(hidden, 2, 1), 2, 2)[:, :7]
    wanted = correlate(hidden, p["mirrors_1"]["kernel"]) + p["mirrors_1"]["bias"]
    found, _ = jax.jit(lambda latent: module.apply(variables, latent, method="decode"))(latent)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("way", ["patches", "xla"])
def test_convolutions_compute_in_the_way_that_is_asked_for(way, key):
    module = models.build("vae", SETTINGS, SPECS["speech"], way)
    keys = {"params": key, "noise": key}
    program = str(
        jax.make_jaxpr(lambda x: module.init_with_output(keys, x))(read_by(SPECS["speech"]))
    )
    assert program.count("conv_general_dilated[") == (4 if way == "xla" else 0)
