"""Layers made for populations: exact, cheap inside compiled loops, and mappable over members.

They take what Flax's layers of the same names take, and give the same numbers.
"""

from dlfun.layers.activation import activation
from dlfun.layers.convolution import Conv, convolve
from dlfun.layers.dropout import Dropout
from dlfun.layers.pooling import average_pool, max_pool
from dlfun.layers.recurrence import Recurrence
from dlfun.layers.tokens import Tokens, one_hot
from dlfun.layers.upsampling import upsample

__all__ = [
    "Conv",
    "Dropout",
    "Recurrence",
    "Tokens",
    "activation",
    "average_pool",
    "convolve",
    "max_pool",
    "one_hot",
    "upsample",
]
