"""What layers refuse: one line each, whatever would have failed further down."""

import jax
import numpy as np
import pytest
from flax import linen as nn
from jax import numpy as jnp

from dlfun.errors import UserError
from dlfun.layers import (
    Conv,
    Dropout,
    Recurrence,
    Tokens,
    activation,
    average_pool,
    convolve,
    max_pool,
    upsample,
)
from dlfun.types import CONVOLUTIONS

SEQUENCE, IMAGE = jnp.ones((2, 8, 3)), jnp.ones((2, 8, 7, 3))
NUMBER = "must be a whole number, at least 1"
CONV = {
    "a rank less": (jnp.ones((2, 3)), {}, "[batch, *spatial, channels] for a window (3,), 3 axes"),
    "a rank more": (IMAGE, {}, "inputs [2, 8, 7, 3]: must be"),
    "no channel": (jnp.ones((2, 8, 0)), {}, "inputs [2, 8, 0]: holds nothing"),
    "no place": (jnp.ones((2, 0, 3)), {}, "holds nothing"),
    "words": (np.array([[["a"]]]), {}, "must be an array of numbers"),
    "keys": (jax.random.split(jax.random.key(0), (2, 8, 3)), {}, "must be an array of numbers"),
    "nothing": (None, {}, "must be an array of numbers"),
    "another padding": (SEQUENCE, {"padding": "FULL"}, "padding='FULL': must be SAME"),
    "Flax's padding": (SEQUENCE, {"padding": "CIRCULAR"}, "for any other kind pad the inputs"),
    "paddings of other axes": (SEQUENCE, {"padding": (1, 2)}, "padding=(1, 2): must be"),
    "three ends": (SEQUENCE, {"padding": ((1, 2, 3),)}, "padding=((1, 2, 3),): must be"),
    "a cut": (SEQUENCE, {"padding": -1}, "padding=-1: must be"),
    "half a zero": (SEQUENCE, {"padding": 0.5}, "padding=0.5: must be"),
    "strides of other axes": (SEQUENCE, {"strides": (2, 2)}, f"strides=(2, 2): {NUMBER}"),
    "no stride": (SEQUENCE, {"strides": 0}, f"strides=0: {NUMBER}"),
    "half a stride": (IMAGE, {"window": (3, 3), "strides": (1.5, 1)}, "or 2 of them, one for each"),
    "no dilation": (SEQUENCE, {"dilation": (0,)}, f"dilation=(0,): {NUMBER}"),
    "an empty window": (SEQUENCE, {"window": (0,)}, f"window=(0,): {NUMBER}"),
    "no window": (SEQUENCE, {"window": ()}, f"window=(): {NUMBER}"),
    "no feature": (SEQUENCE, {"features": 0}, "features=0: must be a whole number"),
    "features that are true": (SEQUENCE, {"features": True}, "features=True: must be a whole"),
    "another way": (SEQUENCE, {"way": "fast"}, "unknown convolution 'fast'"),
    "a long window": (SEQUENCE, {"window": 9, "padding": 0}, "larger than the padded input (8,)"),
}
IDS = jnp.array([[0, 1], [2, 3]])


def initialised(layer, *arguments):
    return lambda: layer.init(jax.random.key(0), *arguments)


