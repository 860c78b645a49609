"""Small data and small studies that several tests share."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.config.model_value import Model
from dlfun.config.option_table import FIELDS
from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.study_request import StudyRequest
from dlfun.models import MODELS
from dlfun.studies.population.arm import make_members, resolve
from dlfun.studies.population.stacked import Stacked, stack
from dlfun.types import DataOptions, Dataset, HParams, Members, Settings, Spec, Split

SHAPES: dict[str, tuple[int, ...]] = {
    "vector": (6,),
    "sequence": (12, 2),
    "image": (8, 8, 1),
    "video": (5, 6, 6, 1),
    "text": (9,),
}


def toy(modality: str = "sequence", classes: int = 3, seed: int = 0) -> Dataset:
    """A small data set of a modality whose classes differ in their mean, or in their ids."""
    rng = np.random.default_rng(seed)
    shape = SHAPES[modality]
    spec = Spec(shape, modality, "classification", classes)
    if modality == "text":
        spec = dataclasses.replace(spec, vocabulary=7, likelihood="categorical")
    if modality in ("image", "video"):
        spec = dataclasses.replace(spec, likelihood="bernoulli", scale=1 / 255)

    def draw(n: int) -> Split:
        targets = (np.arange(n) % classes).astype(np.int32)
        level = targets.reshape(-1, *(1 for _ in shape))
        if modality == "text":
            return Split(((rng.integers(0, 4, (n, *shape)) + level) % 7).astype(np.uint8), targets)
        if spec.likelihood == "bernoulli":
            inputs = rng.integers(0, 120, (n, *shape)) + 60 * level
            return Split(inputs.astype(np.uint8), targets)
        return Split((rng.normal(size=(n, *shape)) + level).astype(np.float32), targets)

    return Dataset(draw(70), draw(23), draw(31), spec, f"toy_{modality}", "1", "none")


def options(models: dict[str, Any] | tuple[str, ...], **changes: Any) -> StudyOptions:
    """A short study of models, by name or by name and shape, at learning rate 1e-2."""
    shapes = models if isinstance(models, dict) else {m: MODELS[m].settings() for m in models}
    numbers = changes.pop("hparams", HParams(learning_rate=1e-2))
    chosen = {m: ModelOptions(shape, numbers) for m, shape in shapes.items()}
    usual = {"datasets": ("toy",), "seeds": 3, "steps": 12, "evaluations": 3, "batch_size": 10}
    given = usual | changes
    known = {name: given[name] for name in FIELDS if name in given}
    study = changes.pop("study", "compare")
    request = StudyRequest(study, tuple(map(Model, models)), given["datasets"], known)
    return StudyOptions(models=chosen, request=request, **(usual | changes))


def prepared(
    model: str, dataset: Dataset | None = None, shape: Any = None, **changes: Any
) -> tuple[Settings, Stacked, Members]:
    """Settings, stacked data and members of a short study of one model."""
    data = stack([dataset or toy()])
    study = options({model: shape or MODELS[model].settings()}, **changes)
    chosen = study.models[model]
    examples = data.tuning.train.targets.shape[1]
    settings = resolve(study, model, chosen, examples, [chosen.hparams])
    return settings, data, make_members(study, model, [chosen.hparams], len(data.datasets))


class After:
    """A wish to stop a study at the end of the n-th interval from now."""

    def __init__(self, intervals: int) -> None:
        self.left = intervals

    def hold(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def asked(self) -> bool:
        return self.left <= 0

    def obey(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise KeyboardInterrupt


def data_options(folder: Path, **changes: Any) -> DataOptions:
    """Data prepared under a folder of the tests."""
    return DataOptions(data_dir=str(folder), **changes)


@contextlib.contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """While it lasts, this process may not write to a folder; it may be run by root."""
    before = folder.stat().st_mode
    folder.chmod(0o555)
    root = os.getuid() == 0
    if root:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)
        folder.chmod(before)
