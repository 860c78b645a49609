"""The table of augmentations: names, strengths and modalities. Needs no JAX."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dlfun.errors import OPT, UserError
from dlfun.objectives.tasks import task_of
from dlfun.types import Range, Spec

Augment = Sequence[tuple[str, float]]
"""Names of `AUGMENTATIONS` with their strengths, applied in this order."""


class Augmentation(NamedTuple):
    """One way to change the inputs of a training step.

    Attributes:
      modalities: of the data that it is for.
      usual: its strength where none is given.
      strength: where that may lie, and what it is.
      whole: the strength counts pixels, steps, frames or bands.
    """

    modalities: tuple[str, ...]
    usual: float
    strength: Range
    whole: bool = False


def _up_to(what: str) -> Range:
    return Range(1, math.inf, what, high_allowed=False)


AUGMENTATIONS: Mapping[str, Augmentation] = {
    "shift": Augmentation(
        ("sequence", "image", "video", "speech"),
        2,
        _up_to("moves by up to so many pixels or steps, and zeros take the place"),
        whole=True,
    ),
    "flip": Augmentation(
        ("image", "video"), 0.5, Range(0, 1, "mirrors left and right with this probability")
    ),
    "crop": Augmentation(
        ("image", "video"),
        2,
        _up_to("pads by reflection with so many pixels, and cuts out the old size"),
        whole=True,
    ),
    "noise": Augmentation(
        ("vector", "sequence", "image", "video", "speech"),
        0.1,
        Range(0, math.inf, "adds Gaussian noise of this standard deviation", high_allowed=False),
    ),
    "time_mask": Augmentation(
        ("sequence", "speech"), 8, _up_to("sets a band of up to so many steps to 0"), whole=True
    ),
    "frequency_mask": Augmentation(
        ("speech",), 6, _up_to("sets a band of up to so many frequencies to 0"), whole=True
    ),
}


def sizes(name: str, spec: Spec) -> tuple[int, ...]:
    """The axes of an example that a whole strength is counted along."""
    if name == "frequency_mask":
        return spec.shape[1:]
    return spec.shape[-3:-1] if spec.modality in ("image", "video") else spec.shape[:1]


def check_augment(augment: Augment, spec: Spec) -> None:
    """Raises UserError unless these data can be augmented so."""
    for name, strength in augment:
        row = AUGMENTATIONS[name]
        asked = f"{OPT.augment}={name}:{strength:g}"
        if spec.modality not in row.modalities:
            able = ", ".join(n for n, r in AUGMENTATIONS.items() if spec.modality in r.modalities)
            raise UserError(
                f"{asked} is for {' and '.join(row.modalities)}, and this data set is "
                f"{spec.modality}; for that there is {able or 'none'}"
            )
        if name == "shift" and task_of(spec).each_step:
            raise UserError(f"{asked} would part the inputs from the labels of their steps")
        if row.whole and strength >= min(sizes(name, spec)):
            raise UserError(
                f"{asked} leaves nothing of examples of shape {spec.shape}; give at most "
                f"{min(sizes(name, spec)) - 1}"
            )
