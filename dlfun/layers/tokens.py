"""Token ids as vectors: one-hot, or learned."""

import jax
from flax import linen as nn

from dlfun.layers.arguments import array_of, whole


def one_hot(inputs: jax.Array, vocabulary: int) -> jax.Array:
    """Ids [...] as vectors [..., vocabulary]; inputs of no vocabulary as they are.

    Raises:
      ArgumentError: if the ids are no whole numbers.
    """
    if not whole("vocabulary", vocabulary, 0):
        return inputs
    return jax.nn.one_hot(array_of("inputs", inputs, "that are ids", whole=True), vocabulary)


class Tokens(nn.Module):
    """An embedding of `width` for each id of a vocabulary; width 0 is the one-hot vector.

    Inputs of no vocabulary pass unchanged, so that a model need not ask what it reads.
    """

    vocabulary: int
    width: int

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        """ids [batch, time] -> [batch, time, width].

        Raises:
          ArgumentError: if the ids are no whole numbers.
        """
        if not whole("vocabulary", self.vocabulary, 0) or not whole("width", self.width, 0):
            return one_hot(inputs, self.vocabulary)
        shape = (self.vocabulary, self.width)
        table = self.param("embedding", nn.initializers.normal(1.0), shape)
        return table[array_of("inputs", inputs, "that are ids", whole=True)]
