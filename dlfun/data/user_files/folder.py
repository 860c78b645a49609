"""A user's folder: a sub-folder of images or recordings for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlfun.data.folders import visible_files
from dlfun.data.raw import SPLITS
from dlfun.data.sampling import HELD_OUT, take
from dlfun.data.user_files import parts
from dlfun.data.user_files.cells import check_apart, clean
from dlfun.data.user_files.columns import alike
from dlfun.data.user_files.images import read_images
from dlfun.data.user_files.parts import Found
from dlfun.data.user_files.recordings import read_recordings, uneven
from dlfun.errors import OPT, UserError
from dlfun.preparation import Preparation
from dlfun.types import DataOptions, Spec, Split

DEFAULTS = DataOptions()
IMAGES = (".jpeg", ".jpg", ".png")
RECORDINGS = (".wav",)


class Files(NamedTuple):
    """The files of a folder, with the split and class id of each, and the names of the classes."""

    paths: list[Path]
    parts: list[str]
    targets: list[int]
    classes: tuple[str, ...]


def read(path: Path, options: DataOptions = DEFAULTS) -> Found:
    """The data of a folder: FOLDER/CLASS/FILE, or with train/ and test/ above the classes.

    Images are png or jpg, all of one size or brought to that of `options.resize`; what is
    transparent in them becomes mid-grey. `options.validation` is a folder of the same classes.
    Recordings are wav of 16 bits and one channel, all of one sampling rate; they become log-mel
    spectrograms. Files whose names begin with a dot are passed over, and so are files that are not
    in the folder of a class.

    Raises:
      UserError: naming the file, if one cannot be read or is not like the others.
    """
    files = find(path, options.validation)
    splits, official = divided(files, path)
    order = np.concatenate([split.inputs for split in splits.values()])
    paths = [files.paths[i] for i in order]  # of a split together, so that none is copied
    lengths, doubts = None, []
    if paths[0].suffix.lower() in IMAGES:
        inputs, transparent = read_images(paths, options.resize)
        prepared = Preparation(transparent=transparent, resize=options.resize or ())
    else:
        check_no_size(options.resize, paths[0])
        inputs, lengths, settings = read_recordings(paths)
        prepared = Preparation(spectrogram=settings)
        doubts = uneven(paths, lengths, settings)
    whole = Split(inputs, np.array(files.targets, np.int32)[order], lengths)
    ends = np.cumsum([0, *(len(split.inputs) for split in splits.values())])
    rows = zip(splits, ends, ends[1:], strict=False)
    splits = {name: take(whole, slice(start, end)) for name, start, end in rows}
    spec = make_spec(whole, len(files.classes), official)
    said = tuple(f"{path}: {d}" for d in (*alike(files.classes, "the folder"), *doubts))
    return Found(splits, spec, files.classes, None, said, prepared)


def check_no_size(resize: tuple[int, int] | None, path: Path) -> None:
    """Raises UserError if recordings are to be resized."""
    if resize:
        width, height = resize
        raise UserError(
            f"{OPT.resize}={width}x{height}: {path} is a recording, and no image; leave it out"
        )


def make_spec(split: Split, classes: int, official: str) -> Spec:
    """What a model must know of images or of spectrograms."""
    shape = split.inputs.shape[1:]
    if split.lengths is None:
        return Spec(
            shape,
            "image",
            "classification",
            classes,
            likelihood="bernoulli",
            scale=1 / 255,
            official_split=official,
        )
    return Spec(shape, "speech", "classification", classes, padded=True, official_split=official)


def divided(files: Files, path: Path) -> tuple[dict[str, Split], str]:
    """The splits, the numbers of files in the place of inputs, and in words what they are."""
    whole = Split(np.arange(len(files.paths)), np.array(files.targets, np.int32))
    names = np.array(files.parts)
    rows = {name: np.flatnonzero(names == name) for name in SPLITS if name in files.parts}
    splits = {name: take(whole, numbers) for name, numbers in rows.items()}
    if "test" in splits:
        return splits, parts.GIVEN
    return splits | parts.hold_out(splits["train"], path, files.classes), HELD_OUT


def folders(path: Path) -> list[Path]:
    """The folders in a folder, sorted."""
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def find(path: Path, validation: str | None = None) -> Files:
    """All files of a folder, split by split, class by class.

    Args:
      validation: another folder of the same classes, which is that split.

    Raises:
      UserError: if there are no classes, a split has none of the others' or files differ in kind.
    """
    names = [folder.name for folder in folders(path)]
    above = {"train", "test"} <= set(names) <= set(SPLITS)
    roots = {name: path / name for name in SPLITS if name in names} if above else {"train": path}
    if validation is not None:
        if "validation" in roots:
            raise UserError(f"{OPT.validation}: {path} holds that split already; leave one out")
        roots["validation"] = Path(validation)
    classes = tuple(sorted(clean(folder.name) for folder in folders(roots["train"])))
    if not classes:
        raise UserError(
            f"{roots['train']} must hold a folder of images or recordings for each class"
        )
    for root in roots.values():
        check_names(root)
    parts.check_classes(classes, path)
    found = Files([], [], [], classes)
    ids = {name: place for place, name in enumerate(classes)}
    for part, root in roots.items():
        for folder in folders(root):
            if clean(folder.name) not in ids:
                raise UserError(
                    f"{folder}: {roots['train']} has no such class; take it out, or add it there"
                )
            for file in files_in(folder):
                found.paths.append(file)
                found.parts.append(part)
                found.targets.append(ids[clean(folder.name)])
    check_kinds(found.paths)
    return found


def check_names(root: Path) -> None:
    """Raises UserError if folders print alike, or one has no name that prints."""
    names: dict[str, Path] = {}
    for folder in folders(root):
        other = names.setdefault(clean(folder.name), folder)
        if other != folder or not clean(folder.name):
            raise UserError(
                f"{root}: the names {other.name!a} and {folder.name!a} print alike; "
                "merge these folders, or rename one"
            )
    check_apart(names, root)


def files_in(folder: Path) -> list[Path]:
    """The images or recordings of a class, sorted.

    Raises:
      UserError: if there are none, or files of another kind.
    """
    files = visible_files(folder)
    for file in files:
        if file.suffix.lower() not in IMAGES + RECORDINGS:
            raise UserError(f"{file} is no png, jpg or wav; take it out of the folder of a class")
    if not files:
        raise UserError(f"{folder} holds no png, jpg or wav; fill it, or take it out")
    return files


def check_kinds(files: Sequence[Path]) -> None:
    """Raises UserError if there are images and recordings."""
    images = [file for file in files if file.suffix.lower() in IMAGES]
    others = [file for file in files if file.suffix.lower() not in IMAGES]
    if images and others:
        raise UserError(f"{images[0]} is an image and {others[0]} a recording; part the two")
