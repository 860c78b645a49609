"""The order of examples: full permutations, a function of key and epoch alone."""

import jax
import numpy as np
import pytest

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
