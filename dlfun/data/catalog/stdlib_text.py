"""The source of the Python standard library that runs: ten packages of it, as text.

Files are shared out by a fixed rule, so that no file is in two splits. The data differ from one
Python to the next: which one they were made from stands in the metadata, beside the checksum.
"""

from __future__ import annotations

import hashlib
import platform
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from dlfun.data.text import encode_text, windows
from dlfun.errors import UserError
from dlfun.types import Spec

PACKAGES = (
    "asyncio",
    "email",
    "encodings",
    "http",
    "importlib",
    "logging",
    "multiprocessing",
    "unittest",
    "urllib",
    "xml",
)
OTHER = "\ufffd"  # stands for every character that is not printable ASCII or a newline
ALPHABET = "\n" + "".join(map(chr, range(32, 127))) + OTHER

# The largest part of a package's characters that goes to a split; the rest is train.
LARGEST = {"test": 0.3, "validation": 0.1}

SNIPPET = 128
SNIPPETS = {"train": 800, "test": 200}  # of each package
WINDOW = 100
CHARACTERS = {"train": 80_000, "validation": 10_000, "test": 10_000}  # of each package, at most


def sources(root: Path, package: str) -> dict[str, str]:
    """The text of each file of a package, by path, its tests left out; `OTHER` for odd characters.

    Raises:
      UserError: if this Python has no source of the package.
    """
    texts = {}
    for path in sorted((root / package).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if "test" not in name.removeprefix(package):
            text = path.read_text(encoding="utf-8", errors="replace")
            kept = set(ALPHABET)
            texts[name] = "".join(c if c in kept else OTHER for c in text.expandtabs())
    if not texts:
        raise UserError(
            f"this Python has no source of its package {package} in {root}; "
            "prepare stdlib_text with one that has"
        )
    return texts


def share_out(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """The files of train, validation and test, each in the order of their paths.

    Files are looked at in the order of the sha256 of their paths: each goes to the first split of
    `LARGEST` that stays within its part of the package, and to train where none does.
    """
    whole = sum(map(len, texts.values()))
    room = {split: part * whole for split, part in LARGEST.items()}
    files: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for name in sorted(texts, key=lambda name: hashlib.sha256(name.encode()).digest()):
        size = len(texts[name])
        split = next((split for split, left in room.items() if size <= left), "train")
        files[split].append(name)
        if split in room:
            room[split] -= size
    return {split: sorted(names) for split, names in files.items()}


def snippets(texts: Mapping[str, str], files: list[str], count: int) -> list[str]:
    """So many pieces of files, evenly spread; no two overlap.

    Raises:
      UserError: if the files are too short.
    """
    pieces = [
        texts[name][start : start + SNIPPET]
        for name in files
        for start in range(0, len(texts[name]) - SNIPPET + 1, SNIPPET)
    ]
    if len(pieces) < count:
        raise UserError(
            f"this Python's {', '.join(files)} hold {len(pieces)} snippets of the {count} that "
            "stdlib_text needs; prepare it with another Python"
        )
    return [pieces[i * len(pieces) // count] for i in range(count)]


class StdlibText(tfds.core.GeneratorBasedBuilder):
    """Python's standard library: the package of a snippet, or the next character."""

    name = "stdlib_text"
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS: ClassVar[list[Any]] = [
        tfds.core.BuilderConfig(name="packages", description="the package a snippet is from"),
        tfds.core.BuilderConfig(name="next_character", description="the next character"),
    ]

    def classifies(self) -> bool:
        """Whether the task is the package of a snippet."""
        return bool(self.builder_config.name == "packages")

    def spec(self) -> Spec:
        """What a model must know of the data."""
        made = (self.info.metadata or {}).get("python", platform.python_version())
        return Spec(
            shape=(SNIPPET if self.classifies() else WINDOW,),
            modality="text",
            task="classification" if self.classifies() else "next_token",
            outputs=len(PACKAGES if self.classifies() else ALPHABET),
            likelihood="categorical",
            vocabulary=len(ALPHABET),
            alphabet=ALPHABET,
            official_split=f"by file, by a fixed rule; the library of Python {made}",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        features: dict[str, Any]
        if self.classifies():
            features = {
                "text": tfds.features.Tensor(shape=(SNIPPET,), dtype=np.uint8),
                "package": tfds.features.ClassLabel(names=list(PACKAGES)),
            }
        else:
            features = {
                "text": tfds.features.Tensor(shape=(WINDOW,), dtype=np.uint8),
                "next": tfds.features.Tensor(shape=(WINDOW,), dtype=np.int32),
            }
        return tfds.core.DatasetInfo(
            builder=self,
            description="Source of ten packages of the Python standard library, as ids of 97 "
            "characters: newline, printable ASCII, and one for all others.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=tuple(features),
            homepage="https://docs.python.org/3/library/",
            license="Python Software Foundation License",
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict({"python": platform.python_version()}),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = Path(sysconfig.get_path("stdlib"))
        texts = {package: sources(root, package) for package in PACKAGES}
        if self.classifies():
            return {split: self._snippets(texts, split) for split in SNIPPETS}
        return {split: self._generate_examples(texts, split) for split in CHARACTERS}

    def _snippets(
        self, texts: Mapping[str, Mapping[str, str]], split: str
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        index = 0
        for label, package in enumerate(PACKAGES):
            files = share_out(texts[package])
            chosen = files[split] + (files["validation"] if split == "train" else [])
            for piece in snippets(texts[package], chosen, SNIPPETS[split]):
                yield index, {"text": encode_text(piece, ALPHABET), "package": label}
                index += 1

    def _generate_examples(
        self, texts: Mapping[str, Mapping[str, str]], split: str
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        parts = [
            "".join(own[name] for name in share_out(own)[split])[: CHARACTERS[split]]
            for own in texts.values()
        ]
        inputs, targets = windows(encode_text("".join(parts), ALPHABET), WINDOW)
        for index, (text, following) in enumerate(zip(inputs, targets, strict=True)):
            yield index, {"text": text, "next": following}
