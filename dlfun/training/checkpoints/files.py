"""The files of a population's checkpoints.

    NAME/0001/            arrays, as Orbax writes them
    NAME/0001.json        the manifest: what they are, and a checksum of every file

A checkpoint counts from when its manifest is there, and only while every checksum fits.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

FORMAT = 2
SEAL = "sha256"
"""The name of the checksum in JSON that is sealed."""

KEPT = 2
"""Checkpoints of a population: should the newest be damaged, there is one before it."""


class Saved(NamedTuple):
    """A checkpoint: nested names -> arrays, and what else there is to say of them, as JSON."""

    arrays: dict[str, Any]
    about: dict[str, Any]


def numbers_of(folder: Path) -> list[int]:
    """The checkpoints of a population that have a manifest, oldest first."""
    return sorted(int(path.stem) for path in folder.glob("[0-9]*.json"))


def sweep_out(folder: Path) -> None:
    """Removes what was being written when a study ended."""
    whole = {f"{number:04d}" for number in numbers_of(folder)}
    for path in folder.iterdir():
        if path.is_dir() and path.name not in whole:
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".part":
            path.unlink()


def write(folder: Path, saved: Saved) -> None:
    """A new checkpoint of a population; then, the oldest is removed where there are enough."""
    numbers = numbers_of(folder)
    path = folder / f"{numbers[-1] + 1 if numbers else 1:04d}"
    leaves, paths = flat(saved.arrays)
    full = {str(i): leaf for i, leaf in enumerate(leaves) if leaf.size}  # Orbax refuses the others
    empty = {i: [leaf.shape, leaf.dtype.name] for i, leaf in enumerate(leaves) if not leaf.size}
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    writer().save(path.absolute(), full)
    manifest = {
        "format": FORMAT,
        "about": saved.about,
        "paths": paths,
        "empty": empty,
        "files": {name: [size, digest] for name, size, digest in files_of(path)},
    }
    write_whole(folder / f"{path.name}.json", json.dumps(sealed(manifest)))
    for number in numbers[: len(numbers) + 1 - KEPT]:
        (folder / f"{number:04d}.json").unlink(missing_ok=True)
        shutil.rmtree(folder / f"{number:04d}", ignore_errors=True)


def read(path: Path) -> Saved:
    """A checkpoint, every file of which is as it was written.

    Raises:
      ValueError, KeyError or OSError: if one is not.
    """
    manifest = json.loads(path.with_name(f"{path.name}.json").read_text())
    if manifest["format"] != FORMAT:
        raise ValueError("of another version")
    check_seal(manifest)
    for name, (size, _) in manifest["files"].items():
        if (path / name).stat().st_size != size:
            raise ValueError(f"{name} has another size")
    found = {name: digest for name, _, digest in files_of(path)}
    for name, (_, digest) in manifest["files"].items():
        if found.get(name) != digest:
            raise ValueError(f"the checksum of {name} does not fit")
    full = restore(path) if len(manifest["empty"]) < len(manifest["paths"]) else {}
    empty = {i: np.zeros(shape, dtype) for i, (shape, dtype) in manifest["empty"].items()}
    leaves = {**full, **empty}
    arrays = [np.asarray(leaves[str(i)]) for i in range(len(manifest["paths"]))]
    return Saved(nested(arrays, manifest["paths"]), manifest["about"])


def restore(path: Path) -> dict[str, Any]:
    """The arrays that Orbax wrote.

    Raises:
      ValueError: if they would not fit the memory of this machine.
    """
    reader = writer()
    shapes = reader.metadata(path.absolute()).item_metadata.tree.values()
    needed = sum(math.prod(leaf.shape) * np.dtype(leaf.dtype).itemsize for leaf in shapes)
    if needed > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
        raise ValueError(f"its arrays would take {needed / 2**30:.0f} GiB")
    return reader.restore(path.absolute())


def sealed(contents: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON is to hold, with a checksum of it."""
    plain = json.loads(json.dumps(contents))  # as it will be read
    text = json.dumps(plain, sort_keys=True)
    return {SEAL: hashlib.sha256(text.encode()).hexdigest(), **plain}


def check_seal(found: Mapping[str, Any]) -> None:
    """Raises ValueError unless what JSON held is as `sealed` made it."""
    contents = {name: value for name, value in found.items() if name != SEAL}
    if sealed(contents) != found:
        raise ValueError("the checksum of the manifest does not fit")


def writer() -> Any:
    """What writes and reads arrays: Orbax, of this process alone. It takes long to import."""
    import orbax.checkpoint as ocp  # type: ignore[import-untyped]

    logging.getLogger("absl").addFilter(is_not_of_orbax)
    return ocp.Checkpointer(ocp.StandardCheckpointHandler())


def is_not_of_orbax(record: logging.LogRecord) -> bool:
    """Whether a line of the log is not Orbax's, whose errors are caught and said in one line."""
    return "orbax" not in Path(record.pathname).parts


def files_of(folder: Path) -> Iterator[tuple[str, int, str]]:
    """The name, size and sha256 of every file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            yield str(path.relative_to(folder)), path.stat().st_size, digest


def write_whole(path: Path, text: str) -> None:
    """A file that is there as a whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def flat(arrays: Mapping[str, Any]) -> tuple[list[np.ndarray], list[list[str]]]:
    """The arrays of nested names, and the names that lead to each."""
    leaves = jax.tree_util.tree_flatten_with_path(arrays)[0]
    return [np.asarray(leaf) for _, leaf in leaves], [[k.key for k in path] for path, _ in leaves]


def nested(leaves: Sequence[Any], paths: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The opposite of `flat`."""
    found: dict[str, Any] = {}
    for leaf, (*above, name) in zip(leaves, paths, strict=True):
        place = found
        for one in above:
            place = place.setdefault(one, {})
        place[name] = leaf
    return found