OTHERS = {
    "channels of another kernel": (
        lambda: convolve(SEQUENCE, jnp.ones((3, 2, 4))),
        "have 3 channels, and the kernel [3, 2, 4] is for 2",
    ),
    "a kernel of another rank": (lambda: convolve(SEQUENCE, jnp.ones((3, 3, 3, 4))), "4 axes"),
    "pool without a place": (lambda: max_pool(jnp.ones((2, 3)), 2), "at least 3 axes"),
    "pool of other axes": (lambda: max_pool(SEQUENCE, (2, 2)), f"size=(2, 2): {NUMBER}"),
    "pool of nothing": (lambda: average_pool(SEQUENCE, 0), f"size=0: {NUMBER}"),
    "pool that is too large": (lambda: average_pool(SEQUENCE, 9), "larger than the padded input"),
    "pool without strides": (lambda: max_pool(SEQUENCE, 2, 0), f"strides=0: {NUMBER}"),
    "upsampling of other axes": (lambda: upsample(IMAGE, (16,)), f"sizes=(16,): {NUMBER}"),
    "upsampling too far": (lambda: upsample(SEQUENCE, (17,)), "at most twice"),
    "recurrence of a rank": (initialised(Recurrence("gru", 4), IMAGE), "[batch, time, channels]"),
    "recurrence of no step": (
        initialised(Recurrence("gru", 4), jnp.ones((2, 0, 3))),
        "holds nothing",
    ),
    "another cell": (initialised(Recurrence("GRU", 4), SEQUENCE), "did you mean 'gru'?"),
    "another loop": (initialised(Recurrence("gru", 4, way="xla"), SEQUENCE), "unknown recurrence"),
    "no state": (initialised(Recurrence("gru", 0), SEQUENCE), "width=0: must be a whole number"),
    "lengths of others": (
        initialised(Recurrence("gru", 4), SEQUENCE, jnp.ones(3, int)),
        "lengths [3]: must be [2]",
    ),
    "lengths in part": (
        initialised(Recurrence("gru", 4), SEQUENCE, jnp.ones(2)),
        "lengths of float32: must be an array of whole numbers",
    ),
    "the state of another cell": (
        initialised(Recurrence("lstm", 4), SEQUENCE, None, jnp.ones((2, 1, 1, 4))),
        "start [2, 1, 1, 4]: must be [2, 1, 2, 4]",
    ),
    "dropout of all": (initialised(Dropout(), SEQUENCE, 1.0), "rate=1.0: must be a number"),
    "dropout of less": (initialised(Dropout(), SEQUENCE, -0.1), "at least 0 and below 1"),
    "ids in part": (initialised(Tokens(4, 3), IDS / 2), "array of whole numbers that are ids"),
    "ids in part, one-hot": (initialised(Tokens(4, 0), IDS / 2), "whole numbers that are ids"),
    "tokens of no width": (initialised(Tokens(4, -1), IDS), "width=-1: must be a whole number"),
    "no activation": (lambda: activation("Dense"), "unknown activation 'Dense'"),
}


def assert_one_line(call, text):
    """It is a UserError for scripts, and a ValueError for who calls a layer."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the text is compared below)
        call()
    assert isinstance(caught.value, UserError)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", CONV)
def test_a_convolution_says_what_is_wrong(name, key):
    inputs, changes, text = CONV[name]
    for way in CONVOLUTIONS:
        given = {"features": 4, "window": (3,), "way": way} | changes
        assert_one_line(lambda given=given: Conv(**given).init(key, inputs), text)


@pytest.mark.parametrize("name", OTHERS)
def test_a_layer_says_what_is_wrong(name):
    assert_one_line(*OTHERS[name])


@pytest.mark.parametrize("cell", [nn.GRUCell, nn.OptimizedLSTMCell])
def test_recurrence_reads_integers_as_flax_does(cell, key):
    inputs = np.random.default_rng(0).integers(0, 9, (2, 5, 3)).astype("uint8")
    name = {"GRUCell": "gru", "OptimizedLSTMCell": "lstm"}[cell.__name__]
    params = Recurrence(name, 4).init(key, inputs)
    found = Recurrence(name, 4).apply(params, inputs)[0]
    theirs = {"params": {"cell": params["params"]["forward"]}}
    wanted = nn.RNN(cell(4, name="cell")).apply(theirs, inputs)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_dropout_of_integers_scales_what_it_keeps(key):
    for dtype in (jnp.uint8, jnp.int32):
        found = Dropout().apply({}, jnp.full((40, 50), 3, dtype), 0.25, rngs={"noise": key})
        np.testing.assert_allclose(np.unique(found), [0, 4], rtol=1e-6)
