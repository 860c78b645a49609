"""Exact parameter counts, as published for MNIST-1D (Greydanus 2020)."""

import jax
import pytest
from jax import numpy as jnp

from dlfun import models
from dlfun.types import Spec

SPEC = Spec((40, 1), "sequence", "classification", 10)
COUNTS = [
    ("perceptron", models.Perceptron(), 410),
    ("softmax", models.Softmax(), 410),
    ("bpnn", models.BPNN((100, 100), residual=True), 15_210),
    ("cnn", models.CNN((25,) * 3, (5, 3, 3), (2,) * 3, (1,) * 3), 5_210),
    ("rnn", models.RNN("gru", (6,), bidirectional=True, recurrent_bias=True), 5_134),
    ("rnn", models.RNN("gru", (6,), bidirectional=True), 5_110),
]


@pytest.mark.parametrize(("name", "settings", "count"), COUNTS)
def test_parameter_count(name, settings, count, key):
    module = models.build(name, settings, SPEC)
    params = jax.eval_shape(module.init, key, jnp.zeros((1, 40, 1)))["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == count
