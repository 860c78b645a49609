"""New inputs for trained models: read from files, and prepared as those of a data set were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dlfun.errors import UserError
from dlfun.objectives.tasks import task_of
from dlfun.preparation import Preparation
from dlfun.scaling import Scaling
from dlfun.types import Dataset, Spec, Split

if TYPE_CHECKING:
    from dlfun.data.raw import Raw


class Source(NamedTuple):
    """The data set that new inputs must be like.

    Attributes:
      given: what errors call it.
      spec: what models know of it.
      dtype: of its stored inputs.
      preparation: how it was read.
      scaling: how its numbers are standardised; those of a table are stored less their origin.
    """

    given: str
    spec: Spec
    dtype: np.dtype
    preparation: Preparation = Preparation()
    scaling: Scaling | None = None

    def permuted(self, inputs: np.ndarray) -> np.ndarray:
        """Inputs [n, *shape], their positions permuted where the data set's are."""
        if not self.preparation.permuted:
            return inputs
        from dlfun.data.raw import permute

        return permute(inputs, self.spec)

    def stored(self, inputs: np.ndarray) -> np.ndarray:
        """Inputs [n, *shape] in the user's unit as the data set stores them."""
        standard = None if self.scaling is None else self.scaling.inputs
        return (inputs if standard is None else inputs - standard.origin).astype(self.dtype)

    @property
    def columns(self) -> list[str]:
        """What each number of a table's example is: a column, or whether it is a category."""
        names = [name for feature in self.preparation.features for name in feature.columns]
        found: list[str] = self.permuted(np.array([names]))[0].tolist() if names else []
        return found

    @property
    def white(self) -> int:
        """The largest value that whole numbers may have: of a pixel, that of white."""
        if self.spec.vocabulary:
            return self.spec.vocabulary - 1
        if self.spec.scale < 1:
            return round(1 / self.spec.scale)
        return 1 if self.dtype.kind == "b" else int(np.iinfo(self.dtype).max)

    @property
    def least(self) -> int:
        """The smallest value that whole numbers may have: of differences, minus the largest."""
        if self.dtype.kind != "i" or self.spec.vocabulary:
            return 0
        return -self.white if self.spec.scale < 1 else int(np.iinfo(self.dtype).min)


def source_of(data: Raw | Dataset) -> Source:
    """What new inputs for models of a data set must be like."""
    preparation = data.preparation or Preparation()
    return Source(data.name, data.spec, data.train.inputs.dtype, preparation, data.scaling)


class Given(NamedTuple):
    """Examples as the data set stores them.

    Attributes:
      inputs: [examples, *shape].
      names: what each is called: a file, or a number.
      lengths: [examples] where examples are padded, else None.
      said: what of the files could have been meant otherwise, a sentence each.
    """

    inputs: np.ndarray
    names: tuple[str, ...]
    lengths: np.ndarray | None = None
    said: tuple[str, ...] = ()

    @classmethod
    def of(cls, split: Split) -> Given:
        """The examples of a split, numbered."""
        lengths = None if split.lengths is None else np.asarray(split.lengths)
        inputs = np.asarray(split.inputs)
        return cls(inputs, numbered(len(inputs)), lengths)


def numbered(count: int) -> tuple[str, ...]:
    """The names of examples that have no other: 0, 1, 2 ..."""
    return tuple(map(str, range(count)))


def fitted(array: np.ndarray, source: Source, path: Path) -> np.ndarray:
    """An array of numbers as inputs of the data set: [examples, *shape].

    A single example, and axes of length 1 too few or too many, are understood.

    Raises:
      UserError: if the shape or the values cannot be those of inputs.
    """
    if array.dtype.kind not in "biuf":
        raise UserError(f"{path}: inputs must be numbers, not {array.dtype}; write them as such")
    shaped = with_shape(array, source, path)
    if not len(shaped):
        raise UserError(f"{path}: holds no examples; give at least one")
    fit = np.isfinite(shaped)
    if source.preparation.fills:
        fit |= np.isnan(shaped)
    finite = fit.reshape(len(shaped), -1).all(1)
    if not finite.all():
        raise UserError(
            f"{path}: example {finite.argmin()} (of 0 to {len(shaped) - 1}) holds a number that is "
            "not finite; replace it"
        )
    if source.dtype.kind == "f":
        return shaped
    low, high = shaped.min(), shaped.max()
    if low < source.least or high > source.white or (shaped != np.round(shaped)).any():
        raise UserError(
            f"{path}: its values, {low:g} to {high:g}, must be whole numbers from {source.least} "
            f"to {source.white}, as those of {source.given} are; bring them to that"
        )
    return shaped


def check_shape(shape: tuple[int, ...], source: Source, path: Path) -> tuple[int, ...]:
    """The shape [examples, *shape] that an array of another one is to be given.

    Raises:
      UserError: if it does not fit.
    """
    wanted = source.spec.shape
    if task_of(source.spec).stream and len(shape) == 2 and shape[1]:
        return shape  # a text may be of any length
    if shape[1:] == wanted or _without_ones(shape[1:]) == _without_ones(wanted):
        return (shape[0], *wanted) if shape else (1, *wanted)
    if _without_ones(shape) == _without_ones(wanted):
        return (1, *wanted)
    raise UserError(
        f"{path}: its shape is {list(shape)}, and {source.given} needs [examples, "
        f"{', '.join(map(str, wanted))}]; reshape it"
    )


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def with_shape(array: np.ndarray, source: Source, path: Path) -> np.ndarray:
    """The same numbers in the shape of examples."""
    return array.reshape(check_shape(array.shape, source, path))
