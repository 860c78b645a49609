"""Data sets as they are published or given, before they are split for a study."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dlfun.errors import OPT, UserError
from dlfun.objectives.tasks import task_of
from dlfun.preparation import Preparation
from dlfun.scaling import Scaling
from dlfun.types import Spec, Split
from dlfun.words import plural

SPLITS = ("train", "validation", "test")

DOUBTS = 5
"""So many doubts, at most, are said."""


class Raw(NamedTuple):
    """A data set as published, before it is split for a study.

    Attributes:
      train, test: the official splits, numpy arrays.
      validation: the published one; None where there is none.
      apart: whether that stays, however the others are split: it is a file of the user's own.
      groups: what examples of train and test belong together, as ids [n] each, such as those of
        who made them; None where not known.
      grouped_by: what the groups are called.
      classes: the names of the class ids, where they have some.
      spec: what models need to know.
      name, version, checksum: the checksum is a sha256 over the type, shape and bytes of all
        arrays, after a permutation of the features where one was asked for.
      separator: [features + 1, units], bias last, of a known linear separator, or None.
      scaling: which numbers are standardised, not yet fitted; None: none are.
      preparation: how new files become inputs like these.
      doubts: what could have been meant otherwise, a sentence each.
    """

    train: Split
    test: Split
    spec: Spec
    name: str
    version: str
    checksum: str
    separator: np.ndarray | None = None
    validation: Split | None = None
    groups: tuple[np.ndarray, np.ndarray] | None = None
    classes: tuple[str, ...] = ()
    scaling: Scaling | None = None
    preparation: Preparation = Preparation()
    doubts: tuple[str, ...] = ()
    grouped_by: str = "speaker"
    apart: bool = False

    def doubtful(self) -> tuple[str, ...]:
        """The first doubts, and how many more there are."""
        more = len(self.doubts) - DOUBTS
        rest = (f"... and of {plural(more, 'more column')}",) if more > 0 else ()
        return (*self.doubts[:DOUBTS], *rest)


def arrays_checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """The sha256, in hex, over name, type, shape and bytes of all arrays."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(array.data)
    return digest.hexdigest()


def permute(inputs: np.ndarray, spec: Spec) -> np.ndarray:
    """The same fixed permutation of the positions of every example; channels stay together.

    It is the same in every study, whatever its seed.

    Raises:
      UserError: if the order of the positions is the task, or examples end before their last.
    """
    if task_of(spec).each_step or spec.padded:
        raise UserError(
            f"{OPT.permute_features}: these examples are of different lengths, or have a target "
            "at each "
            "step, and no positions to permute; leave it out"
        )
    import jax

    axes = len(spec.shape) if spec.modality in ("vector", "text") else len(spec.shape) - 1
    positions = math.prod(spec.shape[:axes])
    root = jax.random.key(0, impl="threefry2x32")
    key = jax.random.fold_in(root, zlib.crc32(b"permute_features"))
    order = np.asarray(jax.random.permutation(key, positions))
    flat = inputs.reshape(len(inputs), positions, -1)
    return flat[:, order].reshape(inputs.shape)
