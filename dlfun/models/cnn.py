"""The convolutional network (LeCun et al. 1989), over one, two or three axes."""

import jax
from flax import linen as nn

from dlfun import models
from dlfun.layers import Conv, Dropout, Tokens, activation, average_pool, max_pool
from dlfun.types import Rate, Spec


class CNN(nn.Module):
    """Convolution, normalisation, activation and pooling a layer; then a dense head.

    Every setting of a layer holds for all spatial axes. A kernel or pool larger than what is
    left of an axis is cut to it, so that small inputs pass through deep shapes. `way` is that of
    `dlfun.layers.convolve`.
    """

    settings: models.CNN
    spec: Spec
    way: str = "patches"

    @nn.compact
    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> jax.Array:
        """inputs [batch, *axes, channels] -> [batch, outputs].

        Vectors and spectrograms have one channel, ids as many as their embedding.
        """
        s, act = self.settings, activation(self.settings.activation)
        rate = dropout_rate if train else None
        reduce = max_pool if s.pooling == "max" else average_pool
        hidden = Tokens(self.spec.vocabulary, s.embedding, name="embedding")(inputs)
        hidden = hidden[..., None] if self.spec.modality in ("vector", "speech") else hidden
        layers = zip(s.channels, s.kernels, s.strides, s.padding, s.pools, strict=True)
        for i, (channels, kernel, stride, pad, pool) in enumerate(layers):
            axes = hidden.shape[1:-1]
            window = tuple(min(kernel, size + 2 * pad) for size in axes)
            strides, pads = (stride,) * len(axes), (pad,) * len(axes)
            conv = Conv(channels, window, strides, pads, way=self.way, name=f"conv_{i}")
            hidden = self.normalize(i, conv(hidden), train)
            hidden = Dropout()(act(hidden), rate)
            pool = min(pool, *hidden.shape[1:-1])
            hidden = reduce(hidden, pool) if pool > 1 else hidden
        hidden = hidden.reshape(hidden.shape[0], -1)
        for i, width in enumerate(s.dense):
            hidden = Dropout()(act(nn.Dense(width, name=f"dense_{i}")(hidden)), rate)
        return nn.Dense(self.spec.outputs, name="head")(hidden)

    def normalize(self, i: int, hidden: jax.Array, train: bool) -> jax.Array:
        """Batch normalisation keeps running statistics in the collection `batch_stats`."""
        if self.settings.normalization == "batch":
            return nn.BatchNorm(use_running_average=not train, name=f"norm_{i}")(hidden)
        if self.settings.normalization == "layer":
            return nn.LayerNorm(name=f"norm_{i}")(hidden)
        return hidden
