"""Texts as windows of ids."""

from __future__ import annotations

import numpy as np

from dlfun.errors import UserError


def windows(ids: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """A text cut into windows that follow one another, and the next token at each place.

    Args:
      ids: [tokens].

    Returns:
      inputs [n, length], of the type of ids; targets [n, length] int32. What is behind the end of
      the text is 0 in the inputs and -1 in the targets.

    Raises:
      UserError: if the text does not fill a window.

    >>> inputs, targets = windows(np.array([5, 6, 7, 8, 9, 4]), 3)
    >>> inputs.tolist(), targets.tolist()
    ([[5, 6, 7], [8, 9, 0]], [[6, 7, 8], [9, 4, -1]])
    """
    count = -(-(len(ids) - 1) // length)
    if len(ids) <= length:
        raise UserError(
            f"a text of {len(ids)} tokens is shorter than a window of {length} and its last target"
        )
    inputs = np.zeros(count * length, ids.dtype)
    targets = np.full(count * length, -1, np.int32)
    inputs[: len(ids) - 1], targets[: len(ids) - 1] = ids[:-1], ids[1:]
    return inputs.reshape(count, length), targets.reshape(count, length)
