"""Layers made for populations: exact, cheap inside compiled loops, and mappable over members."""

from dlfun.layers.activation import activation
from dlfun.layers.convolution import Conv, convolve
from dlfun.layers.dropout import Dropout
from dlfun.layers.pooling import average_pool, max_pool
from dlfun.layers.recurrence import Recurrence
from dlfun.layers.tokens import Tokens, one_hot

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
]
