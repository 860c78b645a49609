"""New inputs for trained models: read from files, and prepared as those of a data set were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dlfun.data.folders import visible_files
from dlfun.data.preparation import Preparation
from dlfun.errors import UserError
from dlfun.scaling import Scaling
from dlfun.types import Dataset, Spec, Split

if TYPE_CHECKING:
    from dlfun.data.reading import Raw


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
        from dlfun.data.reading import permute

        return permute(inputs, self.spec)

    def stored(self, inputs: np.ndarray) -> np.ndarray:
        """Inputs [n, *shape] in the user's unit as the data set stores them."""
        standard = None if self.scaling is None else self.scaling.inputs
        return (inputs if standard is None else inputs - standard.origin).astype(self.dtype)

    @property
    def columns(self) -> list[str]:
        """What each number of a table's example is: a column, or whether it is a category."""
        names = [
            f"{feature.name}={one}" if one else feature.name
            for feature in self.preparation.features
            for one in feature.categories or ("",)
        ]
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
    """

    inputs: np.ndarray
    names: tuple[str, ...]
    lengths: np.ndarray | None = None

    @classmethod
    def of(cls, split: Split) -> Given:
        """The examples of a split, numbered."""
        lengths = None if split.lengths is None else np.asarray(split.lengths)
        inputs = np.asarray(split.inputs)
        return cls(inputs, numbered(len(inputs)), lengths)


Reader = Callable[[Sequence[Path], Source], Given]


def numbered(count: int) -> tuple[str, ...]:
    """The names of examples that have no other: 0, 1, 2 ..."""
    return tuple(map(str, range(count)))


def readers() -> dict[str, Reader]:
    """The suffix of a file -> what reads such files."""
    from dlfun.data.given import arrays, files

    images = dict.fromkeys((".png", ".jpg", ".jpeg"), files.read_images)
    plain = {".csv": arrays.read_csv, ".npy": arrays.read_npy, ".npz": arrays.read_npz}
    return {**plain, **images, ".wav": files.read_wavs, ".txt": files.read_text}


def read_given(paths: Sequence[Path], source: Source) -> Given:
    """Inputs of files, prepared as the data set was.

    A folder stands for the files in it. Several files are images or recordings; of others there
    is one.

    Raises:
      UserError: naming the file, if one cannot be read or does not fit the data set.
    """
    files = [file for path in paths for file in expanded(path)]
    kinds = {file.suffix.lower() for file in files}
    known = readers()
    strange = sorted(kinds - set(known))
    if strange:
        raise UserError(
            f"{next(f for f in files if f.suffix.lower() in strange)}: inputs are files of "
            f"{', '.join(known)}; name one"
        )
    read = {known[kind] for kind in kinds}
    several = read <= {known[".png"], known[".wav"]}
    if len(read) > 1 or (len(files) > 1 and not several):
        raise UserError(
            f"--inputs names {len(files)} files, such as {files[0]} and {files[-1]}; give one, or "
            "several that are all images or all recordings"
        )
    found = next(iter(read))(files, source)
    return found._replace(inputs=source.stored(source.permuted(found.inputs)))


def expanded(path: Path) -> list[Path]:
    """A file, or the files of a folder in the order of their names.

    Raises:
      UserError: if there is no such file, or the folder holds none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"--inputs={path}: there is no such file; name one that is there")
    found = visible_files(path)
    if not found:
        raise UserError(f"--inputs={path}: the folder holds no files; name another")
    return found


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
    finite = np.isfinite(shaped).reshape(len(shaped), -1).all(1)
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
    if source.spec.task == "next_token" and len(shape) == 2 and shape[1]:
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
