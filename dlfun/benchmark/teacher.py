"""The data of the benchmark: generated, so that both sides have them without a file."""

from __future__ import annotations

import math

import numpy as np

from dlfun.benchmark.works import CLASSES, Work

HIDDEN = 10


def teach(work: Work, precision: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    """Inputs [examples, *input] in (0, 1) and the classes [examples] that a fixed teacher names.

    Ten hidden causes make the inputs and decide the class, so that every model can learn:
    a loss that falls shows that the steps which are timed really train.
    """
    random = np.random.Generator(np.random.PCG64([1986, *work.input]))
    size = math.prod(work.input)
    causes = random.standard_normal((work.examples, HIDDEN), np.float32)
    mixing = random.standard_normal((HIDDEN, size), np.float32)
    naming = random.standard_normal((HIDDEN, CLASSES), np.float32)
    noise = random.standard_normal((work.examples, size), np.float32)
    dtype = np.float64 if precision == "float64" else np.float32
    inputs = 1 / (1 + np.exp(-(causes @ mixing) - 0.5 * noise))
    classes = np.argmax(causes @ naming, axis=1)
    return inputs.reshape(-1, *work.input).astype(dtype), classes.astype(np.int32)
