"""New inputs read from files and folders, as a trained model takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dlfun.data.folders import visible_files
from dlfun.data.user_files import input_arrays, input_files
from dlfun.data.user_files.inputs import Given, Source
from dlfun.data.user_files.kinds import TABLE, suffix_of
from dlfun.errors import OPT, UserError

Reader = Callable[[Sequence[Path], Source], Given]


def readers() -> dict[str, Reader]:
    """The suffix of a file -> what reads such files."""
    images = dict.fromkeys((".png", ".jpg", ".jpeg"), input_files.read_images)
    plain: dict[str, Reader] = {
        **dict.fromkeys(TABLE.suffixes, input_arrays.read_csv),
        ".npy": input_arrays.read_npy,
        ".npz": input_arrays.read_npz,
    }
    return {**plain, **images, ".wav": input_files.read_wavs, ".txt": input_files.read_text}


def read_given(paths: Sequence[Path], source: Source) -> Given:
    """Inputs of files, prepared as the data set was.

    A folder stands for the files in it. Several files are images or recordings; of others there
    is one.

    Raises:
      UserError: naming the file, if one cannot be read or does not fit the data set.
    """
    files = [file for path in paths for file in expanded(path)]
    kinds = {suffix_of(file) for file in files}
    known = readers()
    strange = sorted(kinds - set(known))
    if strange:
        raise UserError(
            f"{next(f for f in files if suffix_of(f) in strange)}: inputs are files of "
            f"{', '.join(known)}; name one"
        )
    read = {known[kind] for kind in kinds}
    several = read <= {known[".png"], known[".wav"]}
    if len(read) > 1 or (len(files) > 1 and not several):
        raise UserError(
            f"{OPT.inputs} names {len(files)} files, such as {files[0]} and {files[-1]}; give "
            "one, or "
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
        raise UserError(f"{OPT.inputs}={path}: there is no such file; name one that is there")
    found = visible_files(path)
    if not found:
        raise UserError(f"{OPT.inputs}={path}: the folder holds no files; name another")
    return found
