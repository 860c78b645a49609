"""Random orthogonal matrices, without LAPACK.

LAPACK's QR, which Flax's initialiser calls, waits for tasks on the thread pool it runs on; where
several devices of a CPU factorise at once, all threads wait and none works.
"""

import jax
from jax import numpy as jnp


def orthogonal(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """A square matrix [n, n], uniform among the orthogonal ones: Q of a Gaussian matrix's QR.

    Its numbers are those of Flax's initialiser, up to rounding.

    >>> q = orthogonal(jax.random.key(0), (5, 5))
    >>> bool(jnp.allclose(q.T @ q, jnp.eye(5), atol=1e-6))
    True
    """
    rows, columns = shape
    assert rows == columns
    return orthogonalise(jax.random.normal(key, shape))


def orthogonalise(drawn: jax.Array) -> jax.Array:
    """Q [n, n] of the QR of a square matrix, with a positive diagonal of R.

    By Gram and Schmidt, each column twice, which keeps it orthogonal to rounding (Giraud, Langou
    & Rozloznik 2005).

    >>> orthogonalise(jnp.array([[2.0, 1.0], [0.0, 3.0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def add_column(at: jax.Array, found: jax.Array) -> jax.Array:
        column = drawn[:, at]
        for _ in range(2):
            along = jnp.matmul(found.T, column, precision="highest")
            column = column - jnp.matmul(found, along, precision="highest")
        return found.at[:, at].set(column / jnp.linalg.norm(column))

    return jax.lax.fori_loop(0, len(drawn), add_column, jnp.zeros_like(drawn))
