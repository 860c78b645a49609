"""The order of examples: full permutations, a function of key and epoch alone."""

import jax
import numpy as np
import pytest
import scipy.stats

from dlfun.training.order import batch_indices, permutation


def test_every_epoch_is_a_permutation_of_its_own(key):
    orders = [np.asarray(permutation(key, epoch, 50)) for epoch in range(3)]
    for order in orders:
        assert sorted(order) == list(range(50))
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[1], orders[2])


@pytest.mark.parametrize(("start", "steps"), [(0, 5), (3, 9), (4, 1), (7, 22)])
def test_batches_equal_a_walk_through_the_epochs(key, start, steps):
    per_epoch, size = 5, 4
    walk = [
        np.asarray(permutation(key, epoch, 23))[size * i : size * (i + 1)]
        for epoch in range(8)
        for i in range(per_epoch)
    ]
    found = jax.jit(batch_indices, static_argnums=(2, 3, 4))(key, start, steps, 23, size)
    np.testing.assert_array_equal(found, walk[start : start + steps])


@pytest.mark.parametrize("examples", [1, 2, 3, 10, 127, 4096, 60_000])
def test_an_order_holds_every_example_once(key, examples):
    order = np.asarray(permutation(key, 3, examples))
    np.testing.assert_array_equal(np.sort(order), np.arange(examples))


def test_every_order_of_four_examples_is_equally_likely(key):
    keys = jax.random.split(key, 24_000)
    orders = np.asarray(jax.vmap(lambda k: permutation(k, 0, 4))(keys))
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 24
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_a_batch_is_a_random_sample_of_the_examples(key):
    """Pairs of neighbours fall into one batch as often as chance has it, and places are uniform."""
    examples, batch = 300, 30
    keys = jax.random.split(key, 2000)
    orders = np.asarray(jax.vmap(lambda k: permutation(k, 0, examples))(keys))
    batches = np.argsort(orders, axis=1) // batch
    together = np.mean(batches[:, :-1] == batches[:, 1:])
    chance = (batch - 1) / (examples - 1)
    spread = np.sqrt(chance / (2000 * (examples - 1)))
    assert abs(together - chance) < 4 * spread
    for example in (0, 1, 150, 299):
        counts = np.bincount(batches[:, example], minlength=10)
        assert scipy.stats.chisquare(counts).pvalue > 1e-4
